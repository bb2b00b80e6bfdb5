-- Files of partners: saved column mappings, the months whose statements are final, and what was released for whom.
do $$
begin
    if not exists (select from pg_roles where rolname = 'zhirong_files') then
        create role zhirong_files nologin;
    end if;
end
$$;

create schema files;
grant usage on schema files, ledger, published to zhirong_files;
-- It writes no fact itself: rows of an uploaded file are stored under the role of the service whose records they are.
grant select, insert (city), update (current, guard) on ledger.cut_off to zhirong_files;
grant select, insert, update (answer, audit_stream, audit_chain_no, audit_hash) on ledger.request to zhirong_files;
grant select, insert on ledger.audit to zhirong_files;
grant select on ledger.audit_head to zhirong_files;
grant select on registry.institution, pledge.loan_event, insurance.premium_event to zhirong_files;
grant select on published.institutions, published.loan_events, published.premium_events to zhirong_files;

-- How a partner's own headers are read as columns of an exchange file; revisions are added, never changed.
create table files.column_mapping (
    city text not null,
    holder text not null,
    name text not null,
    revision integer not null,
    withdrawn boolean not null,
    content jsonb,
    recorded_at timestamptz not null default clock_timestamp(),
    request_id uuid not null,
    constraint column_mapping_key primary key (city, holder, name, revision),
    constraint column_mapping_city_form check (city ~ '^[0-9]{4}$'),
    constraint column_mapping_name_length check (length(name) between 1 and 64),
    constraint column_mapping_revision_positive check (revision >= 1),
    constraint column_mapping_complete check (withdrawn = (content is null))
);
alter table files.column_mapping enable row level security;
alter table files.column_mapping force row level security;
create policy column_mapping_tenant on files.column_mapping
    using (city = current_setting('zhirong.city') and current_setting('zhirong.institution') in ('*', holder))
    with check (city = current_setting('zhirong.city') and current_setting('zhirong.institution') in ('*', holder));
grant select, insert on files.column_mapping to zhirong_files;

-- Months that are over. A fact recorded before the month's end under a cut-off up to this one belongs to the month or an earlier one; what came
-- under a later cut-off belongs to a later month, whatever its time. Cut-offs are closed behind every write under them, so the set is fixed.
create table files.month_end (
    city text not null,
    month date not null,
    cut_off bigint not null,
    closed_at timestamptz not null default clock_timestamp(),
    constraint month_end_key primary key (city, month),
    constraint month_end_city_form check (city ~ '^[0-9]{4}$'),
    constraint month_end_first_day check (extract(day from month) = 1),
    constraint month_end_cut_off_positive check (cut_off >= 1),
    -- Closed after its last moment in Beijing.
    constraint month_end_is_over check (closed_at >= (month + interval '1 month') at time zone 'Asia/Shanghai')
);
alter table files.month_end enable row level security;
alter table files.month_end force row level security;
create policy month_end_tenant on files.month_end
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert on files.month_end to zhirong_files;

-- The month in whose statements a released batch stands, written when that month is closed.
create table files.month_release (
    city text not null,
    year integer not null,
    sequence integer not null,
    month date not null,
    constraint month_release_key primary key (city, year, sequence),
    constraint month_release_of_month foreign key (city, month) references files.month_end (city, month)
);
alter table files.month_release enable row level security;
alter table files.month_release force row level security;
create policy month_release_tenant on files.month_release
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert on files.month_release to zhirong_files;

-- What was released, line by line: the contract of settlement with those who only read it. The role reads released batches, and an institution
-- under it the lines of its own legal person.
create policy batch_released_only on settlement.batch as restrictive for select to zhirong_files
    using (released_at is not null);
create policy line_of_own on settlement.line as restrictive for select to zhirong_files
    using (current_setting('zhirong.institution') = '*'
        or beneficiary in (
            select i.legal_person_uscc from registry.institution i
            where i.city = current_setting('zhirong.city') and i.institution_code = current_setting('zhirong.institution')
        ));
create view published.released_batches with (security_invoker = true) as
    select b.city, b.year, b.sequence, b.released_at
    from settlement.batch b
    where b.released_at is not null;
create view published.released_lines with (security_invoker = true) as
    select l.city, l.year, l.sequence, l.line_no, l.policy_year, l.measure, l.beneficiary, l.item, l.amount_fen
    from settlement.line l
    join settlement.batch b on b.city = l.city and b.year = l.year and b.sequence = l.sequence
    where b.released_at is not null;
grant select (city, year, sequence, released_at) on settlement.batch to zhirong_files;
grant select (city, year, sequence, line_no, policy_year, measure, beneficiary, item, amount_fen) on settlement.line to zhirong_files;
grant select on published.released_batches, published.released_lines to zhirong_files;

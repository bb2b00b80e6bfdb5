-- Batches, their lines and findings, and the settled position.
create table settlement.batch (
    city text not null,
    year integer not null,
    sequence integer not null,
    state text not null,
    cut_off bigint not null,
    as_of date not null,
    policy_text text not null,
    rule_revision text not null,
    readings text not null,
    engine_version text not null,
    opened_by text not null,
    opened_at timestamptz not null,
    computed_at timestamptz,
    line_count bigint,
    line_sum_fen bigint,
    receipt bytea,
    batch_digest text,
    previous_digest text,
    released_by text,
    released_at timestamptz,
    cancelled_by text,
    cancelled_at timestamptz,
    cancel_reason text,
    traceparent text,
    constraint batch_key primary key (city, year, sequence),
    constraint batch_city_form check (city ~ '^[0-9]{4}$'),
    constraint batch_year_range check (year between 1985 and 2199),
    constraint batch_sequence_range check (sequence between 1 and 999),
    constraint batch_state_known check (state in ('draft', 'released', 'cancelled')),
    constraint batch_two_people check (released_by <> opened_by),
    constraint batch_released_complete check (
        state <> 'released' or (released_by is not null and released_at is not null and batch_digest is not null and receipt is not null)
    ),
    constraint batch_cancelled_complete check (
        state <> 'cancelled' or (cancelled_by is not null and cancelled_at is not null and cancel_reason is not null)
    ),
    constraint batch_computed_complete check ((computed_at is null) = (batch_digest is null) and (computed_at is null) = (receipt is null))
);
-- One draft a city and year; and a released batch follows exactly one other.
create unique index batch_one_draft on settlement.batch (city, year) where state = 'draft';
create unique index batch_follows_one on settlement.batch (city, year, coalesce(previous_digest, '')) where state = 'released';
alter table settlement.batch enable row level security;
alter table settlement.batch force row level security;
create policy batch_tenant on settlement.batch
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert on settlement.batch to zhirong_settlement;
grant update (state, computed_at, line_count, line_sum_fen, receipt, batch_digest, released_by, released_at, cancelled_by, cancelled_at, cancel_reason)
    on settlement.batch to zhirong_settlement;

-- A released or cancelled batch is closed for ever; nobody changes who opened one.
create function settlement.batch_is_closed() returns trigger language plpgsql as $$
begin
    raise exception 'batch % of % is % and cannot change', old.sequence, old.year, old.state
        using errcode = 'check_violation', constraint = 'batch_closed';
end
$$;
create trigger batch_closed before update on settlement.batch
    for each row when (old.state <> 'draft') execute function settlement.batch_is_closed();

create table settlement.line (
    city text not null,
    year integer not null,
    sequence integer not null,
    line_no integer not null,
    policy_year integer not null,
    measure text not null,
    beneficiary text not null,
    beneficiary_name text not null,
    item text not null,
    base_fen bigint not null,
    entitled_fen bigint not null,
    settled_before_fen bigint not null,
    amount_fen bigint not null,
    limited_by text,
    clause text not null,
    rule_revision text not null,
    explanation bytea not null,
    constraint line_key primary key (city, year, sequence, line_no),
    constraint line_of_batch foreign key (city, year, sequence) references settlement.batch (city, year, sequence),
    constraint line_position_unique unique (city, year, sequence, policy_year, measure, beneficiary, item),
    constraint line_measure_known check (measure in ('bank_incentive', 'loan_subsidy', 'premium_subsidy')),
    constraint line_difference check (amount_fen = entitled_fen - settled_before_fen),
    constraint line_not_zero check (amount_fen <> 0),
    constraint line_entitled_not_negative check (entitled_fen >= 0 and settled_before_fen >= 0 and base_fen >= 0)
);
alter table settlement.line enable row level security;
alter table settlement.line force row level security;
create policy line_tenant on settlement.line
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert, delete on settlement.line to zhirong_settlement;

create table settlement.finding (
    city text not null,
    year integer not null,
    sequence integer not null,
    finding_no integer not null,
    code text not null,
    severity text not null,
    measure text not null,
    beneficiary text not null,
    reference text not null,
    message_zh text not null,
    message_en text not null,
    constraint finding_key primary key (city, year, sequence, finding_no),
    constraint finding_of_batch foreign key (city, year, sequence) references settlement.batch (city, year, sequence),
    constraint finding_severity_known check (severity in ('hold', 'warn', 'info'))
);
alter table settlement.finding enable row level security;
alter table settlement.finding force row level security;
create policy finding_tenant on settlement.finding
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert, delete on settlement.finding to zhirong_settlement;

-- The settled position as the batch found it: what it needs to be computed again.
create table settlement.position_before (
    city text not null,
    year integer not null,
    sequence integer not null,
    policy_year integer not null,
    measure text not null,
    beneficiary text not null,
    item text not null,
    settled_fen bigint not null,
    constraint position_before_key primary key (city, year, sequence, policy_year, measure, beneficiary, item),
    constraint position_before_of_batch foreign key (city, year, sequence) references settlement.batch (city, year, sequence),
    constraint position_before_positive check (settled_fen > 0)
);
alter table settlement.position_before enable row level security;
alter table settlement.position_before force row level security;
create policy position_before_tenant on settlement.position_before
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert, delete on settlement.position_before to zhirong_settlement;

-- Lines, findings and positions belong to a draft: they come and go with its computation and stand once it is released.
create function settlement.batch_must_be_draft() returns trigger language plpgsql as $$
declare
    row_of record := coalesce(new, old);
begin
    if not exists (
        select from settlement.batch b
        where b.city = row_of.city and b.year = row_of.year and b.sequence = row_of.sequence and b.state = 'draft'
    ) then
        raise exception 'batch % of % is closed', row_of.sequence, row_of.year
            using errcode = 'check_violation', constraint = 'batch_closed';
    end if;
    return row_of;
end
$$;
create trigger line_in_draft before insert or update or delete on settlement.line
    for each row execute function settlement.batch_must_be_draft();
create trigger finding_in_draft before insert or update or delete on settlement.finding
    for each row execute function settlement.batch_must_be_draft();
create trigger position_in_draft before insert or update or delete on settlement.position_before
    for each row execute function settlement.batch_must_be_draft();

-- What released batches have settled, by line; moved only by compare-and-set.
create table settlement.settled (
    city text not null,
    policy_year integer not null,
    measure text not null,
    beneficiary text not null,
    item text not null,
    settled_fen bigint not null,
    last_sequence integer not null,
    constraint settled_key primary key (city, policy_year, measure, beneficiary, item),
    constraint settled_not_negative check (settled_fen >= 0)
);
alter table settlement.settled enable row level security;
alter table settlement.settled force row level security;
create policy settled_tenant on settlement.settled
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert, update (settled_fen, last_sequence) on settlement.settled to zhirong_settlement;

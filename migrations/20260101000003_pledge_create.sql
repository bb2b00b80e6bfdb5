-- What banks report: pledges, loan contracts and what happened on them.
create table pledge.pledge (
    city text not null,
    institution_code text not null,
    pledge_no text not null,
    revision integer not null,
    withdrawn boolean not null,
    pledgor_uscc text,
    pledgee_uscc text,
    registered_on date,
    cancelled_on date,
    patents text[],
    content_digest bytea not null,
    cut_off bigint not null,
    recorded_at timestamptz not null default clock_timestamp(),
    reported_by text not null,
    on_behalf boolean not null,
    request_id uuid not null,
    traceparent text,
    constraint pledge_key primary key (city, institution_code, pledge_no, revision),
    constraint pledge_city_form check (city ~ '^[0-9]{4}$'),
    constraint pledge_revision_range check (revision >= 1),
    constraint pledge_digest_length check (octet_length(content_digest) = 32),
    constraint pledge_cut_off_positive check (cut_off >= 1),
    constraint pledge_complete check (withdrawn or (pledgor_uscc is not null and pledgee_uscc is not null and registered_on is not null and patents is not null)),
    constraint pledge_pledge_form check (pledge_no ~ '^Y?20[0-9]{11}$'),
    constraint pledge_period check (cancelled_on >= registered_on),
    constraint pledge_patents_some check (cardinality(patents) >= 1)
);
alter table pledge.pledge enable row level security;
alter table pledge.pledge force row level security;
create policy pledge_tenant on pledge.pledge
    using (city = current_setting('zhirong.city')
        and current_setting('zhirong.institution') in ('*', institution_code))
    with check (city = current_setting('zhirong.city')
        and current_setting('zhirong.institution') in ('*', institution_code));
create view published.pledges with (security_invoker = true) as select * from pledge.pledge;
grant select, insert on pledge.pledge to zhirong_pledge;
grant select on pledge.pledge to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;
grant select on published.pledges to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;

create table pledge.loan (
    city text not null,
    institution_code text not null,
    contract_no text not null,
    revision integer not null,
    withdrawn boolean not null,
    borrower_uscc text,
    contract_amount_fen bigint,
    signed_on date,
    revolving boolean,
    collateral text,
    patent_share numeric(7,6),
    pledge_no text,
    renewal_of text,
    syndicate_no text,
    content_digest bytea not null,
    cut_off bigint not null,
    recorded_at timestamptz not null default clock_timestamp(),
    reported_by text not null,
    on_behalf boolean not null,
    request_id uuid not null,
    traceparent text,
    constraint loan_key primary key (city, institution_code, contract_no, revision),
    constraint loan_city_form check (city ~ '^[0-9]{4}$'),
    constraint loan_revision_range check (revision >= 1),
    constraint loan_digest_length check (octet_length(content_digest) = 32),
    constraint loan_cut_off_positive check (cut_off >= 1),
    constraint loan_complete check (withdrawn or (borrower_uscc is not null and contract_amount_fen is not null and signed_on is not null and revolving is not null and collateral is not null)),
    constraint loan_contract_amount_range check (contract_amount_fen between 1 and 9999999999999),
    constraint loan_collateral_known check (collateral in ('patent', 'mixed', 'trademark', 'layout_design', 'data', 'other')),
    constraint loan_share_range check (patent_share between 0 and 1),
    constraint loan_share_only_mixed check (patent_share is null or collateral = 'mixed')
);
alter table pledge.loan enable row level security;
alter table pledge.loan force row level security;
create policy loan_tenant on pledge.loan
    using (city = current_setting('zhirong.city')
        and current_setting('zhirong.institution') in ('*', institution_code))
    with check (city = current_setting('zhirong.city')
        and current_setting('zhirong.institution') in ('*', institution_code));
create view published.loans with (security_invoker = true) as select * from pledge.loan;
grant select, insert on pledge.loan to zhirong_pledge;
grant select on pledge.loan to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;
grant select on published.loans to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;

create table pledge.loan_event (
    city text not null,
    institution_code text not null,
    contract_no text not null,
    event_no text not null,
    revision integer not null,
    withdrawn boolean not null,
    kind text,
    occurred_at timestamptz,
    amount_fen bigint,
    reverses text,
    content_digest bytea not null,
    cut_off bigint not null,
    recorded_at timestamptz not null default clock_timestamp(),
    reported_by text not null,
    on_behalf boolean not null,
    request_id uuid not null,
    traceparent text,
    constraint loan_event_key primary key (city, institution_code, contract_no, event_no, revision),
    constraint loan_event_city_form check (city ~ '^[0-9]{4}$'),
    constraint loan_event_revision_range check (revision >= 1),
    constraint loan_event_digest_length check (octet_length(content_digest) = 32),
    constraint loan_event_cut_off_positive check (cut_off >= 1),
    constraint loan_event_complete check (withdrawn or (kind is not null and occurred_at is not null and amount_fen is not null)),
    constraint loan_event_amount_range check (amount_fen between 1 and 9999999999999),
    constraint loan_event_kind_known check (kind in ('draw', 'repayment', 'reversal', 'extension', 'rollover')),
    constraint loan_event_reverses_only_reversal check (withdrawn or ((kind = 'reversal') = (reverses is not null)))
);
alter table pledge.loan_event enable row level security;
alter table pledge.loan_event force row level security;
create policy loan_event_tenant on pledge.loan_event
    using (city = current_setting('zhirong.city')
        and current_setting('zhirong.institution') in ('*', institution_code))
    with check (city = current_setting('zhirong.city')
        and current_setting('zhirong.institution') in ('*', institution_code));
create view published.loan_events with (security_invoker = true) as select * from pledge.loan_event;
grant select, insert on pledge.loan_event to zhirong_pledge;
grant select on pledge.loan_event to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;
grant select on published.loan_events to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;
-- What a report is answered from: the borrower's contracts, and the pledges a patent is under.
create index loan_by_borrower on pledge.loan (city, institution_code, borrower_uscc);
create index pledge_by_patent on pledge.pledge using gin (patents);

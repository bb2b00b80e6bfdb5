-- What insurers report: policies, their schedules of patents, premiums paid and refunded.
create table insurance.policy (
    city text not null,
    institution_code text not null,
    policy_no text not null,
    revision integer not null,
    withdrawn boolean not null,
    product text,
    policyholder_uscc text,
    cover_from date,
    cover_to date,
    sum_insured_fen bigint,
    content_digest bytea not null,
    cut_off bigint not null,
    recorded_at timestamptz not null default clock_timestamp(),
    reported_by text not null,
    on_behalf boolean not null,
    request_id uuid not null,
    traceparent text,
    constraint policy_key primary key (city, institution_code, policy_no, revision),
    constraint policy_city_form check (city ~ '^[0-9]{4}$'),
    constraint policy_revision_range check (revision >= 1),
    constraint policy_digest_length check (octet_length(content_digest) = 32),
    constraint policy_cut_off_positive check (cut_off >= 1),
    constraint policy_complete check (withdrawn or (product is not null and policyholder_uscc is not null and cover_from is not null and cover_to is not null)),
    constraint policy_sum_insured_range check (sum_insured_fen between 1 and 9999999999999),
    constraint policy_product_known check (product in ('enforcement', 'infringement_liability', 'infringement_loss', 'loan_guarantee', 'other')),
    constraint policy_cover check (cover_to >= cover_from)
);
alter table insurance.policy enable row level security;
alter table insurance.policy force row level security;
create policy policy_tenant on insurance.policy
    using (city = current_setting('zhirong.city')
        and current_setting('zhirong.institution') in ('*', institution_code))
    with check (city = current_setting('zhirong.city')
        and current_setting('zhirong.institution') in ('*', institution_code));
create view published.policies with (security_invoker = true) as select * from insurance.policy;
grant select, insert on insurance.policy to zhirong_insurance;
grant select on insurance.policy to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;
grant select on published.policies to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;

create table insurance.policy_patent (
    city text not null,
    institution_code text not null,
    policy_no text not null,
    patent_no text not null,
    revision integer not null,
    withdrawn boolean not null,
    premium_fen bigint,
    content_digest bytea not null,
    cut_off bigint not null,
    recorded_at timestamptz not null default clock_timestamp(),
    reported_by text not null,
    on_behalf boolean not null,
    request_id uuid not null,
    traceparent text,
    constraint policy_patent_key primary key (city, institution_code, policy_no, patent_no, revision),
    constraint policy_patent_city_form check (city ~ '^[0-9]{4}$'),
    constraint policy_patent_revision_range check (revision >= 1),
    constraint policy_patent_digest_length check (octet_length(content_digest) = 32),
    constraint policy_patent_cut_off_positive check (cut_off >= 1),
    constraint policy_patent_premium_range check (premium_fen between 1 and 9999999999999)
);
alter table insurance.policy_patent enable row level security;
alter table insurance.policy_patent force row level security;
create policy policy_patent_tenant on insurance.policy_patent
    using (city = current_setting('zhirong.city')
        and current_setting('zhirong.institution') in ('*', institution_code))
    with check (city = current_setting('zhirong.city')
        and current_setting('zhirong.institution') in ('*', institution_code));
create view published.policy_patents with (security_invoker = true) as select * from insurance.policy_patent;
grant select, insert on insurance.policy_patent to zhirong_insurance;
grant select on insurance.policy_patent to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;
grant select on published.policy_patents to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;

create table insurance.premium_event (
    city text not null,
    institution_code text not null,
    policy_no text not null,
    event_no text not null,
    revision integer not null,
    withdrawn boolean not null,
    kind text,
    occurred_on date,
    amount_fen bigint,
    reverses text,
    content_digest bytea not null,
    cut_off bigint not null,
    recorded_at timestamptz not null default clock_timestamp(),
    reported_by text not null,
    on_behalf boolean not null,
    request_id uuid not null,
    traceparent text,
    constraint premium_event_key primary key (city, institution_code, policy_no, event_no, revision),
    constraint premium_event_city_form check (city ~ '^[0-9]{4}$'),
    constraint premium_event_revision_range check (revision >= 1),
    constraint premium_event_digest_length check (octet_length(content_digest) = 32),
    constraint premium_event_cut_off_positive check (cut_off >= 1),
    constraint premium_event_complete check (withdrawn or (kind is not null and occurred_on is not null and amount_fen is not null)),
    constraint premium_event_amount_range check (amount_fen between 1 and 9999999999999),
    constraint premium_event_kind_known check (kind in ('payment', 'refund')),
    constraint premium_event_reverses_only_refund check (withdrawn or ((kind = 'refund') = (reverses is not null)))
);
alter table insurance.premium_event enable row level security;
alter table insurance.premium_event force row level security;
create policy premium_event_tenant on insurance.premium_event
    using (city = current_setting('zhirong.city')
        and current_setting('zhirong.institution') in ('*', institution_code))
    with check (city = current_setting('zhirong.city')
        and current_setting('zhirong.institution') in ('*', institution_code));
create view published.premium_events with (security_invoker = true) as select * from insurance.premium_event;
grant select, insert on insurance.premium_event to zhirong_insurance;
grant select on insurance.premium_event to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;
grant select on published.premium_events to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;
create index policy_by_number on insurance.policy (city, policy_no);
create index policy_patent_by_patent on insurance.policy_patent (city, patent_no);

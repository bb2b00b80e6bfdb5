-- The bureau's registry. Every table holds revisions: rows are added, never changed.
create table registry.institution (
    city text not null,
    institution_code text not null,
    revision integer not null,
    withdrawn boolean not null,
    name text,
    kind text,
    legal_person_uscc text,
    legal_person_name text,
    division_code text,
    uscc text,
    content_digest bytea not null,
    cut_off bigint not null,
    recorded_at timestamptz not null default clock_timestamp(),
    reported_by text not null,
    on_behalf boolean not null,
    request_id uuid not null,
    traceparent text,
    constraint institution_key primary key (city, institution_code, revision),
    constraint institution_city_form check (city ~ '^[0-9]{4}$'),
    constraint institution_revision_range check (revision >= 1),
    constraint institution_digest_length check (octet_length(content_digest) = 32),
    constraint institution_cut_off_positive check (cut_off >= 1),
    constraint institution_complete check (withdrawn or (name is not null and kind is not null and legal_person_uscc is not null and legal_person_name is not null and division_code is not null)),
    constraint institution_kind_known check (kind in ('bank', 'trust', 'finance_company', 'consumer_finance', 'financial_leasing', 'insurer', 'guarantor', 'microlender', 'leasing', 'other')),
    constraint institution_legal_person_form check (legal_person_uscc ~ '^[0-9A-HJ-NPQRTUWXY]{18}$'),
    constraint institution_division_form check (division_code ~ '^[0-9]{6}$')
);
alter table registry.institution enable row level security;
alter table registry.institution force row level security;
create policy institution_tenant on registry.institution
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
create view published.institutions with (security_invoker = true) as select * from registry.institution;
grant select, insert on registry.institution to zhirong_registry;
grant select on registry.institution to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;
grant select on published.institutions to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;

create table registry.enterprise (
    city text not null,
    uscc text not null,
    registered_from date not null,
    revision integer not null,
    withdrawn boolean not null,
    name text,
    division_code text,
    registered_to date,
    content_digest bytea not null,
    cut_off bigint not null,
    recorded_at timestamptz not null default clock_timestamp(),
    reported_by text not null,
    on_behalf boolean not null,
    request_id uuid not null,
    traceparent text,
    constraint enterprise_key primary key (city, uscc, registered_from, revision),
    constraint enterprise_city_form check (city ~ '^[0-9]{4}$'),
    constraint enterprise_revision_range check (revision >= 1),
    constraint enterprise_digest_length check (octet_length(content_digest) = 32),
    constraint enterprise_cut_off_positive check (cut_off >= 1),
    constraint enterprise_complete check (withdrawn or (name is not null and division_code is not null)),
    constraint enterprise_uscc_form check (uscc ~ '^[0-9A-HJ-NPQRTUWXY]{18}$'),
    constraint enterprise_division_form check (division_code ~ '^[0-9]{6}$'),
    constraint enterprise_period check (registered_to >= registered_from)
);
alter table registry.enterprise enable row level security;
alter table registry.enterprise force row level security;
create policy enterprise_tenant on registry.enterprise
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
create view published.enterprises with (security_invoker = true) as select * from registry.enterprise;
grant select, insert on registry.enterprise to zhirong_registry;
grant select on registry.enterprise to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;
grant select on published.enterprises to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;

create table registry.patent (
    city text not null,
    patent_no text not null,
    revision integer not null,
    withdrawn boolean not null,
    title text,
    patentee_uscc text,
    granted_on date,
    ended_on date,
    end_reason text,
    content_digest bytea not null,
    cut_off bigint not null,
    recorded_at timestamptz not null default clock_timestamp(),
    reported_by text not null,
    on_behalf boolean not null,
    request_id uuid not null,
    traceparent text,
    constraint patent_key primary key (city, patent_no, revision),
    constraint patent_city_form check (city ~ '^[0-9]{4}$'),
    constraint patent_revision_range check (revision >= 1),
    constraint patent_digest_length check (octet_length(content_digest) = 32),
    constraint patent_cut_off_positive check (cut_off >= 1),
    constraint patent_patent_form check (patent_no ~ '^([0-9]{12}|[0-9]{8})[.][0-9X]$'),
    constraint patent_end_reason_known check (end_reason in ('lapsed', 'invalidated', 'expired', 'surrendered')),
    constraint patent_period check (ended_on >= granted_on)
);
alter table registry.patent enable row level security;
alter table registry.patent force row level security;
create policy patent_tenant on registry.patent
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
create view published.patents with (security_invoker = true) as select * from registry.patent;
grant select, insert on registry.patent to zhirong_registry;
grant select on registry.patent to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;
grant select on published.patents to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;

create table registry.patent_owner (
    city text not null,
    patent_no text not null,
    holder text not null,
    role text not null,
    valid_from date not null,
    revision integer not null,
    withdrawn boolean not null,
    valid_to date,
    content_digest bytea not null,
    cut_off bigint not null,
    recorded_at timestamptz not null default clock_timestamp(),
    reported_by text not null,
    on_behalf boolean not null,
    request_id uuid not null,
    traceparent text,
    constraint patent_owner_key primary key (city, patent_no, holder, role, valid_from, revision),
    constraint patent_owner_city_form check (city ~ '^[0-9]{4}$'),
    constraint patent_owner_revision_range check (revision >= 1),
    constraint patent_owner_digest_length check (octet_length(content_digest) = 32),
    constraint patent_owner_cut_off_positive check (cut_off >= 1),
    constraint patent_owner_role_known check (role in ('owner', 'licensee')),
    constraint patent_owner_period check (valid_to >= valid_from)
);
alter table registry.patent_owner enable row level security;
alter table registry.patent_owner force row level security;
create policy patent_owner_tenant on registry.patent_owner
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
create view published.patent_owners with (security_invoker = true) as select * from registry.patent_owner;
grant select, insert on registry.patent_owner to zhirong_registry;
grant select on registry.patent_owner to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;
grant select on published.patent_owners to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;

create table registry.award (
    city text not null,
    patent_no text not null,
    level text not null,
    award_name text not null,
    revision integer not null,
    withdrawn boolean not null,
    awarded_on date,
    content_digest bytea not null,
    cut_off bigint not null,
    recorded_at timestamptz not null default clock_timestamp(),
    reported_by text not null,
    on_behalf boolean not null,
    request_id uuid not null,
    traceparent text,
    constraint award_key primary key (city, patent_no, level, award_name, revision),
    constraint award_city_form check (city ~ '^[0-9]{4}$'),
    constraint award_revision_range check (revision >= 1),
    constraint award_digest_length check (octet_length(content_digest) = 32),
    constraint award_cut_off_positive check (cut_off >= 1),
    constraint award_complete check (withdrawn or (awarded_on is not null)),
    constraint award_level_known check (level in ('national', 'provincial', 'municipal'))
);
alter table registry.award enable row level security;
alter table registry.award force row level security;
create policy award_tenant on registry.award
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
create view published.awards with (security_invoker = true) as select * from registry.award;
grant select, insert on registry.award to zhirong_registry;
grant select on registry.award to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;
grant select on published.awards to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;

create table registry.exclusion (
    city text not null,
    subject text not null,
    grade text not null,
    valid_from date not null,
    revision integer not null,
    withdrawn boolean not null,
    valid_to date,
    reason text,
    content_digest bytea not null,
    cut_off bigint not null,
    recorded_at timestamptz not null default clock_timestamp(),
    reported_by text not null,
    on_behalf boolean not null,
    request_id uuid not null,
    traceparent text,
    constraint exclusion_key primary key (city, subject, grade, valid_from, revision),
    constraint exclusion_city_form check (city ~ '^[0-9]{4}$'),
    constraint exclusion_revision_range check (revision >= 1),
    constraint exclusion_digest_length check (octet_length(content_digest) = 32),
    constraint exclusion_cut_off_positive check (cut_off >= 1),
    constraint exclusion_grade_known check (grade in ('watch', 'exclude')),
    constraint exclusion_period check (valid_to >= valid_from)
);
alter table registry.exclusion enable row level security;
alter table registry.exclusion force row level security;
create policy exclusion_tenant on registry.exclusion
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
create view published.exclusions with (security_invoker = true) as select * from registry.exclusion;
grant select, insert on registry.exclusion to zhirong_registry;
grant select on registry.exclusion to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;
grant select on published.exclusions to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;

create table registry.other_award (
    city text not null,
    beneficiary_uscc text not null,
    measure text not null,
    reference text not null,
    level text not null,
    revision integer not null,
    withdrawn boolean not null,
    amount_fen bigint,
    awarded_on date,
    content_digest bytea not null,
    cut_off bigint not null,
    recorded_at timestamptz not null default clock_timestamp(),
    reported_by text not null,
    on_behalf boolean not null,
    request_id uuid not null,
    traceparent text,
    constraint other_award_key primary key (city, beneficiary_uscc, measure, reference, level, revision),
    constraint other_award_city_form check (city ~ '^[0-9]{4}$'),
    constraint other_award_revision_range check (revision >= 1),
    constraint other_award_digest_length check (octet_length(content_digest) = 32),
    constraint other_award_cut_off_positive check (cut_off >= 1),
    constraint other_award_complete check (withdrawn or (amount_fen is not null and awarded_on is not null)),
    constraint other_award_amount_range check (amount_fen between 1 and 9999999999999),
    constraint other_award_measure_known check (measure in ('loan_subsidy', 'premium_subsidy')),
    constraint other_award_level_known check (level in ('national', 'provincial', 'county', 'zone', 'other'))
);
alter table registry.other_award enable row level security;
alter table registry.other_award force row level security;
create policy other_award_tenant on registry.other_award
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
create view published.other_awards with (security_invoker = true) as select * from registry.other_award;
grant select, insert on registry.other_award to zhirong_registry;
grant select on registry.other_award to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;
grant select on published.other_awards to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;
create index institution_by_legal_person on registry.institution (city, legal_person_uscc);

-- Which key speaks for whom. Two live keys for one holder allow rotation; a public key belongs to one holder.
create table registry.credential (
    city text not null,
    credential_id uuid not null,
    holder text not null,
    role text not null,
    spki_digest bytea not null,
    not_before timestamptz not null,
    not_after timestamptz not null,
    created_at timestamptz not null default clock_timestamp(),
    created_by text not null,
    revoked_at timestamptz,
    revoked_by text,
    constraint credential_key primary key (city, credential_id),
    constraint credential_spki_unique unique (spki_digest),
    constraint credential_city_form check (city ~ '^[0-9]{4}$'),
    constraint credential_role_known check (role in ('institution', 'bureau', 'finance-maker', 'finance-checker', 'finance-releaser', 'auditor')),
    constraint credential_digest_length check (octet_length(spki_digest) = 32),
    constraint credential_period check (not_after > not_before),
    constraint credential_revocation check ((revoked_at is null) = (revoked_by is null))
);
create index credential_by_holder on registry.credential (city, holder);
alter table registry.credential enable row level security;
alter table registry.credential force row level security;
create policy credential_tenant on registry.credential to zhirong_registry
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
-- Before a caller is known there is no city: the identity role may look a key up and nothing else.
create policy credential_lookup on registry.credential for select to zhirong_identity
    using (true);
grant select, insert, update (revoked_at, revoked_by) on registry.credential to zhirong_registry;
grant select on registry.credential to zhirong_identity;

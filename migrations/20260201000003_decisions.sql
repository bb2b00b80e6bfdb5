-- Reviewers' decisions on findings: the bureau's, about one contract or policy of an institution.

-- The list of finding codes grows with the rules, so the table checks the form of a code and the parser the list.
create table registry.decision (
    city text not null,
    institution_code text not null,
    reference text not null,
    code text not null,
    revision integer not null,
    withdrawn boolean not null,
    decision text,
    value numeric(7,6),
    decided_on date,
    reason text,
    content_digest bytea not null,
    cut_off bigint not null,
    recorded_at timestamptz not null default clock_timestamp(),
    reported_by text not null,
    on_behalf boolean not null,
    request_id uuid not null,
    traceparent text,
    constraint decision_key primary key (city, institution_code, reference, code, revision),
    constraint decision_city_form check (city ~ '^[0-9]{4}$'),
    constraint decision_revision_range check (revision >= 1),
    constraint decision_digest_length check (octet_length(content_digest) = 32),
    constraint decision_cut_off_positive check (cut_off >= 1),
    constraint decision_complete check (withdrawn or (decision is not null and decided_on is not null and reason is not null)),
    constraint decision_code_form check (code ~ '^[A-Z][A-Z0-9_]{2,63}$'),
    constraint decision_decision_known check (decision in ('accept', 'reject')),
    constraint decision_reason_stated check (reason <> ''),
    constraint decision_value_range check (value between 0 and 1),
    -- Only an accepted share is a number, and it is always one.
    constraint decision_value_stated check (
        withdrawn or (value is not null) = (code = 'SHARE_UNSTATED' and decision = 'accept')
    ),
    constraint decision_bureau_alone check (not on_behalf)
);
alter table registry.decision enable row level security;
alter table registry.decision force row level security;
-- An institution's answers rest on what was decided of its own records; what was decided of others' it never sees.
create policy decision_tenant on registry.decision
    using (city = current_setting('zhirong.city')
        and current_setting('zhirong.institution') in ('*', institution_code))
    with check (city = current_setting('zhirong.city')
        and current_setting('zhirong.institution') = '*');
create view published.decisions with (security_invoker = true) as select * from registry.decision;
grant select, insert on registry.decision to zhirong_registry;
grant select on registry.decision to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;
grant select on published.decisions to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;

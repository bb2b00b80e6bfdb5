-- Roles, schemas and the ledger: cut-offs, request keys and the audit trail.
-- A role is made only where it is missing: in production an administrator makes them before the first migration.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['zhirong_registry', 'zhirong_pledge', 'zhirong_insurance', 'zhirong_settlement', 'zhirong_identity']
    loop
        if not exists (select from pg_roles where rolname = wanted) then
            execute format('create role %I nologin', wanted);
        end if;
    end loop;
end
$$;

create schema ledger;
create schema registry;
create schema pledge;
create schema insurance;
create schema settlement;
-- The contract between the services: read-only views, evaluated with the reader's own rights.
create schema published;
grant usage on schema ledger, published to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;
grant usage on schema registry, pledge, insurance to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;
grant usage on schema registry to zhirong_identity;
grant usage on schema settlement to zhirong_settlement;

-- The numbered cut-off of a city. A writing transaction reads `current` for share and stamps its facts with it; a batch takes the
-- row for update and raises it, so that the facts of a batch are a fixed set. `guard` is the column whose update right the share lock needs.
create table ledger.cut_off (
    city text not null,
    current bigint not null default 1,
    guard smallint not null default 0,
    constraint cut_off_key primary key (city),
    constraint cut_off_city_form check (city ~ '^[0-9]{4}$'),
    constraint cut_off_positive check (current >= 1),
    constraint cut_off_guard_unused check (guard = 0)
);
alter table ledger.cut_off enable row level security;
alter table ledger.cut_off force row level security;
create policy cut_off_tenant on ledger.cut_off
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert (city), update (guard) on ledger.cut_off to zhirong_registry, zhirong_pledge, zhirong_insurance;
grant select, insert (city), update (current, guard) on ledger.cut_off to zhirong_settlement;

-- The first answer to a request key, kept for the audit term.
create table ledger.request (
    city text not null,
    caller text not null,
    request_id uuid not null,
    rpc text not null,
    body_digest bytea not null,
    answer bytea,
    recorded_at timestamptz not null default clock_timestamp(),
    constraint request_key primary key (city, caller, request_id),
    constraint request_digest_length check (octet_length(body_digest) = 32)
);
alter table ledger.request enable row level security;
alter table ledger.request force row level security;
create policy request_tenant on ledger.request
    using (city = current_setting('zhirong.city') and current_setting('zhirong.institution') in ('*', caller))
    with check (city = current_setting('zhirong.city') and current_setting('zhirong.institution') in ('*', caller));
grant select, insert, update (answer) on ledger.request to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;

-- Who did what, in the transaction that did it.
create table ledger.audit (
    city text not null,
    audit_id uuid not null,
    stream text not null,
    actor text not null,
    actor_role text not null,
    action text not null,
    object text not null,
    body_digest bytea not null,
    request_id uuid,
    cut_off bigint not null,
    traceparent text,
    recorded_at timestamptz not null default clock_timestamp(),
    constraint audit_key primary key (city, audit_id),
    constraint audit_digest_length check (octet_length(body_digest) = 32)
);
create index audit_by_stream on ledger.audit (city, stream, recorded_at);
alter table ledger.audit enable row level security;
alter table ledger.audit force row level security;
create policy audit_tenant on ledger.audit
    using (city = current_setting('zhirong.city') and current_setting('zhirong.institution') in ('*', stream))
    with check (city = current_setting('zhirong.city') and current_setting('zhirong.institution') in ('*', stream));
grant select, insert on ledger.audit to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;

-- Rows that nobody may see but whoever they are made out for: each service looks for them under another city and institution before
-- it serves, and refuses to serve where it sees one.
create table ledger.isolation_probe (
    city text not null,
    institution text not null,
    constraint isolation_probe_key primary key (city, institution),
    constraint isolation_probe_city_form check (city ~ '^[0-9]{4}$')
);
-- Planted before the policy stands: afterwards the owner could not either.
insert into ledger.isolation_probe (city, institution) values ('0000', 'planted');
alter table ledger.isolation_probe enable row level security;
alter table ledger.isolation_probe force row level security;
create policy isolation_probe_tenant on ledger.isolation_probe
    using (city = current_setting('zhirong.city') and institution = current_setting('zhirong.institution'));
grant select on ledger.isolation_probe to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement, zhirong_files,
    zhirong_notify;
-- Whether the caller sees a row without having said for whom: the policies end such a question with an error, which would stand in the
-- server's log at every start.
create function ledger.sees_unasked() returns boolean
    language plpgsql stable
as $$
begin
    return exists (select from ledger.isolation_probe);
exception when undefined_object then
    return false;
end
$$;

-- Which programs may go on beside a migration: one whose own schema is at least `oldest_program`. A migration that only expands (a new
-- column that may be empty, a new table, an index, a constraint) writes a row; without one, a program refuses a schema later than its own.
-- Read before any role is taken on, as the list of migrations is.
create table public.schema_release (
    version bigint not null,
    oldest_program bigint not null,
    constraint schema_release_key primary key (version),
    constraint schema_release_in_order check (oldest_program <= version)
);
alter table public.schema_release enable row level security;
alter table public.schema_release force row level security;
create policy schema_release_open on public.schema_release using (true) with check (true);

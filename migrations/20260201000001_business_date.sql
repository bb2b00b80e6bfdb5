-- The business date of a city: today in Beijing, which every guard on a date reads.

-- A sandbox may move its business date; only its own role writes the row, which a service of a city in earnest never takes on.
do $$
begin
    if not exists (select from pg_roles where rolname = 'zhirong_sandbox') then
        create role zhirong_sandbox nologin;
    end if;
end
$$;
create table ledger.business_date (
    city text not null,
    moved_days integer not null,
    constraint business_date_key primary key (city),
    constraint business_date_city_form check (city ~ '^[0-9]{4}$'),
    constraint business_date_forward check (moved_days between 0 and 3660)
);
alter table ledger.business_date enable row level security;
alter table ledger.business_date force row level security;
create policy business_date_tenant on ledger.business_date
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant usage on schema ledger to zhirong_sandbox;
grant select on ledger.business_date to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;
grant select, insert, update (moved_days) on ledger.business_date to zhirong_sandbox;

-- Today in Beijing for a city.
create function ledger.today(of_city text) returns date language sql stable as $$
    select (clock_timestamp() at time zone 'Asia/Shanghai')::date
        + coalesce((select b.moved_days from ledger.business_date b where b.city = of_city), 0)
$$;

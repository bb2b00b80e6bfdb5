create table pledge.later_remark (
    city text not null,
    remark_id uuid not null,
    text text not null,
    constraint later_remark_key primary key (city, remark_id)
);
alter table pledge.later_remark enable row level security;
alter table pledge.later_remark force row level security;
create policy later_remark_tenant on pledge.later_remark
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
insert into public.schema_release (version, oldest_program) values (20270101000004, 20260305000001);

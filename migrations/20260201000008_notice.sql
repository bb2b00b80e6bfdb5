-- Calendar, public notice, objections, freezes, budgets and orders of recovery, and the guards that stand on them.

-- Working days are data (domain.md 3.7): a row of '' holds everywhere, a city's own row goes before it. A day without a row is a
-- working day from Monday to Friday.
create table settlement.calendar_day (
    city text not null,
    day date not null,
    is_working boolean not null,
    name text not null,
    source text not null,
    constraint calendar_day_key primary key (city, day),
    constraint calendar_day_city_form check (city ~ '^([0-9]{4})?$')
);
grant select, insert, update (is_working, name, source) on settlement.calendar_day to zhirong_settlement;

create function settlement.is_working_day(of_city text, of_day date) returns boolean language sql stable as $$
    select coalesce(
        (select c.is_working from settlement.calendar_day c
         where c.city in ('', of_city) and c.day = of_day
         order by c.city desc
         limit 1),
        extract(isodow from of_day) < 6)
$$;

-- The last day of a period of working days: the day of publication does not count (Civil Code art. 201), and the last day is a
-- working day by itself (art. 203). It ends at 24:00.
create function settlement.notice_end(of_city text, published_on date, working_days integer) returns date
language plpgsql stable as $$
declare
    day date := published_on;
    missing integer := working_days;
begin
    while missing > 0 loop
        day := day + 1;
        if settlement.is_working_day(of_city, day) then
            missing := missing - 1;
        end if;
    end loop;
    return day;
end
$$;

-- Days off as the State Council announced them; for 2027 only what the regulation itself fixes, until it is announced.
insert into settlement.calendar_day (city, day, is_working, name, source)
select '', d::date, false, h.name, h.source
from (values
    (date '2024-01-01', date '2024-01-01', '元旦', '国办发明电〔2023〕7号'),
    (date '2024-02-10', date '2024-02-17', '春节', '国办发明电〔2023〕7号'),
    (date '2024-04-04', date '2024-04-06', '清明节', '国办发明电〔2023〕7号'),
    (date '2024-05-01', date '2024-05-05', '劳动节', '国办发明电〔2023〕7号'),
    (date '2024-06-10', date '2024-06-10', '端午节', '国办发明电〔2023〕7号'),
    (date '2024-09-15', date '2024-09-17', '中秋节', '国办发明电〔2023〕7号'),
    (date '2024-10-01', date '2024-10-07', '国庆节', '国办发明电〔2023〕7号'),
    (date '2025-01-01', date '2025-01-01', '元旦', '国办发明电〔2024〕12号'),
    (date '2025-01-28', date '2025-02-04', '春节', '国办发明电〔2024〕12号'),
    (date '2025-04-04', date '2025-04-06', '清明节', '国办发明电〔2024〕12号'),
    (date '2025-05-01', date '2025-05-05', '劳动节', '国办发明电〔2024〕12号'),
    (date '2025-05-31', date '2025-06-02', '端午节', '国办发明电〔2024〕12号'),
    (date '2025-10-01', date '2025-10-08', '国庆节、中秋节', '国办发明电〔2024〕12号'),
    (date '2026-01-01', date '2026-01-03', '元旦', '国办发明电〔2025〕7号'),
    (date '2026-02-15', date '2026-02-23', '春节', '国办发明电〔2025〕7号'),
    (date '2026-04-04', date '2026-04-06', '清明节', '国办发明电〔2025〕7号'),
    (date '2026-05-01', date '2026-05-05', '劳动节', '国办发明电〔2025〕7号'),
    (date '2026-06-19', date '2026-06-21', '端午节', '国办发明电〔2025〕7号'),
    (date '2026-09-25', date '2026-09-27', '中秋节', '国办发明电〔2025〕7号'),
    (date '2026-10-01', date '2026-10-07', '国庆节', '国办发明电〔2025〕7号'),
    (date '2027-01-01', date '2027-01-01', '元旦', '全国年节及纪念日放假办法（国务院令第795号）；暂定，待国务院办公厅通知'),
    (date '2027-02-05', date '2027-02-08', '春节', '全国年节及纪念日放假办法（国务院令第795号）；暂定，待国务院办公厅通知'),
    (date '2027-04-05', date '2027-04-05', '清明节', '全国年节及纪念日放假办法（国务院令第795号）；暂定，待国务院办公厅通知'),
    (date '2027-05-01', date '2027-05-02', '劳动节', '全国年节及纪念日放假办法（国务院令第795号）；暂定，待国务院办公厅通知'),
    (date '2027-06-09', date '2027-06-09', '端午节', '全国年节及纪念日放假办法（国务院令第795号）；暂定，待国务院办公厅通知'),
    (date '2027-09-15', date '2027-09-15', '中秋节', '全国年节及纪念日放假办法（国务院令第795号）；暂定，待国务院办公厅通知'),
    (date '2027-10-01', date '2027-10-03', '国庆节', '全国年节及纪念日放假办法（国务院令第795号）；暂定，待国务院办公厅通知')
) as h (first, last, name, source), generate_series(h.first, h.last, interval '1 day') as d;
-- Weekend days that are worked for them 调休.
insert into settlement.calendar_day (city, day, is_working, name, source)
select '', w.day, true, w.name || '调休上班', w.source
from (values
    (date '2024-02-04', '春节', '国办发明电〔2023〕7号'),
    (date '2024-02-18', '春节', '国办发明电〔2023〕7号'),
    (date '2024-04-07', '清明节', '国办发明电〔2023〕7号'),
    (date '2024-04-28', '劳动节', '国办发明电〔2023〕7号'),
    (date '2024-05-11', '劳动节', '国办发明电〔2023〕7号'),
    (date '2024-09-14', '中秋节', '国办发明电〔2023〕7号'),
    (date '2024-09-29', '国庆节', '国办发明电〔2023〕7号'),
    (date '2024-10-12', '国庆节', '国办发明电〔2023〕7号'),
    (date '2025-01-26', '春节', '国办发明电〔2024〕12号'),
    (date '2025-02-08', '春节', '国办发明电〔2024〕12号'),
    (date '2025-04-27', '劳动节', '国办发明电〔2024〕12号'),
    (date '2025-09-28', '国庆节、中秋节', '国办发明电〔2024〕12号'),
    (date '2025-10-11', '国庆节、中秋节', '国办发明电〔2024〕12号'),
    (date '2026-01-04', '元旦', '国办发明电〔2025〕7号'),
    (date '2026-02-14', '春节', '国办发明电〔2025〕7号'),
    (date '2026-02-28', '春节', '国办发明电〔2025〕7号'),
    (date '2026-05-09', '劳动节', '国办发明电〔2025〕7号'),
    (date '2026-09-20', '国庆节', '国办发明电〔2025〕7号'),
    (date '2026-10-10', '国庆节', '国办发明电〔2025〕7号')
) as w (day, name, source);

-- Forced only now: the rows above are everybody's, which no city may write.
alter table settlement.calendar_day enable row level security;
alter table settlement.calendar_day force row level security;
create policy calendar_day_tenant on settlement.calendar_day
    using (city in ('', current_setting('zhirong.city', true)))
    with check (city = current_setting('zhirong.city'));

-- Public notice 公示: what is to be paid, for everybody to read and object to.
create table settlement.notice (
    city text not null,
    year integer not null,
    sequence integer not null,
    notice_no integer not null,
    published_by text not null,
    published_at timestamptz not null,
    published_on date not null,
    working_days integer not null,
    ends_on date not null,
    batch_digest text not null,
    constraint notice_key primary key (city, year, sequence, notice_no),
    constraint notice_of_batch foreign key (city, year, sequence) references settlement.batch (city, year, sequence),
    constraint notice_number_positive check (notice_no >= 1),
    constraint notice_days_range check (working_days between 1 and 60)
);
alter table settlement.notice enable row level security;
alter table settlement.notice force row level security;
create policy notice_tenant on settlement.notice
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert on settlement.notice to zhirong_settlement;

-- A notice is published today, under the digest that is in review, and runs its whole period.
create function settlement.notice_is_due() returns trigger language plpgsql as $$
begin
    if new.published_on <> ledger.today(new.city)
        or new.ends_on < settlement.notice_end(new.city, new.published_on, new.working_days) then
        raise exception 'a notice of % working days from % cannot end on %', new.working_days, new.published_on, new.ends_on
            using errcode = 'check_violation', constraint = 'notice_period';
    end if;
    return new;
end
$$;
create trigger notice_period before insert on settlement.notice
    for each row execute function settlement.notice_is_due();

create table settlement.notice_line (
    city text not null,
    year integer not null,
    sequence integer not null,
    notice_no integer not null,
    line_no integer not null,
    policy_year integer not null,
    measure text not null,
    beneficiary text not null,
    beneficiary_name text not null,
    item text not null,
    clause text not null,
    amount_fen bigint not null,
    constraint notice_line_key primary key (city, year, sequence, notice_no, policy_year, measure, beneficiary, item),
    constraint notice_line_of_notice foreign key (city, year, sequence, notice_no)
        references settlement.notice (city, year, sequence, notice_no),
    constraint notice_line_positive check (amount_fen > 0)
);
alter table settlement.notice_line enable row level security;
alter table settlement.notice_line force row level security;
create policy notice_line_tenant on settlement.notice_line
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert on settlement.notice_line to zhirong_settlement;

-- Objections 异议: in writing, by somebody known. One that is open or upheld sets its line aside.
create table settlement.objection (
    city text not null,
    year integer not null,
    objection_no integer not null,
    measure text not null,
    beneficiary text not null,
    beneficiary_name text not null,
    item text not null,
    objector_name text not null,
    objector_kind text not null,
    is_identity_proven boolean not null,
    content text not null,
    state text not null,
    opened_by text not null,
    opened_on date not null,
    opened_at timestamptz not null,
    decided_by text,
    decided_on date,
    decided_at timestamptz,
    decision_reason text,
    constraint objection_key primary key (city, year, objection_no),
    constraint objection_number_range check (objection_no between 1 and 999),
    constraint objection_kind_known check (objector_kind in ('unit', 'person')),
    constraint objection_identity_proven check (is_identity_proven),
    constraint objection_state_known check (state in ('open', 'upheld', 'rejected', 'withdrawn')),
    constraint objection_decided_complete check (
        (state = 'open') = (decided_by is null) and (decided_by is null) = (decided_on is null)
        and (decided_by is null) = (decided_at is null) and (decided_by is null) = (decision_reason is null)
    )
);
create index objection_by_line on settlement.objection (city, year, measure, beneficiary, item) where state in ('open', 'upheld');
alter table settlement.objection enable row level security;
alter table settlement.objection force row level security;
create policy objection_tenant on settlement.objection
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert, update (state, decided_by, decided_on, decided_at, decision_reason) on settlement.objection to zhirong_settlement;

-- What is rejected or withdrawn stays so; what was upheld may still be rejected when it is looked at again.
create function settlement.objection_moves() returns trigger language plpgsql as $$
begin
    if old.state = 'open' or (old.state = 'upheld' and new.state = 'rejected') then
        return new;
    end if;
    raise exception 'objection % of % is %', old.objection_no, old.year, old.state
        using errcode = 'check_violation', constraint = 'objection_closed';
end
$$;
create trigger objection_closed before update on settlement.objection
    for each row execute function settlement.objection_moves();

-- Freezes 冻结: of a clause or an institution; new payments stop, reports go on.
create table settlement.freeze (
    city text not null,
    freeze_no integer not null,
    clause text,
    institution_code text,
    first_day date not null,
    last_day date,
    reason text not null,
    frozen_by text not null,
    frozen_at timestamptz not null,
    lifted_by text,
    lifted_on date,
    lifted_at timestamptz,
    lift_reason text,
    constraint freeze_key primary key (city, freeze_no),
    constraint freeze_number_positive check (freeze_no >= 1),
    constraint freeze_of_one_thing check ((clause is null) <> (institution_code is null)),
    constraint freeze_days_in_order check (last_day >= first_day),
    constraint freeze_lifted_complete check (
        (lifted_by is null) = (lifted_on is null) and (lifted_by is null) = (lifted_at is null) and (lifted_by is null) = (lift_reason is null)
    )
);
alter table settlement.freeze enable row level security;
alter table settlement.freeze force row level security;
create policy freeze_tenant on settlement.freeze
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert, update (lifted_by, lifted_on, lifted_at, lift_reason) on settlement.freeze to zhirong_settlement;

create function settlement.freeze_moves() returns trigger language plpgsql as $$
begin
    if old.lifted_by is not null then
        raise exception 'freeze % is lifted', old.freeze_no using errcode = 'check_violation', constraint = 'freeze_lifted_once';
    end if;
    return new;
end
$$;
create trigger freeze_lifted_once before update on settlement.freeze
    for each row execute function settlement.freeze_moves();

-- Appropriations 预算 of a city, policy year and programme (预算法 art. 13); a measure is in one programme at most.
create table settlement.budget (
    city text not null,
    year integer not null,
    programme text not null,
    appropriation_fen bigint not null,
    committed_fen bigint not null default 0,
    constraint budget_key primary key (city, year, programme),
    constraint budget_not_negative check (appropriation_fen >= 0 and committed_fen >= 0),
    constraint budget_within check (committed_fen <= appropriation_fen)
);
alter table settlement.budget enable row level security;
alter table settlement.budget force row level security;
create policy budget_tenant on settlement.budget
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert, update (appropriation_fen, committed_fen) on settlement.budget to zhirong_settlement;

create table settlement.budget_measure (
    city text not null,
    year integer not null,
    measure text not null,
    programme text not null,
    constraint budget_measure_key primary key (city, year, measure),
    constraint budget_measure_of_budget foreign key (city, year, programme) references settlement.budget (city, year, programme),
    constraint budget_measure_known check (measure in ('bank_incentive', 'loan_subsidy', 'premium_subsidy'))
);
alter table settlement.budget_measure enable row level security;
alter table settlement.budget_measure force row level security;
create policy budget_measure_tenant on settlement.budget_measure
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert, delete on settlement.budget_measure to zhirong_settlement;

-- Every appropriation ever set, with the document that set it.
create table settlement.budget_change (
    city text not null,
    year integer not null,
    programme text not null,
    change_no integer not null,
    appropriation_fen bigint not null,
    measures text[] not null,
    approval text not null,
    changed_by text not null,
    changed_at timestamptz not null,
    constraint budget_change_key primary key (city, year, programme, change_no),
    constraint budget_change_of_budget foreign key (city, year, programme) references settlement.budget (city, year, programme),
    constraint budget_change_number_positive check (change_no >= 1)
);
alter table settlement.budget_change enable row level security;
alter table settlement.budget_change force row level security;
create policy budget_change_tenant on settlement.budget_change
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert on settlement.budget_change to zhirong_settlement;

-- Orders of recovery 追回: a line keeps no more than stated, once a second person has approved the order.
create table settlement.recovery_order (
    city text not null,
    year integer not null,
    order_no integer not null,
    measure text not null,
    beneficiary text not null,
    beneficiary_name text not null,
    item text not null,
    at_most_fen bigint not null,
    basis text not null,
    reason text not null,
    ordered_by text not null,
    ordered_at timestamptz not null,
    approved_by text,
    approved_at timestamptz,
    constraint recovery_order_key primary key (city, year, order_no),
    constraint recovery_order_number_range check (order_no between 1 and 999),
    constraint recovery_order_not_negative check (at_most_fen >= 0),
    constraint recovery_order_two_people check (approved_by <> ordered_by),
    constraint recovery_order_approved_complete check ((approved_by is null) = (approved_at is null))
);
alter table settlement.recovery_order enable row level security;
alter table settlement.recovery_order force row level security;
create policy recovery_order_tenant on settlement.recovery_order
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert, update (approved_by, approved_at) on settlement.recovery_order to zhirong_settlement;

create function settlement.recovery_order_moves() returns trigger language plpgsql as $$
begin
    if old.approved_by is not null then
        raise exception 'order of recovery % of % is approved', old.order_no, old.year
            using errcode = 'check_violation', constraint = 'recovery_order_approved_once';
    end if;
    return new;
end
$$;
create trigger recovery_order_approved_once before update on settlement.recovery_order
    for each row execute function settlement.recovery_order_moves();

-- A line knows the institutions whose facts it rests on, and the line of an earlier batch that it corrects.
alter table settlement.line
    add column institutions text[] not null default '{}',
    add column corrects_sequence integer,
    add column corrects_line integer,
    add constraint line_corrects_complete check ((corrects_sequence is null) = (corrects_line is null)),
    add constraint line_corrects_earlier check (corrects_sequence < sequence);

-- Up to which cut-off decisions of reviewers are known: the last one that holds any. Without the records of decisions there is none.
create function settlement.last_decision(of_city text, up_to bigint) returns bigint language plpgsql stable as $$
declare
    last bigint;
begin
    if to_regclass('published.decisions') is null then
        return null;
    end if;
    select max(d.cut_off) into last from published.decisions d where d.city = of_city and d.cut_off <= up_to;
    return last;
end
$$;

-- The guards of approval and release. Each is a trigger of its own under the name that its refusal has; they look at lines with a
-- positive amount, since nothing else is paid.
-- Every line was on notice with the amount that is paid.
create function settlement.batch_all_noticed() returns trigger language plpgsql as $$
begin
    if exists (
        select from settlement.line l
        where l.city = new.city and l.year = new.year and l.sequence = new.sequence and l.amount_fen > 0
            and not exists (
                select from settlement.notice_line n
                where n.city = l.city and n.year = l.year and n.sequence = l.sequence and n.policy_year = l.policy_year
                and n.measure = l.measure and n.beneficiary = l.beneficiary and n.item = l.item and n.amount_fen = l.amount_fen
            )
    ) then
        raise exception 'batch % of % has a line that was never on notice', new.sequence, new.year
            using errcode = 'check_violation', constraint = 'batch_all_noticed';
    end if;
    return new;
end
$$;
create trigger batch_all_noticed before update on settlement.batch
    for each row when ((old.state, new.state) in (('public_notice', 'approved'), ('approved', 'released')))
    execute function settlement.batch_all_noticed();

-- And the notice is over: its last day has passed.
create function settlement.batch_notice_over() returns trigger language plpgsql as $$
begin
    if exists (
        select from settlement.line l
        where l.city = new.city and l.year = new.year and l.sequence = new.sequence and l.amount_fen > 0
            and ledger.today(new.city) <= (
                select min(p.ends_on)
                from settlement.notice_line n
                join settlement.notice p using (city, year, sequence, notice_no)
                where n.city = l.city and n.year = l.year and n.sequence = l.sequence and n.policy_year = l.policy_year
                and n.measure = l.measure and n.beneficiary = l.beneficiary and n.item = l.item and n.amount_fen = l.amount_fen
            )
    ) then
        raise exception 'batch % of % has a line whose notice is not over', new.sequence, new.year
            using errcode = 'check_violation', constraint = 'batch_notice_over';
    end if;
    return new;
end
$$;
create trigger batch_notice_over before update on settlement.batch
    for each row when ((old.state, new.state) in (('public_notice', 'approved'), ('approved', 'released')))
    execute function settlement.batch_notice_over();

-- No objection against a line stands.
create function settlement.batch_objection_open() returns trigger language plpgsql as $$
begin
    if exists (
        select from settlement.line l
        join settlement.objection o on o.city = l.city and o.year = l.year and o.measure = l.measure
            and o.beneficiary = l.beneficiary and o.item = l.item and o.state in ('open', 'upheld')
        where l.city = new.city and l.year = new.year and l.sequence = new.sequence and l.amount_fen > 0
    ) then
        raise exception 'batch % of % has a line with an objection that is open or upheld', new.sequence, new.year
            using errcode = 'check_violation', constraint = 'batch_objection_open';
    end if;
    return new;
end
$$;
create trigger batch_objection_open before update on settlement.batch
    for each row when ((old.state, new.state) in (('public_notice', 'approved'), ('approved', 'released')))
    execute function settlement.batch_objection_open();

-- Nothing is frozen today: no clause, no institution that a line rests on, no legal person of one.
create function settlement.batch_frozen() returns trigger language plpgsql as $$
begin
    if exists (
        select from settlement.line l
        join settlement.freeze f on f.city = l.city and f.lifted_on is null
            and ledger.today(new.city) between f.first_day and coalesce(f.last_day, 'infinity')
            and (
                f.clause = l.clause or f.institution_code = any (l.institutions)
                or (l.measure = 'bank_incentive' and exists (
                    select from published.institutions i
                    where i.city = l.city and i.institution_code = f.institution_code and i.legal_person_uscc = l.beneficiary
                ))
            )
        where l.city = new.city and l.year = new.year and l.sequence = new.sequence and l.amount_fen > 0
    ) then
        raise exception 'batch % of % has a line that is frozen', new.sequence, new.year
            using errcode = 'check_violation', constraint = 'batch_frozen';
    end if;
    return new;
end
$$;
create trigger batch_frozen before update on settlement.batch
    for each row when ((old.state, new.state) in (('public_notice', 'approved'), ('approved', 'released')))
    execute function settlement.batch_frozen();

-- Where the reading R14 holds payments to the budget, the release takes what it pays from it, in one step with its state: however
-- many release at once, the row of the programme lets one go after the other, and never beyond the appropriation.
create function settlement.batch_budget() returns trigger language plpgsql as $$
declare
    part record;
begin
    for part in
        select m.programme, sum(l.amount_fen)::bigint as paid_fen
        from settlement.line l
        join settlement.budget_measure m on m.city = l.city and m.year = l.year and m.measure = l.measure
        where l.city = new.city and l.year = new.year and l.sequence = new.sequence and l.amount_fen > 0
        group by m.programme
        order by m.programme
    loop
        if new.state = 'released' then
            update settlement.budget b set committed_fen = b.committed_fen + part.paid_fen
            where b.city = new.city and b.year = new.year and b.programme = part.programme
                and b.committed_fen + part.paid_fen <= b.appropriation_fen;
        else
            perform from settlement.budget b
            where b.city = new.city and b.year = new.year and b.programme = part.programme
                and b.committed_fen + part.paid_fen <= b.appropriation_fen;
        end if;
        if not found then
            raise exception 'batch % of % pays more than is left of %', new.sequence, new.year, part.programme
                using errcode = 'check_violation', constraint = 'batch_budget';
        end if;
    end loop;
    return new;
end
$$;
create trigger batch_budget before update on settlement.batch
    for each row when (
        (old.state, new.state) in (('public_notice', 'approved'), ('approved', 'released'))
        and new.readings ~ '(^|\n)R14\t(PRO_RATA|FIRST_COME)\t'
    )
    execute function settlement.batch_budget();

-- The business date of a sandbox moves past many notices.
alter table ledger.business_date
    drop constraint business_date_forward,
    add constraint business_date_forward check (moved_days between 0 and 36600);

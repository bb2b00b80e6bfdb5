-- Payment: sealed payee accounts, payments with their vouchers and results, recoveries, and the bank's statement.

-- Payee accounts: revisions are added, never changed. Account, bank and name are sealed for their row (city, kind, holder, first day, revision).
create table settlement.payee_account (
    city text not null,
    holder_kind text not null,
    holder text not null,
    valid_from date not null,
    revision integer not null,
    valid_to date,
    is_city_branch boolean not null,
    withdrawn boolean not null,
    key_id text not null,
    sealed bytea not null,
    recorded_at timestamptz not null,
    reported_by text not null,
    on_behalf boolean not null,
    request_id uuid not null,
    constraint payee_account_key primary key (city, holder_kind, holder, valid_from, revision),
    constraint payee_account_kind_known check (holder_kind in ('enterprise', 'institution')),
    constraint payee_account_period check (valid_to is null or valid_to >= valid_from),
    constraint payee_account_revision_positive check (revision >= 1),
    constraint payee_account_branch check (not is_city_branch or holder_kind = 'institution'),
    constraint payee_account_sealed_length check (octet_length(sealed) > 28)
);
alter table settlement.payee_account enable row level security;
alter table settlement.payee_account force row level security;
create policy payee_account_tenant on settlement.payee_account
    using (city = current_setting('zhirong.city')
        and (current_setting('zhirong.institution') = '*'
            or (holder_kind = 'institution' and holder = current_setting('zhirong.institution'))))
    with check (city = current_setting('zhirong.city')
        and (current_setting('zhirong.institution') = '*'
            or (holder_kind = 'institution' and holder = current_setting('zhirong.institution'))));
grant select, insert on settlement.payee_account to zhirong_settlement;

-- The codes under which a city's budget unit pays; the highest revision counts.
create table settlement.budget_unit (
    city text not null,
    revision integer not null,
    codes bytea not null,
    recorded_at timestamptz not null,
    recorded_by text not null,
    constraint budget_unit_key primary key (city, revision),
    constraint budget_unit_revision_positive check (revision >= 1)
);
alter table settlement.budget_unit enable row level security;
alter table settlement.budget_unit force row level security;
create policy budget_unit_tenant on settlement.budget_unit
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert on settlement.budget_unit to zhirong_settlement;

-- One payment a positive line of a released batch: what is paid is the line less what was set off against it, never below 0.
create table settlement.payment (
    city text not null,
    year integer not null,
    sequence integer not null,
    line_no integer not null,
    state text not null,
    hold_reason text,
    beneficiary text not null,
    line_fen bigint not null,
    offset_fen bigint not null,
    amount_fen bigint not null,
    attempt integer not null,
    prepared_by text not null,
    prepared_at timestamptz not null,
    constraint payment_key primary key (city, year, sequence, line_no),
    constraint payment_of_line foreign key (city, year, sequence, line_no) references settlement.line (city, year, sequence, line_no),
    constraint payment_state_known check (state in
        ('offset', 'held', 'prepared', 'exported', 'paid', 'corrected', 'returned_passive', 'returned_active')),
    constraint payment_hold_named check ((state = 'held') = (hold_reason is not null)),
    constraint payment_hold_known check (hold_reason in ('PAYEE_ACCOUNT_MISSING', 'PAYEE_NAME_DIFFERS', 'PAYEE_BRANCH_UNCLEAR')),
    constraint payment_never_negative check (line_fen > 0 and offset_fen >= 0 and amount_fen >= 0),
    constraint payment_difference check (amount_fen = line_fen - offset_fen),
    constraint payment_offset_is_zero check ((state = 'offset') = (amount_fen = 0)),
    constraint payment_attempt_range check (attempt between 0 and 99)
);
alter table settlement.payment enable row level security;
alter table settlement.payment force row level security;
create policy payment_tenant on settlement.payment
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert, update (state, hold_reason, attempt) on settlement.payment to zhirong_settlement;

-- A payment stands only on a positive line of a released batch, and is not above it.
create function settlement.payment_is_owed() returns trigger language plpgsql as $$
begin
    if not exists (
        select from settlement.batch b
        where b.city = new.city and b.year = new.year and b.sequence = new.sequence and b.state = 'released'
    ) then
        raise exception 'batch % of % is not released', new.sequence, new.year
            using errcode = 'check_violation', constraint = 'payment_of_released_batch';
    end if;
    if not exists (
        select from settlement.line l
        where l.city = new.city and l.year = new.year and l.sequence = new.sequence and l.line_no = new.line_no
            and l.amount_fen = new.line_fen and l.beneficiary = new.beneficiary
    ) then
        raise exception 'line % has another amount or beneficiary', new.line_no
            using errcode = 'check_violation', constraint = 'payment_not_above_line';
    end if;
    return new;
end
$$;
create trigger payment_owed before insert on settlement.payment
    for each row execute function settlement.payment_is_owed();

-- The only moves of a payment.
create function settlement.payment_moves() returns trigger language plpgsql as $$
begin
    if old.state = new.state and old.attempt = new.attempt then
        return new;
    end if;
    if new.attempt <> old.attempt + (case when new.state = 'prepared' then 1 else 0 end)
        or (old.state, new.state) not in (
            ('held', 'prepared'), ('prepared', 'exported'),
            ('exported', 'paid'), ('exported', 'returned_passive'),
            ('paid', 'corrected'), ('paid', 'returned_passive'), ('paid', 'returned_active'),
            ('corrected', 'returned_passive'), ('corrected', 'returned_active'),
            ('returned_passive', 'prepared'))
    then
        raise exception 'a payment does not move from % to %', old.state, new.state
            using errcode = 'check_violation', constraint = 'payment_move';
    end if;
    return new;
end
$$;
create trigger payment_move before update on settlement.payment
    for each row execute function settlement.payment_moves();

-- Every attempt at a payment is a voucher with a number of its own and the account as it stood, sealed.
create table settlement.voucher (
    city text not null,
    voucher_no text not null,
    year integer not null,
    sequence integer not null,
    line_no integer not null,
    attempt integer not null,
    amount_fen bigint not null,
    key_id text not null,
    sealed bytea not null,
    created_at timestamptz not null,
    wave integer,
    voucher_on date,
    budget_revision integer,
    constraint voucher_key primary key (city, voucher_no),
    constraint voucher_attempt_unique unique (city, year, sequence, line_no, attempt),
    constraint voucher_of_payment foreign key (city, year, sequence, line_no) references settlement.payment (city, year, sequence, line_no),
    constraint voucher_of_budget_unit foreign key (city, budget_revision) references settlement.budget_unit (city, revision),
    constraint voucher_amount_positive check (amount_fen > 0),
    constraint voucher_attempt_range check (attempt between 1 and 99),
    constraint voucher_number_form check (voucher_no =
        lpad(year::text, 4, '0') || lpad(sequence::text, 3, '0') || lpad(line_no::text, 6, '0') || lpad(attempt::text, 2, '0')),
    constraint voucher_exported_complete check ((wave is null) = (voucher_on is null) and (wave is null) = (budget_revision is null))
);
alter table settlement.voucher enable row level security;
alter table settlement.voucher force row level security;
create policy voucher_tenant on settlement.voucher
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert, update (wave, voucher_on, budget_revision) on settlement.voucher to zhirong_settlement;

-- A voucher pays what its payment owes; it is exported once; a second attempt belongs to the calendar year of the first.
create function settlement.voucher_is_right() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.wave is not null then
        raise exception 'voucher % was exported', old.voucher_no
            using errcode = 'check_violation', constraint = 'voucher_exported_once';
    end if;
    if not exists (
        select from settlement.payment p
        where p.city = new.city and p.year = new.year and p.sequence = new.sequence and p.line_no = new.line_no
            and p.amount_fen = new.amount_fen
    ) then
        raise exception 'voucher % differs from its payment', new.voucher_no
            using errcode = 'check_violation', constraint = 'voucher_pays_payment';
    end if;
    if exists (
        select from settlement.voucher v
        where v.city = new.city and v.year = new.year and v.sequence = new.sequence and v.line_no = new.line_no
            and v.attempt < new.attempt
            and extract(year from v.voucher_on) <> extract(year from ledger.today(new.city))
    ) then
        raise exception 'the budget year of voucher % is over', new.voucher_no
            using errcode = 'check_violation', constraint = 'voucher_year_closed';
    end if;
    return new;
end
$$;
create trigger voucher_right before insert or update on settlement.voucher
    for each row execute function settlement.voucher_is_right();

-- What the treasury answered, as it came: at most one answer of a kind for a voucher.
create table settlement.payment_result (
    city text not null,
    voucher_no text not null,
    outcome text not null,
    amount_fen bigint not null,
    bank_serial text not null,
    on_day date not null,
    reason text not null,
    recorded_at timestamptz not null,
    recorded_by text not null,
    request_id uuid not null,
    constraint payment_result_key primary key (city, voucher_no, outcome),
    constraint payment_result_of_voucher foreign key (city, voucher_no) references settlement.voucher (city, voucher_no),
    constraint payment_result_outcome_known check (outcome in ('paid', 'passive_return', 'active_return', 'corrected')),
    constraint payment_result_amount_not_negative check (amount_fen >= 0)
);
create unique index payment_result_serial_once on settlement.payment_result (city, bank_serial) where outcome = 'paid';
alter table settlement.payment_result enable row level security;
alter table settlement.payment_result force row level security;
create policy payment_result_tenant on settlement.payment_result
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert on settlement.payment_result to zhirong_settlement;

-- Money to come back: one a negative line; closed when what was set off and repaid makes it up.
create table settlement.recovery (
    city text not null,
    year integer not null,
    sequence integer not null,
    line_no integer not null,
    state text not null,
    cause text not null,
    basis text not null,
    beneficiary text not null,
    beneficiary_name text not null,
    corrects_sequence integer,
    corrects_line_no integer,
    amount_fen bigint not null,
    offset_fen bigint not null,
    repaid_fen bigint not null,
    agreement_no integer not null,
    opened_on date not null,
    opened_at timestamptz not null,
    closed_on date,
    constraint recovery_key primary key (city, year, sequence, line_no),
    constraint recovery_of_line foreign key (city, year, sequence, line_no) references settlement.line (city, year, sequence, line_no),
    constraint recovery_corrects foreign key (city, year, corrects_sequence, corrects_line_no)
        references settlement.line (city, year, sequence, line_no),
    constraint recovery_state_known check (state in ('open', 'agreed', 'closed')),
    constraint recovery_cause_known check (cause in ('correction', 'ordered')),
    constraint recovery_not_negative check (amount_fen > 0 and offset_fen >= 0 and repaid_fen >= 0),
    constraint recovery_not_above_rest check (offset_fen + repaid_fen <= amount_fen),
    constraint recovery_closed_when_made_up check ((state = 'closed') = (offset_fen + repaid_fen = amount_fen)),
    constraint recovery_closed_day check ((state = 'closed') = (closed_on is not null)),
    constraint recovery_agreed_numbered check (state <> 'agreed' or agreement_no > 0)
);
create index recovery_by_beneficiary on settlement.recovery (city, beneficiary) where state <> 'closed';
alter table settlement.recovery enable row level security;
alter table settlement.recovery force row level security;
create policy recovery_tenant on settlement.recovery
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert, update (state, offset_fen, repaid_fen, agreement_no, closed_on) on settlement.recovery to zhirong_settlement;

-- What was set off: from which recovery, against which payment.
create table settlement.set_off (
    city text not null,
    year integer not null,
    sequence integer not null,
    line_no integer not null,
    recovery_year integer not null,
    recovery_sequence integer not null,
    recovery_line_no integer not null,
    amount_fen bigint not null,
    constraint set_off_key primary key (city, year, sequence, line_no, recovery_year, recovery_sequence, recovery_line_no),
    constraint set_off_of_payment foreign key (city, year, sequence, line_no) references settlement.payment (city, year, sequence, line_no),
    constraint set_off_of_recovery foreign key (city, recovery_year, recovery_sequence, recovery_line_no)
        references settlement.recovery (city, year, sequence, line_no),
    constraint set_off_positive check (amount_fen > 0)
);
alter table settlement.set_off enable row level security;
alter table settlement.set_off force row level security;
create policy set_off_tenant on settlement.set_off
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert on settlement.set_off to zhirong_settlement;

-- Instalments that were agreed; the highest agreement counts.
create table settlement.recovery_instalment (
    city text not null,
    year integer not null,
    sequence integer not null,
    line_no integer not null,
    agreement_no integer not null,
    instalment_no integer not null,
    due_on date not null,
    amount_fen bigint not null,
    rest_fen bigint not null,
    reference text not null,
    recorded_at timestamptz not null,
    recorded_by text not null,
    constraint recovery_instalment_key primary key (city, year, sequence, line_no, agreement_no, instalment_no),
    constraint recovery_instalment_of_recovery foreign key (city, year, sequence, line_no)
        references settlement.recovery (city, year, sequence, line_no),
    constraint recovery_instalment_positive check (amount_fen > 0 and instalment_no >= 1)
);
alter table settlement.recovery_instalment enable row level security;
alter table settlement.recovery_instalment force row level security;
create policy recovery_instalment_tenant on settlement.recovery_instalment
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert on settlement.recovery_instalment to zhirong_settlement;

-- At the end of the transaction the instalments of an agreement sum to what was left to pay.
create function settlement.instalments_sum() returns trigger language plpgsql as $$
declare
    agreed bigint;
    owed bigint;
begin
    select sum(i.amount_fen) into agreed from settlement.recovery_instalment i
    where i.city = new.city and i.year = new.year and i.sequence = new.sequence and i.line_no = new.line_no
        and i.agreement_no = new.agreement_no;
    select r.amount_fen - r.offset_fen - r.repaid_fen into owed from settlement.recovery r
    where r.city = new.city and r.year = new.year and r.sequence = new.sequence and r.line_no = new.line_no;
    if agreed <> new.rest_fen or owed <> new.rest_fen then
        raise exception 'the instalments sum to % and % is left', agreed, owed
            using errcode = 'check_violation', constraint = 'recovery_instalments_sum';
    end if;
    return new;
end
$$;
create constraint trigger recovery_instalments_sum after insert on settlement.recovery_instalment
    deferrable initially deferred for each row execute function settlement.instalments_sum();

create table settlement.repayment (
    city text not null,
    bank_serial text not null,
    year integer not null,
    sequence integer not null,
    line_no integer not null,
    amount_fen bigint not null,
    paid_on date not null,
    recorded_at timestamptz not null,
    recorded_by text not null,
    constraint repayment_key primary key (city, bank_serial),
    constraint repayment_of_recovery foreign key (city, year, sequence, line_no) references settlement.recovery (city, year, sequence, line_no),
    constraint repayment_positive check (amount_fen > 0)
);
alter table settlement.repayment enable row level security;
alter table settlement.repayment force row level security;
create policy repayment_tenant on settlement.repayment
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert on settlement.repayment to zhirong_settlement;

-- The bank's statement as it came: money out (above 0), refused (0) or back (below 0). Of the account only the last four digits.
create table settlement.statement_row (
    city text not null,
    bank_serial text not null,
    direction text not null,
    voucher_no text not null,
    amount_fen bigint not null,
    booked_on date not null,
    account_tail text not null,
    recorded_at timestamptz not null,
    recorded_by text not null,
    constraint statement_row_key primary key (city, bank_serial, direction),
    constraint statement_row_direction check (direction =
        case when amount_fen > 0 then 'out' when amount_fen < 0 then 'back' else 'refused' end),
    constraint statement_row_tail check (account_tail ~ '^[0-9]{0,4}$')
);
create index statement_row_by_voucher on settlement.statement_row (city, voucher_no);
alter table settlement.statement_row enable row level security;
alter table settlement.statement_row force row level security;
create policy statement_row_tenant on settlement.statement_row
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert on settlement.statement_row to zhirong_settlement;

-- A batch's way from draft to paid: its states, who moved it under which digest.
alter table settlement.batch
    add column decided_cut_off bigint,
    add column conditions text not null default '{}',
    add column submitted_by text,
    add column submitted_at timestamptz,
    add column submitted_digest text,
    add column published_by text,
    add column published_at timestamptz,
    add column published_digest text,
    add column approved_by text,
    add column approved_at timestamptz,
    add column approved_digest text,
    add column returned_by text,
    add column returned_at timestamptz,
    add column return_reason text,
    add column paid_at timestamptz,
    drop constraint batch_state_known,
    add constraint batch_state_known check (
        state in ('draft', 'in_review', 'public_notice', 'approved', 'released', 'paid', 'cancelled')
    ),
    drop constraint batch_released_complete,
    -- Batches released before approvals were asked for stay as they are: the rules below hold for what is written from now on.
    add constraint batch_released_complete check (
        state not in ('released', 'paid')
        or (released_by is not null and released_at is not null and batch_digest is not null and receipt is not null)
    ),
    add constraint batch_submitted_complete check (
        (submitted_by is null) = (submitted_digest is null) and (submitted_by is null) = (submitted_at is null)
    ),
    add constraint batch_published_complete check (
        (published_by is null) = (published_digest is null) and (published_by is null) = (published_at is null)
    ),
    add constraint batch_approved_complete check (
        (approved_by is null) = (approved_digest is null) and (approved_by is null) = (approved_at is null)
    ),
    -- What was submitted, published or approved is the batch as it stands: a batch that changes loses all three.
    add constraint batch_submitted_as_is check (submitted_digest = batch_digest),
    add constraint batch_published_as_is check (published_digest = batch_digest),
    add constraint batch_approved_as_is check (approved_digest = batch_digest),
    add constraint batch_steps_in_order check (
        case state
            when 'draft' then submitted_by is null and published_by is null and approved_by is null
            when 'in_review' then submitted_by is not null and published_by is null and approved_by is null
            when 'public_notice' then submitted_by is not null and published_by is not null and approved_by is null
            when 'cancelled' then true
            else submitted_by is not null and published_by is not null and approved_by is not null
        end
    ) not valid,
    -- Maker, checker and releaser are three people.
    add constraint batch_three_people check (
        approved_by <> opened_by and approved_by <> submitted_by and released_by <> opened_by
        and released_by <> submitted_by and released_by <> approved_by
    ),
    add constraint batch_decided_later check (decided_cut_off >= cut_off),
    add constraint batch_paid_complete check ((state = 'paid') = (paid_at is not null));

-- One batch on its way a city and year; and a released batch follows exactly one other.
drop index settlement.batch_one_draft;
create unique index batch_one_open on settlement.batch (city, year)
    where state in ('draft', 'in_review', 'public_notice', 'approved');
drop index settlement.batch_follows_one;
create unique index batch_follows_one on settlement.batch (city, year, coalesce(previous_digest, ''))
    where state in ('released', 'paid');

grant update (decided_cut_off, conditions, submitted_by, submitted_at, submitted_digest, published_by, published_at, published_digest,
    approved_by, approved_at, approved_digest, returned_by, returned_at, return_reason, paid_at) on settlement.batch to zhirong_settlement;

-- The states follow each other only along the verbs, and a verb changes what is its own: a cancelled or paid batch is closed for
-- ever, a released one can only be paid, and nobody's name or digest changes after they gave it.
create function settlement.batch_moves() returns trigger language plpgsql as $$
declare
    own text[];
begin
    own := case old.state || '>' || new.state
        when 'draft>in_review' then array['submitted_by', 'submitted_at', 'submitted_digest']
        when 'in_review>public_notice' then array['published_by', 'published_at', 'published_digest']
        when 'public_notice>approved' then array['approved_by', 'approved_at', 'approved_digest']
        when 'approved>released' then array['released_by', 'released_at', 'receipt']
        when 'released>paid' then array['paid_at']
        when 'draft>cancelled' then array['cancelled_by', 'cancelled_at', 'cancel_reason']
        when 'in_review>cancelled' then array['cancelled_by', 'cancelled_at', 'cancel_reason']
        when 'public_notice>cancelled' then array['cancelled_by', 'cancelled_at', 'cancel_reason']
        when 'approved>cancelled' then array['cancelled_by', 'cancelled_at', 'cancel_reason']
        when 'draft>draft' then array['decided_cut_off', 'conditions', 'computed_at', 'line_count', 'line_sum_fen', 'receipt', 'batch_digest']
        when 'in_review>draft' then array['submitted_by', 'submitted_at', 'submitted_digest', 'returned_by', 'returned_at', 'return_reason']
        when 'public_notice>draft' then array['submitted_by', 'submitted_at', 'submitted_digest', 'published_by', 'published_at',
            'published_digest', 'returned_by', 'returned_at', 'return_reason']
        when 'approved>draft' then array['submitted_by', 'submitted_at', 'submitted_digest', 'published_by', 'published_at',
            'published_digest', 'approved_by', 'approved_at', 'approved_digest', 'returned_by', 'returned_at', 'return_reason']
    end;
    if own is null or (to_jsonb(new) - 'state' - own) <> (to_jsonb(old) - 'state' - own) then
        raise exception 'batch % of % cannot go from % to %', old.sequence, old.year, old.state, new.state
            using errcode = 'check_violation',
                constraint = case when old.state in ('released', 'paid', 'cancelled') then 'batch_closed' else 'batch_steps' end;
    end if;
    return new;
end
$$;
drop trigger batch_closed on settlement.batch;
drop function settlement.batch_is_closed();
create trigger batch_a_steps before update on settlement.batch
    for each row execute function settlement.batch_moves();

-- Approvals given, for ever: who, as what, of which digest.
create table settlement.approval (
    city text not null,
    year integer not null,
    sequence integer not null,
    approval_no integer not null,
    step text not null,
    person text not null,
    person_role text not null,
    batch_digest text not null,
    reason text not null,
    given_at timestamptz not null,
    constraint approval_key primary key (city, year, sequence, approval_no),
    constraint approval_of_batch foreign key (city, year, sequence) references settlement.batch (city, year, sequence),
    constraint approval_step_known check (step in ('submitted', 'published', 'approved', 'released', 'returned', 'voided', 'cancelled')),
    constraint approval_number_positive check (approval_no >= 1)
);
alter table settlement.approval enable row level security;
alter table settlement.approval force row level security;
create policy approval_tenant on settlement.approval
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert on settlement.approval to zhirong_settlement;

-- Webhooks: endpoints, their secrets, and the outbox of deliveries, which triggers fill in the transaction of the fact that is told.
do $$
begin
    if not exists (select from pg_roles where rolname = 'zhirong_notify') then
        create role zhirong_notify nologin;
    end if;
end
$$;
create schema notify;
grant usage on schema ledger, notify to zhirong_notify;
-- What every command of the ledger needs.
grant select on ledger.cut_off, ledger.audit_head to zhirong_notify;
grant select, insert, update (answer, audit_stream, audit_chain_no, audit_hash) on ledger.request to zhirong_notify;
grant select, insert on ledger.audit to zhirong_notify;

-- An endpoint belongs to an institution or to an office (bureau, finance, auditor), never to a person. Whoever sends to it holds its lease.
create table notify.endpoint (
    city text not null,
    endpoint_id uuid not null,
    audience text not null,
    owner text not null,
    url text not null,
    event_types text[] not null,
    description text not null,
    created_at timestamptz not null default clock_timestamp(),
    created_by text not null,
    disabled_at timestamptz,
    disabled_reason text,
    failing_since timestamptz,
    lease_id uuid,
    leased_until timestamptz,
    constraint endpoint_key primary key (city, endpoint_id),
    constraint endpoint_city_form check (city ~ '^[0-9]{4}$'),
    constraint endpoint_audience_known check (audience in ('institution', 'bureau', 'finance', 'auditor')),
    constraint endpoint_office_is_owner check (audience = 'institution' or owner = audience),
    constraint endpoint_url_length check (octet_length(url) between 1 and 2048),
    constraint endpoint_reason_known check (disabled_reason in ('owner', 'gone', 'failing')),
    constraint endpoint_disabled_complete check ((disabled_at is null) = (disabled_reason is null)),
    constraint endpoint_lease_complete check ((lease_id is null) = (leased_until is null))
);
create index endpoint_by_owner on notify.endpoint (city, audience, owner);
alter table notify.endpoint enable row level security;
alter table notify.endpoint force row level security;
create policy endpoint_tenant on notify.endpoint to zhirong_notify
    using (city = current_setting('zhirong.city')
        and (current_setting('zhirong.institution') = '*'
            or (audience = 'institution' and owner = current_setting('zhirong.institution'))))
    with check (city = current_setting('zhirong.city')
        and (current_setting('zhirong.institution') = '*'
            or (audience = 'institution' and owner = current_setting('zhirong.institution'))));
-- The triggers run as the owner of the schema: an institution's own report may be told to the bureau.
create policy endpoint_outbox on notify.endpoint for select to current_role
    using (city = current_setting('zhirong.city'));
grant select, insert, update (url, event_types, description, disabled_at, disabled_reason, failing_since, lease_id, leased_until)
    on notify.endpoint to zhirong_notify;

-- Secrets, sealed for their row. The highest number signs; the one before it too, until its end.
create table notify.secret (
    city text not null,
    endpoint_id uuid not null,
    secret_no integer not null,
    audience text not null,
    owner text not null,
    key_id text not null,
    sealed bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    request_id uuid not null,
    valid_until timestamptz,
    constraint secret_key primary key (city, endpoint_id, secret_no),
    constraint secret_of_endpoint foreign key (city, endpoint_id) references notify.endpoint (city, endpoint_id),
    constraint secret_number_positive check (secret_no >= 1),
    constraint secret_sealed_length check (octet_length(sealed) > 28)
);
alter table notify.secret enable row level security;
alter table notify.secret force row level security;
create policy secret_tenant on notify.secret to zhirong_notify
    using (city = current_setting('zhirong.city')
        and (current_setting('zhirong.institution') = '*'
            or (audience = 'institution' and owner = current_setting('zhirong.institution'))))
    with check (city = current_setting('zhirong.city')
        and (current_setting('zhirong.institution') = '*'
            or (audience = 'institution' and owner = current_setting('zhirong.institution'))));
grant select, insert, update (valid_until) on notify.secret to zhirong_notify;

-- The outbox: one row a message and endpoint. `tries` counts since the last replay, `attempts` for ever.
create table notify.delivery (
    city text not null,
    delivery_id uuid not null,
    delivery_no bigint generated always as identity,
    endpoint_id uuid not null,
    audience text not null,
    owner text not null,
    event_type text not null,
    payload text not null,
    created_at timestamptz not null,
    state text not null default 'pending',
    tries integer not null default 0,
    attempts integer not null default 0,
    next_try_at timestamptz,
    constraint delivery_key primary key (city, delivery_id),
    constraint delivery_number_unique unique (city, delivery_no),
    constraint delivery_of_endpoint foreign key (city, endpoint_id) references notify.endpoint (city, endpoint_id),
    constraint delivery_state_known check (state in ('pending', 'delivered', 'failed')),
    constraint delivery_pending_has_time check ((state = 'pending') = (next_try_at is not null)),
    constraint delivery_payload_length check (octet_length(payload) <= 16384),
    constraint delivery_counted check (tries between 0 and attempts)
);
create index delivery_waiting on notify.delivery (city, endpoint_id, delivery_no) where state = 'pending';
create index delivery_by_owner on notify.delivery (city, audience, owner, delivery_no);
alter table notify.delivery enable row level security;
alter table notify.delivery force row level security;
create policy delivery_tenant on notify.delivery to zhirong_notify
    using (city = current_setting('zhirong.city')
        and (current_setting('zhirong.institution') = '*'
            or (audience = 'institution' and owner = current_setting('zhirong.institution'))))
    with check (city = current_setting('zhirong.city')
        and (current_setting('zhirong.institution') = '*'
            or (audience = 'institution' and owner = current_setting('zhirong.institution'))));
create policy delivery_outbox on notify.delivery for insert to current_role
    with check (city = current_setting('zhirong.city'));
grant select, insert, update (state, tries, attempts, next_try_at) on notify.delivery to zhirong_notify;

-- Every try, written before it is sent: one without a duration is under way, or its process was killed.
create table notify.attempt (
    city text not null,
    delivery_id uuid not null,
    attempt_no integer not null,
    audience text not null,
    owner text not null,
    started_at timestamptz not null,
    duration_ms integer,
    status_code integer not null default 0,
    failure text,
    response_excerpt text not null default '',
    constraint attempt_key primary key (city, delivery_id, attempt_no),
    constraint attempt_of_delivery foreign key (city, delivery_id) references notify.delivery (city, delivery_id),
    constraint attempt_number_positive check (attempt_no >= 1),
    constraint attempt_duration_positive check (duration_ms >= 0),
    constraint attempt_failure_known check (failure in
        ('status', 'redirect', 'gone', 'timeout', 'unresolved', 'address_refused', 'unreachable', 'tls')),
    constraint attempt_excerpt_length check (octet_length(response_excerpt) <= 4096)
);
alter table notify.attempt enable row level security;
alter table notify.attempt force row level security;
create policy attempt_tenant on notify.attempt to zhirong_notify
    using (city = current_setting('zhirong.city')
        and (current_setting('zhirong.institution') = '*'
            or (audience = 'institution' and owner = current_setting('zhirong.institution'))))
    with check (city = current_setting('zhirong.city')
        and (current_setting('zhirong.institution') = '*'
            or (audience = 'institution' and owner = current_setting('zhirong.institution'))));
grant select, insert, update (duration_ms, status_code, failure, response_excerpt) on notify.attempt to zhirong_notify;

create function notify.attempt_ends_once() returns trigger language plpgsql as $$
begin
    raise exception 'attempt % has ended', old.attempt_no using errcode = 'check_violation', constraint = 'attempt_ends_once';
end
$$;
create trigger attempt_ends_once before update on notify.attempt
    for each row when (old.duration_ms is not null) execute function notify.attempt_ends_once();

-- The body of a message, as it is signed and sent.
create function notify.payload(of_type text, about json, moment timestamptz) returns text
    language sql stable
    return json_build_object(
        'type', of_type,
        'timestamp', to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'data', about
    )::text;
grant execute on function notify.payload to zhirong_notify;

-- Puts an event into the outbox of every endpoint that wants it. The offices hear everything of their city; of institutions those that are
-- named, or all where none is.
create function notify.tell(of_city text, of_type text, about json, institutions text[]) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    moment timestamptz := clock_timestamp();
begin
    insert into notify.delivery (city, delivery_id, endpoint_id, audience, owner, event_type, payload, created_at, next_try_at)
    select e.city, gen_random_uuid(), e.endpoint_id, e.audience, e.owner, of_type, notify.payload(of_type, about, moment), moment, moment
    from notify.endpoint e
    where e.city = of_city and e.disabled_at is null
        and (e.event_types = '{}' or of_type = any (e.event_types))
        and (e.audience <> 'institution' or institutions is null or e.owner = any (institutions))
    order by e.created_at, e.endpoint_id;
end
$$;
-- Triggers alone call it.
revoke execute on function notify.tell from public;

-- Whether anybody would be told, so that facts nobody listens for cost one look.
create function notify.is_heard(of_city text) returns boolean
    language sql stable security definer set search_path = pg_catalog, pg_temp
    return exists (select from notify.endpoint e where e.city = of_city and e.disabled_at is null);
revoke execute on function notify.is_heard from public;

-- The institutions whose own a line is: of an incentive those of the beneficiary's legal person, or the one branch that the line is about.
create function notify.branches(of_city text, of_measure text, beneficiary text, of_item text) returns text[]
    language sql stable security definer set search_path = pg_catalog, pg_temp
    return (
        select coalesce(array_agg(latest.institution_code), '{}')
        from (
            select distinct on (i.institution_code) i.institution_code, i.legal_person_uscc, i.withdrawn
            from registry.institution i
            where i.city = of_city
            order by i.institution_code, i.revision desc
        ) latest
        where of_measure = 'bank_incentive' and not latest.withdrawn and latest.legal_person_uscc = beneficiary
            and of_item in ('', latest.institution_code)
    );
revoke execute on function notify.branches from public;

-- The number of a batch or an objection, such as 410500-2025-001.
create function notify.number(of_city text, of_year integer, of_sequence integer) returns text
    language sql immutable
    return of_city || '00-' || lpad(of_year::text, 4, '0') || '-' || lpad(of_sequence::text, 3, '0');

-- A batch's steps. An institution hears of the release and the payment of a batch with a line of its own, or on its own records.
create function notify.batch_moved() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    step text := case new.state
        when 'in_review' then 'submitted'
        when 'public_notice' then 'published'
        when 'draft' then 'returned'
        else new.state
    end;
    concerned text[] := '{}';
begin
    if not notify.is_heard(new.city) then
        return null;
    end if;
    if new.state in ('released', 'paid') then
        select coalesce(array_agg(distinct own.code), '{}') into concerned
        from settlement.line l
        cross join lateral unnest(
            l.institutions
            || case l.measure when 'bank_incentive' then notify.branches(l.city, l.measure, l.beneficiary, l.item) else '{}' end
        ) as own (code)
        where l.city = new.city and l.year = new.year and l.sequence = new.sequence;
    end if;
    perform notify.tell(new.city, 'batch.' || step, json_build_object(
        'batch', 'batches/' || notify.number(new.city, new.year, new.sequence), 'digest', new.batch_digest, 'state', new.state), concerned);
    return null;
end
$$;
create trigger batch_told after update on settlement.batch
    for each row when (old.state is distinct from new.state) execute function notify.batch_moved();

-- A notice is public: everybody hears of it.
create function notify.notice_published() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform notify.tell(new.city, 'notice.published', json_build_object(
        'notice', 'batches/' || notify.number(new.city, new.year, new.sequence) || '/notices/' || new.notice_no,
        'digest', new.batch_digest, 'endsOn', new.ends_on), null);
    return null;
end
$$;
create trigger notice_told after insert on settlement.notice
    for each row execute function notify.notice_published();

-- Objections: to the institution whose line it is about; who objects stays with the bureau.
create function notify.objection_moved() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if notify.is_heard(new.city) then
        perform notify.tell(
            new.city,
            case new.state when 'open' then 'objection.opened' else 'objection.decided' end,
            json_build_object(
                'objection', 'objections/' || notify.number(new.city, new.year, new.objection_no), 'state', new.state),
            notify.branches(new.city, new.measure, new.beneficiary, new.item));
    end if;
    return null;
end
$$;
create trigger objection_opened_told after insert on settlement.objection
    for each row execute function notify.objection_moved();
create trigger objection_decided_told after update on settlement.objection
    for each row when (old.state is distinct from new.state) execute function notify.objection_moved();

-- Payments that the treasury answered: to the institution that is paid.
create function notify.payment_answered() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    about record;
begin
    if not notify.is_heard(new.city) then
        return null;
    end if;
    select l.measure, l.item into strict about from settlement.line l
    where l.city = new.city and l.year = new.year and l.sequence = new.sequence and l.line_no = new.line_no;
    perform notify.tell(
        new.city,
        case new.state when 'paid' then 'payment.paid' else 'payment.returned' end,
        json_build_object(
            'payment', 'batches/' || notify.number(new.city, new.year, new.sequence) || '/payments/' || new.line_no,
            'batch', 'batches/' || notify.number(new.city, new.year, new.sequence), 'state', new.state),
        notify.branches(new.city, about.measure, new.beneficiary, about.item));
    return null;
end
$$;
create trigger payment_told after update on settlement.payment
    for each row when (old.state is distinct from new.state and new.state in ('paid', 'returned_passive', 'returned_active'))
    execute function notify.payment_answered();

-- Credentials: to the institution whose key it is.
create function notify.credential_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform notify.tell(
        new.city,
        case when new.revoked_at is null then 'credential.created' else 'credential.revoked' end,
        json_build_object('credential', 'credentials/' || encode(new.spki_digest, 'hex'), 'role', new.role),
        case when new.role = 'institution' then array[new.holder] else '{}'::text[] end);
    return null;
end
$$;
create trigger credential_created_told after insert on registry.credential
    for each row execute function notify.credential_changed();
create trigger credential_revoked_told after update on registry.credential
    for each row when (old.revoked_at is null and new.revoked_at is not null) execute function notify.credential_changed();

-- An endpoint that was given up: to the other endpoints of its owner.
create function notify.endpoint_given_up() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    moment timestamptz := clock_timestamp();
    of_type text := 'webhook_endpoint.disabled';
begin
    insert into notify.delivery (city, delivery_id, endpoint_id, audience, owner, event_type, payload, created_at, next_try_at)
    select e.city, gen_random_uuid(), e.endpoint_id, e.audience, e.owner, of_type,
        notify.payload(
            of_type, json_build_object('endpoint', 'webhookEndpoints/' || new.endpoint_id, 'reason', new.disabled_reason), moment),
        moment, moment
    from notify.endpoint e
    where e.city = new.city and e.audience = new.audience and e.owner = new.owner and e.disabled_at is null
        and (e.event_types = '{}' or of_type = any (e.event_types));
    return null;
end
$$;
create trigger endpoint_given_up_told after update on notify.endpoint
    for each row when (old.disabled_at is null and new.disabled_reason in ('gone', 'failing'))
    execute function notify.endpoint_given_up();

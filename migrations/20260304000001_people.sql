-- People who sign in by OpenID Connect: sign-ins under way, sessions, and the proofs (DPoP) that were used.
do $$
begin
    if not exists (select from pg_roles where rolname = 'zhirong_people') then
        create role zhirong_people nologin;
    end if;
end
$$;
create schema people;
grant usage on schema ledger, people to zhirong_people;
grant usage on schema people to zhirong_identity;
-- What every command of the ledger needs.
grant select on ledger.cut_off, ledger.audit_head to zhirong_people;
grant select, insert, update (answer, audit_stream, audit_chain_no, audit_hash) on ledger.request to zhirong_people;
grant select, insert on ledger.audit to zhirong_people;

-- A sign-in under way. It belongs to no city yet; it is taken once, by the browser that began it, within ten minutes.
create table people.sign_in (
    state_digest bytea not null,
    browser_digest bytea not null,
    nonce text not null,
    verifier text not null,
    return_path text not null,
    wanted_role text not null,
    bound_kind text not null,
    bound_to bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    constraint sign_in_key primary key (state_digest),
    constraint sign_in_digest_length check (octet_length(state_digest) = 32 and octet_length(browser_digest) = 32),
    constraint sign_in_bound check (bound_kind in ('certificate', 'dpop') and octet_length(bound_to) = 32),
    constraint sign_in_return_path check (return_path ~ '^/' and octet_length(return_path) <= 512)
);
create index sign_in_by_age on people.sign_in (created_at);
alter table people.sign_in enable row level security;
alter table people.sign_in force row level security;
create policy sign_in_of_nobody_yet on people.sign_in to zhirong_people using (true) with check (true);
grant select, insert, delete on people.sign_in to zhirong_people;

-- A session: of its token only the SHA-256 is kept. It is never removed: it says who was signed in when, as what, on which key.
create table people.session (
    city text not null,
    session_id uuid not null,
    token_digest bytea not null,
    subject text not null,
    name text not null,
    role text not null,
    bound_kind text not null,
    bound_to bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    last_used_at timestamptz not null default clock_timestamp(),
    ends_at timestamptz not null default clock_timestamp() + interval '8 hours',
    revoked_at timestamptz,
    revoked_by text,
    constraint session_key primary key (city, session_id),
    constraint session_token_unique unique (token_digest),
    constraint session_city_form check (city ~ '^[0-9]{4}$'),
    constraint session_token_length check (octet_length(token_digest) = 32),
    -- Nobody signs in as an institution: banks and insurers call with certificates alone.
    constraint session_role_known check (role in ('bureau', 'finance-maker', 'finance-checker', 'finance-releaser', 'auditor')),
    constraint session_subject_is_person check (subject ~ '^person:[!-~]{1,128}$'),
    constraint session_bound check (bound_kind in ('certificate', 'dpop') and octet_length(bound_to) = 32),
    constraint session_period check (ends_at > created_at and ends_at <= created_at + interval '8 hours 1 second'),
    constraint session_revocation check ((revoked_at is null) = (revoked_by is null))
);
create index session_by_age on people.session (city, created_at, session_id);
create index session_open_by_subject on people.session (city, subject) where revoked_at is null;
alter table people.session enable row level security;
alter table people.session force row level security;
create policy session_tenant on people.session to zhirong_people
    using (city = current_setting('zhirong.city'))
    with check (city = current_setting('zhirong.city'));
grant select, insert, update (revoked_at, revoked_by) on people.session to zhirong_people;
-- Before a caller is known there is no city: the identity role looks a token up, and says that it was used.
create policy session_lookup on people.session to zhirong_identity using (true) with check (true);
grant select, update (last_used_at) on people.session to zhirong_identity;

-- A session that has ended stays ended, and the clock of its use goes forwards.
create function people.session_moves_on() returns trigger language plpgsql as $$
begin
    if old.revoked_at is not null then
        raise exception 'session % has ended', old.session_id using errcode = 'check_violation', constraint = 'session_ends_once';
    end if;
    return new;
end
$$;
create trigger session_ends_once before update on people.session
    for each row execute function people.session_moves_on();

-- Proofs that were used, by key and number (RFC 9449, 11.1). Each is good for a minute, so they are kept for five.
create table people.proof (
    key_digest bytea not null,
    proof_id text not null,
    seen_at timestamptz not null default clock_timestamp(),
    constraint proof_key primary key (key_digest, proof_id),
    constraint proof_length check (octet_length(key_digest) = 32 and octet_length(proof_id) between 1 and 128)
);
create index proof_by_age on people.proof (seen_at);
alter table people.proof enable row level security;
alter table people.proof force row level security;
create policy proof_of_any_city on people.proof to zhirong_identity using (true) with check (true);
grant select, insert, delete on people.proof to zhirong_identity;

-- A write holds its caller's session as it holds a key: once a session has ended, nothing commits under it.

-- The function runs as the owner of the schema, which row-level security holds as well: it may look sessions up and lock them, and change nothing.
create policy session_held on people.session for select to current_role
    using (true);
create policy session_locked on people.session for update to current_role
    using (true)
    with check (false);

-- Whether the session of a token (its SHA-256 digest) is open now; it is then held for share until the transaction ends.
create function people.session_stands(digest bytea) returns boolean
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform from people.session s
    where s.token_digest = digest
        and s.revoked_at is null
        and clock_timestamp() < s.ends_at
        and s.last_used_at > clock_timestamp() - interval '15 minutes'
    for share;
    return found;
end
$$;
revoke all on function people.session_stands(bytea) from public;

-- Whether whoever calls by a key or a session may still: both are held until the transaction ends.
create function ledger.caller_stands(kind text, digest bytea) returns boolean
    language sql security definer set search_path = pg_catalog, pg_temp as $$
    select case kind
        when 'key' then ledger.credential_stands(digest)
        when 'session' then people.session_stands(digest)
    end
$$;
revoke all on function ledger.caller_stands(text, bytea) from public;
grant execute on function ledger.caller_stands(text, bytea)
    to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement, zhirong_files, zhirong_notify, zhirong_people;

-- The service of people is tried at the start like the others.
grant select on ledger.isolation_probe to zhirong_people;

-- What a provider says of a person is held to plain text like everything else that is shown.
alter table people.session add constraint session_texts_plain check (
        ledger.is_plain(concat_ws(' ', name, revoked_by))
        and length(name) <= 200 and length(revoked_by) <= 200
) not valid;
alter table people.session validate constraint session_texts_plain;

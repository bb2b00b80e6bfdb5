-- A sign-out has its turn among its person's writes, as a revocation has among those of a key: a row that is locked for share is locked
-- for share again at once, so writes that overlap without end would keep a stolen session open for ever. Whoever ends sessions of a
-- person takes the advisory lock of that person first.
create or replace function people.session_stands(digest bytea) returns boolean
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform pg_advisory_xact_lock_shared(hashtextextended('people.session.of.' || s.city || '/' || s.subject, 0))
    from people.session s
    where s.token_digest = digest;
    perform from people.session s
    where s.token_digest = digest
        and s.revoked_at is null
        and clock_timestamp() < s.ends_at
        and s.last_used_at > clock_timestamp() - interval '15 minutes'
    for share;
    return found;
end
$$;

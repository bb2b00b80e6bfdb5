-- A write holds its caller's credential: once a revocation has committed, no write under the credential does.

-- The function runs as the owner of the schema, which row-level security holds as well: it may look keys up and lock them, and change nothing.
create policy credential_held on registry.credential for select to current_role
    using (true);
create policy credential_locked on registry.credential for update to current_role
    using (true)
    with check (false);

-- Whether the credential of a public key (its SHA-256 digest) stands now; it is then held for share until the transaction ends. A row that is
-- locked for share is locked for share again at once, so writers who overlap without end would keep a revocation waiting for ever: the
-- advisory lock serves in the order of asking, and whoever revokes takes it first.
create function ledger.credential_stands(digest bytea) returns boolean
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform pg_advisory_xact_lock_shared(hashtextextended('registry.credential.' || encode(digest, 'hex'), 0));
    perform from registry.credential c
    where c.spki_digest = digest
        and c.revoked_at is null
        and clock_timestamp() between c.not_before and c.not_after
    for share;
    return found;
end
$$;
revoke all on function ledger.credential_stands(bytea) from public;
grant execute on function ledger.credential_stands(bytea)
    to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement, zhirong_files, zhirong_notify;

-- Two live keys for one holder, so that a key can be rotated without a gap, and no third. After the insert, since a key that is registered
-- already is passed over without one.
create function registry.credential_live_most() returns trigger
    language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('registry.credential.of.' || new.city || '/' || new.holder, 0));
    if (select count(*) from registry.credential c
        where c.city = new.city and c.holder = new.holder
            and c.revoked_at is null and c.not_after > clock_timestamp()) > 2 then
        raise exception 'holder % of city % has two live keys already', new.holder, new.city
            using errcode = 'check_violation', constraint = 'credential_two_live';
    end if;
    return null;
end
$$;
create trigger credential_two_live after insert on registry.credential
    for each row execute function registry.credential_live_most();

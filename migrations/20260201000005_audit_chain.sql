-- The audit trail as hash chains: one a city and stream (each institution, `bureau`, `finance`). The database itself numbers and chains every
-- row as it is written, so no service can leave a row out of its chain, and nobody can change or remove one afterwards.

-- The last row of each chain. Written by the triggers alone; the services may read it.
create table ledger.audit_head (
    city text not null,
    stream text not null,
    chain_no bigint not null,
    head_hash bytea not null,
    constraint audit_head_key primary key (city, stream),
    constraint audit_head_counted check (chain_no >= 0),
    constraint audit_head_hash_length check (octet_length(head_hash) = 32)
) with (fillfactor = 50);

alter table ledger.audit
    add column chain_no bigint,
    add column previous_hash bytea,
    add column row_hash bytea,
    add column hash_version smallint;

-- A part of the hashed bytes: its length in four bytes, then itself; a length of ffffffff is a part that is null.
create function ledger.audit_part(part bytea) returns bytea
    language sql immutable parallel safe
    return coalesce(int4send(octet_length(part)) || part, '\xffffffff'::bytea);

-- The hash of a row, version 1: SHA-256 over every column in this order. Integers are big-endian, texts UTF-8, the time is in microseconds since
-- 1970-01-01 UTC. `ledger::audit_chain` computes the same outside the database; a change of the encoding is a new version beside this one.
create function ledger.audit_row_hash(row_of ledger.audit) returns bytea
    language sql stable parallel safe
    return sha256(
        ledger.audit_part(convert_to('zhirong.audit', 'UTF8'))
        || ledger.audit_part(int2send(row_of.hash_version))
        || ledger.audit_part(convert_to(row_of.city, 'UTF8'))
        || ledger.audit_part(convert_to(row_of.stream, 'UTF8'))
        || ledger.audit_part(int8send(row_of.chain_no))
        || ledger.audit_part(row_of.previous_hash)
        || ledger.audit_part(uuid_send(row_of.audit_id))
        || ledger.audit_part(convert_to(row_of.actor, 'UTF8'))
        || ledger.audit_part(convert_to(row_of.actor_role, 'UTF8'))
        || ledger.audit_part(convert_to(row_of.action, 'UTF8'))
        || ledger.audit_part(convert_to(row_of.object, 'UTF8'))
        || ledger.audit_part(row_of.body_digest)
        || ledger.audit_part(uuid_send(row_of.request_id))
        || ledger.audit_part(int8send(row_of.cut_off))
        || ledger.audit_part(convert_to(row_of.traceparent, 'UTF8'))
        || ledger.audit_part(int8send((extract(epoch from row_of.recorded_at) * 1000000)::bigint))
    );

-- Rows from before are chained in the order they were recorded. The owner, who runs this, is past row-level security for as long.
alter table ledger.audit no force row level security;
do $$
declare
    each ledger.audit;
    head ledger.audit_head;
begin
    for each in select a.* from ledger.audit a order by a.city, a.stream, a.recorded_at, a.audit_id loop
        if head.city is distinct from each.city or head.stream is distinct from each.stream then
            head := row(each.city, each.stream, 0, decode(repeat('00', 32), 'hex'))::ledger.audit_head;
        end if;
        each.hash_version := 1;
        each.chain_no := head.chain_no + 1;
        each.previous_hash := head.head_hash;
        each.row_hash := ledger.audit_row_hash(each);
        update ledger.audit a
        set chain_no = each.chain_no, previous_hash = each.previous_hash, row_hash = each.row_hash, hash_version = each.hash_version
        where a.city = each.city and a.audit_id = each.audit_id;
        head.chain_no := each.chain_no;
        head.head_hash := each.row_hash;
        insert into ledger.audit_head (city, stream, chain_no, head_hash)
        values (head.city, head.stream, head.chain_no, head.head_hash)
        on conflict on constraint audit_head_key do update set chain_no = excluded.chain_no, head_hash = excluded.head_hash;
    end loop;
end
$$;
alter table ledger.audit force row level security;

alter table ledger.audit
    alter column chain_no set not null,
    alter column previous_hash set not null,
    alter column row_hash set not null,
    alter column hash_version set not null,
    add constraint audit_chain_once unique (city, stream, chain_no),
    add constraint audit_chain_from_one check (chain_no >= 1),
    add constraint audit_hash_lengths check (octet_length(previous_hash) = 32 and octet_length(row_hash) = 32),
    -- An institution whose code is an office's stream would write into it.
    add constraint audit_stream_is_own check (actor_role <> 'institution' or stream not in ('*', 'bureau', 'finance'));
-- Its readers are served by the chain's own order.
drop index ledger.audit_by_stream;

alter table ledger.audit_head enable row level security;
alter table ledger.audit_head force row level security;
create policy audit_head_tenant on ledger.audit_head
    using (city = current_setting('zhirong.city') and current_setting('zhirong.institution') in ('*', stream))
    with check (city = current_setting('zhirong.city') and current_setting('zhirong.institution') in ('*', stream));
grant select on ledger.audit_head to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;

-- Takes the chain's head, which holds every other writer of the chain until the transaction ends, and chains the row behind it. It runs with the
-- owner's rights, since the services may not write heads. The time is taken under the lock, so that it ascends along the chain.
create function ledger.audit_chain() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    head ledger.audit_head;
begin
    select h.* into head from ledger.audit_head h where h.city = new.city and h.stream = new.stream for update;
    if not found then
        insert into ledger.audit_head (city, stream, chain_no, head_hash)
        values (new.city, new.stream, 0, decode(repeat('00', 32), 'hex'))
        on conflict on constraint audit_head_key do nothing;
        select h.* into strict head from ledger.audit_head h where h.city = new.city and h.stream = new.stream for update;
    end if;
    new.hash_version := 1;
    new.chain_no := head.chain_no + 1;
    new.previous_hash := head.head_hash;
    new.recorded_at := clock_timestamp();
    new.row_hash := ledger.audit_row_hash(new);
    return new;
end
$$;
create trigger audit_chained before insert on ledger.audit
    for each row execute function ledger.audit_chain();

-- Moves the head once the row is really there: a row that a conflict clause left out moves nothing.
create function ledger.audit_move_head() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update ledger.audit_head h set chain_no = new.chain_no, head_hash = new.row_hash
    where h.city = new.city and h.stream = new.stream and h.chain_no = new.chain_no - 1;
    if not found then
        raise exception 'audit row % of % does not follow its head', new.chain_no, new.stream
            using errcode = 'check_violation', constraint = 'audit_follows_head';
    end if;
    return null;
end
$$;
create trigger audit_head_moved after insert on ledger.audit
    for each row execute function ledger.audit_move_head();

-- Nothing is changed or removed, whoever asks: a right granted by mistake is not enough.
create function ledger.audit_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception '% of %: the audit trail is append-only', tg_op, tg_table_name
        using errcode = 'check_violation', constraint = 'audit_append_only';
end
$$;
create trigger audit_unchanged before update or delete on ledger.audit
    for each row execute function ledger.audit_is_append_only();
create trigger audit_whole before truncate on ledger.audit
    for each statement execute function ledger.audit_is_append_only();
create trigger audit_head_kept before delete on ledger.audit_head
    for each row execute function ledger.audit_is_append_only();
create trigger audit_head_whole before truncate on ledger.audit_head
    for each statement execute function ledger.audit_is_append_only();

-- The audit row that a first answer named, so that a repeat names the same one.
alter table ledger.request
    add column audit_stream text,
    add column audit_chain_no bigint,
    add column audit_hash bytea,
    add constraint request_audit_complete
        check ((audit_stream is null) = (audit_chain_no is null) and (audit_chain_no is null) = (audit_hash is null));
grant update (audit_stream, audit_chain_no, audit_hash) on ledger.request to zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement;

-- An institution's code is its audit stream and its view of the tables: it must be no office's, nor everybody's.
alter table registry.credential
    add constraint credential_holder_is_no_office check (role <> 'institution' or holder not in ('*', 'bureau', 'finance'));

-- The heads of the city's chains as they stood when the batch was opened, as JSON; part of its receipt.
alter table settlement.batch
    add column audit_heads text not null default '[]',
    add constraint batch_audit_heads_list check (jsonb_typeof(audit_heads::jsonb) = 'array');

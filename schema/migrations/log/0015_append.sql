-- As before, but the ledger is looked at in the statement that writes it, and months that have not begun are left out: nothing
-- is recorded later than what is recorded now.

-- Appends one batch: one call, one transaction, one round trip.
--
-- The head goes first, by compare-and-set: where it succeeds, nobody has appended since the batch was composed, so all
-- that was decided still holds; and until the commit nobody else can append. Each statement below sees all that was
-- committed before (the function is volatile, the isolation read committed).
-- False: another process appended, nothing is written. VN001: a command id is in the ledger. VN002: a stream is not at
-- the version that was decided on. VN003: a claim is taken. VN004: a key is wrapped with a generation of the master key that was
-- replaced. VN005: a key to destroy is not there.
create or replace function {log}.append(
    x_generation integer, x_position bigint,
    n_position bigint, n_recorded_at timestamptz, n_numbers text, n_frontier bytea,
    s_id uuid[], s_type text[], s_base bigint[], s_version bigint[], s_first bigint[], s_last bigint[],
    c_id uuid[], c_digest bytea[], c_first bigint[], c_events integer[], c_reply text[],
    l_kind text[], l_key text[], l_type text[], l_id uuid[],
    k_id uuid[], k_aggregate uuid[], k_subject uuid[], k_master integer[], k_wrapped bytea[],
    d_id uuid[], d_aggregate uuid[], d_subject uuid[], d_stored boolean[],
    t_level smallint[], t_index bigint[], t_hash bytea[],
    e_id uuid[], e_type text[], e_aggregate text[], e_sequence bigint[], e_event_type text[], e_event_version text[],
    e_payload text[], e_metadata text[], e_occurred_at timestamptz[], e_recorded_at timestamptz[], e_leaf bytea[]
) returns boolean language plpgsql volatile as $$
declare
    updated  integer;
    inserted integer := 0;
begin
    update {log}.head
    set position = n_position, recorded_at = n_recorded_at, numbers = n_numbers, frontier = n_frontier
    where only_row and generation = x_generation and position = x_position and recorded_at <= n_recorded_at;
    if not found then
        return false;
    end if;

    if cardinality(s_id) > 0 then
        update {log}.streams s
        set version = u.version, last_position = u.last
        from unnest(s_id, s_base, s_version, s_last) u (id, base, version, last)
        where s.aggregate_id = u.id and s.version = u.base;
        get diagnostics updated = row_count;
        if updated < cardinality(s_id) then
            insert into {log}.streams (aggregate_id, aggregate_type, version, first_position, last_position)
            select u.id, u.type, u.version, u.first, u.last
            from unnest(s_id, s_type, s_base, s_version, s_first, s_last) u (id, type, base, version, first, last)
            where u.base = 0
            on conflict do nothing;
            get diagnostics inserted = row_count;
            if updated + inserted <> cardinality(s_id) then
                raise exception 'a stream of the batch has moved' using errcode = 'VN002';
            end if;
        end if;
    end if;

    insert into {log}.commands (command_id, recorded_at, digest, first_position, events, reply)
    select u.id, n_recorded_at, u.digest, u.first, u.events, u.reply
    from unnest(c_id, c_digest, c_first, c_events, c_reply) u (id, digest, first, events, reply)
    where not exists (select from {log}.commands c where c.command_id = u.id and c.recorded_at <= n_recorded_at);
    get diagnostics inserted = row_count;
    if inserted <> cardinality(c_id) then
        raise exception 'a command of the batch has taken effect before' using errcode = 'VN001';
    end if;

    if cardinality(l_kind) > 0 then
        insert into {log}.claims (kind, key, aggregate_type, aggregate_id, position)
        select u.kind, u.key, u.type, u.id, n_position
        from unnest(l_kind, l_key, l_type, l_id) u (kind, key, type, id)
        on conflict do nothing;
        get diagnostics inserted = row_count;
        if inserted <> cardinality(l_kind) then
            raise exception 'a claim of the batch is taken' using errcode = 'VN003';
        end if;
    end if;

    -- First what is destroyed: the same batch may give its owner a new key. One that was made in the batch itself was never stored.
    if cardinality(d_id) > 0 then
        delete from {log}.keys k
        using unnest(d_id, d_stored) d (id, stored)
        where k.key_id = d.id and d.stored;
        get diagnostics updated = row_count;
        if updated <> (select count(*) from unnest(d_stored) d (stored) where d.stored) then
            raise exception 'a key that the batch destroys is not there' using errcode = 'VN005';
        end if;
        insert into {log}.destroyed_keys (key_id, aggregate_id, subject, position, destroyed_at)
        select d.id, d.aggregate, d.subject, n_position, n_recorded_at
        from unnest(d_id, d_aggregate, d_subject) d (id, aggregate, subject);
    end if;

    if cardinality(k_id) > 0 then
        if exists (
            select from unnest(k_master) used (generation)
            where used.generation < (select max(m.generation) from {log}.master_keys m)
        ) then
            raise exception 'the master key has a newer generation' using errcode = 'VN004';
        end if;
        insert into {log}.keys (key_id, aggregate_id, subject, master, wrapped, created_at)
        select u.id, u.aggregate, u.subject, u.master, u.wrapped, n_recorded_at
        from unnest(k_id, k_aggregate, k_subject, k_master, k_wrapped) u (id, aggregate, subject, master, wrapped);
    end if;

    if cardinality(t_level) > 0 then
        insert into {log}.tree (level, index, hash)
        select u.level, u.index, u.hash
        from unnest(t_level, t_index, t_hash) u (level, index, hash);
    end if;

    insert into {log}.events (position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
                              payload, metadata, occurred_at, recorded_at, leaf_hash)
    select x_position + u.i, u.id, u.type, u.aggregate, u.sequence, u.event_type, u.event_version,
           u.payload::json, u.metadata::json, u.occurred_at, u.recorded_at, u.leaf
    from unnest(e_id, e_type, e_aggregate, e_sequence, e_event_type, e_event_version, e_payload, e_metadata,
                e_occurred_at, e_recorded_at, e_leaf)
         with ordinality u (id, type, aggregate, sequence, event_type, event_version, payload, metadata,
                            occurred_at, recorded_at, leaf, i);
    return true;
end
$$;

-- The same for a batch of one command with one event on one stream, and nothing else: what a quiet hour is made of. Without
-- arrays it takes half the time.
create or replace function {log}.append_one(
    x_generation integer, x_position bigint, n_recorded_at timestamptz, n_numbers text, n_frontier bytea,
    s_id uuid, s_type text, s_base bigint,
    c_id uuid, c_digest bytea, c_reply text,
    t_level smallint[], t_index bigint[], t_hash bytea[],
    e_id uuid, e_event_type text, e_event_version text, e_payload text, e_metadata text, e_occurred_at timestamptz,
    e_leaf bytea
) returns boolean language plpgsql volatile as $$
begin
    update {log}.head
    set position = x_position + 1, recorded_at = n_recorded_at, numbers = n_numbers, frontier = n_frontier
    where only_row and generation = x_generation and position = x_position and recorded_at <= n_recorded_at;
    if not found then
        return false;
    end if;

    if s_base = 0 then
        insert into {log}.streams (aggregate_id, aggregate_type, version, first_position, last_position)
        values (s_id, s_type, 1, x_position + 1, x_position + 1)
        on conflict do nothing;
    else
        update {log}.streams s
        set version = s_base + 1, last_position = x_position + 1
        where s.aggregate_id = s_id and s.version = s_base;
    end if;
    if not found then
        raise exception 'a stream of the batch has moved' using errcode = 'VN002';
    end if;

    insert into {log}.commands (command_id, recorded_at, digest, first_position, events, reply)
    select c_id, n_recorded_at, c_digest, x_position + 1, 1, c_reply
    where not exists (select from {log}.commands c where c.command_id = c_id and c.recorded_at <= n_recorded_at);
    if not found then
        raise exception 'a command of the batch has taken effect before' using errcode = 'VN001';
    end if;

    if cardinality(t_level) > 0 then
        insert into {log}.tree (level, index, hash)
        select u.level, u.index, u.hash
        from unnest(t_level, t_index, t_hash) u (level, index, hash);
    end if;

    insert into {log}.events (position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
                              payload, metadata, occurred_at, recorded_at, leaf_hash)
    values (x_position + 1, e_id, s_type, s_id::text, s_base + 1, e_event_type, e_event_version,
            e_payload::json, e_metadata::json, e_occurred_at, n_recorded_at, e_leaf);
    return true;
end
$$;

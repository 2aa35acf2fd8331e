//! Fetching what memory does not have: the misses of a batch in one query.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sqlx::{PgConnection, Row as _};
use tracing::warn;
use uuid::Uuid;

use super::Reply;
use super::cache::{Cache, ClaimKey, Entry, Stream};
use super::kind::State;
use super::snapshot::{LONG, Saved, WARM};
use super::work::Touch;
use crate::log::{LogName, StoredEvent};
use crate::read::{COLUMNS, event_of};
use crate::seal::{KEY_COLUMNS, KeyRef, KeyScope, MasterKeys, RecordKey, key_ref};

/// Loads records into the cache; one that has no event yet is there with version 0.
pub(super) async fn streams(
    connection: &mut PgConnection,
    log: LogName,
    master: &MasterKeys,
    missing: &HashMap<Uuid, Touch>,
    cache: &mut Cache,
) -> Result<(), sqlx::Error> {
    if missing.is_empty() {
        return Ok(());
    }
    let mut found = bases(connection, log, master, missing).await?;
    let mut events = histories(connection, log, &found).await?;
    let ids: Vec<Uuid> = found.keys().copied().collect();
    let mut keys = if ids.is_empty() { HashMap::new() } else { record_keys(connection, log, master, &ids).await? };
    for (id, touch) in missing {
        let stream = match found.remove(id) {
            Some(base) => {
                let history = events.remove(id).unwrap_or_default();
                stream(touch, base, &history, keys.remove(id).unwrap_or_default())?
            }
            None => no_events(touch)?,
        };
        cache.streams.put(*id, stream);
    }
    Ok(())
}

/// A record before its first event.
pub(super) fn no_events(touch: &Touch) -> Result<Stream, sqlx::Error> {
    Ok(Stream {
        aggregate_type: touch.aggregate_type.into(),
        version: 0,
        state: hydrated(touch, None, &[])?,
        keys: Vec::new(),
        kind: touch.kind,
        snapshot_at: WARM,
    })
}

/// Where a record's events lie, and the snapshot that they come on top of.
struct Base {
    aggregate_type: String,
    version: u64,
    last_position: i64,
    /// The first event's position, or the snapshot's.
    from_position: i64,
    snapshot: Option<State>,
    snapshot_version: u64,
}

/// The records that have events.
async fn bases(
    connection: &mut PgConnection,
    log: LogName,
    master: &MasterKeys,
    missing: &HashMap<Uuid, Touch>,
) -> Result<HashMap<Uuid, Base>, sqlx::Error> {
    let (ids, shapes): (Vec<Uuid>, Vec<Vec<u8>>) =
        missing.iter().map(|(id, touch)| (*id, (touch.kind.shape)().to_vec())).unzip();
    let sql = format!(
        "select s.aggregate_id, s.aggregate_type, s.version, s.first_position, s.last_position,
                n.version as snapshot_version, n.position as snapshot_position, n.event_id, n.shape, n.state, n.seal
         from unnest($1::uuid[], $2::bytea[]) wanted (id, shape)
         join {log}.streams s on s.aggregate_id = wanted.id
         left join {log}.snapshots n
           on n.aggregate_id = s.aggregate_id and n.shape = wanted.shape and n.aggregate_type = s.aggregate_type
              and n.version <= s.version
              and exists (select from {log}.events e where e.position = n.position and e.event_id = n.event_id)"
    );
    let mut found = HashMap::with_capacity(ids.len());
    for row in sqlx::query(&sql).bind(&ids).bind(&shapes).fetch_all(connection).await? {
        let id: Uuid = row.try_get("aggregate_id")?;
        let mut base = Base {
            aggregate_type: row.try_get("aggregate_type")?,
            version: row.try_get::<i64, _>("version")? as u64,
            last_position: row.try_get("last_position")?,
            from_position: row.try_get("first_position")?,
            snapshot: None,
            snapshot_version: 0,
        };
        if let (Some(version), Some(touch)) = (row.try_get::<Option<i64>, _>("snapshot_version")?, missing.get(&id)) {
            let saved = Saved {
                aggregate_id: id,
                aggregate_type: &base.aggregate_type,
                version,
                position: row.try_get("snapshot_position")?,
                event_id: row.try_get("event_id")?,
                shape: row.try_get("shape")?,
                state: row.try_get("state")?,
            };
            let seal: &[u8] = row.try_get("seal")?;
            match (touch.kind.restore)(saved.state) {
                Ok(state) if saved.seal(log, master) == seal => {
                    base.from_position = saved.position;
                    base.snapshot_version = version as u64;
                    base.snapshot = Some(state);
                }
                _ => warn!(%log, record = %id, "a snapshot was not made by this register: the events are read instead"),
            }
        }
        found.insert(id, base);
    }
    Ok(found)
}

/// The events after each record's snapshot.
async fn histories(
    connection: &mut PgConnection,
    log: LogName,
    found: &HashMap<Uuid, Base>,
) -> Result<HashMap<Uuid, Vec<StoredEvent>>, sqlx::Error> {
    let behind = || found.iter().filter(|(_, base)| base.snapshot_version < base.version);
    let ids: Vec<Uuid> = behind().map(|(id, _)| *id).collect();
    let mut events: HashMap<Uuid, Vec<StoredEvent>> = HashMap::new();
    if ids.is_empty() {
        return Ok(events);
    }
    let sequences: Vec<i64> = behind().map(|(_, base)| base.snapshot_version as i64).collect();
    let versions: Vec<i64> = behind().map(|(_, base)| base.version as i64).collect();
    let from: Vec<i64> = behind().map(|(_, base)| base.from_position).collect();
    let to: Vec<i64> = behind().map(|(_, base)| base.last_position).collect();
    // The range of positions lets PostgreSQL leave partitions out; that of sequences makes it take the record's own index
    // before it knows anything of the table, and not walk over all that lies between.
    let sql = format!(
        "select e.* from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
              wanted (id, after, version, first, last)
         cross join lateral (
             select {COLUMNS} from {log}.events
             where events.aggregate_id = wanted.id::text
               and events.sequence > wanted.after and events.sequence <= wanted.version
               and events.position between wanted.first and wanted.last
             offset 0
         ) e
         order by e.aggregate_id, e.sequence"
    );
    let rows = sqlx::query(&sql)
        .bind(&ids)
        .bind(&sequences)
        .bind(&versions)
        .bind(&from)
        .bind(&to)
        .fetch_all(connection)
        .await?;
    for row in &rows {
        let event = event_of(row)?;
        events.entry(event.aggregate_id).or_default().push(event);
    }
    Ok(events)
}

fn hydrated(touch: &Touch, snapshot: Option<State>, history: &[StoredEvent]) -> Result<State, sqlx::Error> {
    (touch.kind.hydrate)(snapshot, history).map_err(|error| sqlx::Error::Decode(error.into()))
}

fn stream(touch: &Touch, base: Base, history: &[StoredEvent], keys: RecordKeys) -> Result<Stream, sqlx::Error> {
    let tail = history.len() as u64;
    let last = history.last().map_or(base.snapshot_version, |event| event.sequence);
    if last != base.version || base.snapshot_version + tail != base.version {
        let found = base.snapshot_version + tail;
        let what = format!("stream {} has {found} events up to {}", touch.aggregate_id, base.version);
        return Err(sqlx::Error::Decode(what.into()));
    }
    let state = if base.aggregate_type == touch.aggregate_type {
        hydrated(touch, base.snapshot, history)?
    } else {
        // A reference to a record of another type: its state is of no use here, and asking for it is refused.
        Arc::new(())
    };
    let snapshot_at = if tail >= LONG { base.version } else { base.snapshot_version + WARM };
    Ok(Stream {
        aggregate_type: base.aggregate_type.into(),
        version: base.version,
        state,
        keys,
        kind: touch.kind,
        snapshot_at,
    })
}

/// Keys of one record, by data subject.
type RecordKeys = Vec<(Option<Uuid>, RecordKey)>;

async fn record_keys(
    connection: &mut PgConnection,
    log: LogName,
    master: &MasterKeys,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, RecordKeys>, sqlx::Error> {
    let sql = format!("select {KEY_COLUMNS} from {log}.keys where aggregate_id = any ($1)");
    let rows = sqlx::query(&sql).bind(ids).fetch_all(connection).await?;
    let mut keys: HashMap<Uuid, RecordKeys> = HashMap::new();
    for row in &rows {
        let (key, owner) = crate::seal::read_key(row, master).map_err(|error| sqlx::Error::Decode(error.into()))?;
        keys.entry(owner.record).or_default().push((owner.subject, key));
    }
    Ok(keys)
}

/// The keys that are there, in order of their ids.
pub(super) async fn keys(
    connection: &mut PgConnection,
    log: LogName,
    scope: KeyScope,
) -> Result<Vec<KeyRef>, sqlx::Error> {
    let (column, id) = scope.column();
    let sql = format!("select key_id, aggregate_id, subject from {log}.keys where {column} = $1 order by key_id");
    sqlx::query(&sql).bind(id).fetch_all(connection).await?.iter().map(key_ref).collect()
}

/// The keys that were destroyed after that position, also those of which only a list from outside knows; and the last
/// position at which any was.
pub(super) async fn destroyed(
    connection: &mut PgConnection,
    log: LogName,
    after: i64,
) -> Result<(HashSet<Uuid>, i64), sqlx::Error> {
    let sql = format!(
        "select key_id, coalesce(position, 0) from {log}.destroyed_keys where position > $1 or position is null"
    );
    let rows: Vec<(Uuid, i64)> = sqlx::query_as(&sql).bind(after).fetch_all(connection).await?;
    let last = rows.iter().map(|(_, position)| *position).max().unwrap_or(after).max(after);
    Ok((rows.into_iter().map(|(key, _)| key).collect(), last))
}

/// Looks up who has these claims; also that nobody has is kept.
pub(super) async fn claims(
    connection: &mut PgConnection,
    log: LogName,
    wanted: &[ClaimKey],
    cache: &mut Cache,
) -> Result<(), sqlx::Error> {
    if wanted.is_empty() {
        return Ok(());
    }
    let (kinds, keys): (Vec<&str>, Vec<&str>) = wanted.iter().map(|(kind, key)| (kind.as_str(), key.as_str())).unzip();
    let sql = format!(
        "select w.kind, w.key, c.aggregate_id from unnest($1::text[], $2::text[]) w (kind, key)
         left join {log}.claims c on c.kind = w.kind and c.key = w.key"
    );
    for row in sqlx::query(&sql).bind(kinds).bind(keys).fetch_all(connection).await? {
        cache.claims.put((row.try_get("kind")?, row.try_get("key")?), row.try_get("aggregate_id")?);
    }
    Ok(())
}

/// Looks up which of these commands took effect; says how many.
pub(super) async fn commands(
    connection: &mut PgConnection,
    log: LogName,
    ids: &[Uuid],
    cache: &mut Cache,
) -> Result<usize, sqlx::Error> {
    let sql = format!("select command_id, digest, reply from {log}.commands where command_id = any ($1)");
    let rows = sqlx::query(&sql).bind(ids).fetch_all(connection).await?;
    for row in &rows {
        let digest: Vec<u8> = row.try_get("digest")?;
        let digest =
            digest.try_into().map_err(|_| sqlx::Error::Decode("a digest of the ledger is not 32 bytes".into()))?;
        let reply: Reply = serde_json::from_str(&row.try_get::<String, _>("reply")?)
            .map_err(|error| sqlx::Error::Decode(error.into()))?;
        cache.ledger.put(row.try_get("command_id")?, Entry { digest, reply });
    }
    Ok(rows.len())
}

//! Fetching what memory does not have: the misses of a batch in one query.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

use super::Reply;
use super::cache::{Cache, ClaimKey, Entry, Stream};
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
    let ids: Vec<Uuid> = missing.keys().copied().collect();
    // The range of positions lets PostgreSQL leave partitions out; without it a load is a hundred times slower.
    let sql = format!(
        "select e.* from unnest($1::uuid[]) wanted (id)
         join {log}.streams s on s.aggregate_id = wanted.id
         cross join lateral (
             select {COLUMNS} from {log}.events
             where events.aggregate_id = wanted.id::text
               and events.position between s.first_position and s.last_position
             offset 0
         ) e
         order by e.aggregate_id, e.sequence"
    );
    let rows = sqlx::query(&sql).bind(&ids).fetch_all(&mut *connection).await?;
    let mut events: HashMap<Uuid, Vec<StoredEvent>> = HashMap::new();
    for row in &rows {
        let event = event_of(row)?;
        events.entry(event.aggregate_id).or_default().push(event);
    }
    let mut keys = record_keys(connection, log, master, &ids).await?;
    for (id, touch) in missing {
        let history = events.remove(id).unwrap_or_default();
        let stream = stream(touch, &history, keys.remove(id).unwrap_or_default())?;
        cache.streams.put(*id, stream);
    }
    Ok(())
}

fn stream(touch: &Touch, history: &[StoredEvent], keys: RecordKeys) -> Result<Stream, sqlx::Error> {
    let decode = |error: Box<dyn std::error::Error + Send + Sync>| sqlx::Error::Decode(error);
    let actual = history.first().map(|event| event.aggregate_type.as_str());
    let state = match actual {
        // A reference to a record of another type: its state is of no use here, and asking for it is refused.
        Some(actual) if actual != touch.aggregate_type => Arc::new(()),
        _ => (touch.hydrate)(history).map_err(|error| decode(error.into()))?,
    };
    let version = history.last().map_or(0, |event| event.sequence);
    if version != history.len() as u64 {
        return Err(decode(
            format!("stream {} has {} events up to {version}", touch.aggregate_id, history.len()).into(),
        ));
    }
    Ok(Stream {
        aggregate_type: actual.unwrap_or(touch.aggregate_type).into(),
        version,
        state,
        keys,
        advance: touch.advance,
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

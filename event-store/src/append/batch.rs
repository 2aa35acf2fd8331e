//! A composed batch: every value of the one statement that writes it.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

use super::numbers::Numbers;
use crate::leaf::Leaf;
use crate::log::LogName;
use crate::seal::{KeyOwner, KeyRef, WrappedKey};
use crate::tree::{Frontier, TileRoot};

/// What the appender believes about the end of the log.
#[derive(Debug, Clone)]
pub(super) struct Belief {
    pub(super) origin: String,
    pub(super) generation: u32,
    pub(super) position: u64,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) numbers: Numbers,
    pub(super) frontier: Frontier,
}

impl Belief {
    /// Whether nobody has appended since.
    pub(super) async fn holds(&self, connection: &mut PgConnection, log: LogName) -> Result<bool, sqlx::Error> {
        let sql = format!("select position = $1 and generation = $2 from {log}.head");
        sqlx::query_scalar(&sql).bind(self.position as i64).bind(self.generation as i32).fetch_one(connection).await
    }

    /// Reads the head; with `lock`, holds it until the transaction ends.
    pub(super) async fn read(connection: &mut PgConnection, log: LogName, lock: bool) -> Result<Belief, sqlx::Error> {
        if lock {
            // In a statement of its own: one that locks and reads would see the snapshot from before it waited.
            sqlx::query(&format!("select from {log}.head for update")).execute(&mut *connection).await?;
        }
        let sql = format!("select origin, generation, position, recorded_at, numbers, frontier from {log}.head");
        let row = sqlx::query(&sql).fetch_one(connection).await?;
        let broken = |error: Box<dyn std::error::Error + Send + Sync>| sqlx::Error::Decode(error);
        let position = u64::try_from(row.try_get::<i64, _>("position")?).map_err(|error| broken(error.into()))?;
        let frontier: Vec<u8> = row.try_get("frontier")?;
        let numbers: String = row.try_get("numbers")?;
        Ok(Belief {
            origin: row.try_get("origin")?,
            generation: u32::try_from(row.try_get::<i32, _>("generation")?).map_err(|error| broken(error.into()))?,
            position,
            recorded_at: row.try_get("recorded_at")?,
            numbers: serde_json::from_str(&numbers).map_err(|error| broken(error.into()))?,
            frontier: Frontier::from_bytes(position, &frontier).map_err(|error| broken(error.into()))?,
        })
    }
}

macro_rules! columns {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(super) struct $name { $(pub(super) $field: Vec<$type>),+ }
    };
}

columns! {
    /// Streams that the batch moves, each once.
    StreamColumns { id: Uuid, kind: &'static str, base: i64, version: i64, first: i64, last: i64 }
}
columns! {
    /// Entries of the ledger.
    CommandColumns { id: Uuid, digest: Vec<u8>, first: i64, events: i32, reply: String }
}
columns! {
    /// Claims.
    ClaimColumns { kind: String, key: String, owner_kind: &'static str, owner: Uuid }
}
columns! {
    /// Events, in order.
    EventColumns {
        id: Uuid, kind: &'static str, aggregate: String, sequence: i64, event_type: String, event_version: String,
        payload: String, metadata: String, occurred_at: DateTime<Utc>, recorded_at: DateTime<Utc>, leaf: Vec<u8>,
    }
}

impl StreamColumns {
    /// Notes that the batch moves a stream to `sequence`, which lies at `position`.
    fn note(&mut self, kind: &'static str, id: Uuid, sequence: i64, position: i64) {
        // The same stream often comes again at once; the batch is small, so looking from the end is cheap.
        if let Some(place) = self.id.iter().rposition(|known| *known == id) {
            self.version[place] = sequence;
            self.last[place] = position;
            return;
        }
        self.id.push(id);
        self.kind.push(kind);
        self.base.push(sequence - 1);
        self.version.push(sequence);
        self.first.push(position);
        self.last.push(position);
    }
}

/// An event that is to be appended, without its place in the log.
pub(super) struct NewEvent<'a> {
    pub(super) event_id: Uuid,
    pub(super) aggregate_type: &'static str,
    pub(super) aggregate_id: Uuid,
    pub(super) sequence: u64,
    pub(super) event_type: String,
    pub(super) event_version: String,
    pub(super) occurred_at: DateTime<Utc>,
    /// As it is stored: personal data sealed.
    pub(super) payload: String,
    pub(super) metadata: &'a str,
}

/// The batch as the database gets it.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) before: Belief,
    pub(super) after: Belief,
    pub(super) streams: StreamColumns,
    pub(super) commands: CommandColumns,
    pub(super) claims: ClaimColumns,
    pub(super) keys: Vec<(WrappedKey, KeyOwner)>,
    /// Keys that are destroyed, each with whether it was there before the batch.
    pub(super) destroyed: Vec<(KeyRef, bool)>,
    pub(super) tiles: Vec<TileRoot>,
    pub(super) events: EventColumns,
}

impl Columns {
    pub(super) fn new(before: Belief, after: Belief) -> Columns {
        Columns {
            before,
            after,
            streams: StreamColumns::default(),
            commands: CommandColumns::default(),
            claims: ClaimColumns::default(),
            keys: Vec::new(),
            destroyed: Vec::new(),
            tiles: Vec::new(),
            events: EventColumns::default(),
        }
    }

    /// Puts an event behind the others: numbers and hashes it, and moves its stream.
    pub(super) fn push(&mut self, event: NewEvent<'_>) {
        let NewEvent { aggregate_type, aggregate_id, sequence, occurred_at, .. } = event;
        let after = &mut self.after;
        let leaf = Leaf {
            origin: &after.origin,
            generation: after.generation,
            event_id: event.event_id,
            aggregate_type,
            aggregate_id,
            sequence,
            event_type: &event.event_type,
            event_version: &event.event_version,
            occurred_at,
            recorded_at: after.recorded_at,
            payload: &event.payload,
            metadata: event.metadata,
        }
        .hash();
        after.position += 1;
        after.frontier.push(leaf, &mut self.tiles);
        self.events.id.push(event.event_id);
        self.events.kind.push(aggregate_type);
        self.events.aggregate.push(aggregate_id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).to_owned());
        self.events.sequence.push(sequence as i64);
        self.events.event_type.push(event.event_type);
        self.events.event_version.push(event.event_version);
        self.events.payload.push(event.payload);
        self.events.metadata.push(event.metadata.to_owned());
        self.events.occurred_at.push(occurred_at);
        self.events.recorded_at.push(after.recorded_at);
        self.events.leaf.push(leaf.to_vec());
        self.streams.note(aggregate_type, aggregate_id, sequence as i64, after.position as i64);
    }

    /// Writes the batch; false when another process appended since.
    pub(super) async fn append(&self, connection: &mut PgConnection, log: LogName) -> Result<bool, sqlx::Error> {
        let one = self.commands.id.len() == 1 && self.events.id.len() == 1;
        if one && self.claims.kind.is_empty() && self.keys.is_empty() && self.destroyed.is_empty() {
            self.append_one(connection, log).await
        } else {
            self.append_all(connection, log).await
        }
    }

    async fn append_one(&self, connection: &mut PgConnection, log: LogName) -> Result<bool, sqlx::Error> {
        let sql = format!(
            "select {log}.append_one($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21)"
        );
        let (streams, commands, events, tiles) = (&self.streams, &self.commands, &self.events, Tiles::of(&self.tiles));
        // The event's own time, which is hashed: where a command that is refused joined the batch later, the batch's end is later too.
        sqlx::query_scalar(&sql)
            .bind(self.before.generation as i32)
            .bind(self.before.position as i64)
            .bind(events.recorded_at[0])
            .bind(self.numbers()?)
            .bind(self.after.frontier.to_bytes())
            .bind(streams.id[0])
            .bind(streams.kind[0])
            .bind(streams.base[0])
            .bind(commands.id[0])
            .bind(&commands.digest[0])
            .bind(&commands.reply[0])
            .bind(tiles.levels)
            .bind(tiles.indexes)
            .bind(tiles.hashes)
            .bind(events.id[0])
            .bind(&events.event_type[0])
            .bind(&events.event_version[0])
            .bind(&events.payload[0])
            .bind(&events.metadata[0])
            .bind(events.occurred_at[0])
            .bind(&events.leaf[0])
            .fetch_one(connection)
            .await
    }

    pub(super) fn numbers(&self) -> Result<String, sqlx::Error> {
        serde_json::to_string(&self.after.numbers).map_err(|error| sqlx::Error::Encode(error.into()))
    }

    async fn append_all(&self, connection: &mut PgConnection, log: LogName) -> Result<bool, sqlx::Error> {
        let sql = format!(
            "select {log}.append($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,\
             $21,$22,$23,$24,$25,$26,$27,$28,$29,$30,$31,$32,$33,$34,$35,$36,$37,$38,$39,$40,$41,$42,$43,$44)"
        );
        let (streams, commands, claims, events) = (&self.streams, &self.commands, &self.claims, &self.events);
        let key_ids: Vec<Uuid> = self.keys.iter().map(|(key, _)| key.key_id).collect();
        let key_records: Vec<Uuid> = self.keys.iter().map(|(_, owner)| owner.record).collect();
        let key_subjects: Vec<Option<Uuid>> = self.keys.iter().map(|(_, owner)| owner.subject).collect();
        let key_masters: Vec<i32> = self.keys.iter().map(|(key, _)| key.master).collect();
        let key_wrapped: Vec<&[u8]> = self.keys.iter().map(|(key, _)| key.wrapped.as_slice()).collect();
        let destroyed_ids: Vec<Uuid> = self.destroyed.iter().map(|(key, _)| key.key_id).collect();
        let destroyed_records: Vec<Uuid> = self.destroyed.iter().map(|(key, _)| key.owner.record).collect();
        let destroyed_subjects: Vec<Option<Uuid>> = self.destroyed.iter().map(|(key, _)| key.owner.subject).collect();
        let destroyed_stored: Vec<bool> = self.destroyed.iter().map(|(_, stored)| *stored).collect();
        let tiles = Tiles::of(&self.tiles);
        sqlx::query_scalar(&sql)
            .bind(self.before.generation as i32)
            .bind(self.before.position as i64)
            .bind(self.after.position as i64)
            .bind(self.after.recorded_at)
            .bind(self.numbers()?)
            .bind(self.after.frontier.to_bytes())
            .bind(&streams.id)
            .bind(&streams.kind)
            .bind(&streams.base)
            .bind(&streams.version)
            .bind(&streams.first)
            .bind(&streams.last)
            .bind(&commands.id)
            .bind(&commands.digest)
            .bind(&commands.first)
            .bind(&commands.events)
            .bind(&commands.reply)
            .bind(&claims.kind)
            .bind(&claims.key)
            .bind(&claims.owner_kind)
            .bind(&claims.owner)
            .bind(key_ids)
            .bind(key_records)
            .bind(key_subjects)
            .bind(key_masters)
            .bind(key_wrapped)
            .bind(destroyed_ids)
            .bind(destroyed_records)
            .bind(destroyed_subjects)
            .bind(destroyed_stored)
            .bind(tiles.levels)
            .bind(tiles.indexes)
            .bind(tiles.hashes)
            .bind(&events.id)
            .bind(&events.kind)
            .bind(&events.aggregate)
            .bind(&events.sequence)
            .bind(&events.event_type)
            .bind(&events.event_version)
            .bind(&events.payload)
            .bind(&events.metadata)
            .bind(&events.occurred_at)
            .bind(&events.recorded_at)
            .bind(&events.leaf)
            .fetch_one(connection)
            .await
    }
}

/// Roots of complete subtrees, by column.
struct Tiles<'a> {
    levels: Vec<i16>,
    indexes: Vec<i64>,
    hashes: Vec<&'a [u8]>,
}

impl Tiles<'_> {
    fn of(tiles: &[TileRoot]) -> Tiles<'_> {
        Tiles {
            levels: tiles.iter().map(|tile| i16::from(tile.level)).collect(),
            indexes: tiles.iter().map(|tile| tile.index as i64).collect(),
            hashes: tiles.iter().map(|tile| tile.hash.as_slice()).collect(),
        }
    }
}

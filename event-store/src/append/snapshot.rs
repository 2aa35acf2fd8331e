//! Snapshots: states of records at a version, so that a long history need not be read for each decision.
//!
//! They are made after the commit, aside from it, and may be lost. One of another shape is not looked at; one whose seal does
//! not fit was not made by us, and one whose last event is not in the log belongs to another life of it: such a record is read
//! from its events. They hold no personal data in clear: serialising a state that does is an error.

use sqlx::PgConnection;
use tracing::warn;
use uuid::Uuid;

use super::kind::{Kind, State};
use crate::log::LogName;
use crate::seal::MasterKeys;

/// A record that took this many events to read, or more, gets a snapshot when it next changes.
pub(super) const LONG: u64 = 8;
/// One that is in memory gets one after so many changes.
pub(super) const WARM: u64 = 64;

/// A record that was read often, or that took long to read, as it is to be kept.
pub(super) struct Due {
    pub(super) aggregate_id: Uuid,
    pub(super) aggregate_type: String,
    pub(super) version: u64,
    /// Position and id of the event of that version.
    pub(super) position: u64,
    pub(super) event_id: Uuid,
    pub(super) kind: &'static Kind,
    pub(super) state: State,
}

/// As a row of the table has it.
pub(super) struct Saved<'a> {
    pub(super) aggregate_id: Uuid,
    pub(super) aggregate_type: &'a str,
    pub(super) version: i64,
    pub(super) position: i64,
    pub(super) event_id: Uuid,
    pub(super) shape: &'a [u8],
    pub(super) state: &'a str,
}

impl Saved<'_> {
    /// Keyed digest of all of it.
    pub(super) fn seal(&self, log: LogName, master: &MasterKeys) -> [u8; 32] {
        let mut content = Vec::with_capacity(self.state.len() + 128);
        for part in [log.as_str().as_bytes(), self.aggregate_type.as_bytes(), self.shape] {
            content.extend((part.len() as u64).to_be_bytes());
            content.extend(part);
        }
        content.extend(self.aggregate_id.as_bytes());
        content.extend(self.event_id.as_bytes());
        content.extend(self.version.to_be_bytes());
        content.extend(self.position.to_be_bytes());
        content.extend(self.state.as_bytes());
        master.digest("snapshot", &content)
    }
}

/// Keeps them; of a record that has a newer one of the same shape, that stays.
pub(super) async fn keep(
    connection: &mut PgConnection,
    log: LogName,
    master: &MasterKeys,
    due: Vec<Due>,
) -> Result<(), sqlx::Error> {
    let (mut ids, mut types, mut versions, mut positions) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut last, mut shapes, mut states, mut seals) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for one in due {
        let state = match (one.kind.save)(&one.state) {
            Some(Ok(state)) => state,
            Some(Err(error)) => {
                warn!(%log, record = %one.aggregate_id, kind = one.aggregate_type, %error, "a state can't be kept as a snapshot");
                continue;
            }
            None => continue,
        };
        let shape = (one.kind.shape)();
        let (version, position) = (one.version as i64, one.position as i64);
        let saved = Saved {
            aggregate_id: one.aggregate_id,
            aggregate_type: &one.aggregate_type,
            version,
            position,
            event_id: one.event_id,
            shape: &shape,
            state: &state,
        };
        seals.push(saved.seal(log, master).to_vec());
        ids.push(one.aggregate_id);
        versions.push(version);
        positions.push(position);
        last.push(one.event_id);
        shapes.push(shape.to_vec());
        types.push(one.aggregate_type);
        states.push(state);
    }
    let sql = format!(
        "insert into {log}.snapshots as kept
             (aggregate_id, aggregate_type, version, position, event_id, shape, state, seal)
         select distinct on (id) id, type, version, position, event, shape, state, seal
         from unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::uuid[], $6::bytea[], $7::text[], $8::bytea[])
              u (id, type, version, position, event, shape, state, seal)
         order by id, version desc
         on conflict (aggregate_id) do update
         set aggregate_type = excluded.aggregate_type, version = excluded.version, position = excluded.position,
             event_id = excluded.event_id, shape = excluded.shape, state = excluded.state, seal = excluded.seal
         where kept.position < excluded.position or kept.shape <> excluded.shape"
    );
    sqlx::query(&sql)
        .bind(ids)
        .bind(types)
        .bind(versions)
        .bind(positions)
        .bind(last)
        .bind(shapes)
        .bind(states)
        .bind(seals)
        .execute(connection)
        .await?;
    Ok(())
}

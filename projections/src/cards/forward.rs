//! Cards with the institutions of the police that they were forwarded to, and how it goes on there.

use chrono::{DateTime, Utc};
use domain::emergency_card::{CardEvent, ForwardStage};
use domain::incident::IncidentStatus;
use event_store::consumer::ApplyError;
use event_store::log::StoredEvent;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Row as _};
use uuid::Uuid;

use super::Tables;
use crate::fact::{sealed_json, utc};
use crate::table::{columns, table_row};

table_row! {
    /// A card with an institution that it was forwarded to.
    pub struct CardForwardRow in "forwards" key ("card", "institution") {
        /// The card.
        card: Uuid => "uuid",
        /// To whom.
        institution: String => "text",
        /// By whom.
        forwarded_by: String => "text",
        /// How far it is.
        stage: String => "text",
        /// When it was forwarded, the last time.
        forwarded_at: DateTime<Utc> => "timestamptz",
        /// What they should know beside: JSON text, sealed.
        note: Option<String> => "text",
        /// The incident that it is there.
        incident: Option<Uuid> => "uuid",
        /// Its number.
        number: Option<String> => "text",
        /// When it became that.
        received_at: Option<DateTime<Utc>> => "timestamptz",
        /// When it was given back.
        returned_at: Option<DateTime<Utc>> => "timestamptz",
        /// Why it was given back: JSON text, sealed.
        cause: Option<String> => "text",
        /// Where the incident stands, as the card was told.
        status: Option<String> => "text",
        /// How it was dealt with, likewise.
        result: Option<String> => "text",
        /// How it ended, likewise.
        disposition: Option<String> => "text",
        /// When that was told last.
        progressed_at: Option<DateTime<Utc>> => "timestamptz",
        /// Whether nothing more is expected of the incident.
        ended: bool => "bool",
        /// Position of the event that forwarded it.
        first_position: i64 => "int8",
        /// Position of the last event that is told here.
        last_position: i64 => "int8",
    }
}

/// Key of a row in memory: rows there go by what can be copied.
pub(super) fn key(card: Uuid, institution: &str) -> (Uuid, Uuid) {
    (card, Uuid::new_v5(&card, institution.as_bytes()))
}

impl Tables {
    pub(super) fn take_in_forward(&mut self, stored: &StoredEvent, event: &CardEvent) -> Result<(), ApplyError> {
        let card = stored.aggregate_id;
        let position = stored.position.as_i64();
        if let CardEvent::CardForwarded { to, by, note, at } = event {
            let row = CardForwardRow {
                card,
                institution: to.to_string(),
                forwarded_by: by.to_string(),
                stage: ForwardStage::Waiting.code().to_owned(),
                forwarded_at: utc(*at),
                note: note.as_ref().map(|note| sealed_json(stored, note)).transpose()?,
                incident: None,
                number: None,
                received_at: None,
                returned_at: None,
                cause: None,
                status: None,
                result: None,
                disposition: None,
                progressed_at: None,
                ended: false,
                first_position: position,
                last_position: position,
            };
            self.forwards.put(key(card, &row.institution), row);
            return Ok(());
        }
        let to = match event {
            CardEvent::ForwardReceived { to, .. }
            | CardEvent::ForwardReturned { to, .. }
            | CardEvent::ForwardProgressed { to, .. } => to,
            _ => return Ok(()),
        };
        let row = self.forwards.get_mut(key(card, to.as_str())).ok_or_else(|| ApplyError::Event {
            position: stored.position,
            reason: format!("the card was not forwarded to {to} before it"),
        })?;
        row.last_position = position;
        match event {
            CardEvent::ForwardReceived { incident, number, at, .. } => {
                row.stage = ForwardStage::Received.code().to_owned();
                (row.incident, row.number) = (Some(*incident), Some(number.to_string()));
                row.received_at = Some(utc(*at));
                row.status = Some(IncidentStatus::Registered.code().to_owned());
            }
            CardEvent::ForwardReturned { cause, at, .. } => {
                row.stage = ForwardStage::Returned.code().to_owned();
                row.returned_at = Some(utc(*at));
                row.cause = Some(sealed_json(stored, cause)?);
                row.status = Some(IncidentStatus::Returned.code().to_owned());
                row.ended = true;
            }
            CardEvent::ForwardProgressed { progress, at, .. } => {
                row.status = Some(progress.status.code().to_owned());
                row.result = progress.result.as_ref().map(ToString::to_string);
                row.disposition = progress.disposition.as_ref().map(ToString::to_string);
                row.progressed_at = Some(utc(*at));
                row.ended = progress.status >= IncidentStatus::Closed;
            }
            _ => {}
        }
        Ok(())
    }
}

/// An incident that came of a forwarded card, where the card does not know how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// The card.
    pub card: Uuid,
    /// The incident.
    pub incident: Uuid,
    /// Where it stands.
    pub status: String,
    /// How it was dealt with.
    pub result: Option<String>,
    /// How it ended.
    pub disposition: Option<String>,
    /// Sequence of its last event.
    pub version: i64,
    /// Position of its last event.
    pub last_position: i64,
}

impl<'r> FromRow<'r, PgRow> for Untold {
    fn from_row(row: &'r PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            card: row.try_get("card")?,
            incident: row.try_get("incident")?,
            status: row.try_get("status")?,
            result: row.try_get("result")?,
            disposition: row.try_get("disposition")?,
            version: row.try_get("version")?,
            last_position: row.try_get("last_position")?,
        })
    }
}

impl CardForwardRow {
    /// Of those cards, by card and in the order in which they were forwarded.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_cards(connection: &mut PgConnection, cards: &[Uuid]) -> Result<Vec<Self>, sqlx::Error> {
        let sql = format!(
            "select {} from cards.forwards where card = any($1) order by card, forwarded_at, institution",
            columns::<Self>()
        );
        sqlx::query_as(&sql).bind(cards).fetch_all(connection).await
    }

    /// Those that are no incident yet, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn waiting(connection: &mut PgConnection, limit: u32) -> Result<Vec<Self>, sqlx::Error> {
        let sql = format!(
            "select {} from cards.forwards where stage = 'waiting' order by forwarded_at, card limit $1",
            columns::<Self>()
        );
        sqlx::query_as(&sql).bind(i64::from(limit)).fetch_all(connection).await
    }
}

impl Untold {
    /// Up to which position incidents that came of forwarded cards have changed, as far as the read model knows.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn newest(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
        let sql = "select coalesce(max(last_position), 0) from case_search.incidents where forwarded_by is not null";
        sqlx::query_scalar(sql).fetch_one(connection).await
    }

    /// Those of which more is expected, and those of which not that changed beyond position `seen`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn after(connection: &mut PgConnection, seen: i64, limit: u32) -> Result<Vec<Self>, sqlx::Error> {
        const WHAT: &str = "f.card, i.id as incident, i.status, i.result_code as result, i.disposition, i.version, \
                            i.last_position";
        const DIFFERS: &str = "f.stage = 'received' and (f.status, f.result, f.disposition) is distinct from \
                               (i.status, i.result_code, i.disposition)";
        let sql = format!(
            "(select {WHAT} from cards.forwards f join case_search.incidents i on i.id = f.incident
              where not f.ended and {DIFFERS} order by i.last_position limit $2)
             union all
             (select {WHAT} from case_search.incidents i join cards.forwards f on f.incident = i.id
              where i.forwarded_by is not null and i.last_position > $1 and f.ended and {DIFFERS} order by i.last_position limit $2)"
        );
        sqlx::query_as(&sql).bind(seen).bind(i64::from(limit)).fetch_all(connection).await
    }
}

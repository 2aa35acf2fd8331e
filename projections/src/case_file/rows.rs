//! Rows of persons, organisations, actions, links and transfers.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::table::{TableRow as _, columns, table_row};

table_row! {
    /// A person in an incident.
    pub struct PersonRow in "persons" key ("incident", "subject") {
        /// The incident.
        incident: Uuid => "uuid",
        /// The data subject.
        subject: Uuid => "uuid",
        /// What they are in it.
        roles: Json<BTreeSet<String>> => "jsonb",
        /// How well it is known who they are.
        identification: String => "text",
        /// Whether they are under 18.
        minor: bool => "bool",
        /// Why they are protected.
        protections: Json<BTreeSet<String>> => "jsonb",
        /// How old they were.
        age_band: Option<String> => "text",
        /// Sex.
        sex: Option<String> => "text",
        /// Citizenship.
        citizenship: Option<String> => "text",
        /// Whether the check digit and date of their personal code held.
        personal_code_verified: Option<bool> => "bool",
        /// Who they are: JSON text, an object whose fields are sealed.
        identity: String => "text",
        /// Position of the event that involved them.
        first_position: i64 => "int8",
        /// Position of the last event about them.
        last_position: i64 => "int8",
    }
}

table_row! {
    /// An organisation in an incident.
    pub struct OrganisationRow in "organisations" key ("incident", "id") {
        /// The incident.
        incident: Uuid => "uuid",
        /// Id of the involvement.
        id: Uuid => "uuid",
        /// Its name.
        name: String => "text",
        /// Its registration number.
        number: Option<String> => "text",
        /// What it is in it.
        roles: Json<BTreeSet<String>> => "jsonb",
        /// Position of the event that involved it.
        first_position: i64 => "int8",
        /// Position of the last event about it.
        last_position: i64 => "int8",
    }
}

table_row! {
    /// Something that officers did.
    pub struct ActionRow in "actions" key ("incident", "position") {
        /// The incident.
        incident: Uuid => "uuid",
        /// Position of the event.
        position: i64 => "int8",
        /// What.
        action: String => "text",
        /// When.
        at: DateTime<Utc> => "timestamptz",
        /// Unit that did it.
        unit: Option<Uuid> => "uuid",
        /// Officer who did it.
        officer: Option<String> => "text",
        /// What came of it: JSON text, sealed.
        note: Option<String> => "text",
    }
}

table_row! {
    /// What ties an incident to another.
    pub struct LinkRow in "links" key ("incident", "other") {
        /// The incident.
        incident: Uuid => "uuid",
        /// The other.
        other: Uuid => "uuid",
        /// How, seen from the incident.
        kind: String => "text",
        /// How sure that is.
        confidence: String => "text",
        /// Position of the event that tied them.
        first_position: i64 => "int8",
        /// Position of the last event about it.
        last_position: i64 => "int8",
    }
}

table_row! {
    /// A transfer of an incident to another institution.
    pub struct TransferRow in "transfers" key ("incident", "transfer") {
        /// The incident.
        incident: Uuid => "uuid",
        /// Id of the transfer.
        transfer: Uuid => "uuid",
        /// Who offered it.
        from_institution: String => "text",
        /// To whom.
        to_institution: String => "text",
        /// When.
        offered_at: DateTime<Utc> => "timestamptz",
        /// Until when it had to be accepted.
        deadline: DateTime<Utc> => "timestamptz",
        /// How it stands: a code of [`TransferState`].
        state: String => "text",
        /// Why it was offered: JSON text, sealed.
        reason: String => "text",
        /// Why it was rejected.
        cause: Option<String> => "text",
        /// The same in words, or what came of it: JSON text, sealed.
        note: Option<String> => "text",
        /// When it was accepted or rejected.
        answered_at: Option<DateTime<Utc>> => "timestamptz",
        /// When it was over.
        ended_at: Option<DateTime<Utc>> => "timestamptz",
        /// Position of the offer.
        first_position: i64 => "int8",
        /// Position of the last event about it.
        last_position: i64 => "int8",
    }
}

/// How a transfer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferState {
    /// It waits for an answer.
    Offered,
    /// The other institution took it on.
    Accepted,
    /// It did not.
    Rejected,
    /// The offer was taken back.
    Withdrawn,
    /// Nobody answered in time.
    Expired,
    /// It was taken on and dealt with.
    Completed,
    /// It was taken on and could not be dealt with.
    Aborted,
    /// It was taken on and went back.
    Returned,
}

impl TransferState {
    /// All of them, in the order in which they may follow.
    pub const ALL: &'static [Self] = &[
        Self::Offered,
        Self::Accepted,
        Self::Rejected,
        Self::Withdrawn,
        Self::Expired,
        Self::Completed,
        Self::Aborted,
        Self::Returned,
    ];

    /// Its code, as it stands in the table.
    pub fn code(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Completed => "completed",
            Self::Aborted => "aborted",
            Self::Returned => "returned",
        }
    }

    /// The one of a code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.code() == code)
    }
}

impl PersonRow {
    /// Other incidents that somebody takes part in who takes part in this one: where it is known that it is they, by their id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incidents_like(connection: &mut PgConnection, incident: Uuid) -> Result<Vec<Uuid>, sqlx::Error> {
        let sql = "select distinct other.incident from case_file.persons mine
                   join case_file.persons other on other.subject = mine.subject
                   where mine.incident = $1 and other.incident <> $1";
        sqlx::query_scalar(sql).bind(incident).fetch_all(connection).await
    }
}

/// Reads the rows of incidents, in the order in which they came about.
macro_rules! read_by_incident {
    ($($row:ident by $order:literal),+ $(,)?) => {$(
        impl $row {
            /// Those of these incidents, each incident's in the order in which they came about.
            ///
            /// # Errors
            /// When the database fails.
            pub async fn of_incidents(connection: &mut PgConnection, incidents: &[Uuid]) -> Result<Vec<Self>, sqlx::Error> {
                let sql = format!(
                    concat!("select {} from case_file.{} where incident = any($1) order by incident, ", $order),
                    columns::<Self>(),
                    Self::TABLE
                );
                sqlx::query_as(&sql).bind(incidents).fetch_all(connection).await
            }
        }
    )+};
}
pub(super) use read_by_incident;

read_by_incident! {
    PersonRow by "first_position", OrganisationRow by "first_position", ActionRow by "position", LinkRow by "first_position",
    TransferRow by "first_position",
}

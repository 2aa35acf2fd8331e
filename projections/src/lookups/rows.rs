//! What records are found by, and the question.

use domain::values::{PersonalCode, Phone, PlateNumber, SerialNumber, Vin};
use event_store::seal::MasterKeys;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::table::table_row;

/// Kinds of what records are found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LookupKind {
    /// A vehicle's plate (numura zīme).
    Plate,
    /// A person's code (personas kods).
    PersonalCode,
    /// A person's phone (tālrunis).
    Phone,
    /// A vehicle's identification number (šasijas numurs).
    Vin,
    /// A document's number (dokumenta numurs).
    Document,
}

impl LookupKind {
    /// All of them.
    pub const ALL: [LookupKind; 5] = [Self::Plate, Self::PersonalCode, Self::Phone, Self::Vin, Self::Document];

    /// As rows have it. Its digests are made for the same purpose, so one kind's is never another's.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Plate => "plate",
            Self::PersonalCode => "personal_code",
            Self::Phone => "phone",
            Self::Vin => "vin",
            Self::Document => "document",
        }
    }
}

/// What records are looked up by.
#[derive(Clone, Copy)]
pub enum Lookup<'a> {
    /// By a vehicle's plate.
    Plate(&'a PlateNumber),
    /// By a person's code, whether or not it verifies.
    PersonalCode(&'a PersonalCode),
    /// By a person's phone.
    Phone(&'a Phone),
    /// By a vehicle's identification number.
    Vin(&'a Vin),
    /// By a document's number, of whatever kind and country.
    Document(&'a SerialNumber),
}

impl Lookup<'_> {
    /// What kind it is of.
    #[must_use]
    pub fn kind(self) -> LookupKind {
        match self {
            Self::Plate(_) => LookupKind::Plate,
            Self::PersonalCode(_) => LookupKind::PersonalCode,
            Self::Phone(_) => LookupKind::Phone,
            Self::Vin(_) => LookupKind::Vin,
            Self::Document(_) => LookupKind::Document,
        }
    }

    /// What it is found by: the same however it is written. A plate of another country is another.
    #[must_use]
    pub fn digest(self, master: &MasterKeys) -> LookupDigest {
        let normal = match self {
            Self::Plate(plate) => format!("{} {}", plate.country(), plate.normal()),
            Self::PersonalCode(code) => code.to_string().chars().filter(char::is_ascii_digit).collect(),
            Self::Phone(phone) => phone.to_string(),
            Self::Vin(vin) => vin.to_string(),
            Self::Document(number) => number.compact(),
        };
        LookupDigest { kind: self.kind(), digest: master.digest(self.kind().code(), normal.as_bytes()) }
    }
}

/// A keyed digest of what records are looked up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookupDigest {
    pub(super) kind: LookupKind,
    pub(super) digest: [u8; 32],
}

impl LookupDigest {
    /// Its bytes, as rows have them.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.digest
    }
}

table_row! {
    /// What a record is found by: a part of it.
    pub struct LookupRow in "lookups" key ("record", "part", "kind") {
        /// The record.
        record: Uuid => "uuid",
        /// Id of the involvement: of the vehicle, or of a person the data subject; nothing but zeros for the vehicle of a caution.
        part: Uuid => "uuid",
        /// What it is found by: code of a [`LookupKind`].
        kind: String => "text",
        /// Type of the record.
        record_type: String => "text",
        /// What it is found by: a keyed digest.
        digest: Vec<u8> => "bytea",
        /// The key that it is sealed under.
        sealed_under: Uuid => "uuid",
        /// Position of the event that said it last.
        first_position: i64 => "int8",
    }
}

impl LookupRow {
    /// Other records of that type that are found by the same, of that kind, as a record is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn records_like(
        connection: &mut PgConnection,
        record: Uuid,
        kind: LookupKind,
        record_type: &str,
    ) -> Result<Vec<Uuid>, sqlx::Error> {
        let sql = "select distinct l.record from lookups.lookups mine
                   join lookups.lookups l on l.kind = mine.kind and l.digest = mine.digest
                   where mine.record = $1 and mine.kind = $2 and l.record_type = $3 and l.record <> $1
                     and exists (select from register.keys k where k.key_id = l.sealed_under)
                     and exists (select from register.keys k where k.key_id = mine.sealed_under)";
        let query = sqlx::query_scalar(sql).bind(record).bind(kind.code()).bind(record_type);
        query.fetch_all(connection).await
    }

    /// The records of that type that are found by it, the latest first: at most `limit`; one that has it in several parts may be named
    /// as often. One whose key was just destroyed is not among them, also before the projector has heard of it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn records_with(
        connection: &mut PgConnection,
        record_type: &str,
        lookup: &LookupDigest,
        limit: u32,
    ) -> Result<Vec<Uuid>, sqlx::Error> {
        let sql = "select record from lookups.lookups l
                   where kind = $1 and digest = $2 and record_type = $3
                     and exists (select from register.keys k where k.key_id = l.sealed_under)
                   order by first_position desc limit $4";
        let query = sqlx::query_scalar(sql).bind(lookup.kind.code()).bind(lookup.digest.as_slice()).bind(record_type);
        query.bind(i64::from(limit)).fetch_all(connection).await
    }
}

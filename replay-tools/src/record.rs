//! Naming a record as people do: by number, id, or the name that its source gave it.

use cqrs_es::Aggregate as _;
use domain::emergency_card::EmergencyCard;
use domain::incident::Incident;
use event_store::log::LogName;
use event_store::read::{LogReader, ReadError};
use sqlx::PgPool;
use uuid::Uuid;

/// Types of records that have a name in the source that they come from.
pub const SOURCED: [&str; 2] = [EmergencyCard::TYPE, Incident::TYPE];

/// A record as it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordName {
    /// Its id.
    Id(Uuid),
    /// Its national number or card number.
    Number(String),
    /// `system/external id` of its source.
    Source(String, String),
    /// `INSTITUTION:CALLSIGN` of a unit.
    CallSign(String, String),
}

/// A name that leads to no record.
#[derive(Debug, thiserror::Error)]
pub enum RecordNameError {
    /// It has none of the forms.
    #[error(
        "`{0}` names no record: give a number (VNR-2026-0000001, VEK-2026-0000001), an id (UUID), \
         SYSTEM/EXTERNAL-ID or INSTITUTION:CALLSIGN"
    )]
    Form(String),
    /// Nobody has it.
    #[error("the register has no record `{0}`")]
    Unknown(String),
    /// A card and an incident of one source have the same name there.
    #[error("`{name}` names several records; give the id of the one that is meant: {records}")]
    Several {
        /// As it was given.
        name: String,
        /// Type and id of each.
        records: String,
    },
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl RecordName {
    /// What `text` names.
    ///
    /// # Errors
    /// When it has none of the forms.
    pub fn parse(text: &str) -> Result<RecordName, RecordNameError> {
        let text = text.trim();
        if let Ok(id) = Uuid::try_parse(text) {
            return Ok(RecordName::Id(id));
        }
        if let Some((system, external_id)) = text.split_once('/') {
            return Ok(RecordName::Source(system.to_owned(), external_id.to_owned()));
        }
        if let Some((institution, call_sign)) = text.split_once(':') {
            return Ok(RecordName::CallSign(institution.to_owned(), call_sign.to_owned()));
        }
        let upper = text.to_uppercase();
        if upper.starts_with("VNR-") || upper.starts_with("VEK-") {
            return Ok(RecordName::Number(upper));
        }
        Err(RecordNameError::Form(text.to_owned()))
    }

    /// Kinds and keys of the claims that may lead to the record; an id needs none.
    fn claims(&self) -> Vec<(&'static str, String)> {
        match self {
            RecordName::Id(_) => Vec::new(),
            RecordName::Number(number) => vec![("number", number.clone())],
            RecordName::Source(system, external_id) => {
                SOURCED.map(|aggregate_type| ("source", format!("{aggregate_type}|{system}|{external_id}"))).to_vec()
            }
            RecordName::CallSign(institution, call_sign) => vec![("call_sign", format!("{institution}/{call_sign}"))],
        }
    }
}

/// Type and id of the record that `text` names.
///
/// # Errors
/// When it names none, or the log can't be read.
pub async fn resolve(pool: &PgPool, text: &str) -> Result<(String, Uuid), RecordNameError> {
    let name = RecordName::parse(text)?;
    let unknown = || RecordNameError::Unknown(text.to_owned());
    if let RecordName::Id(id) = name {
        let sql = "select aggregate_type from register.streams where aggregate_id = $1";
        let found = sqlx::query_scalar(sql).bind(id).fetch_optional(pool).await.map_err(ReadError::from)?;
        return found.map(|aggregate_type| (aggregate_type, id)).ok_or_else(unknown);
    }
    let reader = LogReader::new(pool.clone(), LogName::REGISTER);
    let mut found = Vec::new();
    for (kind, key) in name.claims() {
        found.extend(reader.claimed(kind, &key).await?);
    }
    match found.len() {
        0 => Err(unknown()),
        1 => Ok(found.remove(0)),
        _ => Err(RecordNameError::Several {
            name: text.to_owned(),
            records: found
                .iter()
                .map(|(aggregate_type, id)| format!("{aggregate_type} {id}"))
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_told_apart() {
        let id = Uuid::from_u128(7);
        assert_eq!(RecordName::parse(&id.to_string()).unwrap(), RecordName::Id(id));
        assert_eq!(RecordName::parse("vnr-2026-0000001").unwrap(), RecordName::Number("VNR-2026-0000001".into()));
        assert_eq!(RecordName::parse("sffd-cad/20.1").unwrap(), RecordName::Source("sffd-cad".into(), "20.1".into()));
        assert_eq!(RecordName::parse("SFFD:E32").unwrap(), RecordName::CallSign("SFFD".into(), "E32".into()));
        assert!(matches!(RecordName::parse("what"), Err(RecordNameError::Form(_))));
    }
}

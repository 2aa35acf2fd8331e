//! Ids that follow from what names a record outside, so that a reference to it resolves without a look-up.

use chrono::{DateTime, NaiveDate, TimeZone};
use uuid::Uuid;

use crate::classifier::CodeSystem;
use crate::retention::ErasureScope;
use crate::roster_shift::ShiftKey;
use crate::values::{Actor, CallSign, Code, ExternalId, InstitutionCode, ReadModelName, SourceSystem};

/// Namespace of the register's name-based ids (UUID version 5). Never changes: stored ids follow from it.
pub const NAMESPACE: Uuid = Uuid::from_u128(0x6f1d_8c2e_52a7_5b0e_9d34_a0c7_11e2_0112);

/// Id of the record of kind `aggregate_type` that `system` calls `external_id`.
#[must_use]
pub fn of_source(aggregate_type: &str, system: &SourceSystem, external_id: &ExternalId) -> Uuid {
    named(&format!("{aggregate_type}|{system}|{external_id}"))
}

/// Id of the source journal of that name.
#[must_use]
pub fn of_journal(system: &SourceSystem) -> Uuid {
    named(&format!("source_journal|{system}"))
}

/// Id of the person, or of the vehicle, that a journal's record names at that place: the same each time that it names one there.
#[must_use]
pub fn of_part(incident: Uuid, part: &str, index: u8) -> Uuid {
    named(&format!("{part}|{incident}|{index}"))
}

/// Id of a unit.
#[must_use]
pub fn of_unit(institution: &InstitutionCode, call_sign: &CallSign) -> Uuid {
    named(&format!("unit|{institution}|{call_sign}"))
}

/// Id of a unit's track of one day of Riga's calendar.
#[must_use]
pub fn of_track(unit: Uuid, day: NaiveDate) -> Uuid {
    named(&format!("track|{unit}|{day}"))
}

/// Id of the retention case of a record or a data subject.
#[must_use]
pub fn of_retention_case(scope: ErasureScope) -> Uuid {
    match scope {
        ErasureScope::Record(record) => named(&format!("retention|record|{record}")),
        ErasureScope::Subject(subject) => named(&format!("retention|subject|{subject}")),
    }
}

/// Id of what somebody of an institution looked at on one day of Riga's calendar; without them, of what nobody known asked for.
#[must_use]
pub fn of_access_day(by: Option<&Actor>, day: NaiveDate) -> Uuid {
    match by {
        Some(Actor { institution, user }) => named(&format!("access|{institution}|{user}|{day}")),
        None => named(&format!("access||{day}")),
    }
}

/// Id of the acts on the read model of that name.
#[must_use]
pub fn of_read_model(name: &ReadModelName) -> Uuid {
    named(&format!("read_model|{name}"))
}

/// Id of the access policy: there is one, for ever.
#[must_use]
pub fn of_access_policy() -> Uuid {
    named("access_policy")
}

/// Id of the shift of that name: a station has one of it on a day, for ever.
#[must_use]
pub fn of_shift(key: &ShiftKey) -> Uuid {
    named(&format!("roster_shift|{key}"))
}

/// Id of the classifier of that kind: there is one, for ever.
#[must_use]
pub fn of_classifier(system: CodeSystem) -> Uuid {
    named(&format!("classifier|{system}"))
}

/// Id of the response plan of that code: there is one, for ever.
#[must_use]
pub fn of_response_plan(code: &Code) -> Uuid {
    named(&format!("response_plan|{code}"))
}

/// Id of the notice that a rule has a recipient told of an incident: there is one, for ever.
#[must_use]
pub fn of_notice(incident: Uuid, recipient: &InstitutionCode, rule: &Code) -> Uuid {
    named(&format!("notice|{incident}|{recipient}|{rule}"))
}

/// Id of the data subject who reported a record, where the sender gave none: theirs in this record, and in no other.
#[must_use]
pub fn of_reporter(record: Uuid) -> Uuid {
    named(&format!("reporter|{record}"))
}

/// Id of the record of a log's own life; `origin` is its name in tree heads.
#[must_use]
pub fn of_log(origin: &str) -> Uuid {
    named(&format!("log|{origin}"))
}

/// Day of Riga's calendar that `at` lies in.
#[must_use]
pub fn riga_day<Z: TimeZone>(at: &DateTime<Z>) -> NaiveDate {
    at.with_timezone(&chrono_tz::Europe::Riga).date_naive()
}

/// Year of Riga's calendar that `at` lies in: the year of the numbers that are taken then.
#[must_use]
pub fn riga_year<Z: TimeZone>(at: &DateTime<Z>) -> i32 {
    chrono::Datelike::year(&riga_day(at))
}

fn named(name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

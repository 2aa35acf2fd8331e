//! Facts that events of several kinds have in common, as the tables hold them.

use chrono::{DateTime, SubsecRound as _, TimeZone, Utc};
use domain::values::Place;
use event_store::consumer::ApplyError;
use event_store::log::StoredEvent;
use serde::Serialize;

/// A time as PostgreSQL keeps it: UTC, to the microsecond.
pub(crate) fn utc<Z: TimeZone>(at: DateTime<Z>) -> DateTime<Utc> {
    at.with_timezone(&Utc).trunc_subsecs(6)
}

/// The earlier of what is known and what is told: does not depend on the order in which it is told.
pub(crate) fn earliest(known: &mut Option<DateTime<Utc>>, told: DateTime<Utc>) {
    *known = Some(known.map_or(told, |known| known.min(told)));
}

/// A part of an event with personal data, as JSON text with all of it sealed.
///
/// # Errors
/// Where something in it is open, which nothing read from a log is.
pub(crate) fn sealed_json<T: Serialize>(stored: &StoredEvent, part: &T) -> Result<String, ApplyError> {
    serde_json::to_string(part).map_err(|_| ApplyError::Event {
        position: stored.position,
        reason: "open personal data in the log".to_owned(),
    })
}

/// A position or sequence as PostgreSQL holds it.
pub(crate) fn bigint(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A count as PostgreSQL holds it.
pub(crate) fn int(count: impl TryInto<i32>) -> i32 {
    count.try_into().unwrap_or(i32::MAX)
}

/// Where something is, in columns.
#[derive(Debug, Default)]
pub(crate) struct PlaceColumns {
    pub(crate) territory: Option<String>,
    pub(crate) address_code: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) latitude_e6: Option<i32>,
    pub(crate) longitude_e6: Option<i32>,
    pub(crate) uncertainty_m: Option<i32>,
    pub(crate) source: Option<String>,
}

impl PlaceColumns {
    pub(crate) fn of(place: Option<&Place>) -> PlaceColumns {
        let Some(parts) = place.map(Place::parts) else { return PlaceColumns::default() };
        PlaceColumns {
            territory: parts.territory.as_ref().map(ToString::to_string),
            address_code: parts.address_code.as_ref().map(ToString::to_string),
            text: parts.text.as_ref().map(ToString::to_string),
            latitude_e6: parts.point.map(|point| point.latitude_e6()),
            longitude_e6: parts.point.map(|point| point.longitude_e6()),
            uncertainty_m: parts.uncertainty_m.map(int),
            source: parts.source.map(|source| source.code().to_owned()),
        }
    }
}

/// Where the record comes from, as its first event says.
#[derive(Debug, Default)]
pub(crate) struct SourceColumns {
    pub(crate) system: Option<String>,
    pub(crate) external_id: Option<String>,
}

impl SourceColumns {
    pub(crate) fn of(stored: &StoredEvent) -> Result<SourceColumns, ApplyError> {
        let mut metadata = metadata(stored)?;
        Ok(SourceColumns {
            system: metadata.remove("source_system").filter(|text| !text.is_empty()),
            external_id: metadata.remove("source_external_id").filter(|text| !text.is_empty()),
        })
    }
}

/// Who, why and where from.
pub(crate) fn metadata(stored: &StoredEvent) -> Result<std::collections::BTreeMap<String, String>, ApplyError> {
    stored.metadata_map().map_err(|error| ApplyError::Event { position: stored.position, reason: error.to_string() })
}

/// Sets the columns of a place in a row.
macro_rules! set_place {
    ($row:expr, $place:expr) => {{
        let place = $crate::fact::PlaceColumns::of($place);
        $row.territory = place.territory;
        $row.address_code = place.address_code;
        $row.place_text = place.text;
        $row.latitude_e6 = place.latitude_e6;
        $row.longitude_e6 = place.longitude_e6;
        $row.uncertainty_m = place.uncertainty_m;
        $row.location_source = place.source;
    }};
}
pub(crate) use set_place;

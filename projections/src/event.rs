//! Events of the register, decoded.

use cqrs_es::Aggregate;
use domain::emergency_card::{CardEvent, EmergencyCard};
use domain::incident::{Incident, IncidentEvent};
use domain::track::{Track, TrackEvent};
use domain::unit::{Unit, UnitEvent};
use event_store::consumer::{Delivery, Undecodable};
use event_store::log::StoredEvent;

/// Type of the streams of incidents.
pub const INCIDENT: &str = Incident::TYPE;
/// Type of the streams of emergency cards.
pub const CARD: &str = EmergencyCard::TYPE;
/// Type of the streams of units.
pub const UNIT: &str = Unit::TYPE;
/// Type of the streams of tracks.
pub const TRACK: &str = Track::TYPE;

/// Newest version of an event's payload that this program reads.
const NEWEST: u32 = 1;

/// What an event says.
#[derive(Debug, Clone, PartialEq)]
pub enum RegisterEvent {
    /// Of an incident.
    Incident(Box<IncidentEvent>),
    /// Of an emergency card.
    Card(Box<CardEvent>),
    /// Of a unit.
    Unit(Box<UnitEvent>),
    /// Of a unit's track.
    Track(Box<TrackEvent>),
}

/// An event of the register as a projection gets it: as it lies in the log, and decoded. Personal data stays sealed.
pub type DecodedEvent = Delivery<RegisterEvent>;

/// Decodes an event of the register.
///
/// # Errors
/// [`Undecodable::Newer`] where its version is newer than this program, [`Undecodable::Broken`] where it is not what its
/// type says or its stream is of a type that this program doesn't know.
pub fn decode(stored: &StoredEvent) -> Result<RegisterEvent, Undecodable> {
    if stored.event_version.parse::<u32>().is_ok_and(|version| version > NEWEST) {
        return Err(Undecodable::Newer {
            position: stored.position,
            event_type: stored.event_type.clone(),
            event_version: stored.event_version.clone(),
        });
    }
    Ok(match stored.aggregate_type.as_str() {
        INCIDENT => RegisterEvent::Incident(Box::new(stored.decode()?)),
        CARD => RegisterEvent::Card(Box::new(stored.decode()?)),
        UNIT => RegisterEvent::Unit(Box::new(stored.decode()?)),
        // A projection asks only for the types that it names, and these are all there are.
        _ => RegisterEvent::Track(Box::new(stored.decode()?)),
    })
}

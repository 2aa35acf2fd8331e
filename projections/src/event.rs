//! Events of the register, decoded.

use cqrs_es::Aggregate;
use domain::access_day::{AccessDay, AccessDayEvent};
use domain::access_grant::{AccessGrant, GrantEvent};
use domain::access_policy::{AccessPolicy, PolicyEvent};
use domain::caution::{Caution, CautionEvent};
use domain::classifier::{Classifier, ClassifierEvent};
use domain::emergency_access::{EmergencyAccess, EmergencyAccessEvent};
use domain::emergency_card::{CardEvent, EmergencyCard};
use domain::incident::{Incident, IncidentEvent};
use domain::notice::{Notice, NoticeEvent};
use domain::read_model::{ReadModel, ReadModelEvent};
use domain::response_plan::{PlanEvent, ResponsePlan};
use domain::retention::{RetentionCase, RetentionEvent};
use domain::roster_shift::{RosterShift, ShiftEvent};
use domain::seized_item::{SeizedItem, SeizedItemEvent};
use domain::source_journal::{JournalEvent, SourceJournal};
use domain::source_record::{RecordEvent, SourceRecord};
use domain::track::{Track, TrackEvent};
use domain::unit::{Unit, UnitEvent};
use event_store::consumer::Delivery;
use event_store::log::{DecodeError, StoredEvent};

/// Type of the streams of incidents.
pub const INCIDENT: &str = Incident::TYPE;
/// Type of the streams of emergency cards.
pub const CARD: &str = EmergencyCard::TYPE;
/// Type of the streams of units.
pub const UNIT: &str = Unit::TYPE;
/// Type of the streams of tracks.
pub const TRACK: &str = Track::TYPE;
/// Type of the streams of retention cases.
pub const RETENTION: &str = RetentionCase::TYPE;
/// Type of the streams of grants of access.
pub const ACCESS_GRANT: &str = AccessGrant::TYPE;
/// Type of the streams of emergency access.
pub const EMERGENCY_ACCESS: &str = EmergencyAccess::TYPE;
/// Type of the stream of the access policy.
pub const ACCESS_POLICY: &str = AccessPolicy::TYPE;
/// Type of the streams of seized items.
pub const SEIZED_ITEM: &str = SeizedItem::TYPE;
/// Type of the streams of cautions.
pub const CAUTION: &str = Caution::TYPE;
/// Type of the streams of notices.
pub const NOTICE: &str = Notice::TYPE;
/// Type of the streams of acts on read models.
pub const READ_MODEL: &str = ReadModel::TYPE;
/// Type of the streams of response plans.
pub const RESPONSE_PLAN: &str = ResponsePlan::TYPE;
/// Type of the streams of shifts.
pub const ROSTER_SHIFT: &str = RosterShift::TYPE;
/// Type of the streams of classifiers.
pub const CLASSIFIER: &str = Classifier::TYPE;
/// Type of the streams of source journals.
pub const SOURCE_JOURNAL: &str = SourceJournal::TYPE;
/// Type of the streams of records of source journals.
pub const SOURCE_RECORD: &str = SourceRecord::TYPE;

/// Type of the streams of what somebody looked at.
pub const ACCESS_DAY: &str = AccessDay::TYPE;

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
    /// Of the personal data of a record or a data subject.
    Retention(Box<RetentionEvent>),
    /// Of what somebody looked at.
    AccessDay(Box<AccessDayEvent>),
    /// Of a grant of access.
    AccessGrant(Box<GrantEvent>),
    /// Of an emergency access.
    EmergencyAccess(Box<EmergencyAccessEvent>),
    /// Of the access policy.
    AccessPolicy(Box<PolicyEvent>),
    /// Of a seized item.
    SeizedItem(Box<SeizedItemEvent>),
    /// Of a caution.
    Caution(Box<CautionEvent>),
    /// Of a notice.
    Notice(Box<NoticeEvent>),
    /// Of a response plan.
    ResponsePlan(Box<PlanEvent>),
    /// Of what was done to a read model.
    ReadModel(Box<ReadModelEvent>),
    /// Of a shift of a station.
    RosterShift(Box<ShiftEvent>),
    /// Of a classifier.
    Classifier(Box<ClassifierEvent>),
    /// Of a source journal.
    SourceJournal(Box<JournalEvent>),
    /// Of a record of a source journal.
    SourceRecord(Box<RecordEvent>),
}

/// An event of the register as a projection gets it: as it lies in the log, and decoded. Personal data stays sealed.
pub type DecodedEvent = Delivery<RegisterEvent>;

/// Decodes an event of the register, of today's version or an older one.
///
/// # Errors
/// [`DecodeError::Newer`] where this program doesn't know its version, [`DecodeError::Unknown`] its type, [`DecodeError::Broken`] where it is
/// not what its type says.
pub fn decode(stored: &StoredEvent) -> Result<RegisterEvent, DecodeError> {
    Ok(match stored.aggregate_type.as_str() {
        INCIDENT => RegisterEvent::Incident(Box::new(stored.decode()?)),
        CARD => RegisterEvent::Card(Box::new(stored.decode()?)),
        UNIT => RegisterEvent::Unit(Box::new(stored.decode()?)),
        RETENTION => RegisterEvent::Retention(Box::new(stored.decode()?)),
        ACCESS_DAY => RegisterEvent::AccessDay(Box::new(stored.decode()?)),
        ACCESS_GRANT => RegisterEvent::AccessGrant(Box::new(stored.decode()?)),
        EMERGENCY_ACCESS => RegisterEvent::EmergencyAccess(Box::new(stored.decode()?)),
        ACCESS_POLICY => RegisterEvent::AccessPolicy(Box::new(stored.decode()?)),
        SEIZED_ITEM => RegisterEvent::SeizedItem(Box::new(stored.decode()?)),
        CAUTION => RegisterEvent::Caution(Box::new(stored.decode()?)),
        NOTICE => RegisterEvent::Notice(Box::new(stored.decode()?)),
        RESPONSE_PLAN => RegisterEvent::ResponsePlan(Box::new(stored.decode()?)),
        READ_MODEL => RegisterEvent::ReadModel(Box::new(stored.decode()?)),
        ROSTER_SHIFT => RegisterEvent::RosterShift(Box::new(stored.decode()?)),
        CLASSIFIER => RegisterEvent::Classifier(Box::new(stored.decode()?)),
        SOURCE_JOURNAL => RegisterEvent::SourceJournal(Box::new(stored.decode()?)),
        SOURCE_RECORD => RegisterEvent::SourceRecord(Box::new(stored.decode()?)),
        // A projection asks only for the types that it names, and these are all there are.
        _ => RegisterEvent::Track(Box::new(stored.decode()?)),
    })
}

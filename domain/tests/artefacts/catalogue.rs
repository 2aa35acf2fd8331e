//! Every event of every aggregate, with all that the tests ask about it.

use cqrs_es::Aggregate;
use domain::access_day::{AccessDay, AccessDayEvent};
use domain::access_grant::{AccessGrant, GrantEvent};
use domain::access_policy::{AccessPolicy, PolicyEvent};
use domain::caution::{Caution, CautionEvent};
use domain::classifier::{Classifier, ClassifierEvent};
use domain::emergency_access::{EmergencyAccess, EmergencyAccessEvent};
use domain::emergency_card::{CardEvent, EmergencyCard};
use domain::incident::{Incident, IncidentEvent};
use domain::kernel::{Upcaster, Versioned, upcast};
use domain::log_life::{LogLife, LogLifeEvent};
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
use domain::{Decide, RecordedEvent};
use schemars::JsonSchema;
use serde_json::Value;

use crate::schemas;

/// A type of event.
pub(crate) struct Kind {
    /// Type of the stream.
    pub(crate) aggregate: &'static str,
    /// Type of the event.
    pub(crate) event_type: &'static str,
    /// Today's version.
    pub(crate) newest: u32,
    /// JSON Schema of today's version.
    pub(crate) schema: Value,
    /// Payloads of today's version with every field, as they are stored; at least one.
    pub(crate) examples: Vec<Value>,
    /// Steps between versions, of the whole aggregate.
    pub(crate) upcasters: &'static [Upcaster],
    reread: fn(&str, u32, &str) -> Result<String, String>,
}

impl Kind {
    /// Reads a stored payload as the store does, upcasters included, and serialises it as it would be written today.
    pub(crate) fn reread(&self, version: u32, payload: &Value) -> Result<Value, String> {
        let text = self.reread_text(version, &payload.to_string())?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    /// The same for a text, which need not even be JSON.
    pub(crate) fn reread_text(&self, version: u32, payload: &str) -> Result<String, String> {
        (self.reread)(self.event_type, version, payload)
    }

    /// Name of a file about one version, `incident/IncidentClosed.v1`.
    pub(crate) fn stem(&self, version: u32) -> String {
        format!("{}/{}.v{version}", self.aggregate, self.event_type)
    }

    /// First sentence on what it says.
    pub(crate) fn description(&self) -> &str {
        self.schema["description"].as_str().unwrap_or_default()
    }
}

/// All types of events, in the order in which they are declared.
pub(crate) fn all() -> Vec<Kind> {
    let mut all = kinds::<Incident>(IncidentEvent::examples());
    all.extend(kinds::<SeizedItem>(SeizedItemEvent::examples()));
    all.extend(kinds::<Caution>(CautionEvent::examples()));
    all.extend(kinds::<SourceJournal>(JournalEvent::examples()));
    all.extend(kinds::<SourceRecord>(RecordEvent::examples()));
    all.extend(kinds::<EmergencyCard>(CardEvent::examples()));
    all.extend(kinds::<Unit>(UnitEvent::examples()));
    all.extend(kinds::<Track>(TrackEvent::examples()));
    all.extend(kinds::<RetentionCase>(RetentionEvent::examples()));
    all.extend(kinds::<AccessDay>(AccessDayEvent::examples()));
    all.extend(kinds::<AccessGrant>(GrantEvent::examples()));
    all.extend(kinds::<EmergencyAccess>(EmergencyAccessEvent::examples()));
    all.extend(kinds::<AccessPolicy>(PolicyEvent::examples()));
    all.extend(kinds::<ReadModel>(ReadModelEvent::examples()));
    all.extend(kinds::<Classifier>(ClassifierEvent::examples()));
    all.extend(kinds::<Notice>(NoticeEvent::examples()));
    all.extend(kinds::<ResponsePlan>(PlanEvent::examples()));
    all.extend(kinds::<RosterShift>(ShiftEvent::examples()));
    all.extend(kinds::<LogLife>(LogLifeEvent::examples()));
    all
}

fn kinds<A: Decide<Event: JsonSchema>>(examples: Vec<A::Event>) -> Vec<Kind> {
    let examples: Vec<Value> =
        examples.iter().map(|event| serde_json::to_value(event).expect("an example is sealed")).collect();
    let kind = |event_type: &&'static str| {
        let newest = A::Event::newest(event_type).expect("a type of its own");
        Kind {
            aggregate: <A as Aggregate>::TYPE,
            event_type,
            newest,
            schema: schemas::of::<A::Event>(event_type, newest),
            examples: examples.iter().filter(|payload| payload.get(*event_type).is_some()).cloned().collect(),
            upcasters: A::Event::UPCASTERS,
            reread: reread::<A::Event>,
        }
    };
    A::Event::TYPES.iter().map(kind).collect()
}

fn reread<E: RecordedEvent>(event_type: &str, version: u32, payload: &str) -> Result<String, String> {
    let event: E = upcast::decode(event_type, &version.to_string(), payload).map_err(|error| match error {
        upcast::Unreadable::Payload(why) => why.to_string(),
        other => other.to_string(),
    })?;
    serde_json::to_string(&event).map_err(|error| error.to_string())
}

#[test]
fn each_event_has_upcasters_from_version_1_on_without_a_gap() {
    for kind in all() {
        let steps = kind.upcasters.iter().filter(|step| step.event_type == kind.event_type);
        let from: Vec<u32> = steps.map(|step| step.from).collect();
        assert_eq!(from, (1..kind.newest).collect::<Vec<_>>(), "upcasters of {}", kind.event_type);
    }
    let names: Vec<_> = all().iter().map(|kind| (kind.aggregate, kind.event_type)).collect();
    for kind in all() {
        for step in kind.upcasters {
            assert!(names.contains(&(kind.aggregate, step.event_type)), "an upcaster of {}", step.event_type);
        }
    }
}

//! What records become by their events, under `schema/states/`: a snapshot of a state is used by later programs as long as
//! shape and meaning are the same. So where the same events make another state, `Decide::STATE_MEANING` has to be raised.

use std::fs;
use std::path::PathBuf;

use cqrs_es::{Aggregate, DomainEvent};
use domain::Decide;
use domain::access_day::{AccessDay, AccessDayEvent};
use domain::access_grant::{AccessGrant, GrantEvent};
use domain::access_policy::{AccessPolicy, PolicyEvent};
use domain::caution::{Caution, CautionEvent};
use domain::classifier::{Classifier, ClassifierEvent};
use domain::emergency_access::{EmergencyAccess, EmergencyAccessEvent};
use domain::emergency_card::{CardEvent, EmergencyCard};
use domain::incident::{Incident, IncidentEvent};
use domain::kernel::upcast;
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
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{root, sorted, updating, write};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct States {
    /// `Decide::STATE_MEANING`.
    meaning: u32,
    /// JSON Schema of the state, without its descriptions.
    shape: Value,
    /// Events, each with the state that it leaves.
    history: Vec<Step>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Step {
    event_type: String,
    version: String,
    payload: Value,
    state: Value,
}

fn without_descriptions(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(fields) => {
            fields.retain(|name, value| name != "description" || !value.is_string());
            for value in fields.values_mut() {
                *value = without_descriptions(value.take());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = without_descriptions(item.take())),
        _ => {}
    }
    schema
}

/// The states that these events leave today.
fn replayed<A: Decide>(events: impl Iterator<Item = (String, String, Value)>) -> States {
    let mut state = A::default();
    let history = events.map(|(event_type, version, payload)| {
        let event: A::Event = upcast::decode(&event_type, &version, &payload.to_string()).expect("readable");
        state.apply(event);
        let state = serde_json::to_value(&state).expect("a state holds nothing personal in clear");
        Step { event_type, version, payload: sorted(payload), state: sorted(state) }
    });
    let history = history.collect();
    let shape = sorted(without_descriptions(schemars::schema_for!(A).to_value()));
    States { meaning: A::STATE_MEANING, shape, history }
}

fn file<A: Aggregate>() -> PathBuf {
    root().join("schema/states").join(format!("{}.json", A::TYPE))
}

fn check<A: Decide>(examples: Vec<A::Event>) {
    let today = replayed::<A>(examples.iter().map(|event| {
        let payload = serde_json::to_value(event).expect("an example is sealed");
        (event.event_type(), event.event_version(), payload)
    }));
    let path = file::<A>();
    let committed: Option<States> =
        fs::read_to_string(&path).ok().map(|text| serde_json::from_str(&text).expect("the file is ours"));
    if let Some(committed) = &committed {
        let then = committed.history.iter();
        let again =
            replayed::<A>(then.map(|step| (step.event_type.clone(), step.version.clone(), step.payload.clone())));
        if again.meaning == committed.meaning && again.shape == committed.shape {
            for (now, then) in again.history.iter().zip(&committed.history) {
                assert_eq!(now.state, then.state, "{} after {}: raise STATE_MEANING", A::TYPE, now.event_type);
            }
        }
    }
    if updating() {
        let text = serde_json::to_string_pretty(&today).expect("JSON");
        write(&path, &(text + "\n"));
    } else {
        assert_eq!(committed.as_ref(), Some(&today), "schema/states is not up to date: run `make artefacts`");
    }
}

#[test]
fn artefact_states_are_what_they_were_or_have_another_meaning() {
    check::<Incident>(IncidentEvent::examples());
    check::<SeizedItem>(SeizedItemEvent::examples());
    check::<Caution>(CautionEvent::examples());
    check::<SourceJournal>(JournalEvent::examples());
    check::<SourceRecord>(RecordEvent::examples());
    check::<EmergencyCard>(CardEvent::examples());
    check::<Unit>(UnitEvent::examples());
    check::<Track>(TrackEvent::examples());
    check::<RetentionCase>(RetentionEvent::examples());
    check::<AccessDay>(AccessDayEvent::examples());
    check::<AccessGrant>(GrantEvent::examples());
    check::<EmergencyAccess>(EmergencyAccessEvent::examples());
    check::<AccessPolicy>(PolicyEvent::examples());
    check::<ReadModel>(ReadModelEvent::examples());
    check::<Classifier>(ClassifierEvent::examples());
    check::<Notice>(NoticeEvent::examples());
    check::<ResponsePlan>(PlanEvent::examples());
    check::<RosterShift>(ShiftEvent::examples());
    check::<LogLife>(LogLifeEvent::examples());
}

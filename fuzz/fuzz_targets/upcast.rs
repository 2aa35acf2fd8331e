//! Reading a stored payload, of any type and version, never panics; what is read is written and read again as the same.
//!
//! An input is an event's type, its version and its payload, with a line feed after the first two.

#![no_main]

use domain::RecordedEvent;
use domain::access_grant::GrantEvent;
use domain::access_policy::PolicyEvent;
use domain::classifier::ClassifierEvent;
use domain::emergency_access::EmergencyAccessEvent;
use domain::emergency_card::CardEvent;
use domain::incident::IncidentEvent;
use domain::kernel::upcast::decode;
use domain::log_life::LogLifeEvent;
use domain::caution::CautionEvent;
use domain::notice::NoticeEvent;
use domain::read_model::ReadModelEvent;
use domain::response_plan::PlanEvent;
use domain::retention::RetentionEvent;
use domain::roster_shift::ShiftEvent;
use domain::seized_item::SeizedItemEvent;
use domain::source_journal::JournalEvent;
use domain::source_record::RecordEvent;
use domain::track::TrackEvent;
use domain::unit::UnitEvent;
use libfuzzer_sys::fuzz_target;

fn read<E: RecordedEvent>(event_type: &str, version: &str, payload: &str) {
    let Ok(event) = decode::<E>(event_type, version, payload) else { return };
    // What is open is sealed by the store before it is written.
    let written = domain::personal::opened(|| serde_json::to_string(&event)).expect("an event is JSON");
    let again = decode::<E>(&event.event_type(), &event.event_version(), &written).expect("what is written is read");
    assert!(event == again, "{written}");
}

fuzz_target!(|input: &str| {
    let mut parts = input.splitn(3, '\n');
    let (Some(event_type), Some(version), Some(payload)) = (parts.next(), parts.next(), parts.next()) else { return };
    read::<IncidentEvent>(event_type, version, payload);
    read::<SeizedItemEvent>(event_type, version, payload);
    read::<CautionEvent>(event_type, version, payload);
    read::<ShiftEvent>(event_type, version, payload);
    read::<CardEvent>(event_type, version, payload);
    read::<UnitEvent>(event_type, version, payload);
    read::<RetentionEvent>(event_type, version, payload);
    read::<GrantEvent>(event_type, version, payload);
    read::<EmergencyAccessEvent>(event_type, version, payload);
    read::<PolicyEvent>(event_type, version, payload);
    read::<ReadModelEvent>(event_type, version, payload);
    read::<ClassifierEvent>(event_type, version, payload);
    read::<JournalEvent>(event_type, version, payload);
    read::<RecordEvent>(event_type, version, payload);
    read::<TrackEvent>(event_type, version, payload);
    read::<NoticeEvent>(event_type, version, payload);
    read::<PlanEvent>(event_type, version, payload);
    read::<LogLifeEvent>(event_type, version, payload);
});

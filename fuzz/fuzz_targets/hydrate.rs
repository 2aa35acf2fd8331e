//! Building a record from any events, in any order, never panics: `apply` never fails, whatever a log holds.
//!
//! An input is one event on each line: type, version and payload, with a space between.

#![no_main]

use domain::Decide;
use domain::access_grant::AccessGrant;
use domain::access_policy::AccessPolicy;
use domain::classifier::Classifier;
use domain::emergency_access::EmergencyAccess;
use domain::emergency_card::EmergencyCard;
use domain::incident::Incident;
use domain::kernel::upcast::decode;
use domain::log_life::LogLife;
use domain::caution::Caution;
use domain::notice::Notice;
use domain::read_model::ReadModel;
use domain::response_plan::ResponsePlan;
use domain::retention::RetentionCase;
use domain::roster_shift::RosterShift;
use domain::seized_item::SeizedItem;
use domain::source_journal::SourceJournal;
use domain::source_record::SourceRecord;
use domain::track::Track;
use domain::unit::Unit;
use libfuzzer_sys::fuzz_target;

fn hydrate<A: Decide>(input: &str) {
    let mut state = A::default();
    for line in input.lines() {
        let mut parts = line.splitn(3, ' ');
        let (Some(event_type), Some(version), Some(payload)) = (parts.next(), parts.next(), parts.next()) else { continue };
        if let Ok(event) = decode::<A::Event>(event_type, version, payload) {
            state.apply(event);
        }
    }
}

fuzz_target!(|input: &str| {
    hydrate::<Incident>(input);
    hydrate::<SeizedItem>(input);
    hydrate::<Caution>(input);
    hydrate::<RosterShift>(input);
    hydrate::<EmergencyCard>(input);
    hydrate::<Unit>(input);
    hydrate::<Track>(input);
    hydrate::<RetentionCase>(input);
    hydrate::<AccessGrant>(input);
    hydrate::<EmergencyAccess>(input);
    hydrate::<AccessPolicy>(input);
    hydrate::<ReadModel>(input);
    hydrate::<Classifier>(input);
    hydrate::<SourceJournal>(input);
    hydrate::<SourceRecord>(input);
    hydrate::<Notice>(input);
    hydrate::<ResponsePlan>(input);
    hydrate::<LogLife>(input);
});

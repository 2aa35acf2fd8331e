//! The sentences of the table of access, one by one.

use access::policy::{
    Action, Change, CodeShown, Field, Grant, GrantScope, Masks, Policies, RecordKind, Relation, Resource,
};
use access::{Principal, Purpose, Role};
use domain::Lang;
use domain::values::SourceSystem;
use schema::TextFile;
use uuid::Uuid;

use crate::{card_of, code, decide, incident_of, may, may_with, policies, secret, somebody, territory};

const PERSONAL: [Field; 4] = [Field::Narrative, Field::Reporter, Field::PersonalCodeMasked, Field::Suspects];

fn masks(principal: &Principal, resource: &Resource) -> Masks {
    policies().masks(principal, resource)
}

fn shown(principal: &Principal, resource: &Resource) -> Vec<&'static str> {
    masks(principal, resource).shown().map(Field::name).collect()
}

fn with_id(resource: Resource) -> (Resource, Uuid) {
    let id = Uuid::from_u128(7);
    (Resource { id: Some(id), ..resource }, id)
}

fn agreed(resource: Resource) -> Resource {
    Resource { second_person: true, ..resource }
}

#[test]
fn state_police_see_all_incidents_in_full_by_role() {
    let others = incident_of("RPP");
    for (role, purpose) in [
        (Role::Dispatcher, Purpose::Response),
        (Role::Officer, Purpose::Response),
        (Role::Officer, Purpose::Investigation),
        (Role::Supervisor, Purpose::Prevention),
    ] {
        let masks = masks(&somebody("VP", role, purpose), &others);
        assert!(masks.summary() && PERSONAL.iter().all(|field| masks.shows(*field)), "{role} for {purpose}");
    }
    assert!(shown(&somebody("VP", Role::Dispatcher, Purpose::Investigation), &others).is_empty());
}

#[test]
fn a_secret_record_needs_a_named_grant_even_of_state_police() {
    let officer = somebody("VP", Role::Officer, Purpose::Investigation);
    let (secret, id) = with_id(secret(incident_of("VP")));
    let refused = decide(&officer, Action::View, &secret);
    assert!(!refused.allowed);
    assert_eq!(refused.reasons.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["secret-needs-grant"]);
    assert!(may_with(&officer, &[Grant::Named(GrantScope::Record(id))], Action::View, &secret));
    assert!(may_with(&officer, &[Grant::Named(GrantScope::Class(secret.class))], Action::ViewNarrative, &secret));
    let another = Grant::Named(GrantScope::Record(Uuid::from_u128(8)));
    assert!(!may_with(&officer, &[another], Action::View, &secret), "a grant names its record");
    assert!(!may_with(&officer, &[Grant::Emergency(id)], Action::View, &secret), "emergency access is no grant");
    assert!(may(&officer, Action::RegisterIncident, &secret) && !may(&officer, Action::SupplementIncident, &secret));
}

#[test]
fn municipal_police_see_their_own_and_what_was_handed_to_them_in_full() {
    let officer = somebody("RPP", Role::Officer, Purpose::Administration);
    let transferred = Resource { participants: vec![code("RPP")], ..incident_of("VP") };
    for resource in [incident_of("RPP"), transferred] {
        assert_eq!(shown(&officer, &resource).len(), Field::ALL.len(), "{:?}", resource.owner);
    }
    assert!(!may(&officer, Action::View, &incident_of("VP")));
}

#[test]
fn municipal_police_see_of_a_state_incident_in_their_territory_the_summary_only() {
    let mut officer = somebody("RPP", Role::Officer, Purpose::Response);
    let at = |place| Resource { territory: Some(territory(place)), ..incident_of("VP") };
    let masks = masks(&officer, &at("0001000"));
    assert!(masks.summary() && masks.shown().next().is_none());
    assert!(!may(&officer, Action::View, &at("0005000")), "not elsewhere");
    let of_municipality = Resource { territory: Some(territory("0001000")), ..incident_of("OP-RIGA") };
    assert!(!may(&officer, Action::View, &of_municipality), "nor what others than the state registered");
    officer.territories = vec![territory("0005000")];
    assert!(may(&officer, Action::View, &at("0005000")), "delegated");
    assert!(!may(&officer, Action::View, &at("0001000")), "the token says where");
}

#[test]
fn a_local_force_that_names_no_territory_is_competent_nowhere() {
    let officer = somebody("PP-LIEPAJA", Role::Officer, Purpose::Response);
    let there = Resource { territory: Some(territory("0005000")), ..incident_of("VP") };
    assert_eq!(policies().institutions().relation(&officer, &there), Relation::None);
    let state = somebody("VP", Role::Officer, Purpose::Response);
    let elsewhere = incident_of("RPP");
    assert_eq!(policies().institutions().relation(&state, &elsewhere), Relation::Territory, "the state is everywhere");
    let stranger = somebody("CHP", Role::Officer, Purpose::Response);
    assert_eq!(policies().institutions().relation(&stranger, &there), Relation::None);
}

#[test]
fn port_police_have_the_port_and_their_own() {
    let mut officer = somebody("OP-RIGA", Role::Officer, Purpose::Response);
    officer.territories = vec![territory("0001000")];
    let in_port = Resource { territory: Some(territory("0001000")), ..incident_of("VP") };
    assert!(masks(&officer, &in_port).summary());
    assert!(shown(&officer, &in_port).is_empty());
    assert!(masks(&officer, &incident_of("OP-RIGA")).shows(Field::Suspects));
}

#[test]
fn rescue_sees_hazards_casualties_and_units_of_police_incidents_and_no_suspects() {
    let officer = somebody("VUGD", Role::Officer, Purpose::Response);
    assert_eq!(shown(&officer, &incident_of("VP")), ["hazards", "casualties", "units"]);
    let taking_part = Resource { participants: vec![code("VUGD")], ..incident_of("VP") };
    assert_eq!(shown(&officer, &taking_part), ["hazards", "casualties", "units"]);
}

#[test]
fn a_112_dispatcher_sees_cards_with_situation_and_caller() {
    let dispatcher = somebody("VUGD", Role::Dispatcher, Purpose::Response);
    let masks = masks(&dispatcher, &card_of("VKCP"));
    assert!(masks.summary() && masks.shows(Field::Narrative) && masks.shows(Field::Reporter));
    assert_eq!(masks.personal_code(), CodeShown::Masked);
    assert!(!masks.shows(Field::Suspects));
}

#[test]
fn the_ambulance_sees_location_casualties_and_cautions_and_no_police_narrative() {
    let officer = somebody("NMPD", Role::Officer, Purpose::Response);
    assert_eq!(shown(&officer, &incident_of("VP")), ["hazards", "casualties"]);
    assert!(may(&officer, Action::View, &incident_of("VP")));
    let forwarded = |owner| Resource { participants: vec![code("NMPD")], ..card_of(owner) };
    assert!(shown(&officer, &forwarded("VKCP")).contains(&"narrative"), "the situation of a card of 112");
    assert!(!shown(&officer, &forwarded("VP")).contains(&"narrative"));
}

#[test]
fn prosecution_and_security_look_by_case_only() {
    for institution in ["VDD", "KNAB", "LRP", "TA", "VRS"] {
        let mut officer = somebody(institution, Role::Officer, Purpose::Investigation);
        assert!(may(&officer, Action::ViewNarrative, &incident_of("VP")), "{institution}");
        officer.reference = None;
        assert!(!may(&officer, Action::View, &incident_of("VP")), "{institution} without a case");
    }
}

#[test]
fn their_part_of_the_access_log_is_theirs_alone() {
    let auditor = |institution| somebody(institution, Role::Auditor, Purpose::Audit);
    let part = |owner| Resource::of(RecordKind::Register, code(owner));
    assert!(may(&auditor("VDD"), Action::ConsultAccessLog, &part("VDD")));
    assert!(!may(&auditor("IC"), Action::ConsultAccessLog, &part("VDD")));
    assert!(may(&auditor("IC"), Action::ConsultAccessLog, &part("RPP")));
    assert!(!may(&auditor("VP"), Action::ConsultAccessLog, &part("RPP")));
}

#[test]
fn probation_sees_minimal_fields_of_events_with_its_own_clients() {
    let officer = somebody("VPD", Role::Officer, Purpose::Administration);
    let with_client = Resource { participants: vec![code("VPD")], ..incident_of("VP") };
    assert!(may(&officer, Action::Subscribe, &with_client));
    assert_eq!(shown(&officer, &with_client), ["result"]);
    assert!(!may(&officer, Action::View, &incident_of("VP")));
}

#[test]
fn the_centre_sees_no_content_but_by_break_glass_with_a_second_person() {
    let mut officer = somebody("IC", Role::Officer, Purpose::Operation);
    let (incident, id) = with_id(incident_of("VP"));
    assert!(!may(&officer, Action::View, &incident));
    assert!(!may(&officer, Action::BreakGlass, &agreed(incident.clone())), "without a number");
    officer.reference = somebody("IC", Role::Officer, Purpose::Audit).reference;
    assert!(!may(&officer, Action::BreakGlass, &incident), "alone");
    assert!(may(&officer, Action::BreakGlass, &agreed(incident.clone())));
    let glass = [Grant::Emergency(id)];
    assert!(may_with(&officer, &glass, Action::ViewNarrative, &incident));
    assert!(!may_with(&officer, &glass, Action::ViewPersonalCode, &incident));
    assert!(!may_with(&officer, &glass, Action::Export, &incident));
}

#[test]
fn what_was_handed_over_is_recorded_in_by_those_who_have_it() {
    let handed = |owner, to| Resource { participants: vec![code(to)], ..incident_of(owner) };
    let may_close = |institution, role, purpose, incident: &Resource| {
        may(&somebody(institution, role, purpose), Action::CloseIncident, incident)
    };
    assert!(may_close("RPP", Role::Officer, Purpose::Response, &handed("VP", "RPP")));
    assert!(may_close("RPP", Role::Officer, Purpose::Administration, &handed("VP", "RPP")));
    assert!(may_close("VP", Role::Officer, Purpose::Investigation, &handed("RPP", "VP")));
    assert!(!may_close("VP", Role::Officer, Purpose::Investigation, &incident_of("RPP")), "not in others' incidents");
    assert!(!may_close("RPP", Role::Officer, Purpose::Investigation, &handed("VP", "RPP")));
}

#[test]
fn emergency_access_is_reviewed_by_somebody_else() {
    let auditor = somebody("RPP", Role::Auditor, Purpose::Audit);
    assert!(!may(&auditor, Action::ReviewBreakGlass, &incident_of("VP")));
    assert!(may(&auditor, Action::ReviewBreakGlass, &agreed(incident_of("VP"))));
}

#[test]
fn analysts_count_and_see_no_record() {
    for institution in ["BI", "VP", "RPP"] {
        let analyst = somebody(institution, Role::Analyst, Purpose::Statistics);
        assert!(may(&analyst, Action::Statistics, &Resource::new(RecordKind::Register)), "{institution}");
        assert!(!may(&analyst, Action::View, &incident_of(institution)));
        assert!(!may(&analyst, Action::Export, &incident_of(institution)), "no export of rows");
    }
}

#[test]
fn auditors_read_logs_only_whatever_else_they_are() {
    let mut auditor = somebody("VP", Role::Auditor, Purpose::Audit);
    assert!(may(&auditor, Action::ConsultAccessLog, &Resource::of(RecordKind::Register, code("VP"))));
    auditor.roles = vec![Role::Officer, Role::Auditor];
    auditor.purpose = Purpose::Investigation;
    let refused = decide(&auditor, Action::View, &incident_of("VP"));
    assert!(!refused.allowed && refused.reasons.iter().any(|id| id.as_str() == "auditors-read-logs-only"));
}

#[test]
fn nobody_writes_before_being_trained() {
    let mut officer = somebody("VP", Role::Officer, Purpose::Response);
    assert!(may(&officer, Action::RegisterIncident, &incident_of("VP")));
    officer.trained = false;
    assert!(!may(&officer, Action::RegisterIncident, &incident_of("VP")));
    assert!(may(&officer, Action::View, &incident_of("VP")), "reading needs no training");
}

#[test]
fn investigation_administration_and_audit_need_a_reference() {
    for (role, purpose, action) in [
        (Role::Officer, Purpose::Investigation, Action::View),
        (Role::Supervisor, Purpose::Administration, Action::View),
        (Role::Auditor, Purpose::Audit, Action::ConsultAccessLog),
    ] {
        let kind = if role == Role::Auditor { RecordKind::Register } else { RecordKind::Incident };
        let resource = Resource::of(kind, code("VP"));
        let mut principal = somebody("VP", role, purpose);
        assert!(may(&principal, action, &resource), "{purpose}");
        principal.reference = None;
        assert!(!may(&principal, action, &resource), "{purpose}");
    }
}

#[test]
fn a_personal_code_is_masked_unless_the_purpose_requires_it() {
    let shown = |purpose| masks(&somebody("VP", Role::Supervisor, purpose), &incident_of("VP")).personal_code();
    assert_eq!(shown(Purpose::Investigation), CodeShown::Full);
    assert_eq!(shown(Purpose::Administration), CodeShown::Full);
    assert_eq!(shown(Purpose::Response), CodeShown::Masked);
    assert_eq!(shown(Purpose::Prevention), CodeShown::Masked);
    assert_eq!(shown(Purpose::Statistics), CodeShown::Hidden);
}

#[test]
fn what_the_register_does_today_goes_on() {
    // VUGD registers units, cards and incidents by dispatchers and systems; the importer for operation, units of others too.
    let unit_of = |owner: &str| Resource::of(RecordKind::Unit, code(owner));
    for (role, purpose) in
        [(Role::Dispatcher, Purpose::Response), (Role::System, Purpose::Response), (Role::System, Purpose::Operation)]
    {
        let vugd = somebody("VUGD", role, purpose);
        assert!(may(&vugd, Action::RegisterUnit, &unit_of("SFFD")), "{role}");
        assert!(may(&vugd, Action::ReceiveCall, &card_of("VUGD")), "{role}");
        assert!(may(&vugd, Action::RegisterIncident, &incident_of("VUGD")), "{role}");
    }
    for institution in ["VP", "RPP", "PP-LIEPAJA", "CHP"] {
        let officer = somebody(institution, Role::Officer, Purpose::Response);
        assert!(may(&officer, Action::RegisterIncident, &incident_of(institution)), "{institution}");
        assert!(may(&officer, Action::ViewSuspects, &incident_of(institution)), "{institution} sees its own in full");
    }
    let system = somebody("RPP", Role::System, Purpose::Operation);
    assert!(may(&system, Action::CloseIncident, &incident_of("RPP")));
    assert!(!may(&system, Action::CloseIncident, &incident_of("VP")), "for its own institution only");
    assert_eq!(shown(&system, &incident_of("RPP")), ["hazards", "casualties", "units", "result"], "nothing personal");
    let supervisor = somebody("VUGD", Role::Supervisor, Purpose::Administration);
    assert!(may(&supervisor, Action::ApproveErasure, &Resource::of(RecordKind::RetentionCase, code("VUGD"))));
}

#[test]
fn a_refusal_says_what_comes_nearest() {
    let mut officer = somebody("VP", Role::Officer, Purpose::Investigation);
    officer.reference = None;
    let explained = policies().explain(&officer, Action::ViewNarrative, &incident_of("RPP"));
    assert!(!explained.decision.allowed);
    assert_eq!(explained.policies.iter().map(|text| text.id.as_str()).collect::<Vec<_>>(), ["purpose-needs-reference"]);
    let changes: Vec<_> = explained.nearest.iter().map(|nearest| nearest.changes.as_slice()).collect();
    assert!(changes.contains(&[Change::Reference].as_slice()), "{changes:?}");
    assert!(changes.contains(&[Change::Purpose(Purpose::Response)].as_slice()), "{changes:?}");
    let english = explained.text(Lang::En);
    assert!(english.starts_with("Forbidden.\n  purpose-needs-reference: Investigation, administration"), "{english}");
    assert!(
        english.contains("It would be allowed with a reference:\n  fields-state-police: State Police"),
        "{english}"
    );
    let latvian = explained.text(Lang::Lv);
    assert!(latvian.contains("Būtu atļauts norādot pamatojuma numuru:\n  fields-state-police: Valsts"), "{latvian}");
}

#[test]
fn a_permission_says_by_which_policy_and_no_permission_says_that_there_is_none() {
    let officer = somebody("VP", Role::Officer, Purpose::Response);
    let explained = policies().explain(&officer, Action::View, &incident_of("RPP"));
    assert!(explained.nearest.is_empty());
    assert!(explained.text(Lang::En).starts_with("Allowed.\n  look-state-police: "), "{}", explained.text(Lang::En));
    let stranger = somebody("CHP", Role::Officer, Purpose::Response);
    let explained = policies().explain(&stranger, Action::View, &incident_of("RPP"));
    assert!(explained.text(Lang::Lv).starts_with("Nav atļauts: neviens noteikums to neatļauj."));
    assert!(explained.nearest.iter().any(|nearest| nearest.changes == [Change::Grant]));
}

#[test]
fn each_institution_sends_under_the_names_of_its_own_journals() {
    let policies = policies();
    let may = |institution: &str, system: &str| {
        policies.permit_source(&code(institution), &SourceSystem::parse(system).expect("a name")).is_ok()
    };
    for (institution, system) in [
        ("VP", "vp-enz"),
        ("PP-LIEPAJA", "enz-liepaja"),
        ("OP-RIGA", "ostas-riga"),
        ("RPP", "enz-riga"),
        ("VUGD", "vkcp"),
        ("VKCP", "vkcp"),
        ("112", "vkcp"),
        ("NMPD", "nmpd-cad"),
    ] {
        assert!(may(institution, system), "{institution} under {system}");
    }
    for (institution, system) in [
        ("PP-OGRE", "enz-liepaja"),
        ("OP-RIGA", "enz-riga"),
        ("PP-RIGA", "ostas-riga"),
        ("VP", "enz-riga"),
        ("NMPD", "vkcp"),
        ("VDD", "vp-enz"),
        ("IC", "vp-enz"),
        ("SOMEBODY", "somebody"),
    ] {
        assert!(!may(institution, system), "{institution} under {system}");
    }
}

#[test]
fn a_version_from_before_there_were_accounts_lets_a_register_go_on() {
    let without = |text: &str| -> String {
        text.lines().filter(|line| !line.starts_with("sources = ")).map(|line| format!("{line}\n")).collect()
    };
    let files: Vec<(&str, String)> = schema::POLICIES.iter().map(|file| (file.name, without(file.text))).collect();
    let files: Vec<TextFile<'_>> = files.iter().map(|(name, text)| TextFile { name, text }).collect();
    let older = Policies::parse(&files).expect("good policies");
    assert!(!older.institutions().has_accounts() && policies().institutions().has_accounts());
    let system = SourceSystem::parse("enz-liepaja").expect("a name");
    assert!(older.permit_source(&code("PP-OGRE"), &system).is_ok());
    assert!(policies().permit_source(&code("PP-OGRE"), &system).is_err());
}

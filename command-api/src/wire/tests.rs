//! What is wrong with a message is told at once, by path.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use access::policy::{Policies, Standing};
use access::{Institution, Principal, Purpose, Reference, Role};
use chrono::Utc;
use domain::classifier::Classifiers;
use domain::ids;
use domain::values::{CallSign, ExternalId, InstitutionCode, SourceSystem};
use event_store::seal::MasterKeys;
use proto::command::v1 as pb;
use uuid::Uuid;

use super::{Reader, RecordRef};
use crate::caller::{Caller, Sender};
use crate::commands::{Prepared, WireCommand};

fn principal() -> Principal {
    let institution = Institution::parse("VUGD").unwrap();
    Principal::new("tests", institution, vec![Role::System], Purpose::Response, Utc::now())
}

fn classifiers() -> Arc<Classifiers> {
    Arc::new(Classifiers::embedded().clone())
}

fn master() -> Arc<MasterKeys> {
    Arc::new(MasterKeys::from_bytes(1, &[42; 32]))
}

/// Somebody who may send it.
fn caller<C: WireCommand>() -> Caller {
    static POLICIES: LazyLock<Arc<Policies>> = LazyLock::new(|| Arc::new(Policies::embedded().unwrap()));
    let mut supervisor = Principal { roles: vec![Role::Supervisor], ..principal() };
    supervisor.reference = Some(Reference::parse("T-1").unwrap());
    let mut all = Vec::new();
    for (institution, purpose) in
        [("VUGD", Purpose::Response), ("VP", Purpose::Administration), ("IC", Purpose::Administration)]
    {
        let institution = Institution::parse(institution).unwrap();
        let principal = Principal { institution, purpose, ..supervisor.clone() };
        let sender = Sender::of(&Arc::new(Standing { principal, grants: Vec::new() }));
        all.push(Caller::of::<C>(&sender, Arc::clone(&POLICIES), classifiers(), master()));
    }
    all.into_iter().find_map(Result::ok).unwrap_or_else(|| panic!("nobody may {}", C::NAME))
}

fn envelope() -> Option<pb::Envelope> {
    Some(pb::Envelope {
        command_id: Uuid::now_v7().to_string(),
        occurred_at: "2026-03-29T03:59:59+03:00".to_owned(),
        ..Default::default()
    })
}

/// Paths of all violations, in order.
fn wrong<C: WireCommand>(message: C) -> Vec<String> {
    match message.prepare(&caller::<C>()) {
        Ok(_) => Vec::new(),
        Err(violations) => violations.into_iter().map(|violation| violation.path).collect(),
    }
}

fn read<C: WireCommand>(message: C) -> Prepared {
    message.prepare(&caller::<C>()).unwrap_or_else(|violations| panic!("{violations}"))
}

fn incident() -> pb::RegisterIncident {
    pb::RegisterIncident {
        envelope: envelope(),
        channel: pb::Channel::Phone112 as i32,
        type_code: "theft".to_owned(),
        category: pb::Category::B as i32,
        ..Default::default()
    }
}

#[test]
fn an_empty_message_is_told_all_that_it_lacks() {
    assert_eq!(wrong(pb::RegisterIncident::default()), ["envelope", "channel", "type_code", "category"]);
    assert_eq!(wrong(pb::AttachUnit::default()), ["envelope", "card", "unit"]);
    assert_eq!(wrong(pb::ReportPosition::default()), ["envelope", "unit", "points"]);
    assert_eq!(wrong(pb::ReportUnitStatus::default()), ["envelope", "unit", "status"]);
    assert_eq!(wrong(pb::ChangeCrew::default()), ["envelope", "unit", "crew"]);
    assert_eq!(wrong(pb::ChangeEquipment::default()), ["envelope", "unit"]);
    assert_eq!(wrong(pb::PutEquipmentOutOfService::default()), ["envelope", "unit", "equipment"]);
    let grant = ["envelope", "grantee", "scope", "purpose", "from", "until", "reason"];
    assert_eq!(wrong(pb::RequestGrant::default()), grant);
    assert_eq!(wrong(pb::RevokeGrant::default()), ["envelope", "grant", "reason"]);
    assert_eq!(wrong(pb::BreakGlass::default()), ["envelope", "record", "reason"]);
    assert_eq!(wrong(pb::ReviewEmergencyAccess::default()), ["envelope", "emergency_access", "outcome", "note"]);
    assert_eq!(wrong(pb::ProposePolicy::default()), ["envelope", "files", "reason"]);
    assert_eq!(wrong(pb::AdoptPolicy::default()), ["envelope", "digest", "reason"]);
    assert_eq!(wrong(pb::ProposePlan::default()), ["envelope", "code", "content", "reason"]);
    assert_eq!(wrong(pb::ApprovePlan::default()), ["envelope", "code", "digest", "reason"]);
    assert_eq!(wrong(pb::RetirePlan::default()), ["envelope", "code", "version", "reason"]);
}

#[test]
fn what_a_unit_says_in_another_systems_code_is_one_of_its_list() {
    let report = |status, scheme: pb::VendorScheme, code: &str| pb::ReportUnitStatus {
        envelope: envelope(),
        unit: Some(pb::UnitRef { by: Some(pb::unit_ref::By::Id(Uuid::now_v7().to_string())) }),
        status,
        vendor_code: code.to_owned(),
        vendor_scheme: scheme as i32,
    };
    read(report(0, pb::VendorScheme::Fms, "3"));
    read(report(pb::UnitStatus::OnScene as i32, pb::VendorScheme::Resgrid, "something of ours"));
    assert_eq!(wrong(report(0, pb::VendorScheme::Fms, "11")), ["vendor_code"]);
    assert_eq!(wrong(report(0, pb::VendorScheme::Eido, "")), ["vendor_code"]);
    assert_eq!(wrong(report(0, pb::VendorScheme::Unspecified, "3")), ["status"]);
}

#[test]
fn a_crew_states_each_qualification_once() {
    let qualification = |code: &str, count| pb::Qualification { code: code.to_owned(), count };
    let crew = pb::Crew {
        size: 0,
        commander: "V\nZ".to_owned(),
        qualifications: vec![qualification("driver", 1), qualification("driver", 2), qualification("DIVER", 0)],
    };
    let message = pb::ChangeCrew {
        envelope: envelope(),
        unit: Some(pb::UnitRef { by: Some(pb::unit_ref::By::Id(Uuid::now_v7().to_string())) }),
        crew: Some(crew),
    };
    let expected = [
        "crew.size",
        "crew.commander",
        "crew.qualifications[1].code",
        "crew.qualifications[2].code",
        "crew.qualifications[2].count",
    ];
    assert_eq!(wrong(message), expected);
}

#[test]
fn parts_of_a_grant_are_named_where_they_are_wrong() {
    use pb::grant_scope::Of;
    let request = |scope| pb::RequestGrant {
        envelope: envelope(),
        grantee: Some(pb::Person { institution: "V P".to_owned(), user: "\n".to_owned() }),
        scope: Some(pb::GrantScope { of: Some(scope) }),
        purpose: pb::AccessPurpose::Investigation as i32,
        from: "tomorrow".to_owned(),
        until: "2026-03-29T03:59:59+03:00".to_owned(),
        reason: "x".repeat(1_001),
    };
    let rest = ["grantee.institution", "grantee.user"];
    let of =
        |scope, named: &[&str]| assert_eq!(wrong(request(scope)), [&rest[..], named, &["from", "reason"]].concat());
    of(Of::Class(9), &["scope.class"]);
    of(Of::Class(0), &["scope.class"]);
    of(Of::RoleAt(pb::RoleAt { institution: String::new(), role: 0 }), &["scope.role_at.role"]);
    of(Of::Incident(pb::RecordRef::default()), &["scope.incident"]);
    of(Of::Card(pb::RecordRef { by: Some(pb::record_ref::By::Id("7".to_owned())) }), &["scope.card.id"]);
}

#[test]
fn a_file_of_the_policy_is_given_once() {
    let files = |names: &[&str]| pb::ProposePolicy {
        envelope: envelope(),
        files: names.iter().map(|name| pb::PolicyFile { name: (*name).to_owned(), text: "//".to_owned() }).collect(),
        reason: "the first".to_owned(),
    };
    assert_eq!(wrong(files(&["a.cedar", "b.cedar"])), ["files"], "they lack the table of institutions");
    assert_eq!(wrong(files(&["a.cedar", "../b", "a.cedar"])), ["files[1].name", "files[2].name"]);
    assert_eq!(wrong(files(&["a.cedar"; 65])).len(), 64);
    let large = pb::PolicyFile { name: "a.cedar".to_owned(), text: "x".repeat(256 * 1024 + 1) };
    assert_eq!(wrong(pb::ProposePolicy { files: vec![large], ..files(&[]) }), ["files"]);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let message = pb::RegisterIncident {
        envelope: Some(pb::Envelope {
            command_id: "seven".to_owned(),
            occurred_at: "2026-03-29 03:59:59".to_owned(),
            correlation_id: Uuid::nil().to_string(),
            source: Some(pb::Source { system: "SFFD CAD".to_owned(), ..Default::default() }),
            flags: vec!["fine".to_owned(), "Not Fine".to_owned()],
            ..Default::default()
        }),
        channel: 99,
        type_code: "theftt".to_owned(),
        place: Some(pb::Place {
            territory: "38001".to_owned(),
            point: Some(pb::GeoPoint { latitude_e6: 95_000_000, longitude_e6: 181_000_000 }),
            ..Default::default()
        }),
        occurred_to: "yesterday".to_owned(),
        narrative: "x".repeat(20_001),
        reporter: Some(pb::Reporter { phone: "no".to_owned(), ..Default::default() }),
        card: Some(pb::RecordRef { by: Some(pb::record_ref::By::Number("VEK-26-1".to_owned())) }),
        ..Default::default()
    };
    let expected = [
        "envelope.command_id",
        "envelope.correlation_id",
        "envelope.occurred_at",
        "envelope.source.system",
        "envelope.flags[1]",
        "channel",
        "type_code",
        "category",
        "place.territory",
        "place.point.latitude_e6",
        "place.point.longitude_e6",
        "occurred_to",
        "narrative",
        "reporter.phone",
        "card.number",
    ];
    assert_eq!(wrong(message), expected);
}

#[test]
fn what_is_left_of_a_wrong_place_is_not_told_to_be_empty() {
    let place = |place| wrong(pb::RegisterIncident { place: Some(place), ..incident() });
    let off_earth = Some(pb::GeoPoint { latitude_e6: i32::MAX, longitude_e6: 0 });
    let only_wrong = pb::Place { point: off_earth, uncertainty_m: Some(5), ..Default::default() };
    assert_eq!(place(only_wrong), ["place.point.latitude_e6"]);
    assert_eq!(place(pb::Place::default()), ["place"]);
    let text = "Brīvības iela 61".to_owned();
    assert_eq!(place(pb::Place { text, uncertainty_m: Some(5), ..Default::default() }), ["place.uncertainty_m"]);
}

#[test]
fn no_personal_data_is_repeated_in_a_violation() {
    let reporter = pb::Reporter {
        name: format!("Anna {}", "Ozoliņa ".repeat(40)),
        phone: "call Anna".to_owned(),
        personal_code: "010190-12".to_owned(),
        ..Default::default()
    };
    let Err(violations) =
        pb::RegisterIncident { reporter: Some(reporter), ..incident() }.prepare(&caller::<pb::RegisterIncident>())
    else {
        panic!("it must be refused")
    };
    let told = violations.to_string();
    assert_eq!(violations.iter().len(), 3, "{told}");
    assert!(!told.contains("Anna") && !told.contains("010190"), "{told}");
}

#[test]
fn long_lists_are_one_violation() {
    let card = Some(pb::RecordRef { by: Some(pb::record_ref::By::Id(Uuid::now_v7().to_string())) });
    let services = vec![77; 10_000];
    assert_eq!(wrong(pb::DecideServices { envelope: envelope(), card, services, ..Default::default() }).len(), 21);
    let flags = vec![String::new(); 10_000];
    let many =
        pb::RegisterIncident { envelope: envelope().map(|envelope| pb::Envelope { flags, ..envelope }), ..incident() };
    assert_eq!(wrong(many).len(), 17);
}

#[test]
fn a_track_has_no_version_that_a_sender_could_have_seen() {
    let unit = Some(pb::UnitRef { by: Some(pb::unit_ref::By::Id(Uuid::now_v7().to_string())) });
    let point = pb::TrackPoint {
        at: "2026-03-29T03:59:59+03:00".to_owned(),
        point: Some(pb::GeoPoint { latitude_e6: 56_951_500, longitude_e6: 24_113_300 }),
        speed_kmh: Some(60),
        heading_deg: Some(360),
    };
    let envelope = envelope().map(|envelope| pb::Envelope { expected_version: Some(1), ..envelope });
    let report = pb::ReportPosition { envelope, unit, points: vec![point, pb::TrackPoint::default()] };
    let expected = ["points[0].heading_deg", "points[1].at", "points[1].point", "envelope.expected_version"];
    assert_eq!(wrong(report), expected);
}

#[test]
fn references_lead_to_ids_without_a_look_up() {
    use pb::record_ref::By;
    let mut reader = Reader::new(classifiers());
    let mut id_of = |by| reader.record("card", "emergency_card", Some(pb::RecordRef { by: Some(by) }));

    let external = pb::ExternalRef { system: "sffd-cad".to_owned(), external_id: "200920001".to_owned() };
    let (system, external_id) = (SourceSystem::parse("sffd-cad").unwrap(), ExternalId::parse("200920001").unwrap());
    let expected = ids::of_source("emergency_card", &system, &external_id);
    assert_eq!(id_of(By::External(external)), Some(RecordRef::Id(expected)));
    let number = "VEK-2026-0000012".to_owned();
    assert_eq!(id_of(By::Number(number.clone())), Some(RecordRef::Number(number)));
    let id = Uuid::now_v7();
    assert_eq!(id_of(By::Id(id.to_string())), Some(RecordRef::Id(id)));

    let call_sign = pb::CallSign { institution: String::new(), call_sign: "e28".to_owned() };
    let unit = reader.unit("unit", Some(pb::UnitRef { by: Some(pb::unit_ref::By::CallSign(call_sign)) }), &principal());
    let of_caller = ids::of_unit(&InstitutionCode::parse("VUGD").unwrap(), &CallSign::parse("E28").unwrap());
    assert_eq!(unit, Some(of_caller), "a call sign without an institution is the caller's own");
}

#[test]
fn a_time_is_what_the_log_will_keep() {
    let mut reader = Reader::new(classifiers());
    let mut time = |text: &str| reader.time("at", text).map(|time| time.to_rfc3339());
    assert_eq!(time("2026-03-29T03:59:59.123456789+03:00").unwrap(), "2026-03-29T03:59:59.123456+03:00");
    // A leap second is the second after it.
    assert_eq!(time("2016-12-31T23:59:60Z").unwrap(), "2017-01-01T00:00:00+00:00");
    for text in ["2026-03-29T03:59:59", "2026-03-29", "1899-12-31T23:59:59Z", "2026-02-30T00:00:00Z", "x"] {
        assert!(time(text).is_none(), "{text}");
    }
}

#[test]
fn what_identifies_who_sent_a_command_goes_with_each_event() {
    let source = pb::Source {
        system: "sffd-cad".to_owned(),
        external_id: "200920001".to_owned(),
        sequence: 7,
        recorded_at: "2026-03-29T04:00:01+03:00".to_owned(),
    };
    let flags = vec!["ambiguous_local_time".to_owned(), "late".to_owned()];
    let envelope = envelope().map(|envelope| pb::Envelope { source: Some(source), flags, ..envelope });
    let (envelope, ..) = read(pb::RegisterIncident { envelope, ..incident() }).checked();
    let metadata: BTreeMap<String, String> = serde_json::from_str(envelope.metadata(&principal()).as_json()).unwrap();
    let expected = [
        ("actor", "tests"),
        ("institution", "VUGD"),
        ("role", "system"),
        ("purpose", "response"),
        ("correlation_id", &envelope.command_id.to_string()),
        ("occurred_offset", "+03:00"),
        ("source_system", "sffd-cad"),
        ("source_external_id", "200920001"),
        ("source_sequence", "7"),
        ("source_recorded_at", "2026-03-29T04:00:01+03:00"),
        ("flags", "ambiguous_local_time,late"),
    ];
    for (name, value) in expected {
        assert_eq!(metadata[name], value, "{name}");
    }
}

//! For random people, records, fields and commands: what is shown or done, what the policies say and what the access log holds agree.

use std::collections::BTreeMap;
use std::time::Duration;

use access::policy::{Action, CodeShown, Field, Grant, GrantScope, InstitutionKind, Policies, RecordKind, Resource};
use access::policy::{Asker, Masks};
use access::{Institution, Principal, Purpose, Reference, Role, Territory};
use chrono::{TimeDelta, Utc};
use proto::command::v1 as pb;
use proto::command::v1::access_service_client::AccessServiceClient;
use proto::command::v1::emergency_card_service_client::EmergencyCardServiceClient;
use proto::command::v1::incident_service_client::IncidentServiceClient;
use proto::command::v1::unit_service_client::UnitServiceClient;
use serde_json::{Value, json};
use tests::{TestSystem, by_id, envelope, long, position};
use tonic::{Code, Status};
use uuid::Uuid;

/// How many are tried; each person and record is new to the policies, and deciding what is new takes them the longest.
fn tuples() -> usize {
    if long() { 1_000 } else { 350 }
}

const INSTITUTIONS: &[&str] =
    &["VP", "VUGD", "NMPD", "VKCP", "RPP", "PP-JELGAVA", "PP-OGRE", "OP-RIGA", "KNAB", "LRP", "VPD", "IC", "BI", "XYZ"];
const TERRITORIES: &[&str] = &["0001000", "0003000", "0005000"];
const NARRATIVE: &str = "Izsists logs, pazudis velosipēds.";
const NAME: &str = "Anna Bērziņa";
const CODE: &str = "010190-10008";

/// Gives the same throws for a seed.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % n
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// True so many times of so many.
    fn chance(&mut self, times: usize, of: usize) -> bool {
        self.below(of) < times
    }
}

fn code(institution: &str) -> Institution {
    Institution::parse(institution).expect("a code")
}

fn somebody(subject: impl Into<String>, institution: &str, role: Role, purpose: Purpose) -> Principal {
    let until = Utc::now() + TimeDelta::hours(1);
    let mut who = Principal::new(subject, code(institution), vec![role], purpose, until);
    who.reference = Some(Reference::parse("KP-11/2026").expect("a number"));
    who
}

/// Who may record for an institution.
fn recorder(institution: &str) -> Principal {
    somebody("recorder", institution, Role::Dispatcher, Purpose::Response)
}

fn place(territory: Option<&str>) -> Option<pb::Place> {
    territory.map(|territory| pb::Place { territory: territory.to_owned(), ..pb::Place::default() })
}

fn reporter() -> Option<pb::Reporter> {
    Some(pb::Reporter { name: NAME.into(), personal_code: CODE.into(), ..pb::Reporter::default() })
}

/// A register with records of several institutions, and what the test knows of them.
struct World {
    system: TestSystem,
    policies: Policies,
    records: Vec<Resource>,
    /// Grants by the subject that has them.
    grants: BTreeMap<String, (Principal, Vec<Grant>)>,
    last: String,
}

impl World {
    async fn new() -> World {
        let system = TestSystem::start().await;
        let policies = Policies::embedded().expect("policies");
        let mut world = World { system, policies, records: Vec::new(), grants: BTreeMap::new(), last: String::new() };
        for institution in ["VP", "VUGD", "NMPD", "RPP", "PP-JELGAVA", "PP-OGRE"] {
            world.unit(institution).await;
        }
        for (institution, territory, given_to) in [
            ("VP", Some("0001000"), None),
            ("VP", Some("0003000"), Some("PP-JELGAVA")),
            ("VP", Some("0003000"), None),
            ("VP", None, Some("VP")),
            ("RPP", Some("0001000"), None),
            ("PP-JELGAVA", Some("0003000"), Some("VP")),
            ("PP-OGRE", Some("0003000"), None),
            ("OP-RIGA", Some("0001000"), None),
            ("VUGD", Some("0003000"), Some("NMPD")),
            ("KNAB", None, None),
        ] {
            world.incident(institution, territory, given_to).await;
        }
        for (institution, services, unit) in [
            ("VUGD", vec![pb::Service::FireRescue], Some("VUGD")),
            ("VKCP", vec![pb::Service::Medical, pb::Service::StatePolice], Some("NMPD")),
            ("VKCP", vec![pb::Service::MunicipalPolice], None),
            ("VKCP", vec![], Some("PP-OGRE")),
        ] {
            world.card(institution, &services, unit).await;
        }
        world.rights().await;
        world
    }

    async fn unit(&mut self, institution: &str) {
        let mut units = UnitServiceClient::new(self.system.connect(&recorder(institution)).await);
        let register = pb::RegisterUnit {
            envelope: envelope(),
            institution: String::new(),
            call_sign: "A1".into(),
            kind: pb::UnitKind::Patrol as i32,
            ..pb::RegisterUnit::default()
        };
        let reply = units.register_unit(register).await.expect("it is registered").into_inner();
        let duty = pb::StartDuty { envelope: envelope(), unit: unit(&reply.aggregate_id) };
        units.start_duty(duty).await.expect("it is on duty");
        self.note(&reply, Resource::of(RecordKind::Unit, code(institution)));
    }

    async fn incident(&mut self, institution: &str, territory: Option<&str>, given_to: Option<&str>) {
        let mut incidents = IncidentServiceClient::new(self.system.connect(&recorder(institution)).await);
        let register = pb::RegisterIncident {
            envelope: envelope(),
            channel: pb::Channel::Phone112 as i32,
            type_code: "theft".into(),
            category: pb::Category::B as i32,
            place: place(territory),
            narrative: NARRATIVE.into(),
            reporter: reporter(),
            ..pb::RegisterIncident::default()
        };
        let mut reply = incidents.register_incident(register).await.expect("it is registered").into_inner();
        if let Some(to) = given_to {
            let assign = pb::AssignIncident {
                envelope: envelope(),
                incident: by_id(&reply.aggregate_id),
                assignee: unit(&self.unit_of(to)).map(pb::assign_incident::Assignee::Unit),
            };
            reply = incidents.assign_incident(assign).await.expect("it is given").into_inner();
        }
        let resource = Resource {
            territory: territory.map(|territory| Territory::parse(territory).expect("a code")),
            participants: given_to.map(code).into_iter().collect(),
            ..Resource::of(RecordKind::Incident, code(institution))
        };
        self.note(&reply, resource);
    }

    async fn card(&mut self, institution: &str, services: &[pb::Service], sent: Option<&str>) {
        let mut cards = EmergencyCardServiceClient::new(self.system.connect(&recorder(institution)).await);
        let receive = pb::ReceiveCall {
            envelope: envelope(),
            channel: pb::Channel::Phone112 as i32,
            caller: reporter(),
            narrative: NARRATIVE.into(),
            place: place(Some("0003000")),
            ..pb::ReceiveCall::default()
        };
        let reply = cards.receive_call(receive).await.expect("it is received").into_inner();
        let card = by_id(&reply.aggregate_id);
        let qualify = qualification(&reply.aggregate_id);
        let mut reply = cards.qualify_card(qualify).await.expect("it is qualified").into_inner();
        if !services.is_empty() {
            let services = services.iter().map(|service| *service as i32).collect();
            let decide =
                pb::DecideServices { envelope: envelope(), card: card.clone(), services, ..Default::default() };
            reply = cards.decide_services(decide).await.expect("it is decided").into_inner();
        }
        if let Some(sent) = sent {
            let unit = unit(&self.unit_of(sent));
            let attach = pb::AttachUnit { envelope: envelope(), card, unit, ..pb::AttachUnit::default() };
            reply = cards.attach_unit(attach).await.expect("it is sent").into_inner();
        }
        let kind = |service: &pb::Service| match service {
            pb::Service::FireRescue => InstitutionKind::FireRescue,
            pb::Service::StatePolice => InstitutionKind::StatePolice,
            pb::Service::Medical => InstitutionKind::Ambulance,
            _ => InstitutionKind::MunicipalPolice,
        };
        let resource = Resource {
            territory: Some(Territory::parse("0003000").expect("a code")),
            participants: sent.map(code).into_iter().collect(),
            services: services.iter().map(kind).collect(),
            ..Resource::of(RecordKind::EmergencyCard, code(institution))
        };
        self.note(&reply, resource);
    }

    /// Some people have rights of their own: to a record, as another institution's officer, and in an emergency.
    async fn rights(&mut self) {
        let of = |world: &World, owner: &str, kind| {
            let owned = |record: &&Resource| record.kind == kind && record.owner == Some(code(owner));
            world.records.iter().find(owned).and_then(|record| record.id).expect("a record")
        };
        let (record, other) = (of(self, "PP-OGRE", RecordKind::Incident), of(self, "RPP", RecordKind::Incident));
        let grantee = somebody("granted", "PP-JELGAVA", Role::Officer, Purpose::Response);
        let scope = pb::grant_scope::Of::Incident(by_id(&record.to_string()).expect("a reference"));
        self.grant("PP-OGRE", &grantee, scope).await;
        self.grants.insert("granted".into(), (grantee, vec![Grant::Named(GrantScope::Record(record))]));

        let grantee = somebody("stand-in", "PP-OGRE", Role::Officer, Purpose::Response);
        let role_at = pb::RoleAt { institution: "VP".into(), role: pb::AccessRole::Officer as i32 };
        self.grant("VP", &grantee, pb::grant_scope::Of::RoleAt(role_at)).await;
        let role = GrantScope::Role(code("VP"), Role::Officer);
        self.grants.insert("stand-in".into(), (grantee, vec![Grant::Named(role)]));

        let in_need = somebody("in-need", "PP-JELGAVA", Role::Dispatcher, Purpose::Response);
        let mut access = AccessServiceClient::new(self.system.connect(&in_need).await);
        let declared = pb::BreakGlass {
            envelope: envelope(),
            record: by_id(&other.to_string()).map(pb::break_glass::Record::Incident),
            reason: "Cilvēks ir briesmās".into(),
            ..pb::BreakGlass::default()
        };
        let declared = access.break_glass(declared).await.expect("it is declared").into_inner();
        let second = somebody("second", "PP-JELGAVA", Role::Supervisor, Purpose::Response);
        let mut access = AccessServiceClient::new(self.system.connect(&second).await);
        let vouch = pb::VouchEmergencyAccess {
            envelope: envelope(),
            emergency_access: by_id(&declared.aggregate_id),
            note: "Tā ir".into(),
        };
        let opened = access.vouch_emergency_access(vouch).await.expect("somebody vouches").into_inner();
        self.grants.insert("in-need".into(), (in_need, vec![Grant::Emergency(other)]));
        self.last = position(&opened);
    }

    async fn grant(&self, owner: &str, grantee: &Principal, scope: pb::grant_scope::Of) {
        let supervisor = |name: &str| somebody(name, owner, Role::Supervisor, Purpose::Administration);
        let mut access = AccessServiceClient::new(self.system.connect(&supervisor("first")).await);
        let request = pb::RequestGrant {
            envelope: envelope(),
            grantee: Some(pb::Person { institution: grantee.institution.to_string(), user: grantee.subject.clone() }),
            scope: Some(pb::GrantScope { of: Some(scope) }),
            purpose: pb::AccessPurpose::Response as i32,
            from: (Utc::now() - TimeDelta::minutes(1)).to_rfc3339(),
            until: (Utc::now() + TimeDelta::hours(1)).to_rfc3339(),
            reason: "Kopīga lieta".into(),
        };
        let requested = access.request_grant(request).await.expect("it is asked for").into_inner();
        let mut access = AccessServiceClient::new(self.system.connect(&supervisor("other")).await);
        let approve = pb::ApproveGrant { envelope: envelope(), grant: by_id(&requested.aggregate_id) };
        access.approve_grant(approve).await.expect("it is granted");
    }

    fn note(&mut self, reply: &pb::CommandReply, resource: Resource) {
        let id = Some(reply.aggregate_id.parse().expect("an id"));
        self.records.push(Resource { id, ..resource });
        self.last = position(reply);
    }

    fn unit_of(&self, institution: &str) -> String {
        let own = |record: &&Resource| record.kind == RecordKind::Unit && record.owner == Some(code(institution));
        self.records.iter().find(own).and_then(|record| record.id).expect("a unit").to_string()
    }

    /// Somebody of whom nobody else in the test has the name, or one of those who have rights of their own.
    fn random_person(&self, dice: &mut Dice, n: usize, record: &Resource) -> (Principal, Vec<Grant>) {
        if dice.chance(1, 8) {
            let holders: Vec<_> = self.grants.values().collect();
            let (principal, grants) = *dice.one(&holders);
            return (principal.clone(), grants.clone());
        }
        let (role, purpose) = match dice.chance(1, 2) {
            true => (*dice.one(&[Role::Dispatcher, Role::Officer]), Purpose::Response),
            false => (*dice.one(Role::ALL), *dice.one(Purpose::ALL)),
        };
        let mut who = somebody(format!("t{n}"), dice.one::<&str>(INSTITUTIONS), role, purpose);
        if dice.chance(1, 3) {
            who.institution = record.owner.clone().expect("it has one");
        }
        who.trained = dice.chance(9, 10);
        if dice.chance(1, 4) {
            who.reference = None;
        }
        if dice.chance(1, 3) {
            who.territories = vec![Territory::parse(dice.one::<&str>(TERRITORIES)).expect("a code")];
        }
        (who, Vec::new())
    }
}

fn qualification(card: &str) -> pb::QualifyCard {
    pb::QualifyCard {
        envelope: envelope(),
        card: by_id(card),
        type_code: "medical".into(),
        priority: pb::Priority::P1 as i32,
        ..pb::QualifyCard::default()
    }
}

fn unit(id: &str) -> Option<pb::UnitRef> {
    Some(pb::UnitRef { by: Some(pb::unit_ref::By::Id(id.to_owned())) })
}

/// What the access log is to hold of somebody: looks at records by scope, and refusals.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    looks: Vec<(Uuid, String)>,
    refusals: Vec<(String, Option<Uuid>)>,
}

/// Reads one field of a record, and checks what comes.
async fn read(world: &World, who: &Principal, grants: &[Grant], record: &Resource, dice: &mut Dice) -> Told {
    let (asker, id) = (Asker::new(who, grants), record.id.expect("it has one"));
    let (root, field) = match record.kind {
        RecordKind::Incident => ("incident", *dice.one(&["narrative", "reporter", "result"])),
        RecordKind::EmergencyCard => ("card", *dice.one(&["narrative", "caller", "hazards", "casualties"])),
        _ => ("unit", "positionKept"),
    };
    let inner = match field {
        "narrative" => "narrative { value masked }",
        "reporter" | "caller" => "WHO { name { value } personalCode { value masked } }",
        "result" => "result { code } kept",
        "hazards" => "hazards { code }",
        "casualties" => "casualties kept",
        _ => "positionKept",
    };
    let inner = inner.replace("WHO", &format!("person: {field}"));
    let query =
        format!("query ($id: ID!, $p: LogPosition) {{ found: {root}(id: $id, minPosition: $p) {{ id {inner} }} }}");
    let answer = world.system.ask_as(who, &query, json!({"id": id, "p": world.last})).await;
    let context = || format!("{field} of {record:?} by {who:?} with {grants:?}: {answer}");
    let found = &answer["data"]["found"];
    let mut told = Told::default();
    if !world.policies.could(asker, Action::View, record.kind) {
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{}", context());
        told.refusals.push((root.to_owned(), None));
        return told;
    }
    assert!(answer["errors"].is_null(), "{}", context());
    let masks: Masks = world.policies.masks(asker, record);
    if !masks.summary() {
        assert!(found.is_null(), "{}", context());
        told.refusals.push((root.to_owned(), Some(id)));
        return told;
    }
    assert_eq!(found["id"], json!(id), "{}", context());
    let mut shows = |scope: &str| told.looks.push((id, scope.to_owned()));
    if record.kind != RecordKind::Unit {
        shows("summary");
    }
    match field {
        "narrative" => {
            let shown = masks.shows(Field::Narrative);
            let expected = json!({"value": shown.then_some(NARRATIVE), "masked": !shown});
            assert_eq!(found["narrative"], expected, "{}", context());
            if shown {
                shows("narrative");
            }
        }
        "reporter" | "caller" => {
            let name = masks.shows(Field::Reporter);
            assert_eq!(found["person"]["name"]["value"], json!(name.then_some(NAME)), "{}", context());
            let (value, scope) = match masks.personal_code() {
                CodeShown::Full => (Some(CODE), Some("personal_code")),
                CodeShown::Masked => (Some("010190-*****"), Some("reporter")),
                CodeShown::Hidden => (None, None),
            };
            let masked = value != Some(CODE);
            assert_eq!(found["person"]["personalCode"], json!({"value": value, "masked": masked}), "{}", context());
            if name || scope == Some("reporter") {
                shows("reporter");
            }
            if scope == Some("personal_code") {
                shows("personal_code");
            }
        }
        "result" | "casualties" => {
            let (part, name) =
                if field == "result" { (Field::Result, "RESULT") } else { (Field::Casualties, "CASUALTIES") };
            let kept = found["kept"].as_array().expect("a list").contains(&json!(name));
            assert_eq!(kept, !masks.shows(part), "{}", context());
        }
        "hazards" => assert_eq!(found["hazards"].is_null(), !masks.shows(Field::Hazards), "{}", context()),
        _ => {
            let track = Resource { kind: RecordKind::Track, ..record.clone() };
            let may = world.policies.decide(asker, Action::View, &track).allowed;
            assert_eq!(found["positionKept"], json!(!may), "{}", context());
        }
    }
    told
}

/// Sends a command about a record, and checks what becomes of it.
async fn command(world: &World, who: &Principal, grants: &[Grant], record: &Resource, dice: &mut Dice) -> Told {
    let (asker, id) = (Asker::new(who, grants), record.id.expect("it has one").to_string());
    let connection = world.system.connect(who).await;
    let (action, outcome): (Action, Result<(), Status>) = match record.kind {
        RecordKind::Incident if dice.chance(1, 2) => {
            let supplement = pb::SupplementIncident {
                envelope: envelope(),
                incident: by_id(&id),
                narrative: Some(NARRATIVE.into()),
                ..pb::SupplementIncident::default()
            };
            let sent = IncidentServiceClient::new(connection).supplement_incident(supplement).await;
            (Action::SupplementIncident, sent.map(drop))
        }
        RecordKind::Incident => {
            let result = pb::RecordResult {
                envelope: envelope(),
                incident: by_id(&id),
                result_code: "criminal-process-opened".into(),
                ..pb::RecordResult::default()
            };
            (Action::RecordResult, IncidentServiceClient::new(connection).record_result(result).await.map(drop))
        }
        RecordKind::EmergencyCard => {
            let sent = EmergencyCardServiceClient::new(connection).qualify_card(qualification(&id)).await;
            (Action::QualifyCard, sent.map(drop))
        }
        _ => {
            let report = pb::ReportUnitStatus {
                envelope: envelope(),
                unit: unit(&id),
                status: pb::UnitStatus::EnRoute as i32,
                ..pb::ReportUnitStatus::default()
            };
            (Action::ReportUnitStatus, UnitServiceClient::new(connection).report_unit_status(report).await.map(drop))
        }
    };
    let allowed = world.policies.decide(asker, action, record).allowed;
    let refused = outcome.as_ref().is_err_and(|status| status.code() == Code::PermissionDenied);
    assert_eq!(refused, !allowed, "{action} of {record:?} by {who:?} with {grants:?}: {outcome:?}");
    // Whoever is let through is told what the record's own rules say, and nothing else.
    let ruled = outcome.as_ref().is_ok_and(|()| true)
        || outcome.as_ref().is_err_and(|status| status.code() == Code::FailedPrecondition);
    assert!(refused || ruled, "{action}: {outcome:?}");
    let mut told = Told::default();
    if refused {
        let known = world.policies.could(asker, action, record.kind);
        told.refusals.push((action.name().to_owned(), record.id.filter(|_| known)));
    }
    told
}

/// What the access log holds of each, but for those who made the records.
async fn held(world: &World) -> BTreeMap<String, Told> {
    let sql =
        "select event_type, payload::text from access.events where event_type in ('RecordConsulted', 'AccessRefused')
               order by position";
    let rows: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(world.system.pool()).await.expect("the access log");
    let mut held: BTreeMap<String, Told> = BTreeMap::new();
    for (event_type, payload) in rows {
        let event = &serde_json::from_str::<Value>(&payload).expect("JSON")[&event_type];
        let told = held.entry(event["by"]["user"].as_str().expect("somebody").to_owned()).or_default();
        let id = |value: &Value| value.as_str().map(|id| id.parse::<Uuid>().expect("an id"));
        if event_type == "AccessRefused" {
            told.refusals.push((event["attempt"].as_str().expect("what").to_owned(), id(&event["record"])));
            continue;
        }
        for shown in event["shown"].as_array().into_iter().flatten().chain(event.get("records").map(|_| event)) {
            for record in shown["records"].as_array().expect("records") {
                for scope in shown["scopes"].as_array().expect("scopes") {
                    told.looks.push((id(record).expect("an id"), scope.as_str().expect("a scope").to_owned()));
                }
            }
        }
    }
    held.values_mut().for_each(|told| {
        told.looks.sort();
        told.refusals.sort();
    });
    held
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_or_done_what_the_policies_say_and_what_the_access_log_holds_agree() {
    let world = World::new().await;
    let seed = std::env::var("VNR_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(4);
    let mut dice = Dice::new(seed);
    let mut expected: BTreeMap<String, Told> = BTreeMap::new();
    for n in 0..tuples() {
        let record = dice.one(&world.records);
        let (who, grants) = world.random_person(&mut dice, n, record);
        let told = match dice.chance(2, 3) {
            true => read(&world, &who, &grants, record, &mut dice).await,
            false => command(&world, &who, &grants, record, &mut dice).await,
        };
        let of = expected.entry(who.subject).or_default();
        of.looks.extend(told.looks);
        of.refusals.extend(told.refusals);
    }
    expected.retain(|_, told| *told != Told::default());
    expected.values_mut().for_each(|told| {
        // Of one person, refusals beyond the twentieth are told as a sum.
        told.refusals.truncate(20);
        told.looks.sort();
        told.refusals.sort();
    });
    let (looks, refusals): (usize, usize) =
        expected.values().fold((0, 0), |(l, r), told| (l + told.looks.len(), r + told.refusals.len()));
    let enough = tuples() / 5;
    assert!(looks > enough && refusals > enough, "{looks} looks, {refusals} refusals");
    // Refusals are told without anybody waiting for it.
    for _ in 0..50 {
        let told: usize = held(&world).await.values().map(|told| told.refusals.len()).sum();
        if told >= refusals {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for (who, told) in held(&world).await {
        assert_eq!(expected.remove(&who), Some(told), "{who}, seed {seed}");
    }
    assert!(expected.is_empty(), "not told: {expected:?}, seed {seed}");
    world.system.stop().await;
}

//! Drafts are looked at as they would be registered, and nothing of them is kept.

use access::{Principal, Purpose, Role};
use chrono::{TimeDelta, Utc};
use prost::Message as _;
use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};
use proto::command::v1 as pb;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::support::{Api, call, envelope, envelope_of, incident, numbered, person, with_id};

/// A duty officer of a force without a journal.
fn municipal() -> Principal {
    person("l.kalnina", "RPP", Role::Officer, Purpose::Response)
}

fn dispatcher() -> Principal {
    person("d.ozols", "VP", Role::Dispatcher, Purpose::Response)
}

/// What somebody types of a theft that was reported by phone.
fn theft() -> pb::RegisterIncident {
    pb::RegisterIncident {
        type_code: "theft".to_owned(),
        category: pb::Category::C as i32,
        place: Some(pb::Place { text: "Brīvības iela 61, Rīga".to_owned(), ..Default::default() }),
        narrative: "No pagalma pazudis velosipēds.".to_owned(),
        reporter: Some(pb::Reporter {
            name: "Anna Paraudziņa".to_owned(),
            phone: "+37120000000".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn of(draft: pb::RegisterIncident) -> pb::ValidateIncident {
    pb::ValidateIncident { draft: Some(draft), ..Default::default() }
}

async fn validated(api: &Api, who: &Principal, asked: pb::ValidateIncident) -> pb::ValidateIncidentReply {
    api.incidents_as(who).validate_incident(asked).await.unwrap().into_inner()
}

/// Where each field was filled in from.
fn filled(reply: &pb::ValidateIncidentReply) -> Vec<(&str, pb::FilledFrom)> {
    reply.filled.iter().map(|field| (field.field.as_str(), field.from())).collect()
}

/// Fields that somebody has typed: those that are set, in the message and in what is in it.
fn typed(draft: &pb::RegisterIncident) -> usize {
    fn leaves(message: &DynamicMessage) -> usize {
        let of = |(_, value): (_, &Value)| match value {
            Value::Message(part) => leaves(part),
            _ => 1,
        };
        message.fields().map(of).sum()
    }
    let descriptor = proto::descriptor_pool().get_message_by_name("vnr.command.v1.RegisterIncident").unwrap();
    let message = DynamicMessage::decode(descriptor, draft.encode_to_vec().as_slice()).unwrap();
    assert_eq!(message.descriptor().name(), "RegisterIncident");
    leaves(&message)
}

#[tokio::test]
async fn a_theft_reported_by_phone_takes_under_ten_fields() {
    let api = Api::start().await;
    // A dispatcher of the State Police answers 110; where it is has to be said by who answers for the whole country.
    let place = pb::Place { territory: "0001000".to_owned(), ..theft().place.unwrap() };
    let by_phone = pb::RegisterIncident { place: Some(place), ..theft() };
    // An officer of a city's police is in that city; how they were told isn't known.
    let at_the_desk = pb::RegisterIncident { channel: pb::Channel::InPerson as i32, ..theft() };
    for (who, draft) in [(dispatcher(), by_phone), (municipal(), at_the_desk)] {
        assert_eq!(typed(&draft), 7);
        let reply = validated(&api, &who, of(draft)).await;
        assert_eq!((reply.violations, reply.missing), (vec![], Vec::<String>::new()));
        let completed = reply.completed.unwrap();
        assert_eq!(completed.place.as_ref().unwrap().territory, "0001000");
        assert!(typed(&completed) >= 9);
        // Category C in a city: two hours from when they were told, which is now.
        let by = chrono::DateTime::parse_from_rfc3339(&reply.respond_by).unwrap();
        let told = chrono::DateTime::parse_from_rfc3339(&completed.envelope.as_ref().unwrap().occurred_at).unwrap();
        assert_eq!(by - told, TimeDelta::minutes(120));
        let registered = api.incidents_as(&who).register_incident(completed).await.unwrap().into_inner();
        assert!(registered.number.starts_with("VNR-"));
    }
}

#[tokio::test]
async fn what_a_draft_lacks_is_told_with_what_it_was_filled_in_with() {
    let api = Api::start().await;
    let reply = validated(&api, &dispatcher(), pb::ValidateIncident::default()).await;
    assert_eq!(reply.missing, ["type_code", "category"]);
    let wrong: Vec<_> =
        reply.violations.iter().map(|wrong| (wrong.field.as_str(), wrong.description.as_str())).collect();
    assert_eq!(wrong, [("type_code", "is required"), ("category", "is required")]);
    assert_eq!(
        filled(&reply),
        [
            ("envelope.command_id", pb::FilledFrom::Register),
            ("envelope.occurred_at", pb::FilledFrom::Register),
            ("channel", pb::FilledFrom::Caller),
        ]
    );
    assert_eq!(reply.completed.unwrap().channel(), pb::Channel::Phone110);
    // What was typed stays as it is.
    let typed = pb::RegisterIncident { channel: pb::Channel::Sms as i32, envelope: envelope(), ..theft() };
    let reply = validated(&api, &municipal(), of(typed.clone())).await;
    assert_eq!(filled(&reply), [("place.territory", pb::FilledFrom::Caller)]);
    let place = reply.completed.as_ref().unwrap().place.clone();
    assert_eq!(reply.completed.unwrap(), pb::RegisterIncident { place, ..typed });
}

#[tokio::test]
async fn a_draft_leaves_nothing_behind() {
    let api = Api::start().await;
    let draft = pb::RegisterIncident { envelope: envelope_of("rpp-entry", "1"), channel: 5, ..theft() };
    for _ in 0..3 {
        let reply = validated(&api, &municipal(), of(draft.clone())).await;
        assert_eq!(reply.violations, vec![]);
    }
    assert!(api.events("register").await.is_empty());
    let left: i64 = sqlx::query_scalar(
        "select (select count(*) from register.commands) + (select count(*) from register.keys)
              + (select count(*) from register.claims) + (select count(*) from register.streams)",
    )
    .fetch_one(&api.pool)
    .await
    .unwrap();
    assert_eq!(left, 0);
    let registered = api.incidents_as(&municipal()).register_incident(draft).await.unwrap().into_inner();
    assert!(registered.number.ends_with("-0000001"), "no number was taken: {}", registered.number);
}

#[tokio::test]
async fn vehicles_and_persons_are_tried_with_the_incident_that_they_will_be_in() {
    let api = Api::start().await;
    let subject = Uuid::now_v7().to_string();
    let child = pb::InvolvePerson {
        subject_id: subject.clone(),
        roles: vec!["victim".to_owned()],
        minor: Some(true),
        ..Default::default()
    };
    let vehicle = pb::InvolveVehicle {
        relation: "suspect".to_owned(),
        plate: "AB-1234".to_owned(),
        person: subject,
        ..Default::default()
    };
    let draft = pb::RegisterIncident { channel: 5, ..theft() };
    let whole = pb::ValidateIncident {
        draft: Some(draft),
        vehicles: vec![vehicle.clone()],
        persons: vec![child],
        ..Default::default()
    };
    let reply = validated(&api, &municipal(), whole.clone()).await;
    assert_eq!((reply.violations, pb::RaisedClass::try_from(reply.class)), (vec![], Ok(pb::RaisedClass::Protected)));

    let wrong = |reply: pb::ValidateIncidentReply| -> Vec<(String, String)> {
        reply.violations.into_iter().map(|wrong| (wrong.field, wrong.rule)).collect()
    };
    let unread = pb::InvolveVehicle { relation: "no-such".to_owned(), plate: "?".to_owned(), ..Default::default() };
    let broken = pb::ValidateIncident {
        vehicles: vec![vehicle, unread],
        persons: vec![pb::InvolvePerson::default()],
        ..whole.clone()
    };
    let paths: Vec<String> =
        wrong(validated(&api, &municipal(), broken).await).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["persons[0].roles", "vehicles[1].relation", "vehicles[1].plate"]);
    // Read well, and refused by a rule of the incident: the person is not in it.
    let alone = pb::ValidateIncident { persons: Vec::new(), ..whole };
    assert_eq!(
        wrong(validated(&api, &municipal(), alone).await),
        [("vehicles[0]".to_owned(), "not_involved".to_owned())]
    );
}

#[tokio::test]
async fn who_may_not_register_is_told_so_and_so_is_the_access_log() {
    let api = Api::start().await;
    let auditor = person("r.audits", "IC", Role::Auditor, Purpose::Audit);
    let refused = api.incidents_as(&auditor).validate_incident(of(theft())).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    for _ in 0..400 {
        let told: Vec<String> =
            sqlx::query_scalar("select event_type from access.events").fetch_all(&api.pool).await.unwrap();
        if told == ["AccessRefused"] {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the access log has no refusal");
}

/// Numbers that look like chance and are the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most as u64).unwrap()
    }
}

/// One change of a good draft. Some break it in what a field holds, some in what the fields say together, some in what the register
/// knows, and some not at all.
fn change(draft: &mut pb::RegisterIncident, which: usize, card: &str, place: usize) {
    let later = (Utc::now() + TimeDelta::hours(3)).to_rfc3339();
    let sent = draft.envelope.get_or_insert_default();
    let at = draft.place.get_or_insert_default();
    let text = |text: &str| text.to_owned();
    match which {
        0 => draft.type_code = text("thefft"),
        1 => draft.type_code.clear(),
        2 => draft.category = 99,
        3 => draft.category = 0,
        4 => draft.channel = 77,
        5 => draft.channel = 0,
        6 => at.territory = text("0055000"),
        7 => at.territory = text("12"),
        8 => at.point = Some(pb::GeoPoint { latitude_e6: 95_000_000, longitude_e6: 24_000_000 }),
        9 => at.uncertainty_m = Some(5),
        10 => at.text = "x".repeat(501),
        11 => draft.place = None,
        12 => draft.occurred_from = text("yesterday"),
        13 => draft.occurred_from = later,
        14 => draft.occurred_to = text("2020-01-01T00:00:00+02:00"),
        15 => draft.received_at = later,
        16 => draft.narrative = "ā".repeat(20_001),
        17 => draft.narrative.clear(),
        18 => draft.reporter = Some(pb::Reporter { personal_code: text("1"), ..Default::default() }),
        19 => draft.reporter = Some(pb::Reporter { phone: text("abc"), name: text("A"), ..Default::default() }),
        20 => draft.legacy_number = text("17/2026"),
        21 => draft.legacy_number = format!("{place}/2026"),
        22 => draft.legacy_number = "9".repeat(100),
        23 => draft.card = with_id(&Uuid::now_v7().to_string()),
        24 => draft.card = with_id("x"),
        25 => draft.card = numbered(card),
        26 => draft.card = numbered("VEK-2020-9999999"),
        27 => sent.occurred_at = later,
        28 => sent.occurred_at = text("2026-02-30T00:00:00Z"),
        29 => sent.occurred_at.clear(),
        30 => sent.expected_version = Some(0),
        31 => sent.expected_version = Some(4),
        32 => sent.flags = vec![text("ambiguous_local_time")],
        33 => sent.flags = vec![text("No!")],
        34 => sent.flags = vec![text("simulated")],
        35 => sent.command_id = text("1"),
        36 => sent.correlation_id = text("1"),
        37 => sent.source = envelope_of("rpp-entry", &format!("new-{place}")).unwrap().source,
        38 => sent.source = envelope_of("rpp-entry", "17").unwrap().source,
        39 => sent.source = envelope_of("vkcp", "17").unwrap().source,
        _ => draft.type_code = text("domestic-violence"),
    }
}

const CHANGES: usize = 41;

/// A sentence without its times: the clock goes on between two calls.
fn timeless(sentence: &str) -> String {
    sentence.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// What a refusal says is wrong, by field or by rule.
fn wrong_by(status: &Status) -> Vec<(String, String)> {
    if let Some(request) = status.get_details_bad_request() {
        return request.field_violations.into_iter().map(|wrong| (wrong.field, timeless(&wrong.description))).collect();
    }
    let rules = status.get_details_precondition_failure().map(|failure| failure.violations).unwrap_or_default();
    if !rules.is_empty() {
        return rules.into_iter().map(|rule| (rule.r#type, timeless(&rule.description))).collect();
    }
    let reason = status.get_details_error_info().map_or_else(|| "card".to_owned(), |info| info.reason.to_lowercase());
    vec![(reason, timeless(status.message()))]
}

/// Any of 250 drafts, each with up to three of those changes: what is found wrong with it is what registering it is refused with, and
/// where nothing is found it is registered.
#[tokio::test]
async fn a_draft_is_told_to_be_right_exactly_when_it_is_registered() {
    let api = Api::start().await;
    let mut incidents = api.incidents_as(&municipal());
    let taken = pb::RegisterIncident {
        envelope: envelope_of("rpp-entry", "17"),
        legacy_number: "17/2026".to_owned(),
        ..incident()
    };
    incidents.register_incident(taken).await.unwrap();
    let card = api.cards().receive_call(call()).await.unwrap().into_inner().number;
    let (mut chance, mut right, mut wrong, mut refused) = (Chance(0x5EED), 0, 0, 0);
    for place in 0..250 {
        let mut draft = pb::RegisterIncident { envelope: envelope(), channel: 5, ..theft() };
        // Each change by itself first.
        let changes: Vec<usize> = match place {
            single if single < CHANGES => vec![single],
            _ => (0..=chance.below(3)).map(|_| chance.below(CHANGES)).collect(),
        };
        for which in &changes {
            change(&mut draft, *which, &card, place);
        }
        let said = incidents.validate_incident(of(draft)).await;
        let reply = match said {
            Ok(reply) => reply.into_inner(),
            Err(status) => {
                // Not something that is wrong with the draft: under another system's name, or made up.
                assert!(changes.iter().any(|which| [34, 39].contains(which)), "{changes:?}: {status:?}");
                refused += 1;
                continue;
            }
        };
        let registered = incidents.register_incident(reply.completed.unwrap()).await;
        let told: Vec<(String, String)> = reply
            .violations
            .into_iter()
            .map(|violation| {
                let by = if violation.rule.is_empty() { violation.field } else { violation.rule };
                (by, timeless(&violation.description))
            })
            .collect();
        match registered {
            Ok(_) => {
                assert_eq!(told, vec![], "{changes:?} was registered");
                right += 1;
            }
            Err(status) => {
                assert_eq!(told, wrong_by(&status), "{changes:?}: {status:?}");
                wrong += 1;
            }
        }
    }
    assert!(right > 15 && wrong > 100 && refused > 2, "{right} right, {wrong} wrong, {refused} refused");
}

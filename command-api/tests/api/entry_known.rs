//! What the register knows already of a draft: shown to those who may see it, told to the access log before, and to nobody else.

use access::{Principal, Purpose, Role};
use proto::command::v1 as pb;
use proto::command::v1::emergency_card_service_client::EmergencyCardServiceClient;
use proto::command::v1::retention_service_client::RetentionServiceClient;
use uuid::Uuid;

use crate::support::{Api, envelope, incident, numbered, person, with_id};

const RIGA: &str = "0001000";

fn of(user: &str, institution: &str) -> Principal {
    person(user, institution, Role::Officer, Purpose::Response)
}

fn place(text: &str, address_code: &str) -> Option<pb::Place> {
    let (text, address_code) = (text.to_owned(), address_code.to_owned());
    Some(pb::Place { text, address_code, territory: RIGA.to_owned(), ..Default::default() })
}

async fn registered(api: &Api, who: &Principal, place: Option<pb::Place>) -> pb::CommandReply {
    let message = pb::RegisterIncident { place, ..incident() };
    api.incidents_as(who).register_incident(message).await.unwrap().into_inner()
}

async fn with_plate(api: &Api, who: &Principal, incident: &str, id: &str, plate: &str) {
    let message = pb::InvolveVehicle {
        envelope: envelope(),
        incident: with_id(incident),
        id: id.to_owned(),
        relation: "suspect".to_owned(),
        plate: plate.to_owned(),
        ..Default::default()
    };
    api.incidents_as(who).involve_vehicle(message).await.unwrap();
}

async fn asked(api: &Api, who: &Principal, asked: pb::ValidateIncident) -> pb::ValidateIncidentReply {
    let reply = api.incidents_as(who).validate_incident(asked).await.unwrap().into_inner();
    assert!(!reply.known_unread);
    reply
}

fn at(place: Option<pb::Place>) -> pb::ValidateIncident {
    pb::ValidateIncident { draft: Some(pb::RegisterIncident { place, ..incident() }), ..Default::default() }
}

fn with(plate: &str) -> pb::ValidateIncident {
    let vehicle = pb::InvolveVehicle { relation: "suspect".to_owned(), plate: plate.to_owned(), ..Default::default() };
    pb::ValidateIncident { draft: Some(incident()), vehicles: vec![vehicle], ..Default::default() }
}

/// How many, and which.
fn known(incidents: Option<&pb::KnownIncidents>) -> (u32, Vec<String>) {
    let incidents = incidents.unwrap();
    (incidents.count, incidents.latest.iter().map(|incident| incident.id.clone()).collect())
}

fn at_place(reply: &pb::ValidateIncidentReply) -> (u32, Vec<String>) {
    known(reply.place.as_ref().unwrap().incidents.as_ref())
}

fn with_vehicle(reply: &pb::ValidateIncidentReply) -> (u32, Vec<String>) {
    known(reply.vehicles[0].incidents.as_ref())
}

/// What the access log says that somebody was shown, in order: records and scopes.
async fn told(api: &Api, user: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let sql = "select payload::jsonb->'RecordConsulted' from access.events
               where event_type = 'RecordConsulted' and payload::jsonb->'RecordConsulted'->'by'->>'user' = $1 order by position";
    let told: Vec<serde_json::Value> = sqlx::query_scalar(sql).bind(user).fetch_all(&api.pool).await.unwrap();
    let list = |value: &serde_json::Value| serde_json::from_value::<Vec<String>>(value.clone()).unwrap();
    told.iter().map(|event| (list(&event["records"]), list(&event["scopes"]))).collect()
}

#[tokio::test]
async fn earlier_incidents_at_the_address_are_told_to_who_may_see_them_and_to_the_access_log() {
    let api = Api::with_read_models().await;
    let (first, second) = (of("l.kalnina", "RPP"), of("m.berzins", "RPP"));
    let by_text = registered(&api, &first, place("Brīvības iela 61, Rīga", "")).await.aggregate_id;
    let by_code = registered(&api, &first, place("Brīvības 61", "100123456")).await.aggregate_id;
    registered(&api, &first, place("Brīvības iela 62, Rīga", "")).await;
    api.caught_up().await;

    let reply = asked(&api, &second, at(place("brīvības iela 61", ""))).await;
    assert_eq!(at_place(&reply), (1, vec![by_text.clone()]));
    let brief = &reply.place.as_ref().unwrap().incidents.as_ref().unwrap().latest[0];
    assert_eq!(
        (brief.type_code.as_str(), brief.responsible.as_str(), brief.territory.as_str()),
        ("theft", "RPP", RIGA)
    );
    assert_eq!(told(&api, "m.berzins").await, [(vec![by_text], vec!["summary".to_owned()])]);

    // By its code, and where it lies follows from what is known of it.
    let address = pb::Place { address_code: "100123456".to_owned(), ..Default::default() };
    let reply = asked(&api, &of("a.ozola", "VP"), at(Some(address))).await;
    assert_eq!(at_place(&reply), (1, vec![by_code]));
    assert_eq!(reply.completed.unwrap().place.unwrap().territory, RIGA);
    assert!(
        reply.filled.iter().any(|filled| filled.field == "place.territory" && filled.from() == pb::FilledFrom::Place)
    );

    // A street alone is no address.
    let reply = asked(&api, &second, at(place("Brīvības iela", ""))).await;
    assert_eq!((reply.place, told(&api, "m.berzins").await.len()), (None, 1));
}

#[tokio::test]
async fn who_may_not_see_earlier_incidents_is_told_nothing_of_them_not_even_how_many() {
    let api = Api::with_read_models().await;
    let (own, far) = (of("l.kalnina", "RPP"), of("j.liepa", "PP-LIEPAJA"));
    for _ in 0..7 {
        let id = registered(&api, &own, place("Brīvības iela 61, Rīga", "100123456")).await.aggregate_id;
        with_plate(&api, &own, &id, "", "AB-1234").await;
    }
    api.caught_up().await;
    let both = |place| pb::ValidateIncident { vehicles: with("ab 1234").vehicles, ..at(place) };
    let seen = asked(&api, &own, both(place("", "100123456"))).await;
    assert_eq!((at_place(&seen).0, at_place(&seen).1.len()), (7, 5));
    assert_eq!((with_vehicle(&seen).0, with_vehicle(&seen).1.len()), (7, 5));
    for asking in [both(place("", "100123456")), both(place("Brīvības iela 61", ""))] {
        let kept = asked(&api, &far, asking).await;
        assert_eq!((at_place(&kept), with_vehicle(&kept)), ((0, vec![]), (0, vec![])));
        // As if there were none: what an unknown address and plate are answered with.
        let nothing = pb::ValidateIncident { vehicles: with("ZZ-1").vehicles, ..at(place("Nekur 1", "")) };
        let nothing = asked(&api, &far, nothing).await;
        assert_eq!((kept.place, kept.vehicles), (nothing.place, nothing.vehicles));
    }
    assert_eq!(told(&api, "j.liepa").await, []);
    let all = told(&api, "l.kalnina").await;
    assert_eq!((all.len(), all[0].1.clone()), (1, vec!["summary".to_owned(), "property".to_owned()]));
    // Without what is known nothing is shown, and so nothing is told.
    let alone = pb::ValidateIncident { without_known: true, ..both(place("", "100123456")) };
    let reply = asked(&api, &own, alone).await;
    assert_eq!((reply.place, reply.vehicles, told(&api, "l.kalnina").await.len()), (None, vec![], 1));
}

#[tokio::test]
async fn a_vehicle_is_known_by_its_plate_however_it_is_written_until_that_is_withdrawn_or_erased() {
    let api = Api::with_read_models().await;
    let own = of("l.kalnina", "RPP");
    let one = registered(&api, &own, None).await.aggregate_id;
    let two = registered(&api, &own, None).await.aggregate_id;
    let (first, second) = (Uuid::now_v7().to_string(), Uuid::now_v7().to_string());
    with_plate(&api, &own, &one, &first, "AB-1234").await;
    with_plate(&api, &own, &two, &second, "ab 1234").await;
    api.caught_up().await;
    assert_eq!(with_vehicle(&asked(&api, &own, with("Ab1234")).await), (2, vec![two.clone(), one.clone()]));
    let abroad = pb::InvolveVehicle { plate_country: "LT".to_owned(), ..with("AB1234").vehicles[0].clone() };
    let abroad = pb::ValidateIncident { vehicles: vec![abroad], ..with("") };
    assert_eq!(with_vehicle(&asked(&api, &own, abroad).await).0, 0, "another country's plate is another");
    assert_eq!(asked(&api, &own, with("")).await.vehicles, vec![]);

    let withdraw = pb::WithdrawInvolvement {
        envelope: envelope(),
        incident: with_id(&two),
        id: second,
        reason: "Cits transportlīdzeklis.".to_owned(),
    };
    api.incidents_as(&own).withdraw_involvement(withdraw).await.unwrap();
    api.caught_up().await;
    assert_eq!(with_vehicle(&asked(&api, &own, with("AB-1234")).await), (1, vec![one.clone()]));

    let scope = || Some(pb::ErasureScope { of: Some(pb::erasure_scope::Of::Record(with_id(&one).unwrap())) });
    let supervisor = |name: &str| person(name, "RPP", Role::Supervisor, Purpose::Administration);
    let request = pb::RequestErasure {
        envelope: envelope(),
        scope: scope(),
        ground: pb::ErasureGround::Order as i32,
        reason: String::new(),
    };
    let mut retention = RetentionServiceClient::new(api.calling_as(&supervisor("v.viens")));
    retention.request_erasure(request).await.unwrap();
    let mut retention = RetentionServiceClient::new(api.calling_as(&supervisor("v.divi")));
    retention.approve_erasure(pb::ApproveErasure { envelope: envelope(), scope: scope() }).await.unwrap();
    // At once, and for good once the projector has heard of it.
    assert_eq!(with_vehicle(&asked(&api, &own, with("AB-1234")).await).0, 0);
    api.caught_up().await;
    let rows: i64 = sqlx::query_scalar("select count(*) from lookups.lookups").fetch_one(&api.pool).await.unwrap();
    assert_eq!(rows, 0);
}

/// A card of a call to 112 about a theft, with the State Police sent for.
async fn card(api: &Api) -> pb::CommandReply {
    let dispatcher = person("d.zarins", "VUGD", Role::Dispatcher, Purpose::Response);
    let mut cards = EmergencyCardServiceClient::new(api.calling_as(&dispatcher));
    let received = pb::ReceiveCall {
        envelope: envelope(),
        channel: pb::Channel::Phone112 as i32,
        caller: Some(pb::Reporter {
            name: "Anna Paraudziņa".to_owned(),
            phone: "+37120000000".to_owned(),
            ..Default::default()
        }),
        place: place("Brīvības iela 61, Rīga", "100123456"),
        narrative: "Zog velosipēdu.".to_owned(),
        ..Default::default()
    };
    let card = cards.receive_call(received).await.unwrap().into_inner();
    let qualify = pb::QualifyCard {
        envelope: envelope(),
        card: with_id(&card.aggregate_id),
        type_code: "theft".to_owned(),
        priority: pb::Priority::P1 as i32,
        ..Default::default()
    };
    cards.qualify_card(qualify).await.unwrap();
    let decide = pb::DecideServices {
        envelope: envelope(),
        card: with_id(&card.aggregate_id),
        services: vec![pb::Service::StatePolice as i32],
        reason: String::new(),
    };
    cards.decide_services(decide).await.unwrap();
    let notify = pb::NotifyService {
        envelope: envelope(),
        card: with_id(&card.aggregate_id),
        service: pb::Service::StatePolice as i32,
    };
    cards.notify_service(notify).await.unwrap();
    card
}

#[tokio::test]
async fn a_draft_from_a_card_is_filled_in_from_it_and_is_right_as_it_is() {
    let api = Api::with_read_models().await;
    let card = card(&api).await;
    api.caught_up().await;
    let who = of("a.ozola", "VP");
    // Nothing is typed but the card's number.
    let draft = pb::RegisterIncident { card: numbered(&card.number), ..Default::default() };
    let empty = pb::ValidateIncident { draft: Some(draft), ..Default::default() };
    let reply = asked(&api, &who, empty.clone()).await;
    assert_eq!((reply.violations.clone(), reply.missing.clone()), (vec![], vec![]));
    let completed = reply.completed.clone().unwrap();
    assert_eq!(completed.channel(), pb::Channel::Phone112);
    assert_eq!((completed.type_code.as_str(), completed.category()), ("theft", pb::Category::B));
    assert_eq!(completed.place, place("Brīvības iela 61, Rīga", "100123456"));
    assert_eq!(completed.narrative, "Zog velosipēdu.");
    let reporter = completed.reporter.as_ref().unwrap();
    assert_eq!((reporter.name.as_str(), reporter.phone.as_str()), ("Anna Paraudziņa", "+37120000000"));
    assert!(!completed.received_at.is_empty() && !reply.respond_by.is_empty());
    let from: Vec<&str> = reply
        .filled
        .iter()
        .filter(|filled| filled.from() == pb::FilledFrom::Card)
        .map(|filled| filled.field.as_str())
        .collect();
    assert_eq!(
        from,
        ["envelope.occurred_at", "channel", "type_code", "category", "received_at", "narrative", "reporter", "place"]
    );
    let shown = reply.card.unwrap();
    assert_eq!((shown.number.as_str(), shown.priority()), (card.number.as_str(), pb::Priority::P1));
    assert_eq!(shown.incidents.unwrap().count, 0);
    let scopes = ["summary", "narrative", "reporter"].map(ToOwned::to_owned).to_vec();
    assert_eq!(told(&api, "a.ozola").await, [(vec![card.aggregate_id.clone()], scopes)]);

    // Once it is registered, the next who opens the card sees that it is.
    let registered = api.incidents_as(&who).register_incident(completed).await.unwrap().into_inner();
    api.caught_up().await;
    let again = asked(&api, &of("b.ozola", "VP"), empty).await;
    assert_eq!(known(again.card.unwrap().incidents.as_ref()), (1, vec![registered.aggregate_id]));
}

#[tokio::test]
async fn a_card_that_somebody_may_not_see_fills_nothing_in() {
    let api = Api::with_read_models().await;
    let card = card(&api).await;
    api.caught_up().await;
    let far = of("j.liepa", "PP-LIEPAJA");
    let draft = pb::RegisterIncident { card: with_id(&card.aggregate_id), ..Default::default() };
    let reply = asked(&api, &far, pb::ValidateIncident { draft: Some(draft), ..Default::default() }).await;
    assert_eq!((reply.card, reply.missing.len()), (None, 3));
    assert!(reply.filled.iter().all(|filled| filled.from() != pb::FilledFrom::Card));
    assert_eq!(told(&api, "j.liepa").await, []);
}

#[tokio::test]
async fn without_read_models_a_draft_is_looked_at_all_the_same() {
    let api = Api::start().await;
    let reply =
        api.incidents_as(&of("l.kalnina", "RPP")).validate_incident(with("AB-1234")).await.unwrap().into_inner();
    assert!(reply.known_unread);
    assert_eq!((reply.violations, reply.vehicles), (vec![], vec![]));
}

//! Cautions in the graph: whole to whom they are for, and as if there were none to others.

mod support;

use access::{Institution, Principal, Purpose, Role};
use chrono::{TimeDelta, Utc};
use domain::caution::{About, CautionCommand, LiftCaution, RegisterCaution};
use domain::classifier::CautionKind;
use domain::incident::Identity;
use domain::terms::RaisedClass;
use domain::values::{
    AddressCode, Description, InstitutionCode, PersonName, PersonalCode, Place, PlaceParts, Reason, TerritoryCode,
};
use serde_json::{Value, json};
use support::register::{Done, Register};
use support::{Answer, Served, ask, serve};
use uuid::Uuid;

async fn served(register: &Register) -> Served {
    serve(register.app.clone(), register.keys(), Vec::new()).await
}

#[track_caller]
fn data(answer: &Answer) -> Value {
    let body = answer.json();
    assert!(body.get("errors").is_none(), "{body}");
    body["data"].clone()
}

fn who(institution: &str, role: Role, purpose: Purpose) -> Principal {
    let institution = Institution::parse(institution).expect("a code");
    Principal::new("a.ozola", institution, vec![role], purpose, Utc::now() + TimeDelta::hours(1))
}

async fn registered(register: &Register, kind: &str, about: About, class: Option<RaisedClass>) -> Done {
    let command = RegisterCaution {
        institution: InstitutionCode::parse("VP").expect("an institution"),
        kind: CautionKind::parse(kind).expect("a kind"),
        about,
        advice: Some(Description::parse("Doties divatā").expect("words").into()),
        class,
        incident: None,
        expires_at: Utc::now().fixed_offset() + TimeDelta::days(30),
    };
    register.caution(Uuid::now_v7(), CautionCommand::RegisterCaution(Box::new(command))).await
}

fn address() -> About {
    let parts = PlaceParts {
        address_code: Some(AddressCode::parse("100003003").expect("a code")),
        territory: Some(TerritoryCode::parse("0001000").expect("a territory")),
        ..Default::default()
    };
    About::Address(Place::try_new(parts).expect("a place"))
}

fn person(subject: Uuid) -> About {
    About::Person(Identity {
        name: Some(PersonName::parse("Anna Bērziņa").expect("a name").into()),
        personal_code: Some(PersonalCode::parse("161175-19997").expect("a code").into()),
        ..Identity::unknown(subject)
    })
}

const CAUTIONS: &str = "query ($f: CautionFilter, $p: LogPosition) { cautions(filter: $f, minPosition: $p) {
    totalCount nodes { kind { code label } protects about class address { addressCode territory }
                       person { name { value erased } personalCode { value masked } } advice { value erased } holds } } }";

/// How many are counted, and the kinds of those that are shown.
async fn seen(api: &Served, who: &Principal, filter: Value, position: &str) -> (Value, Vec<Value>) {
    let answer = ask(api, Some(&api.tokens.for_(who)), CAUTIONS, json!({"f": filter, "p": position})).await;
    let cautions = data(&answer)["cautions"].clone();
    let kinds = cautions["nodes"].as_array().expect("nodes").iter().map(|node| node["kind"]["code"].clone()).collect();
    (cautions["totalCount"].clone(), kinds)
}

#[tokio::test(flavor = "multi_thread")]
async fn cautions_are_seen_whole_by_whom_they_are_for_and_not_counted_for_others() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let subject = Uuid::now_v7();
    registered(&register, "dog", address(), None).await;
    registered(&register, "weapon", address(), Some(RaisedClass::Secret)).await;
    let last = registered(&register, "protected-person", person(subject), Some(RaisedClass::Protected)).await;
    let all = json!({});

    let police = who("VP", Role::Officer, Purpose::Response);
    assert_eq!(
        seen(&api, &police, all.clone(), &last.position).await,
        (json!(2), vec![json!("protected-person"), json!("dog")])
    );
    let dispatcher = who("VKCP", Role::Dispatcher, Purpose::Response);
    assert_eq!(seen(&api, &dispatcher, all.clone(), &last.position).await.0, 2);
    let medic = who("NMPD", Role::Officer, Purpose::Response);
    assert_eq!(seen(&api, &medic, all.clone(), &last.position).await, (json!(1), vec![json!("dog")]));
    let here = json!({"addressCode": "100003003", "kind": ["dog", "weapon"]});
    assert_eq!(seen(&api, &police, here, &last.position).await, (json!(1), vec![json!("dog")]), "secret needs a grant");
    for nobody in [who("SD-RIGA", Role::Officer, Purpose::Prevention), who("VP", Role::System, Purpose::Response)] {
        let answer = ask(&api, Some(&api.tokens.for_(&nobody)), CAUTIONS, json!({"f": all, "p": last.position})).await;
        assert_eq!(answer.code(), "FORBIDDEN", "{}", answer.json());
    }

    let of_person = json!({"f": {"subject": subject}, "p": last.position});
    let answer = ask(&api, Some(&api.tokens.for_(&police)), CAUTIONS, of_person.clone()).await;
    let whole = json!({
        "kind": {"code": "protected-person", "label": "Protected person"}, "protects": true, "about": "PERSON", "class": "PROTECTED",
        "address": null, "holds": true, "advice": {"value": "Doties divatā", "erased": false},
        "person": {"name": {"value": "Anna Bērziņa", "erased": false}, "personalCode": {"value": "161175-*****", "masked": true}},
    });
    assert_eq!(data(&answer)["cautions"]["nodes"], json!([whole]));
    let told: Vec<String> = sqlx::query_scalar(
        "select payload::text from access.events where event_type = 'RecordConsulted' order by position desc limit 1",
    )
    .fetch_all(&register.app)
    .await
    .expect("the access log");
    assert!(told[0].contains(&last.id.to_string()) && told[0].contains("persons"), "{told:?}");

    register.destroy_keys_of(last.id, subject).await;
    let answer = ask(&api, Some(&api.tokens.for_(&police)), CAUTIONS, of_person).await;
    let node = data(&answer)["cautions"]["nodes"][0].clone();
    assert_eq!((&node["person"]["name"]["erased"], &node["advice"]["value"]), (&json!(true), &json!("Doties divatā")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lifted_caution_is_shown_only_to_who_asks_for_what_is_over_and_one_by_one_only_to_who_may() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let dog = registered(&register, "dog", address(), None).await;
    let reason = Reason::parse("Suņa vairs nav").expect("a reason").into();
    let lifted = register.caution(dog.id, CautionCommand::LiftCaution(LiftCaution { reason })).await;
    let hidden = registered(&register, "vulnerable-person", address(), Some(RaisedClass::Protected)).await;
    let medic = who("NMPD", Role::Officer, Purpose::Response);
    assert_eq!(seen(&api, &medic, json!({}), &hidden.position).await, (json!(0), vec![]));
    assert_eq!(seen(&api, &medic, json!({"alsoOver": true}), &hidden.position).await, (json!(1), vec![json!("dog")]));

    const ONE: &str = "query ($id: ID!, $p: LogPosition) { caution(id: $id, minPosition: $p) {
        holds liftedAt lifted: liftedBecause { value } version } }";
    let one = async |id: Uuid| {
        let asked = json!({"id": id, "p": lifted.position});
        data(&ask(&api, Some(&api.tokens.for_(&medic)), ONE, asked).await)["caution"].clone()
    };
    let seen = one(dog.id).await;
    assert_eq!(
        (&seen["holds"], &seen["lifted"]["value"], &seen["version"]),
        (&json!(false), &json!("Suņa vairs nav"), &json!(2))
    );
    assert_eq!((one(hidden.id).await, one(Uuid::now_v7()).await), (Value::Null, Value::Null), "as if there were none");
}

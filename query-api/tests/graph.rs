//! The graph over a real register: what was recorded is what is read.

mod support;

use std::sync::Arc;

use access::Role;
use domain::terms::UnitStatus;
use serde_json::{Value, json};
use support::register::Register;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_read_with_its_units_and_their_clocks() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let (card, unit) = (register.call(0, "Deg šķūnis").await, register.unit("A1").await);
    register.qualify(card.id, "structure-fire").await;
    register.attach(card.id, unit.id, 2).await;
    let last = register.status(unit.id, UnitStatus::OnScene, 7).await;
    let query = "query ($number: String!, $p: LogPosition!) {
        card(number: $number, minPosition: $p) {
            id number status statusLabel(lang: LV) channel priority responseSeconds
            type { code label lv: label(lang: LV) }
            units { callSign kind travelSeconds clocks { attached onScene cleared } unit { status card { number } } }
            timeline { totalCount nodes { type institution } }
            source { system externalId }
        }
    }";
    let asked = json!({"number": card.number, "p": last.position});
    let found = data(&ask(&api, Some(&api.officer), query, asked).await)["card"].clone();
    assert_eq!(found["id"], json!(card.id));
    assert_eq!(
        (&found["status"], &found["channel"], &found["priority"]),
        (&json!("DISPATCHED"), &json!("PHONE_112"), &json!("P1"))
    );
    assert_eq!(found["type"], json!({"code": "structure-fire", "label": "Structure fire", "lv": "Ugunsgrēks ēkā"}));
    assert_eq!(found["statusLabel"], "Izsūtīta ekipāža");
    assert_eq!(found["responseSeconds"], 420);
    let expected = json!([{
        "callSign": "A1", "kind": "FIRE_ENGINE", "travelSeconds": 300,
        "clocks": {"attached": "2026-03-02T10:02:00+00:00", "onScene": "2026-03-02T10:07:00+00:00", "cleared": null},
        "unit": {"status": "ON_SCENE", "card": {"number": card.number}},
    }]);
    assert_eq!(found["units"], expected);
    assert_eq!(found["timeline"]["totalCount"], 4);
    assert_eq!(found["timeline"]["nodes"][0], json!({"type": "CallReceived", "institution": "VUGD"}));
    assert_eq!(found["source"], json!({"system": "test-cad", "externalId": card.id}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_paged_without_gap_or_repeat() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let mut calls = Vec::new();
    for minute in 0..7 {
        calls.push(register.call(minute, "Zvans").await);
    }
    let last = calls[6].position.clone();
    let query = "query ($after: String, $p: LogPosition!) {
        cards(first: 3, after: $after, orderBy: RECEIVED_ASC, minPosition: $p) {
            totalCount nodes { number } pageInfo { hasNextPage hasPreviousPage endCursor }
        }
    }";
    let (mut after, mut seen) = (Value::Null, Vec::new());
    loop {
        let page =
            data(&ask(&api, Some(&api.officer), query, json!({"after": after, "p": last})).await)["cards"].clone();
        assert_eq!(page["totalCount"], 7);
        assert_eq!(page["pageInfo"]["hasPreviousPage"], json!(!after.is_null()));
        seen.extend(page["nodes"].as_array().expect("nodes").iter().map(|card| card["number"].clone()));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(seen, calls.iter().map(|call| json!(call.number)).collect::<Vec<_>>());
    for arguments in ["first: 201", "first: -1", "after: \"???\""] {
        let refused =
            ask(&api, Some(&api.officer), &format!("{{ cards({arguments}) {{ totalCount }} }}"), json!({})).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, "BAD_USER_INPUT"), "{arguments}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_is_opened_for_those_who_may_see_it_and_gone_when_its_key_is() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let card = register.call(0, "Zvana Anna no Brīvības ielas").await;
    let incident = register.incident("Nozagts velosipēds").await;
    let query = "query ($card: ID!, $incident: ID!, $p: LogPosition!) {
        card(id: $card, minPosition: $p) {
            kept narrative { value masked erased }
            caller { name { value masked erased } phone { value } personalCode { value } }
        }
        incident(id: $incident, minPosition: $p) { narrative { value masked } kept }
    }";
    let asked = json!({"card": card.id, "incident": incident.id, "p": incident.position});
    let seen = data(&ask(&api, Some(&api.officer), query, asked.clone()).await);
    let open = |value: &str| json!({"value": value, "masked": false, "erased": false});
    let kept = ["NARRATIVE", "REPORTER", "PERSONS", "SUSPECTS", "PROPERTY", "PERSONAL_CODE", "RESULT"];
    let kept = json!({"narrative": {"value": null, "masked": true}, "kept": kept});
    assert_eq!(seen["incident"], kept, "what police wrote down is not for the fire service");
    assert_eq!(seen["card"]["narrative"], open("Zvana Anna no Brīvības ielas"));
    assert_eq!(seen["card"]["caller"]["name"], open("Anna Bērziņa"));
    assert_eq!(seen["card"]["caller"]["phone"]["value"], "+37120000001");
    assert_eq!(seen["card"]["caller"]["personalCode"], Value::Null);
    let police = api.tokens.at("VP", Role::Officer);
    let seen = data(&ask(&api, Some(&police), query, asked.clone()).await);
    assert_eq!(seen["incident"]["narrative"]["value"], "Nozagts velosipēds");

    let answer = ask(&api, Some(&api.tokens.at("NMPD", Role::Officer)), query, asked.clone()).await;
    let masked = data(&answer);
    assert_eq!(masked["card"]["narrative"], json!({"value": null, "masked": true, "erased": false}));
    assert!(masked["card"]["kept"].as_array().is_some_and(|kept| kept.contains(&json!("NARRATIVE"))), "{masked}");
    assert!(!answer.body.contains("Anna") && !answer.body.contains("sealed") && !answer.body.contains("37120000001"));

    register.destroy_keys(card.id).await;
    let erased = data(&ask(&api, Some(&police), query, asked).await);
    assert_eq!(erased["card"]["narrative"], json!({"value": null, "masked": false, "erased": true}));
    assert_eq!(erased["incident"]["narrative"]["value"], "Nozagts velosipēds");
}

#[tokio::test(flavor = "multi_thread")]
async fn min_position_waits_and_says_when_it_waited_in_vain() {
    let mut register = Register::fresh().await;
    let api = Arc::new(served(&register).await);
    let first = register.call(0, "Pirmais").await;
    let query = "query ($id: ID!, $p: LogPosition!, $wait: Int!) { card(id: $id, minPosition: $p, waitSeconds: $wait) { number } }";
    let asked = |call: &support::register::Done, wait: i32| json!({"id": call.id, "p": call.position, "wait": wait});
    assert_eq!(
        data(&ask(&api, Some(&api.officer), query, asked(&first, 5)).await)["card"]["number"],
        json!(first.number)
    );

    register.pause().await;
    let second = register.call(1, "Otrais").await;
    let late = ask(&api, Some(&api.officer), query, asked(&second, 0)).await;
    assert_eq!((late.status, late.code().as_str()), (503, "NOT_YET"));
    assert_eq!(late.json()["errors"][0]["extensions"]["minPosition"], json!(second.position));

    let waiting = tokio::spawn({
        let (api, asked) = (api.clone(), asked(&second, 20));
        async move { ask(&api, Some(&api.officer), query, asked).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    register.resume().await;
    assert_eq!(data(&waiting.await.expect("an answer"))["card"]["number"], json!(second.number));

    let other = json!({"id": first.id, "p": "2.1", "wait": 5});
    let refused = ask(&api, Some(&api.officer), query, other).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "FAILED_PRECONDITION"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_says_which_of_its_records_are_behind_what_was_recorded() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let (card, other) = (register.call(0, "Pirmais").await, register.call(1, "Otrais").await);
    register.alter("alter table cards.cards add constraint broken check (type_code is distinct from 'medical')").await;
    let left_out = register.qualify(card.id, "medical").await;
    let last = register.qualify(other.id, "alarm").await;
    register.shows(&last.position).await;
    let query = "query ($p: LogPosition!) { cards(minPosition: $p) { nodes { id type { code } } } }";
    let one = "query ($id: ID!, $p: LogPosition!) { card(id: $id, minPosition: $p) { type { code } } }";
    let asked = |id: Uuid| json!({"id": id, "p": last.position});
    // The server learns within moments that something is parked.
    let answer = loop {
        let answer = ask(&api, Some(&api.officer), query, asked(card.id)).await.json();
        if !answer["extensions"].is_null() {
            break answer;
        }
    };
    let behind = json!([{"record": card.id, "readModels": [{"name": "cards", "before": left_out.position}]}]);
    assert_eq!(answer["extensions"]["behind"], behind, "{answer}");
    let alone = ask(&api, Some(&api.officer), one, asked(card.id)).await.json();
    assert_eq!((&alone["data"]["card"]["type"], &alone["extensions"]["behind"]), (&Value::Null, &behind));
    let whole = ask(&api, Some(&api.officer), one, asked(other.id)).await.json();
    assert_eq!((&whole["data"]["card"]["type"]["code"], &whole["extensions"]), (&json!("alarm"), &Value::Null));

    register.alter("alter table cards.cards drop constraint broken").await;
    assert_eq!(register.retry_parked("cards").await, 1);
    let mended = ask(&api, Some(&api.officer), one, asked(card.id)).await.json();
    assert_eq!((&mended["data"]["card"]["type"]["code"], &mended["extensions"]), (&json!("medical"), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_roster_records_and_logs_are_answered_in_one_snapshot() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let unit = register.unit("A1").await;
    register.unit("B2").await;
    let (near, far) = (register.call(0, "Tuvu").await, register.call(1, "Tālu").await);
    register.qualify(near.id, "medical").await;
    register.attach(near.id, unit.id, 1).await;
    let last = register.status(unit.id, UnitStatus::OnScene, 4).await;
    let query = "query ($p: LogPosition!, $far: String!, $unit: ID!) {
        cardStatistics(minPosition: $p) {
            calls units unitsSent unitsOnScene counted missing negative medianResponseSeconds
            callsByType { type { code } count }
        }
        roster(minPosition: $p, filter: { onDuty: true }) { totalCount nodes { callSign status } }
        record(number: $far, minPosition: $p) { type version timeline { nodes { sequence type facts } } card { number } unit { id } }
        node(id: $unit) { __typename id ... on Unit { callSign } }
        none: node(id: \"not-one-of-ours\") { id }
        unit(callSign: \"B2\") { status timeline { nodes { type } } }
        logs { name generation head root }
        projections { name log progress head lagSeconds parked }
    }";
    let asked = json!({"p": last.position, "far": far.number, "unit": unit.id});
    let found = data(&ask(&api, Some(&api.officer), query, asked).await);
    let expected = json!({
        "calls": 2, "units": 1, "unitsSent": 1, "unitsOnScene": 1, "counted": 1, "missing": 1, "negative": 0,
        "medianResponseSeconds": 240,
        "callsByType": [{"type": {"code": "medical"}, "count": 1}, {"type": null, "count": 1}],
    });
    assert_eq!(found["cardStatistics"], expected);
    let units = json!([{"callSign": "A1", "status": "ON_SCENE"}, {"callSign": "B2", "status": "AVAILABLE"}]);
    assert_eq!(found["roster"], json!({"totalCount": 2, "nodes": units}));
    assert_eq!((&found["record"]["type"], &found["record"]["version"]), (&json!("EMERGENCY_CARD"), &json!(1)));
    assert_eq!(found["record"]["card"]["number"], json!(far.number));
    let facts = &found["record"]["timeline"]["nodes"][0]["facts"];
    assert!(facts.get("narrative").is_none() && facts["number"] == json!(far.number), "{facts}");
    assert_eq!(found["node"], json!({"__typename": "Unit", "id": unit.id, "callSign": "A1"}));
    assert_eq!(found["none"], Value::Null);
    assert_eq!(found["unit"]["timeline"]["nodes"][0]["type"], "UnitRegistered");
    assert_eq!(found["logs"][0]["head"], json!(last.position));
    assert_eq!(found["logs"][0]["root"].as_str().map(str::len), Some(64));
    let models = found["projections"].as_array().expect("projections");
    assert!(
        models.iter().any(|m| m["name"] == "cards" && m["log"] == "register" && m["progress"] == json!(last.position))
    );
}

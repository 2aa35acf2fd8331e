//! The dossier of an address, a person or a vehicle: all of it in one call, and no more than each may see elsewhere.

mod support;

use std::collections::BTreeSet;

use access::{Institution, Principal, Purpose, Reference, Role};
use chrono::{TimeDelta, Utc};
use domain::caution::{About, CautionCommand, CautionedVehicle, RegisterCaution};
use domain::classifier::{CautionKind, PersonRole, VehicleRelation};
use domain::incident::{Identity, IncidentCommand, InvolvePerson, InvolveVehicle, SupplementIncident, Vehicle};
use domain::terms::Identification;
use domain::values::{
    AddressCode, CountryCode, InstitutionCode, PersonName, PersonalCode, Place, PlaceParts, PlateNumber, Reason,
};
use serde_json::{Value, json};
use support::register::{Done, Register};
use support::{Served, ask, ask_for, serve};
use uuid::Uuid;

fn who(institution: &str, role: Role, purpose: Purpose) -> Principal {
    let institution = Institution::parse(institution).expect("a code");
    Principal::new("a.ozola", institution, vec![role], purpose, Utc::now() + TimeDelta::hours(1))
}

fn identity(subject: Uuid) -> Identity {
    Identity {
        name: Some(PersonName::parse("Pēteris Kalns").expect("a name").into()),
        personal_code: Some(PersonalCode::parse("161175-19997").expect("a code").into()),
        ..Identity::unknown(subject)
    }
}

fn involve(subject: Uuid) -> IncidentCommand {
    IncidentCommand::InvolvePerson(Box::new(InvolvePerson {
        person: identity(subject),
        roles: BTreeSet::from([PersonRole::parse("suspect").expect("a role")]),
        identification: Identification::Document,
        minor: false,
        protections: BTreeSet::new(),
    }))
}

fn drives() -> IncidentCommand {
    let vehicle = Vehicle {
        id: Uuid::now_v7(),
        relation: VehicleRelation::parse("suspect").expect("a relation"),
        plate: Some(PlateNumber::parse("AB-1234", "LV").expect("a plate").into()),
        plate_country: CountryCode::parse("LV").ok(),
        vin: None,
        make: None,
        colour: None,
        person: None,
    };
    IncidentCommand::InvolveVehicle(Box::new(InvolveVehicle { vehicle }))
}

fn place() -> Place {
    let address_code = Some(AddressCode::parse("100003003").expect("a code"));
    Place::try_new(PlaceParts { address_code, ..Default::default() }).expect("a place")
}

fn happened_there() -> IncidentCommand {
    IncidentCommand::SupplementIncident(Box::new(SupplementIncident {
        reason: Some(Reason::parse("Noskaidrota adrese").expect("a reason").into()),
        narrative: None,
        place: Some(place()),
        occurred_from: None,
        occurred_to: None,
        reporter: None,
    }))
}

async fn caution(register: &Register, kind: &str, about: About) -> Done {
    let command = RegisterCaution {
        institution: InstitutionCode::parse("VP").expect("an institution"),
        kind: CautionKind::parse(kind).expect("a kind"),
        about,
        advice: None,
        class: None,
        incident: None,
        expires_at: Utc::now().fixed_offset() + TimeDelta::days(30),
    };
    register.caution(Uuid::now_v7(), CautionCommand::RegisterCaution(Box::new(command))).await
}

const DOSSIER: &str = "query ($of: DossierOf!, $p: LogPosition) { dossier(of: $of, minPosition: $p) {
    incidents { totalCount nodes { id persons { identity { name { value } } } result { code } } }
    cautions { totalCount nodes { kind { code } } } cards { totalCount } } }";

async fn dossier(api: &Served, who: &Principal, of: Value, position: &str) -> Value {
    let reference = who.reference.as_ref().map(ToString::to_string);
    let asked = json!({"of": of, "p": position});
    let token = api.tokens.for_(who);
    let answer = match &reference {
        Some(reference) => ask_for(api, Some(&token), Some(reference), DOSSIER, asked).await,
        None => ask(api, Some(&token), DOSSIER, asked).await,
    };
    let body = answer.json();
    assert!(body.get("errors").is_none(), "{body}");
    body["data"]["dossier"].clone()
}

fn counts(dossier: &Value) -> (Value, Value) {
    (dossier["incidents"]["totalCount"].clone(), dossier["cautions"]["totalCount"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_holds_what_is_known_of_an_address_a_person_or_a_vehicle_by_who_asks() {
    let register = Register::fresh().await;
    let api = serve(register.app.clone(), register.keys(), Vec::new()).await;
    let subject = Uuid::now_v7();
    let (first, second) = (register.incident("Laupīšana").await, register.incident("Zādzība").await);
    register.incident("Cits").await;
    register.does(first.id, involve(subject)).await;
    register.does(first.id, happened_there()).await;
    // The same person, of whom nobody knew that it was they.
    register.does(second.id, involve(Uuid::now_v7())).await;
    register.does(second.id, drives()).await;
    let vehicle = CautionedVehicle {
        plate: PlateNumber::parse("AB-1234", "LV").expect("a plate").into(),
        plate_country: CountryCode::parse("LV").expect("a country"),
        make: None,
        colour: None,
    };
    caution(&register, "dog", About::Address(place())).await;
    caution(&register, "escape", About::Vehicle(vehicle)).await;
    let last = caution(&register, "violence", About::Person(identity(subject))).await;
    let at = last.position.as_str();

    let police = who("VP", Role::Officer, Purpose::Response);
    let of_address = dossier(&api, &police, json!({"addressCode": "100003003"}), at).await;
    assert_eq!((counts(&of_address), &of_address["cards"]["totalCount"]), ((json!(1), json!(1)), &json!(0)));
    assert_eq!(of_address["incidents"]["nodes"][0]["persons"][0]["identity"]["name"]["value"], "Pēteris Kalns");
    let by_code = dossier(&api, &police, json!({"personalCode": "16117519997"}), at).await;
    assert_eq!((counts(&by_code), &by_code["cards"]), ((json!(2), json!(1)), &Value::Null));
    assert_eq!(counts(&dossier(&api, &police, json!({"person": subject}), at).await), (json!(1), json!(1)));
    let of_vehicle = dossier(&api, &police, json!({"plate": {"number": "ab1234"}}), at).await;
    assert_eq!(counts(&of_vehicle), (json!(1), json!(1)));
    assert_eq!(of_vehicle["cautions"]["nodes"][0]["kind"]["code"], "escape");

    // Prosecution sees incidents for its case, and cautions of nobody else's.
    let mut prosecutor = who("LRP", Role::Officer, Purpose::Investigation);
    prosecutor.reference = Reference::parse("KP-11/2026").ok();
    let of_prosecutor = dossier(&api, &prosecutor, json!({"personalCode": "161175-19997"}), at).await;
    assert_eq!(counts(&of_prosecutor), (json!(2), json!(0)));

    for of in [json!({}), json!({"person": subject, "addressCode": "1"})] {
        let wrong = ask(&api, Some(&api.tokens.for_(&police)), DOSSIER, json!({"of": of})).await;
        assert_eq!(wrong.code(), "BAD_USER_INPUT", "{}", wrong.json());
    }
}

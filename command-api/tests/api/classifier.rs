//! Loading a classifier: what is wrong with a list is told whole, and how much of one goes into a command.

use std::collections::BTreeMap;

use access::{Principal, Purpose, Role};
use prost::Message as _;
use proto::command::v1 as pb;
use proto::command::v1::classifier_service_client::ClassifierServiceClient;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;

use crate::support::{Api, envelope, person};

fn centre() -> Principal {
    person("a.ozola", "IC", Role::Supervisor, Purpose::Administration)
}

fn entry(code: &str, attributes: &[(&str, &str)]) -> pb::ClassifierEntry {
    let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    pb::ClassifierEntry {
        code: code.to_owned(),
        lv: "Vārds".to_owned(),
        en: "Word".to_owned(),
        attributes: attributes.collect::<BTreeMap<_, _>>(),
        ..Default::default()
    }
}

fn list(system: &str, entries: Vec<pb::ClassifierEntry>) -> pb::LoadClassifier {
    pb::LoadClassifier { envelope: envelope(), system: system.to_owned(), entries, reason: "illustrative".to_owned() }
}

async fn load(api: &Api, list: pb::LoadClassifier) -> Result<Response<pb::CommandReply>, Status> {
    ClassifierServiceClient::new(api.calling_as(&centre())).load_classifier(list).await
}

#[tokio::test]
async fn all_that_is_wrong_with_the_attributes_of_a_list_is_told_with_its_path() {
    let api = Api::start().await;
    let refused = async |system: &str, entries| {
        let status = load(&api, list(system, entries)).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
        let wrong = status.get_details_bad_request().unwrap().field_violations;
        wrong.into_iter().map(|violation| violation.field).collect::<Vec<_>>()
    };
    let types = vec![
        entry("drone", &[("class", "restricted"), ("iccs", "13"), ("notice", "drones")]),
        entry("theft", &[("class", "secret"), ("iccs", "0502"), ("notice", "child"), ("colour", "any at all")]),
        entry("Fraud", &[("iccs", "fraud")]),
        entry("noise", &[("iccs", "x"), ("Not a name", "x")]),
    ];
    assert_eq!(
        refused("incident-type", types).await,
        [
            "entries[0].attributes.class",
            "entries[0].attributes.notice",
            "entries[0].attributes.iccs",
            "entries[2].code",
            "entries[2].attributes.iccs",
            "entries[3].attributes",
            "entries[3].attributes.iccs",
        ]
    );
    let categories = vec![
        entry("a", &[("city_minutes", "0"), ("rural_minutes", "-25")]),
        entry("b", &[("city_minutes", "25")]),
        entry("c", &[("city_minutes", "120"), ("rural_minutes", "120")]),
    ];
    assert_eq!(
        refused("response-category", categories).await,
        [
            "entries[0].attributes.city_minutes",
            "entries[0].attributes.rural_minutes",
            "entries[1].attributes.rural_minutes"
        ]
    );
    assert_eq!(refused("disposition", vec![entry("x", &[("apco", "7")])]).await, ["entries[0].attributes.apco"]);
    assert_eq!(refused("person-role", vec![entry("x", &[("eido", "x y")])]).await, ["entries[0].attributes.eido"]);
    assert!(api.events("register").await.is_empty(), "nothing of it is loaded");
}

#[tokio::test]
async fn a_command_takes_as_many_long_entries_as_a_message_holds() {
    let api = Api::start().await;
    let long =
        |n: usize| pb::ClassifierEntry {
            lv: "ļ".repeat(200), en: "w".repeat(200), ..entry(&format!("{n:0>64}"), &[])
        };
    let of = |count| list("hazard", (0..count).map(long).collect());
    let fits = (1..).take_while(|count| of(*count).encoded_len() <= command_api::MOST_BYTES).last().unwrap();
    assert!((1_400..2_000).contains(&fits), "{fits}");
    let reply = load(&api, of(fits)).await.unwrap().into_inner();
    assert_eq!(reply.events, 1);
    // The same again, by a server that has to read it from the log first.
    let again = load(&api.beside().await, of(fits)).await.unwrap().into_inner();
    assert_eq!((again.events, again.version), (0, 1));
    let refused = load(&api, of(fits + 1)).await.unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange, "{refused}");
    assert!(refused.message().contains(&command_api::MOST_BYTES.to_string()), "{refused}");
    // Entries of a usual length are counted instead.
    let usual = |count: usize| list("hazard", (0..count).map(|n| entry(&format!("c{n}"), &[])).collect());
    load(&api, usual(2_000)).await.unwrap();
    let refused = load(&api, usual(2_001)).await.unwrap_err();
    assert_eq!(refused.get_details_bad_request().unwrap().field_violations[0].field, "entries");
}

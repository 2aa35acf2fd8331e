//! The schema is a contract: what is committed is what is served.

use std::path::Path;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};

#[test]
fn the_schema_artefact_is_what_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schema/graphql/vnr.graphql");
    let served = query_api::sdl();
    if std::env::var_os("VNR_UPDATE_ARTEFACTS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, &served).expect("written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let differing = committed.lines().zip(served.lines()).position(|(a, b)| a != b);
    assert!(
        committed == served,
        "schema/graphql/vnr.graphql is not what is served, first in line {}: run `make artefacts` and look at \
         the difference; clients rely on every name in it",
        differing.unwrap_or_else(|| committed.lines().count().min(served.lines().count())) + 1
    );
}

#[test]
fn everything_in_the_schema_is_described() {
    let document = parse_schema(query_api::sdl()).expect("SDL");
    let mut bare = Vec::new();
    for definition in document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let (name, definition) = (definition.node.name.node.to_string(), definition.node);
        // Connections and edges are Relay's, the same everywhere.
        if definition.description.is_none() && !name.ends_with("Connection") && !name.ends_with("Edge") {
            bare.push(name.clone());
        }
        let members: Vec<(String, bool)> = match definition.kind {
            TypeKind::Object(object) => {
                object.fields.iter().map(|f| (f.node.name.node.to_string(), f.node.description.is_some())).collect()
            }
            TypeKind::InputObject(input) => {
                input.fields.iter().map(|f| (f.node.name.node.to_string(), f.node.description.is_some())).collect()
            }
            TypeKind::Enum(list) => {
                list.values.iter().map(|v| (v.node.value.node.to_string(), v.node.description.is_some())).collect()
            }
            _ => Vec::new(),
        };
        bare.extend(members.into_iter().filter(|(_, told)| !told).map(|(member, _)| format!("{name}.{member}")));
    }
    assert!(bare.is_empty(), "without a description: {bare:#?}");
}

//! What is derived from the events and committed: their JSON Schemas, golden payloads of every version, and what there is for people to
//! read: the list of events, and what may be asked of each record. `make artefacts` writes what may be written; what must never change
//! is compared only.

mod catalogue;
mod document;
mod golden;
mod latvian;
mod machine;
mod mutation;
mod reference;
mod schemas;
mod sources;
mod states;
mod values;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The workspace's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Whether artefacts are to be written, not only compared.
fn updating() -> bool {
    std::env::var_os("VNR_UPDATE_ARTEFACTS").is_some()
}

/// Writes a file, and its folder where that is missing.
fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// The same with its fields in the order of their names: serde_json keeps another order as soon as any crate of a build asks for it.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<_, _> = fields.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(sorted).collect()),
        other => other,
    }
}

/// The JSON files of a folder of folders, as `incident/IncidentClosed.v1.json`.
fn listing(folder: &Path) -> Vec<String> {
    let entries =
        |folder: &Path| fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").path());
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    let mut files: Vec<String> = entries(folder)
        .flat_map(|aggregate| {
            let parent = name(&aggregate);
            entries(&aggregate).map(move |file| format!("{parent}/{}", name(&file))).collect::<Vec<_>>()
        })
        .collect();
    files.sort();
    files
}

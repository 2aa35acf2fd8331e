use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::field::{IncidentField, PersonField, RecordField, VehicleField};
use crate::kernel::Violations;

/// How the records of a journal are read (kartējums): which of its fields means what, and which of its codes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordMapping {
    /// What the journal's fields mean, by their names there.
    pub fields: BTreeMap<String, RecordField>,
    /// Fields of the journal that are not for this register.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ignored: BTreeSet<String>,
    /// What the journal's codes mean: of a field, its codes and this register's. Others are taken as they are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub codes: BTreeMap<RecordField, BTreeMap<String, String>>,
    /// What holds where the journal says nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub defaults: BTreeMap<RecordField, String>,
}

/// A record as its mapping reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MappedRecord {
    values: BTreeMap<RecordField, String>,
    /// Those that the journal says something in.
    said: BTreeSet<RecordField>,
    /// What the journal calls them.
    names: BTreeMap<RecordField, String>,
}

impl RecordMapping {
    /// Most fields of a record.
    pub const MAX_FIELDS: usize = 100;
    /// Most codes.
    pub const MAX_CODES: usize = 2_000;
    /// Most characters of a name or a code.
    pub const MAX_NAME: usize = 100;

    /// Checks that every record can be read by it.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn check(&self) -> Result<(), Violations> {
        let mut wrong = Violations::new();
        let fields = self.fields.len() + self.ignored.len();
        if fields > Self::MAX_FIELDS {
            wrong.add("fields", format_args!("has {fields} entries: at most {} are taken", Self::MAX_FIELDS));
        }
        let codes: usize = self.codes.values().map(BTreeMap::len).sum();
        if codes > Self::MAX_CODES {
            wrong.add("codes", format_args!("has {codes} entries: at most {} are taken", Self::MAX_CODES));
        }
        let mut meant = BTreeMap::new();
        for (name, field) in &self.fields {
            Self::check_name(&mut wrong, "fields", name);
            if let Some(other) = meant.insert(*field, name) {
                wrong.add("fields", format_args!("`{other}` and `{name}` both mean {field}: one field can"));
            }
        }
        for name in &self.ignored {
            Self::check_name(&mut wrong, "ignored", name);
            if self.fields.contains_key(name) {
                wrong.add("ignored", format_args!("`{name}` means something: leave it out here or in `fields`"));
            }
        }
        for (field, codes) in &self.codes {
            for (theirs, ours) in codes {
                Self::check_name(&mut wrong, &format!("codes.{field}"), theirs);
                Self::check_name(&mut wrong, &format!("codes.{field}"), ours);
            }
        }
        for (field, value) in &self.defaults {
            Self::check_name(&mut wrong, &format!("defaults.{field}"), value);
        }
        for field in IncidentField::NEEDED.map(RecordField::from) {
            if !meant.contains_key(&field) && !self.defaults.contains_key(&field) {
                wrong.add("fields", format_args!("none means {field}, and it has no default: every record needs one"));
            }
        }
        for (needed, why) in self.needed_of_parts() {
            if !meant.contains_key(&needed) && !self.defaults.contains_key(&needed) {
                wrong.add("fields", format_args!("none means {needed}, and it has no default: {why}"));
            }
        }
        wrong.into_result(())
    }

    /// What must be known of each person and vehicle that it has fields for.
    fn needed_of_parts(&self) -> BTreeSet<(RecordField, &'static str)> {
        let needed = self.fields.values().chain(self.defaults.keys()).filter_map(|field| match field {
            RecordField::Incident(_) => None,
            RecordField::Person(index, _) => {
                Some((RecordField::Person(*index, PersonField::Role), "it says what the person is in the incident"))
            }
            RecordField::Vehicle(index, _) => {
                let relation = RecordField::Vehicle(*index, VehicleField::Relation);
                Some((relation, "it says what the vehicle is in the incident"))
            }
        });
        needed.collect()
    }

    fn check_name(wrong: &mut Violations, path: &str, name: &str) {
        let length = name.chars().count();
        if !(1..=Self::MAX_NAME).contains(&length) || name.chars().any(char::is_control) {
            wrong.add(path, format_args!("names and codes have 1 to {} characters, none of control", Self::MAX_NAME));
        }
    }

    /// Reads a record.
    ///
    /// # Errors
    /// The fields that it says nothing about: what isn't for this register has to be said.
    pub fn read(&self, record: &BTreeMap<String, String>) -> Result<MappedRecord, Vec<String>> {
        let known = |name: &&String| !self.fields.contains_key(*name) && !self.ignored.contains(*name);
        let unknown: Vec<String> = record.keys().filter(known).cloned().collect();
        if !unknown.is_empty() {
            return Err(unknown);
        }
        let mut read = MappedRecord { values: self.defaults.clone(), ..MappedRecord::default() };
        for (name, field) in &self.fields {
            read.names.insert(*field, name.clone());
            let Some(value) = record.get(name).map(|value| value.trim()).filter(|value| !value.is_empty()) else {
                continue;
            };
            let ours = self.codes.get(field).and_then(|codes| codes.get(value));
            read.said.insert(*field);
            read.values.insert(*field, ours.map_or(value, String::as_str).to_owned());
        }
        Ok(read)
    }

    /// What these fields of the journal mean.
    #[must_use]
    pub fn meaning(&self, names: &BTreeSet<String>) -> BTreeSet<RecordField> {
        names.iter().filter_map(|name| self.fields.get(name)).copied().collect()
    }
}

impl MappedRecord {
    /// What a field says; empty where it says nothing.
    #[must_use]
    pub fn get(&self, field: impl Into<RecordField>) -> &str {
        self.values.get(&field.into()).map_or("", String::as_str)
    }

    /// Whether the journal says anything of a person, or of a vehicle, beside what holds anyway.
    #[must_use]
    pub fn says(&self, is_part: impl Fn(&RecordField) -> bool) -> bool {
        self.said.iter().any(is_part)
    }

    /// What the journal calls the field that a path is about, `place.text`; nothing where it has none such.
    #[must_use]
    pub fn name_of(&self, path: &str) -> Option<&str> {
        let named = |field: RecordField| self.names.get(&field).map(String::as_str);
        let either = |one: IncidentField, other: IncidentField| named(one.into()).or_else(|| named(other.into()));
        RecordField::parse(path).ok().and_then(named).or_else(|| match path {
            "place.point" | "place.point.latitude_e6" => either(IncidentField::Latitude, IncidentField::Northing),
            "place.point.longitude_e6" => either(IncidentField::Longitude, IncidentField::Easting),
            _ => None,
        })
    }
}

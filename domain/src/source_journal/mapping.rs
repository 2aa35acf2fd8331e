use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::Violations;
use crate::lang::terms;

terms! {
    /// What a field of a journal's record can mean (žurnāla lauks).
    RecordField("record field") {
        /// Kind of incident.
        TypeCode = "type_code", "Veids", "Type";
        /// How fast police must be there.
        Category = "category", "Kategorija", "Category";
        /// How it was reported.
        Channel = "channel", "Saņemšanas veids", "Channel";
        /// When it was received.
        ReceivedAt = "received_at", "Saņemts", "Received";
        /// When it began.
        OccurredFrom = "occurred_from", "Sākums", "From";
        /// When it ended.
        OccurredTo = "occurred_to", "Beigas", "To";
        /// Code of the address register.
        AddressCode = "place.address_code", "Adreses kods", "Address code";
        /// ATVK code.
        Territory = "place.territory", "Teritorija", "Territory";
        /// Place as written.
        PlaceText = "place.text", "Vieta", "Place";
        /// Latitude in degrees of WGS 84.
        Latitude = "place.latitude", "Platums", "Latitude";
        /// Longitude in degrees of WGS 84.
        Longitude = "place.longitude", "Garums", "Longitude";
        /// Metres to the north, LKS-92.
        Northing = "place.northing", "Ziemeļu koordināta", "Northing";
        /// Metres to the east, LKS-92.
        Easting = "place.easting", "Austrumu koordināta", "Easting";
        /// What happened.
        Narrative = "narrative", "Apraksts", "Narrative";
        /// Who reported it.
        ReporterName = "reporter.name", "Ziņotājs", "Reporter";
        /// Their phone.
        ReporterPhone = "reporter.phone", "Ziņotāja tālrunis", "Reporter's phone";
        /// Their personal code.
        ReporterCode = "reporter.personal_code", "Ziņotāja personas kods", "Reporter's personal code";
        /// Number of it in the journal, for people.
        LegacyNumber = "legacy_number", "Žurnāla numurs", "Number in the journal";
        /// How it was dealt with.
        ResultCode = "result_code", "Rezultāts", "Result";
        /// Number of the process that it went on in.
        CaseRef = "case_ref", "Lietas numurs", "Case number";
        /// How it was closed; a record that has one is closed.
        Disposition = "disposition", "Slēgšanas veids", "Disposition";
    }
}

impl RecordField {
    /// Those without which nothing can be registered.
    pub const NEEDED: [Self; 3] = [Self::TypeCode, Self::Category, Self::Channel];
}

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
        for field in RecordField::NEEDED {
            if !meant.contains_key(&field) && !self.defaults.contains_key(&field) {
                wrong.add("fields", format_args!("none means {field}, and it has no default: every record needs one"));
            }
        }
        wrong.into_result(())
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
        let mut read = MappedRecord { values: self.defaults.clone(), names: BTreeMap::new() };
        for (name, field) in &self.fields {
            read.names.insert(*field, name.clone());
            let Some(value) = record.get(name).map(|value| value.trim()).filter(|value| !value.is_empty()) else {
                continue;
            };
            let ours = self.codes.get(field).and_then(|codes| codes.get(value));
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
    pub fn get(&self, field: RecordField) -> &str {
        self.values.get(&field).map_or("", String::as_str)
    }

    /// What the journal calls the field that a path is about, `place.text`; nothing where it has none such.
    #[must_use]
    pub fn name_of(&self, path: &str) -> Option<&str> {
        let named = |field: &RecordField| self.names.get(field).map(String::as_str);
        let whole = RecordField::ALL.iter().find(|field| field.code() == path).and_then(named);
        whole.or_else(|| match path.split_once('.') {
            Some(("place", "point" | "point.latitude_e6")) => {
                named(&RecordField::Latitude).or_else(|| named(&RecordField::Northing))
            }
            Some(("place", "point.longitude_e6")) => {
                named(&RecordField::Longitude).or_else(|| named(&RecordField::Easting))
            }
            _ => None,
        })
    }
}

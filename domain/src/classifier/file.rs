//! A classifier as a file: comma-separated values, a line for each entry.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;

use chrono::NaiveDate;

use super::attributes::{WrongAttribute, wrong_attributes};
use super::codes::CodeSystem;
use super::entry::Entry;
use crate::values::{AttributeName, AttributeValue, Code, Label};

/// Columns that every file has; each other one is an attribute.
const COLUMNS: [&str; 5] = ["code", "valid_from", "valid_until", "lv", "en"];

/// What can't be used in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileMistake {
    /// Number of the line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for FileMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// Reads a file: its first line names the columns `code`, `valid_from`, `valid_until` (exclusive), `lv`, `en`, and attributes.
///
/// # Errors
/// All that can't be used.
pub fn read_entries(file: impl Read) -> Result<Vec<Entry>, Vec<FileMistake>> {
    read(None, file)
}

/// The same, of that classifier: its attributes say what they can say in it.
///
/// # Errors
/// All that can't be used.
pub fn read_list(system: CodeSystem, file: impl Read) -> Result<Vec<Entry>, Vec<FileMistake>> {
    read(Some(system), file)
}

fn read(system: Option<CodeSystem>, file: impl Read) -> Result<Vec<Entry>, Vec<FileMistake>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let mut mistakes = Vec::new();
    let head = match reader.headers() {
        Ok(head) => head.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect::<Vec<_>>(),
        Err(error) => return Err(vec![FileMistake { line: 1, what: error.to_string() }]),
    };
    for column in COLUMNS {
        if !head.iter().any(|name| name == column) {
            mistakes.push(FileMistake { line: 1, what: format!("the column `{column}` is missing") });
        }
    }
    for name in head.iter().filter(|name| !COLUMNS.contains(&name.as_str())) {
        if let Err(error) = AttributeName::parse(name) {
            mistakes.push(FileMistake { line: 1, what: format!("column `{name}`: {error}") });
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let mut entries = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                let fields: BTreeMap<&str, &str> = head.iter().map(String::as_str).zip(record.iter()).collect();
                match entry(system, &fields) {
                    Ok(entry) => entries.push(entry),
                    Err(wrong) => mistakes.extend(wrong.into_iter().map(|what| FileMistake { line, what })),
                }
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                mistakes.push(FileMistake { line, what: error.to_string() });
            }
        }
    }
    if mistakes.is_empty() { Ok(entries) } else { Err(mistakes) }
}

fn entry(system: Option<CodeSystem>, fields: &BTreeMap<&str, &str>) -> Result<Entry, Vec<String>> {
    let mut wrong = Vec::new();
    let field = |name: &str| fields.get(name).copied().unwrap_or_default();
    let mut day = |name: &str| match field(name) {
        "" => None,
        text => {
            let day = text.parse::<NaiveDate>();
            day.map_err(|_| wrong.push(format!("{name}: `{text}` is no day such as 2026-01-01"))).ok()
        }
    };
    let (valid_from, valid_until) = (day("valid_from"), day("valid_until"));
    let mut attributes = BTreeMap::new();
    for (name, value) in fields.iter().filter(|(name, value)| !COLUMNS.contains(name) && !value.is_empty()) {
        match (AttributeName::parse(name), AttributeValue::parse(value)) {
            (Ok(name), Ok(value)) => {
                attributes.insert(name, value);
            }
            (Err(error), _) | (_, Err(error)) => wrong.push(format!("{name}: {error}")),
        }
    }
    let said_wrongly = system.map(|system| wrong_attributes(system, &attributes)).into_iter().flatten();
    wrong.extend(said_wrongly.map(|WrongAttribute { name, what }| format!("{name}: {what}")));
    let (code, lv, en) = (Code::parse(field("code")), Label::parse(field("lv")), Label::parse(field("en")));
    for (name, error) in [("code", code.as_ref().err()), ("lv", lv.as_ref().err()), ("en", en.as_ref().err())] {
        wrong.extend(error.map(|error| format!("{name}: {error}")));
    }
    match (code, lv, en) {
        (Ok(code), Ok(lv), Ok(en)) if wrong.is_empty() => {
            Ok(Entry { code, valid_from, valid_until, lv, en, attributes })
        }
        _ => Err(wrong),
    }
}

/// Writes entries as [`read_entries`] reads them.
#[must_use]
pub fn write_entries(entries: &[Entry]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in entries.iter().flat_map(|entry| entry.attributes.keys()) {
        if !names.contains(&name.as_str()) {
            names.push(name.as_str());
        }
    }
    let mut text = COLUMNS.into_iter().chain(names.iter().copied()).collect::<Vec<_>>().join(",") + "\n";
    for entry in entries {
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        let mut fields = vec![
            entry.code.to_string(),
            day(entry.valid_from),
            day(entry.valid_until),
            entry.lv.to_string(),
            entry.en.to_string(),
        ];
        fields.extend(names.iter().map(|name| entry.attribute(name).unwrap_or_default().to_owned()));
        let fields: Vec<String> = fields.iter().map(|field| quoted(field)).collect();
        text += &(fields.join(",") + "\n");
    }
    text
}

fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

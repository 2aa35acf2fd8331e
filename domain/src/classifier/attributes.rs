//! Attributes that rules, screens and other systems go by, and what each may say. Any other is kept as it is.

use std::collections::BTreeMap;

use super::codes::CodeSystem;
use crate::terms::RaisedClass;
use crate::values::{AttributeName, AttributeValue};

/// Most minutes until somebody has to be there: a week.
const MOST_MINUTES: u32 = 7 * 24 * 60;
/// What an incident of a type gives notice of, to those who build screens and notices.
const NOTICES: [&str; 3] = ["family-violence", "missing-person", "child"];
/// What a person of a role is protected for.
const PROTECTS: [&str; 1] = ["violence"];

/// Whom a caution of a kind protects, where it warns of nobody.
const PROTECTS_WHOM: [&str; 1] = ["person"];

/// An attribute that says what it can't.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongAttribute {
    /// Its name.
    pub name: &'static str,
    /// What is wrong with it, and what would be right.
    pub what: String,
}

/// Whether a value is right; otherwise what would be.
type Check = fn(&str) -> Result<(), String>;

/// The attributes of a classifier's entries that something goes by.
fn checks(system: CodeSystem) -> &'static [(&'static str, Check)] {
    match system {
        CodeSystem::IncidentType => &[("class", class), ("notice", notice), ("iccs", iccs)],
        CodeSystem::PersonRole => &[("protects", protects), ("eido", eido)],
        CodeSystem::CautionKind => &[("class", class), ("protects", protects_whom)],
        CodeSystem::VehicleRelation => &[("eido", eido)],
        CodeSystem::Disposition => &[("apco", apco)],
        CodeSystem::ResponseCategory => &[("city_minutes", minutes), ("rural_minutes", minutes)],
        _ => &[],
    }
}

fn class(value: &str) -> Result<(), String> {
    RaisedClass::parse(value).map(drop).map_err(|unknown| unknown.to_string())
}

fn notice(value: &str) -> Result<(), String> {
    one_of(value, &NOTICES)
}

fn protects(value: &str) -> Result<(), String> {
    one_of(value, &PROTECTS)
}

fn protects_whom(value: &str) -> Result<(), String> {
    one_of(value, &PROTECTS_WHOM)
}

fn one_of(value: &str, words: &[&str]) -> Result<(), String> {
    if words.contains(&value) { Ok(()) } else { Err(format!("`{value}` is none of {}", words.join(", "))) }
}

fn minutes(value: &str) -> Result<(), String> {
    // Signs and leading zeros are read by some and not by others.
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0');
    match value.parse() {
        Ok(1..=MOST_MINUTES) if is_plain => Ok(()),
        _ => Err(format!("`{value}` is no whole number of minutes from 1 to {MOST_MINUTES}")),
    }
}

/// A category of the International Classification of Crime for Statistical Purposes: its section, 01 to 11, and up to four digits more.
fn iccs(value: &str) -> Result<(), String> {
    let section = value.get(..2).and_then(|section| section.parse().ok());
    let is_one = matches!(value.len(), 2 | 4..=6) && value.bytes().all(|byte| byte.is_ascii_digit());
    match section {
        Some(1..=11u8) if is_one => Ok(()),
        _ => Err(format!(
            "`{value}` is no category of ICCS: a section from 01 to 11, as in `05`, or a part of one, as in `0502`"
        )),
    }
}

/// A common disposition code of APCO.
fn apco(value: &str) -> Result<(), String> {
    let is_one = value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_digit()) && value != "00";
    if is_one { Ok(()) } else { Err(format!("`{value}` is no disposition of APCO: two digits, as in `01`")) }
}

/// A name of a registry of NENA's EIDO: words run together, each with a capital.
fn eido(value: &str) -> Result<(), String> {
    let is_one = (2..=64).contains(&value.len())
        && value.starts_with(|c: char| c.is_ascii_uppercase())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_one { Ok(()) } else { Err(format!("`{value}` is no name of EIDO's registries, such as `ReportingParty`")) }
}

/// All that attributes say wrongly in that classifier.
#[must_use]
pub fn wrong_attributes(
    system: CodeSystem,
    attributes: &BTreeMap<AttributeName, AttributeValue>,
) -> Vec<WrongAttribute> {
    let mut wrong = Vec::new();
    for (name, check) in checks(system) {
        let value = attributes.iter().find(|(known, _)| known.as_str() == *name).map(|(_, value)| value.as_str());
        match value.map(check) {
            Some(Err(what)) => wrong.push(WrongAttribute { name, what }),
            None if system == CodeSystem::ResponseCategory => {
                let what = "is missing: without both, in the city and in the country, there is no deadline".to_owned();
                wrong.push(WrongAttribute { name, what });
            }
            _ => {}
        }
    }
    wrong
}

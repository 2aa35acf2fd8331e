//! The classifiers in force.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chrono::{NaiveDate, TimeDelta};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::codes::{CodeSystem, Coded};
use super::entry::Entry;
use super::error::ClassifierError;
use super::file::read_entries;
use super::unknown::UnknownCode;
use super::{MAX_ENTRIES, MAX_LOADED};
use crate::kernel::Refused;
use crate::lang::Lang;
use crate::terms::{Category, RaisedClass};
use crate::values::{Code, ValueError};

/// The entries of one classifier, in the order in which people are shown them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct CodeList(Vec<Entry>);

impl CodeList {
    /// All entries, those that hold no longer included.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// Takes entries in: each replaces the one of the same code and first day, or comes after the last of its code, or at the end.
    pub fn amend(&mut self, entries: impl IntoIterator<Item = Entry>) {
        // By code, in the order in which people are shown them.
        let mut codes: Vec<Vec<Entry>> = Vec::new();
        let mut places: BTreeMap<Code, usize> = BTreeMap::new();
        for entry in std::mem::take(&mut self.0).into_iter().chain(entries) {
            let place = *places.entry(entry.code.clone()).or_insert_with(|| {
                codes.push(Vec::new());
                codes.len() - 1
            });
            match codes[place].iter_mut().find(|old| old.valid_from == entry.valid_from) {
                Some(old) => *old = entry,
                None => codes[place].push(entry),
            }
        }
        self.0 = codes.into_iter().flatten().collect();
    }

    /// The list after these entries were loaded.
    ///
    /// # Errors
    /// With every rule of a list that they break.
    pub fn loaded(&self, entries: Vec<Entry>) -> Result<Self, Refused<ClassifierError>> {
        let mut broken = Vec::new();
        if entries.len() > MAX_LOADED {
            broken.push(ClassifierError::TooMany { count: entries.len(), most: MAX_LOADED });
        }
        let mut named = BTreeSet::new();
        for entry in &entries {
            if !named.insert((entry.code.clone(), entry.valid_from)) {
                broken.push(ClassifierError::Twice { code: entry.code.clone() });
            }
            if let (Some(from), Some(until)) = (entry.valid_from, entry.valid_until)
                && until <= from
            {
                broken.push(ClassifierError::EndsBeforeItBegins { code: entry.code.clone() });
            }
        }
        let mut list = self.clone();
        list.amend(entries);
        broken.extend(list.overlapping().into_iter().map(|code| ClassifierError::Overlap { code }));
        if list.entries().len() > MAX_ENTRIES {
            broken.push(ClassifierError::TooMany { count: list.entries().len(), most: MAX_ENTRIES });
        }
        Refused::unless_empty(broken)?;
        Ok(list)
    }

    /// Codes that would mean two things on one day.
    pub(super) fn overlapping(&self) -> Vec<Code> {
        let mut by_code: BTreeMap<&Code, Vec<&Entry>> = BTreeMap::new();
        let mut twice = Vec::new();
        for entry in &self.0 {
            let others = by_code.entry(&entry.code).or_default();
            twice.extend(others.iter().filter(|other| other.overlaps(entry)).map(|_| entry.code.clone()));
            others.push(entry);
        }
        twice.dedup();
        twice
    }

    /// What a code means on a day.
    #[must_use]
    pub fn on(&self, code: &str, day: NaiveDate) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.code.as_str() == code && entry.holds_on(day))
    }

    /// What a code meant last, whether it may still be used or not.
    #[must_use]
    pub fn last(&self, code: &str) -> Option<&Entry> {
        let of_code = self.0.iter().filter(|entry| entry.code.as_str() == code);
        of_code.max_by_key(|entry| entry.valid_from)
    }
}

/// Why a code can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// The classifier hasn't it.
    #[error(transparent)]
    Unknown(#[from] UnknownCode),
    /// It has it, but not on that day.
    #[error("`{code}` of {system} can't be used for {day}: it holds {held}")]
    NotThen {
        /// The code.
        code: Code,
        /// The classifier.
        system: CodeSystem,
        /// The day.
        day: NaiveDate,
        /// When it holds.
        held: String,
    },
    /// It isn't even one.
    #[error(transparent)]
    Form(#[from] ValueError),
}

/// How fast somebody has to be there, by category (reaģēšanas laiks): what the classifier of categories says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseLimits {
    /// In a city or town.
    pub city: TimeDelta,
    /// In the country.
    pub rural: TimeDelta,
}

/// All classifiers, as they are in force.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Classifiers(BTreeMap<CodeSystem, CodeList>);

macro_rules! embedded {
    ($($system:ident $file:literal),+ $(,)?) => {
        &[$((CodeSystem::$system, include_str!(concat!("../../../schema/reference/classifiers/", $file, ".csv")))),+]
    };
}

/// The program's own tables.
const EMBEDDED: &[(CodeSystem, &str)] = embedded![
    IncidentType "incident-type", CardType "card-type", Disposition "disposition", Result "result", Hazard "hazard",
    PersonRole "person-role", VehicleRelation "vehicle-relation", ItemKind "item-kind", ItemRelation "item-relation",
    DocumentKind "document-kind", Action "action", SeizureBasis "seizure-basis", TransferCause "transfer-cause",
    CautionKind "caution-kind", ResponseCategory "response-category",
];

impl Classifiers {
    /// The program's own tables, which hold as long as nothing was loaded. Illustrative: the official lists aren't public.
    #[must_use]
    pub fn embedded() -> &'static Self {
        static EMBEDDED_LISTS: LazyLock<Classifiers> = LazyLock::new(|| {
            let lists = EMBEDDED.iter().map(|(system, text)| {
                let entries = read_entries(text.as_bytes()).unwrap_or_default();
                (*system, CodeList(entries))
            });
            Classifiers(lists.collect())
        });
        &EMBEDDED_LISTS
    }

    /// The list of a classifier.
    #[must_use]
    pub fn list(&self, system: CodeSystem) -> &CodeList {
        static NONE: CodeList = CodeList(Vec::new());
        self.0.get(&system).unwrap_or(&NONE)
    }

    /// Puts a list in force.
    pub fn set(&mut self, system: CodeSystem, list: CodeList) {
        self.0.insert(system, list);
    }

    /// What a code means on a day.
    ///
    /// # Errors
    /// [`CodeError`] where the classifier hasn't it, or not on that day.
    pub fn entry(&self, system: CodeSystem, code: &str, day: NaiveDate) -> Result<&Entry, CodeError> {
        let list = self.list(system);
        if let Some(entry) = list.on(code, day) {
            return Ok(entry);
        }
        let of_code: Vec<&Entry> = list.entries().iter().filter(|entry| entry.code.as_str() == code).collect();
        match of_code.first() {
            Some(known) => Err(CodeError::NotThen { code: known.code.clone(), system, day, held: periods(&of_code) }),
            None => {
                let usable = list.entries().iter().filter(|entry| entry.holds_on(day));
                let known = usable.map(|entry| entry.code.as_str().to_owned());
                Err(UnknownCode::new(system.code(), code, known).into())
            }
        }
    }

    /// A code that may be used for what happened on that day of Riga's calendar.
    ///
    /// # Errors
    /// [`CodeError`] where it may not.
    pub fn code<C: Coded>(&self, code: &str, day: NaiveDate) -> Result<C, CodeError> {
        self.entry(C::SYSTEM, code, day)?;
        Ok(C::parse(code)?)
    }

    /// What people read for a code, by what it meant last; none where no list has it.
    #[must_use]
    pub fn label(&self, system: CodeSystem, code: &str, lang: Lang) -> Option<&str> {
        Some(self.list(system).last(code)?.label(lang))
    }

    /// What is known of a code on a day under that name; none where the code is none of that day.
    #[must_use]
    pub fn attribute(&self, system: CodeSystem, code: &str, day: NaiveDate, name: &str) -> Option<&str> {
        self.list(system).on(code, day)?.attribute(name)
    }

    /// How restricted what a code stands for is on that day, where it is more than usual.
    #[must_use]
    pub fn class<C: Coded>(&self, code: &C, day: NaiveDate) -> Option<RaisedClass> {
        let class = self.attribute(C::SYSTEM, code.code(), day, "class")?;
        RaisedClass::parse(class).ok()
    }

    /// How fast somebody has to be there, for what was received on that day.
    #[must_use]
    pub fn response_limits(&self, category: Category, day: NaiveDate) -> Option<ResponseLimits> {
        let code = category.code().to_ascii_lowercase();
        let entry = self.list(CodeSystem::ResponseCategory).on(&code, day)?;
        let minutes = |name| entry.attribute(name)?.parse().ok().and_then(TimeDelta::try_minutes);
        Some(ResponseLimits { city: minutes("city_minutes")?, rural: minutes("rural_minutes")? })
    }
}

/// When entries hold, in words: `from 2021-07-01 to 2024-06-30`.
fn periods(entries: &[&Entry]) -> String {
    let period = |entry: &&Entry| match (entry.valid_from, entry.valid_until) {
        (Some(from), Some(until)) => format!("from {from} until {until}"),
        (Some(from), None) => format!("from {from}"),
        (None, Some(until)) => format!("until {until}"),
        (None, None) => "always".to_owned(),
    };
    entries.iter().map(period).collect::<Vec<_>>().join(" and ")
}

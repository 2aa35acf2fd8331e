//! What a file would make of a classifier.

use std::collections::BTreeSet;
use std::fmt::Display;

use domain::classifier::{CodeList, CodeSystem, Entry};
use domain::values::AttributeName;
use serde_json::{Value, json};

use super::cells;
use crate::output::{self, Align, Table};

/// What becomes of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// The list has none of that code and first day.
    New,
    /// It says something else of it.
    Changed,
    /// It only gives it a last day.
    Ended,
}

impl Change {
    const ALL: [Self; 3] = [Self::New, Self::Changed, Self::Ended];

    fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Ended => "ended",
        }
    }
}

/// The entries of a file that the list in force does not have just so.
pub(super) struct Difference<'a> {
    changes: Vec<(Change, &'a Entry, Option<&'a Entry>)>,
    same: usize,
}

impl<'a> Difference<'a> {
    pub(super) fn between(list: &'a CodeList, given: &'a [Entry]) -> Self {
        let before = |entry: &Entry| {
            let mut of_code = list.entries().iter().filter(|old| old.code == entry.code);
            of_code.find(|old| old.valid_from == entry.valid_from)
        };
        let change = |entry: &'a Entry| match before(entry) {
            None => Some((Change::New, entry, None)),
            Some(old) if old == entry => None,
            Some(old) => {
                let ended = Entry { valid_until: entry.valid_until, ..old.clone() };
                let only_ends = entry.valid_until.is_some() && ended == *entry;
                Some((if only_ends { Change::Ended } else { Change::Changed }, entry, Some(old)))
            }
        };
        let changes: Vec<_> = given.iter().filter_map(change).collect();
        Self { same: given.len() - changes.len(), changes }
    }

    fn of(&self, change: Change) -> impl Iterator<Item = &'a Entry> {
        self.changes.iter().filter(move |(of, ..)| *of == change).map(|(_, entry, _)| *entry)
    }

    /// For people.
    pub(super) fn print(&self, system: CodeSystem) {
        let counts = Change::ALL.map(|change| format!("{} {}", self.of(change).count(), change.name()));
        output::line(format!("{system}: {}, {} as before", counts.join(", "), self.same));
        if self.changes.is_empty() {
            return;
        }
        let columns = ["", "code", "from", "until", "lv", "en", "attributes", "before"];
        let mut table = Table::new(columns.map(|column| (column, Align::Left)));
        for (change, entry, old) in &self.changes {
            let was = old.map(|old| was(old, entry)).unwrap_or_default();
            table.row([change.name().to_owned()].into_iter().chain(cells(entry)).chain([was]));
        }
        table.print();
    }

    /// For programs.
    pub(super) fn told(&self, system: CodeSystem) -> Value {
        let mut told = json!({ "system": system, "same": self.same });
        for change in Change::ALL {
            told[change.name()] = json!(self.of(change).collect::<Vec<_>>());
        }
        told
    }
}

/// What it said before of that in which the new entry differs.
fn was(old: &Entry, new: &Entry) -> String {
    let or_nothing = |value: Option<&dyn Display>| value.map_or_else(|| "–".to_owned(), ToString::to_string);
    let mut parts = Vec::new();
    if old.valid_until != new.valid_until {
        parts.push(format!("until {}", or_nothing(old.valid_until.as_ref().map(|day| day as &dyn Display))));
    }
    for (name, old, new) in [("lv", &old.lv, &new.lv), ("en", &old.en, &new.en)] {
        if old != new {
            parts.push(format!("{name} {old}"));
        }
    }
    let names: BTreeSet<&AttributeName> = old.attributes.keys().chain(new.attributes.keys()).collect();
    for name in names {
        let (old, new) = (old.attributes.get(name), new.attributes.get(name));
        if old != new {
            parts.push(format!("{name}={}", or_nothing(old.map(|value| value as &dyn Display))));
        }
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use domain::classifier::read_entries;

    use super::*;

    fn entries(lines: &str) -> Vec<Entry> {
        read_entries(format!("code,valid_from,valid_until,lv,en,iccs\n{lines}").as_bytes()).expect("entries")
    }

    #[test]
    fn what_is_new_changed_and_ended_is_told_apart() {
        let mut list = CodeList::default();
        list.amend(entries("theft,,,Zādzība,Theft,05\nfraud,,,Krāpšana,Fraud,07\nnoise,,,Troksnis,Noise,\n"));
        let given = entries(
            "theft,,,Zādzība,Theft,05\nfraud,,2026-07-01,Krāpšana,Fraud,07\nfraud,2026-07-01,,Krāpšanās,Fraud,07\n\
             noise,,,Miera traucēšana,Noise,08\n",
        );
        let difference = Difference::between(&list, &given);
        let told = difference.told(CodeSystem::IncidentType);
        let codes = |change: &str| -> Option<Vec<Value>> {
            Some(told[change].as_array()?.iter().map(|one| one["code"].clone()).collect())
        };
        assert_eq!(codes("new"), Some(vec![json!("fraud")]));
        assert_eq!(codes("changed"), Some(vec![json!("noise")]));
        assert_eq!(codes("ended"), Some(vec![json!("fraud")]));
        assert_eq!(told["same"], 1);
        assert_eq!(was(&list.entries()[2], &given[3]), "lv Troksnis; iccs=–");
        assert_eq!(was(&list.entries()[1], &given[1]), "until –");
    }
}

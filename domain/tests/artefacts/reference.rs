//! The aggregates for people, in `docs/DOMAIN.md`: states, commands, events, and the state machine of an incident.

use std::collections::{BTreeMap, BTreeSet};

use domain::Lang;
use domain::access_grant::GrantStatus;
use domain::caution::AboutKind;
use domain::emergency_card::CardStatus;
use domain::incident::{IncidentEvent, IncidentStatus};
use domain::kernel::Versioned;
use domain::notice::NoticeStatus;
use domain::roster_shift::ShiftState;
use domain::source_journal::JournalPhase;
use domain::source_record::RecordEffect;
use domain::terms::{DisposalOutcome, UnitStatus};
use schemars::JsonSchema;

use crate::catalogue::{self, Kind};
use crate::machine::{self, Steps};
use crate::sources::{self, Term};
use crate::{document, latvian};

const FILE: &str = "docs/DOMAIN.md";

/// A closed list of states: code, what it says, Latvian, English.
type States = Vec<[String; 4]>;

macro_rules! states {
    ($name:ident) => {
        $name::ALL
            .iter()
            .map(|state| {
                [
                    state.code().to_owned(),
                    said_of::<$name>(state.code()),
                    state.label(Lang::Lv).to_owned(),
                    state.label(Lang::En).to_owned(),
                ]
            })
            .collect::<States>()
    };
}

/// What the documentation of a closed list says of one of its codes.
fn said_of<T: JsonSchema>(code: &str) -> String {
    let schema = schemars::schema_for!(T).to_value();
    let codes = schema["oneOf"].as_array().expect("a list of codes");
    let found = codes.iter().find(|one| one["const"] == code).expect("a code of the list");
    found["description"].as_str().map(str::to_owned).expect("each code says what it is")
}

/// The states of an aggregate, where it has a closed list of them, and what they are of.
fn states(aggregate: &str) -> Option<(&'static str, States)> {
    Some(match aggregate {
        "incident" => ("Where it stands", states!(IncidentStatus)),
        "emergency_card" => ("Where it stands", states!(CardStatus)),
        "unit" => ("What it is doing", states!(UnitStatus)),
        "roster_shift" => ("How far it is", states!(ShiftState)),
        "access_grant" => ("How far it has come", states!(GrantStatus)),
        "source_journal" => ("Where it stands", states!(JournalPhase)),
        "source_record" => ("What it did", states!(RecordEffect)),
        "notice" => ("How far it has come", states!(NoticeStatus)),
        "caution" => ("What it is about", states!(AboutKind)),
        "seized_item" => ("In custody, until one of these became of it", states!(DisposalOutcome)),
        _ => return None,
    })
}

fn terms(text: &mut String, heading: &str, terms: &[Term]) {
    text.push_str(&format!("\n| {heading} | lv | |\n| --- | --- | --- |\n"));
    for Term { name, latvian, sentence } in terms {
        text.push_str(&format!("| `{name}` | {latvian} | {sentence} |\n"));
    }
}

fn reference(kinds: &[Kind]) -> String {
    let mut text = String::new();
    let mut aggregates: Vec<&str> = kinds.iter().map(|kind| kind.aggregate).collect();
    aggregates.dedup();
    for aggregate in aggregates {
        let told = sources::of(aggregate);
        text.push_str(&format!("\n### `{aggregate}`\n\n{}\n", told.about));
        if let Some((what, states)) = states(aggregate) {
            text.push_str(&format!("\n{what}:\n\n| state | lv | en | |\n| --- | --- | --- | --- |\n"));
            for [code, said, lv, en] in states {
                text.push_str(&format!("| `{code}` | {lv} | {en} | {said} |\n"));
            }
        }
        terms(&mut text, "command", &told.commands);
        let of_aggregate = kinds.iter().filter(|kind| kind.aggregate == aggregate);
        let events: Vec<Term> = of_aggregate.map(|kind| Term::new(kind.event_type, kind.description())).collect();
        terms(&mut text, "event", &events);
        if aggregate == "incident" {
            text.push_str(&state_machine());
        }
    }
    text
}

/// As a diagram of what leads from one state to another, and as a table of all that may happen.
fn state_machine() -> String {
    let steps = machine::steps();
    format!(
        "\nWhat leads from one state to another; whatever happens beside these leaves it where it stands:\n\n{}\n\
         What may happen where it stands, and where it stands then: `=` there still; empty, it may not happen. Before it is registered\n\
         nothing may happen but that.\n\n{}",
        diagram(&steps),
        table(&steps)
    )
}

fn diagram(steps: &Steps) -> String {
    let mut arrows: BTreeMap<(Option<IncidentStatus>, IncidentStatus), BTreeSet<&str>> = BTreeMap::new();
    for ((event, before), afters) in steps {
        for after in afters.iter().filter(|after| Some(**after) != *before) {
            arrows.entry((*before, *after)).or_default().insert(event);
        }
    }
    let mut text = "```mermaid\nstateDiagram-v2\n".to_owned();
    for ((before, after), events) in &arrows {
        let before = before.map_or("[*]", IncidentStatus::code);
        let events: Vec<&str> = events.iter().copied().collect();
        text.push_str(&format!("    {before} --> {after}: {}\n", events.join(", ")));
    }
    let ends = IncidentStatus::ALL.iter().filter(|status| !arrows.keys().any(|(before, _)| *before == Some(**status)));
    ends.for_each(|status| text.push_str(&format!("    {status} --> [*]\n")));
    text + "```\n"
}

fn table(steps: &Steps) -> String {
    let columns: Vec<String> = IncidentStatus::ALL.iter().map(|status| format!("`{status}`")).collect();
    let mut text = format!("| event | {} |\n|{}\n", columns.join(" | "), " --- |".repeat(columns.len() + 1));
    for event in IncidentEvent::TYPES.iter().filter(|event| **event != "IncidentRegistered") {
        let cells = IncidentStatus::ALL.iter().map(|before| {
            let afters = steps.get(&((*event).to_owned(), Some(*before)));
            let told = |after: &IncidentStatus| if after == before { "=".to_owned() } else { format!("`{after}`") };
            afters.into_iter().flatten().map(told).collect::<Vec<_>>().join(" ")
        });
        text.push_str(&format!("| `{event}` | {} |\n", cells.collect::<Vec<_>>().join(" | ")));
    }
    text
}

#[test]
fn the_artefact_that_tells_of_the_domain_is_up_to_date() {
    document::check(FILE, &reference(&catalogue::all()));
}

#[test]
fn every_event_of_an_incident_may_happen_somewhere() {
    let steps = machine::steps();
    let met: BTreeSet<&str> = steps.keys().map(|(event, _)| event.as_str()).collect();
    let all: BTreeSet<&str> = IncidentEvent::TYPES.iter().copied().collect();
    assert_eq!(met, all, "machine.rs asks for each event");
    let stands: BTreeSet<IncidentStatus> = steps.values().flatten().copied().collect();
    assert_eq!(stands, IncidentStatus::ALL.iter().copied().collect(), "machine.rs leads an incident everywhere");
    assert!(!steps.keys().any(|(_, before)| *before == Some(IncidentStatus::Annulled)), "what is annulled stays so");
}

#[test]
fn each_latvian_term_is_of_a_command_or_event_that_there_is() {
    let kinds = catalogue::all();
    let mut names: BTreeSet<String> = kinds.iter().map(|kind| kind.event_type.to_owned()).collect();
    for kind in &kinds {
        names.extend(sources::of(kind.aggregate).commands.into_iter().map(|command| command.name));
    }
    let stale: Vec<_> = latvian::names().filter(|name| !names.contains(*name)).collect();
    assert!(stale.is_empty(), "{stale:?}");
}

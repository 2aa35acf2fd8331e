//! A history as people read it.

use replay_tools::history::{Axis, History};
use serde_json::Value;

use crate::output::{self, Align, Table, riga};

/// Prints a history: a row for each event with its three times, then what each says, then what they say together.
pub(crate) fn show(name: &str, history: &History) {
    output::line(format!("{name}: {} {}", history.record_type, history.record_id));
    if let Some(known) = history.as_known_at {
        let whose = match known.axis {
            Axis::Source => {
                "on the axis of its source: what that had recorded by then; what has no source, this register"
            }
            Axis::Log => "on the axis of this register: what it had recorded by then",
        };
        output::line(format!("as known at {}, {whose}", riga(known.at)));
    }
    let mut table = Table::new([
        ("no.", Align::Right),
        ("what", Align::Left),
        ("happened", Align::Left),
        ("recorded by its source", Align::Left),
        ("recorded here", Align::Left),
        ("position", Align::Right),
        ("by", Align::Left),
    ]);
    for entry in &history.entries {
        table.row([
            entry.version.to_string(),
            entry.event.clone(),
            riga(entry.occurred_at),
            entry.source_recorded_at.map_or(String::new(), riga),
            riga(entry.recorded_at),
            entry.position.clone(),
            format!("{} ({})", entry.actor, entry.institution),
        ]);
    }
    table.print();
    let telling: Vec<_> = history.entries.iter().filter(|entry| !entry.content.is_null()).collect();
    if !telling.is_empty() {
        output::line("what each says:");
    }
    for entry in telling {
        output::line(format!("{:>4}. {}", entry.version, entry.content));
    }
    if history.as_known_at.is_some() && !history.facts.is_empty() {
        output::line("what was known, and by which event:");
        for (fact, said) in &history.facts {
            let text = match &said.value {
                Value::String(text) => text.replace('\n', "\n      "),
                other => other.to_string(),
            };
            output::line(format!("{:>4}. {fact}: {text}", said.version));
        }
    }
    output::line(format!(
        "{} events shown; two independent readers (ours and postgres-es) agree on all {}",
        history.entries.len(),
        history.agreed_by_two_readers
    ));
}

//! What was made up, beside what the real nation has.

use nation::{Expected, Nation, Summary};
use serde_json::json;

use super::copy::Copied;
use super::live::Outcome;
use crate::output::{self, Align, Table, grouped};

/// What was done with it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Done<'a> {
    /// It was counted.
    Nothing,
    /// It was sent.
    Sent(&'a Outcome),
    /// It was written into the database.
    Copied(&'a Copied),
}

pub(super) fn show(nation: &Nation, days: u32, summary: &Summary, done: Done<'_>, as_json: bool) {
    let beside = summary.beside(nation, days);
    let expected = |what| summary.expected.get(&what).copied().unwrap_or(0);
    let (repetitions, broken) = (expected(Expected::Repetition), expected(Expected::Refusal));
    if as_json {
        let figures: Vec<_> = beside
            .iter()
            .map(|figure| json!({ "what": figure.what, "count": figure.count, "expected": figure.expected, "real_a_year": figure.real }))
            .collect();
        output::json(&json!({
            "seed": nation.seed, "days": days, "people": nation.people(), "commands": summary.commands,
            "repetitions": repetitions, "broken": broken, "figures": figures, "acts": summary.acts, "institutions": summary.institutions, "hours": summary.hours, "days_of_week": summary.days,
            "sent": match done { Done::Sent(outcome) => Some(outcome), _ => None },
            "copied": match done { Done::Copied(copied) => Some(copied), _ => None },
        }));
        return;
    }
    let mut table = Table::new([
        ("", Align::Left),
        ("made up", Align::Right),
        ("expected", Align::Right),
        ("the real nation, a year", Align::Right),
    ]);
    for figure in beside {
        table.row([
            figure.what.to_owned(),
            grouped(figure.count),
            grouped(figure.expected.round() as u64),
            grouped(figure.real),
        ]);
    }
    table.print();
    acts(summary);
    output::line(format!(
        "{} commands, {} of them repetitions and {} broken, of {} institutions, {} people, seed {}",
        grouped(summary.commands),
        grouped(repetitions),
        grouped(broken),
        summary.institutions.len() + 1,
        grouped(nation.people()),
        nation.seed
    ));
    match done {
        Done::Nothing => {}
        Done::Sent(outcome) => sent(outcome),
        Done::Copied(copied) => written(copied),
    }
}

/// What is done in incidents.
fn acts(summary: &Summary) {
    let mut table = Table::new([("in incidents", Align::Left), ("made up", Align::Right)]);
    for (act, count) in &summary.acts {
        table.row([(*act).to_owned(), grouped(*count)]);
    }
    table.print();
}

fn written(copied: &Copied) {
    output::line(format!(
        "written: {} commands in {:.1} s, {:.0} events a second",
        grouped(copied.commands),
        copied.seconds,
        copied.rate
    ));
    output::line(format!("register: {} events, root {}", grouped(copied.events), copied.root));
    output::line(format!("tracks:   {} events, root {}", grouped(copied.track_events), copied.track_root));
}

fn sent(outcome: &Outcome) {
    output::line(format!(
        "sent: {} took effect with {} events, {} had before, {} broken ones were refused, {} were answered otherwise than expected",
        grouped(outcome.effects),
        grouped(outcome.events),
        grouped(outcome.repeated),
        grouped(outcome.refused),
        grouped(outcome.unexpected)
    ));
    output::line(format!("{:.0} commands a second", outcome.rate));
    let mut table = Table::new([
        ("lane", Align::Left),
        ("answered", Align::Right),
        ("found it full", Align::Right),
        ("median", Align::Right),
        ("99 %", Align::Right),
        ("slowest", Align::Right),
    ]);
    for (lane, figures) in &outcome.lanes {
        table.row([
            (*lane).to_owned(),
            grouped(figures.answered),
            grouped(figures.full),
            format!("{:.1} ms", figures.p50_ms),
            format!("{:.1} ms", figures.p99_ms),
            format!("{:.1} ms", figures.max_ms),
        ]);
    }
    table.print();
}

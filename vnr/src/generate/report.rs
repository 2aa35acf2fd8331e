//! What was made up, beside what the real nation has.

use nation::{Expected, Nation, Summary};
use serde_json::json;

use super::live::Outcome;
use crate::output::{self, Align, Table, grouped};

pub(super) fn show(nation: &Nation, days: u32, summary: &Summary, outcome: Option<&Outcome>, as_json: bool) {
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
            "repetitions": repetitions, "broken": broken, "figures": figures, "institutions": summary.institutions, "hours": summary.hours, "days_of_week": summary.days,
            "sent": outcome,
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
    output::line(format!(
        "{} commands, {} of them repetitions and {} broken, of {} institutions, {} people, seed {}",
        grouped(summary.commands),
        grouped(repetitions),
        grouped(broken),
        summary.institutions.len() + 1,
        grouped(nation.people()),
        nation.seed
    ));
    if let Some(outcome) = outcome {
        output::line(format!(
            "sent: {} took effect with {} events, {} had before, {} broken ones were refused, {} were answered otherwise than expected",
            grouped(outcome.effects),
            grouped(outcome.events),
            grouped(outcome.repeated),
            grouped(outcome.refused),
            grouped(outcome.unexpected)
        ));
        output::line(format!(
            "{:.0} commands a second; answered after {:.1} ms (median), {:.1} ms (99 %)",
            outcome.rate, outcome.p50_ms, outcome.p99_ms
        ));
    }
}

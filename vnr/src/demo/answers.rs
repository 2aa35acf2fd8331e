//! The demo's figures.

use std::time::Duration;

use replay_tools::stats::stats;
use serde_json::Value;

use super::Fed;
use super::question::Answer;
use crate::compose::Running;
use crate::failure::Failure;
use crate::output::{self, Align, Table, grouped};

/// Prints what came in, what came out of it, and how fast.
pub(super) async fn figures(running: &Running, fed: &Fed, lag: Duration, answers: &[Answer]) -> Result<(), Failure> {
    let figure = |pointer: &str| {
        let found = answers.iter().find_map(|answer| answer.data.pointer(pointer));
        found.and_then(Value::as_u64).map_or("-".to_owned(), grouped)
    };
    let logs = stats(running.pool()).await?.logs;
    let held: u64 = logs.iter().map(|log| log.head).sum();

    super::heading("the figures");
    let mut table = Table::new([("what", Align::Left), ("", Align::Right)]);
    table.row(["calls in the register".to_owned(), figure("/cardStatistics/calls")]);
    table.row(["units".to_owned(), figure("/cardStatistics/units")]);
    table.row(["units sent (one for each card)".to_owned(), figure("/cardStatistics/unitsSent")]);
    table.row(["events in the logs".to_owned(), grouped(held)]);
    table.row(["events of this run".to_owned(), grouped(fed.events)]);
    table.row(["events/s".to_owned(), grouped(fed.rate as u64)]);
    table.row(["projections behind at its end".to_owned(), format!("{} ms", grouped(lag.as_millis() as u64))]);
    table.row(["a command, half are faster (p50)".to_owned(), format!("{:.1} ms", fed.p50_ms)]);
    table.row(["a command, one in a hundred slower (p99)".to_owned(), format!("{:.1} ms", fed.p99_ms)]);
    table.print();
    if fed.known {
        output::line("everything had been recorded before: nothing was added");
    }
    Ok(())
}

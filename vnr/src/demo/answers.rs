//! The demo's figures.

use std::time::Duration;

use replay_tools::stats::stats;
use serde_json::Value;

use super::question::Answer;
use crate::compose::Running;
use crate::failure::Failure;
use crate::import::Summary;
use crate::output::{self, Align, Table, grouped};

/// Prints what came in, what came out of it, and how fast.
pub(super) async fn figures(
    running: &Running,
    imported: &Summary,
    lag: Duration,
    answers: &[Answer],
) -> Result<(), Failure> {
    let figure = |pointer: &str| {
        let found = answers.iter().find_map(|answer| answer.data.pointer(pointer));
        found.and_then(Value::as_u64).map_or("-".to_owned(), grouped)
    };
    let logs = stats(running.pool()).await?.logs;
    let held: u64 = logs.iter().map(|log| log.head).sum();
    let rate = imported.counts.events as f64 / imported.seconds.max(0.001);
    let ms = |us: u64| format!("{:.1} ms", us as f64 / 1000.0);

    super::heading("the figures");
    let mut table = Table::new([("what", Align::Left), ("", Align::Right)]);
    table.row(["calls in the register".to_owned(), figure("/cardStatistics/calls")]);
    table.row(["units".to_owned(), figure("/cardStatistics/units")]);
    table.row(["units sent (one for each card)".to_owned(), figure("/cardStatistics/unitsSent")]);
    table.row(["events in the logs".to_owned(), grouped(held)]);
    table.row(["events of this import".to_owned(), grouped(imported.counts.events)]);
    table.row(["events/s".to_owned(), grouped(rate as u64)]);
    table.row(["projections behind at its end".to_owned(), format!("{} ms", grouped(lag.as_millis() as u64))]);
    table.row(["a command, half are faster (p50)".to_owned(), ms(imported.command_us.p50)]);
    table.row(["a command, one in a hundred slower (p99)".to_owned(), ms(imported.command_us.p99)]);
    table.print();
    if imported.counts.events == 0 && imported.counts.commands.repeated > 0 {
        output::line("everything had been recorded before: nothing was added");
    }
    Ok(())
}

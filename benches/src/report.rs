//! What was measured: a table for people, `target/bench.md` for the documents, `target/bench.json` for programs.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;

use crate::machine::Machine;

/// Above this many cores used by others, no conclusion is drawn from a figure.
pub const MOST_FOREIGN_CPU: f64 = 0.3;

/// What a ratio is to be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// As a rate.
    AtLeast(f64),
    /// As a latency.
    AtMost(f64),
}

/// One figure.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What was measured, `commands_grpc_64`.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what, `commands/s`.
    pub unit: &'static str,
    /// What it is compared with.
    pub peer: &'static str,
    /// The peer's figure, in the same run.
    pub peer_value: f64,
    /// `value` as a multiple of the peer's.
    pub ratio: f64,
    /// What the ratio is to be, where that was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Wanted>,
    /// Cores that others used while it was measured: the larger of the two runs'.
    pub foreign_cpu: f64,
    /// False where the machine was too busy for a conclusion.
    pub conclusive: bool,
}

impl Figure {
    /// A figure beside its peer's.
    pub fn against(
        name: String,
        unit: &'static str,
        value: f64,
        peer: &'static str,
        peer_value: f64,
        foreign: f64,
    ) -> Figure {
        Figure {
            name,
            value,
            unit,
            peer,
            peer_value,
            ratio: value / peer_value,
            wanted: None,
            foreign_cpu: foreign,
            conclusive: foreign <= MOST_FOREIGN_CPU,
        }
    }

    /// The same, with what the ratio is to be, where that was said.
    #[must_use]
    pub fn wanted(self, wanted: impl Into<Option<Wanted>>) -> Figure {
        Figure { wanted: wanted.into(), ..self }
    }

    /// Whether the ratio is what it is to be; nothing where that was not said, or can't be concluded.
    fn reached(&self) -> Option<bool> {
        let reached = match self.wanted? {
            Wanted::AtLeast(least) => self.ratio >= least,
            Wanted::AtMost(most) => self.ratio <= most,
        };
        self.conclusive.then_some(reached)
    }

    fn wanted_text(&self) -> String {
        match self.wanted {
            None => String::new(),
            Some(Wanted::AtLeast(least)) => format!("≥ {least}"),
            Some(Wanted::AtMost(most)) => format!("≤ {most}"),
        }
    }

    fn judgement(&self) -> &'static str {
        match (self.conclusive, self.reached()) {
            (false, _) => "says nothing: the machine was busy",
            (true, Some(true)) => "reached",
            (true, Some(false)) => "NOT reached",
            (true, None) => "",
        }
    }
}

/// Prints the figures as a table.
///
/// # Errors
/// When the output is closed.
pub fn print(figures: &[Figure]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{:<28} {:>12} {:<11} {:>12} {:<21} {:>6} {:<7} {:>7}",
        "figure", "value", "unit", "peer's", "peer", "ratio", "wanted", "foreign"
    )?;
    for figure in figures {
        writeln!(
            out,
            "{:<28} {:>12.2} {:<11} {:>12.2} {:<21} {:>6.2} {:<7} {:>7.2}  {}",
            figure.name,
            figure.value,
            figure.unit,
            figure.peer_value,
            figure.peer,
            figure.ratio,
            figure.wanted_text(),
            figure.foreign_cpu,
            figure.judgement(),
        )?;
    }
    out.flush()
}

/// Writes `target/bench.json` and `target/bench.md`.
///
/// # Errors
/// When the files can't be written.
pub fn save(machine: &Machine, figures: &[Figure]) -> io::Result<()> {
    let folder = Path::new("target");
    fs::create_dir_all(folder)?;
    let all = serde_json::json!({ "machine": machine, "figures": figures });
    fs::write(folder.join("bench.json"), serde_json::to_vec_pretty(&all)?)?;
    fs::write(folder.join("bench.md"), markdown(machine, figures))
}

fn markdown(machine: &Machine, figures: &[Figure]) -> String {
    let mut text = format!(
        "{} × {}, {} GiB, Linux {}, PostgreSQL {}, {}, commit `{}`\n\n",
        machine.cores,
        machine.processor,
        machine.memory_gib,
        machine.kernel,
        machine.postgresql,
        machine.measured_at.format("%Y-%m-%d"),
        machine.commit
    );
    text.push_str("| figure | value | unit | peer | peer's | ratio | wanted | | foreign CPU |\n");
    text.push_str("| --- | ---: | --- | --- | ---: | ---: | ---: | --- | ---: |\n");
    for figure in figures {
        let _ = writeln!(
            text,
            "| {} | {:.2} | {} | {} | {:.2} | {:.2} | {} | {} | {:.2} |",
            figure.name,
            figure.value,
            figure.unit,
            figure.peer,
            figure.peer_value,
            figure.ratio,
            figure.wanted_text(),
            figure.judgement(),
            figure.foreign_cpu
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(value: f64, foreign: f64) -> Figure {
        Figure::against("appends".into(), "commands/s", value, "stock", 1_000.0, foreign)
    }

    #[test]
    fn a_figure_says_whether_it_is_what_was_wanted() {
        let judged = |figure: Figure, wanted| figure.wanted(wanted).judgement();
        assert_eq!(judged(figure(5_100.0, 0.0), Wanted::AtLeast(5.0)), "reached");
        assert_eq!(judged(figure(4_900.0, 0.0), Wanted::AtLeast(5.0)), "NOT reached");
        assert_eq!(judged(figure(300.0, 0.0), Wanted::AtMost(0.33)), "reached");
        assert_eq!(figure(1.0, 0.0).judgement(), "");
    }

    #[test]
    fn nothing_is_concluded_on_a_busy_machine() {
        let figure = figure(9_000.0, MOST_FOREIGN_CPU + 0.1).wanted(Wanted::AtLeast(5.0));
        assert_eq!(figure.judgement(), "says nothing: the machine was busy");
        assert!(!figure.conclusive);
    }
}

//! What was measured: a table for people, `target/bench.json` for programs.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;

/// Above this many cores used by others, no conclusion is drawn from a figure.
pub const MOST_FOREIGN_CPU: f64 = 0.3;

/// One figure.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What was measured, `commands_grpc_32`.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what, `commands/s`.
    pub unit: &'static str,
    /// What it is compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<&'static str>,
    /// The peer's figure, in the same run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_value: Option<f64>,
    /// `value` as a multiple of the peer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
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
            peer: Some(peer),
            peer_value: Some(peer_value),
            ratio: (peer_value > 0.0).then(|| value / peer_value),
            foreign_cpu: foreign,
            conclusive: foreign <= MOST_FOREIGN_CPU,
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
        "{:<28} {:>12} {:<12} {:>12} {:>7} {:>8}  peer",
        "figure", "value", "unit", "peer's", "ratio", "foreign"
    )?;
    for figure in figures {
        let or_dash =
            |value: Option<f64>, digits: usize| value.map_or("-".to_owned(), |value| format!("{value:.digits$}"));
        writeln!(
            out,
            "{:<28} {:>12.2} {:<12} {:>12} {:>7} {:>8.2}  {}{}",
            figure.name,
            figure.value,
            figure.unit,
            or_dash(figure.peer_value, 2),
            or_dash(figure.ratio, 2),
            figure.foreign_cpu,
            figure.peer.unwrap_or("-"),
            if figure.conclusive { "" } else { "  (machine busy: no conclusion)" },
        )?;
    }
    out.flush()
}

/// Writes the figures to `target/bench.json`.
///
/// # Errors
/// When the file can't be written.
pub fn save(figures: &[Figure]) -> io::Result<()> {
    let path = Path::new("target").join("bench.json");
    fs::create_dir_all("target")?;
    fs::write(path, serde_json::to_vec_pretty(figures)?)
}

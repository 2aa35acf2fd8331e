//! What an import says at its end, to people and to programs.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::ImportOptions;
use super::counts::Counts;
use super::mapping::Mapping;
use super::rejects::Rejects;

/// What became of a file.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// The file.
    pub file: PathBuf,
    /// Name of its system.
    pub system: String,
    /// Counts; over all parts of an import that was broken off.
    #[serde(flatten)]
    pub counts: Counts,
    /// How long a command took, from its sending to its answer; over this part.
    pub command_us: Times,
    /// How long this part took.
    pub seconds: f64,
    /// Whether it went on from a part that was broken off.
    pub resumed: bool,
    /// Refused rows, where there are any.
    pub rejects: Option<PathBuf>,
    /// Their reasons.
    pub reject_reasons: Option<PathBuf>,
    /// Whether rows stand in groups.
    #[serde(skip)]
    grouped: bool,
}

/// Times in microseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Times {
    /// Half are faster.
    pub p50: u64,
    /// One in a hundred is slower.
    pub p99: u64,
    /// The slowest.
    pub max: u64,
}

impl Summary {
    pub(super) fn new(
        options: &ImportOptions,
        mapping: &Mapping,
        counts: Counts,
        rejects: &Rejects,
        latencies: &Histogram<u64>,
        took: Duration,
        resumed: bool,
    ) -> Self {
        let command_us = Times {
            p50: latencies.value_at_quantile(0.5),
            p99: latencies.value_at_quantile(0.99),
            max: latencies.max(),
        };
        Self {
            file: options.file.clone(),
            system: mapping.system.clone(),
            counts,
            command_us,
            seconds: (took.as_secs_f64() * 1000.0).round() / 1000.0,
            resumed,
            rejects: rejects.written().map(Into::into),
            reject_reasons: rejects.written().map(|_| rejects.reasons_path()),
            grouped: mapping.is_grouped(),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { rows, groups, commands, events, flagged, reasons } = &self.counts;
        writeln!(f, "{} ({})", self.file.display(), self.system)?;
        writeln!(
            f,
            "  rows      {} read = {} accepted + {} repeated + {} refused",
            rows.read, rows.accepted, rows.repeated, rows.refused
        )?;
        if self.grouped {
            write!(f, "  groups    {}", groups.read)?;
            if groups.left_open > 0 {
                write!(f, ", of which {} are left open until their refused rows are mended", groups.left_open)?;
            }
            writeln!(f)?;
        }
        writeln!(
            f,
            "  commands  {} = {} new + {} repeated + {} refused",
            commands.all(),
            commands.new,
            commands.repeated,
            commands.refused
        )?;
        writeln!(f, "  events    {events} in {:.1} s", self.seconds)?;
        let ms = |us: u64| us as f64 / 1000.0;
        let Times { p50, p99, max } = self.command_us;
        writeln!(f, "  command   p50 {:.1} ms, p99 {:.1} ms, slowest {:.1} ms", ms(p50), ms(p99), ms(max))?;
        for (flag, count) in flagged {
            writeln!(f, "  flagged   {count} rows {flag}")?;
        }
        if let (Some(rejects), Some(why)) = (&self.rejects, &self.reject_reasons) {
            writeln!(f, "  refused   mend {} (why: {}) and feed it again", rejects.display(), why.display())?;
            let mut sorted: Vec<(&String, &u64)> = reasons.iter().collect();
            sorted.sort_by_key(|(kind, count)| (std::cmp::Reverse(**count), (*kind).clone()));
            for (kind, count) in sorted {
                writeln!(f, "    {count:>7}  {kind}")?;
            }
        }
        Ok(())
    }
}

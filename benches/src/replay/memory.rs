//! How much memory a replay takes at its highest.

use std::fs;

/// Memory of this process, in MiB.
#[derive(Debug, Clone, Copy)]
pub(super) struct Memory {
    /// Before the replay.
    pub(super) before: f64,
    /// The most that it was during it.
    pub(super) peak: f64,
}

impl Memory {
    /// Begins to look anew for the highest; nothing where the system does not tell.
    pub(super) fn reset() -> Option<Memory> {
        // Linux forgets the highest resident set that it has seen.
        fs::write("/proc/self/clear_refs", "5").ok()?;
        let before = status("VmRSS:")?;
        Some(Memory { before, peak: before })
    }

    /// The highest since then.
    pub(super) fn since(self) -> Memory {
        Memory { peak: status("VmHWM:").unwrap_or(f64::NAN), ..self }
    }
}

fn status(name: &str) -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1_024.0)
}

/// The one with the median peak.
pub(super) fn median(mut all: Vec<Memory>) -> Option<Memory> {
    all.sort_by(|a, b| a.peak.total_cmp(&b.peak));
    all.get(all.len() / 2).copied()
}

//! How much memory something takes at its highest.

use std::fs;

/// Memory of this process, in MiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Before it.
    pub(crate) before: f64,
    /// The most that it was during it.
    pub(crate) peak: f64,
}

impl Memory {
    /// Begins to look anew for the highest; nothing where the system does not tell.
    pub(crate) fn reset() -> Option<Memory> {
        // Linux forgets the highest resident set that it has seen.
        fs::write("/proc/self/clear_refs", "5").ok()?;
        let before = status("VmRSS:")?;
        Some(Memory { before, peak: before })
    }

    /// The highest since then.
    pub(crate) fn since(self) -> Memory {
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
pub(crate) fn median(mut all: Vec<Memory>) -> Option<Memory> {
    all.sort_by(|a, b| a.peak.total_cmp(&b.peak));
    all.get(all.len() / 2).copied()
}

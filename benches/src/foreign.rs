//! How much of the machine others used during a measurement: a figure taken on a busy machine proves nothing.

use std::collections::HashMap;
use std::fs;

/// CPU time of the whole machine and of this process with all that it started, in clock ticks.
#[derive(Debug, Clone, Copy)]
pub struct CpuTimes {
    busy: u64,
    own: u64,
}

/// Clock ticks in a second, as Linux gives them to programs.
const TICKS: f64 = 100.0;

impl CpuTimes {
    /// As of now; zeros where the machine does not tell.
    pub fn now() -> CpuTimes {
        CpuTimes { busy: machine_busy().unwrap_or(0), own: own_tree() }
    }

    /// Cores that others used between `self` and `later`, on average.
    pub fn foreign_cores(self, later: CpuTimes, seconds: f64) -> f64 {
        let busy = later.busy.saturating_sub(self.busy) as f64;
        let own = later.own.saturating_sub(self.own) as f64;
        ((busy - own) / TICKS / seconds).max(0.0)
    }
}

fn machine_busy() -> Option<u64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let fields: Vec<u64> =
        stat.lines().next()?.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal
    Some(fields.iter().take(8).sum::<u64>() - fields.get(3)? - fields.get(4)?)
}

/// Ticks of this process and of its descendants, those that have ended included.
fn own_tree() -> u64 {
    let mut parents = HashMap::new();
    let mut ticks = HashMap::new();
    let Ok(entries) = fs::read_dir("/proc") else { return 0 };
    for entry in entries.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // The name, in parentheses, may hold spaces.
        let Some((_, rest)) = stat.rsplit_once(") ") else { continue };
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
        parents.insert(pid, number(1) as u32);
        ticks.insert(pid, (11..=14).map(number).sum::<u64>());
    }
    let me = std::process::id();
    let descends = |mut pid: u32| {
        while pid > 1 {
            if pid == me {
                return true;
            }
            pid = parents.get(&pid).copied().unwrap_or(0);
        }
        false
    };
    ticks.iter().filter(|(pid, _)| descends(**pid)).map(|(_, ticks)| ticks).sum()
}

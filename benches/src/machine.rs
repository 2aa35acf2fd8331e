//! What a figure was measured on: without that it can't be compared with another.

use std::fs;
use std::process::Command;

use chrono::{DateTime, Utc};
use event_store::private_pg::PrivatePg;
use serde::Serialize;

/// The machine and the tree.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// When.
    pub measured_at: DateTime<Utc>,
    /// Commit of the tree, with `+` where it has changes of its own; `unknown` outside a clone.
    pub commit: String,
    /// Model of its processors.
    pub processor: String,
    /// How many of them this process may use.
    pub cores: usize,
    /// Memory, GiB.
    pub memory_gib: f64,
    /// Kernel.
    pub kernel: String,
    /// Major version of PostgreSQL.
    pub postgresql: u32,
}

impl Machine {
    /// This one, as far as it tells.
    pub fn here() -> Machine {
        let field = |file: &str, name: &str| {
            let text = fs::read_to_string(file).ok()?;
            let line = text.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let memory = field("/proc/meminfo", "MemTotal").and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
        let unknown = || "unknown".to_owned();
        Machine {
            measured_at: Utc::now(),
            commit: commit().unwrap_or_else(unknown),
            processor: field("/proc/cpuinfo", "model name").unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gib: memory.map_or(f64::NAN, |kib| (kib / 1_048_576.0 * 10.0).round() / 10.0),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")
                .map_or_else(|_| unknown(), |text| text.trim().into()),
            postgresql: PrivatePg::installed_version().unwrap_or(0),
        }
    }
}

fn commit() -> Option<String> {
    let git = |args: &[&str]| {
        let output = Command::new("git").args(args).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short", "HEAD"])?;
    let changed = git(&["status", "--porcelain"]).is_some_and(|changes| !changes.is_empty());
    Some(if changed { format!("{commit}+") } else { commit })
}

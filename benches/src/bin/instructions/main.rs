//! `make instructions`: how many instructions the hot paths take, counted by valgrind. No clock is asked, so a busy machine says the
//! same as a quiet one, and CI can tell that a path has become a tenth longer.
//!
//! Each path is run twice, so many times and twice as many: the difference is its own, start and preparation fall out.

mod paths;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use clap::Parser;

/// Where the counts lie that are compared with.
const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.json");
/// A path may become this much longer.
const TOLERANCE: f64 = 0.10;
/// How often a path is run; and twice that.
const TIMES: u64 = 200;

/// Counts the instructions of the hot paths and compares them with what was recorded.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:\n  make instructions\n  make instructions ARGS=--record\n\n\
    Exit code 3 where a path has become more than a tenth longer. Without valgrind nothing is counted, and it says so.")]
struct Args {
    /// Writes the counts down, to be compared with from now on
    #[arg(long)]
    record: bool,
    /// Runs this path only, and counts nothing: what valgrind is asked to look at
    #[arg(long, hide = true, requires = "times")]
    path: Option<String>,
    /// So many times
    #[arg(long, hide = true)]
    times: Option<u64>,
}

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    if let (Some(name), Some(times)) = (&args.path, args.times) {
        let path = paths::ALL.iter().find(|path| path.name == name).context("there is no such path")?;
        (path.run)(times)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = io::stdout().lock();
    if Command::new("valgrind").arg("--version").output().is_err() {
        writeln!(
            out,
            "instructions: valgrind is not installed, so nothing was counted (Debian: apt-get install valgrind)"
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    let recorded = recorded()?;
    let (mut counted, mut longer) = (BTreeMap::new(), 0);
    writeln!(out, "{:<24} {:>14} {:>14} {:>9}", "path", "instructions", "recorded", "")?;
    for path in paths::ALL {
        let instructions = (count(path.name, 2 * TIMES)? - count(path.name, TIMES)?) / TIMES;
        let before = recorded.get(path.name).copied();
        let change = before.map(|before| instructions as f64 / before as f64 - 1.0);
        longer += u32::from(change.is_some_and(|change| change > TOLERANCE));
        let (before, change) = match (before, change) {
            (Some(before), Some(change)) => (before.to_string(), format!("{:+.1} %", change * 100.0)),
            _ => ("new".to_owned(), String::new()),
        };
        writeln!(out, "{:<24} {instructions:>14} {before:>14} {change:>9}", path.name)?;
        counted.insert(path.name, instructions);
    }
    if args.record {
        fs::write(RECORDED, serde_json::to_string_pretty(&counted)? + "\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    if longer > 0 {
        writeln!(
            out,
            "{longer} became more than a tenth longer; where that is meant, `make instructions ARGS=--record`"
        )?;
        return Ok(ExitCode::from(3));
    }
    Ok(ExitCode::SUCCESS)
}

fn recorded() -> anyhow::Result<BTreeMap<String, u64>> {
    if !Path::new(RECORDED).exists() {
        return Ok(BTreeMap::new());
    }
    Ok(serde_json::from_str(&fs::read_to_string(RECORDED)?)?)
}

/// Instructions of a whole run.
fn count(name: &str, times: u64) -> anyhow::Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["--path", name, "--times", &times.to_string()])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{name} could not be run under valgrind:\n{said}");
    let collected = said.lines().find_map(|line| line.split_once("Collected :")).context("valgrind counted nothing")?.1;
    Ok(collected.trim().parse()?)
}

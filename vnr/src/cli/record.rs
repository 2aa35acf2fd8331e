//! What is recorded about records.

use std::path::PathBuf;

use chrono::{DateTime, FixedOffset};
use clap::{Args, Subcommand, ValueEnum};

use super::ActingArgs;

/// `vnr record …`.
#[derive(Debug, Subcommand)]
pub enum RecordCommand {
    /// Everything that was recorded about it, in order, read by two independent readers
    #[command(after_help = "\
Examples:
  vnr record history VNR-2026-0000001
  vnr record history sffd-cad/200980012                       by the name its source gave it
  vnr record history VEK-2026-0000001 --as-known-at 2026-03-01T12:00:00+02:00
  vnr record history VEK-2026-0000001 --as-known-at 2020-04-07T12:00:00-07:00 --axis source
  vnr record history --source vp-legacy --json > all.jsonl    all records of a source, a line each
  vnr record history - --axis source --json < asked.tsv       records by name, with a tab and a time where it is asked

Three times stand in each row and are never mixed: when it happened, when its source recorded it, when this register did.
Narrative, reporter, persons and property show to those whom the policies let see them, `***` to others: --token, --purpose, --reference.")]
    History(HistoryArgs),
    /// Writes evidence on it, which others check without this system: `vnr proof check`
    #[command(after_help = "\
Examples:
  vnr record prove VNR-2026-0000001 -o VNR-2026-0000001.proof.json

The evidence holds the events as they are stored, personal data sealed. docs/PROOFS.md says how to check it.")]
    Prove {
        /// Its number, id, SYSTEM/EXTERNAL-ID, or for a unit INSTITUTION:CALL-SIGN
        number: String,
        /// Where to; `-` is standard output
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
        /// Who looks.
        #[command(flatten)]
        acting: ActingArgs,
    },
}

/// Arguments of `vnr record history`.
#[derive(Debug, Clone, Args)]
pub struct HistoryArgs {
    /// Its number, id, SYSTEM/EXTERNAL-ID, or for a unit INSTITUTION:CALL-SIGN; `-` reads them from standard input
    #[arg(required_unless_present = "source")]
    pub number: Option<String>,
    /// All cards and incidents that come from this system
    #[arg(long, value_name = "SYSTEM", conflicts_with = "number")]
    pub source: Option<String>,
    /// Only what was known at this moment
    #[arg(long, value_name = "TIME")]
    pub as_known_at: Option<DateTime<FixedOffset>>,
    /// Known to whom: to this log, or to the system that the record came from
    #[arg(long, value_enum, default_value_t = KnownTo::Log)]
    pub axis: KnownTo,
    /// For programs; many of them are a line each
    #[arg(long)]
    pub json: bool,
    /// Who looks.
    #[command(flatten)]
    pub acting: ActingArgs,
}

/// Whose knowledge a history is cut off at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KnownTo {
    /// This register's.
    #[value(alias = "register")]
    Log,
    /// The source's.
    Source,
}

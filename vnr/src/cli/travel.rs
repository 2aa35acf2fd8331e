//! How long ways take.

use chrono::{DateTime, FixedOffset};
use clap::{Args, Subcommand};

/// `vnr travel …`.
#[derive(Debug, Subcommand)]
pub enum TravelCommand {
    /// Tries the learned travel times and the straight line on drives that taught neither, and says how far off each is
    #[command(after_help = "\
Examples:
  vnr travel test                          all drives: the earlier seven tenths teach, the later three are estimated
  vnr travel test --since 2026-01-01T00:00:00+02:00 --json

Both estimates set out from where the unit is at home, as the earlier drives tell: they differ in the time for the way only.")]
    Test(DrivesArgs),
    /// Shows what past drives teach: seconds for each kind of unit, priority and length of way
    Show(DrivesArgs),
}

/// Which drives.
#[derive(Debug, Clone, Default, Args)]
pub struct DrivesArgs {
    /// To calls from then on [default: all]
    #[arg(long, value_name = "TIME")]
    pub since: Option<DateTime<FixedOffset>>,
    /// To calls before then [default: all]
    #[arg(long, value_name = "TIME")]
    pub until: Option<DateTime<FixedOffset>>,
    /// Most drives, the latest
    #[arg(long, value_name = "DRIVES", default_value_t = 200_000)]
    pub most: u32,
    /// For programs
    #[arg(long)]
    pub json: bool,
}

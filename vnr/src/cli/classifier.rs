//! Classifiers: the lists of codes, shown and loaded.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use domain::classifier::CodeSystem;

use super::SendingArgs;

/// `vnr classifier …`.
#[derive(Debug, Subcommand)]
pub enum ClassifierCommand {
    /// All classifiers: how many codes may be used today, and who loaded them when, or that they are the program's own
    List {
        /// For programs: `{"classifiers":[{"system","lv","en","valid","entries","loaded_at","loaded_by"}]}`
        #[arg(long)]
        json: bool,
    },
    /// The codes of one classifier
    #[command(after_help = "\
Examples:
  vnr classifier show incident-type                        all, those that may be used no longer too
  vnr classifier show incident-type --on 2026-07-01        those that may be used for what happened on that day
  vnr classifier show incident-type --csv > types.csv      a file that `vnr classifier load` takes")]
    Show {
        /// Which: `vnr classifier list` names them
        #[arg(value_name = "SYSTEM", value_parser = CodeSystem::parse)]
        system: CodeSystem,
        /// Only those that may be used on that day
        #[arg(long, value_name = "DAY")]
        on: Option<NaiveDate>,
        /// As a file of comma-separated values
        #[arg(long, conflicts_with = "json")]
        csv: bool,
        /// For programs: `{"system","lv","en","loaded_at","loaded_by","entries":[{"code","valid_from","valid_until","lv","en", …}]}`
        #[arg(long)]
        json: bool,
    },
    /// Adds codes to a classifier, changes and ends them; what the file doesn't name stays
    #[command(after_help = "\
Examples:
  printf '%s\\n' code,valid_from,valid_until,lv,en,iccs \\
      'drone-sighting,2026-07-01,,Drons aizliegtā vietā,Drone in a forbidden place,09' > new.csv
  vnr classifier load incident-type new.csv --dry-run
  vnr classifier load incident-type new.csv --reason 'illustrative: order 17 of 2026' --reference KL-17

Days are the first on which a code may be used, and the first on which it may be used no longer. An entry takes the place of the one of the
same code and first day. No code is ever taken out: one that is over is given a last day, and what was recorded under it stays as it is.
It holds within a second, in each process of the register, without a restart.")]
    Load(LoadClassifierArgs),
}

/// Arguments of `vnr classifier load`.
#[derive(Debug, Args)]
pub struct LoadClassifierArgs {
    /// Which classifier
    #[arg(value_name = "SYSTEM", value_parser = CodeSystem::parse)]
    pub system: CodeSystem,
    /// File of comma-separated values: code, valid_from, valid_until, lv, en, and what else is known of a code
    pub file: PathBuf,
    /// Why; it is sealed
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run")]
    pub reason: Option<String>,
    /// Shows what would be new, and sends nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The register.
    #[command(flatten)]
    pub sending: SendingArgs,
}

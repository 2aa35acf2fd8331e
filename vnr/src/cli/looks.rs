//! Who looks, and who looked.

use access::{Purpose, Reference};
use chrono::{DateTime, FixedOffset};
use clap::{Args, Subcommand};

/// As whom a tool looks at records: it is told to the access log before anything is shown.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Who looks")]
pub struct ActingArgs {
    /// Token of the one who looks [default: you, as this machine knows you, where tokens are issued for development]
    #[arg(long, env = "VNR_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// What for, where the token leaves a choice
    #[arg(long, value_name = "PURPOSE")]
    pub purpose: Option<Purpose>,
    /// Case, card or task that it is about
    #[arg(long, value_name = "NUMBER")]
    pub reference: Option<Reference>,
}

/// `vnr access log | signals`.
#[derive(Debug, Subcommand)]
pub enum LookCommand {
    /// Who looked at what, latest first
    #[command(after_help = "\
Examples:
  vnr access log --record VNR-2026-0000001
  vnr access log --person 0198c9a4-4b1e-7000-8000-000000000007     all records that this data subject is in
  vnr access log --actor a.berzins --institution VP --since 2026-11-01T00:00:00+02:00 --json

This look is itself told to the access log.")]
    Log {
        /// At this record: its number, id, SYSTEM/EXTERNAL-ID, or for a unit INSTITUTION:CALL-SIGN
        #[arg(long, value_name = "RECORD", conflicts_with = "person")]
        record: Option<String>,
        /// At any record that holds data of this data subject: its id
        #[arg(long, value_name = "SUBJECT")]
        person: Option<uuid::Uuid>,
        /// By this person or system
        #[arg(long, value_name = "NAME")]
        actor: Option<String>,
        /// By somebody of this institution
        #[arg(long, value_name = "CODE")]
        institution: Option<String>,
        /// From then on
        #[arg(long, value_name = "TIME")]
        since: Option<DateTime<FixedOffset>>,
        /// Before then
        #[arg(long, value_name = "TIME")]
        until: Option<DateTime<FixedOffset>>,
        /// Most lines
        #[arg(long, value_name = "LINES", default_value_t = 100)]
        limit: u32,
        /// For programs: `{"looks":[{"position","kind","at","institution","actor","purpose","records":[…], …}]}`
        #[arg(long)]
        json: bool,
        /// Who looks.
        #[command(flatten)]
        acting: ActingArgs,
    },
    /// Patterns to look into: very many records, at night, the same record again and again, many refusals
    #[command(after_help = "\
Examples:
  vnr access signals                                   the last seven days
  vnr access signals --since 2026-11-01T00:00:00+02:00 --bulk 500

They are signs, not proofs. The thresholds are an institution's own; these are illustrative.")]
    Signals {
        /// From then on [default: seven days ago]
        #[arg(long, value_name = "TIME")]
        since: Option<DateTime<FixedOffset>>,
        /// Before then [default: now]
        #[arg(long, value_name = "TIME")]
        until: Option<DateTime<FixedOffset>>,
        /// So many records in an hour are very many
        #[arg(long, value_name = "RECORDS", default_value_t = 200)]
        bulk: i64,
        /// For programs: `{"signals":[{"kind","institution","actor","since","count"}]}`
        #[arg(long)]
        json: bool,
        /// Who looks.
        #[command(flatten)]
        acting: ActingArgs,
    },
}

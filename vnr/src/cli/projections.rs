//! Read models: how far they are, built anew, compared, switched, paused.

use clap::{Args, Subcommand};
use domain::values::Reason;
use uuid::Uuid;

use super::ActingArgs;

/// `vnr projections …`.
#[derive(Debug, Subcommand)]
pub enum ProjectionsCommand {
    /// Each read model with its progress and lag, and what is beside it
    List {
        /// For programs: `[{"name","version","progress","head","lag_seconds","parked","holder","paused","beside"}]`
        #[arg(long)]
        json: bool,
    },
    /// Builds a read model anew from the log, beside the one that serves
    #[command(after_help = "\
Examples:
  vnr projections rebuild case_search --reason 'new report on closing times'            fills a candidate
  vnr projections rebuild case_search --slices 4 --switch --reason 'restored backup'    … and switches to it
  vnr projections diff case_search && vnr projections switch case_search --reason 'as the diff says'

Killed on the way, the same command goes on where it stopped. While others write, it yields to them.")]
    Rebuild(RebuildArgs),
    /// What is different between a candidate and what serves, row by row, and which events say so
    Diff(DiffArgs),
    /// Puts the candidate in the place of what serves: readers see the old or the new, never a mixture
    Switch(KeeperArgs),
    /// Puts what served before in its place again; what serves becomes the candidate
    Rollback(KeeperArgs),
    /// Throws away the candidate, or what served before
    Drop(DropArgs),
    /// Lets a read model take nothing in until it is resumed
    Pause(KeeperArgs),
    /// Lets it take in what comes, and what came meanwhile
    Resume(KeeperArgs),
    /// Proves that what serves holds exactly what the logs give: builds it again, compares row by row, throws it away
    #[command(after_help = "\
Examples:
  vnr projections verify case_search                 all of it
  vnr projections verify case_search --sample 64     one record of 64, in a fraction of the time; another one each time

A sample sees rows that are missing or wrong. Rows that should not be there are seen by the whole comparison only.")]
    Verify(VerifyArgs),
    /// Records that a read model leaves out, because an event of theirs could not be taken in
    #[command(subcommand)]
    Parked(ParkedCommand),
    /// Who did what to read models, when and why
    History {
        /// Only to this one
        name: Option<String>,
        /// Most acts, the latest
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: u32,
        /// For programs
        #[arg(long)]
        json: bool,
    },
}

/// `vnr projections parked …`.
#[derive(Debug, Subcommand)]
pub enum ParkedCommand {
    /// All of them, or those of one read model
    List {
        /// Only of this one
        name: Option<String>,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// One record: which event, why, and what is left out since
    Show {
        /// Which read model
        name: String,
        /// Id of the record
        record: Uuid,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Takes records in again, after what stood in their way was mended: one, or all of a read model
    Retry {
        /// Which read model, who and why
        #[command(flatten)]
        keeper: KeeperArgs,
        /// Only this record
        #[arg(long, value_name = "ID")]
        record: Option<Uuid>,
    },
}

/// Which read model, who acts on it, and why: it is recorded as an event.
#[derive(Debug, Args)]
pub struct KeeperArgs {
    /// Which read model; `vnr projections list` names them
    pub name: String,
    /// Why, as the log keeps it
    #[arg(long, value_name = "TEXT", value_parser = Reason::parse)]
    pub reason: Reason,
    /// As whom
    #[command(flatten)]
    pub acting: ActingArgs,
    /// For programs
    #[arg(long)]
    pub json: bool,
}

/// `vnr projections rebuild`.
#[derive(Debug, Args)]
pub struct RebuildArgs {
    /// Which read model, who and why
    #[command(flatten)]
    pub keeper: KeeperArgs,
    /// The version that is meant: refused where this program builds another
    #[arg(long, value_name = "VERSION")]
    pub to: Option<u32>,
    /// So many slices of the records at once, where a read model can be built so
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub slices: u16,
    /// Puts it in the place of what serves as soon as it is there
    #[arg(long)]
    pub switch: bool,
}

/// `vnr projections diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// Which read model
    pub name: String,
    /// So many rows that differ are explained by their events
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub explain: usize,
    /// For programs
    #[arg(long)]
    pub json: bool,
}

/// `vnr projections drop`.
#[derive(Debug, Args)]
pub struct DropArgs {
    /// Which read model, who and why
    #[command(flatten)]
    pub keeper: KeeperArgs,
    /// The candidate
    #[arg(long, conflicts_with = "previous", required_unless_present = "previous")]
    pub candidate: bool,
    /// What served before
    #[arg(long)]
    pub previous: bool,
}

/// `vnr projections verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Which read model
    pub name: String,
    /// So many slices of the records at once, where a read model can be built so
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub slices: u16,
    /// Only one record of so many, whichever they are
    #[arg(long, value_name = "N", conflicts_with = "slices",
          value_parser = clap::value_parser!(u16).range(2..=i64::from(projections::LARGEST_SAMPLE)))]
    pub sample: Option<u16>,
    /// So many rows that differ are explained by their events
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub explain: usize,
    /// For programs
    #[arg(long)]
    pub json: bool,
}

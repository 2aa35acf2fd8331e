//! Source journals (ENŽ): which there are, how they are read, and what of them waits.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::SendingArgs;

/// `vnr journal …`.
#[derive(Debug, Subcommand)]
pub enum JournalCommand {
    /// All source journals: where each stands, how far it has come, how good what it sends is
    List {
        /// For programs: `{"journals":[{"system","institution","phase","mapping","last_sequence","registered", … "waiting","quality"}]}`
        #[arg(long)]
        json: bool,
    },
    /// What of a journal waits to be mended, and why; what the records say is in GraphQL, for those who may see it
    Quarantine {
        /// Name of the journal, `enz-ogre`
        system: String,
        /// For programs: `{"records":[{"external_id","sequence","mapping","since","faults":[{"path","field","rule"}]}]}`
        #[arg(long)]
        json: bool,
    },
    /// Makes a journal known; it can't send yet
    #[command(after_help = "\
Example:
  vnr journal register enz-ogre --institution PP-OGRE --lv 'Ogres žurnāls' --en 'Journal of Ogre'")]
    Register(RegisterJournalArgs),
    /// Says how a journal's records are read from now on
    #[command(after_help = "\
Example of a file:
  ignored = [\"rinda\"]

  [fields]                  # what the journal's fields mean, by their names there
  veids = \"type_code\"
  apraksts = \"narrative\"
  parkapejs = \"persons[0].name\"
  laiks = \"occurred_from\"

  [codes.type_code]         # its codes and those of the register; others are taken as they are
  \"ZĀDZ\" = \"theft\"

  [defaults]                # what holds where it says nothing
  category = \"C\"
  channel = \"phone_110\"
  \"persons[0].role\" = \"offender\"

docs/JOURNALS.md says what a field can mean. A field of the journal that is in neither list puts a record into quarantine.")]
    Map(MapJournalArgs),
    /// Puts a journal to the test, into service, or out of it
    Phase(PhaseArgs),
}

/// Arguments of `vnr journal register`.
#[derive(Debug, Args)]
pub struct RegisterJournalArgs {
    /// Under which name it sends, `enz-ogre`
    pub system: String,
    /// Whose it is
    #[arg(long, value_name = "CODE")]
    pub institution: String,
    /// What it is called in Latvian
    #[arg(long, value_name = "TEXT")]
    pub lv: String,
    /// What it is called in English
    #[arg(long, value_name = "TEXT")]
    pub en: String,
    /// The register.
    #[command(flatten)]
    pub sending: SendingArgs,
}

/// Arguments of `vnr journal map`.
#[derive(Debug, Args)]
pub struct MapJournalArgs {
    /// Name of the journal
    pub system: String,
    /// The mapping, TOML
    pub file: PathBuf,
    /// Why; it is sealed
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// The register.
    #[command(flatten)]
    pub sending: SendingArgs,
}

/// Where a journal is to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PhaseChoice {
    /// Its records are read and judged, and nothing is registered
    Testing,
    /// Its records are registered
    Live,
    /// It sends nothing for the time being
    Suspended,
}

/// Arguments of `vnr journal phase`.
#[derive(Debug, Args)]
pub struct PhaseArgs {
    /// Name of the journal
    pub system: String,
    /// Where it is to stand
    #[arg(value_enum)]
    pub phase: PhaseChoice,
    /// Why; it is sealed
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// The register.
    #[command(flatten)]
    pub sending: SendingArgs,
}

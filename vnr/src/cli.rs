//! The command line.

mod classifier;
mod disaster;
mod journal;
mod looks;
mod projections;
mod record;
mod rights;
mod travel;

use std::path::PathBuf;

use access::{Institution, Purpose, Reference, Role, Territory};
use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand, ValueEnum};
use domain::values::Recipient;

pub use self::classifier::{ClassifierCommand, LoadClassifierArgs};
pub use self::disaster::{BackupArgs, BackupCommand, RecoverArgs, RestoreArgs};
pub use self::journal::{JournalCommand, MapJournalArgs, PhaseArgs, PhaseChoice, RegisterJournalArgs};
pub use self::looks::{ActingArgs, LookCommand};
pub use self::projections::{
    DiffArgs, DropArgs, KeeperArgs, ParkedCommand, ProjectionsCommand, RebuildArgs, VerifyArgs,
};
pub use self::record::{HistoryArgs, KnownTo, RecordCommand};
pub use self::rights::{
    AccessCommand, BreakGlassArgs, DecidePolicyArgs, EmergenciesArgs, ExplainArgs, GrantClass, GrantCommand, Language,
    Outcome, Person, PolicyCommand, RequestGrantArgs, ReviewArgs, RoleAt, SendingArgs, VouchArgs, WithReasonArgs,
};
pub use self::travel::{DrivesArgs, TravelCommand};
use crate::settings::SettingArgs;

/// VNR, the unified event register (Vienotais notikumu reģistrs).
///
/// Everything that happens in it is an immutable event in an append-only log; everything that is read is a projection of that log.
#[derive(Debug, Parser)]
#[command(
    name = "vnr",
    version,
    max_term_width = 110,
    after_help = "\
Examples:
  vnr demo                     the whole system with real calls, on a PostgreSQL of its own
  vnr up                       the same without data
  vnr token --institution VP --role officer --purpose investigation
  vnr record history VNR-2026-0000001
  vnr log verify               recomputes every hash; exits with 3 where one is wrong

Exit codes: 0 done, 1 failed, 2 wrong use, 3 a check failed."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Settings.
    #[command(flatten)]
    pub settings: SettingArgs,
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the whole system in one process, until Ctrl-C
    #[command(after_help = "\
Examples:
  vnr up                                   on a private PostgreSQL in .vnr
  vnr up --grpc-addr 0.0.0.0:50051         reachable from outside
  vnr up --database-url postgres://vnr_app:…@db/vnr --database-owner-url postgres://vnr_owner:…@db/vnr")]
    Up,
    /// Runs the whole system, feeds it real calls as an ordinary client, and shows the result
    #[command(after_help = "\
Examples:
  vnr demo                                 then ask at http://127.0.0.1:8080/graphql; Ctrl-C ends it
  vnr demo --exit                          ends after the report, with 0 when all went well
  vnr demo --data calls.csv --mapping calls.toml

Without --data it takes cad/sffd-2020-04-units.csv of the input folder (VNR_DATA_DIR), and a sample of its own where that is
not there. Running it again adds nothing.")]
    Demo(DemoArgs),
    /// Runs a part of the system; as many of each as wanted
    #[command(after_help = "\
Examples:
  vnr serve command-api --database-url postgres://vnr_app:…@db/vnr
  vnr serve query-api --http-addr 0.0.0.0:8080 --database-url postgres://vnr_app:…@replica/vnr")]
    Serve {
        /// Which part.
        part: Part,
    },
    /// Feeds a file of records to a running system, as a gRPC client
    Import(crate::import::ImportArgs),
    /// Writes a file of invented calls, to try the importer with
    #[command(after_help = "\
Examples:
  vnr sample                               2,000 calls into vnr-sample-calls.csv
  vnr sample --seed 7 --calls 50 -o -      fifty others, to standard output
  vnr import vnr-sample-calls.csv --mapping schema/mappings/vnr-sample.toml

The same seed gives the same file. Places exist, nothing that happens in it did.")]
    Sample(crate::sample::SampleArgs),
    /// Makes up days of a nation of any size, and sends them to a system as its institutions would
    Generate(crate::generate::GenerateArgs),
    /// Prints a token for development
    #[command(after_help = "\
Examples:
  vnr token --institution VP --role officer --purpose investigation
  curl -H \"authorization: Bearer $(vnr token --institution VP --role officer --purpose response)\" …

The token is signed with a key in the data folder; only systems on the same data folder accept it.")]
    Token(TokenArgs),
    /// Looks at the logs
    #[command(subcommand)]
    Log(LogCommand),
    /// Read models: how far they are, built anew, compared, switched, paused
    #[command(subcommand)]
    Projections(ProjectionsCommand),
    /// Looks at one record
    #[command(subcommand)]
    Record(RecordCommand),
    /// Evidence: checks it offline, and writes proofs between tree heads
    #[command(subcommand)]
    Proof(ProofCommand),
    /// The keys that sign tree heads, and what they have signed
    #[command(subcommand)]
    Notary(NotaryCommand),
    /// Personal data: what there is, its erasure, and holds on it
    #[command(subcommand)]
    Subject(SubjectCommand),
    /// Who may see what and why, who looked at what: policies, grants, emergency access, the access log
    #[command(subcommand)]
    Access(AccessCommand),
    /// The lists of codes that commands are checked by: shown, and loaded while the register runs
    #[command(subcommand)]
    Classifier(ClassifierCommand),
    /// Source journals (ENŽ): which there are, how they are read, and what of them waits to be mended
    #[command(subcommand)]
    Journal(JournalCommand),
    /// How long units need to get to a call, as past drives tell
    #[command(subcommand)]
    Travel(TravelCommand),
    /// The master key that personal data is sealed under
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Takes a base backup of the database, or lists those that there are
    Backup(BackupArgs),
    /// Restores the database from a backup, and says what is lost
    Restore(RestoreArgs),
    /// Looks at everything that has to be right, and says what to do; exits with 3 where something is wrong
    #[command(after_help = "\
Examples:
  vnr doctor                               while the system runs, or when it does not
  vnr doctor --json | jq '.checks[] | select(.state != \"ok\")'

It changes nothing. What only a running database can tell is left out where none runs.")]
    Doctor {
        /// For programs: `{"ok":false,"checks":[{"check","state","found","to_do"}]}`
        #[arg(long)]
        json: bool,
    },
}

/// A part of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// gRPC: takes commands.
    CommandApi,
    /// Keeps the read models up to date.
    Projections,
    /// GraphQL: answers queries.
    QueryApi,
    /// Signs tree heads; where several run, one signs and the others stand by.
    Notary,
}

/// Arguments of `vnr demo`.
#[derive(Debug, Clone, Default, Args)]
pub struct DemoArgs {
    /// File of calls, CSV or JSON lines
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// How its columns become commands [default: the project's own mapping, by the file's name]
    #[arg(long, value_name = "TOML", requires = "data")]
    pub mapping: Option<PathBuf>,
    /// Ends after the report instead of serving on
    #[arg(long)]
    pub exit: bool,
}

/// Arguments of `vnr token`.
#[derive(Debug, Clone, Args)]
pub struct TokenArgs {
    /// Code of the institution: VP, VUGD, RPP
    #[arg(long)]
    pub institution: Institution,
    /// Role there: dispatcher, officer, supervisor, auditor, analyst, system; may be given more than once
    #[arg(long, required = true)]
    pub role: Vec<Role>,
    /// What for: response, investigation, prevention, statistics, audit, administration, operation; may be given more than
    /// once, then each request says which it is
    #[arg(long, required = true)]
    pub purpose: Vec<Purpose>,
    /// Where they are competent: an ATVK code such as 0001000; may be given more than once [default: the whole country]
    #[arg(long, value_name = "ATVK")]
    pub territory: Vec<Territory>,
    /// Somebody who was not trained to use the register, and may not record anything
    #[arg(long)]
    pub untrained: bool,
    /// Person or system
    #[arg(long, default_value = "developer")]
    pub subject: String,
    /// Hours until it expires
    #[arg(long, value_name = "HOURS", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=24 * 365))]
    pub valid_for: u32,
    /// As JSON, with what is in it
    #[arg(long)]
    pub json: bool,
}

/// `vnr log …`.
#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Head, root and size of each log
    Stats {
        /// For programs: `{"logs":[{"log":"register","generation":1,"head":123,"root":"hex", …}]}`
        #[arg(long)]
        json: bool,
    },
    /// Recomputes every hash, order and tree head; exits with 3 where one is wrong
    #[command(after_help = "\
Examples:
  vnr log verify                           everything, also against the tree heads in the witness folder
  vnr log verify --log register --since 120000
  vnr log verify --against 2026-11-21.checkpoint --key vnr.keys

Tree heads must be signed with one of the keys of --key, or else of the notary's folder.")]
    Verify {
        /// Only this log: register, tracks or access
        #[arg(long, value_name = "NAME")]
        log: Option<String>,
        /// Only the events after this position; those before are taken as a whole, by their tree head
        #[arg(long, value_name = "POSITION", requires = "log")]
        since: Option<u64>,
        /// File of signed tree heads that were kept outside; may be given more than once
        #[arg(long, value_name = "NOTEFILE")]
        against: Vec<PathBuf>,
        /// File of public keys (`vnr notary keys`); may be given more than once
        #[arg(long, value_name = "FILE")]
        key: Vec<PathBuf>,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Writes the log's tree as static files (C2SP tlog-tiles), up to the newest signed tree head
    #[command(after_help = "\
Examples:
  vnr log tiles --out /srv/www/register    run it from time to time; it adds what is new

Entries hold hashes of what was recorded, nothing personal.")]
    Tiles {
        /// Which log: register, tracks or access
        #[arg(long, value_name = "NAME", default_value = "register")]
        log: String,
        /// Folder to write to
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// The last events, and with --follow each new one
    #[command(after_help = "\
Examples:
  vnr log tail --follow
  vnr log tail --log tracks --last 100 --json | jq .event")]
    Tail {
        /// Which log: register, tracks or access
        #[arg(long, value_name = "NAME", default_value = "register")]
        log: String,
        /// How many to begin with
        #[arg(long, value_name = "EVENTS", default_value_t = 20)]
        last: u64,
        /// Goes on until Ctrl-C
        #[arg(long, short)]
        follow: bool,
        /// For programs: one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// The generations of each log, and what their beginning made void; exits with 3 where one is not signed
    Generations {
        /// For programs: `{"generations":[{"log":"register","generation":2,"begins":31,"voids":"1.39", …}]}`
        #[arg(long)]
        json: bool,
    },
    /// Begins a new generation after a restore that lost events: what was given out with them becomes void
    #[command(after_help = "\
Examples:
  vnr log recover --witness witness/register.checkpoint
  vnr log recover --dry-run                what it would do, with the tree heads of the witness folder
  vnr log recover --log register --position 1.1234 --number VNR-2026-0000042

Stop the system first. The notary's key must be in its folder: it signs the statement on the new generation. An event in the log
says what is void; numbers that are void are never given out again. docs/OPERATIONS.md tells the whole way.")]
    Recover(RecoverArgs),
}

/// `vnr proof …`.
#[derive(Debug, Subcommand)]
pub enum ProofCommand {
    /// Checks evidence, without a database; exits with 3 where it proves nothing
    #[command(after_help = "\
Examples:
  vnr proof check VNR-2026-0000001.proof.json --key vnr.keys

The keys must come from the register by another way than the evidence: `vnr notary keys` prints them.")]
    Check {
        /// Evidence on a record, or on two tree heads
        file: PathBuf,
        /// File of public keys; may be given more than once
        #[arg(long, value_name = "FILE", required = true)]
        key: Vec<PathBuf>,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Writes the proof that one tree head extends another: nothing was changed in between, only added
    #[command(after_help = "\
Examples:
  vnr proof consistency 2026-11-21.checkpoint -o since.proof.json
  vnr proof check since.proof.json --key vnr.keys")]
    Consistency {
        /// File of the older signed tree head
        older: PathBuf,
        /// File of the newer one [default: the newest that is signed]
        newer: Option<PathBuf>,
        /// Where to; `-` is standard output
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
        /// Which log: register, tracks or access
        #[arg(long, value_name = "NAME", default_value = "register")]
        log: String,
    },
}

/// `vnr notary …`.
#[derive(Debug, Subcommand)]
pub enum NotaryCommand {
    /// The public keys, one a line, for those who check proofs: to be handed over by a way of its own
    #[command(after_help = "\
Examples:
  vnr notary keys > vnr.keys               what `vnr proof check --key vnr.keys` takes")]
    Keys {
        /// For programs: `[{"log","number","vkey","signs"}]`
        #[arg(long)]
        json: bool,
    },
    /// The newest signed tree head, to be kept outside
    #[command(after_help = "\
Examples:
  vnr notary head > 2026-11-21.checkpoint
  vnr log verify --against 2026-11-21.checkpoint")]
    Head {
        /// Which log: register, tracks or access
        #[arg(long, value_name = "NAME", default_value = "register")]
        log: String,
    },
    /// Makes a new key for which the old one vouches; from then on the new one signs and the old one is destroyed
    Rotate,
}

/// `vnr subject …`.
#[derive(Debug, Subcommand)]
pub enum SubjectCommand {
    /// Whose personal data a record holds, or where a data subject appears; what was erased, what is held
    #[command(after_help = "\
Examples:
  vnr subject list VNR-2026-0000001
  vnr subject list 6f1d8c2e-52a7-5b0e-9d34-a0c711e20112        a data subject, in all records")]
    List {
        /// A record's number or id, or a data subject's id
        target: String,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Opens all of it, for the person it is about
    #[command(after_help = "\
Examples:
  vnr subject export 6f1d8c2e-52a7-5b0e-9d34-a0c711e20112 -o anna.json

The file holds personal data in clear, readable by its owner alone: hand it over, then destroy it.")]
    Export {
        /// A record's number or id, or a data subject's id
        target: String,
        /// Where to; `-` is standard output
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
        /// Who it is for, as the access log will tell it
        #[arg(long, value_name = "NAME", default_value = "the data subject")]
        recipient: Recipient,
        /// Who looks.
        #[command(flatten)]
        acting: ActingArgs,
    },
    /// Erases personal data: one person asks, another approves; then the keys are destroyed for ever
    #[command(after_help = "\
Examples:
  vnr subject erase VNR-2026-0000001 --ground retention-expired --reference L-17     the first person asks
  vnr subject erase VNR-2026-0000001 --approve --reference L-17                      the second agrees
  vnr subject erase VNR-2026-0000001 --reject --reason 'still in court' --reference L-17

Both need a token (VNR_TOKEN): vnr token --role supervisor --purpose administration --subject NAME --institution VP")]
    Erase(EraseArgs),
    /// Keeps personal data for some proceedings, whatever its retention period says
    #[command(after_help = "\
Examples:
  vnr subject hold VNR-2026-0000001 --for 'KP 11816000126' --reference L-17")]
    Hold(HoldArgs),
    /// Ends such a hold
    #[command(after_help = "\
Examples:
  vnr subject release VNR-2026-0000001 --for 'KP 11816000126' --reference L-17")]
    Release(HoldArgs),
    /// The records whose retention period is over
    #[command(after_help = "\
Examples:
  vnr subject due                                        by the illustrative schedule
  vnr subject due --schedule retention.toml --on 2030-01-01 --json")]
    Due {
        /// The retention schedule [default: the project's own, whose values are invented]
        #[arg(long, value_name = "TOML")]
        schedule: Option<PathBuf>,
        /// As on that day [default: today]
        #[arg(long, value_name = "DAY")]
        on: Option<NaiveDate>,
        /// At most so many, those that wait longest first
        #[arg(long, value_name = "RECORDS", default_value_t = 1000)]
        limit: usize,
        /// For programs
        #[arg(long)]
        json: bool,
    },
}

/// Arguments of `vnr subject erase`.
#[derive(Debug, Clone, Args)]
pub struct EraseArgs {
    /// A record's number or id, or a data subject's id
    pub target: String,
    /// On what ground, to ask for it: retention-expired, subject-request, order, recorded-in-error
    #[arg(long, value_enum, required_unless_present_any = ["approve", "reject"], conflicts_with_all = ["approve", "reject"])]
    pub ground: Option<Ground>,
    /// Agrees to it, as the second person
    #[arg(long, conflicts_with = "reject")]
    pub approve: bool,
    /// Turns it down, or takes it back
    #[arg(long)]
    pub reject: bool,
    /// Further reasons; they are sealed
    #[arg(long, value_name = "TEXT", conflicts_with = "approve")]
    pub reason: Option<String>,
    /// The register.
    #[command(flatten)]
    pub register: RegisterArgs,
}

/// Arguments of `vnr subject hold | release`.
#[derive(Debug, Clone, Args)]
pub struct HoldArgs {
    /// A record's number or id, or a data subject's id
    pub target: String,
    /// The proceedings that need it
    #[arg(long = "for", value_name = "REFERENCE")]
    pub reference: String,
    /// The register.
    #[command(flatten)]
    pub register: RegisterArgs,
}

/// A register that a command is sent to.
#[derive(Debug, Clone, Args)]
pub struct RegisterArgs {
    /// Address of the register's gRPC
    #[arg(long, value_name = "URL", env = "VNR_TARGET", default_value = "http://127.0.0.1:50051")]
    pub target_url: String,
    /// Token to speak to it with: `vnr token` prints one
    #[arg(long, env = "VNR_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Case or task that it is about
    #[arg(long = "reference", value_name = "NUMBER")]
    pub about: Option<Reference>,
    /// For programs
    #[arg(long)]
    pub json: bool,
}

/// Why personal data is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ground {
    /// Its retention period is over.
    RetentionExpired,
    /// The data subject asked for it and is right.
    SubjectRequest,
    /// A court or the supervisory authority orders it.
    Order,
    /// It should never have been recorded.
    RecordedInError,
}

/// `vnr keys …`.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// The generations of the master key, and how many keys each wraps
    List {
        /// For programs: `[{"log","generation","keys","present","retired"}]`
        #[arg(long)]
        json: bool,
    },
    /// Begins a new generation and wraps all keys anew under it; what is in the log stays as it is
    #[command(after_help = "\
Examples:
  vnr keys rotate                          the key is in a file: a new generation is added to it
  vnr keys rotate                          the key comes from a command: add the new generation there first

The old generation stays until `vnr keys retire`: backups that were made under it need it.")]
    Rotate,
    /// Destroys an old generation: after that, backups made under it show no personal data
    #[command(after_help = "\
Examples:
  vnr keys retire 1                        when the last backup from before the rotation has expired")]
    Retire {
        /// Which generation
        generation: i32,
    },
    /// Writes the master key in two shares, for two people to keep: each alone tells nothing
    #[command(after_help = "\
Examples:
  vnr keys split /media/one/vnr.share /media/two/vnr.share

docs/SECURITY.md tells of the ceremony around it.")]
    Split {
        /// File of the first share; must not be there yet
        first: PathBuf,
        /// File of the second
        second: PathBuf,
    },
    /// Puts the master key together from its two shares
    Join {
        /// File of one share
        first: PathBuf,
        /// File of the other
        second: PathBuf,
        /// File to write the key to; must not be there yet
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn settings_may_stand_before_and_after_the_command() {
        for line in [["vnr", "--http-addr", "127.0.0.1:1", "up"], ["vnr", "up", "--http-addr", "127.0.0.1:1"]] {
            let cli = Cli::try_parse_from(line).expect("understood");
            assert_eq!(cli.settings.http_addr.as_deref(), Some("127.0.0.1:1"));
        }
    }
}

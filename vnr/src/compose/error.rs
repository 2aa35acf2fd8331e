//! Why the system does not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use access::policy::PolicyErrors;
use access::tls::TlsError;
use access::{JournalError, KeyError, TrustError};
use domain::classifier::CodeSystem;
use domain::values::ContentDigest;
use event_store::log::DecodeError;
use event_store::migrate::MigrateError;
use event_store::private_pg::PrivatePgError;
use event_store::proof::keys::NotaryKeyError;
use event_store::proof::standing::StandingError;
use event_store::read::ReadError;
use event_store::seal::MasterKeyError;
use event_store::seal::erasures::ErasureListError;

use crate::notices::ReceiversError;

/// Why the system, or a part of it, does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Another program listens there.
    #[error(
        "port {} of {} is taken by another program (another vnr?). Choose another with {flag}, for example {flag} {}:0 for a free one",
        addr.port(), addr.ip(), addr.ip()
    )]
    PortTaken {
        /// Where we wanted to listen.
        addr: SocketAddr,
        /// The flag that sets it.
        flag: &'static str,
    },
    /// We can't listen there.
    #[error("can't listen on {addr}; set another address with {flag}")]
    Listen {
        /// Where we wanted to listen.
        addr: SocketAddr,
        /// The flag that sets it.
        flag: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The journal of what is shown while the register is away can't be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Whom notices are posted to can't be read.
    #[error(transparent)]
    Receivers(#[from] ReceiversError),
    /// The issuer's keys can't be used.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The access policies that the program came with are not sound.
    #[error(transparent)]
    Policies(#[from] PolicyErrors),
    /// The access policies that were adopted mean nothing to this program.
    #[error(
        "the access policies that {by} adopted on {at} (digest {digest}) can't be used by this program, and nothing is \
         served by others. Run the program that they were made for. Or start with `--policies embedded`, which goes by those that this \
         program came with, have two persons adopt a version that it can use (`vnr access policy check`), and start again without it"
    )]
    AdoptedPolicies {
        /// Who adopted them, as the second person.
        by: String,
        /// When.
        at: String,
        /// Their digest.
        digest: ContentDigest,
        /// What is wrong with them.
        #[source]
        source: PolicyErrors,
    },
    /// The event of the last adoption can't be read.
    #[error("which access policies were adopted can't be read from the register")]
    AdoptedUnreadable(#[from] DecodeError),
    /// What was loaded into a classifier can't be read.
    #[error("what was loaded into the classifier {system} can't be read from the register")]
    ClassifierUnreadable {
        /// Which classifier.
        system: CodeSystem,
        /// What is wrong with its event.
        #[source]
        source: DecodeError,
    },
    /// TLS can't be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The private PostgreSQL does not run.
    #[error(transparent)]
    PrivatePg(#[from] PrivatePgError),
    /// Nothing to look at.
    #[error(
        "there is no register in {} yet. `vnr demo` or `vnr up` makes one; --data-dir or --database-url name another",
        dir.display()
    )]
    NoData {
        /// The data folder.
        dir: PathBuf,
    },
    /// The database does not answer.
    #[error("the database can't be reached; check --database-url, and that it runs")]
    Database {
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
    /// The role of tools can't read.
    #[error(
        "the role that tools look at records as (vnr_tool) is not let into the database. In a database of yours, make it (`create role \
         vnr_tool login`), start the register once with --database-owner-url, and name it with --database-tool-url where it has a \
         password of its own"
    )]
    ToolRole {
        /// What the driver said, where it is not that it may not.
        #[source]
        source: Option<sqlx::Error>,
    },
    /// The role of tools could open what is sealed without saying so.
    #[error(
        "the role of --database-tool-url may read the keys of personal data, and so nothing is looked at with it: name vnr_tool"
    )]
    ToolRoleHasKeys,
    /// A log has lost events that were answered.
    #[error(
        "the log {log} was restored and has lost events that were answered: it ends at {end}, and the tree head in {} was \
         signed at {signed}. Nothing is served, lest positions and numbers are given out twice. Give the events back (a later \
         backup, `vnr restore`), or have the log say what is lost: `vnr log recover --witness {}`",
        file.display(), file.display()
    )]
    Lost {
        /// Which log.
        log: String,
        /// Where it ends, `generation.position`.
        end: String,
        /// Where it was signed.
        signed: String,
        /// The tree head outside.
        file: PathBuf,
    },
    /// Personal data is sealed with a key that is not there.
    #[error(
        "the master key {} is missing, and personal data in the database is sealed with it; a backup does not hold it. Put it \
         back there, or name its place with --master-key-file",
        file.display()
    )]
    MasterKeyMissing {
        /// Where it should be.
        file: PathBuf,
    },
    /// A log can't be compared with what was signed of it outside.
    #[error("the log can't be compared with its tree head outside")]
    Standing(#[from] StandingError),
    /// A log can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The tables can't be made or brought up to date.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The master key can't be used.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// What was erased can't be kept erased.
    #[error(transparent)]
    ErasureList(#[from] ErasureListError),
    /// The notary's key can't be used.
    #[error(transparent)]
    NotaryKey(#[from] NotaryKeyError),
    /// The key of the tokens can't be used.
    #[error(transparent)]
    TokenKey(#[from] KeyError),
    /// A log could not be taken over in time.
    #[error(
        "the log {log} was not ready to append after {seconds} s; the log on standard error says what it waits for"
    )]
    AppenderNotReady {
        /// Which log.
        log: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// A read model's tables could not be made in time.
    #[error("the read model {name} was not there after {seconds} s; the log on standard error says why")]
    NotInstalled {
        /// The read model.
        name: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// Something with the system: a runtime, a socket.
    #[error("the system refused a resource")]
    System(#[from] io::Error),
}

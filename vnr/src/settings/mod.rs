//! Configuration: one struct, from flag, environment, file or default, in this order, with all errors at once.

mod args;
mod check;
mod guard;
mod policies;

use std::net::SocketAddr;
use std::path::PathBuf;

use access::tls::TlsFiles;
use command_api::WebOrigins;
use event_store::seal::KeySource;

pub use self::args::SettingArgs;
pub use self::check::{Problem, SettingsError};
pub use self::guard::Issuer;
pub use self::policies::PolicySource;

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folder of this system's own data: the private PostgreSQL and the keys.
    pub data_dir: PathBuf,
    /// Where gRPC listens.
    pub grpc_addr: SocketAddr,
    /// Where GraphQL listens.
    pub http_addr: SocketAddr,
    /// A PostgreSQL of yours, as the application's role; without it a private one is run in `data_dir`.
    pub database_url: Option<String>,
    /// The same as the role that owns and migrates; `database_url` where it is not given.
    pub database_owner_url: Option<String>,
    /// A copy of the database that follows it, as the application's role.
    pub replica_url: Option<String>,
    /// Folder of the journal of what is shown of the copy.
    pub access_journal: PathBuf,
    /// The same as the role that tools look at records as; `database_url` with that role's name where it is not given.
    pub database_tool_url: Option<String>,
    /// Where the key that wraps all others is read from.
    pub master_key: KeySource,
    /// Folder of the list of erased keys.
    pub erasure_dir: PathBuf,
    /// Folder of the keys that sign tree heads.
    pub notary_dir: PathBuf,
    /// Folder that signed tree heads are handed to.
    pub witness_dir: PathBuf,
    /// Folder of backups, and of the write-ahead log that the private PostgreSQL hands over.
    pub backup_dir: Option<PathBuf>,
    /// File of the systems that notices are posted to; none where all are fetched.
    pub notice_receivers: Option<PathBuf>,
    /// Whose tokens hold; none where they are those of `vnr token`, for development.
    pub issuer: Option<Issuer>,
    /// What gRPC and HTTPS are secured with; none where they are not.
    pub tls: Option<TlsFiles>,
    /// Which access policies are in force.
    pub policies: PolicySource,
    /// Whether the GraphQL schema is shown without a token.
    pub open_introspection: bool,
    /// Whose pages may call gRPC from a browser.
    pub web_origins: WebOrigins,
    /// Name of this installation, part of every tree head.
    pub origin: String,
    /// How the log is written.
    pub log_format: LogFormat,
    /// Which log lines are written, as `tracing` filters.
    pub log_level: String,
    /// Folder where real calls are looked for by the demo.
    pub input_dir: PathBuf,
}

impl Settings {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// All that is wrong, at once.
    pub fn load(args: &SettingArgs) -> Result<Self, SettingsError> {
        check::load(args)
    }

    /// Usual settings with everything of this system below one folder and free ports, for tests.
    pub fn in_folder(data_dir: impl Into<PathBuf>) -> Self {
        let data_dir = data_dir.into();
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            master_key: KeySource::File(data_dir.join(check::MASTER_KEY)),
            replica_url: None,
            access_journal: data_dir.join(check::ACCESS_JOURNAL),
            erasure_dir: data_dir.join(check::ERASURES),
            notary_dir: data_dir.join(check::NOTARY),
            witness_dir: data_dir.join(check::WITNESS),
            data_dir,
            grpc_addr: any_port,
            http_addr: any_port,
            database_url: None,
            backup_dir: None,
            notice_receivers: None,
            issuer: None,
            tls: None,
            policies: PolicySource::Adopted,
            open_introspection: true,
            web_origins: WebOrigins::default(),
            database_owner_url: None,
            database_tool_url: None,
            origin: check::ORIGIN.to_owned(),
            log_format: LogFormat::Text,
            log_level: check::LOG_LEVEL.to_owned(),
            input_dir: PathBuf::from(check::INPUT_DIR),
        }
    }

    /// The URL that migrations use, where the database is yours.
    pub fn owner_url(&self) -> Option<&str> {
        self.database_owner_url.as_deref().or(self.database_url.as_deref())
    }

    /// Whether this register holds what was made up (I-14).
    pub fn is_simulated(&self) -> bool {
        event_store::migrate::is_simulated(&self.origin)
    }

    /// The same settings for a register of what was made up.
    #[must_use]
    pub fn simulated(mut self) -> Self {
        if !self.is_simulated() {
            self.origin.push_str("/simulated");
        }
        self
    }

    /// File of the key that development tokens are signed with.
    pub fn token_key_file(&self) -> PathBuf {
        self.data_dir.join("development-token-key.pem")
    }
}

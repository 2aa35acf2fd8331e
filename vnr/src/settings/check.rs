//! Puts the sources together and checks every value.

use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use command_api::WebOrigins;
use event_store::seal::{KeyDigits, KeySource};
use sqlx::postgres::PgConnectOptions;
use toml::{Table, Value};
use tracing_subscriber::EnvFilter;

use super::{LogFormat, PolicySource, SettingArgs, Settings, guard, policies};

pub(super) const MASTER_KEY: &str = "master.key";
pub(super) const ACCESS_JOURNAL: &str = "access-journal";
pub(super) const ERASURES: &str = "erasures";
/// Holds the master key itself; it is no flag, for everybody on a machine sees those.
const MASTER_KEY_VARIABLE: &str = "VNR_MASTER_KEY";
pub(super) const NOTARY: &str = "notary";
pub(super) const WITNESS: &str = "witness";
pub(super) const ORIGIN: &str = "vnr.local";
pub(super) const INPUT_DIR: &str = "../shared/data";
/// The database driver tells each notice of a migration at info.
pub(super) const LOG_LEVEL: &str = "info,sqlx=warn";
const DEFAULT_FILE: &str = "vnr.toml";

/// The names in a settings file, with the flag and the variable that say the same.
const NAMES: &[(&str, &str, &str)] = &[
    ("data_dir", "--data-dir", "VNR_HOME"),
    ("grpc_addr", "--grpc-addr", "VNR_GRPC_ADDR"),
    ("http_addr", "--http-addr", "VNR_HTTP_ADDR"),
    ("database_url", "--database-url", "VNR_DATABASE_URL"),
    ("database_owner_url", "--database-owner-url", "VNR_DATABASE_OWNER_URL"),
    ("replica_url", "--replica-url", "VNR_REPLICA_URL"),
    ("access_journal", "--access-journal", "VNR_ACCESS_JOURNAL"),
    ("database_tool_url", "--database-tool-url", "VNR_DATABASE_TOOL_URL"),
    ("master_key_file", "--master-key-file", "VNR_MASTER_KEY_FILE"),
    ("master_key_command", "--master-key-command", "VNR_MASTER_KEY_COMMAND"),
    ("erasure_dir", "--erasure-dir", "VNR_ERASURE_DIR"),
    ("notary_dir", "--notary-dir", "VNR_NOTARY_DIR"),
    ("witness_dir", "--witness-dir", "VNR_WITNESS_DIR"),
    ("backup_dir", "--backup-dir", "VNR_BACKUP_DIR"),
    ("notice_receivers", "--notice-receivers", "VNR_NOTICE_RECEIVERS"),
    ("issuer", "--issuer", "VNR_ISSUER"),
    ("audience", "--audience", "VNR_AUDIENCE"),
    ("issuer_keys", "--issuer-keys", "VNR_ISSUER_KEYS"),
    ("issuer_authorities", "--issuer-authorities", "VNR_ISSUER_AUTHORITIES"),
    ("bound_systems", "--bound-systems", "VNR_BOUND_SYSTEMS"),
    ("tls_certificate", "--tls-certificate", "VNR_TLS_CERTIFICATE"),
    ("tls_key", "--tls-key", "VNR_TLS_KEY"),
    ("tls_client_authorities", "--tls-client-authorities", "VNR_TLS_CLIENT_AUTHORITIES"),
    ("tls_clients_need_certificate", "--tls-clients-need-certificate", "VNR_TLS_CLIENTS_NEED_CERTIFICATE"),
    ("policies", "--policies", "VNR_POLICIES"),
    ("open_introspection", "--open-introspection", "VNR_OPEN_INTROSPECTION"),
    ("web_origins", "--web-origins", "VNR_WEB_ORIGINS"),
    ("origin", "--origin", "VNR_ORIGIN"),
    ("log_format", "--log-format", "VNR_LOG_FORMAT"),
    ("log_level", "--log-level", "VNR_LOG_LEVEL"),
    ("input_dir", "--input-dir", "VNR_DATA_DIR"),
];

/// One thing that is wrong. Values of URLs are never shown: they hold passwords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it was set.
    pub place: String,
    /// What is wrong with it.
    pub what: String,
}

/// Everything that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    /// One by one.
    pub problems: Vec<Problem>,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings are not right:")?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {}: {}", problem.place, problem.what))
    }
}

impl std::error::Error for SettingsError {}

pub(super) fn load(args: &SettingArgs) -> Result<Settings, SettingsError> {
    let mut sources = Sources { table: Table::new(), file: PathBuf::new(), problems: Vec::new() };
    sources.read_file(args.config.as_deref());

    let data_dir = sources.take("data_dir", &args.data_dir, ".vnr", path);
    let within = |name: &str| data_dir.join(name).to_string_lossy().into_owned();
    let tls = guard::tls(&mut sources, args);
    let issuer = guard::issuer(&mut sources, args, tls.as_ref().is_some_and(|tls| tls.client_authorities.is_some()));
    // Who develops against the register reads the schema; who runs it with real data shows it to those with a token.
    let open_introspection = sources.take("open_introspection", &args.open_introspection, "", guard::yes_or_no);
    let settings = Settings {
        policies: sources.take("policies", &args.policies, policies::ADOPTED, policies::source),
        open_introspection: open_introspection.unwrap_or(issuer.is_none()),
        web_origins: guard::web_origins(&mut sources, args, issuer.is_some()),
        issuer,
        tls,
        grpc_addr: sources.take("grpc_addr", &args.grpc_addr, "127.0.0.1:50051", address),
        http_addr: sources.take("http_addr", &args.http_addr, "127.0.0.1:8080", address),
        database_url: sources.take("database_url", &args.database_url, "", database),
        database_owner_url: sources.take("database_owner_url", &args.database_owner_url, "", database),
        replica_url: sources.take("replica_url", &args.replica_url, "", database),
        access_journal: sources.take("access_journal", &args.access_journal, &within(ACCESS_JOURNAL), path),
        database_tool_url: sources.take("database_tool_url", &args.database_tool_url, "", database),
        master_key: master_key(&mut sources, args, &within(MASTER_KEY)),
        erasure_dir: sources.take("erasure_dir", &args.erasure_dir, &within(ERASURES), path),
        notary_dir: sources.take("notary_dir", &args.notary_dir, &within(NOTARY), path),
        witness_dir: sources.take("witness_dir", &args.witness_dir, &within(WITNESS), path),
        backup_dir: sources.take("backup_dir", &args.backup_dir, "", optional_path),
        notice_receivers: sources.take("notice_receivers", &args.notice_receivers, "", optional_path),
        origin: sources.take("origin", &args.origin, ORIGIN, origin),
        log_format: sources.take("log_format", &args.log_format, "text", log_format),
        log_level: sources.take("log_level", &args.log_level, LOG_LEVEL, log_filter),
        input_dir: sources.take("input_dir", &args.input_dir, INPUT_DIR, path),
        data_dir,
    };
    if settings.grpc_addr == settings.http_addr && settings.grpc_addr.port() != 0 {
        let what = format!("both are {}; each needs a port of its own", settings.grpc_addr);
        sources.problems.push(Problem { place: "--grpc-addr and --http-addr".into(), what });
    }
    if settings.database_owner_url.is_some() && settings.database_url.is_none() {
        let what = "needs --database-url too: the application does not run as the owner's role".into();
        sources.problems.push(Problem { place: "--database-owner-url".into(), what });
    }
    if settings.database_tool_url.is_some() && settings.database_url.is_none() {
        let what =
            "needs --database-url too: tools tell the access log what they show as the application's role".into();
        sources.problems.push(Problem { place: "--database-tool-url".into(), what });
    }
    let problems = sources.problems;
    if problems.is_empty() { Ok(settings) } else { Err(SettingsError { problems }) }
}

pub(super) struct Sources {
    table: Table,
    file: PathBuf,
    pub(super) problems: Vec<Problem>,
}

impl Sources {
    fn read_file(&mut self, named: Option<&Path>) {
        let file = named.unwrap_or(Path::new(DEFAULT_FILE));
        if named.is_none() && !file.exists() {
            return;
        }
        self.file = file.to_owned();
        let place = file.display().to_string();
        let table = fs::read_to_string(file).map_err(|e| format!("can't be read: {e}"));
        match table.and_then(|text| text.parse::<Table>().map_err(|e| e.to_string().trim_end().to_owned())) {
            Ok(table) => {
                for name in table.keys().filter(|name| !NAMES.iter().any(|known| known.0 == *name)) {
                    let known = NAMES.iter().map(|known| known.0).collect::<Vec<_>>().join(", ");
                    let what = format!("there is no setting `{name}`; there are {known}");
                    self.problems.push(Problem { place: place.clone(), what });
                }
                self.table = table;
            }
            Err(what) => self.problems.push(Problem { place, what }),
        }
    }

    /// The value of one setting. Where it is wrong, that is noted and the default goes on in its place.
    pub(super) fn take<T>(
        &mut self,
        name: &str,
        given: &Option<String>,
        default: &str,
        parse: fn(&str) -> Result<T, String>,
    ) -> T
    where
        T: Fallback,
    {
        let (_, flag, variable) = NAMES.iter().find(|known| known.0 == name).copied().unwrap_or((name, name, name));
        let (text, place) = match (given, self.table.get(name)) {
            (Some(text), _) => (text.clone(), format!("{flag} (or {variable})")),
            (None, Some(Value::String(text))) => (text.clone(), format!("{name} in {}", self.file.display())),
            (None, Some(_)) => {
                let place = format!("{name} in {}", self.file.display());
                self.problems.push(Problem { place, what: "must be a string in quotes".into() });
                (default.to_owned(), String::new())
            }
            (None, None) => (default.to_owned(), String::new()),
        };
        match parse(&text) {
            Ok(value) => value,
            Err(what) => {
                self.problems.push(Problem { place, what });
                parse(default).unwrap_or_else(|_| T::fallback())
            }
        }
    }
}

/// The one place that the master key is read from.
fn master_key(sources: &mut Sources, args: &SettingArgs, default: &str) -> KeySource {
    let command = sources.take("master_key_command", &args.master_key_command, "", optional);
    let file = sources.take("master_key_file", &args.master_key_file, "", optional);
    let text = std::env::var(MASTER_KEY_VARIABLE).ok();
    let given = [command.is_some(), file.is_some(), text.is_some()].iter().filter(|given| **given).count();
    if given > 1 {
        let place = format!("--master-key-file, --master-key-command, {MASTER_KEY_VARIABLE}");
        sources.problems.push(Problem { place, what: "give one of them: there is one master key".into() });
    }
    match (text, command) {
        (Some(text), _) => KeySource::Environment { name: MASTER_KEY_VARIABLE, text: KeyDigits(text) },
        (None, Some(command)) => KeySource::Command(command),
        (None, None) => KeySource::File(PathBuf::from(file.as_deref().unwrap_or(default))),
    }
}

/// What stands in for a value that is wrong until all problems have been told; never used to run.
pub(super) trait Fallback {
    fn fallback() -> Self;
}

macro_rules! fallback {
    ($($type:ty => $value:expr),+ $(,)?) => {
        $(impl Fallback for $type {
            fn fallback() -> Self {
                $value
            }
        })+
    };
}

fallback!(
    PathBuf => PathBuf::new(),
    SocketAddr => SocketAddr::from(([127, 0, 0, 1], 0)),
    Option<String> => None,
    Option<PathBuf> => None,
    Option<bool> => None,
    Option<WebOrigins> => None,
    String => String::new(),
    LogFormat => LogFormat::Text,
    PolicySource => PolicySource::Adopted,
);

fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("must name a place".into()) } else { Ok(PathBuf::from(text)) }
}

pub(super) fn optional(text: &str) -> Result<Option<String>, String> {
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

pub(super) fn optional_path(text: &str) -> Result<Option<PathBuf>, String> {
    Ok((!text.is_empty()).then(|| PathBuf::from(text)))
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let text = text.replacen("localhost:", "127.0.0.1:", 1);
    text.parse().map_err(|_| format!("`{text}` is not an address with a port, such as 127.0.0.1:50051"))
}

fn database(text: &str) -> Result<Option<String>, String> {
    let scheme = text.split("://").next().unwrap_or_default();
    match text {
        "" => Ok(None),
        _ if !matches!(scheme, "postgres" | "postgresql") => Err("must begin with postgres://".into()),
        _ => match PgConnectOptions::from_str(text) {
            Ok(_) => Ok(Some(text.to_owned())),
            Err(_) => Err("is not a URL such as postgres://vnr_app:PASSWORD@db.example:5432/vnr".into()),
        },
    }
}

fn origin(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/');
    if (1..=128).contains(&text.len()) && text.chars().all(fits) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is not a name such as vnr.example.lv (letters, digits, `.`, `-`, `_`, `/`)"))
    }
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("`{text}` is neither text nor json")),
    }
}

fn log_filter(text: &str) -> Result<String, String> {
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(format!("`{text}` is neither a level (error, warn, info, debug, trace) nor a filter")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("vnr-settings-{name}-{}.toml", std::process::id()));
        fs::write(&path, text).expect("written");
        path
    }

    #[test]
    fn a_flag_goes_before_the_file_and_the_file_before_the_default() {
        let config =
            file("order", "grpc_addr = \"127.0.0.1:1\"\nhttp_addr = \"127.0.0.1:2\"\norigin = \"test.example\"");
        let args = SettingArgs {
            config: Some(config.clone()),
            http_addr: Some("localhost:3".into()),
            ..SettingArgs::default()
        };
        let settings = load(&args).expect("right");
        assert_eq!(settings.grpc_addr.port(), 1);
        assert_eq!(settings.http_addr.port(), 3);
        assert_eq!(settings.origin, "test.example");
        assert_eq!(settings.master_key, KeySource::File(PathBuf::from(".vnr/master.key")));
        let _ = fs::remove_file(config);
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_and_no_password() {
        let config = file("wrong", "grpc_adr = \"x\"\nhttp_addr = 8080\nlog_format = \"xml\"");
        let args = SettingArgs {
            config: Some(config.clone()),
            grpc_addr: Some("50051".into()),
            database_url: Some("mysql://u:hunter2@h/d".into()),
            origin: Some("with blank".into()),
            policies: Some("none".into()),
            ..SettingArgs::default()
        };
        let told = load(&args).expect_err("wrong").to_string().replace(&config.display().to_string(), "FILE");
        let _ = fs::remove_file(config);
        assert_eq!(
            told,
            "the settings are not right:\n  \
             FILE: there is no setting `grpc_adr`; there are data_dir, grpc_addr, http_addr, database_url, \
             database_owner_url, replica_url, access_journal, database_tool_url, master_key_file, master_key_command, erasure_dir, notary_dir, witness_dir, backup_dir, notice_receivers, issuer, audience, issuer_keys, issuer_authorities, bound_systems, tls_certificate, tls_key, tls_client_authorities, tls_clients_need_certificate, policies, open_introspection, web_origins, origin, log_format, log_level, input_dir\n  \
             --policies (or VNR_POLICIES): `none` is neither adopted nor embedded\n  \
             --grpc-addr (or VNR_GRPC_ADDR): `50051` is not an address with a port, such as 127.0.0.1:50051\n  \
             http_addr in FILE: must be a string in quotes\n  \
             --database-url (or VNR_DATABASE_URL): must begin with postgres://\n  \
             --origin (or VNR_ORIGIN): `with blank` is not a name such as vnr.example.lv (letters, digits, `.`, `-`, `_`, `/`)\n  \
             log_format in FILE: `xml` is neither text nor json"
        );
    }
}

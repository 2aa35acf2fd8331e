//! What can be set on the command line and in the environment.

use std::path::PathBuf;

use clap::Args;

/// Settings as they were given; checked later, all together.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Settings (flag, then environment, then file, then default)")]
pub struct SettingArgs {
    /// Settings file in TOML, with the names below: `grpc_addr = "0.0.0.0:50051"` [default: vnr.toml where it is there]
    #[arg(long, global = true, env = "VNR_CONFIG", value_name = "FILE", hide_env_values = true)]
    pub config: Option<PathBuf>,
    /// Folder of this system's own data (PostgreSQL, keys) [default: .vnr]
    #[arg(long, global = true, env = "VNR_HOME", value_name = "DIR", hide_env_values = true)]
    pub data_dir: Option<String>,
    /// Where gRPC listens; port 0 takes a free one and prints it [default: 127.0.0.1:50051]
    #[arg(long, global = true, env = "VNR_GRPC_ADDR", value_name = "ADDR", hide_env_values = true)]
    pub grpc_addr: Option<String>,
    /// Where GraphQL listens; port 0 takes a free one and prints it [default: 127.0.0.1:8080]
    #[arg(long, global = true, env = "VNR_HTTP_ADDR", value_name = "ADDR", hide_env_values = true)]
    pub http_addr: Option<String>,
    /// A PostgreSQL of yours, as the application's role [default: a private one in the data folder]
    #[arg(long, global = true, env = "VNR_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// The same database as the role that owns and migrates [default: --database-url]
    #[arg(long, global = true, env = "VNR_DATABASE_OWNER_URL", value_name = "URL", hide_env_values = true)]
    pub database_owner_url: Option<String>,
    /// A copy of that database that follows it, as the application's role: who sends help goes on reading it while the database is away [default: none]
    #[arg(long, global = true, env = "VNR_REPLICA_URL", value_name = "URL", hide_env_values = true)]
    pub replica_url: Option<String>,
    /// Folder of the journal of what is shown of the copy, on this machine's own disk [default: access-journal in the data folder]
    #[arg(long, global = true, env = "VNR_ACCESS_JOURNAL", value_name = "DIR", hide_env_values = true)]
    pub access_journal: Option<String>,
    /// The same database as the role that tools look at records as [default: --database-url with the user vnr_tool]
    #[arg(long, global = true, env = "VNR_DATABASE_TOOL_URL", value_name = "URL", hide_env_values = true)]
    pub database_tool_url: Option<String>,
    /// File of the master key, made where it is absent; VNR_MASTER_KEY may hold the key itself [default: master.key in the data folder]
    #[arg(long, global = true, env = "VNR_MASTER_KEY_FILE", value_name = "FILE", hide_env_values = true)]
    pub master_key_file: Option<String>,
    /// Command that prints the master key, instead of a file: of a secret store, say
    #[arg(long, global = true, env = "VNR_MASTER_KEY_COMMAND", value_name = "COMMAND", hide_env_values = true)]
    pub master_key_command: Option<String>,
    /// Folder of the list of erased keys, that no restore goes without; best on another machine [default: erasures in the data folder]
    #[arg(long, global = true, env = "VNR_ERASURE_DIR", value_name = "DIR", hide_env_values = true)]
    pub erasure_dir: Option<String>,
    /// Folder of the keys that sign tree heads, made where it is absent [default: notary in the data folder]
    #[arg(long, global = true, env = "VNR_NOTARY_DIR", value_name = "DIR", hide_env_values = true)]
    pub notary_dir: Option<String>,
    /// Folder that signed tree heads are handed to; best on another machine [default: witness in the data folder]
    #[arg(long, global = true, env = "VNR_WITNESS_DIR", value_name = "DIR", hide_env_values = true)]
    pub witness_dir: Option<String>,
    /// Folder of backups; PostgreSQL hands its write-ahead log over to it. Best on another machine [default: none]
    #[arg(long, global = true, env = "VNR_BACKUP_DIR", value_name = "DIR", hide_env_values = true)]
    pub backup_dir: Option<String>,
    /// File of the systems that notices are posted to, in TOML (docs/NOTICES.md) [default: none, notices are fetched]
    #[arg(long, global = true, env = "VNR_NOTICE_RECEIVERS", value_name = "FILE", hide_env_values = true)]
    pub notice_receivers: Option<String>,
    /// Whose tokens hold: the `iss` of your identity provider [default: none, tokens are those of `vnr token`, for development]
    #[arg(long, global = true, env = "VNR_ISSUER", value_name = "URL", hide_env_values = true)]
    pub issuer: Option<String>,
    /// Whom its tokens are for: their `aud` [default: vnr]
    #[arg(long, global = true, env = "VNR_AUDIENCE", value_name = "NAME", hide_env_values = true)]
    pub audience: Option<String>,
    /// Its keys, a JWK set: a file, or the address that it publishes them at
    #[arg(long, global = true, env = "VNR_ISSUER_KEYS", value_name = "FILE|URL", hide_env_values = true)]
    pub issuer_keys: Option<String>,
    /// Authorities, in PEM, of that address's certificate [default: the public ones]
    #[arg(long, global = true, env = "VNR_ISSUER_AUTHORITIES", value_name = "FILE", hide_env_values = true)]
    pub issuer_authorities: Option<String>,
    /// Whether tokens of systems must be bound to their client certificate (RFC 8705): yes or no [default: yes with --tls-client-authorities]
    #[arg(long, global = true, env = "VNR_BOUND_SYSTEMS", value_name = "YES|NO", hide_env_values = true)]
    pub bound_systems: Option<String>,
    /// Certificate for gRPC and HTTPS, in PEM, with those between it and the authority; read again when it changes [default: no TLS]
    #[arg(long, global = true, env = "VNR_TLS_CERTIFICATE", value_name = "FILE", hide_env_values = true)]
    pub tls_certificate: Option<String>,
    /// Its private key, in PEM
    #[arg(long, global = true, env = "VNR_TLS_KEY", value_name = "FILE", hide_env_values = true)]
    pub tls_key: Option<String>,
    /// Authorities of client certificates, in PEM [default: clients are asked for none]
    #[arg(long, global = true, env = "VNR_TLS_CLIENT_AUTHORITIES", value_name = "FILE", hide_env_values = true)]
    pub tls_client_authorities: Option<String>,
    /// Whether nobody connects without a client certificate: yes or no [default: no]
    #[arg(
        long,
        global = true,
        env = "VNR_TLS_CLIENTS_NEED_CERTIFICATE",
        value_name = "YES|NO",
        hide_env_values = true
    )]
    pub tls_clients_need_certificate: Option<String>,
    /// Which access policies are in force: adopted (those that two persons adopted last) or embedded (those that the program came with,
    /// whatever was adopted: the way out where nothing can be decided by those) [default: adopted]
    #[arg(long, global = true, env = "VNR_POLICIES", value_name = "WHICH", hide_env_values = true)]
    pub policies: Option<String>,
    /// Whether the GraphQL schema is shown without a token: yes or no [default: yes without --issuer]
    #[arg(long, global = true, env = "VNR_OPEN_INTROSPECTION", value_name = "YES|NO", hide_env_values = true)]
    pub open_introspection: Option<String>,
    /// Whose pages may call gRPC from a browser (gRPC-Web): origins with commas between them, and localhost for pages of this machine
    /// [default: localhost without --issuer, else none]
    #[arg(long, global = true, env = "VNR_WEB_ORIGINS", value_name = "ORIGINS", hide_env_values = true)]
    pub web_origins: Option<String>,
    /// Name of this installation, part of every tree head [default: vnr.local]
    #[arg(long, global = true, env = "VNR_ORIGIN", value_name = "NAME", hide_env_values = true)]
    pub origin: Option<String>,
    /// How the log on standard error is written: text or json [default: text]
    #[arg(long, global = true, env = "VNR_LOG_FORMAT", value_name = "FORMAT", hide_env_values = true)]
    pub log_format: Option<String>,
    /// What is logged: a level, or filters such as `info,event_store=debug` [default: info]
    #[arg(long, global = true, env = "VNR_LOG_LEVEL", value_name = "FILTER", hide_env_values = true)]
    pub log_level: Option<String>,
    /// Folder where the demo looks for real calls [default: ../shared/data]
    #[arg(long, global = true, env = "VNR_DATA_DIR", value_name = "DIR", hide_env_values = true)]
    pub input_dir: Option<String>,
}

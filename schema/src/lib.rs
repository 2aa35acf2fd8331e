//! What is data of the register rather than code: SQL migrations, event schemas, golden payloads, the GraphQL SDL and
//! reference data. The folders beside `src/` are the source; this crate carries them into the binary.

/// One file of SQL, applied once, in order of its version within its set.
#[derive(Debug, Clone, Copy)]
pub struct SqlFile {
    /// Order within the set, from the file's name: 1, 2, 3 …
    pub version: i64,
    /// The file's name without number and ending.
    pub name: &'static str,
    /// The statements. `{log}` stands for the name of the log, `{origin}` for its origin.
    pub sql: &'static str,
}

macro_rules! sql_files {
    ($folder:literal, $(($version:literal, $number:literal, $name:literal)),+ $(,)?) => {
        &[$(SqlFile {
            version: $version,
            name: $name,
            sql: include_str!(concat!("../migrations/", $folder, "/", $number, "_", $name, ".sql")),
        }),+]
    };
}

/// What makes one log: applied once for each, with its name filled in.
pub const LOG: &[SqlFile] = sql_files![
    "log",
    (1, "0001", "schema"),
    (2, "0002", "head"),
    (3, "0003", "events"),
    (4, "0004", "streams"),
    (5, "0005", "commands"),
    (6, "0006", "claims"),
    (7, "0007", "tree"),
    (8, "0008", "keys"),
    (9, "0009", "append"),
    (10, "0010", "tree_heads"),
    (11, "0011", "personal_data"),
    (12, "0012", "generations"),
    (13, "0013", "snapshots"),
    (14, "0014", "append"),
    (15, "0015", "append"),
    (16, "0016", "whole_log"),
    (17, "0017", "tools"),
    (18, "0018", "whole_log"),
    (19, "0019", "kept_beside"),
];

/// An illustrative retention schedule (TOML).
pub const RETENTION: &str = include_str!("../retention/illustrative.toml");

/// Progress and leases of those who read the logs.
pub const CONSUMERS: &[SqlFile] = sql_files![
    "consumers",
    (1, "0001", "consumers"),
    (2, "0002", "tools"),
    (3, "0003", "lookups"),
    (4, "0004", "bodies")
];

/// A text by its name.
#[derive(Debug, Clone, Copy)]
pub struct TextFile<'a> {
    /// Name within its folder, with its ending.
    pub name: &'a str,
    /// What it says.
    pub text: &'a str,
}

macro_rules! text_files {
    ($folder:literal, $($name:literal),+ $(,)?) => {
        &[$(TextFile { name: $name, text: include_str!(concat!("../", $folder, "/", $name)) }),+]
    };
}

/// What access policies may speak about (Cedar schema).
pub const POLICY_SCHEMA: &str = include_str!("../policies/vnr.cedarschema");

/// The access policies (Cedar), and what each institution is (TOML).
pub const POLICIES: &[TextFile<'static>] = text_files![
    "policies",
    "00-always.cedar",
    "10-commands.cedar",
    "20-queries.cedar",
    "30-fields.cedar",
    "40-rights.cedar",
    "50-break-glass.cedar",
    "institutions.toml",
];

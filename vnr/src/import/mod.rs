//! Import of foreign records as an ordinary client of the bulk stream. Stands in until the importer is merged.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `vnr import`.
#[derive(Debug, Clone, clap::Args)]
pub struct ImportArgs {
    /// File to import.
    pub file: PathBuf,
}

/// Carries `vnr import` out.
pub async fn import(_args: &ImportArgs) -> ExitCode {
    ExitCode::FAILURE
}

/// Why an import ended before its file did.
#[derive(Debug, thiserror::Error)]
#[error("the importer is not there yet")]
pub struct ImportError;

/// Where the register is, and as whom one speaks to it.
#[derive(Debug, Clone)]
pub struct Target;

impl Target {
    /// The register at `url`.
    ///
    /// # Errors
    /// Where it is no address.
    pub fn parse(_url: &str, _token: Option<&str>) -> Result<Self, ImportError> {
        Ok(Self)
    }
}

/// What is imported, how and where to.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// The register of the progress has a new address.
    pub same_register: bool,
}

impl ImportOptions {
    /// Imports `file`.
    pub fn new(_file: &Path, _mapping: String, _target: Target, _folder: &Path) -> Self {
        Self { same_register: false }
    }
}

/// Shows a bar.
#[derive(Debug, Default)]
pub struct Shown;

/// Counts.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Commands.
    pub commands: CommandCounts,
    /// Events.
    pub events: u64,
}

/// Counts of commands.
#[derive(Debug, Clone, Default)]
pub struct CommandCounts {
    /// Those that had taken effect before.
    pub repeated: u64,
}

/// Times in microseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Times {
    /// Half are faster.
    pub p50: u64,
    /// One in a hundred is slower.
    pub p99: u64,
}

/// What became of a file.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Counts.
    pub counts: Counts,
    /// How long a command took.
    pub command_us: Times,
    /// How long it took.
    pub seconds: f64,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nothing")
    }
}

/// Imports a file.
///
/// # Errors
/// Always.
pub async fn run(_options: &ImportOptions, _shown: &Shown) -> Result<Summary, ImportError> {
    Err(ImportError)
}

/// Reads the text of a mapping.
///
/// # Errors
/// Where the file can't be read.
pub fn mapping_text(path: &Path) -> std::io::Result<String> {
    std::fs::read_to_string(path)
}

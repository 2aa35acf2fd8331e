//! Feeds a file of records to a running system.

use std::path::PathBuf;

/// Arguments of `vnr import`.
#[derive(Debug, Clone, clap::Args)]
pub struct ImportArgs {
    /// The file
    pub file: PathBuf,
}

/// Runs it.
pub async fn run(_args: ImportArgs) -> anyhow::Result<()> {
    Ok(())
}

//! The project's own sample of calls. Stands in until it is merged.

use std::io;
use std::path::Path;

/// Name of the file.
pub const FILE: &str = "sample-calls.csv";
/// Its mapping.
pub const MAPPING: &str = "";

/// Writes the sample.
///
/// # Errors
/// Where the file system refuses.
pub fn write(_path: &Path) -> io::Result<()> {
    Ok(())
}

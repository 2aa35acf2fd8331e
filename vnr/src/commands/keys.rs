//! Files of keys and of signed notes that are named on the command line.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use event_store::proof::note::{SignedNote, VerifierKey};

use crate::failure::Failure;

/// The keys of these files. A file without a key, or with something else in it, is wrong use.
pub(super) fn read(files: &[PathBuf]) -> Result<Vec<VerifierKey>, Failure> {
    let mut keys = Vec::new();
    for file in files {
        let found = VerifierKey::parse_file(&text(file)?)
            .map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))?;
        if found.is_empty() {
            return Err(Failure::Usage(format!("{} holds no key", file.display())));
        }
        keys.extend(found);
    }
    Ok(keys)
}

/// The signed notes of a file.
pub(super) fn notes(file: &Path) -> Result<Vec<SignedNote>, Failure> {
    let notes = SignedNote::parse_file(&text(file)?);
    notes.map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))
}

pub(super) fn text(file: &Path) -> Result<String, Failure> {
    Ok(fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?)
}

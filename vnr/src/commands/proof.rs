//! `vnr proof check | consistency`.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use event_store::proof::bundle::{BundleError, CONSISTENCY, Proved, check};
use event_store::proof::note::{SignedNote, VerifierKey, hex};
use replay_tools::prove::prove_consistency;
use serde_json::json;

use super::log::named;
use super::{keys, record, with_database};
use crate::cli::ProofCommand;
use crate::failure::Failure;
use crate::output::{self, grouped};
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, command: ProofCommand) -> Result<(), Failure> {
    match command {
        ProofCommand::Check { file, key, json } => check_file(&file, &keys::read(&key)?, json),
        ProofCommand::Consistency { older, newer, output, log } => {
            let log = named(&log)?;
            let older = one_note(&older)?;
            let newer = newer.as_deref().map(one_note).transpose()?;
            with_database(settings, async |database| {
                let bundle = prove_consistency(&database.app, log, &older, newer.as_ref()).await?;
                record::write(&output, &bundle.to_text()?)
            })
            .await
        }
    }
}

fn one_note(file: &Path) -> Result<SignedNote, Failure> {
    match <[SignedNote; 1]>::try_from(keys::notes(file)?) {
        Ok([note]) => Ok(note),
        Err(notes) => {
            let what = format!("{} must hold one tree head, not {}", file.display(), notes.len());
            Err(Failure::Usage(what))
        }
    }
}

fn check_file(file: &Path, trusted: &[VerifierKey], json: bool) -> Result<(), Failure> {
    let bytes = fs::read(file).with_context(|| format!("{} can't be read", file.display()))?;
    // Bytes that are no text are no bundle; nothing is put in their place.
    let text = String::from_utf8(bytes).map_err(|_| BundleError::Form);
    let proved = match text.and_then(|text| check(&text, trusted)) {
        Ok(proved) => proved,
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            if json {
                let position = error.position();
                let found =
                    json!({ "proved": false, "reason": error.to_string(), "because": cause, "position": position });
                output::json(&found);
            } else {
                output::line(format!("{}: PROVES NOTHING: {error}", file.display()));
                cause.iter().for_each(|cause| output::line(format!("  because {cause}")));
            }
            return Err(Failure::CheckFailed);
        }
    };
    match proved {
        Proved::Events(bundle, head) if json => output::json(&json!({
            "proved": true, "format": bundle.format, "origin": bundle.origin, "size": head.size, "root": hex(&head.root),
            "aggregate_type": bundle.aggregate_type, "aggregate_id": bundle.aggregate_id, "events": bundle.events.len(),
        })),
        Proved::Events(bundle, head) => {
            let (events, size) = (bundle.events.len(), grouped(head.size));
            output::line(format!("{}: proved", file.display()));
            output::line(format!("  {} {}: its first {events} events", bundle.aggregate_type, bundle.aggregate_id));
            output::line(format!("  are in {} as it was signed over {size} events", bundle.origin));
        }
        Proved::Extension { older, newer } if json => output::json(&json!({
            "proved": true, "format": CONSISTENCY, "origin": newer.origin,
            "older_size": older.size, "size": newer.size, "root": hex(&newer.root),
        })),
        Proved::Extension { older, newer } => {
            let (old, new) = (grouped(older.size), grouped(newer.size));
            output::line(format!("{}: proved", file.display()));
            output::line(format!("  {} of {new} events begins with its {old} of before, unchanged", newer.origin));
        }
    }
    Ok(())
}

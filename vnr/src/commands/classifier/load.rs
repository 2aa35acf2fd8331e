//! `vnr classifier load`: a file is read, compared with what is in force, and sent.

use std::fmt::Display;
use std::fs::File;
use std::path::Path;

use access::Purpose;
use anyhow::{Context as _, anyhow};
use command_api::MOST_BYTES;
use domain::classifier::{ClassifierError, CodeList, CodeSystem, Entry, read_list};
use domain::kernel::Refused;
use prost::Message as _;
use proto::command::v1 as pb;
use proto::command::v1::classifier_service_client::ClassifierServiceClient;

use super::difference::Difference;
use super::loaded;
use crate::cli::LoadClassifierArgs;
use crate::commands::sending::{envelope, said, speak, tell};
use crate::commands::with_database;
use crate::compose::StartError;
use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, args: &LoadClassifierArgs) -> Result<(), Failure> {
    let LoadClassifierArgs { system, file, reason, dry_run, sending } = args;
    let (dry_run, entries) = (*dry_run, read(*system, file)?);
    let message = message(*system, &entries, reason.as_deref());
    must_fit(file, &message)?;
    match in_force(settings, *system).await {
        Ok(list) => {
            let broken = |refused: Refused<ClassifierError>| unusable(file, refused.reasons());
            list.loaded(entries.clone()).map_err(broken)?;
            let difference = Difference::between(&list, &entries);
            match (sending.json, dry_run) {
                (true, true) => output::json(&difference.told(*system)),
                (true, false) => {}
                (false, _) => difference.print(*system),
            }
        }
        // Who sends to a register far away need not have its database.
        Err(Failure::Failed(error)) if !dry_run && is_no_data(&error) => {
            output::aside("no database is at hand (--data-dir, --database-url): what is new is not shown");
        }
        Err(failure) => return Err(failure),
    }
    if dry_run {
        return Ok(());
    }
    let speaking = speak(settings, sending, Purpose::Administration).await?;
    let answer = ClassifierServiceClient::new(speaking).load_classifier(message).await;
    let reply = answer.map_err(|status| said(&status))?.into_inner();
    let what = match reply.events {
        0 => format!("{system} says all of that already: nothing has changed"),
        _ => format!("{system} is loaded: it holds within a second"),
    };
    tell(sending, &reply, &what);
    Ok(())
}

fn message(system: CodeSystem, entries: &[Entry], reason: Option<&str>) -> pb::LoadClassifier {
    pb::LoadClassifier {
        envelope: envelope(),
        system: system.to_string(),
        entries: entries.iter().map(wire).collect(),
        reason: reason.unwrap_or_default().to_owned(),
    }
}

/// Long entries fill a command before there are too many of them.
fn must_fit(path: &Path, message: &pb::LoadClassifier) -> Result<(), Failure> {
    match message.encoded_len() {
        0..=MOST_BYTES => Ok(()),
        size => {
            let count = message.entries.len();
            let told = format!(
                "its {count} entries make a command of {size} bytes, and one has at most {MOST_BYTES}: load it in parts, all \
                 lines of a code in the same one"
            );
            Err(unusable(path, [told].iter()))
        }
    }
}

/// The entries of a file; or all its mistakes, each with its line.
fn read(system: CodeSystem, path: &Path) -> Result<Vec<Entry>, Failure> {
    let file = File::open(path).with_context(|| format!("{} can't be read", path.display()))?;
    let entries = read_list(system, file).map_err(|mistakes| unusable(path, mistakes.iter()))?;
    if entries.is_empty() { Err(unusable(path, ["it holds no entries"].iter())) } else { Ok(entries) }
}

fn unusable<'a, T: Display + 'a>(path: &Path, mistakes: impl Iterator<Item = &'a T>) -> Failure {
    let mistakes: Vec<String> = mistakes.map(|mistake| format!("\n  {mistake}")).collect();
    Failure::Failed(anyhow!("{} can't be loaded:{}", path.display(), mistakes.concat()))
}

async fn in_force(settings: &Settings, system: CodeSystem) -> Result<CodeList, Failure> {
    let loaded = with_database(settings, loaded).await?;
    Ok(loaded.in_force().list(system).clone())
}

fn is_no_data(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(StartError::NoData { .. }))
}

fn wire(entry: &Entry) -> pb::ClassifierEntry {
    let attributes = entry.attributes.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    pb::ClassifierEntry {
        code: entry.code.to_string(),
        valid_from: entry.valid_from.map(|day| day.to_string()).unwrap_or_default(),
        valid_until: entry.valid_until.map(|day| day.to_string()).unwrap_or_default(),
        lv: entry.lv.to_string(),
        en: entry.en.to_string(),
        attributes: attributes.collect(),
    }
}

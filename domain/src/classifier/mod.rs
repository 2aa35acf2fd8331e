//! Classifiers (klasifikatori): open lists of codes, such as what kind of incident or how it ended. They are data that change with time.
//!
//! A list is a record of its own, one for each [`CodeSystem`]: what was loaded into it are events, so that a replay knows what was valid
//! then. Until something is loaded, the program's own tables hold ([`Classifiers::embedded`]).
//!
//! A code is checked on the day that something happened on ([`Classifiers::code`]), where a command comes in. A code that is read from the
//! log is taken as it is, if it has the form of a code: it was valid when it was written.

mod attributes;
mod codes;
mod command;
mod entry;
mod error;
mod event;
mod examples;
mod file;
mod lists;
#[cfg(test)]
mod tests;
mod unknown;

use std::collections::BTreeMap;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use attributes::{WrongAttribute, wrong_attributes};
pub use codes::{
    ActionCode, CardType, CautionKind, CodeSystem, Coded, Disposition, DocumentKind, Hazard, IncidentType, ItemKind,
    ItemRelation, PersonRole, ResultCode, SeizureBasis, TransferCause, VehicleRelation,
};
pub use command::{ClassifierCommand, LoadClassifier};
pub use entry::Entry;
pub use error::ClassifierError;
pub use event::ClassifierEvent;
pub use file::{FileMistake, read_entries, read_list, write_entries};
pub use lists::{Classifiers, CodeError, CodeList, ResponseLimits};
pub use unknown::UnknownCode;

use crate::kernel::{Decide, Moment, Refused, handle_by_decision};

/// Most entries that are loaded at once.
pub const MAX_LOADED: usize = 2_000;
/// Most entries of a classifier, those that hold no longer included.
pub const MAX_ENTRIES: usize = 20_000;

/// What is known of a classifier.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Classifier {
    system: Option<CodeSystem>,
    list: CodeList,
}

type Decision = Result<Vec<ClassifierEvent>, Refused<ClassifierError>>;

impl Classifier {
    /// Which it is; nothing before anything was loaded.
    #[must_use]
    pub fn system(&self) -> Option<CodeSystem> {
        self.system
    }

    /// Its entries.
    #[must_use]
    pub fn list(&self) -> &CodeList {
        &self.list
    }

    /// Adds entries, and replaces those of the same code and first day; what isn't named stays. Only what is new is recorded. The first
    /// load records the list that held before as well, so that from then on the log alone says what was valid when.
    fn load(&self, command: LoadClassifier) -> Decision {
        let LoadClassifier { system, entries, baseline, reason, by } = command;
        let mut before = self.list.clone();
        if self.system.is_none() {
            before.amend(baseline);
        }
        let loaded = before.loaded(entries)?;
        let known: BTreeMap<_, &Entry> = self.list.entries().iter().map(|entry| (entry.key(), entry)).collect();
        let is_new = |entry: &&Entry| known.get(&entry.key()) != Some(entry);
        let new: Vec<Entry> = loaded.entries().iter().filter(is_new).cloned().collect();
        if new.is_empty() {
            return Ok(Vec::new());
        }
        Ok(vec![ClassifierEvent::ClassifierLoaded { system, entries: new, reason, by }])
    }
}

impl Decide for Classifier {
    fn decide(&self, command: ClassifierCommand, _: &Moment) -> Decision {
        match command {
            ClassifierCommand::LoadClassifier(command) => self.load(*command),
        }
    }
}

impl Aggregate for Classifier {
    const TYPE: &'static str = "classifier";
    type Command = ClassifierCommand;
    type Event = ClassifierEvent;
    type Error = Refused<ClassifierError>;
    type Services = Moment;

    async fn handle(
        &mut self,
        command: ClassifierCommand,
        moment: &Moment,
        sink: &EventSink<Self>,
    ) -> Result<(), Refused<ClassifierError>> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, event: ClassifierEvent) {
        let ClassifierEvent::ClassifierLoaded { system, entries, .. } = event;
        self.system = Some(system);
        self.list.amend(entries);
    }
}

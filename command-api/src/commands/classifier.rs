//! Commands on classifiers.

use std::collections::BTreeMap;

use access::policy::{RecordKind, Resource};
use chrono::NaiveDate;
use domain::classifier::{
    Classifier, ClassifierCommand, Classifiers, CodeSystem, Entry, LoadClassifier, MAX_LOADED, wrong_attributes,
};
use domain::ids;
use domain::values::{AttributeName, AttributeValue, Code, Label, Reason};
use event_store::append::{Target, Touch, Work};
use proto::command::v1 as pb;

use super::{Prepared, actor};
use crate::caller::Caller;
use crate::wire::{Envelope, Item, Reader, Within};

fn day(text: &str) -> Result<NaiveDate, &'static str> {
    text.parse().map_err(|_| "must be a day, `2026-01-01`")
}

fn entry(reader: &mut Reader, index: usize, entry: &pb::ClassifierEntry, system: Option<CodeSystem>) -> Option<Entry> {
    let at = |field| Within(Item("entries", index), field);
    let code = reader.required(at("code"), &entry.code, Code::parse);
    let valid_from = reader.text(at("valid_from"), &entry.valid_from, day);
    let valid_until = reader.text(at("valid_until"), &entry.valid_until, day);
    let lv = reader.required(at("lv"), &entry.lv, Label::parse);
    let en = reader.required(at("en"), &entry.en, Label::parse);
    let mut attributes = BTreeMap::new();
    for (name, value) in &entry.attributes {
        let name = reader.required(at("attributes"), name, AttributeName::parse);
        let value = reader.required(at("attributes"), value, AttributeValue::parse);
        attributes.extend(name.zip(value));
    }
    for wrong in system.map(|system| wrong_attributes(system, &attributes)).into_iter().flatten() {
        reader.wrong(Within(at("attributes"), wrong.name), wrong.what);
    }
    Some(Entry { code: code?, valid_from, valid_until, lv: lv?, en: en?, attributes })
}

pub(super) fn load(
    reader: &mut Reader,
    message: pb::LoadClassifier,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let system = reader.required("system", &message.system, CodeSystem::parse);
    if message.entries.is_empty() {
        reader.wrong("entries", "is required: give at least one entry");
    }
    let given = reader.at_most("entries", &message.entries, MAX_LOADED).iter().enumerate();
    let entries: Vec<Option<Entry>> = given.map(|(index, one)| entry(reader, index, one, system)).collect();
    let entries: Option<Vec<Entry>> = entries.into_iter().collect();
    let reason = reader.required("reason", &message.reason, Reason::parse);
    let by = actor(reader, caller);
    let (envelope, system) = (envelope?, system?);
    let load = LoadClassifier {
        system,
        entries: entries?,
        baseline: Classifiers::embedded().list(system).entries().to_vec(),
        reason: reason?.into(),
        by: by?,
    };
    let (id, expected) = (ids::of_classifier(system), envelope.expected_version);
    let (caller, register) = (caller.clone(), Resource::of(RecordKind::Register, caller.institution.clone()));
    let decide = Box::new(move |work: &mut Work<'_>| {
        caller.permit(&register)?;
        work.expect_version::<Classifier>(id, expected)?;
        work.execute::<Classifier>(id, ClassifierCommand::LoadClassifier(Box::new(load.clone())))?;
        Ok(Target::of::<Classifier>(id))
    });
    Some(Prepared::register(envelope, vec![Touch::of::<Classifier>(id)], decide))
}

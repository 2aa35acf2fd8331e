//! Commands on the access policy.

use access::policy::{PolicyErrors, check};
use domain::access_policy::{AccessPolicy, AdoptPolicy, PolicyCommand, PolicyText, ProposePolicy, RejectPolicy};
use domain::ids;
use domain::values::{ContentDigest, PolicyFileName};
use proto::command::v1 as pb;

use super::super::{Prepared, actor};
use super::{on, sealed};
use crate::caller::Caller;
use crate::wire::{Envelope, Item, Reader, RecordRef, Within};

/// There is one.
fn the_policy() -> Option<RecordRef> {
    Some(RecordRef::Id(ids::of_access_policy()))
}

/// The files; two of one name are one too many.
fn text(reader: &mut Reader, files: &[pb::PolicyFile]) -> Option<PolicyText> {
    let mut read: Vec<(PolicyFileName, String)> = Vec::new();
    let mut all = true;
    for (index, file) in reader.at_most("files", files, PolicyText::MOST_FILES).iter().enumerate() {
        let path = Within(Item("files", index), "name");
        match reader.required(path, &file.name, PolicyFileName::parse) {
            Some(name) if read.iter().any(|(other, _)| *other == name) => {
                reader.wrong(path, "is the name of another file: give each name once");
                all = false;
            }
            Some(name) => read.push((name, file.text.clone())),
            None => all = false,
        }
    }
    if !all {
        return None;
    }
    let text = PolicyText::try_new(read).map_err(|error| reader.wrong("files", error)).ok()?;
    // What can't be used must not be adopted: a register that is to decide by it could decide nothing.
    if let Err(PolicyErrors(errors)) = check(&text) {
        errors.into_iter().for_each(|error| reader.wrong("files", error));
        return None;
    }
    Some(text)
}

pub(in crate::commands) fn propose(
    reader: &mut Reader,
    message: pb::ProposePolicy,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let text = text(reader, &message.files);
    let reason = sealed(reader, "reason", &message.reason);
    let by = actor(reader, caller);
    let propose = ProposePolicy { text: text?, reason: reason?, by: by? };
    on::<AccessPolicy>(envelope, the_policy(), caller, Some(PolicyCommand::ProposePolicy(propose)))
}

pub(in crate::commands) fn adopt(
    reader: &mut Reader,
    message: pb::AdoptPolicy,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let digest = reader.required("digest", &message.digest, ContentDigest::parse);
    let reason = sealed(reader, "reason", &message.reason);
    let by = actor(reader, caller);
    let adopt = AdoptPolicy { digest: digest?, reason: reason?, by: by? };
    on::<AccessPolicy>(envelope, the_policy(), caller, Some(PolicyCommand::AdoptPolicy(adopt)))
}

pub(in crate::commands) fn reject(
    reader: &mut Reader,
    message: pb::RejectPolicy,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let digest = reader.required("digest", &message.digest, ContentDigest::parse);
    let reason = sealed(reader, "reason", &message.reason);
    let by = actor(reader, caller);
    let reject = RejectPolicy { digest: digest?, reason: reason?, by: by? };
    on::<AccessPolicy>(envelope, the_policy(), caller, Some(PolicyCommand::RejectPolicy(reject)))
}

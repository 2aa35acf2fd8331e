//! The one command on notices; all else about them the register does by itself.

use domain::notice::{AcknowledgeNotice, Notice, NoticeCommand};
use domain::values::CaseRef;
use event_store::append::{Target, Touch, Work};
use proto::command::v1 as pb;

use super::resource::permit;
use super::{Prepared, actor};
use crate::caller::Caller;
use crate::wire::{Envelope, Reader};

pub(super) fn acknowledge(
    reader: &mut Reader,
    message: pb::AcknowledgeNotice,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let id = reader.required_uuid("notice", &message.notice);
    let reference = reader.text("reference", &message.reference, CaseRef::parse);
    let by = actor(reader, caller);
    let (envelope, id) = (envelope?, id?);
    let (expected, caller) = (envelope.expected_version, caller.clone());
    let command = NoticeCommand::AcknowledgeNotice(AcknowledgeNotice { by: by?, reference });
    let decide = Box::new(move |work: &mut Work<'_>| {
        permit::<Notice>(work, id, &caller)?;
        work.expect_version::<Notice>(id, expected)?;
        work.execute::<Notice>(id, command.clone())?;
        Ok(Target::of::<Notice>(id))
    });
    Some(Prepared::register(envelope, vec![Touch::of::<Notice>(id)], decide))
}

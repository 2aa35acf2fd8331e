//! Cards that are about the same: both are told, or neither.

use domain::emergency_card::{CardCommand, CardError, EmergencyCard, MarkDuplicate, UnmarkDuplicate};
use domain::values::Reason;
use event_store::append::{Stop, Work};
use proto::command::v1 as pb;

use crate::caller::Caller;
use crate::commands::resource::{permit, permit_to_name};
use crate::commands::{Prepared, card_target, must_exist, touches};
use crate::wire::{Envelope, Reader, resolve};

pub(in crate::commands) fn mark(
    reader: &mut Reader,
    message: pb::MarkDuplicate,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let card = reader.record("card", "emergency_card", message.card);
    let of = reader.record("of", "emergency_card", message.of);
    let reason = reader.personal("reason", &message.reason, Reason::parse);
    let (envelope, card, of) = (envelope?, card?, of?);
    let expected = envelope.expected_version;
    let mut touched = touches::<EmergencyCard>(&card);
    touched.extend(touches::<EmergencyCard>(&of));
    let caller = caller.clone();
    let decide = Box::new(move |work: &mut Work<'_>| {
        let (id, of) = (resolve(work, &card)?, resolve(work, &of)?);
        permit::<EmergencyCard>(work, id, &caller)?;
        permit_to_name::<EmergencyCard>(work, of, &caller)?;
        work.expect_version::<EmergencyCard>(id, expected)?;
        must_exist::<EmergencyCard>(work, of)?;
        if id == of {
            let (state, _) = work.state::<EmergencyCard>(id)?;
            return match state.number() {
                Some(number) => Err(refused(CardError::DuplicateOfItself { number })),
                None => Err(refused(CardError::NotReceived)),
            };
        }
        let mark = MarkDuplicate { of, reason: reason.clone() };
        work.execute::<EmergencyCard>(id, CardCommand::MarkDuplicate(mark))?;
        work.execute::<EmergencyCard>(of, CardCommand::TakeDuplicate(id))?;
        card_target(work, id)
    });
    Some(Prepared::register(envelope, touched, decide))
}

pub(in crate::commands) fn unmark(
    reader: &mut Reader,
    message: pb::UnmarkDuplicate,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let card = reader.record("card", "emergency_card", message.card);
    let reason = reader.personal("reason", &message.reason, Reason::parse);
    let (envelope, card) = (envelope?, card?);
    let expected = envelope.expected_version;
    let (touched, caller) = (touches::<EmergencyCard>(&card), caller.clone());
    let decide = Box::new(move |work: &mut Work<'_>| {
        let id = resolve(work, &card)?;
        permit::<EmergencyCard>(work, id, &caller)?;
        work.expect_version::<EmergencyCard>(id, expected)?;
        let (state, _) = work.state::<EmergencyCard>(id)?;
        let of = state.duplicate_of();
        let unmark = UnmarkDuplicate { reason: reason.clone() };
        work.execute::<EmergencyCard>(id, CardCommand::UnmarkDuplicate(unmark))?;
        if let Some(of) = of {
            work.execute::<EmergencyCard>(of, CardCommand::ReleaseDuplicate(id))?;
        }
        card_target(work, id)
    });
    Some(Prepared::register(envelope, touched, decide))
}

fn refused(error: CardError) -> Stop {
    Stop::refused(domain::kernel::Refused::from(error))
}

use uuid::Uuid;

use super::Decision;
use crate::emergency_card::{CardError, CardEvent, EmergencyCard, MarkDuplicate, UnmarkDuplicate};
use crate::kernel::Moment;

impl EmergencyCard {
    /// Marks it as about the same as another; nothing where it is marked so already. It stays what it is: a link, no merger.
    ///
    /// Refused for a card that others are about the same as: one card goes on for all, so that nobody has to follow a chain.
    pub(super) fn mark_duplicate(&self, command: MarkDuplicate, moment: &Moment) -> Decision {
        let card = self.kept()?;
        let number = card.number;
        match card.duplicate_of {
            Some(of) if of == command.of => return Ok(Vec::new()),
            Some(of) => return Err(CardError::AlreadyDuplicate { number, of }.into()),
            None => {}
        }
        if !card.duplicates.is_empty() {
            return Err(CardError::HasDuplicates { number }.into());
        }
        let MarkDuplicate { of, reason } = command;
        Ok(vec![CardEvent::DuplicateMarked { of, reason, at: moment.occurred_at }])
    }

    /// Takes it back.
    pub(super) fn unmark_duplicate(&self, command: UnmarkDuplicate, moment: &Moment) -> Decision {
        let card = self.kept()?;
        let Some(of) = card.duplicate_of else { return Err(CardError::NotDuplicate { number: card.number }.into()) };
        Ok(vec![CardEvent::DuplicateUnmarked { of, reason: command.reason, at: moment.occurred_at }])
    }

    /// Goes on for another. Refused where it is itself about the same as a third.
    pub(super) fn take_duplicate(&self, other: Uuid) -> Decision {
        let card = self.kept()?;
        if let Some(of) = card.duplicate_of {
            let number = card.number;
            return Err(if of == other {
                CardError::HasDuplicates { number }
            } else {
                CardError::AlreadyDuplicate { number, of }
            }
            .into());
        }
        Ok(if card.duplicates.contains(&other) { Vec::new() } else { vec![CardEvent::DuplicateTaken { card: other }] })
    }

    /// Goes on for another no longer.
    pub(super) fn release_duplicate(&self, other: Uuid) -> Decision {
        let card = self.received()?;
        Ok(if card.duplicates.contains(&other) {
            vec![CardEvent::DuplicateReleased { card: other }]
        } else {
            Vec::new()
        })
    }
}

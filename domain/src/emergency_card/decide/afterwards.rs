use super::Decision;
use crate::emergency_card::{CardError, CardEvent, CardFile, EmergencyCard, ReviewCard};
use crate::kernel::Moment;

impl EmergencyCard {
    /// A recording or another file belongs to it; nothing where the same content does already.
    pub(super) fn add_file(&self, file: CardFile, moment: &Moment) -> Decision {
        let card = self.kept()?;
        if card.files.contains(&file.sha256) {
            return Ok(Vec::new());
        }
        Ok(vec![CardEvent::FileAdded { file, at: moment.occurred_at }])
    }

    /// Somebody looks at how it was dealt with, once it has ended; several may.
    pub(super) fn review(&self, command: ReviewCard, moment: &Moment) -> Decision {
        let card = self.kept()?;
        if card.status.is_open() {
            return Err(CardError::NotEnded { number: card.number }.into());
        }
        let ReviewCard { score, findings, note, by } = command;
        Ok(vec![CardEvent::CardReviewed { score, findings, note, by, at: moment.occurred_at }])
    }
}

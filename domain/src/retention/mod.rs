//! A retention case (glabāšanas lieta): what becomes of the personal data of a record or a data subject. It is erased by
//! destroying its keys, which takes two persons, and not while a hold stands.

mod command;
mod error;
mod event;
mod examples;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use command::{ApproveErasure, LiftHold, PlaceHold, RejectErasure, RequestErasure, RetentionCommand};
pub use error::RetentionError;
pub use event::{DestroyedKey, ErasureGround, RetentionEvent};

use crate::kernel::{Decide, Moment, Refused, handle_by_decision};
use crate::values::{Actor, HoldReference};

/// Whose personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErasureScope {
    /// All of a record: its own, and that of every data subject in it.
    Record(Uuid),
    /// All of a data subject (datu subjekts), in whatever records it is.
    Subject(Uuid),
}

/// What is known of a case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RetentionCase {
    scope: Option<ErasureScope>,
    holds: BTreeSet<HoldReference>,
    request: Option<Request>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct Request {
    ground: ErasureGround,
    by: Actor,
}

type Decision = Result<Vec<RetentionEvent>, Refused<RetentionError>>;

impl RetentionCase {
    /// The proceedings that it must be kept for.
    pub fn holds(&self) -> impl Iterator<Item = &HoldReference> {
        self.holds.iter()
    }

    /// Who asked for its erasure, where that waits for a second person.
    #[must_use]
    pub fn requested_by(&self) -> Option<&Actor> {
        Some(&self.request.as_ref()?.by)
    }

    /// Every hold is a reason of its own.
    fn not_held(&self, elsewhere: Vec<HoldReference>) -> Result<(), Refused<RetentionError>> {
        let holds: BTreeSet<HoldReference> = self.holds.iter().cloned().chain(elsewhere).collect();
        Refused::unless_empty(holds.into_iter().map(|reference| RetentionError::Held { reference }).collect())
    }

    /// Asks for the erasure. The same person again changes nothing.
    fn request(&self, command: RequestErasure) -> Decision {
        let RequestErasure { scope, ground, reason, by } = command;
        self.not_held(Vec::new())?;
        match &self.request {
            Some(request) if request.by == by && request.ground == ground => Ok(Vec::new()),
            Some(request) => Err(RetentionError::AlreadyRequested { by: request.by.clone() }.into()),
            None => Ok(vec![RetentionEvent::ErasureRequested { scope, ground, reason, by }]),
        }
    }

    fn requested(&self) -> Result<(ErasureScope, &Request), RetentionError> {
        self.scope.zip(self.request.as_ref()).ok_or(RetentionError::NotRequested)
    }

    /// Erases: what one person asked for and another agrees to, while nothing holds it.
    fn approve(&self, command: ApproveErasure) -> Decision {
        let ApproveErasure { keys, held_elsewhere, by: approved_by } = command;
        let (scope, request) = self.requested()?;
        if request.by == approved_by {
            return Err(RetentionError::SamePerson { by: approved_by }.into());
        }
        self.not_held(held_elsewhere)?;
        if keys.is_empty() {
            return Err(RetentionError::NothingToErase.into());
        }
        let Request { ground, by: requested_by } = request.clone();
        Ok(vec![RetentionEvent::SubjectKeysDestroyed { scope, ground, keys, requested_by, approved_by }])
    }

    /// Turns it down; who asked may also take it back.
    fn reject(&self, command: RejectErasure) -> Decision {
        let (scope, _) = self.requested()?;
        let RejectErasure { reason, by } = command;
        Ok(vec![RetentionEvent::ErasureRejected { scope, reason, by }])
    }

    /// Keeps it; nothing where it is kept for that already.
    fn place_hold(&self, command: PlaceHold) -> Decision {
        let PlaceHold { scope, reference, by } = command;
        if self.holds.contains(&reference) {
            return Ok(Vec::new());
        }
        Ok(vec![RetentionEvent::LegalHoldPlaced { scope, reference, by }])
    }

    fn lift_hold(&self, command: LiftHold) -> Decision {
        let LiftHold { reference, by } = command;
        match self.scope.filter(|_| self.holds.contains(&reference)) {
            Some(scope) => Ok(vec![RetentionEvent::LegalHoldLifted { scope, reference, by }]),
            None => Err(RetentionError::NotHeld { reference }.into()),
        }
    }
}

impl Decide for RetentionCase {
    fn decide(&self, command: RetentionCommand, _: &Moment) -> Decision {
        match command {
            RetentionCommand::RequestErasure(command) => self.request(command),
            RetentionCommand::ApproveErasure(command) => self.approve(command),
            RetentionCommand::RejectErasure(command) => self.reject(command),
            RetentionCommand::PlaceHold(command) => self.place_hold(command),
            RetentionCommand::LiftHold(command) => self.lift_hold(command),
        }
    }
}

impl Aggregate for RetentionCase {
    const TYPE: &'static str = "retention_case";
    type Command = RetentionCommand;
    type Event = RetentionEvent;
    type Error = Refused<RetentionError>;
    type Services = Moment;

    async fn handle(
        &mut self,
        command: RetentionCommand,
        moment: &Moment,
        sink: &EventSink<Self>,
    ) -> Result<(), Refused<RetentionError>> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, event: RetentionEvent) {
        self.scope = Some(event.scope());
        match event {
            RetentionEvent::ErasureRequested { ground, by, .. } => self.request = Some(Request { ground, by }),
            RetentionEvent::ErasureRejected { .. } | RetentionEvent::SubjectKeysDestroyed { .. } => self.request = None,
            RetentionEvent::LegalHoldPlaced { reference, .. } => {
                self.holds.insert(reference);
            }
            RetentionEvent::LegalHoldLifted { reference, .. } => {
                self.holds.remove(&reference);
            }
        }
    }
}

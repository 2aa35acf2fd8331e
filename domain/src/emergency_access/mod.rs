//! An emergency access (ārkārtas piekļuve, break-glass): one person needs a record that nobody gave them access to, a second
//! vouches for them, a third judges it afterwards.

mod command;
mod error;
mod event;
mod examples;
#[cfg(test)]
mod tests;

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use command::{BreakGlass, EmergencyAccessCommand, ReviewEmergencyAccess, VouchEmergencyAccess};
pub use error::EmergencyAccessError;
pub use event::{EmergencyAccessEvent, ReviewOutcome};

use crate::kernel::{Decide, Moment, Refused, handle_by_decision};
use crate::values::Actor;

/// What is known of an emergency access.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EmergencyAccess {
    declared: Option<Declared>,
    vouched: Option<Vouched>,
    reviewed: Option<Reviewed>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct Declared {
    record: Uuid,
    by: Actor,
    until: DateTime<FixedOffset>,
    vouch_by: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct Vouched {
    by: Actor,
    review_by: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct Reviewed {
    by: Actor,
    outcome: ReviewOutcome,
}

type Decision = Result<Vec<EmergencyAccessEvent>, Refused<EmergencyAccessError>>;

impl EmergencyAccess {
    /// The longest that it lasts. Illustrative `[U]`: no regulation with such a period could be obtained.
    pub const LONGEST: TimeDelta = TimeDelta::hours(4);
    /// How soon somebody must vouch. Illustrative `[U]`, likewise.
    pub const VOUCH_WITHIN: TimeDelta = TimeDelta::minutes(15);
    /// How soon it must be reviewed once it was opened. Illustrative `[U]`, likewise.
    pub const REVIEW_WITHIN: TimeDelta = TimeDelta::hours(72);

    /// The record that it opens; nothing where nobody asked for it.
    #[must_use]
    pub fn record(&self) -> Option<Uuid> {
        Some(self.declared.as_ref()?.record)
    }

    /// Who asked for it.
    #[must_use]
    pub fn declared_by(&self) -> Option<&Actor> {
        Some(&self.declared.as_ref()?.by)
    }

    /// Whether it gives access at `at`, as far as is known now: somebody vouches, its time lasts, and no review stopped it.
    #[must_use]
    pub fn is_open(&self, at: DateTime<Utc>) -> bool {
        let lasts = self.declared.as_ref().is_some_and(|declared| at < declared.until);
        let stopped = self.reviewed.as_ref().is_some_and(|reviewed| reviewed.outcome == ReviewOutcome::Unjustified);
        self.vouched.is_some() && lasts && !stopped
    }

    /// Whether it was opened and nobody has judged it in time.
    #[must_use]
    pub fn is_review_overdue(&self, at: DateTime<Utc>) -> bool {
        self.reviewed.is_none() && self.vouched.as_ref().is_some_and(|vouched| vouched.review_by <= at)
    }

    /// Asks for it.
    fn break_glass(&self, command: BreakGlass, now: DateTime<Utc>) -> Decision {
        let BreakGlass { record, purpose, until, reason, by } = command;
        if let Some(declared) = &self.declared {
            return Err(EmergencyAccessError::AlreadyDeclared { by: declared.by.clone() }.into());
        }
        let latest = now + Self::LONGEST;
        let until = until.unwrap_or_else(|| latest.fixed_offset());
        if until <= now {
            return Err(EmergencyAccessError::AlreadyOver.into());
        }
        if until > latest {
            return Err(EmergencyAccessError::TooLong { hours: Self::LONGEST.num_hours() }.into());
        }
        let vouch_by = now + Self::VOUCH_WITHIN;
        Ok(vec![EmergencyAccessEvent::BreakGlassDeclared { record, purpose, reason, until, vouch_by, by }])
    }

    fn declared(&self) -> Result<&Declared, EmergencyAccessError> {
        self.declared.as_ref().ok_or(EmergencyAccessError::NotDeclared)
    }

    /// Opens it: what one person asked for and another vouches for in time. The same person again changes nothing.
    fn vouch(&self, command: VouchEmergencyAccess, now: DateTime<Utc>) -> Decision {
        let VouchEmergencyAccess { note, by } = command;
        let Declared { record, by: declared_by, until, vouch_by } = self.declared()?;
        match &self.vouched {
            Some(vouched) if vouched.by == by => return Ok(Vec::new()),
            Some(vouched) => return Err(EmergencyAccessError::AlreadyVouched { by: vouched.by.clone() }.into()),
            None => {}
        }
        if *declared_by == by {
            return Err(EmergencyAccessError::SamePerson { by }.into());
        }
        let vouch_by = until.with_timezone(&Utc).min(*vouch_by);
        if vouch_by <= now {
            return Err(EmergencyAccessError::Lapsed { vouch_by }.into());
        }
        let review_by = now + Self::REVIEW_WITHIN;
        Ok(vec![EmergencyAccessEvent::BreakGlassVouched { record: *record, note, review_by, by }])
    }

    /// Judges it, by somebody who had no part in it. That may be before its time is over, to stop it.
    fn review(&self, command: ReviewEmergencyAccess) -> Decision {
        let ReviewEmergencyAccess { outcome, note, by } = command;
        let declared = self.declared()?;
        let vouched = self.vouched.as_ref().ok_or(EmergencyAccessError::NotOpened)?;
        if [&declared.by, &vouched.by].contains(&&by) {
            return Err(EmergencyAccessError::OwnReview { by }.into());
        }
        match &self.reviewed {
            Some(reviewed) if reviewed.by == by && reviewed.outcome == outcome => Ok(Vec::new()),
            Some(reviewed) => Err(EmergencyAccessError::AlreadyReviewed { by: reviewed.by.clone() }.into()),
            None => {
                let record = declared.record;
                Ok(vec![EmergencyAccessEvent::BreakGlassReviewed { record, outcome, note, by }])
            }
        }
    }
}

impl Decide for EmergencyAccess {
    /// By the log's own clock: what a sender says of when it happened must not open what has lapsed.
    fn decide(&self, command: EmergencyAccessCommand, moment: &Moment) -> Decision {
        match command {
            EmergencyAccessCommand::BreakGlass(command) => self.break_glass(*command, moment.recorded_at),
            EmergencyAccessCommand::Vouch(command) => self.vouch(command, moment.recorded_at),
            EmergencyAccessCommand::Review(command) => self.review(command),
        }
    }
}

impl Aggregate for EmergencyAccess {
    const TYPE: &'static str = "emergency_access";
    type Command = EmergencyAccessCommand;
    type Event = EmergencyAccessEvent;
    type Error = Refused<EmergencyAccessError>;
    type Services = Moment;

    async fn handle(
        &mut self,
        command: EmergencyAccessCommand,
        moment: &Moment,
        sink: &EventSink<Self>,
    ) -> Result<(), Refused<EmergencyAccessError>> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, event: EmergencyAccessEvent) {
        match event {
            EmergencyAccessEvent::BreakGlassDeclared { record, until, vouch_by, by, .. } => {
                self.declared = Some(Declared { record, by, until, vouch_by });
            }
            EmergencyAccessEvent::BreakGlassVouched { review_by, by, .. } => {
                self.vouched = Some(Vouched { by, review_by });
            }
            EmergencyAccessEvent::BreakGlassReviewed { outcome, by, .. } => {
                self.reviewed = Some(Reviewed { by, outcome });
            }
        }
    }
}

//! A grant of access (piekļuves atļauja): what somebody may see beyond what their role lets them, for a time. One person asks,
//! another gives it, and neither of them to themselves.

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

pub use command::{ApproveGrant, GrantCommand, RejectGrant, RequestGrant, RevokeGrant};
pub use error::GrantError;
pub use event::{GrantEvent, GrantScope, GrantStatus};

use crate::kernel::{Decide, Moment, Refused, handle_by_decision};
use crate::values::Actor;

/// What is known of a grant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessGrant {
    request: Option<Request>,
    status: Option<GrantStatus>,
    approved_by: Option<Actor>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct Request {
    grantee: Actor,
    scope: GrantScope,
    by: Actor,
    from: DateTime<FixedOffset>,
    until: DateTime<FixedOffset>,
}

type Decision = Result<Vec<GrantEvent>, Refused<GrantError>>;

impl AccessGrant {
    /// The longest that a grant lasts.
    pub const LONGEST: TimeDelta = TimeDelta::days(366);
    /// How far ahead the beginning of a grant may lie.
    pub const FARTHEST_AHEAD: TimeDelta = TimeDelta::days(90);

    /// How far it has come; nothing where nobody asked for it.
    #[must_use]
    pub fn status(&self) -> Option<GrantStatus> {
        self.status
    }

    /// What it opens; nothing where nobody asked for it.
    #[must_use]
    pub fn scope(&self) -> Option<&GrantScope> {
        Some(&self.request.as_ref()?.scope)
    }

    /// Who is to have it.
    #[must_use]
    pub fn grantee(&self) -> Option<&Actor> {
        Some(&self.request.as_ref()?.grantee)
    }

    /// Who asked for it.
    #[must_use]
    pub fn requested_by(&self) -> Option<&Actor> {
        Some(&self.request.as_ref()?.by)
    }

    /// Whether it gives access at `at`, as far as is known now: it was approved, and its time lasts, whatever was recorded.
    #[must_use]
    pub fn is_active(&self, at: DateTime<Utc>) -> bool {
        let lasts = |request: &Request| request.from <= at && at < request.until;
        self.status == Some(GrantStatus::Approved) && self.request.as_ref().is_some_and(lasts)
    }

    /// Asks for it. What its times have wrong is told at once.
    fn request(&self, command: RequestGrant, now: DateTime<Utc>) -> Decision {
        let RequestGrant { grantee, scope, purpose, from, until, reason, by } = command;
        if let Some(request) = &self.request {
            return Err(GrantError::AlreadyRequested { by: request.by.clone() }.into());
        }
        let wrong = [
            (until <= from).then_some(GrantError::EndsBeforeItBegins),
            (until - from > Self::LONGEST).then_some(GrantError::TooLong { days: Self::LONGEST.num_days() }),
            (from > now + Self::FARTHEST_AHEAD)
                .then_some(GrantError::TooFarAhead { days: Self::FARTHEST_AHEAD.num_days() }),
            (until <= now).then_some(GrantError::Over { until }),
        ];
        Refused::unless_empty(wrong.into_iter().flatten().collect())?;
        Ok(vec![GrantEvent::GrantRequested { grantee, scope, purpose, from, until, reason, by }])
    }

    fn requested(&self) -> Result<(&Request, GrantStatus), GrantError> {
        self.request.as_ref().zip(self.status).ok_or(GrantError::NotRequested)
    }

    /// What waits for a second person.
    fn waiting(&self) -> Result<&Request, GrantError> {
        match self.requested()? {
            (request, GrantStatus::Requested) => Ok(request),
            (_, status) => Err(GrantError::Settled { status }),
        }
    }

    /// Gives it: what one person asked for and another agrees to. The same person again changes nothing.
    fn approve(&self, command: ApproveGrant, now: DateTime<Utc>) -> Decision {
        let ApproveGrant { by } = command;
        if self.status == Some(GrantStatus::Approved) && self.approved_by.as_ref() == Some(&by) {
            return Ok(Vec::new());
        }
        let request = self.waiting()?;
        if request.by == by {
            return Err(GrantError::SamePerson { by }.into());
        }
        if request.grantee == by {
            return Err(GrantError::OwnGrant { by }.into());
        }
        if request.until <= now {
            return Err(GrantError::Over { until: request.until }.into());
        }
        Ok(vec![GrantEvent::GrantApproved { scope: request.scope.clone(), by }])
    }

    /// Turns it down; who asked may also take it back.
    fn reject(&self, command: RejectGrant) -> Decision {
        let scope = self.waiting()?.scope.clone();
        let RejectGrant { reason, by } = command;
        Ok(vec![GrantEvent::GrantRejected { scope, reason, by }])
    }

    /// Takes it away. One person is enough: it gives nobody anything.
    fn revoke(&self, command: RevokeGrant, now: DateTime<Utc>) -> Decision {
        let RevokeGrant { reason, by } = command;
        match self.requested()? {
            (_, GrantStatus::Requested) => Err(GrantError::NotApproved.into()),
            (request, GrantStatus::Approved) if request.until <= now => {
                Err(GrantError::Over { until: request.until }.into())
            }
            (Request { scope, .. }, GrantStatus::Approved) => {
                Ok(vec![GrantEvent::GrantRevoked { scope: scope.clone(), reason, by }])
            }
            (_, status) => Err(GrantError::Settled { status }.into()),
        }
    }

    /// Records that its time is over; nothing where it had ended before, so that a timer need not know.
    fn expire(&self, now: DateTime<Utc>) -> Decision {
        let (request, status) = self.requested()?;
        match status {
            GrantStatus::Rejected | GrantStatus::Revoked | GrantStatus::Expired => Ok(Vec::new()),
            _ if request.until > now => Err(GrantError::NotOver { until: request.until }.into()),
            _ => Ok(vec![GrantEvent::GrantExpired { scope: request.scope.clone(), until: request.until }]),
        }
    }
}

impl Decide for AccessGrant {
    /// By the log's own clock: what a sender says of when it happened must not reach back into a time that is over.
    fn decide(&self, command: GrantCommand, moment: &Moment) -> Decision {
        let now = moment.recorded_at;
        match command {
            GrantCommand::RequestGrant(command) => self.request(*command, now),
            GrantCommand::ApproveGrant(command) => self.approve(command, now),
            GrantCommand::RejectGrant(command) => self.reject(command),
            GrantCommand::RevokeGrant(command) => self.revoke(command, now),
            GrantCommand::ExpireGrant => self.expire(now),
        }
    }
}

impl Aggregate for AccessGrant {
    const TYPE: &'static str = "access_grant";
    type Command = GrantCommand;
    type Event = GrantEvent;
    type Error = Refused<GrantError>;
    type Services = Moment;

    async fn handle(
        &mut self,
        command: GrantCommand,
        moment: &Moment,
        sink: &EventSink<Self>,
    ) -> Result<(), Refused<GrantError>> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, event: GrantEvent) {
        self.status = Some(event.status_after());
        match event {
            GrantEvent::GrantRequested { grantee, scope, from, until, by, .. } => {
                self.request = Some(Request { grantee, scope, by, from, until });
            }
            GrantEvent::GrantApproved { by, .. } => self.approved_by = Some(by),
            GrantEvent::GrantRejected { .. } | GrantEvent::GrantRevoked { .. } | GrantEvent::GrantExpired { .. } => {}
        }
    }
}

//! A response plan (reaģēšanas plāns): what is sent to which kind of call, as data that two persons put into force. One record holds
//! all versions of a plan, so that it can be told which one a recommendation was made by.

mod applies;
mod command;
mod content;
mod error;
mod event;
pub(crate) mod examples;
mod reference;
#[cfg(test)]
mod tests;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use applies::{Applies, Asked, Hours, MinuteOfDay, Mismatch, Weekday, lies_in};
pub use command::{ApprovePlan, PlanCommand, ProposePlan, RejectPlan, RetirePlan};
pub use content::{Coverage, Need, PlanContent, PlanLevel};
pub use error::PlanError;
pub use event::PlanEvent;
pub use reference::IllustrativePlan;

use crate::kernel::{Decide, Moment, Refused, handle_by_decision};
use crate::values::{Actor, Code, ContentDigest};

/// What is known of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResponsePlan {
    code: Option<Code>,
    /// How many versions were approved so far.
    versions: u32,
    in_force: Option<ContentDigest>,
    proposal: Option<Proposal>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct Proposal {
    digest: ContentDigest,
    content: PlanContent,
    by: Actor,
}

type Decision = Result<Vec<PlanEvent>, Refused<PlanError>>;

impl ResponsePlan {
    /// Its code; nothing before a content was proposed.
    #[must_use]
    pub fn code(&self) -> Option<&Code> {
        self.code.as_ref()
    }

    /// The version in force, and the digest of its content.
    #[must_use]
    pub fn in_force(&self) -> Option<(u32, &ContentDigest)> {
        Some((self.versions, self.in_force.as_ref()?))
    }

    /// Digest of what is proposed, and who proposed it.
    #[must_use]
    pub fn proposed(&self) -> Option<(&ContentDigest, &Actor)> {
        self.proposal.as_ref().map(|proposal| (&proposal.digest, &proposal.by))
    }

    /// Proposes a content; nothing where it is in force or the same person proposed it already. All that is wrong with it is told at once.
    fn propose(&self, command: ProposePlan) -> Decision {
        let ProposePlan { code, content, reason, by } = command;
        let digest = content.digest();
        match &self.proposal {
            Some(proposal) if proposal.digest == digest && proposal.by == by => return Ok(Vec::new()),
            None if self.in_force.as_ref() == Some(&digest) && self.code.as_ref() == Some(&code) => {
                return Ok(Vec::new());
            }
            _ => {}
        }
        let mut broken = Vec::new();
        broken.extend(self.proposal.as_ref().map(|waits| PlanError::AlreadyProposed { by: waits.by.clone() }));
        let other = self.code.as_ref().filter(|own| **own != code);
        broken.extend(other.map(|own| PlanError::OtherCode { code: own.clone() }));
        broken.extend(content.broken());
        Refused::unless_empty(broken)?;
        Ok(vec![PlanEvent::PlanProposed { code, digest, content, reason, by }])
    }

    /// What is proposed, where it is what was read.
    fn proposal(&self, digest: &ContentDigest) -> Result<(&Code, &Proposal), PlanError> {
        let (code, proposal) = self.code.as_ref().zip(self.proposal.as_ref()).ok_or(PlanError::NotProposed)?;
        if proposal.digest == *digest {
            Ok((code, proposal))
        } else {
            Err(PlanError::OtherContent { proposed: proposal.digest.clone() })
        }
    }

    /// Puts it into force as the next version: what one person proposed and another agrees to.
    fn approve(&self, command: ApprovePlan) -> Decision {
        let ApprovePlan { digest, reason, by: second } = command;
        let (code, proposal) = self.proposal(&digest)?;
        if proposal.by == second {
            return Err(PlanError::SamePerson { by: second }.into());
        }
        let Proposal { content, by, .. } = proposal.clone();
        let version = self.versions.saturating_add(1);
        Ok(vec![PlanEvent::PlanApproved { code: code.clone(), version, digest, content, reason, by, second }])
    }

    /// Turns it down; who proposed it may also take it back.
    fn reject(&self, command: RejectPlan) -> Decision {
        let RejectPlan { digest, reason, by } = command;
        self.proposal(&digest)?;
        Ok(vec![PlanEvent::PlanRejected { digest, reason, by }])
    }

    /// Takes it out of force. One person may: what then recommends is the more general plan, and a content comes back by two persons only.
    fn retire(&self, command: RetirePlan) -> Decision {
        let RetirePlan { version, reason, by } = command;
        let (in_force, _) = self.in_force().ok_or(PlanError::NotInForce)?;
        if in_force != version {
            return Err(PlanError::OtherVersion { in_force, stated: version }.into());
        }
        Ok(vec![PlanEvent::PlanRetired { version, reason, by }])
    }
}

impl Decide for ResponsePlan {
    fn decide(&self, command: PlanCommand, _: &Moment) -> Decision {
        match command {
            PlanCommand::ProposePlan(command) => self.propose(*command),
            PlanCommand::ApprovePlan(command) => self.approve(command),
            PlanCommand::RejectPlan(command) => self.reject(command),
            PlanCommand::RetirePlan(command) => self.retire(command),
        }
    }
}

impl Aggregate for ResponsePlan {
    const TYPE: &'static str = "response_plan";
    type Command = PlanCommand;
    type Event = PlanEvent;
    type Error = Refused<PlanError>;
    type Services = Moment;

    async fn handle(
        &mut self,
        command: PlanCommand,
        moment: &Moment,
        sink: &EventSink<Self>,
    ) -> Result<(), Refused<PlanError>> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, event: PlanEvent) {
        match event {
            PlanEvent::PlanProposed { code, digest, content, by, .. } => {
                (self.code, self.proposal) = (Some(code), Some(Proposal { digest, content, by }));
            }
            PlanEvent::PlanApproved { version, digest, .. } => {
                (self.versions, self.in_force, self.proposal) = (version, Some(digest), None);
            }
            PlanEvent::PlanRejected { .. } => self.proposal = None,
            PlanEvent::PlanRetired { .. } => self.in_force = None,
        }
    }
}

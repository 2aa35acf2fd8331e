//! The access policy (piekļuves politika): who may see what, as a text that two persons put into force. One record holds its
//! history, so that it can be told which policy held at any time.

mod command;
mod error;
mod event;
mod examples;
#[cfg(test)]
mod tests;
mod text;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use command::{AdoptPolicy, PolicyCommand, ProposePolicy, RejectPolicy};
pub use error::PolicyError;
pub use event::PolicyEvent;
pub use text::{PolicyText, digest_of_files};

/// What names the text of a policy.
use crate::kernel::{Decide, Moment, Refused, handle_by_decision};
use crate::values::{Actor, ContentDigest};

/// What is known of the policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessPolicy {
    in_force: Option<ContentDigest>,
    proposal: Option<Proposal>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct Proposal {
    digest: ContentDigest,
    text: PolicyText,
    by: Actor,
}

type Decision = Result<Vec<PolicyEvent>, Refused<PolicyError>>;

impl AccessPolicy {
    /// Digest of the policy in force; nothing where none was ever adopted.
    #[must_use]
    pub fn in_force(&self) -> Option<&ContentDigest> {
        self.in_force.as_ref()
    }

    /// Digest of what is proposed, and who proposed it.
    #[must_use]
    pub fn proposed(&self) -> Option<(&ContentDigest, &Actor)> {
        self.proposal.as_ref().map(|proposal| (&proposal.digest, &proposal.by))
    }

    /// Proposes a text; nothing where it is in force or the same person proposed it already.
    fn propose(&self, command: ProposePolicy) -> Decision {
        let ProposePolicy { text, reason, by } = command;
        let digest = text.digest();
        match &self.proposal {
            Some(proposal) if proposal.digest == digest && proposal.by == by => Ok(Vec::new()),
            Some(proposal) => Err(PolicyError::AlreadyProposed { by: proposal.by.clone() }.into()),
            None if self.in_force.as_ref() == Some(&digest) => Ok(Vec::new()),
            None => Ok(vec![PolicyEvent::PolicyProposed { digest, text, reason, by }]),
        }
    }

    /// What is proposed, where it is what was read.
    fn proposal(&self, digest: &ContentDigest) -> Result<&Proposal, PolicyError> {
        let proposal = self.proposal.as_ref().ok_or(PolicyError::NotProposed)?;
        if proposal.digest == *digest {
            Ok(proposal)
        } else {
            Err(PolicyError::OtherText { proposed: proposal.digest.clone() })
        }
    }

    /// Puts it into force: what one person proposed and another agrees to.
    fn adopt(&self, command: AdoptPolicy) -> Decision {
        let AdoptPolicy { digest, reason, by: second } = command;
        let proposal = self.proposal(&digest)?;
        if proposal.by == second {
            return Err(PolicyError::SamePerson { by: second }.into());
        }
        let Proposal { text, by, .. } = proposal.clone();
        Ok(vec![PolicyEvent::PolicyAdopted { digest, text, reason, by, second }])
    }

    /// Turns it down; who proposed it may also take it back.
    fn reject(&self, command: RejectPolicy) -> Decision {
        let RejectPolicy { digest, reason, by } = command;
        self.proposal(&digest)?;
        Ok(vec![PolicyEvent::PolicyRejected { digest, reason, by }])
    }
}

impl Decide for AccessPolicy {
    fn decide(&self, command: PolicyCommand, _: &Moment) -> Decision {
        match command {
            PolicyCommand::ProposePolicy(command) => self.propose(command),
            PolicyCommand::AdoptPolicy(command) => self.adopt(command),
            PolicyCommand::RejectPolicy(command) => self.reject(command),
        }
    }
}

impl Aggregate for AccessPolicy {
    const TYPE: &'static str = "access_policy";
    type Command = PolicyCommand;
    type Event = PolicyEvent;
    type Error = Refused<PolicyError>;
    type Services = Moment;

    async fn handle(
        &mut self,
        command: PolicyCommand,
        moment: &Moment,
        sink: &EventSink<Self>,
    ) -> Result<(), Refused<PolicyError>> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, event: PolicyEvent) {
        match event {
            PolicyEvent::PolicyProposed { digest, text, by, .. } => self.proposal = Some(Proposal { digest, text, by }),
            PolicyEvent::PolicyAdopted { digest, .. } => (self.in_force, self.proposal) = (Some(digest), None),
            PolicyEvent::PolicyRejected { .. } => self.proposal = None,
        }
    }
}

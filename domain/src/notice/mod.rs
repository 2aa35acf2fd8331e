//! A notice (paziņojums): what the social service or the municipal police of a place is told of an incident, once, until it says that it knows.
//!
//! It follows from a rule ([`rule`]), not from somebody's decision: the register issues it by itself. What of the incident it holds is
//! decided when it is handed over, by the policies of that moment; here it is recorded that it was.

mod command;
mod error;
mod event;
mod examples;
pub mod rule;
#[cfg(test)]
mod tests;

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use command::{AcknowledgeNotice, IssueNotice, NoticeCommand, RecordDelivery, RecordDeliveryFailure, RecordFetch};
pub use error::NoticeError;
pub use event::{DeliveryFailure, EscalationCause, NoticeEvent, NoticeService};

use crate::kernel::{Decide, Moment, Refused, handle_by_decision};
use crate::lang::terms;
use crate::values::InstitutionCode;

/// So many failed attempts are recorded of one notice; those beyond are only counted in the metrics.
pub const MAX_FAILURES: u32 = 8;

terms! {
    /// How far a notice has come (paziņojuma stāvoklis).
    NoticeStatus("status of a notice") {
        /// It waits to be handed over, or fetched.
        Issued = "issued", "Sagatavots", "Issued";
        /// The recipient's system has taken it, or somebody there has fetched it.
        Delivered = "delivered", "Piegādāts", "Delivered";
        /// It is late: somebody else was told to see to it.
        Escalated = "escalated", "Eskalēts", "Escalated";
        /// The recipient has said that it knows.
        Acknowledged = "acknowledged", "Apstiprināts", "Acknowledged";
    }
}

/// What is known of a notice; no personal data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    issued: Option<Issued>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct Issued {
    incident: Uuid,
    recipient: InstitutionCode,
    escalate_to: InstitutionCode,
    due_by: DateTime<FixedOffset>,
    failures: u32,
    delivered: bool,
    escalated: bool,
    acknowledged: bool,
}

type Decision = Result<Vec<NoticeEvent>, Refused<NoticeError>>;

impl Notice {
    /// The incident that it is about; nothing before it was issued.
    #[must_use]
    pub fn incident(&self) -> Option<Uuid> {
        Some(self.issued.as_ref()?.incident)
    }

    /// Whom it is for.
    #[must_use]
    pub fn recipient(&self) -> Option<&InstitutionCode> {
        Some(&self.issued.as_ref()?.recipient)
    }

    /// Who sees to it when it is late.
    #[must_use]
    pub fn escalate_to(&self) -> Option<&InstitutionCode> {
        Some(&self.issued.as_ref()?.escalate_to)
    }

    /// How far it has come; nothing before it was issued.
    #[must_use]
    pub fn status(&self) -> Option<NoticeStatus> {
        let Issued { delivered, escalated, acknowledged, .. } = self.issued.as_ref()?;
        Some(match (acknowledged, escalated, delivered) {
            (true, ..) => NoticeStatus::Acknowledged,
            (_, true, _) => NoticeStatus::Escalated,
            (.., true) => NoticeStatus::Delivered,
            _ => NoticeStatus::Issued,
        })
    }

    /// Issues it. Asked for again, it is the same one: what the rule implies is told once.
    fn issue(&self, command: IssueNotice, moment: &Moment) -> Vec<NoticeEvent> {
        if self.issued.is_some() {
            return Vec::new();
        }
        let IssueNotice { incident, rule, rule_version, service, municipality, recipient, escalate_to, within_minutes } =
            command;
        let issued_at = moment.recorded_at.with_timezone(moment.occurred_at.offset());
        vec![NoticeEvent::NoticeIssued {
            incident,
            rule,
            rule_version,
            service,
            municipality,
            recipient,
            escalate_to,
            due_by: issued_at + TimeDelta::minutes(i64::from(within_minutes)),
        }]
    }

    fn issued(&self) -> Result<&Issued, NoticeError> {
        self.issued.as_ref().ok_or(NoticeError::NotIssued)
    }

    /// The recipient's system took it. A second receipt of the same notice says nothing new.
    fn deliver(&self, command: RecordDelivery) -> Decision {
        let issued = self.issued()?;
        if issued.delivered {
            return Ok(Vec::new());
        }
        let RecordDelivery { receipt, content, scopes } = command;
        let attempt = issued.failures.saturating_add(1);
        Ok(vec![NoticeEvent::NoticeDelivered { attempt, receipt, content, scopes }])
    }

    /// Somebody of the recipient fetched it: so it is there. Only the first time says something new.
    fn fetch(&self, command: RecordFetch) -> Decision {
        let issued = self.issued()?;
        let RecordFetch { by, scopes } = command;
        if by.institution != issued.recipient {
            return Err(NoticeError::OtherRecipient { recipient: issued.recipient.clone() }.into());
        }
        if issued.delivered || issued.acknowledged {
            return Ok(Vec::new());
        }
        Ok(vec![NoticeEvent::NoticeFetched { by, scopes }])
    }

    /// It did not get there. Recorded for the first attempts only: a receiver that is away for a week must not fill the log.
    fn fail(&self, command: RecordDeliveryFailure) -> Decision {
        let issued = self.issued()?;
        if issued.delivered || issued.acknowledged || issued.failures >= MAX_FAILURES {
            return Ok(Vec::new());
        }
        let RecordDeliveryFailure { cause, receipt } = command;
        Ok(vec![NoticeEvent::NoticeDeliveryFailed { attempt: issued.failures + 1, cause, receipt }])
    }

    /// The recipient says that it knows, be it late: only who it is for can. Said again, it is so already.
    fn acknowledge(&self, command: AcknowledgeNotice) -> Decision {
        let issued = self.issued()?;
        let AcknowledgeNotice { by, reference } = command;
        if by.institution != issued.recipient {
            return Err(NoticeError::OtherRecipient { recipient: issued.recipient.clone() }.into());
        }
        if issued.acknowledged {
            return Ok(Vec::new());
        }
        Ok(vec![NoticeEvent::NoticeAcknowledged { by, reference }])
    }

    /// It is late: who answers for the incident is told. Nothing where it was acknowledged meanwhile, or somebody was told before.
    fn escalate(&self, moment: &Moment) -> Decision {
        let issued = self.issued()?;
        if issued.acknowledged || issued.escalated {
            return Ok(Vec::new());
        }
        if moment.recorded_at <= issued.due_by.with_timezone(&Utc) {
            return Err(NoticeError::NotDue { due_by: issued.due_by }.into());
        }
        let cause = match issued.delivered {
            true => EscalationCause::NotAcknowledged,
            false => EscalationCause::NotDelivered,
        };
        Ok(vec![NoticeEvent::NoticeEscalated { to: issued.escalate_to.clone(), cause }])
    }
}

impl Decide for Notice {
    fn decide(&self, command: NoticeCommand, moment: &Moment) -> Decision {
        match command {
            NoticeCommand::IssueNotice(command) => Ok(self.issue(*command, moment)),
            NoticeCommand::RecordDelivery(command) => self.deliver(command),
            NoticeCommand::RecordFetch(command) => self.fetch(command),
            NoticeCommand::RecordDeliveryFailure(command) => self.fail(command),
            NoticeCommand::AcknowledgeNotice(command) => self.acknowledge(command),
            NoticeCommand::EscalateNotice => self.escalate(moment),
        }
    }
}

impl Aggregate for Notice {
    const TYPE: &'static str = "notice";
    type Command = NoticeCommand;
    type Event = NoticeEvent;
    type Error = Refused<NoticeError>;
    type Services = Moment;

    async fn handle(
        &mut self,
        command: NoticeCommand,
        moment: &Moment,
        sink: &EventSink<Self>,
    ) -> Result<(), Refused<NoticeError>> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, event: NoticeEvent) {
        match (event, &mut self.issued) {
            (NoticeEvent::NoticeIssued { incident, recipient, escalate_to, due_by, .. }, _) => {
                self.issued = Some(Issued {
                    incident,
                    recipient,
                    escalate_to,
                    due_by,
                    failures: 0,
                    delivered: false,
                    escalated: false,
                    acknowledged: false,
                });
            }
            (NoticeEvent::NoticeDelivered { .. } | NoticeEvent::NoticeFetched { .. }, Some(issued)) => {
                issued.delivered = true
            }
            (NoticeEvent::NoticeDeliveryFailed { attempt, .. }, Some(issued)) => issued.failures = attempt,
            (NoticeEvent::NoticeAcknowledged { .. }, Some(issued)) => issued.acknowledged = true,
            (NoticeEvent::NoticeEscalated { .. }, Some(issued)) => issued.escalated = true,
            (_, None) => {}
        }
    }
}

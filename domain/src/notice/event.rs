use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access_day::DataScope;
use crate::kernel::{RecordedEvent, domain_event};
use crate::lang::terms;
use crate::values::{Actor, CaseRef, Code, ContentDigest, InstitutionCode, TerritoryCode};

terms! {
    /// A service of a municipality that is told of incidents (paziņojuma saņēmējs).
    NoticeService("service of a notice") {
        /// Social service.
        SocialService = "social_service", "Sociālais dienests", "Social service";
        /// Municipal police.
        MunicipalPolice = "municipal_police", "Pašvaldības policija", "Municipal police";
    }
}

terms! {
    /// Why a notice did not get there (neizdevušās piegādes iemesls).
    DeliveryFailure("cause of a failed delivery") {
        /// No connection came about, or it broke.
        Unreachable = "unreachable", "Saņēmējs nav sasniedzams", "Unreachable";
        /// There was no answer in time.
        TimedOut = "timed_out", "Nav atbildes laikā", "No answer in time";
        /// The answer was that it was not taken.
        Refused = "refused", "Saņēmējs nepieņēma", "Not taken";
    }
}

terms! {
    /// Why somebody else was told (eskalācijas iemesls).
    EscalationCause("cause of an escalation") {
        /// The recipient has it, and has not said that it knows.
        NotAcknowledged = "not_acknowledged", "Nav apstiprināts laikā", "Not acknowledged in time";
        /// It could not be handed over, or was not fetched.
        NotDelivered = "not_delivered", "Nav piegādāts laikā", "Not delivered in time";
    }
}

/// What happened to a notice, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum NoticeEvent {
    /// A rule implied it.
    NoticeIssued {
        /// The incident that it is about.
        incident: Uuid,
        /// The rule: what the classifier of incident types names as `notice`.
        rule: Code,
        /// Version of the rule.
        rule_version: u32,
        /// Which service is told.
        service: NoticeService,
        /// Of which municipality: where it happened, as it was then.
        municipality: TerritoryCode,
        /// The institution that this is.
        recipient: InstitutionCode,
        /// Who sees to it when it is late: who answered for the incident then.
        escalate_to: InstitutionCode,
        /// Until when it has to be acknowledged.
        due_by: DateTime<FixedOffset>,
    },
    /// The recipient's system took it; that it would be handed over was told to the access log before.
    NoticeDelivered {
        /// Which attempt it was, from 1.
        attempt: u32,
        /// HTTP status that it was answered with.
        receipt: u16,
        /// SHA-256 of what was sent.
        content: ContentDigest,
        /// What of the incident that held.
        scopes: Vec<DataScope>,
    },
    /// Somebody of the recipient, which has no system for it, fetched it with the incident; that it was shown was told to the access log
    /// before.
    NoticeFetched {
        /// Who fetched it.
        by: Actor,
        /// What of the incident they were shown.
        scopes: Vec<DataScope>,
    },
    /// It did not get there; it is tried again.
    NoticeDeliveryFailed {
        /// Which attempt it was, from 1.
        attempt: u32,
        /// Why.
        cause: DeliveryFailure,
        /// HTTP status that it was answered with, where it was answered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receipt: Option<u16>,
    },
    /// The recipient said that it knows.
    NoticeAcknowledged {
        /// Who said so.
        by: Actor,
        /// The case that the recipient goes on with it in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<CaseRef>,
    },
    /// It was late, so somebody else was told.
    NoticeEscalated {
        /// Who.
        to: InstitutionCode,
        /// Why.
        cause: EscalationCause,
    },
}

domain_event! {
    NoticeEvent { NoticeIssued, NoticeDelivered, NoticeDeliveryFailed, NoticeAcknowledged, NoticeEscalated, NoticeFetched }
}

impl RecordedEvent for NoticeEvent {}

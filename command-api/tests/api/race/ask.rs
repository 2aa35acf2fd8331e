//! What is sent: by whom, when, and as the message that a client of theirs would send.

#![allow(clippy::needless_update, reason = "one macro makes messages of all sizes")]

use access::{Principal, Purpose, Role};
use chrono::{DateTime, FixedOffset, SubsecRound as _, Utc};
use domain::ids;
use domain::values::{ExternalId, SourceSystem};
use proto::command::v1 as pb;
use proto::command::v1::incident_service_client::IncidentServiceClient;
use proto::command::v1::seized_item_service_client::SeizedItemServiceClient;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::support::{Api, Calling, incident, person, with_id};

/// Who takes part: a name, their institution, and the journal that it sends under.
pub(super) const PEOPLE: [(&str, &str, &str); 6] = [
    ("a.ozola", "VP", "vp-sample"),
    ("j.berzins", "RPP", "enz-riga"),
    ("d.krumina", "PP-LIEPAJA", "enz-liepaja"),
    ("e.vitola", "VP", "vp-sample"),
    ("p.kalnins", "RPP", "enz-riga"),
    ("k.liepa", "VP", "vp-sample"),
];
/// Who has items: an institution and a keeper there.
pub(super) const KEEPERS: [(&str, &str); 3] = [("VP", "4711"), ("VP", "Glabātava"), ("RPP", "12")];

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    Register { id: Uuid },
    Supplement { incident: Uuid },
    Assign { incident: Uuid, officer: usize },
    Result { incident: Uuid },
    Close { incident: Uuid },
    Reopen { incident: Uuid },
    Merge { incident: Uuid, into: Uuid },
    Unmerge { incident: Uuid },
    Split { incident: Uuid, part: Uuid },
    Offer { incident: Uuid, transfer: Uuid, to: &'static str },
    Accept { incident: Uuid, officer: Option<usize> },
    Reject { incident: Uuid },
    Withdraw { incident: Uuid },
    Complete { incident: Uuid, back: bool },
    Seize { incident: Uuid, item: Uuid, keeper: usize },
    Hand { item: Uuid, from: usize, to: usize },
    Dispose { item: Uuid },
}

impl Ask {
    /// Its name, without what it is about.
    pub(super) fn name(&self) -> String {
        format!("{self:?}").split(' ').next().unwrap_or_default().to_owned()
    }
}

/// A command: the same sent twice has the same id.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) id: Uuid,
    /// Which of the people.
    pub(super) who: usize,
    pub(super) what: Ask,
    /// Version of the record that the sender says they have seen.
    pub(super) expected: Option<u64>,
    /// When it happened.
    pub(super) at: DateTime<FixedOffset>,
    /// What the sender's journal calls what is registered.
    external: String,
}

/// What came of it.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Done(pb::CommandReply),
    /// Names of the rules that refuse it.
    Refused(Vec<String>),
}

impl Sent {
    pub(super) fn new(who: usize, what: Ask, expected: Option<u64>) -> Self {
        // As fine as the log keeps it.
        let at = Utc::now().fixed_offset().trunc_subsecs(6);
        Self { id: Uuid::now_v7(), who, what, expected, at, external: String::new() }
    }

    /// One that registers an incident, whose id follows from what its journal calls it.
    pub(super) fn registering(who: usize, what: impl FnOnce(Uuid) -> Ask) -> Self {
        let external = Uuid::now_v7().to_string();
        let system = SourceSystem::parse(PEOPLE[who].2).unwrap();
        let id = ids::of_source("incident", &system, &ExternalId::parse(&external).unwrap());
        Self { external, ..Self::new(who, what(id), None) }
    }

    pub(super) fn institution(&self) -> &'static str {
        PEOPLE[self.who].1
    }

    fn envelope(&self) -> Option<pb::Envelope> {
        let source = pb::Source {
            system: PEOPLE[self.who].2.to_owned(),
            external_id: self.external.clone(),
            ..Default::default()
        };
        Some(pb::Envelope {
            command_id: self.id.to_string(),
            expected_version: self.expected,
            occurred_at: self.at.to_rfc3339(),
            source: (!self.external.is_empty()).then_some(source),
            ..Default::default()
        })
    }
}

fn why() -> String {
    "Precizēts pēc pārbaudes.".to_owned()
}

fn custodian(keeper: usize) -> Option<pb::Custodian> {
    let (institution, keeper) = KEEPERS[keeper];
    Some(pb::Custodian { institution: institution.to_owned(), keeper: keeper.to_owned() })
}

/// Service number of an officer.
pub(super) fn service_number(officer: usize) -> String {
    (4_700 + officer).to_string()
}

/// Somebody at a server.
#[derive(Clone)]
pub(super) struct Desk {
    incidents: IncidentServiceClient<Calling>,
    items: SeizedItemServiceClient<Calling>,
}

impl Desk {
    pub(super) fn of(api: &Api, who: usize) -> Self {
        let (name, institution, _) = PEOPLE[who];
        let who: Principal = person(name, institution, Role::Officer, Purpose::Response);
        Self { incidents: api.incidents_as(&who), items: api.items_as(&who) }
    }

    /// Sends it and waits for what comes of it.
    pub(super) async fn send(&self, sent: &Sent) -> Result<Answer, Status> {
        match self.call(sent).await {
            Ok(reply) => Ok(Answer::Done(reply)),
            Err(status) => match status.code() {
                Code::PermissionDenied => Ok(Answer::Refused(vec!["PERMISSION_DENIED".to_owned()])),
                Code::Aborted => Ok(Answer::Refused(vec!["VERSION_CONFLICT".to_owned()])),
                Code::FailedPrecondition | Code::NotFound | Code::AlreadyExists => {
                    let rules = status.get_details_precondition_failure().map(|failure| failure.violations);
                    let rules = rules.unwrap_or_default().into_iter().map(|violation| violation.r#type).collect();
                    Ok(Answer::Refused(rules))
                }
                _ => Err(status),
            },
        }
    }

    async fn call(&self, sent: &Sent) -> Result<pb::CommandReply, Status> {
        let (mut incidents, mut items) = (self.incidents.clone(), self.items.clone());
        let envelope = sent.envelope();
        /// The message about an incident, with an envelope and what else is given.
        macro_rules! about {
            ($call:ident, $message:ident, $incident:expr, { $($field:ident: $value:expr),* $(,)? }) => {
                incidents
                    .$call(pb::$message {
                        envelope,
                        incident: with_id(&$incident.to_string()),
                        $($field: $value,)*
                        ..Default::default()
                    })
                    .await
            };
        }
        let officer = service_number;
        let reply = match sent.what {
            Ask::Register { .. } => incidents.register_incident(pb::RegisterIncident { envelope, ..incident() }).await,
            Ask::Supplement { incident } => {
                about!(supplement_incident, SupplementIncident, incident, { narrative: Some("Vēl.".to_owned()) })
            }
            Ask::Assign { incident, officer: to } => {
                let assignee = Some(pb::assign_incident::Assignee::Officer(officer(to)));
                about!(assign_incident, AssignIncident, incident, { assignee: assignee })
            }
            Ask::Result { incident } => {
                about!(record_result, RecordResult, incident, { result_code: "preventive-talk".to_owned() })
            }
            Ask::Close { incident } => {
                about!(close_incident, CloseIncident, incident, { disposition: "report-taken".to_owned() })
            }
            Ask::Reopen { incident } => about!(reopen_incident, ReopenIncident, incident, { reason: why() }),
            Ask::Merge { incident, into } => {
                about!(merge_incident, MergeIncident, incident, { into: with_id(&into.to_string()), reason: why() })
            }
            Ask::Unmerge { incident } => about!(unmerge_incident, UnmergeIncident, incident, { reason: why() }),
            Ask::Split { incident: from, .. } => {
                let new = pb::RegisterIncident { envelope: None, ..incident() };
                about!(split_incident, SplitIncident, from, { registration: Some(new), reason: why() })
            }
            Ask::Offer { incident, transfer, to } => about!(offer_transfer, OfferTransfer, incident, {
                transfer_id: transfer.to_string(), to: to.to_owned(), reason: why(),
            }),
            Ask::Accept { incident, officer: to } => {
                let assignee = to.map(|to| pb::accept_transfer::Assignee::Officer(officer(to)));
                about!(accept_transfer, AcceptTransfer, incident, { assignee: assignee })
            }
            Ask::Reject { incident } => {
                about!(reject_transfer, RejectTransfer, incident, { cause: "not-competent".to_owned() })
            }
            Ask::Withdraw { incident } => about!(withdraw_transfer, WithdrawTransfer, incident, { reason: why() }),
            Ask::Complete { incident, back } => {
                let outcome = if back { pb::TransferOutcome::Returned } else { pb::TransferOutcome::Completed };
                about!(complete_transfer, CompleteTransfer, incident, { outcome: outcome as i32 })
            }
            Ask::Seize { incident, item, keeper } => {
                let seize = pb::SeizeItem {
                    envelope,
                    incident: with_id(&incident.to_string()),
                    id: item.to_string(),
                    kind: "knife".to_owned(),
                    basis: "criminal-procedure".to_owned(),
                    custodian: custodian(keeper),
                    ..Default::default()
                };
                items.seize_item(seize).await
            }
            Ask::Hand { item, from, to } => {
                let hand = pb::TransferCustody {
                    envelope,
                    id: item.to_string(),
                    from: custodian(from),
                    to: custodian(to),
                    ..Default::default()
                };
                items.transfer_custody(hand).await
            }
            Ask::Dispose { item } => {
                let outcome = pb::DisposalOutcome::Returned as i32;
                items
                    .dispose_item(pb::DisposeItem { envelope, id: item.to_string(), outcome, ..Default::default() })
                    .await
            }
        };
        Ok(reply?.into_inner())
    }
}

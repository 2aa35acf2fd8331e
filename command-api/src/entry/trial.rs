//! What would come of a draft: it is registered like any other, with all that belongs to it, and refused at the very end.
//!
//! A refusal writes nothing, takes no number and leaves no trace in the ledger (I-4, I-7). So the trial goes through the same reading
//! and the same decision as the command, in the same lane, and can't come to know better or worse than it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use chrono::{DateTime, FixedOffset};
use domain::incident::Incident;
use domain::kernel::Violations;
use domain::terms::RaisedClass;
use domain::values::LegacyNumber;
use event_store::append::{AppendError, Lane, Stop, Submission, Work};
use proto::command::v1 as pb;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use super::NAME;
use crate::caller::{Caller, Sender};
use crate::commands::{LEGACY_NUMBER, Prepared, WireCommand, legacy_key};
use crate::gateway::Gateway;
use crate::status;
use crate::wire::Wire as _;

/// Most vehicles, and most persons, of one draft.
const MOST_PARTS: usize = 50;

/// What would come of it.
#[derive(Debug, Default)]
pub(super) struct Trial {
    /// All that is wrong; nothing else is known where something is.
    pub(super) violations: Vec<pb::DraftViolation>,
    pub(super) respond_by: Option<DateTime<FixedOffset>>,
    pub(super) class: pb::RaisedClass,
}

/// The end of every trial that found nothing wrong.
#[derive(Debug, thiserror::Error)]
#[error("nothing is wrong with the draft, and it was only tried")]
struct WouldBeRegistered {
    respond_by: Option<DateTime<FixedOffset>>,
    class: Option<RaisedClass>,
}

/// A part that could be read before, and not again.
#[derive(Debug, thiserror::Error)]
#[error("a part of the draft could not be read again")]
struct Unreadable;

/// What comes after the registration, once the incident has an id.
type Part = Box<dyn Fn(Uuid) -> Option<Prepared> + Send + Sync>;

/// Who tries a draft.
pub(super) struct Attempt<'a> {
    pub(super) sender: &'a Sender,
    pub(super) caller: Caller,
    pub(super) deadline: Option<Instant>,
}

impl Attempt<'_> {
    /// Tries it.
    pub(super) async fn of(
        self,
        gateway: &Gateway,
        draft: &pb::RegisterIncident,
        vehicles: &[pb::InvolveVehicle],
        persons: &[pb::InvolvePerson],
    ) -> Result<Trial, Status> {
        let mut wrong = Vec::new();
        let registration = match draft.clone().prepare(&self.caller) {
            Ok(prepared) => Some(prepared),
            Err(violations) => {
                note(&mut wrong, "", violations);
                None
            }
        };
        // Of the draft's envelope only when and by whom: its source and the version that it expects are the registration's.
        let envelope =
            draft.envelope.clone().map(|envelope| pb::Envelope { source: None, expected_version: None, ..envelope });
        let person = {
            let envelope = envelope.clone();
            move |person, incident| pb::InvolvePerson { envelope: envelope.clone(), incident, ..person }
        };
        let vehicle = move |vehicle, incident| pb::InvolveVehicle { envelope: envelope.clone(), incident, ..vehicle };
        // Persons first: a vehicle may name one of them.
        let mut parts = self.parts(gateway, "persons", persons, &mut wrong, person)?;
        parts.extend(self.parts(gateway, "vehicles", vehicles, &mut wrong, vehicle)?);
        let Some(registration) = registration.filter(|_| wrong.is_empty()) else {
            return Ok(Trial { violations: wrong, ..Trial::default() });
        };
        self.decided(gateway, draft, registration, parts).await
    }

    /// Reads each part with an incident of no consequence, and keeps it for the one that it will be in.
    fn parts<C: WireCommand>(
        &self,
        gateway: &Gateway,
        list: &'static str,
        messages: &[C],
        wrong: &mut Vec<pb::DraftViolation>,
        of: impl Fn(C, Option<pb::RecordRef>) -> C + Clone + Send + Sync + 'static,
    ) -> Result<Vec<(String, Part)>, Status> {
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        if messages.len() > MOST_PARTS {
            let mut violations = Violations::new();
            violations.add(list, format!("has {} entries: at most {MOST_PARTS} are tried at once", messages.len()));
            note(wrong, "", violations);
        }
        let caller = gateway.caller::<C>(self.sender)?;
        let mut parts: Vec<(String, Part)> = Vec::new();
        for (index, message) in messages.iter().take(MOST_PARTS).enumerate() {
            let path = format!("{list}[{index}]");
            if let Err(violations) = of(message.clone(), by_id(Uuid::now_v7())).prepare(&caller) {
                note(wrong, &format!("{path}."), violations);
                continue;
            }
            let (of, message, caller) = (of.clone(), message.clone(), caller.clone());
            let part = move |incident| of(message.clone(), by_id(incident)).prepare(&caller).ok();
            parts.push((path, Box::new(part)));
        }
        Ok(parts)
    }

    /// Has it decided as if it were sent.
    async fn decided(
        self,
        gateway: &Gateway,
        draft: &pb::RegisterIncident,
        registration: Prepared,
        parts: Vec<(String, Part)>,
    ) -> Result<Trial, Status> {
        let deps = gateway.deps();
        if let Some(source) = &registration.envelope.source {
            let permitted = self.caller.permit_source(&source.system);
            permitted.map_err(|refused| gateway.not_permitted(NAME, &self.caller, &refused))?;
        }
        if registration.envelope.is_simulated() && !deps.simulated {
            return Err(status::made_up());
        }
        let legacy = LegacyNumber::parse(&draft.legacy_number).ok();
        let legacy = legacy.map(|number| legacy_key(&self.caller.institution, &number));
        let (envelope, touches, decide) = registration.checked();
        // Which part is being decided, to say which is refused: 0 is the registration.
        let stage = Arc::new(AtomicUsize::new(0));
        let paths: Vec<String> = parts.iter().map(|(path, _)| path.clone()).collect();
        let at = Arc::clone(&stage);
        let tried = move |work: &mut Work<'_>| {
            at.store(0, Ordering::Relaxed);
            // A claim that only the database knows of would be found when it is written, which this never is.
            // Looked up, it is found where the decision makes it.
            if let Some(key) = &legacy {
                work.claimed(LEGACY_NUMBER, key)?;
            }
            let incident = decide(work)?.aggregate_id;
            for (place, (_, part)) in parts.iter().enumerate() {
                at.store(place + 1, Ordering::Relaxed);
                let prepared = part(incident).ok_or_else(|| Stop::refused(Unreadable))?;
                (prepared.checked().2)(work)?;
            }
            let (incident, _) = work.state::<Incident>(incident)?;
            Err(Stop::refused(WouldBeRegistered { respond_by: incident.respond_by(), class: incident.class() }))
        };
        let submission = Submission {
            // Another than the draft's: that one is still to be used.
            command_id: Uuid::now_v7(),
            lane: Lane::Interactive,
            deadline: self.deadline,
            digest: [0; 32],
            metadata: envelope.metadata(&self.caller),
            occurred_at: envelope.occurred_at,
            touches,
            decide: Box::new(tried),
        };
        let error = match deps.register.submit(submission).await {
            Err(AppendError::Refused(refused)) => match refused.downcast::<WouldBeRegistered>() {
                Ok(fine) => {
                    let class = fine.class.map(RaisedClass::wire).unwrap_or_default();
                    return Ok(Trial { violations: Vec::new(), respond_by: fine.respond_by, class });
                }
                Err(refused) => AppendError::Refused(refused),
            },
            Err(other) => other,
            Ok(_) => return Err(Status::internal("a draft was taken for a command")),
        };
        let status = gateway.failed(NAME, &self.caller, error);
        let place = stage.load(Ordering::Relaxed).checked_sub(1).and_then(|part| paths.get(part));
        let violations = broken(&status, place.map_or("", String::as_str)).ok_or(status)?;
        Ok(Trial { violations, ..Trial::default() })
    }
}

/// Adds what is wrong, with its paths behind a prefix. What is wrong with the envelope of a part is the draft's, and told there.
fn note(wrong: &mut Vec<pb::DraftViolation>, prefix: &str, violations: Violations) {
    let is_its_own = |path: &str| prefix.is_empty() || !path.starts_with("envelope");
    let told = violations.into_iter().filter(|violation| is_its_own(&violation.path));
    wrong.extend(told.map(|violation| pb::DraftViolation {
        field: format!("{prefix}{}", violation.path),
        description: violation.message,
        rule: String::new(),
    }));
}

/// What a refusal says is wrong with the draft; none where it says something else.
fn broken(status: &Status, field: &str) -> Option<Vec<pb::DraftViolation>> {
    let field = match status.code() {
        // Of what a registration names only its card can be unknown.
        Code::NotFound if field.is_empty() => "card",
        Code::FailedPrecondition | Code::NotFound | Code::AlreadyExists | Code::Aborted => field,
        _ => return None,
    };
    let of = |rule: String, description: String| pb::DraftViolation { field: field.to_owned(), description, rule };
    let rules = status.get_details_precondition_failure().map(|failure| failure.violations).unwrap_or_default();
    if rules.is_empty() {
        let reason = status.get_details_error_info().map(|info| info.reason.to_lowercase()).unwrap_or_default();
        return Some(vec![of(reason, status.message().to_owned())]);
    }
    Some(rules.into_iter().map(|rule| of(rule.r#type, rule.description)).collect())
}

fn by_id(id: Uuid) -> Option<pb::RecordRef> {
    Some(pb::RecordRef { by: Some(pb::record_ref::By::Id(id.to_string())) })
}

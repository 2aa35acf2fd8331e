//! Commands on personal data: its erasure, and holds on it.

use std::collections::BTreeSet;

use domain::ids;
use domain::retention::{
    ApproveErasure, DestroyedKey, ErasureGround, ErasureScope, LiftHold, PlaceHold, RejectErasure, RequestErasure,
    RetentionCase, RetentionCommand,
};
use domain::source_record::{KEPT_BESIDE, SourceRecord};
use domain::values::{HoldReference, Reason};
use event_store::append::{Stop, Target, Touch, Work};
use event_store::seal::{KeyRef, KeyScope};
use proto::command::v1 as pb;
use uuid::Uuid;

use super::resource::of_retention;
use super::{Prepared, actor};
use crate::caller::Caller;
use crate::status::UnknownRecord;
use crate::wire::{Envelope, Reader, RecordRef, resolve};

/// Whose data, as far as it is known before a number is looked up.
#[derive(Debug, Clone)]
enum Scope {
    Record(RecordRef),
    Subject(Uuid),
}

impl Scope {
    fn read(reader: &mut Reader, scope: Option<pb::ErasureScope>) -> Option<Scope> {
        use pb::erasure_scope::Of;
        use pb::record_ref::By;
        match scope.and_then(|scope| scope.of) {
            Some(Of::Record(pb::RecordRef { by: Some(By::External(_)) })) => {
                reader.wrong("scope.record.external", "is not taken here: name the record by its id or number");
                None
            }
            Some(Of::Record(record)) => reader.record("scope.record", "record", Some(record)).map(Scope::Record),
            Some(Of::SubjectId(id)) => reader.required_uuid("scope.subject_id", &id).map(Scope::Subject),
            None => {
                reader.wrong("scope", "is required: give record or subject_id");
                None
            }
        }
    }

    fn resolve(&self, work: &mut Work<'_>) -> Result<ErasureScope, Stop> {
        Ok(match self {
            Scope::Record(record) => ErasureScope::Record(resolve(work, record)?),
            Scope::Subject(subject) => ErasureScope::Subject(*subject),
        })
    }

    fn touches(&self) -> Vec<Touch> {
        let scope = match self {
            Scope::Record(record) => record.id().map(ErasureScope::Record),
            Scope::Subject(subject) => Some(ErasureScope::Subject(*subject)),
        };
        scope.map(|scope| Touch::of::<RetentionCase>(ids::of_retention_case(scope))).into_iter().collect()
    }
}

/// Decides `command` on the case of that scope.
fn execute(work: &mut Work<'_>, scope: ErasureScope, command: RetentionCommand) -> Result<Target, Stop> {
    let case = ids::of_retention_case(scope);
    work.execute::<RetentionCase>(case, command)?;
    Ok(Target::of::<RetentionCase>(case))
}

fn keys_of(scope: ErasureScope) -> KeyScope {
    match scope {
        ErasureScope::Record(record) => KeyScope::Record(record),
        ErasureScope::Subject(subject) => KeyScope::Subject(subject),
    }
}

/// What an erasure reaches.
struct Reach {
    /// The keys that are there.
    keys: Vec<KeyRef>,
    /// Incidents that content of a source record which is reached is kept beside.
    incidents: BTreeSet<Uuid>,
}

impl Reach {
    /// What the erasure of that scope reaches: its keys, and all keys of the source records whose content is kept beside an incident in it,
    /// or names a subject in it. That content is what a journal said as it came: nobody can be parted from the rest of it, so all of it goes.
    /// The incident has what was taken over of the others.
    fn of(work: &mut Work<'_>, scope: ErasureScope) -> Result<Reach, Stop> {
        let mut keys = work.keys(keys_of(scope))?;
        let mut records: BTreeSet<Uuid> = keys.iter().map(|key| key.owner.record).collect();
        if let ErasureScope::Record(record) = scope {
            records.insert(record);
        }
        let mut incidents = BTreeSet::new();
        for record in records {
            let kept = match work.claimed(KEPT_BESIDE, &record.to_string())? {
                Some(beside) => Some(beside),
                None => work.is::<SourceRecord>(record)?.then_some(record),
            };
            let Some(kept) = kept else { continue };
            keys.extend(work.keys(KeyScope::Record(kept))?);
            incidents.extend(work.state::<SourceRecord>(kept)?.0.incident());
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(Reach { keys, incidents })
    }

    /// Holds on what is reached beside the scope: the records that a subject's data is in, the subjects whose data is in a record, and the
    /// incidents that content is kept beside.
    fn holds(&self, work: &mut Work<'_>, scope: ErasureScope) -> Result<Vec<HoldReference>, Stop> {
        let owners = self.keys.iter().map(|key| key.owner);
        let owned = owners.flat_map(|owner| {
            [Some(ErasureScope::Record(owner.record)), owner.subject.map(ErasureScope::Subject)].into_iter().flatten()
        });
        let mut others: BTreeSet<ErasureScope> = owned.collect();
        others.extend(self.incidents.iter().copied().map(ErasureScope::Record));
        others.remove(&scope);
        let mut holds = Vec::new();
        for other in others {
            let (case, _) = work.state::<RetentionCase>(ids::of_retention_case(other))?;
            holds.extend(case.holds().cloned());
        }
        Ok(holds)
    }
}

/// Whether anybody has, or had, personal data of it.
fn is_known(work: &mut Work<'_>, scope: ErasureScope) -> Result<bool, Stop> {
    let (_, version) = work.state::<RetentionCase>(ids::of_retention_case(scope))?;
    Ok(version > 0 || !Reach::of(work, scope)?.keys.is_empty())
}

/// Lets the command be decided. What nobody knows is nobody's: that it isn't known is told next.
fn permit(work: &mut Work<'_>, scope: ErasureScope, caller: &Caller) -> Result<(), Stop> {
    let case = of_retention(work, scope, caller)?;
    if case.owner.is_some() || is_known(work, scope)? {
        caller.permit(&case)?;
    }
    Ok(())
}

/// Refuses what nobody has personal data of: a number or an id that was mistyped.
fn must_be_known(work: &mut Work<'_>, scope: ErasureScope) -> Result<(), Stop> {
    if is_known(work, scope)? {
        return Ok(());
    }
    let name = match scope {
        ErasureScope::Record(record) => format!("record with personal data {record}"),
        ErasureScope::Subject(subject) => format!("data subject {subject}"),
    };
    Err(Stop::refused(UnknownRecord { name }))
}

macro_rules! prepared {
    ($envelope:expr, $scope:expr, $caller:expr, |$work:ident, $resolved:ident| $decide:expr) => {{
        let (envelope, scope) = ($envelope?, $scope?);
        let (expected, caller) = (envelope.expected_version, $caller.clone());
        let touches = scope.touches();
        let decide = Box::new(move |$work: &mut Work<'_>| {
            let $resolved = scope.resolve($work)?;
            permit($work, $resolved, &caller)?;
            $work.expect_version::<RetentionCase>(ids::of_retention_case($resolved), expected)?;
            must_be_known($work, $resolved)?;
            $decide
        });
        Some(Prepared::register(envelope, touches, decide))
    }};
}

pub(super) fn request(
    reader: &mut Reader,
    message: pb::RequestErasure,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let scope = Scope::read(reader, message.scope);
    let ground = reader.required_term::<pb::ErasureGround, ErasureGround>("ground", message.ground);
    let reason = reader.personal("reason", &message.reason, Reason::parse);
    let by = actor(reader, caller);
    let (ground, by) = (ground?, by?);
    prepared!(envelope, scope, caller, |work, scope| {
        let command = RequestErasure { scope, ground, reason: reason.clone(), by: by.clone() };
        execute(work, scope, RetentionCommand::RequestErasure(command))
    })
}

pub(super) fn approve(
    reader: &mut Reader,
    message: pb::ApproveErasure,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let scope = Scope::read(reader, message.scope);
    let by = actor(reader, caller)?;
    prepared!(envelope, scope, caller, |work, scope| {
        let reach = Reach::of(work, scope)?;
        let command = ApproveErasure {
            keys: reach.keys.iter().map(destroyed).collect(),
            held_elsewhere: reach.holds(work, scope)?,
            by: by.clone(),
        };
        let target = execute(work, scope, RetentionCommand::ApproveErasure(command))?;
        work.destroy_keys(&reach.keys);
        Ok(target)
    })
}

fn destroyed(key: &KeyRef) -> DestroyedKey {
    DestroyedKey { key: key.key_id, record: key.owner.record, subject: key.owner.subject }
}

pub(super) fn reject(
    reader: &mut Reader,
    message: pb::RejectErasure,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let scope = Scope::read(reader, message.scope);
    let reason = reader.personal("reason", &message.reason, Reason::parse);
    let by = actor(reader, caller)?;
    prepared!(envelope, scope, caller, |work, scope| {
        let command = RejectErasure { reason: reason.clone(), by: by.clone() };
        execute(work, scope, RetentionCommand::RejectErasure(command))
    })
}

pub(super) fn place_hold(
    reader: &mut Reader,
    message: pb::PlaceHold,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let scope = Scope::read(reader, message.scope);
    let reference = reader.required("reference", &message.reference, HoldReference::parse);
    let by = actor(reader, caller);
    let (reference, by) = (reference?, by?);
    prepared!(envelope, scope, caller, |work, scope| {
        let command = PlaceHold { scope, reference: reference.clone(), by: by.clone() };
        execute(work, scope, RetentionCommand::PlaceHold(command))
    })
}

pub(super) fn lift_hold(
    reader: &mut Reader,
    message: pb::LiftHold,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let scope = Scope::read(reader, message.scope);
    let reference = reader.required("reference", &message.reference, HoldReference::parse);
    let by = actor(reader, caller);
    let (reference, by) = (reference?, by?);
    prepared!(envelope, scope, caller, |work, scope| {
        let command = LiftHold { reference: reference.clone(), by: by.clone() };
        execute(work, scope, RetentionCommand::LiftHold(command))
    })
}

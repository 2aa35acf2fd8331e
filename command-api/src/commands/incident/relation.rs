//! What one incident has to do with another. Each command is decided on both, all or nothing.

use access::policy::{RecordKind, Resource};
use domain::ids;
use domain::incident::{
    AbsorbIncident, Incident, IncidentCommand, IncidentError, LinkIncidents, MergeIncident, ReleaseIncident,
    SplitIncident, UnlinkIncidents, UnmergeIncident,
};
use domain::kernel::Refused;
use domain::personal::Personal;
use domain::terms::{Confidence, LinkKind};
use domain::values::Reason;
use event_store::append::{Stop, Target, Touch, Work};
use proto::command::v1 as pb;
use uuid::Uuid;

use super::super::resource::{permit, permit_to_name};
use super::super::{Prepared, must_be_new, must_exist, touches};
use super::{reason, registration, target};
use crate::caller::Caller;
use crate::wire::{Envelope, Reader, RecordRef, resolve};

/// Two incidents that are there, and are two.
fn both(work: &mut Work<'_>, one: &RecordRef, other: &RecordRef) -> Result<(Uuid, Uuid), Stop> {
    let (one, other) = (resolve(work, one)?, resolve(work, other)?);
    if one == other {
        return Err(Stop::refused(Refused::from(IncidentError::Itself)));
    }
    must_exist::<Incident>(work, one)?;
    must_exist::<Incident>(work, other)?;
    Ok((one, other))
}

pub(in crate::commands) fn link(
    reader: &mut Reader,
    message: pb::LinkIncidents,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let other = reader.record("other", "incident", message.other);
    let kind = reader.required_term::<pb::LinkKind, LinkKind>("kind", message.kind);
    let confidence = reader.term::<pb::Confidence, _>("confidence", message.confidence);
    let reason = reader.personal("reason", &message.reason, Reason::parse);
    let (incident, other, kind) = (incident?, other?, kind?);
    let confidence = confidence.unwrap_or(Confidence::Certain);
    on_both(envelope, incident, other, caller, move |work, one, other| {
        let said = |other, kind| LinkIncidents { other, kind, confidence, reason: reason.clone() };
        work.execute::<Incident>(one, IncidentCommand::LinkIncidents(said(other, kind)))?;
        let seen = kind.seen_from_the_other();
        work.execute::<Incident>(other, IncidentCommand::LinkIncidents(said(one, seen)))?;
        Ok(())
    })
}

pub(in crate::commands) fn unlink(
    reader: &mut Reader,
    message: pb::UnlinkIncidents,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let other = reader.record("other", "incident", message.other);
    let reason = reason(reader, "reason", &message.reason);
    let (incident, other, reason) = (incident?, other?, reason?);
    on_both(envelope, incident, other, caller, move |work, one, other| {
        let said = |other| IncidentCommand::UnlinkIncidents(UnlinkIncidents { other, reason: reason.clone() });
        work.execute::<Incident>(one, said(other))?;
        work.execute::<Incident>(other, said(one))?;
        Ok(())
    })
}

/// A command that changes one incident, which its sender may change, and notes it at another, which they may see.
fn on_both(
    envelope: Option<Envelope>,
    incident: RecordRef,
    other: RecordRef,
    caller: &Caller,
    execute: impl Fn(&mut Work<'_>, Uuid, Uuid) -> Result<(), Stop> + Send + Sync + 'static,
) -> Option<Prepared> {
    let envelope = envelope?;
    let expected = envelope.expected_version;
    let mut touched = touches::<Incident>(&incident);
    touched.extend(touches::<Incident>(&other));
    let caller = caller.clone();
    let decide = Box::new(move |work: &mut Work<'_>| {
        let (one, two) = (resolve(work, &incident)?, resolve(work, &other)?);
        permit::<Incident>(work, one, &caller)?;
        permit_to_name::<Incident>(work, two, &caller)?;
        let (one, two) = both(work, &incident, &other)?;
        work.expect_version::<Incident>(one, expected)?;
        execute(work, one, two)?;
        Ok(target(work, one)?.with_part(two))
    });
    Some(Prepared::register(envelope, touched, decide))
}

pub(in crate::commands) fn merge(
    reader: &mut Reader,
    message: pb::MergeIncident,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let into = reader.record("into", "incident", message.into);
    let reason = reason(reader, "reason", &message.reason);
    let (envelope, incident, into, reason) = (envelope?, incident?, into?, reason?);
    let expected = envelope.expected_version;
    let mut touched = touches::<Incident>(&incident);
    touched.extend(touches::<Incident>(&into));
    let caller = caller.clone();
    let decide = Box::new(move |work: &mut Work<'_>| {
        let (one, goes_on) = (resolve(work, &incident)?, resolve(work, &into)?);
        permit::<Incident>(work, one, &caller)?;
        permit::<Incident>(work, goes_on, &caller)?;
        let (one, goes_on) = both(work, &incident, &into)?;
        work.expect_version::<Incident>(one, expected)?;
        let merge = MergeIncident { into: goes_on, reason: reason.clone() };
        work.execute::<Incident>(one, IncidentCommand::MergeIncident(merge))?;
        let absorb = AbsorbIncident { other: one, reason: reason.clone() };
        work.execute::<Incident>(goes_on, IncidentCommand::AbsorbIncident(absorb))?;
        Ok(target(work, one)?.with_part(goes_on))
    });
    Some(Prepared::register(envelope, touched, decide))
}

pub(in crate::commands) fn unmerge(
    reader: &mut Reader,
    message: pb::UnmergeIncident,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let reason = reason(reader, "reason", &message.reason);
    let (envelope, incident, reason) = (envelope?, incident?, reason?);
    let (expected, touched, caller) = (envelope.expected_version, touches::<Incident>(&incident), caller.clone());
    let decide = Box::new(move |work: &mut Work<'_>| {
        let one = resolve(work, &incident)?;
        permit::<Incident>(work, one, &caller)?;
        work.expect_version::<Incident>(one, expected)?;
        let went_on = work.state::<Incident>(one)?.0.merged_into();
        if let Some(went_on) = went_on {
            permit::<Incident>(work, went_on, &caller)?;
        }
        work.execute::<Incident>(one, IncidentCommand::UnmergeIncident(UnmergeIncident { reason: reason.clone() }))?;
        let target = target(work, one)?;
        let Some(went_on) = went_on else { return Ok(target) };
        let release = ReleaseIncident { other: one, reason: reason.clone() };
        work.execute::<Incident>(went_on, IncidentCommand::ReleaseIncident(release))?;
        Ok(target.with_part(went_on))
    });
    Some(Prepared::register(envelope, touched, decide))
}

/// The new incident is registered as any other, under the next number; what it was parted from says so, and so does it.
pub(in crate::commands) fn split(
    reader: &mut Reader,
    message: pb::SplitIncident,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let reason: Option<Personal<Reason>> = reason(reader, "reason", &message.reason);
    let Some(new) = message.registration else {
        reader.wrong("registration", "is required: say what the new incident is");
        return None;
    };
    if new.envelope.is_some() {
        reader.wrong("registration.envelope", "is left out: there is one command and one envelope");
    }
    let source = envelope.as_ref().and_then(|envelope| envelope.source.clone());
    let named = source.as_ref().and_then(|source| Some((&source.system, source.external_id.as_ref()?)));
    let id = named.map_or_else(Uuid::now_v7, |(system, external)| ids::of_source("incident", system, external));
    let registration = reader.within("registration", |reader| registration(reader, new, id, caller));
    let (envelope, incident, reason, registration) = (envelope?, incident?, reason?, registration?);
    let expected = envelope.expected_version;
    let mut touched = touches::<Incident>(&incident);
    touched.push(Touch::of::<Incident>(id));
    let caller = caller.clone();
    let decide = Box::new(move |work: &mut Work<'_>| -> Result<Target, Stop> {
        let one = resolve(work, &incident)?;
        permit::<Incident>(work, one, &caller)?;
        caller.permit(&Resource::of(RecordKind::Incident, registration.command.institution.clone()))?;
        let (known, _) = work.state::<Incident>(id)?;
        must_be_new::<Incident>(id, known.number(), "incident_already_registered")?;
        work.expect_version::<Incident>(one, expected)?;
        let split = SplitIncident { into: id, reason: reason.clone() };
        work.execute::<Incident>(one, IncidentCommand::SplitIncident(split))?;
        let target = registration.execute(work, id, Some(one))?;
        if let Some(key) = source.as_ref().and_then(|source| source.claim_key::<Incident>()) {
            work.claim::<Incident>("source", &key, id)?;
        }
        Ok(target.with_part(one))
    });
    Some(Prepared::register(envelope, touched, decide))
}

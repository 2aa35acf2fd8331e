//! Commands on who may see what: grants, emergency access, the policy.

pub(super) mod emergency;
pub(super) mod grant;
pub(super) mod policy;

use domain::emergency_card::EmergencyCard;
use domain::ids;
use domain::incident::Incident;
use domain::personal::Personal;
use domain::values::Reason;
use event_store::append::{Stop, Target, Touch, Work};
use proto::command::v1 as pb;
use uuid::Uuid;

use super::resource::{Right, permit_right};
use super::{Prepared, must_exist, touches};
use crate::caller::Caller;
use crate::wire::{Envelope, Path, Reader, RecordRef, resolve};

/// A record that access is about.
#[derive(Debug, Clone)]
enum Viewed {
    Incident(RecordRef),
    Card(RecordRef),
}

impl Viewed {
    fn incident(reader: &mut Reader, path: impl Path, named: pb::RecordRef) -> Option<Viewed> {
        reader.record(path, "incident", Some(named)).map(Viewed::Incident)
    }

    fn card(reader: &mut Reader, path: impl Path, named: pb::RecordRef) -> Option<Viewed> {
        reader.record(path, "emergency_card", Some(named)).map(Viewed::Card)
    }

    /// Its id; refused where there is no such record.
    fn resolve(&self, work: &mut Work<'_>) -> Result<Uuid, Stop> {
        match self {
            Viewed::Incident(incident) => {
                let id = resolve(work, incident)?;
                must_exist::<Incident>(work, id).map(|()| id)
            }
            Viewed::Card(card) => {
                let id = resolve(work, card)?;
                must_exist::<EmergencyCard>(work, id).map(|()| id)
            }
        }
    }
}

/// A text that must be given, and is sealed.
pub(super) fn sealed(reader: &mut Reader, path: impl Path, text: &str) -> Option<Personal<Reason>> {
    reader.required(path, text, Reason::parse).map(Personal::Open)
}

/// A command that begins a record of type `A`: `command` says what it is, once what it names is looked up.
fn begin<A: Right>(
    envelope: Envelope,
    caller: &Caller,
    command: impl Fn(&mut Work<'_>) -> Result<A::Command, Stop> + Send + Sync + 'static,
) -> Prepared {
    let (expected, source) = (envelope.expected_version, envelope.source.clone());
    let named = source.as_ref().and_then(|source| Some((&source.system, source.external_id.as_ref()?)));
    let id = named.map_or_else(Uuid::now_v7, |(system, external)| ids::of_source(A::TYPE, system, external));
    let caller = caller.clone();
    let decide = Box::new(move |work: &mut Work<'_>| {
        let command = command(work)?;
        permit_right::<A>(work, id, &command, &caller)?;
        work.expect_version::<A>(id, expected)?;
        work.execute::<A>(id, command)?;
        if let Some(key) = source.as_ref().and_then(|source| source.claim_key::<A>()) {
            work.claim::<A>("source", &key, id)?;
        }
        Ok(Target::of::<A>(id))
    });
    Prepared::register(envelope, vec![Touch::of::<A>(id)], decide)
}

/// A command on a record of type `A` that is there.
pub(super) fn on<A: Right<Command: Clone + Send + Sync>>(
    envelope: Option<Envelope>,
    record: Option<RecordRef>,
    caller: &Caller,
    command: Option<A::Command>,
) -> Option<Prepared> {
    let (envelope, record, command) = (envelope?, record?, command?);
    let (expected, touched, caller) = (envelope.expected_version, touches::<A>(&record), caller.clone());
    let decide = Box::new(move |work: &mut Work<'_>| {
        let id = resolve(work, &record)?;
        permit_right::<A>(work, id, &command, &caller)?;
        work.expect_version::<A>(id, expected)?;
        work.execute::<A>(id, command.clone())?;
        Ok(Target::of::<A>(id))
    });
    Some(Prepared::register(envelope, touched, decide))
}

#[cfg(test)]
mod tests {
    use access::{Purpose, Role};
    use domain::terms::{AccessPurpose, AccessRole};

    #[test]
    fn purposes_and_roles_of_tokens_are_those_of_grants() {
        let purposes: Vec<_> = Purpose::ALL.iter().map(|purpose| purpose.name()).collect();
        assert_eq!(purposes, AccessPurpose::ALL.iter().map(|purpose| purpose.code()).collect::<Vec<_>>());
        let persons = Role::ALL.iter().filter(|role| **role != Role::System).map(|role| role.name());
        assert_eq!(persons.collect::<Vec<_>>(), AccessRole::ALL.iter().map(|role| role.code()).collect::<Vec<_>>());
    }
}

//! Commands on who may see what: grants, emergency access, the policy. Permission by policy takes the place of the checks here.

pub(super) mod emergency;
pub(super) mod grant;
pub(super) mod policy;

use access::{AccessError, Principal, Purpose, Role};
use domain::emergency_card::EmergencyCard;
use domain::ids;
use domain::incident::Incident;
use domain::kernel::Decide;
use domain::personal::Personal;
use domain::values::Reason;
use event_store::append::{Stop, Target, Touch, Work};
use proto::command::v1 as pb;
use uuid::Uuid;

use super::{Prepared, must_exist, touches};
use crate::wire::{Envelope, Path, Reader, RecordRef, resolve};

fn not_allowed(principal: &Principal, action: &'static str) -> AccessError {
    let (roles, purpose) = (principal.role_names(), principal.purpose.to_string());
    AccessError::NotAllowed { roles, purpose, action }
}

/// May give and take access: those who may decide on personal data.
pub(super) fn check_decision(principal: &Principal) -> Result<(), AccessError> {
    principal.check_retention().map_err(|_| not_allowed(principal, "decide on access"))
}

/// May break the glass, and vouch for who did: whoever answers for it in person.
pub(super) fn check_person(principal: &Principal) -> Result<(), AccessError> {
    match principal.roles.contains(&Role::System) {
        true => Err(not_allowed(principal, "use emergency access")),
        false => Ok(()),
    }
}

/// May judge emergency access: supervisors and auditors who are at work as such.
pub(super) fn check_review(principal: &Principal) -> Result<(), AccessError> {
    let judges = principal.roles.iter().any(|role| matches!(role, Role::Supervisor | Role::Auditor));
    match judges && matches!(principal.purpose, Purpose::Administration | Purpose::Audit) {
        true => Ok(()),
        false => Err(not_allowed(principal, "review emergency access")),
    }
}

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
fn sealed(reader: &mut Reader, path: impl Path, text: &str) -> Option<Personal<Reason>> {
    reader.required(path, text, Reason::parse).map(Personal::Open)
}

/// A command that begins a record of type `A`: `command` says what it is, once what it names is looked up.
fn begin<A: Decide>(
    envelope: Envelope,
    command: impl Fn(&mut Work<'_>) -> Result<A::Command, Stop> + Send + Sync + 'static,
) -> Prepared {
    let (expected, source) = (envelope.expected_version, envelope.source.clone());
    let named = source.as_ref().and_then(|source| Some((&source.system, source.external_id.as_ref()?)));
    let id = named.map_or_else(Uuid::now_v7, |(system, external)| ids::of_source(A::TYPE, system, external));
    let decide = Box::new(move |work: &mut Work<'_>| {
        work.expect_version::<A>(id, expected)?;
        let command = command(work)?;
        work.execute::<A>(id, command)?;
        if let Some(key) = source.as_ref().and_then(|source| source.claim_key::<A>()) {
            work.claim::<A>("source", &key, id)?;
        }
        Ok(Target::of::<A>(id))
    });
    Prepared::register(envelope, vec![Touch::of::<A>(id)], decide)
}

/// A command on a record of type `A` that is there.
fn on<A: Decide<Command: Clone + Send + Sync>>(
    envelope: Option<Envelope>,
    record: Option<RecordRef>,
    command: Option<A::Command>,
) -> Option<Prepared> {
    let (envelope, record, command) = (envelope?, record?, command?);
    let (expected, touched) = (envelope.expected_version, touches::<A>(&record));
    let decide = Box::new(move |work: &mut Work<'_>| {
        let id = resolve(work, &record)?;
        work.expect_version::<A>(id, expected)?;
        work.execute::<A>(id, command.clone())?;
        Ok(Target::of::<A>(id))
    });
    Some(Prepared::register(envelope, touched, decide))
}

#[cfg(test)]
mod tests {
    use access::Institution;
    use chrono::Utc;
    use domain::terms::{AccessPurpose, AccessRole};

    use super::*;

    fn may(check: fn(&Principal) -> Result<(), AccessError>) -> Vec<(Role, Purpose)> {
        let who = |role, purpose| {
            Principal::new("a.ozola", Institution::parse("VP").unwrap(), vec![role], purpose, Utc::now())
        };
        let all = Role::ALL.iter().flat_map(|role| Purpose::ALL.iter().map(|purpose| (*role, *purpose)));
        all.filter(|(role, purpose)| check(&who(*role, *purpose)).is_ok()).collect()
    }

    #[test]
    fn supervisors_decide_persons_break_the_glass_and_auditors_review() {
        assert_eq!(may(check_decision), [(Role::Supervisor, Purpose::Administration)]);
        let persons = may(check_person);
        assert_eq!(persons.len(), (Role::ALL.len() - 1) * Purpose::ALL.len());
        assert!(persons.iter().all(|(role, _)| *role != Role::System));
        let reviewers = [Role::Supervisor, Role::Auditor];
        let of = |role| [Purpose::Audit, Purpose::Administration].map(|purpose| (role, purpose));
        assert_eq!(may(check_review), reviewers.map(of).concat());
    }

    #[test]
    fn a_refusal_names_what_was_asked_for() {
        let system = Principal::new(
            "journal",
            Institution::parse("VP").unwrap(),
            vec![Role::System, Role::Officer],
            Purpose::Response,
            Utc::now(),
        );
        let told = check_person(&system).unwrap_err().to_string();
        assert_eq!(told, "role officer,system for purpose response may not use emergency access");
        assert!(check_decision(&system).unwrap_err().to_string().ends_with("may not decide on access"));
    }

    #[test]
    fn purposes_and_roles_of_tokens_are_those_of_grants() {
        let purposes: Vec<_> = Purpose::ALL.iter().map(|purpose| purpose.name()).collect();
        assert_eq!(purposes, AccessPurpose::ALL.iter().map(|purpose| purpose.code()).collect::<Vec<_>>());
        let persons = Role::ALL.iter().filter(|role| **role != Role::System).map(|role| role.name());
        assert_eq!(persons.collect::<Vec<_>>(), AccessRole::ALL.iter().map(|role| role.code()).collect::<Vec<_>>());
    }
}

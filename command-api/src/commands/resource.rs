//! What a command is about, as the policies see it: as it is when the command is decided, and before any rule of the record is told, so
//! that nobody learns from a refusal how a record stands.

use std::collections::BTreeSet;

use access::policy::{Action, Class, InstitutionKind, RecordKind, Resource};
use access::{Institution, Territory};
use domain::access_grant::{AccessGrant, GrantCommand, GrantScope};
use domain::access_policy::{AccessPolicy, PolicyCommand};
use domain::caution::Caution;
use domain::emergency_access::{EmergencyAccess, EmergencyAccessCommand};
use domain::emergency_card::EmergencyCard;
use domain::incident::Incident;
use domain::kernel::Decide;
use domain::notice::Notice;
use domain::response_plan::{PlanCommand, ResponsePlan};
use domain::retention::ErasureScope;
use domain::roster_shift::RosterShift;
use domain::seized_item::SeizedItem;
use domain::terms::{RaisedClass, RecordClass};
use domain::unit::Unit;
use domain::values::{Actor, Place};
use event_store::append::{Stop, Work};
use uuid::Uuid;

use crate::caller::Caller;

/// A record that policies decide about.
pub(super) trait Governed: Decide {
    /// What they see of it; none where it does not exist.
    fn resource(work: &mut Work<'_>, id: Uuid, caller: &Caller) -> Result<Option<Resource>, Stop>;
}

/// Lets a command be done with a record. One that does not exist is left to the rules, which say so.
pub(super) fn permit<A: Governed>(work: &mut Work<'_>, id: Uuid, caller: &Caller) -> Result<(), Stop> {
    permit_if_any(A::resource(work, id, caller)?, caller)
}

/// Lets a command name a record: who may not see it learns nothing from that. One that does not exist is left to the rules.
pub(super) fn permit_to_name<A: Governed>(work: &mut Work<'_>, id: Uuid, caller: &Caller) -> Result<(), Stop> {
    match A::resource(work, id, caller)? {
        Some(resource) => Ok(caller.permit_to(Action::View, &resource)?),
        None => Ok(()),
    }
}

fn permit_if_any(resource: Option<Resource>, caller: &Caller) -> Result<(), Stop> {
    match resource {
        Some(resource) => Ok(caller.permit(&resource)?),
        None => Ok(()),
    }
}

impl Governed for Incident {
    fn resource(work: &mut Work<'_>, id: Uuid, caller: &Caller) -> Result<Option<Resource>, Stop> {
        let (incident, _) = work.state::<Incident>(id)?;
        // Who answers for it is its owner; who registered it, and who answered for it before, take part for ever.
        let (Some(owner), Some(registrar)) = (incident.responsible(), incident.institution()) else { return Ok(None) };
        let class = incident.class().map_or(Class::default(), class_of);
        let resource = Resource { id: Some(id), class, ..Resource::of(RecordKind::Incident, owner.clone()) };
        if caller.has_registered(owner) {
            return Ok(Some(resource));
        }
        let mut participants = institutions(work, incident.units())?;
        participants.push(registrar.clone());
        participants.extend(incident.formerly().cloned());
        // Whom it is offered to answers that, and changes nothing else before it has accepted.
        let answers = matches!(caller.action(), Action::AcceptTransfer | Action::RejectTransfer);
        participants.extend(incident.offered_to().filter(|_| answers).cloned());
        Ok(Some(Resource { participants, territory: territory(incident.place()), ..resource }))
    }
}

/// A class as policies know it.
fn class_of(class: RaisedClass) -> Class {
    match class {
        RaisedClass::Protected => Class::Protected,
        RaisedClass::Secret => Class::Secret,
    }
}

/// A seized item is governed as the incident that it was seized in.
impl Governed for SeizedItem {
    fn resource(work: &mut Work<'_>, id: Uuid, caller: &Caller) -> Result<Option<Resource>, Stop> {
        let (item, _) = work.state::<SeizedItem>(id)?;
        match item.incident() {
            Some(incident) => Incident::resource(work, incident, caller),
            None => Ok(None),
        }
    }
}

impl Governed for EmergencyCard {
    fn resource(work: &mut Work<'_>, id: Uuid, caller: &Caller) -> Result<Option<Resource>, Stop> {
        let (card, _) = work.state::<EmergencyCard>(id)?;
        let Some(owner) = card.institution() else { return Ok(None) };
        let resource = Resource { id: Some(id), ..Resource::of(RecordKind::EmergencyCard, owner.clone()) };
        if caller.has_registered(owner) {
            return Ok(Some(resource));
        }
        Ok(Some(Resource {
            participants: [institutions(work, card.sent_units())?, card.forwarded_to().cloned().collect()].concat(),
            services: card.services().filter_map(InstitutionKind::of_service).collect(),
            territory: territory(card.place()),
            ..resource
        }))
    }
}

impl Governed for Unit {
    fn resource(work: &mut Work<'_>, id: Uuid, _: &Caller) -> Result<Option<Resource>, Stop> {
        let (unit, _) = work.state::<Unit>(id)?;
        let owner = unit.institution().cloned();
        Ok(owner.map(|owner| Resource { id: Some(id), ..Resource::of(RecordKind::Unit, owner) }))
    }
}

/// A shift is its institution's, as its units are.
impl Governed for RosterShift {
    fn resource(work: &mut Work<'_>, id: Uuid, _: &Caller) -> Result<Option<Resource>, Stop> {
        let (shift, _) = work.state::<RosterShift>(id)?;
        let owner = shift.institution().cloned();
        Ok(owner.map(|owner| Resource { id: Some(id), ..Resource::of(RecordKind::Unit, owner) }))
    }
}

/// A notice is its recipient's; who answered for the incident takes part.
impl Governed for Notice {
    fn resource(work: &mut Work<'_>, id: Uuid, _: &Caller) -> Result<Option<Resource>, Stop> {
        let (notice, _) = work.state::<Notice>(id)?;
        let Some(recipient) = notice.recipient() else { return Ok(None) };
        let participants = notice.escalate_to().cloned().into_iter().collect();
        Ok(Some(Resource { id: Some(id), participants, ..Resource::of(RecordKind::Notice, recipient.clone()) }))
    }
}

/// A caution is whose who registered it, at its address where it is about one.
impl Governed for Caution {
    fn resource(work: &mut Work<'_>, id: Uuid, _: &Caller) -> Result<Option<Resource>, Stop> {
        let (caution, _) = work.state::<Caution>(id)?;
        let Some(owner) = caution.institution() else { return Ok(None) };
        Ok(Some(of_caution(id, owner, caution.class(), caution.territory())))
    }
}

/// A caution as policies see it, also one that is only being made.
pub(super) fn of_caution(
    id: Uuid,
    owner: &Institution,
    class: Option<RaisedClass>,
    territory: Option<&Territory>,
) -> Resource {
    let class = class.map_or(Class::default(), class_of);
    let territory = territory.cloned();
    Resource { id: Some(id), class, territory, ..Resource::of(RecordKind::Caution, owner.clone()) }
}

/// Whose units these are.
fn institutions(work: &mut Work<'_>, units: impl Iterator<Item = Uuid>) -> Result<Vec<Institution>, Stop> {
    let mut found = BTreeSet::new();
    for unit in units {
        let (unit, _) = work.state::<Unit>(unit)?;
        found.extend(unit.institution().cloned());
    }
    Ok(found.into_iter().collect())
}

fn territory(place: Option<&Place>) -> Option<Territory> {
    place?.parts().territory.clone()
}

/// An incident or a card; none where the id is neither's.
fn record(work: &mut Work<'_>, id: Uuid, caller: &Caller) -> Result<Option<Resource>, Stop> {
    if work.is::<Incident>(id)? {
        Incident::resource(work, id, caller)
    } else if work.is::<EmergencyCard>(id)? {
        EmergencyCard::resource(work, id, caller)
    } else {
        Ok(None)
    }
}

/// The case of a record is the record's institution's. That of a data subject, whose data may be in records of many, is nobody's, and so
/// is that of a record which is no incident and no card.
pub(super) fn of_retention(work: &mut Work<'_>, scope: ErasureScope, caller: &Caller) -> Result<Resource, Stop> {
    let kind = RecordKind::RetentionCase;
    let ErasureScope::Record(id) = scope else { return Ok(Resource::new(kind)) };
    let of_record = record(work, id, caller)?.map(|record| Resource { kind, ..record });
    Ok(of_record.unwrap_or_else(|| Resource { id: Some(id), ..Resource::new(kind) }))
}

/// A record of rights: policies decide about what it opens.
pub(super) trait Right: Decide {
    /// What they see of a command on it; none where it does not exist.
    fn resource(
        work: &mut Work<'_>,
        id: Uuid,
        command: &Self::Command,
        caller: &Caller,
    ) -> Result<Option<Resource>, Stop>;
}

/// As [`permit`], with a record of rights.
pub(super) fn permit_right<A: Right>(
    work: &mut Work<'_>,
    id: Uuid,
    command: &A::Command,
    caller: &Caller,
) -> Result<(), Stop> {
    permit_if_any(A::resource(work, id, command, caller)?, caller)
}

impl Right for AccessGrant {
    fn resource(
        work: &mut Work<'_>,
        id: Uuid,
        command: &GrantCommand,
        caller: &Caller,
    ) -> Result<Option<Resource>, Stop> {
        if let GrantCommand::RequestGrant(request) = command {
            return of_grant(work, &request.scope, &request.grantee, caller).map(Some);
        }
        let (grant, _) = work.state::<AccessGrant>(id)?;
        let (Some(scope), Some(grantee), Some(by)) = (grant.scope(), grant.grantee(), grant.requested_by()) else {
            return Ok(None);
        };
        // Only giving it takes two persons: what ends it gives nobody anything, and who asked may take it back.
        let second_person = !matches!(command, GrantCommand::ApproveGrant(_)) || caller.is_another(by);
        Ok(Some(Resource { second_person, ..of_grant(work, scope, grantee, caller)? }))
    }
}

/// What a grant opens. Whose records those of a class are is not known: a supervisor gives such a grant to people of the own institution
/// only. What a role sees is its institution's.
fn of_grant(work: &mut Work<'_>, scope: &GrantScope, grantee: &Actor, caller: &Caller) -> Result<Resource, Stop> {
    let kind = RecordKind::Incident;
    Ok(match scope {
        GrantScope::Record(id) => of_record(work, *id, caller)?,
        GrantScope::Class(class) => Resource {
            class: match class {
                RecordClass::Restricted => Class::Restricted,
                RecordClass::Secret => Class::Secret,
            },
            ..Resource::of(kind, grantee.institution.clone())
        },
        GrantScope::Role { institution, .. } => Resource::of(kind, institution.clone()),
    })
}

/// A record that is opened. That there is one was seen when it was asked for.
fn of_record(work: &mut Work<'_>, id: Uuid, caller: &Caller) -> Result<Resource, Stop> {
    let nobodys = || Resource { id: Some(id), ..Resource::new(RecordKind::Incident) };
    Ok(record(work, id, caller)?.unwrap_or_else(nobodys))
}

impl Right for EmergencyAccess {
    fn resource(
        work: &mut Work<'_>,
        id: Uuid,
        command: &EmergencyAccessCommand,
        caller: &Caller,
    ) -> Result<Option<Resource>, Stop> {
        let (access, _) = work.state::<EmergencyAccess>(id)?;
        let (record, second_person) = match command {
            // Nothing opens before a second person vouches for it, whoever asks: that is a rule of emergency access itself. So it is
            // asked for and vouched for as what two persons agree to.
            EmergencyAccessCommand::BreakGlass(asked) => (Some(asked.record), true),
            EmergencyAccessCommand::Vouch(_) => (access.record(), true),
            EmergencyAccessCommand::Review(_) => {
                (access.record(), access.declared_by().is_some_and(|by| caller.is_another(by)))
            }
        };
        let Some(record) = record else { return Ok(None) };
        Ok(Some(Resource { second_person, ..of_record(work, record, caller)? }))
    }
}

impl Right for AccessPolicy {
    fn resource(
        work: &mut Work<'_>,
        id: Uuid,
        command: &PolicyCommand,
        caller: &Caller,
    ) -> Result<Option<Resource>, Stop> {
        let (policy, _) = work.state::<AccessPolicy>(id)?;
        // Proposing puts nothing into force, and neither does turning down, which who proposed it may do as well.
        let second_person = !matches!(command, PolicyCommand::AdoptPolicy(_))
            || policy.proposed().is_none_or(|(_, by)| caller.is_another(by));
        Ok(Some(Resource { second_person, ..Resource::of(RecordKind::Register, caller.institution.clone()) }))
    }
}

impl Right for ResponsePlan {
    fn resource(
        work: &mut Work<'_>,
        id: Uuid,
        command: &PlanCommand,
        caller: &Caller,
    ) -> Result<Option<Resource>, Stop> {
        let (plan, _) = work.state::<ResponsePlan>(id)?;
        // As with the access policy: only what puts a content into force takes a second person.
        let second_person = !matches!(command, PlanCommand::ApprovePlan(_))
            || plan.proposed().is_none_or(|(_, by)| caller.is_another(by));
        Ok(Some(Resource { second_person, ..Resource::of(RecordKind::Register, caller.institution.clone()) }))
    }
}

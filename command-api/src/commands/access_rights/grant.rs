//! Commands on grants.

use domain::access_grant::{
    AccessGrant, ApproveGrant, GrantCommand, GrantScope, RejectGrant, RequestGrant, RevokeGrant,
};
use domain::terms::{AccessPurpose, AccessRole, RecordClass};
use domain::values::{Actor, UserName};
use event_store::append::{Stop, Work};
use proto::command::v1 as pb;

use super::super::{Prepared, actor};
use super::{Viewed, begin, on, sealed};
use crate::caller::Caller;
use crate::wire::{Envelope, Reader, RecordRef};

/// What a grant opens, as far as it is known before a record is looked up.
#[derive(Debug, Clone)]
enum Scope {
    Record(Viewed),
    Other(GrantScope),
}

impl Scope {
    fn read(reader: &mut Reader, scope: Option<pb::GrantScope>, caller: &Caller) -> Option<Scope> {
        use pb::grant_scope::Of;
        match scope.and_then(|scope| scope.of) {
            Some(Of::Incident(incident)) => Viewed::incident(reader, "scope.incident", incident).map(Scope::Record),
            Some(Of::Card(card)) => Viewed::card(reader, "scope.card", card).map(Scope::Record),
            Some(Of::Class(class)) => {
                let class = reader.required_term::<pb::RecordClass, RecordClass>("scope.class", class);
                class.map(|class| Scope::Other(GrantScope::Class(class)))
            }
            Some(Of::RoleAt(role_at)) => {
                let path = "scope.role_at.institution";
                let institution = reader.institution(path, &role_at.institution, caller);
                let role = reader.required_term::<pb::AccessRole, AccessRole>("scope.role_at.role", role_at.role);
                Some(Scope::Other(GrantScope::Role { institution: institution?, role: role? }))
            }
            None => {
                reader.wrong("scope", "is required: give incident, card, class or role_at");
                None
            }
        }
    }

    fn resolve(&self, work: &mut Work<'_>) -> Result<GrantScope, Stop> {
        match self {
            Scope::Record(record) => record.resolve(work).map(GrantScope::Record),
            Scope::Other(scope) => Ok(scope.clone()),
        }
    }
}

fn grantee(reader: &mut Reader, grantee: Option<pb::Person>, caller: &Caller) -> Option<Actor> {
    let Some(pb::Person { institution, user }) = grantee else {
        reader.wrong("grantee", "is required: say who is to have it");
        return None;
    };
    let institution = reader.institution("grantee.institution", &institution, caller);
    let user = reader.required("grantee.user", &user, UserName::parse);
    Some(Actor { institution: institution?, user: user? })
}

fn grant(reader: &mut Reader, named: Option<pb::RecordRef>) -> Option<RecordRef> {
    reader.record("grant", "access_grant", named)
}

pub(in crate::commands) fn request(
    reader: &mut Reader,
    message: pb::RequestGrant,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let grantee = grantee(reader, message.grantee, caller);
    let scope = Scope::read(reader, message.scope, caller);
    let purpose = reader.required_term::<pb::AccessPurpose, AccessPurpose>("purpose", message.purpose);
    let from = reader.required_time("from", &message.from);
    let until = reader.required_time("until", &message.until);
    let reason = sealed(reader, "reason", &message.reason);
    let by = actor(reader, caller);
    let (grantee, purpose, from, until) = (grantee?, purpose?, from?, until?);
    let (scope, reason, by) = (scope?, reason?, by?);
    Some(begin::<AccessGrant>(envelope?, caller, move |work| {
        Ok(GrantCommand::RequestGrant(Box::new(RequestGrant {
            grantee: grantee.clone(),
            scope: scope.resolve(work)?,
            purpose,
            from,
            until,
            reason: reason.clone(),
            by: by.clone(),
        })))
    }))
}

pub(in crate::commands) fn approve(
    reader: &mut Reader,
    message: pb::ApproveGrant,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let grant = grant(reader, message.grant);
    let by = actor(reader, caller);
    on::<AccessGrant>(envelope, grant, caller, by.map(|by| GrantCommand::ApproveGrant(ApproveGrant { by })))
}

pub(in crate::commands) fn reject(
    reader: &mut Reader,
    message: pb::RejectGrant,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let grant = grant(reader, message.grant);
    let reason = sealed(reader, "reason", &message.reason);
    let by = actor(reader, caller);
    let reject = RejectGrant { reason: reason?, by: by? };
    on::<AccessGrant>(envelope, grant, caller, Some(GrantCommand::RejectGrant(reject)))
}

pub(in crate::commands) fn revoke(
    reader: &mut Reader,
    message: pb::RevokeGrant,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let grant = grant(reader, message.grant);
    let reason = sealed(reader, "reason", &message.reason);
    let by = actor(reader, caller);
    let revoke = RevokeGrant { reason: reason?, by: by? };
    on::<AccessGrant>(envelope, grant, caller, Some(GrantCommand::RevokeGrant(revoke)))
}

pub(in crate::commands) fn expire(
    reader: &mut Reader,
    message: pb::ExpireGrant,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let grant = grant(reader, message.grant);
    on::<AccessGrant>(envelope, grant, caller, Some(GrantCommand::ExpireGrant))
}

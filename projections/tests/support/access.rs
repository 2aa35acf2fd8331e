//! Random work on grants and emergency access, by a few people who sometimes may and sometimes may not.

use chrono::{TimeDelta, Utc};
use domain::access_grant::{
    AccessGrant, ApproveGrant, GrantCommand, GrantScope, RejectGrant, RequestGrant, RevokeGrant,
};
use domain::access_policy::{AccessPolicy, PolicyCommand};
use domain::emergency_access::{
    BreakGlass, EmergencyAccess, EmergencyAccessCommand, ReviewEmergencyAccess, ReviewOutcome, VouchEmergencyAccess,
};
use domain::ids;
use domain::personal::Personal;
use domain::response_plan::{PlanCommand, ResponsePlan};
use domain::terms::{AccessPurpose, AccessRole, RecordClass};
use domain::values::{Actor, Code, InstitutionCode, Reason, UserName};
use event_store::append::{AppendError, Target, Work};
use event_store::log::LogName;
use uuid::Uuid;

use super::System;
use super::work::{RandomWork, id};

/// That person of the State Police.
pub fn person(user: &str) -> Actor {
    Actor { institution: InstitutionCode::parse("VP").unwrap(), user: UserName::parse(user).unwrap() }
}

pub fn reason() -> Personal<Reason> {
    Reason::parse("Anna says that it can't wait").unwrap().into()
}

/// One command on a grant or on an emergency access; it may be refused.
pub async fn work(work: &mut RandomWork, system: &System) -> Result<(), AppendError> {
    let n = work.dice.below(work.records);
    let by = person(["a.ozola", "p.kalnins", "j.berzins"][work.dice.below(3)]);
    match work.dice.below(2) {
        0 => {
            let command = of_grant(work, n, by);
            grant(work, system, id(4, n), command).await
        }
        _ => {
            let command = of_emergency(work, n, by);
            emergency(work, system, id(5, n), command).await
        }
    }
}

fn of_grant(work: &mut RandomWork, n: usize, by: Actor) -> GrantCommand {
    match work.dice.below(6) {
        0..2 => GrantCommand::RequestGrant(Box::new(RequestGrant {
            grantee: person("m.krumins"),
            scope: match work.dice.below(3) {
                0 => GrantScope::Record(id(1, n)),
                1 => GrantScope::Class(*work.dice.one(RecordClass::ALL)),
                _ => GrantScope::Role {
                    institution: InstitutionCode::parse("RPP").unwrap(),
                    role: *work.dice.one(AccessRole::ALL),
                },
            },
            purpose: *work.dice.one(AccessPurpose::ALL),
            from: Utc::now().fixed_offset(),
            until: Utc::now().fixed_offset() + TimeDelta::days(1 + n as i64),
            reason: reason(),
            by,
        })),
        2..4 => GrantCommand::ApproveGrant(ApproveGrant { by }),
        4 => GrantCommand::RejectGrant(RejectGrant { reason: reason(), by }),
        _ => GrantCommand::RevokeGrant(RevokeGrant { reason: reason(), by }),
    }
}

fn of_emergency(work: &mut RandomWork, n: usize, by: Actor) -> EmergencyAccessCommand {
    match work.dice.below(3) {
        0 => EmergencyAccessCommand::BreakGlass(Box::new(BreakGlass {
            record: id(1, n),
            purpose: AccessPurpose::Response,
            until: None,
            reason: reason(),
            by,
        })),
        1 => EmergencyAccessCommand::Vouch(VouchEmergencyAccess { note: reason(), by }),
        _ => EmergencyAccessCommand::Review(ReviewEmergencyAccess {
            outcome: *work.dice.one(ReviewOutcome::ALL),
            note: reason(),
            by,
        }),
    }
}

/// Gives a command on that grant.
pub async fn grant(
    random: &mut RandomWork,
    system: &System,
    record: Uuid,
    command: GrantCommand,
) -> Result<(), AppendError> {
    let decide = Box::new(move |work: &mut Work<'_>| {
        work.execute::<AccessGrant>(record, command.clone())?;
        Ok(Target::of::<AccessGrant>(record))
    });
    system.submit(LogName::REGISTER, random.metadata(None), random.clock, decide).await.map(|_| ())
}

/// Gives a command on that emergency access.
pub async fn emergency(
    random: &mut RandomWork,
    system: &System,
    record: Uuid,
    command: EmergencyAccessCommand,
) -> Result<(), AppendError> {
    let decide = Box::new(move |work: &mut Work<'_>| {
        work.execute::<EmergencyAccess>(record, command.clone())?;
        Ok(Target::of::<EmergencyAccess>(record))
    });
    system.submit(LogName::REGISTER, random.metadata(None), random.clock, decide).await.map(|_| ())
}

/// Gives a command on the access policy.
pub async fn policy(random: &mut RandomWork, system: &System, command: PolicyCommand) -> Result<(), AppendError> {
    let record = ids::of_access_policy();
    let decide = Box::new(move |work: &mut Work<'_>| {
        work.execute::<AccessPolicy>(record, command.clone())?;
        Ok(Target::of::<AccessPolicy>(record))
    });
    system.submit(LogName::REGISTER, random.metadata(None), random.clock, decide).await.map(|_| ())
}

/// Gives a command on the response plan of that code.
pub async fn plan(
    random: &mut RandomWork,
    system: &System,
    code: &Code,
    command: PlanCommand,
) -> Result<(), AppendError> {
    let record = ids::of_response_plan(code);
    let decide = Box::new(move |work: &mut Work<'_>| {
        work.execute::<ResponsePlan>(record, command.clone())?;
        Ok(Target::of::<ResponsePlan>(record))
    });
    system.submit(LogName::REGISTER, random.metadata(None), random.clock, decide).await.map(|_| ())
}

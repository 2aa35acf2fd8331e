//! Whatever is asked in whatever order: nobody decides on what they asked for themselves.

use chrono::{TimeDelta, Utc};
use proptest::prelude::*;

use crate::access_grant::{
    AccessGrant, ApproveGrant, GrantCommand, GrantEvent, GrantScope, RejectGrant, RequestGrant, RevokeGrant,
};
use crate::access_policy::{
    AccessPolicy, AdoptPolicy, PolicyCommand, PolicyEvent, PolicyText, ProposePolicy, RejectPolicy,
};
use crate::emergency_access::{
    BreakGlass, EmergencyAccess, EmergencyAccessCommand, EmergencyAccessEvent, ReviewEmergencyAccess, ReviewOutcome,
    VouchEmergencyAccess,
};
use crate::examples::{actor, at, id, sealed, sure};
use crate::kernel::{Decide, Moment};
use crate::response_plan::{
    ApprovePlan, PlanCommand, PlanContent, PlanEvent, ProposePlan, RejectPlan, ResponsePlan, RetirePlan, examples,
};
use crate::scenario::moment;
use crate::terms::{AccessPurpose, RecordClass};
use crate::values::{Actor, Code, PlanRank, PolicyFileName};

/// What is asked: by which of a few people, about which other or which text, after how many minutes.
#[derive(Debug, Clone)]
struct Asked {
    kind: usize,
    who: usize,
    what: usize,
    minutes: i64,
}

fn asked() -> impl Strategy<Value = Vec<Asked>> {
    let one = (0usize..5, 0usize..4, 0usize..4, 0i64..30);
    prop::collection::vec(one.prop_map(|(kind, who, what, minutes)| Asked { kind, who, what, minutes }), 0..40)
}

fn person(n: usize) -> Actor {
    actor(["a.ozola", "p.kalnins", "j.berzins", "i.liepa"][n])
}

/// The events of what was not refused.
fn history<A: Decide>(asked: Vec<Asked>, command: impl Fn(&Asked) -> A::Command) -> Vec<A::Event> {
    let (mut record, mut events) = (A::default(), Vec::new());
    let Moment { mut recorded_at, .. } = moment("12:00:00");
    for asked in asked {
        recorded_at += TimeDelta::minutes(asked.minutes);
        let moment = Moment { recorded_at, ..moment("12:00:00") };
        for event in record.decide(command(&asked), &moment).unwrap_or_default() {
            record.apply(event.clone());
            events.push(event);
        }
    }
    events
}

fn of_grant(asked: &Asked) -> GrantCommand {
    let by = person(asked.who);
    match asked.kind {
        0 => GrantCommand::RequestGrant(Box::new(RequestGrant {
            grantee: person(asked.what),
            scope: GrantScope::Class(RecordClass::Secret),
            purpose: AccessPurpose::Investigation,
            from: at("12:00:00"),
            until: at("18:00:00"),
            reason: sealed(1),
            by,
        })),
        1 => GrantCommand::ApproveGrant(ApproveGrant { by }),
        2 => GrantCommand::RejectGrant(RejectGrant { reason: sealed(1), by }),
        3 => GrantCommand::RevokeGrant(RevokeGrant { reason: sealed(1), by }),
        _ => GrantCommand::ExpireGrant,
    }
}

fn of_emergency(asked: &Asked) -> EmergencyAccessCommand {
    let by = person(asked.who);
    match asked.kind {
        0 => EmergencyAccessCommand::BreakGlass(Box::new(BreakGlass {
            record: id(1),
            purpose: AccessPurpose::Response,
            until: None,
            reason: sealed(1),
            by,
        })),
        1 | 2 => EmergencyAccessCommand::Vouch(VouchEmergencyAccess { note: sealed(1), by }),
        _ => {
            let outcome = ReviewOutcome::ALL[asked.what % ReviewOutcome::ALL.len()];
            EmergencyAccessCommand::Review(ReviewEmergencyAccess { outcome, note: sealed(1), by })
        }
    }
}

fn of_policy(asked: &Asked) -> PolicyCommand {
    let name = sure(PolicyFileName::parse("policy.cedar"));
    let text = sure(PolicyText::try_new([(name, format!("// {}", asked.what % 2))]));
    let by = person(asked.who);
    match asked.kind {
        0 | 1 => PolicyCommand::ProposePolicy(ProposePolicy { text, reason: sealed(1), by }),
        2 => PolicyCommand::RejectPolicy(RejectPolicy { digest: text.digest(), reason: sealed(1), by }),
        _ => PolicyCommand::AdoptPolicy(AdoptPolicy { digest: text.digest(), reason: sealed(1), by }),
    }
}

fn of_plan(asked: &Asked) -> PlanCommand {
    let rank = u32::try_from(asked.what % 2).unwrap_or(0);
    let content = PlanContent { rank: sure(PlanRank::try_new(rank)), ..examples::content() };
    let (digest, by) = (content.digest(), person(asked.who));
    let code = sure(Code::parse("structure-fire"));
    match asked.kind {
        0 | 1 => PlanCommand::ProposePlan(Box::new(ProposePlan { code, content, reason: sealed(1), by })),
        2 if asked.what == 3 => PlanCommand::RetirePlan(RetirePlan { version: 1, reason: sealed(1), by }),
        2 => PlanCommand::RejectPlan(RejectPlan { digest, reason: sealed(1), by }),
        _ => PlanCommand::ApprovePlan(ApprovePlan { digest, reason: sealed(1), by }),
    }
}

proptest! {
    #[test]
    fn nobody_puts_a_plan_into_force_that_they_proposed_and_versions_have_no_gap(asked in asked()) {
        let (mut proposed, mut versions): (Option<(Actor, PlanContent)>, u32) = (None, 0);
        for event in history::<ResponsePlan>(asked, of_plan) {
            match event {
                PlanEvent::PlanProposed { by, content, digest, .. } => {
                    prop_assert_eq!(digest, content.digest());
                    proposed = Some((by, content));
                }
                PlanEvent::PlanApproved { by, second, content, digest, version, .. } => {
                    versions += 1;
                    prop_assert_eq!(version, versions);
                    prop_assert_ne!(&by, &second);
                    prop_assert_eq!(&digest, &content.digest());
                    prop_assert_eq!(proposed.take(), Some((by, content)));
                }
                PlanEvent::PlanRejected { .. } => proposed = None,
                PlanEvent::PlanRetired { version, .. } => prop_assert_eq!(version, versions),
            }
        }
    }

    #[test]
    fn nobody_approves_a_grant_that_they_asked_for_or_that_is_theirs(asked in asked()) {
        let mut involved = Vec::new();
        for event in history::<AccessGrant>(asked, of_grant) {
            match event {
                GrantEvent::GrantRequested { grantee, by, .. } => involved = vec![grantee, by],
                GrantEvent::GrantApproved { by, .. } => {
                    prop_assert_eq!(involved.len(), 2);
                    prop_assert!(!involved.contains(&by));
                }
                _ => {}
            }
        }
    }

    #[test]
    fn three_persons_take_part_in_an_emergency_access(asked in asked()) {
        let mut involved: Vec<Actor> = Vec::new();
        let mut vouch_before = moment("12:00:00").recorded_at.with_timezone(&Utc);
        for event in history::<EmergencyAccess>(asked, of_emergency) {
            let by = match event {
                EmergencyAccessEvent::BreakGlassDeclared { by, vouch_by, .. } => {
                    vouch_before = vouch_by;
                    by
                }
                EmergencyAccessEvent::BreakGlassVouched { by, review_by, .. } => {
                    prop_assert!(review_by - EmergencyAccess::REVIEW_WITHIN < vouch_before);
                    by
                }
                EmergencyAccessEvent::BreakGlassReviewed { by, .. } => by,
            };
            prop_assert!(!involved.contains(&by));
            involved.push(by);
        }
        prop_assert!(involved.len() <= 3);
    }

    #[test]
    fn nobody_puts_a_policy_into_force_that_they_proposed(asked in asked()) {
        let mut proposed: Option<(Actor, PolicyText)> = None;
        for event in history::<AccessPolicy>(asked, of_policy) {
            match event {
                PolicyEvent::PolicyProposed { by, text, digest, .. } => {
                    prop_assert_eq!(digest, text.digest());
                    proposed = Some((by, text));
                }
                PolicyEvent::PolicyAdopted { by, second, text, digest, .. } => {
                    prop_assert_ne!(&by, &second);
                    prop_assert_eq!(&digest, &text.digest());
                    prop_assert_eq!(proposed.take(), Some((by, text)));
                }
                PolicyEvent::PolicyRejected { .. } => proposed = None,
            }
        }
    }
}

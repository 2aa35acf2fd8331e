//! Who has access at a moment, and whose emergency access nobody has reviewed.

mod support;

use access::{Institution, Principal, Purpose, Role};
use chrono::{DateTime, TimeDelta, Utc};
use domain::access_grant::{ApproveGrant, GrantCommand, GrantScope, RequestGrant, RevokeGrant};
use domain::emergency_access::{
    BreakGlass, EmergencyAccess, EmergencyAccessCommand, ReviewEmergencyAccess, ReviewOutcome, VouchEmergencyAccess,
};
use domain::terms::{AccessPurpose, RecordClass};
use event_store::append::AppendError;
use projections::Order;
use projections::access_grants::{EmergencyRow, GrantFilter, GrantRow, RightsHeld, in_force};
use sqlx::PgConnection;
use support::access::{emergency, grant, person, reason};
use support::work::RandomWork;
use support::{System, count, page};
use uuid::Uuid;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0000 + n)
}

/// For j.berzins, from `from` hours from `now` on, for a day.
fn request(scope: GrantScope, now: DateTime<Utc>, from: i64) -> GrantCommand {
    let from = now.fixed_offset() + TimeDelta::hours(from);
    GrantCommand::RequestGrant(Box::new(RequestGrant {
        grantee: person("j.berzins"),
        scope,
        purpose: AccessPurpose::Investigation,
        from,
        until: from + TimeDelta::days(1),
        reason: reason(),
        by: person("a.ozola"),
    }))
}

fn approve() -> GrantCommand {
    GrantCommand::ApproveGrant(ApproveGrant { by: person("p.kalnins") })
}

async fn system_head(connection: &mut PgConnection) -> u64 {
    let head: i64 = sqlx::query_scalar("select position from register.head").fetch_one(connection).await.unwrap();
    head.unsigned_abs()
}

async fn active(connection: &mut PgConnection, subject: &str, at: DateTime<Utc>) -> Vec<Uuid> {
    let rows = GrantRow::active(connection, subject, "vp", at).await.unwrap();
    rows.into_iter().map(|row| row.id).collect()
}

/// Somebody's rights at a moment are the same by all that were read before, and by asking for theirs.
async fn held_as_asked(
    connection: &mut PgConnection,
    held: &RightsHeld,
    who: (&str, Purpose),
    at: DateTime<Utc>,
) -> usize {
    let institution = Institution::parse("VP").unwrap();
    let who = Principal::new(who.0, institution, vec![Role::Officer], who.1, at + TimeDelta::hours(1));
    let mut asked: Vec<_> =
        in_force(connection, &who, at).await.unwrap().iter().map(|grant| format!("{grant:?}")).collect();
    let mut told: Vec<_> = held.of(&who, at).iter().map(|grant| format!("{grant:?}")).collect();
    asked.sort();
    told.sort();
    assert_eq!(told, asked, "{who:?} at {at}");
    told.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_is_active_in_its_time_once_it_was_approved_and_until_it_is_revoked() {
    let system = System::fresh().await;
    let at_work = system.start();
    let mut work = RandomWork::new(1, 1);
    let now = Utc::now();
    let secret = || GrantScope::Class(RecordClass::Secret);
    for (n, from) in [(1, 0), (2, 48), (3, 0), (4, 0)] {
        let scope = if n == 1 { GrantScope::Record(id(100)) } else { secret() };
        grant(&mut work, &system, id(n), request(scope, now, from)).await.unwrap();
    }
    for n in [1, 2, 3] {
        grant(&mut work, &system, id(n), approve()).await.unwrap();
    }
    let revoke = RevokeGrant { reason: reason(), by: person("i.liepa") };
    grant(&mut work, &system, id(3), GrantCommand::RevokeGrant(revoke)).await.unwrap();
    system.caught_up(&at_work).await;

    let mut connection = system.pools.app.acquire().await.unwrap();
    let hours = |hours| now + TimeDelta::hours(hours);
    for (at, expected) in [(-1, vec![]), (1, vec![id(1)]), (23, vec![id(1)]), (25, vec![]), (49, vec![id(2)])] {
        assert_eq!(active(&mut connection, "j.berzins", hours(at)).await, expected, "{at} hours from now");
    }
    assert!(active(&mut connection, "a.ozola", hours(1)).await.is_empty());
    assert!(GrantRow::active(&mut connection, "j.berzins", "RPP", hours(1)).await.unwrap().is_empty());

    let held = RightsHeld::read(&mut connection, hours(-1)).await.unwrap();
    for (at, expected) in [(-1, 0), (0, 1), (1, 1), (23, 1), (25, 0), (48, 1), (49, 1), (73, 0)] {
        let of_theirs = held_as_asked(&mut connection, &held, ("j.berzins", Purpose::Investigation), hours(at)).await;
        assert_eq!(of_theirs, expected, "{at} hours from now");
    }
    for other in [("j.berzins", Purpose::Response), ("a.ozola", Purpose::Investigation)] {
        assert_eq!(held_as_asked(&mut connection, &held, other, hours(1)).await, 0);
    }
    let head = system_head(&mut connection).await;
    assert!(RightsHeld::changed_between(&mut connection, 0, head).await.unwrap());
    assert!(!RightsHeld::changed_between(&mut connection, head, head).await.unwrap());

    let row = GrantRow::by_id(&mut connection, id(3)).await.unwrap().unwrap();
    assert_eq!((row.status.as_str(), row.scope.as_str(), row.class.as_deref()), ("revoked", "class", Some("secret")));
    assert_eq!((row.decided_by.as_deref(), row.ended_by.as_deref()), (Some("p.kalnins"), Some("i.liepa")));
    assert!(row.reason.contains("$sealed") && row.ending_reason.unwrap().contains("$sealed"));

    let waiting = GrantFilter { status: Some("requested".into()), ..Default::default() };
    let listed = GrantRow::list(&mut connection, &waiting, None, Order::OldestFirst, 9).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.id).collect::<Vec<_>>(), [id(4)]);
    let of_record = GrantFilter { record: Some(id(100)), ..Default::default() };
    let listed = GrantRow::list(&mut connection, &of_record, None, Order::NewestFirst, 9).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.id).collect::<Vec<_>>(), [id(1)]);
    let all = GrantFilter { institution: Some("VP".into()), ..Default::default() };
    let first = GrantRow::list(&mut connection, &all, None, Order::OldestFirst, 1).await.unwrap().remove(0);
    let rest = GrantRow::list(&mut connection, &all, Some(first.keyset()), Order::OldestFirst, 9).await.unwrap();
    assert!(rest.len() == 3 && rest.iter().all(|row| row.keyset() > first.keyset()));

    let told = page(&mut connection, id(100), 0, 9).await;
    let told: Vec<_> = told.iter().map(|entry| entry.event_type.as_str()).collect();
    assert_eq!(told, ["GrantRequested", "GrantApproved"], "the record says who was given access");
}

async fn declare(work: &mut RandomWork, system: &System, n: u128) -> Result<(), AppendError> {
    let command = EmergencyAccessCommand::BreakGlass(Box::new(BreakGlass {
        record: id(100),
        purpose: AccessPurpose::Response,
        until: None,
        reason: reason(),
        by: person("a.ozola"),
    }));
    emergency(work, system, id(n), command).await
}

async fn review(work: &mut RandomWork, system: &System, n: u128, outcome: ReviewOutcome) {
    let review = ReviewEmergencyAccess { outcome, note: reason(), by: person("i.liepa") };
    emergency(work, system, id(n), EmergencyAccessCommand::Review(review)).await.unwrap();
}

fn ids(rows: Vec<EmergencyRow>) -> Vec<Uuid> {
    rows.into_iter().map(|row| row.id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn emergency_access_is_open_when_somebody_vouched_and_overdue_when_nobody_reviewed_it() {
    let system = System::fresh().await;
    let at_work = system.start();
    let mut work = RandomWork::new(1, 1);
    for n in 1..=4 {
        declare(&mut work, &system, n).await.unwrap();
    }
    for n in 2..=4 {
        let vouch = VouchEmergencyAccess { note: reason(), by: person("p.kalnins") };
        emergency(&mut work, &system, id(n), EmergencyAccessCommand::Vouch(vouch)).await.unwrap();
    }
    review(&mut work, &system, 3, ReviewOutcome::Justified).await;
    review(&mut work, &system, 4, ReviewOutcome::Unjustified).await;
    system.caught_up(&at_work).await;

    let mut connection = system.pools.app.acquire().await.unwrap();
    let now = Utc::now();
    let open = EmergencyRow::open(&mut connection, "a.ozola", "VP", now).await.unwrap();
    assert_eq!(ids(open), [id(2), id(3)]);
    let later = now + EmergencyAccess::LONGEST;
    assert!(EmergencyRow::open(&mut connection, "a.ozola", "VP", later).await.unwrap().is_empty());
    assert!(EmergencyRow::open(&mut connection, "p.kalnins", "VP", now).await.unwrap().is_empty());

    let held = RightsHeld::read(&mut connection, now).await.unwrap();
    let whose = ("a.ozola", Purpose::Response);
    assert_eq!(held_as_asked(&mut connection, &held, whose, now).await, 2);
    assert_eq!(held_as_asked(&mut connection, &held, whose, later).await, 0);

    assert_eq!(ids(EmergencyRow::waiting(&mut connection, now, 9).await.unwrap()), [id(1)]);
    let lapsed = now + EmergencyAccess::VOUCH_WITHIN;
    assert!(EmergencyRow::waiting(&mut connection, lapsed, 9).await.unwrap().is_empty());

    let unreviewed = EmergencyRow::unreviewed(&mut connection, 9).await.unwrap();
    let due = unreviewed[0].review_by.unwrap();
    assert!(!unreviewed[0].is_overdue(now) && unreviewed[0].is_overdue(due));
    assert_eq!(ids(unreviewed), [id(2)]);
    assert_eq!(EmergencyRow::count_overdue(&mut connection, now).await.unwrap(), 0);
    assert_eq!(EmergencyRow::count_overdue(&mut connection, due).await.unwrap(), 1);
    let stopped = EmergencyRow::by_id(&mut connection, id(4)).await.unwrap().unwrap();
    assert_eq!((stopped.outcome.as_deref(), stopped.reviewer.as_deref()), (Some("unjustified"), Some("i.liepa")));
    assert_eq!(count(&mut connection, id(100)).await, 4 + 3 + 2);
}

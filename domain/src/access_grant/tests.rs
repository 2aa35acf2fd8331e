use super::*;
use crate::examples::{actor, at, id, sealed};
use crate::kernel::Rule as _;
use crate::scenario::Scenario;
use crate::terms::AccessPurpose;

fn scope() -> GrantScope {
    GrantScope::Record(id(1))
}

/// From 22:00 to 23:30, for `j.berzins`, asked for by `a.ozola`.
fn wanted() -> RequestGrant {
    RequestGrant {
        grantee: actor("j.berzins"),
        scope: scope(),
        purpose: AccessPurpose::Investigation,
        from: at("22:00:00"),
        until: at("23:30:00"),
        reason: sealed(1),
        by: actor("a.ozola"),
    }
}

fn request() -> GrantCommand {
    GrantCommand::RequestGrant(Box::new(wanted()))
}

fn approve(by: &str) -> GrantCommand {
    GrantCommand::ApproveGrant(ApproveGrant { by: actor(by) })
}

fn reject(by: &str) -> GrantCommand {
    GrantCommand::RejectGrant(RejectGrant { reason: sealed(2), by: actor(by) })
}

fn revoke(by: &str) -> GrantCommand {
    GrantCommand::RevokeGrant(RevokeGrant { reason: sealed(3), by: actor(by) })
}

fn grant() -> Scenario<AccessGrant> {
    Scenario::new()
}

fn active(grant: &AccessGrant, time: &str) -> bool {
    grant.is_active(at(time).with_timezone(&Utc))
}

#[test]
fn a_grant_takes_two_persons_and_none_of_them_has_it() {
    grant().when(approve("p.kalnins")).refused_with([GrantError::NotRequested]);
    let requested = grant().after(request());
    requested.clone().when(approve("a.ozola")).refused_with([GrantError::SamePerson { by: actor("a.ozola") }]);
    requested.clone().when(approve("j.berzins")).refused_with([GrantError::OwnGrant { by: actor("j.berzins") }]);
    let approved = GrantEvent::GrantApproved { scope: scope(), by: actor("p.kalnins") };
    let record = requested.when(approve("p.kalnins")).records(&[approved]);
    assert_eq!(record.status(), Some(GrantStatus::Approved));
}

#[test]
fn who_asks_for_themselves_may_not_approve_it_either() {
    let own = RequestGrant { by: actor("j.berzins"), ..wanted() };
    let requested = grant().after(GrantCommand::RequestGrant(Box::new(own)));
    requested.clone().when(approve("j.berzins")).refused_with([GrantError::SamePerson { by: actor("j.berzins") }]);
    requested
        .when(approve("p.kalnins"))
        .records(&[GrantEvent::GrantApproved { scope: scope(), by: actor("p.kalnins") }]);
}

#[test]
fn a_grant_gives_access_in_its_time_only_whatever_was_recorded() {
    let requested = grant().after(request());
    assert!(!active(&requested.record, "22:30:00"), "nobody has approved it");
    let approved = requested.after(approve("p.kalnins"));
    for (time, gives) in [("21:59:59", false), ("22:00:00", true), ("23:29:59", true), ("23:30:00", false)] {
        assert_eq!(active(&approved.record, time), gives, "{time}");
    }
    let revoked = approved.at("22:10:00").after(revoke("i.liepa"));
    assert!(!active(&revoked.record, "22:30:00"));
}

#[test]
fn all_that_is_wrong_with_its_time_is_told() {
    let times = |from, until| GrantCommand::RequestGrant(Box::new(RequestGrant { from, until, ..wanted() }));
    let days = TimeDelta::days;
    let now = at("21:40:00");
    grant().when(times(now, now)).refused_with([GrantError::EndsBeforeItBegins, GrantError::Over { until: now }]);
    let too_much = times(now + days(91), now + days(91 + 367));
    grant().when(too_much).refused_with([GrantError::TooLong { days: 366 }, GrantError::TooFarAhead { days: 90 }]);
    grant().when(times(now - days(2), now - days(1))).refused_with([GrantError::Over { until: now - days(1) }]);
    assert_eq!(grant().when(times(now + days(90), now + days(90 + 366))).accepted().0.len(), 1);
}

#[test]
fn times_that_lie_at_the_ends_of_the_calendar_are_refused() {
    let (first, last) = (at("21:40:00") - TimeDelta::days(46_000), at("21:40:00") + TimeDelta::days(63_000));
    for (from, until) in [(first, last), (last, first), (last, last)] {
        let command = GrantCommand::RequestGrant(Box::new(RequestGrant { from, until, ..wanted() }));
        assert!(grant().record.decide(command, &grant().moment).is_err());
    }
}

#[test]
fn what_is_over_is_not_approved_or_revoked_any_more() {
    let until = at("23:30:00");
    let requested = grant().after(request());
    requested.clone().at("23:30:00").when(approve("p.kalnins")).refused_with([GrantError::Over { until }]);
    let approved = requested.after(approve("p.kalnins"));
    approved.at("23:30:00").when(revoke("p.kalnins")).refused_with([GrantError::Over { until }]);
}

#[test]
fn what_was_settled_stays_settled() {
    let requested = grant().after(request());
    requested.clone().when(request()).refused_with([GrantError::AlreadyRequested { by: actor("a.ozola") }]);
    requested.clone().when(revoke("p.kalnins")).refused_with([GrantError::NotApproved]);
    let approved = requested.clone().after(approve("p.kalnins"));
    approved.clone().when(approve("p.kalnins")).changes_nothing();
    approved.clone().when(approve("i.liepa")).refused_with([GrantError::Settled { status: GrantStatus::Approved }]);
    approved.clone().when(reject("i.liepa")).refused_with([GrantError::Settled { status: GrantStatus::Approved }]);
    let revoked = approved.after(revoke("p.kalnins"));
    revoked.clone().when(revoke("p.kalnins")).refused_with([GrantError::Settled { status: GrantStatus::Revoked }]);
    revoked.when(approve("p.kalnins")).refused_with([GrantError::Settled { status: GrantStatus::Revoked }]);
    let taken_back = requested.after(reject("a.ozola"));
    taken_back.when(approve("p.kalnins")).refused_with([GrantError::Settled { status: GrantStatus::Rejected }]);
}

#[test]
fn a_timer_records_the_end_once_and_need_not_know_whether_it_ended_before() {
    let until = at("23:30:00");
    grant().when(GrantCommand::ExpireGrant).refused_with([GrantError::NotRequested]);
    let approved = grant().after(request()).after(approve("p.kalnins"));
    approved.clone().at("23:29:59").when(GrantCommand::ExpireGrant).refused_with([GrantError::NotOver { until }]);
    let over = approved.clone().at("23:30:00").after(GrantCommand::ExpireGrant);
    assert_eq!(over.record.status(), Some(GrantStatus::Expired));
    over.when(GrantCommand::ExpireGrant).changes_nothing();
    let never_approved = grant().after(request()).at("23:30:00");
    never_approved.when(GrantCommand::ExpireGrant).records(&[GrantEvent::GrantExpired { scope: scope(), until }]);
    let revoked = approved.after(revoke("i.liepa")).at("23:30:00");
    revoked.when(GrantCommand::ExpireGrant).changes_nothing();
}

#[test]
fn each_rule_has_a_name_of_its_own() {
    let by = || actor("a.ozola");
    let until = at("23:30:00");
    let rules = [
        GrantError::NotRequested,
        GrantError::AlreadyRequested { by: by() },
        GrantError::EndsBeforeItBegins,
        GrantError::TooLong { days: 1 },
        GrantError::TooFarAhead { days: 1 },
        GrantError::Over { until },
        GrantError::SamePerson { by: by() },
        GrantError::OwnGrant { by: by() },
        GrantError::Settled { status: GrantStatus::Expired },
        GrantError::NotApproved,
        GrantError::NotOver { until },
    ];
    let names: std::collections::BTreeSet<_> = rules.iter().map(|rule| rule.rule()).collect();
    assert_eq!(names.len(), rules.len());
}

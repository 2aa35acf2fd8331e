//! The roster of the past: by when things happened, by when the register came to know them, and by its index.

mod support;

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use domain::ids;
use domain::terms::{UnitKind, UnitStatus};
use domain::unit::{Assign, RegisterUnit, Release, ReportStatus, Unit, UnitCommand, UnitEvent};
use domain::values::{CallSign, InstitutionCode, SourceCode, Station};
use event_store::append::{Target, Work};
use event_store::log::{LogName, LogPosition, StoredEvent};
use projections::event::{RegisterEvent, decode};
use projections::roster::{RosterFilter, RosterRow};
use projections::roster_history::{Moment, RosterAtRow};
use sqlx::Executor as _;
use support::System;
use support::work::{Dice, RandomWork};
use uuid::Uuid;

/// Units, told of by hand: minutes count from a fixed moment.
struct Told(System);

impl Told {
    fn at(minutes: i64) -> DateTime<Utc> {
        "2026-03-02T10:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
    }

    fn unit(call_sign: &str) -> Uuid {
        ids::of_unit(&InstitutionCode::parse("VUGD").unwrap(), &CallSign::parse(call_sign).unwrap())
    }

    /// Something is told of a unit; gives when the log recorded it.
    async fn tell(&self, call_sign: &str, minutes: i64, command: UnitCommand) -> DateTime<Utc> {
        let unit = Told::unit(call_sign);
        let decide = Box::new(move |work: &mut Work<'_>| {
            work.execute::<Unit>(unit, command.clone())?;
            Ok(Target::of::<Unit>(unit))
        });
        let at = Told::at(minutes).fixed_offset();
        self.0.submit(LogName::REGISTER, BTreeMap::new(), at, decide).await.unwrap();
        // So that no two are recorded at one moment.
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
        let recorded = "select max(recorded_at) from register.events";
        sqlx::query_scalar(recorded).fetch_one(&self.0.pools.app).await.unwrap()
    }

    async fn register(&self, call_sign: &str, minutes: i64) {
        let register = RegisterUnit {
            institution: InstitutionCode::parse("VUGD").unwrap(),
            call_sign: CallSign::parse(call_sign).unwrap(),
            kind: UnitKind::FireEngine,
            station: Some(Station::parse("Rīgas 1. daļa").unwrap()),
            territory: None,
            source_kind: None,
        };
        self.tell(call_sign, minutes, UnitCommand::RegisterUnit(register)).await;
        self.tell(call_sign, minutes, UnitCommand::StartDuty).await;
    }

    async fn then(&self, minutes: i64, known_at: Option<DateTime<Utc>>, filter: &RosterFilter) -> Vec<RosterAtRow> {
        let mut connection = self.0.pools.app.acquire().await.unwrap();
        let moment = Moment { at: Told::at(minutes), known_at };
        let rows = RosterAtRow::list(&mut connection, moment, filter, None, 50).await.unwrap();
        assert_eq!(RosterAtRow::count(&mut connection, moment, filter).await.unwrap(), rows.len() as i64);
        rows
    }

    /// Status, minutes since when, and card of the one unit.
    async fn one(&self, minutes: i64, known_at: Option<DateTime<Utc>>) -> (String, i64, Option<Uuid>) {
        let row = self.then(minutes, known_at, &RosterFilter::default()).await.remove(0);
        (row.status, (row.since - Told::at(0)).num_minutes(), row.card)
    }
}

fn report(status: UnitStatus, code: &str) -> UnitCommand {
    let vendor_code = Some(SourceCode::parse(code).unwrap());
    UnitCommand::ReportStatus(ReportStatus { status, vendor_code, vendor_scheme: None })
}

fn assign(card: u128) -> UnitCommand {
    UnitCommand::Assign(Assign { card: Uuid::from_u128(card) })
}

fn release(card: u128, diverted_to: Option<u128>) -> UnitCommand {
    let diverted_to = diverted_to.map(Uuid::from_u128);
    UnitCommand::Release(Release { card: Some(Uuid::from_u128(card)), diverted_to })
}

fn is(status: &str, since: i64, card: Option<u128>) -> (String, i64, Option<Uuid>) {
    (status.to_owned(), since, card.map(Uuid::from_u128))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_late_is_put_where_it_belongs_and_was_not_known_before() {
    let told = Told(System::fresh().await);
    let at_work = told.0.start();
    told.register("A1", 0).await;
    told.tell("A1", 10, assign(1)).await;
    told.tell("A1", 12, report(UnitStatus::EnRoute, "3")).await;
    told.tell("A1", 14, report(UnitStatus::EnRoute, "3b")).await;
    let before = told.tell("A1", 40, release(1, None)).await;
    // The arrival is told only after all was over, and a call of the morning later still.
    let arrived = told.tell("A1", 20, report(UnitStatus::OnScene, "4")).await;
    told.tell("A1", -60, assign(2)).await;
    told.tell("A1", -30, release(2, None)).await;
    told.0.caught_up(&at_work).await;

    assert_eq!(told.one(30, None).await, is("on_scene", 20, Some(1)));
    assert_eq!(told.one(30, Some(arrived)).await, is("on_scene", 20, Some(1)));
    assert_eq!(
        told.one(30, Some(before)).await,
        is("en_route", 12, Some(1)),
        "since it was told first, and no arrival was known"
    );
    assert_eq!(told.one(39, Some(before)).await, is("en_route", 12, Some(1)));
    assert_eq!(told.one(40, Some(before)).await, is("available", 40, None));
    assert_eq!(told.one(11, None).await, is("assigned", 10, Some(1)));
    assert_eq!(told.one(9, None).await, is("available", -30, None), "to come on duty makes free who is not");
    assert_eq!(told.one(9, Some(before)).await, is("available", 0, None));
    assert_eq!(told.one(-45, None).await, is("assigned", -60, Some(2)), "it was there before it was registered");
    assert!(told.then(-45, Some(before), &RosterFilter::default()).await.is_empty());
    assert!(told.then(-61, None, &RosterFilter::default()).await.is_empty());

    let row = told.then(13, None, &RosterFilter::default()).await.remove(0);
    assert_eq!((row.vendor_code.as_deref(), row.card_since), (Some("3"), Some(Told::at(10))));
    assert!(told.then(30, Some(arrived), &RosterFilter::default()).await[0].recorded_at == arrived, "known only then");
    let on_scene = RosterFilter { statuses: vec!["on_scene".into()], ..RosterFilter::default() };
    assert_eq!(told.then(30, None, &on_scene).await.len(), 1);
    assert!(told.then(30, Some(before), &on_scene).await.is_empty(), "a filter is of that moment, too");
    let on_card = RosterFilter { card: Some(Uuid::from_u128(2)), on_duty: Some(true), ..RosterFilter::default() };
    assert_eq!(told.then(-45, None, &on_card).await.len(), 1);
    assert!(told.then(-30, None, &on_card).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_is_on_the_card_that_it_was_sent_to_last() {
    let told = Told(System::fresh().await);
    let at_work = told.0.start();
    told.register("A1", 0).await;
    // As a file is taken in: the first call whole, then the second, to which it was sent in between.
    told.tell("A1", 10, assign(1)).await;
    told.tell("A1", 20, report(UnitStatus::OnScene, "4")).await;
    told.tell("A1", 60, release(1, None)).await;
    told.tell("A1", 30, assign(2)).await;
    told.tell("A1", 45, release(2, None)).await;
    // Sent on by a dispatcher; and a release that is told to have been before its assignment.
    told.tell("A1", 100, assign(3)).await;
    told.tell("A1", 110, release(3, Some(4))).await;
    told.tell("A1", 110, assign(4)).await;
    told.tell("A1", 105, release(4, None)).await;
    told.0.caught_up(&at_work).await;
    let expected = [
        (29, is("on_scene", 20, Some(1))),
        (30, is("assigned", 30, Some(2))),
        (45, is("available", 45, None)),
        (60, is("available", 45, None)),
        (109, is("assigned", 100, Some(3))),
        (110, is("available", 110, None)),
    ];
    for (minutes, there) in expected {
        assert_eq!(told.one(minutes, None).await, there, "minute {minutes}");
    }
}

/// What was told of one unit, played through in order of time: the rules of `roster_history` written down a second time.
fn played(told: &[(StoredEvent, UnitEvent)], at: DateTime<Utc>, known_at: DateTime<Utc>) -> Option<RowThen> {
    let (registered, _) = &told[0];
    // Releases, by the assignment that they end.
    let (mut open, mut ends) = (None, BTreeMap::new());
    for (place, (_, event)) in told.iter().enumerate() {
        match event {
            UnitEvent::UnitAssigned { at, .. } => open = Some((place, at.to_utc().trunc_subsecs(6))),
            UnitEvent::UnitReleased { .. } => _ = open.take().map(|open| ends.insert(place, open)),
            _ => {}
        }
    }
    let mut events: Vec<_> = told
        .iter()
        .enumerate()
        .skip(1)
        .filter(|(_, (stored, _))| stored.recorded_at <= known_at)
        .filter_map(|(place, (_, event))| {
            // As PostgreSQL keeps it.
            let at = event.at()?.to_utc().trunc_subsecs(6);
            Some((ends.get(&place).map_or(at, |(_, assigned_at)| at.max(*assigned_at)), place, event))
        })
        .filter(|(happened, ..)| *happened <= at)
        .collect();
    events.sort_by_key(|(happened, place, _)| (*happened, *place));
    if registered.recorded_at > known_at || (registered.occurred_at > at && events.is_empty()) {
        return None;
    }
    let mut row = RowThen { status: UnitStatus::OffDuty, since: registered.occurred_at, card: None };
    let (mut assignment, mut begun) = (None, false);
    for (happened, place, event) in events {
        let status = match event {
            UnitEvent::DutyStarted { .. } if begun && row.status != UnitStatus::OffDuty => continue,
            UnitEvent::DutyStarted { .. } => UnitStatus::Available,
            UnitEvent::DutyEnded { .. } => UnitStatus::OffDuty,
            UnitEvent::StatusReported { status, .. } => *status,
            UnitEvent::UnitAssigned { card, .. } => {
                (row.card, assignment, begun) = (Some(*card), Some(place), true);
                (row.status, row.since) = (UnitStatus::Assigned, happened);
                continue;
            }
            UnitEvent::UnitReleased { status, .. } => {
                if ends.get(&place).map(|(assignment, _)| *assignment) != assignment {
                    continue;
                }
                row.card = None;
                *status
            }
            _ => continue,
        };
        if row.status != status || !begun {
            (row.status, row.since) = (status, happened);
        }
        begun = true;
    }
    Some(row)
}

#[derive(Debug, PartialEq)]
struct RowThen {
    status: UnitStatus,
    since: DateTime<Utc>,
    card: Option<Uuid>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_roster_at_any_moment_is_what_its_events_say_played_through() {
    let system = System::fresh().await;
    let at_work = system.start();
    RandomWork::new(5, 12).go_on(&system, 1_500).await;
    system.caught_up(&at_work).await;
    let mut told: BTreeMap<Uuid, Vec<(StoredEvent, UnitEvent)>> = BTreeMap::new();
    for stored in system.reader(LogName::REGISTER).page(LogPosition::START, 1_000_000).await.unwrap() {
        if stored.aggregate_type == "unit" {
            let RegisterEvent::Unit(event) = decode(&stored).unwrap() else { continue };
            told.entry(stored.aggregate_id).or_default().push((stored, *event));
        }
    }
    let all: Vec<&StoredEvent> = told.values().flatten().map(|(stored, _)| stored).collect();
    assert!(all.len() > 100, "{}", all.len());
    let mut connection = system.pools.app.acquire().await.unwrap();
    let mut dice = Dice::new(7);
    for round in 0..300 {
        let at = dice.one(&all).occurred_at + TimeDelta::seconds([0, 0, -1, 30][dice.below(4)]);
        let known_at = if round % 3 == 0 { None } else { Some(dice.one(&all).recorded_at) };
        let moment = Moment { at, known_at };
        let filter = RosterFilter::default();
        let rows = RosterAtRow::list(&mut connection, moment, &filter, None, 500).await.unwrap();
        let ours: BTreeMap<Uuid, RowThen> = rows
            .into_iter()
            .map(|row| {
                let status = UnitStatus::parse(&row.status).unwrap();
                (row.id, RowThen { status, since: row.since, card: row.card })
            })
            .collect();
        let known_at = known_at.unwrap_or(DateTime::<Utc>::MAX_UTC);
        let theirs = told.iter().filter_map(|(unit, told)| Some((*unit, played(told, at, known_at)?)));
        assert_eq!(ours, theirs.collect(), "round {round}: as at {at}, as known at {known_at}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_came_late_it_is_what_the_roster_showed() {
    let told = Told(System::fresh().await);
    let at_work = told.0.start();
    told.register("A1", 0).await;
    told.register("B2", 0).await;
    told.0.caught_up(&at_work).await;
    let mut dice = Dice::new(3);
    let mut shown: Vec<(i64, Vec<RosterRow>)> = Vec::new();
    for minutes in 1..60 {
        let call_sign = *dice.one(&["A1", "B2"]);
        let mut connection = told.0.pools.app.acquire().await.unwrap();
        let now = RosterRow::by_call_sign(&mut connection, "VUGD", call_sign).await.unwrap().unwrap();
        let command = match (now.unit.card, dice.below(6)) {
            (Some(card), 0 | 1) => UnitCommand::Release(Release { card: Some(card), diverted_to: None }),
            (None, 0 | 1) => assign(minutes as u128),
            (None, 2) if now.unit.on_duty => UnitCommand::EndDuty,
            (_, 3) => UnitCommand::StartDuty,
            _ => report(*dice.one(&UnitStatus::ALL[1..]), "x"),
        };
        told.tell(call_sign, minutes, command).await;
        told.0.caught_up(&at_work).await;
        let rows = RosterRow::list(&mut connection, &RosterFilter::default(), None, 50).await.unwrap();
        shown.push((minutes, rows));
    }
    for (minutes, rows) in shown {
        let then = told.then(minutes, None, &RosterFilter::default()).await;
        for (was, then) in rows.iter().zip(&then) {
            let unit = &was.unit;
            assert_eq!(
                (&unit.call_sign, &unit.status, unit.card),
                (&then.call_sign, &then.status, then.card),
                "{minutes}"
            );
            assert_eq!(unit.on_duty, then.on_duty());
            // A release that leaves the status as it was has no code of its own; the live roster shows the report's on.
            assert!(then.vendor_code.is_none() || unit.vendor_code == then.vendor_code, "{minutes}: {unit:?}");
        }
        assert_eq!(rows.len(), then.len());
    }
}

/// A year of 400 units.
const MANY: &str = "
    insert into roster_history.units (id, institution, call_sign, kind, registered_at, recorded_at, position)
    select md5(n::text)::uuid, 'VUGD', 'U' || n, 'patrol', now() - interval '1 year', now() - interval '1 year', n
    from generate_series(1, 400) n;
    insert into roster_history.events (unit, sequence, tells, status, card, ends, at, recorded_at, position)
    select md5(n::text)::uuid, s, case s % 4 when 0 then 'assigned' when 3 then 'released' else 'reported' end,
           (array['assigned', 'en_route', 'on_scene', 'available'])[1 + s % 4], case s % 4 when 0 then md5(s::text)::uuid end,
           case s % 4 when 3 then s - 3 end, now() - interval '1 year' + s * interval '50 minutes',
           now() - interval '1 year' + s * interval '50 minutes', s
    from generate_series(1, 400) n, generate_series(1, 500) s;
    analyze roster_history.units; analyze roster_history.events";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_answered_from_indexes_without_reading_the_whole_past() {
    let system = System::fresh().await;
    let at_work = system.start();
    RandomWork::new(1, 1).go_on(&system, 20).await;
    system.caught_up(&at_work).await;
    system.pools.owner.execute(MANY).await.unwrap();
    let mut connection = system.pools.owner.acquire().await.unwrap();
    let at = Utc::now() - TimeDelta::days(355);
    for known_at in [None, Some(at + TimeDelta::hours(1))] {
        let moment = Moment { at, known_at };
        let filter = RosterFilter { institution: Some("VUGD".into()), ..RosterFilter::default() };
        let plan = RosterAtRow::explain(&mut connection, moment, &filter, 50).await.unwrap();
        assert!(!plan.contains("Seq Scan on events") && plan.contains("Index"), "{plan}");
        let begun = std::time::Instant::now();
        let page = RosterAtRow::list(&mut connection, moment, &filter, None, 50).await.unwrap();
        assert_eq!(page.len(), 50);
        assert!(begun.elapsed().as_millis() < 500, "{:?}\n{plan}", begun.elapsed());
    }
}

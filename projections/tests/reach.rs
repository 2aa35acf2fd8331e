//! A list narrowed in SQL holds exactly the records that the policies let somebody see, one by one.

mod support;

use std::collections::BTreeSet;

use access::policy::{Action, Class, Grant, GrantScope, InstitutionKind, Policies, RecordKind, Resource, Standing};
use access::{Institution, Principal, Purpose, Reference, Role, Territory};
use chrono::{TimeDelta, Utc};
use projections::Order;
use projections::cards::{CardFilter, CardRow};
use projections::case_search::{IncidentFilter, IncidentRow};
use projections::cautions::{CautionFilter, CautionRow};
use projections::roster::{RosterFilter, RosterRow};
use sqlx::{Executor as _, PgConnection, Row as _};
use support::System;
use support::work::Dice;
use uuid::Uuid;

/// One of each kind of institution, two of local police, and one that nobody knows.
const INSTITUTIONS: &[&str] = &[
    "VP",
    "VUGD",
    "NMPD",
    "VKCP",
    "RPP",
    "PP-JELGAVA",
    "PP-OGRE",
    "OP-RIGA",
    "VDD",
    "KNAB",
    "LRP",
    "TA",
    "VPD",
    "IC",
    "BI",
    "XYZ",
];
const TERRITORIES: &[&str] = &["0001000", "0003000", "0003040", "0038000", "0038540"];
const RECORDS: usize = 300;

/// How many people ask: each is new to the policies, and deciding what is new takes them the longest.
fn people() -> usize {
    if std::env::var_os("VNR_TEST_LONG").is_some() { 120 } else { 40 }
}

struct Record {
    id: Uuid,
    institution: &'static str,
    territory: Option<&'static str>,
    participants: Vec<String>,
    class: Option<Class>,
}

impl Record {
    fn some(dice: &mut Dice, n: usize) -> Record {
        let participants = (0..dice.below(3)).map(|_| match dice.below(3) {
            0 => format!("@{}", dice.one(InstitutionKind::ALL)),
            _ => (*dice.one::<&str>(INSTITUTIONS)).to_owned(),
        });
        let participants = participants.collect();
        let territory = (dice.below(4) > 0).then(|| *dice.one::<&str>(TERRITORIES));
        Record {
            id: Uuid::from_u128(n as u128 + 1),
            institution: dice.one::<&str>(INSTITUTIONS),
            territory,
            participants,
            class: match dice.below(4) {
                0 => Some(Class::Protected),
                1 => Some(Class::Secret),
                _ => None,
            },
        }
    }

    fn resource(&self, kind: RecordKind) -> Resource {
        let (institution, id) = (Institution::parse(self.institution).unwrap(), Some(self.id));
        if kind == RecordKind::Unit {
            return Resource { id, ..Resource::of(kind, institution) };
        }
        // Only incidents and cautions are ever raised.
        let is_raised = matches!(kind, RecordKind::Incident | RecordKind::Caution);
        let class = self.class.filter(|_| is_raised).unwrap_or_default();
        let territory = self.territory.map(|code| Territory::parse(code).unwrap());
        if kind == RecordKind::Caution {
            return Resource { id, class, territory, ..Resource::of(kind, institution) };
        }
        let kinds = self.participants.iter().filter_map(|one| one.strip_prefix('@')?.parse().ok());
        let codes = self.participants.iter().filter_map(|one| Institution::parse(one).ok());
        Resource {
            id,
            class,
            participants: codes.collect(),
            services: kinds.collect(),
            territory,
            ..Resource::of(kind, institution)
        }
    }

    async fn write(&self, connection: &mut PgConnection) {
        let participants = serde_json::to_value(&self.participants).unwrap();
        for sql in [
            "insert into case_search.incidents (id, number, institution, responsible, territory, participants, class, channel, type_code,
                 opening_type, category, opening_category, status, occurred_from, registered_at, case_refs, annulment_requested,
                 taking_part, guarded, first_position, last_position, version)
             values ($1, $1::text, 'XYZ', $2, $3, $4, $5, 'app', 'theft', 'theft', 'A', 'A', 's', now(), now(), '[]', false, '[]', '{}',
                 1, 1, 1)",
            "insert into cards.cards (id, number, institution, territory, participants, channel, hazards, status, received_at,
                 services, units, units_on_scene, anomalies, card_anomalies, registered_at, changed_at, files, findings, first_position,
                 last_position, version)
             select $1, $1::text, $2, $3, $4, 'app', '[]', 's', now(), '{}', 0, 0, 0, 0, now(), now(), '[]', '[]', 1, 1, 1 where $5::text is distinct from ''",
            "insert into roster.units (id, institution, call_sign, kind, on_duty, status, status_since, outfit, anomalies, registered_at,
                 first_position, last_position, version)
             select $1, $2, $1::text, 'patrol', true, 's', now(), jsonb_build_object('out_of_service', '{}'::text[]), 0, now(), 1, 1, 1 where $3::text is null or $4::jsonb is not null
                 or $5::text is null",
            "insert into cautions.cautions (id, institution, kind, about, territory, class, registered_at, expires_at, first_position,
                 last_position, version)
             select $1, $2, 'dog', 'address', $3, $5, now(), now(), 1, 1, 1 where $4::jsonb is not null",
        ] {
            let query = sqlx::query(sql).bind(self.id).bind(self.institution).bind(self.territory).bind(&participants);
            let query = query.bind(self.class.map(Class::name));
            query.execute(&mut *connection).await.unwrap();
        }
    }
}

/// Somebody who may well see something.
fn somebody(dice: &mut Dice, records: &[Record]) -> Standing {
    let institution = Institution::parse(dice.one::<&str>(INSTITUTIONS)).unwrap();
    let until = Utc::now() + TimeDelta::hours(1);
    let (role, purpose) = (*dice.one(Role::ALL), *dice.one(Purpose::ALL));
    let mut principal = Principal::new("a.ozola", institution, vec![role], purpose, until);
    principal.reference = (dice.below(4) > 0).then(|| Reference::parse("KP-1").unwrap());
    principal.territories =
        (0..dice.below(3)).map(|_| Territory::parse(dice.one::<&str>(TERRITORIES)).unwrap()).collect();
    let grants = (0..dice.below(4)).map(|_| match dice.below(5) {
        4 => Grant::Named(GrantScope::Class(*dice.one(&[Class::Restricted, Class::Protected, Class::Secret]))),
        0 => Grant::Emergency(dice.one(records).id),
        1 => Grant::Named(GrantScope::Role(
            Institution::parse(dice.one::<&str>(INSTITUTIONS)).unwrap(),
            *dice.one(Role::ALL),
        )),
        _ => Grant::Named(GrantScope::Record(dice.one(records).id)),
    });
    let grants = grants.collect();
    Standing { principal, grants }
}

async fn found(connection: &mut PgConnection, kind: RecordKind, reach: access::policy::Reach) -> BTreeSet<Uuid> {
    let (reached, most) = (vec![reach], RECORDS as u32 + 1);
    match kind {
        RecordKind::Incident => {
            let filter = IncidentFilter { reached, ..IncidentFilter::default() };
            let rows = IncidentRow::search(connection, &filter, None, Order::NewestFirst, most).await.unwrap();
            assert_eq!(IncidentRow::count(connection, &filter).await.unwrap(), rows.len() as i64);
            rows.into_iter().map(|row| row.id).collect()
        }
        RecordKind::EmergencyCard => {
            let filter = CardFilter { reached, ..CardFilter::default() };
            let rows = CardRow::search(connection, &filter, None, Order::NewestFirst, most).await.unwrap();
            rows.into_iter().map(|row| row.id).collect()
        }
        RecordKind::Caution => {
            let filter = CautionFilter { reached, ..CautionFilter::default() };
            let rows = CautionRow::search(connection, &filter, None, Order::NewestFirst, most).await.unwrap();
            assert_eq!(CautionRow::count(connection, &filter).await.unwrap(), rows.len() as i64);
            rows.into_iter().map(|row| row.id).collect()
        }
        _ => {
            let filter = RosterFilter { reached, ..RosterFilter::default() };
            let rows = RosterRow::list(connection, &filter, None, most).await.unwrap();
            rows.into_iter().map(|row| row.unit.id).collect()
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_narrowed_list_is_what_the_policies_decide_one_by_one() {
    let system = System::fresh().await;
    drop(system.start());
    let mut connection = system.pools.owner.acquire().await.unwrap();
    while connection
        .execute("select from case_search.incidents, cards.cards, roster.units, cautions.cautions")
        .await
        .is_err()
    {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let mut dice = Dice::new(4);
    let records: Vec<Record> = (0..RECORDS).map(|n| Record::some(&mut dice, n)).collect();
    for record in &records {
        record.write(&mut connection).await;
    }
    let policies = Policies::embedded().unwrap();
    let (mut some, mut all, mut none) = (0, 0, 0);
    for _ in 0..people() {
        let standing = somebody(&mut dice, &records);
        for kind in [RecordKind::Incident, RecordKind::EmergencyCard, RecordKind::Unit, RecordKind::Caution] {
            let action = *dice.one(&[Action::View, Action::View, Action::Subscribe]);
            let may = |record: &&Record| policies.decide(&standing, action, &record.resource(kind)).allowed;
            let expected: BTreeSet<Uuid> = records.iter().filter(may).map(|record| record.id).collect();
            let reach = policies.reach(&standing, action, kind);
            assert!(expected.is_empty() || !reach.is_empty());
            let found = found(&mut connection, kind, reach).await;
            assert_eq!(found, expected, "{action} {kind} {standing:?}");
            match expected.len() {
                0 => none += 1,
                RECORDS => all += 1,
                _ => some += 1,
            }
        }
    }
    let enough = people() / 3;
    assert!(some > enough && all > enough / 5 && none > enough, "{some} some, {all} all, {none} none");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_polices_few_are_found_among_many_by_indexes() {
    let system = System::fresh().await;
    drop(system.start());
    let mut connection = system.pools.owner.acquire().await.unwrap();
    while connection.execute("select from case_search.incidents").await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let many = "insert into case_search.incidents (id, number, institution, responsible, class, territory, participants, channel, type_code,
             opening_type, category, opening_category, status, occurred_from, registered_at, case_refs, annulment_requested, taking_part,
             guarded, first_position, last_position, version)
         select gen_random_uuid(), n::text, 'VP', 'VP', case when n % 1000 = 0 then 'secret' end, lpad((n % 900 * 1000)::text, 7, '0'), '[]',
                'app', 'theft', 'theft', 'A', 'A', 's', now(), now() - n * interval '1 minute', '[]', false, '[]', '{}', 1, 1, 1
         from generate_series(1, 60000) n;
         analyze case_search.incidents;";
    connection.execute(many).await.unwrap();
    let mut principal = somebody(&mut Dice::new(1), &[Record::some(&mut Dice::new(1), 1)]).principal;
    principal.institution = Institution::parse("PP-JELGAVA").unwrap();
    (principal.roles, principal.purpose) = (vec![Role::Officer], Purpose::Response);
    principal.territories = vec![Territory::parse("0003000").unwrap()];
    let reach = Policies::embedded().unwrap().reach(&principal, Action::View, RecordKind::Incident);
    let filter = IncidentFilter { reached: vec![reach], ..IncidentFilter::default() };
    // Within one transaction the table's own counters tell.
    connection.execute("begin").await.unwrap();
    let count = IncidentRow::count(&mut connection, &filter).await.unwrap();
    assert!(count > 50 && count < 100, "{count}");
    let sql =
        "select seq_scan from pg_stat_xact_user_tables where schemaname = 'case_search' and relname = 'incidents'";
    let scans: i64 = connection.fetch_one(sql).await.unwrap().get(0);
    assert_eq!(scans, 0, "the table is not read through");
}

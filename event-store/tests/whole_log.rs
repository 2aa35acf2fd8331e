//! A log that is made at once is one like any other: as sound, as provable, and appended to like it.

mod support;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use event_store::append::{AppendError, Environment, Made, NoRandomness, WholeLog, WholeLogError};
use event_store::migrate::{MigrateError, log_sets, migrate, migrate_empty};
use event_store::verify::{Options, verify_with};
use sqlx::PgPool;
use support::counter::{LIMIT, NAMED};
use support::{LOG, Store, add_as, master};
use uuid::Uuid;

/// Everything follows from a number.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        self.0 ^ (self.0 >> 29)
    }
}

impl Environment for Seeded {
    fn now(&mut self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    fn event_id(&mut self, _: DateTime<Utc>) -> Uuid {
        Uuid::from_u64_pair(self.next(), self.next())
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        bytes.fill_with(|| (self.next() >> 32) as u8);
        Ok(())
    }
}

fn start() -> DateTime<Utc> {
    "2016-11-05T08:00:00Z".parse().unwrap()
}

async fn begun(store: &Store, seed: u64) -> Result<WholeLog, WholeLogError> {
    let to = start() + TimeDelta::days(70);
    WholeLog::begin(&store.owner, LOG, master(), Box::new(Seeded(seed)), (start(), to)).await
}

/// So many commands on a few records, each again and again; records are let go of and others begun.
async fn write(log: &mut WholeLog, commands: u128) {
    for n in 0..commands {
        let record = Uuid::from_u128(1 + n / 50 * 7 + n % 7);
        let amount = if n % 5 == 0 { NAMED } else { 1 };
        let mut submission = add_as(Uuid::from_u128(1 << 64 | n), record, amount);
        let at = start() + TimeDelta::minutes(n as i64 * 10);
        submission.occurred_at = at.fixed_offset();
        let written = log.append(&submission, at).await.unwrap().unwrap();
        assert_eq!((written.events, written.begun.contains(&record)), (1, n % 50 < 7), "{n}");
        if n % 50 == 49 {
            let records: Vec<Uuid> = (0..7).map(|place| Uuid::from_u128(1 + n / 50 * 7 + place)).collect();
            log.let_go(&records);
        }
    }
}

async fn made(store: &Store, seed: u64, commands: u128) -> Made {
    let mut log = begun(store, seed).await.unwrap();
    write(&mut log, commands).await;
    log.finish().await.unwrap()
}

/// What the tables are like: columns, indexes, constraints, triggers and rights. The ledger's months are those of each log.
async fn shape(owner: &PgPool) -> Vec<String> {
    let sql = "
        select 'index ' || replace(indexdef, indexname, '') from pg_indexes
        where schemaname = 'register' and tablename !~ '^commands_'
        union all
        select 'constraint ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid) from pg_constraint
        where connamespace = 'register'::regnamespace and conrelid::regclass::text !~ 'commands_'
        union all
        select 'trigger ' || tgrelid::regclass || ' ' || tgname from pg_trigger
        where tgrelid::regclass::text ~ '^register' and not tgisinternal
        union all
        select 'table ' || c.oid::regclass || ' ' || coalesce(c.relacl::text, '') || coalesce(pg_get_expr(c.relpartbound, c.oid), '')
        from pg_class c where c.relnamespace = 'register'::regnamespace and c.relkind in ('r', 'p') and c.relname !~ '^commands_'
        union all
        select 'column ' || attrelid::regclass || ' ' || attname || ' ' || atttypid::regtype || ' ' || attnotnull || ' ' || attcollation
        from pg_attribute join pg_class c on c.oid = attrelid
        where c.relnamespace = 'register'::regnamespace and c.relkind in ('r', 'p') and attnum > 0 and c.relname !~ '^commands_'
        order by 1";
    sqlx::query_scalar(sql).fetch_all(owner).await.unwrap()
}

#[tokio::test]
async fn the_same_seed_gives_the_same_tree_anywhere_and_another_seed_another() {
    let [first, second, third] = [Store::fresh().await, Store::fresh().await, Store::fresh().await];
    let one = made(&first, 7, 1_000).await;
    assert_eq!(one.events, 1_000);
    assert_eq!(made(&second, 7, 1_000).await, one);
    assert_ne!(made(&third, 8, 1_000).await.root, one.root);
}

#[tokio::test]
async fn it_is_sound_and_its_tables_are_those_of_any_other_log() {
    let (store, other) = (Store::fresh().await, Store::fresh().await);
    let before = shape(&other.owner).await;
    let made = made(&store, 7, 1_234).await;
    assert_eq!(shape(&store.owner).await, before);

    let verified = verify_with(&store.app, LOG, &Options::default(), &mut |_, _| {}).await.unwrap();
    assert!(verified.sound, "{verified:?}");
    let root: String = made.root.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((verified.events, verified.root), (made.events, root));
    // Each stream is what its events make it.
    let wrong: i64 = sqlx::query_scalar(
        "select count(*) from register.streams s full join (
             select aggregate_id::uuid as id, min(aggregate_type) as kind, max(sequence) as version,
                    min(position) as first, max(position) as last from register.events group by 1
         ) e on e.id = s.aggregate_id and e.kind = s.aggregate_type
         where (s.version, s.first_position, s.last_position) is distinct from (e.version, e.first, e.last)",
    )
    .fetch_one(&store.app)
    .await
    .unwrap();
    assert_eq!(wrong, 0);
    // Each command is in the ledger as of when its events were recorded.
    let wrong: i64 = sqlx::query_scalar(
        "select count(*) from register.commands c full join register.events e on e.position = c.first_position
         where c.recorded_at is distinct from e.recorded_at
            or (c.reply::json ->> 'position')::bigint is distinct from e.position",
    )
    .fetch_one(&store.app)
    .await
    .unwrap();
    assert_eq!(wrong, 0);
}

#[tokio::test]
async fn an_appender_goes_on_where_it_ends_and_knows_its_commands_and_records() {
    let store = Store::fresh().await;
    let made = made(&store, 7, 600).await;
    let appender = store.appender();
    let repeated = Uuid::from_u128(1 << 64 | 3);
    let mut again = add_as(repeated, Uuid::from_u128(4), 1);
    again.occurred_at = (start() + TimeDelta::minutes(30)).fixed_offset();
    let reply = appender.submit(again).await.unwrap();
    assert!(reply.repeated && reply.position == 4, "{reply:?}");
    let reply = appender.submit(add_as(Uuid::now_v7(), Uuid::from_u128(4), 1)).await.unwrap();
    assert_eq!((reply.position, reply.version), (made.events + 1, 8));
    let verified = verify_with(&store.app, LOG, &Options::default(), &mut |_, _| {}).await.unwrap();
    assert!(verified.sound, "{verified:?}");
}

#[tokio::test]
async fn a_log_with_events_is_never_made_anew() {
    let store = Store::fresh().await;
    store.appender().submit(add_as(Uuid::now_v7(), Uuid::now_v7(), 1)).await.unwrap();
    assert!(matches!(begun(&store, 7).await, Err(WholeLogError::NotEmpty(_))));
    assert_eq!(store.positions().await, [1]);
}

#[tokio::test]
async fn one_that_was_broken_off_is_refused_until_it_is_begun_again() {
    let store = Store::fresh().await;
    let mut log = begun(&store, 7).await.unwrap();
    write(&mut log, 700).await;
    drop(log);
    let sets = log_sets("test");
    let refused = migrate(&store.owner, "test", &sets).await;
    assert!(matches!(refused, Err(MigrateError::Unfinished { .. })), "{refused:?}");
    migrate_empty(&store.owner, "test", &sets).await.unwrap();
    let made_again = made(&store, 7, 1_000).await;
    assert_eq!(made_again, made(&Store::fresh().await, 7, 1_000).await);
    migrate(&store.owner, "test", &sets).await.unwrap();
}

#[tokio::test]
async fn a_command_that_is_refused_leaves_nothing() {
    let store = Store::fresh().await;
    let mut log = begun(&store, 7).await.unwrap();
    let submission = |n| add_as(Uuid::now_v7(), Uuid::from_u128(1), n);
    let refused = log.append(&submission(LIMIT + 1), start()).await.unwrap();
    assert!(matches!(refused, Err(AppendError::Refused(_))), "{refused:?}");
    log.append(&submission(1), start()).await.unwrap().unwrap();
    assert_eq!(log.finish().await.unwrap().events, 1);
    let kinds: BTreeMap<String, i64> = sqlx::query_as("select event_type, count(*) from register.events group by 1")
        .fetch_all(&store.app)
        .await
        .unwrap()
        .into_iter()
        .collect();
    assert_eq!(kinds.len(), 1, "{kinds:?}");
}

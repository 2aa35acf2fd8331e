//! Consumers: every event takes effect once, whoever dies; a guilty event stops its record and nobody else.

mod support;

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use event_store::append::Appender;
use event_store::consumer::{
    ApplyError, Build, Consumer, ConsumerError, Delivery, Handler, Heads, LEASE, Ledger, Progress, ProgressWatch,
    Session, Worker, holder_name, parked, retry_parked, run, statuses,
};
use event_store::log::{DecodeError, LogPosition, StoredEvent};
use event_store::migrate::migrate;
use futures::future::BoxFuture;
use sqlx::{Executor as _, PgConnection, PgPool};
use support::counter::CounterEvent;
use support::{LOG, Store, add, pool};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

const SUMS: Consumer = Consumer::live("sums", 1, &[LOG]);

/// Adds up each counter, and writes down how often each event was seen. The database refuses sums from 1,000 on.
struct Sums {
    pause: Duration,
}

impl Handler for Sums {
    type Event = CounterEvent;

    fn reads(&self) -> &'static [&'static str] {
        &["counter"]
    }

    fn decode(&self, event: &StoredEvent) -> Result<CounterEvent, DecodeError> {
        event.decode()
    }

    fn apply<'a>(
        &'a mut self,
        tx: &'a mut PgConnection,
        batch: &'a [Delivery<CounterEvent>],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            for Delivery { stored, event: CounterEvent::Added { n, .. } } in batch {
                assert_ne!(*n, 666, "a handler may panic");
                let add = "insert into sums (counter, total, seen) values ($1, $2, 1)
                           on conflict (counter) do update set total = sums.total + $2, seen = sums.seen + 1";
                sqlx::query(add).bind(stored.aggregate_id).bind(n).execute(&mut *tx).await?;
                tokio::time::sleep(self.pause).await;
            }
            Ok(())
        })
    }
}

const SUMS_TABLE: &str = "
    create table if not exists sums (counter uuid primary key, total bigint not null check (total < 1000), seen bigint not null);
    grant all on sums to vnr_app;";

struct Fixture {
    store: Store,
    appender: Appender,
}

impl Fixture {
    async fn fresh() -> Fixture {
        let store = Store::fresh().await;
        let mut sets = event_store::migrate::log_sets("test");
        sets.push(event_store::consumer::migration_set());
        migrate(&store.owner, "test", &sets).await.unwrap();
        store.owner.execute(SUMS_TABLE).await.unwrap();
        let mut tx = store.owner.begin().await.unwrap();
        let start = [(LOG, Progress { position: LogPosition::START, generation: 1 })];
        Ledger::register_in_tx(&mut tx, &SUMS, &start).await.unwrap();
        tx.commit().await.unwrap();
        let appender = store.appender();
        Fixture { store, appender }
    }

    fn ledger(&self, lease: Duration) -> Ledger {
        Ledger::new(self.store.app.clone(), SUMS, holder_name(), lease)
    }

    async fn session(&self, lease: Duration) -> Result<Option<Session>, ConsumerError> {
        Session::open(&self.ledger(lease), &[self.store.reader()]).await
    }

    async fn add_all(&self, additions: &[(Uuid, i64)]) {
        for some in additions.chunks(500) {
            let pending = some.iter().map(|(counter, n)| self.appender.enqueue(add(*counter, *n)).unwrap());
            for pending in pending.collect::<Vec<_>>() {
                pending.await.unwrap();
            }
        }
    }

    async fn sums(&self) -> Vec<(Uuid, i64, i64)> {
        sqlx::query_as("select counter, total, seen from sums order by counter")
            .fetch_all(&self.store.app)
            .await
            .unwrap()
    }

    async fn progress(&self) -> i64 {
        statuses(&self.store.app).await.unwrap()[0].progress
    }
}

/// A worker in a task of its own; it ends when the sender is dropped.
fn start(app: &PgPool, pause: Duration) -> (watch::Sender<bool>, ProgressWatch, JoinHandle<()>) {
    let (shutdown, mut ended) = watch::channel(false);
    let progress = ProgressWatch::start(app.clone());
    let mut worker = Worker {
        ledger: Ledger::new(app.clone(), SUMS, holder_name(), LEASE),
        readers: vec![event_store::read::LogReader::new(app.clone(), LOG)],
        heads: Arc::new(Heads::start(app, &[LOG])),
        progress: progress.clone(),
        handler: Sums { pause },
    };
    let task = tokio::spawn(async move { run(&mut worker, &mut ended).await });
    (shutdown, progress, task)
}

fn counters(n: u128) -> Vec<Uuid> {
    (1..=n).map(Uuid::from_u128).collect()
}

/// Additions that leave each of the counters at `rounds`.
fn ones(counters: &[Uuid], rounds: usize) -> Vec<(Uuid, i64)> {
    (0..rounds).flat_map(|_| counters.iter().map(|counter| (*counter, 1))).collect()
}

const SECONDS: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_worker_follows_the_log_and_those_who_wait_for_it_are_told() {
    let fixture = Fixture::fresh().await;
    let (_shutdown, progress, _task) = start(&fixture.store.app, Duration::ZERO);
    let elsewhere = ProgressWatch::start(fixture.store.app.clone());
    for round in 1..=3 {
        fixture.add_all(&ones(&counters(20), 5)).await;
        let head = fixture.appender.head();
        progress.wait_for(LOG, head, &["sums"], SECONDS).await.unwrap();
        elsewhere.wait_for(LOG, head, &["sums"], SECONDS).await.unwrap();
        assert!(fixture.sums().await.iter().all(|(_, total, seen)| (*total, *seen) == (5 * round, 5 * round)));
    }
    let beyond = progress.wait_for(LOG, LogPosition::new(10_000), &["sums"], Duration::from_millis(50)).await;
    assert_eq!(beyond.unwrap_err().progress, LogPosition::new(300));
}

#[tokio::test]
async fn a_holder_whose_lease_was_taken_over_writes_nothing_more() {
    let fixture = Fixture::fresh().await;
    fixture.add_all(&ones(&counters(3), 4)).await;
    let mut handler = Sums { pause: Duration::ZERO };
    let mut sleeper = fixture.session(Duration::from_millis(50)).await.unwrap().expect("the lease is free");
    assert!(fixture.session(LEASE).await.unwrap().is_none(), "it is held");
    tokio::time::sleep(Duration::from_millis(120)).await;

    let mut other = fixture.session(LEASE).await.unwrap().expect("the lease has run out");
    let late = sleeper.step(&mut handler, LOG).await;
    assert!(matches!(late, Err(ConsumerError::LeaseLost { .. })), "{late:?}");
    assert!(fixture.sums().await.is_empty());
    assert_eq!(other.step(&mut handler, LOG).await.unwrap().events, 12);
    let too_late = sleeper.renew(Duration::ZERO).await;
    assert!(matches!(too_late, Err(ConsumerError::LeaseLost { .. })), "{too_late:?}");
    assert!(fixture.sums().await.iter().all(|(_, total, seen)| (*total, *seen) == (4, 4)));
}

#[tokio::test]
async fn another_worker_takes_over_from_one_that_ends_and_from_one_that_dies() {
    let fixture = Fixture::fresh().await;
    let (first, progress, first_task) = start(&fixture.store.app, Duration::ZERO);
    fixture.add_all(&ones(&counters(5), 1)).await;
    progress.wait_for(LOG, fixture.appender.head(), &["sums"], SECONDS).await.unwrap();
    let (_second, progress, second_task) = start(&fixture.store.app, Duration::ZERO);
    drop(first);
    first_task.await.unwrap();
    fixture.add_all(&ones(&counters(5), 1)).await;
    progress.wait_for(LOG, fixture.appender.head(), &["sums"], Duration::from_secs(3)).await.unwrap();

    // Without a word, as kill -9 would: its lease has to run out.
    second_task.abort();
    let (_third, progress, _task) = start(&fixture.store.app, Duration::ZERO);
    fixture.add_all(&ones(&counters(5), 1)).await;
    progress.wait_for(LOG, fixture.appender.head(), &["sums"], Duration::from_secs(8)).await.unwrap();
    assert!(fixture.sums().await.iter().all(|(_, total, seen)| (*total, *seen) == (3, 3)));
}

#[tokio::test]
async fn a_guilty_event_parks_its_record_alone_and_a_retry_takes_it_in_again() {
    let fixture = Fixture::fresh().await;
    let all = counters(10);
    let (refused, panicked) = (all[3], all[7]);
    let mut additions = ones(&all, 2);
    additions.extend([(refused, 5_000), (panicked, 666)]);
    additions.extend(ones(&all, 3));
    fixture.add_all(&additions).await;

    let mut handler = Sums { pause: Duration::ZERO };
    let mut session = fixture.session(LEASE).await.unwrap().expect("the lease is free");
    session.step(&mut handler, LOG).await.unwrap();
    assert_eq!(fixture.progress().await, i64::try_from(additions.len()).unwrap());
    for (counter, total, _) in fixture.sums().await {
        let expected = if counter == refused || counter == panicked { 2 } else { 5 };
        assert_eq!(total, expected, "{counter}");
    }
    let left_out = parked(&fixture.store.app, Some("sums")).await.unwrap();
    let places: Vec<_> = left_out.iter().map(|record| (record.aggregate_id, record.first_position)).collect();
    assert_eq!(places, [(refused, 21), (panicked, 22)]);
    assert!(left_out[0].error.contains("23514"), "{}", left_out[0].error);

    // It stays parked while the reason is there, also for a worker that comes anew …
    fixture.add_all(&[(refused, 1)]).await;
    session.step(&mut handler, LOG).await.unwrap();
    let again = retry_parked(&SUMS, &fixture.store.reader(), &mut handler, refused).await;
    assert!(matches!(again, Err(ConsumerError::Apply(_))), "{again:?}");
    session.close().await;
    let mut session = fixture.session(LEASE).await.unwrap().expect("the lease is free");
    fixture.add_all(&[(refused, 1)]).await;
    session.step(&mut handler, LOG).await.unwrap();

    // … and is whole when it is gone.
    fixture.store.owner.execute("alter table sums drop constraint sums_total_check").await.unwrap();
    let taken_in = retry_parked(&SUMS, &fixture.store.reader(), &mut handler, refused).await.unwrap();
    assert_eq!(taken_in, Some(6), "the guilty one, three and two more");
    assert_eq!(retry_parked(&SUMS, &fixture.store.reader(), &mut handler, refused).await.unwrap(), None);
    let sum = fixture.sums().await.into_iter().find(|(counter, ..)| *counter == refused);
    assert_eq!(sum.map(|(_, total, _)| total), Some(2 + 5_000 + 3 + 2));
    let stale = session.renew(Duration::ZERO).await;
    assert!(
        matches!(stale, Err(ConsumerError::LeaseLost { .. })),
        "the worker looks again at what is parked: {stale:?}"
    );
}

#[tokio::test]
async fn a_consumer_ahead_of_its_log_refuses_and_says_what_to_do() {
    let fixture = Fixture::fresh().await;
    fixture.add_all(&ones(&counters(2), 1)).await;
    let ahead = "update projections.consumers set progress = 7";
    fixture.store.app.execute(ahead).await.unwrap();
    let error = fixture.session(LEASE).await.unwrap_err();
    assert!(matches!(error, ConsumerError::AheadOfLog { .. }), "{error:?}");
    assert!(error.to_string().contains("vnr projections rebuild sums"), "{error}");

    let (_shutdown, _progress, _task) = start(&fixture.store.app, Duration::ZERO);
    let told = wait_until(async || statuses(&fixture.store.app).await.unwrap()[0].last_error.is_some()).await;
    assert!(told, "and it is told where `vnr projections list` finds it");
}

#[tokio::test]
async fn what_another_version_of_the_code_wrote_is_left_alone() {
    let fixture = Fixture::fresh().await;
    let newer = Consumer { version: 2, build: Build::Live, ..SUMS };
    let ledger = Ledger::new(fixture.store.app.clone(), newer, holder_name(), LEASE);
    let error = Session::open(&ledger, &[fixture.store.reader()]).await.unwrap_err();
    assert!(matches!(error, ConsumerError::OtherVersion { found: 1, wanted: 2, .. }), "{error:?}");
}

#[tokio::test]
async fn a_database_that_cuts_everybody_off_is_waited_for() {
    let fixture = Fixture::fresh().await;
    let (_shutdown, progress, task) = start(&fixture.store.app, Duration::ZERO);
    let superuser = pool(&fixture.store.superuser_url(), 1).await;
    for _ in 0..5 {
        fixture.add_all(&ones(&counters(50), 1)).await;
        let cut = "select pg_terminate_backend(pid) from pg_stat_activity
                   where datname = current_database() and pid <> pg_backend_pid() and usename = 'vnr_app'
                     and query not like '%.append(%'";
        superuser.execute(cut).await.unwrap();
    }
    let head = fixture.store.reader().head().await.unwrap().position;
    progress.wait_for(LOG, head, &["sums"], SECONDS).await.unwrap();
    assert!(!task.is_finished());
    assert!(fixture.sums().await.iter().all(|(_, total, seen)| total == seen), "nothing twice");
    assert_eq!(fixture.sums().await.iter().map(|(_, total, _)| total).sum::<i64>(), head.as_i64());
}

async fn wait_until(mut holds: impl AsyncFnMut() -> bool) -> bool {
    for _ in 0..200 {
        if holds().await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

const CHILD: &str = "VNR_TEST_CONSUMER_URL";

/// Not a test of its own: the process that the next test kills.
#[tokio::test]
async fn child_process_that_works_until_it_is_killed() {
    let Ok(url) = std::env::var(CHILD) else { return };
    let app = pool(&url, 4).await;
    let (_shutdown, _progress, task) = start(&app, Duration::from_micros(300));
    task.await.unwrap();
}

#[tokio::test]
async fn killed_in_the_middle_of_batches_it_loses_and_doubles_nothing() {
    let fixture = Fixture::fresh().await;
    let all = counters(40);
    fixture.add_all(&ones(&all, 100)).await;
    let this = std::env::current_exe().unwrap();
    let mut kills = 0;
    while fixture.progress().await < 4_000 && kills < 12 {
        let mut child = Command::new(&this)
            .args(["--exact", "child_process_that_works_until_it_is_killed", "--nocapture"])
            .env(CHILD, fixture.store.database.app_url())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Takes the lease of the one before as soon as that has run out; then dies somewhere in a batch.
        fixture.store.app.execute("update projections.consumers set lease_until = now()").await.unwrap();
        let before = fixture.progress().await;
        let mid = wait_until(async || fixture.progress().await > before || child.try_wait().unwrap().is_some()).await;
        assert!(mid, "the child never moved");
        tokio::time::sleep(Duration::from_millis(37 * (kills % 4))).await;
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        let seen: i64 = fixture.sums().await.iter().map(|(_, _, seen)| seen).sum();
        assert_eq!(seen, fixture.progress().await, "what is written and the progress are one");
    }
    assert!(kills > 1, "it was killed on the way");
    fixture.store.app.execute("update projections.consumers set lease_until = now()").await.unwrap();
    let (_shutdown, progress, _task) = start(&fixture.store.app, Duration::ZERO);
    progress.wait_for(LOG, LogPosition::new(4_000), &["sums"], SECONDS).await.unwrap();
    assert!(fixture.sums().await.iter().all(|(_, total, seen)| (*total, *seen) == (100, 100)));
}

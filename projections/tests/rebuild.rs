//! Rebuilding beside the live read model, listing, parking, waiting.

mod support;

use std::process::{Command, Stdio};
use std::time::Duration;

use event_store::log::{LogName, LogPosition};
use projections::case_search::{CaseSearch, IncidentFilter, IncidentRow};
use projections::{Order, RebuildError, RebuildProgress, list, rebuild};
use serde_json::json;
use sqlx::Executor as _;
use support::work::RandomWork;
use support::{AtWork, PATIENCE, System};
use uuid::Uuid;

async fn any_incident(system: &System) -> IncidentRow {
    let mut connection = system.pools.app.acquire().await.unwrap();
    let filter = IncidentFilter::default();
    IncidentRow::search(&mut connection, &filter, None, Order::OldestFirst, 1).await.unwrap().remove(0)
}

async fn parked(system: &System) -> Vec<(String, Uuid)> {
    let parked = event_store::consumer::parked(&system.pools.app, None).await.unwrap();
    parked.into_iter().map(|record| (record.name, record.aggregate_id)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_while_commands_come_in_loses_nothing_and_readers_never_miss_the_tables() {
    let system = System::fresh().await;
    let at_work = system.start();
    RandomWork::new(21, 30).go_on(&system, 1_500).await;
    system.caught_up(&at_work).await;

    let mut work = RandomWork::new(22, 30);
    let reading = async {
        // A reader with a statement that was prepared before the switch.
        let mut connection = system.pools.app.acquire().await.unwrap();
        let mut longest = Duration::ZERO;
        loop {
            let begun = std::time::Instant::now();
            IncidentRow::count(&mut connection, &IncidentFilter::default()).await.unwrap();
            longest = longest.max(begun.elapsed());
            tokio::time::sleep(Duration::from_millis(2)).await;
            assert!(longest < Duration::from_secs(5));
        }
    };
    let rebuilding = async {
        for name in [
            "case_search",
            "case_file",
            "cards",
            "roster",
            "roster_history",
            "timeline",
            "access_grants",
            "case_search",
        ] {
            let mut told = 0;
            let mut tell = |progress: RebuildProgress| {
                assert!(progress.events <= progress.of);
                told += 1;
            };
            let rebuilt = rebuild(&system.pools, &system.registry, name, &mut tell).await.unwrap();
            assert!(told > 0 && rebuilt.events > 0, "{rebuilt:?}");
            assert!(rebuilt.rows.iter().all(|(_, rows)| rows.is_some_and(|rows| rows > 0)), "{rebuilt:?}");
        }
    };
    let both = async {
        tokio::join!(rebuilding, work.go_on(&system, 900));
    };
    tokio::select! {
        () = both => {}
        () = reading => {}
    }
    system.caught_up(&at_work).await;
    let live = system.all_rows().await;
    for name in system.registry.names() {
        rebuild(&system.pools, &system.registry, name, &mut |_| {}).await.unwrap();
    }
    assert!(live == system.all_rows().await, "what the live workers went on with is what a rebuild gives");
    let schemas = "select nspname::text from pg_namespace where nspname like '%\\_\\_%' order by 1";
    let left: Vec<String> = sqlx::query_scalar(schemas).fetch_all(&system.pools.app).await.unwrap();
    let mut previous: Vec<String> = system.registry.names().iter().map(|name| format!("{name}__old")).collect();
    previous.sort_unstable();
    assert_eq!(left, previous, "what served before is kept, nothing else is left behind");
}

const CHILD: &str = "VNR_TEST_REBUILD_URLS";

/// Not a test of its own: the process that the next test kills.
#[tokio::test]
async fn child_process_that_rebuilds_until_it_is_killed() {
    let Ok(urls) = std::env::var(CHILD) else { return };
    let (owner, app) = urls.split_once(' ').unwrap();
    let pool = |url: &str| sqlx::PgPool::connect_lazy(url).unwrap();
    let pools = projections::Pools { owner: pool(owner), app: pool(app) };
    let mut slowly = |_: RebuildProgress| std::thread::sleep(Duration::from_millis(80));
    let _ = rebuild(&pools, &projections::Registry::all(), "timeline", &mut slowly).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_that_was_killed_goes_on_where_it_stopped() {
    let system = System::fresh().await;
    let at_work = system.start();
    RandomWork::new(31, 40).go_on(&system, 3_000).await;
    system.caught_up(&at_work).await;
    let live = system.all_rows().await;
    let urls = format!("{} {}", system.database.owner_url(), system.database.app_url());
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_process_that_rebuilds_until_it_is_killed"])
        .env(CHILD, urls)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let progress = async || {
        let sql = "select coalesce(max(progress), 0) from projections.consumers where build = 'rebuild'";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&system.pools.app).await.unwrap()
    };
    let mut seen = 0;
    while seen == 0 && child.try_wait().unwrap().is_none() {
        seen = progress().await;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(seen > 0, "it was killed on the way");
    let held = rebuild(&system.pools, &system.registry, "timeline", &mut |_| {}).await;
    assert!(matches!(held, Err(RebuildError::UnderWay { .. })), "the lease of the dead has to run out: {held:?}");
    system
        .pools
        .app
        .execute("update projections.consumers set lease_until = now() where build = 'rebuild'")
        .await
        .unwrap();
    let rebuilt = rebuild(&system.pools, &system.registry, "timeline", &mut |_| {}).await.unwrap();
    assert!(rebuilt.resumed);
    let head = system.reader(LogName::REGISTER).head().await.unwrap().position.get();
    assert_eq!(rebuilt.progress, [("register", head)]);
    assert!(rebuilt.events < head, "{rebuilt:?}");
    assert!(live == system.all_rows().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poison_event_parks_its_record_in_each_read_model_and_nothing_else_stops() {
    let system = System::fresh().await;
    let at_work = system.start();
    let mut work = RandomWork::new(41, 10);
    work.go_on(&system, 200).await;
    system.caught_up(&at_work).await;
    let victim = any_incident(&system).await;
    system.forge(victim.id, json!({"IncidentSupplemented": {"occurred_from": "Anna at noon"}})).await;
    system.forge(victim.id, json!({"IncidentSupplemented": {}})).await;
    let mut work = RandomWork::new(42, 30);
    work.poisoned = true;
    work.go_on(&system, 300).await;
    system.caught_up(&at_work).await;

    let models = ["case_file", "case_search", "timeline"];
    assert_eq!(parked(&system).await, models.map(|model| (model.to_owned(), victim.id)));
    let mut connection = system.pools.app.acquire().await.unwrap();
    let after = IncidentRow::by_id(&mut connection, victim.id).await.unwrap().unwrap();
    assert_eq!(after, victim, "it stays as it was before the poison");
    let reasons = event_store::consumer::parked(&system.pools.app, None).await.unwrap();
    assert!(reasons.iter().all(|record| !record.error.contains("Anna")), "{reasons:?}");
    let listed = list(&system.pools.app).await.unwrap();
    let counts: Vec<_> = listed.iter().map(|model| (model.name.as_str(), model.parked)).collect();
    assert_eq!(
        counts,
        [
            ("access_grants", 0),
            ("access_policies", 0),
            ("cards", 0),
            ("case_file", 1),
            ("case_search", 1),
            ("cautions", 0),
            ("consultations", 0),
            ("notices", 0),
            ("read_model_acts", 0),
            ("response_plans", 0),
            ("roster", 0),
            ("roster_history", 0),
            ("shifts", 0),
            ("source_journals", 0),
            ("timeline", 1)
        ]
    );

    let rebuilt = rebuild(&system.pools, &system.registry, "case_search", &mut |_| {}).await.unwrap();
    assert_eq!(rebuilt.parked, 1, "a rebuild parks what the live one parked");
    let after = IncidentRow::by_id(&mut connection, victim.id).await.unwrap().unwrap();
    assert_eq!(after, victim);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_a_newer_program_is_waited_for_and_nothing_is_parked() {
    let system = System::fresh().await;
    let at_work = system.start();
    RandomWork::new(51, 10).go_on(&system, 100).await;
    system.caught_up(&at_work).await;
    let head = system.reader(LogName::REGISTER).head().await.unwrap().position;
    let victim = any_incident(&system).await;
    system.forge(victim.id, json!({"version": "2"})).await;
    let waited = at_work.running.progress.wait_for(
        LogName::REGISTER,
        LogPosition::new(head.get() + 1),
        &["cards", "roster"],
        PATIENCE,
    );
    waited.await.unwrap();
    let told = async || {
        let listed = list(&system.pools.app).await.unwrap();
        let model = listed.into_iter().find(|model| model.name == "case_search").unwrap();
        (model.progress, model.last_error.unwrap_or_default())
    };
    let mut waiting = told().await;
    for _ in 0..100 {
        if !waiting.1.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        waiting = told().await;
    }
    assert_eq!(waiting.0, head.as_i64());
    assert!(waiting.1.contains("version 2") && waiting.1.contains("newer"), "{}", waiting.1);
    assert!(parked(&system).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_models_of_an_older_program_are_rebuilt_and_of_a_newer_one_left_alone() {
    let system = System::fresh().await;
    let at_work = system.start();
    RandomWork::new(61, 10).go_on(&system, 100).await;
    system.caught_up(&at_work).await;
    let before = system.rows::<CaseSearch>("case_search").await;
    stop(at_work).await;
    let older = "update projections.consumers set version = 0 where name = 'case_search'";
    let newer = "update projections.consumers set version = 9 where name = 'cards'";
    system.pools.app.execute(older).await.unwrap();
    system.pools.app.execute(newer).await.unwrap();
    system.pools.app.execute("delete from case_search.incidents").await.unwrap();
    let at_work = system.start();
    RandomWork::new(62, 1).go_on(&system, 5).await;
    let head = system.reader(LogName::REGISTER).head().await.unwrap().position;
    at_work.running.progress.wait_for(LogName::REGISTER, head, &["case_search", "roster"], PATIENCE).await.unwrap();
    let after = system.rows::<CaseSearch>("case_search").await;
    assert!(after.len() >= before.len());
    let listed = list(&system.pools.app).await.unwrap();
    let versions: Vec<_> = listed.iter().map(|model| (model.name.as_str(), model.version)).collect();
    assert_eq!(
        versions,
        [
            ("access_grants", 1),
            ("access_policies", 1),
            ("cards", 9),
            ("case_file", 3),
            ("case_search", 6),
            ("cautions", 1),
            ("consultations", 1),
            ("notices", 1),
            ("read_model_acts", 1),
            ("response_plans", 1),
            ("roster", 3),
            ("roster_history", 2),
            ("shifts", 1),
            ("source_journals", 1),
            ("timeline", 5)
        ]
    );
}

async fn stop(at_work: AtWork) {
    let AtWork { running, shutdown } = at_work;
    drop(shutdown);
    running.ended().await;
}

#[tokio::test]
async fn an_unknown_name_is_answered_with_the_known_ones() {
    let system = System::fresh().await;
    let error = rebuild(&system.pools, &system.registry, "roaster", &mut |_| {}).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no read model `roaster`: there are case_search, case_file, cards, roster, timeline, consultations, access_grants, access_policies, source_journals, notices, cautions, response_plans, shifts, roster_history, read_model_acts"
    );
}

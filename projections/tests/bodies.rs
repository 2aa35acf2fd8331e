//! Bodies of data of a read model side by side: built in slices, switched under load, gone back to, compared, paused; records that were
//! parked, released.

mod support;

use std::process::{Command, Stdio};
use std::time::Duration;

use domain::read_model::ReadModelBody;
use domain::values::{Actor, InstitutionCode, Reason, UserName};
use event_store::log::LogName;
use projections::case_file::CaseFile;
use projections::case_search::{CaseSearch, IncidentRow};
use projections::cautions::Cautions;
use projections::keeping::{Done, Keeper, untold};
use projections::notices::Notices;
use projections::roster_history::RosterHistory;
use projections::timeline::Timeline;
use projections::{Keeping, Projection, RebuildError, Registry, list};
use serde_json::json;
use sqlx::Executor as _;
use support::work::RandomWork;
use support::{PATIENCE, System};

fn keeper() -> Keeper {
    let by = Actor { institution: InstitutionCode::parse("IC").unwrap(), user: UserName::parse("a.ozola").unwrap() };
    Keeper { by: Some(by), reason: Reason::parse("a test").unwrap() }
}

fn keeping(system: &System, name: &str) -> Keeping {
    Keeping::of(&system.pools, &system.registry, name, keeper()).unwrap()
}

/// A register in which some work was done and taken in.
async fn at_work(seed: u64, commands: usize) -> (System, support::AtWork) {
    let system = System::fresh().await;
    let at_work = system.start();
    RandomWork::new(seed, 20).go_on(&system, commands).await;
    system.caught_up(&at_work).await;
    (system, at_work)
}

async fn in_slices<P: Projection>(system: &System) {
    assert!(!P::APART.is_empty(), "{} can't be built in slices", P::NAME);
    let live = system.rows::<P>(P::NAME).await;
    let rebuilt = keeping(system, P::NAME).rebuild(4, false, &mut |_| {}).await.unwrap();
    assert!(!rebuilt.serves && rebuilt.parked == 0, "{rebuilt:?}");
    let candidate = system.rows::<P>(&format!("{}__rebuild", P::NAME)).await;
    assert!(live == candidate, "{}: built in slices it is the same", P::NAME);
    assert!(keeping(system, P::NAME).diff().await.unwrap().is_empty(), "{}", P::NAME);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_built_in_slices_is_what_is_built_in_one_go() {
    let (system, _at_work) = at_work(71, 700).await;
    in_slices::<CaseSearch>(&system).await;
    in_slices::<CaseFile>(&system).await;
    in_slices::<Timeline>(&system).await;
    in_slices::<RosterHistory>(&system).await;
    in_slices::<Notices>(&system).await;
    in_slices::<Cautions>(&system).await;
    let refused = keeping(&system, "cards").rebuild(2, false, &mut |_| {}).await;
    assert!(
        matches!(refused, Err(RebuildError::NotApart { .. })),
        "units and cards depend on one another: {refused:?}"
    );
}

const CHILD: &str = "VNR_TEST_SLICES_URLS";

/// Not a test of its own: the process that the next test kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_process_that_fills_slices_until_it_is_killed() {
    let Ok(urls) = std::env::var(CHILD) else { return };
    let (owner, app) = urls.split_once(' ').unwrap();
    let pool = |url: &str| sqlx::PgPool::connect_lazy(url).unwrap();
    let pools = projections::Pools { owner: pool(owner), app: pool(app) };
    let keeping = Keeping::of(&pools, &Registry::all(), "timeline", keeper()).unwrap();
    let _ = keeping.rebuild(3, false, &mut |_| {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slices_whose_process_was_killed_go_on_where_each_stopped() {
    let (system, _at_work) = at_work(72, 1_500).await;
    let live = system.rows::<Timeline>("timeline").await;
    let urls = format!("{} {}", system.database.owner_url(), system.database.app_url());
    let moved = async || {
        let sql = "select coalesce(sum(progress), 0)::bigint from projections.consumers where build like 'rebuild-%'";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&system.pools.app).await.unwrap()
    };
    let mut kills = 0;
    while kills < 3 {
        let before = moved().await;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_process_that_fills_slices_until_it_is_killed"])
            .env(CHILD, &urls)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while moved().await == before && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        system
            .pools
            .app
            .execute("update projections.consumers set lease_until = now() where build <> 'live'")
            .await
            .unwrap();
    }
    let rebuilt = keeping(&system, "timeline").rebuild(3, false, &mut |_| {}).await.unwrap();
    assert!(rebuilt.resumed, "{rebuilt:?}");
    assert!(live == system.rows::<Timeline>("timeline__rebuild").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_during_a_switch_see_the_old_or_the_new_and_never_a_mixture() {
    let (system, at_work) = at_work(73, 600).await;
    keeping(&system, "case_search").rebuild(2, false, &mut |_| {}).await.unwrap();
    // What serves is marked in a column that no later event changes, so that every row says of which body it is.
    let head = system.reader(LogName::REGISTER).head().await.unwrap().position.as_i64();
    system.pools.app.execute("update case_search.incidents set opening_type = 'old'").await.unwrap();
    let asking = async {
        let sql = "select count(*) filter (where opening_type = 'old'), count(*) from case_search.incidents
                   where first_position <= $1";
        let (mut all, mut turns) = (None, Vec::new());
        loop {
            let (marked, count): (i64, i64) =
                sqlx::query_as(sql).bind(head).fetch_one(&system.pools.app).await.expect("no query is lost");
            assert_eq!(count, *all.get_or_insert(count), "no row is missing");
            assert!(marked == 0 || marked == count, "{marked} of {count} rows are of the old body");
            if turns.last() != Some(&marked) {
                turns.push(marked);
            }
            if turns.len() == 4 {
                return;
            }
        }
    };
    let mut work = RandomWork::new(74, 20);
    let switching = async {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let state = list(&system.pools.app).await.unwrap();
            let beside = &state.iter().find(|model| model.name == "case_search").unwrap().beside;
            match beside.iter().any(|body| body.build == "rebuild") {
                true => keeping(&system, "case_search").switch().await.unwrap(),
                false => keeping(&system, "case_search").roll_back().await.unwrap(),
            };
        }
    };
    let (asked, (), ()) = tokio::join!(tokio::time::timeout(PATIENCE, asking), switching, work.go_on(&system, 600));
    asked.expect("switched, rolled back, switched: each was seen");
    system.caught_up(&at_work).await;
    let done: Vec<Done> = untold(&system.pools.app).await.unwrap().into_iter().map(|act| act.done).collect();
    let version = CaseSearch::VERSION;
    assert_eq!(
        done,
        [
            Done::RebuildBegun { version },
            Done::Switched { from: version, version },
            Done::RolledBack { from: version, version },
            Done::Switched { from: version, version },
        ],
        "each act is noted for the log"
    );
    // Both bodies were kept up to date all the while: what serves now is what a rebuild gives.
    assert!(keeping(&system, "case_search").verify(2, &mut |_| {}).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_difference_is_told_with_the_event_that_says_so() {
    let (system, _at_work) = at_work(75, 600).await;
    let mut connection = system.pools.app.acquire().await.unwrap();
    let victim: uuid::Uuid = sqlx::query_scalar("select id from case_search.incidents order by id limit 1")
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    let truth = IncidentRow::by_id(&mut connection, victim).await.unwrap().unwrap();
    let spoil = "update case_search.incidents set type_code = 'invented' where id = $1";
    sqlx::query(spoil).bind(victim).execute(&mut *connection).await.unwrap();
    let keeping = keeping(&system, "case_search");
    let missing = keeping.diff().await;
    assert!(matches!(missing, Err(RebuildError::NoCandidate { .. })), "{missing:?}");
    let found = keeping.verify(1, &mut |_| {}).await.unwrap();
    let different: Vec<_> = found.tables.iter().flat_map(|table| &table.different).collect();
    assert_eq!(different.len(), 1, "{found:?}");
    assert_eq!(different[0].records, [victim]);
    assert_eq!(different[0].live.as_ref().unwrap()["type_code"], json!("invented"));
    assert_eq!(different[0].other.as_ref().unwrap()["type_code"], json!(truth.type_code));
    let why = keeping.explain("incidents", different[0]).await.unwrap().unwrap();
    let set = &why.columns["type_code"];
    assert_eq!((&set.value, set.agrees_with), (&json!(truth.type_code), Some("other")));
    assert!(set.position.unwrap() >= u64::try_from(truth.first_position).unwrap(), "{set:?}");
    let left: i64 = sqlx::query_scalar("select count(*) from pg_namespace where nspname like 'case\\_search\\_\\_%'")
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    assert_eq!(left, 0, "what it was compared with is gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sample_sees_what_is_missing_or_wrong_of_its_records() {
    let (system, _at_work) = at_work(79, 600).await;
    let keeping = keeping(&system, "case_search");
    // Broken off: the next attempt goes on with it, and one at the whole begins anew.
    let told = tokio::sync::Notify::new();
    let mut tell = |_| told.notify_one();
    tokio::select! {
        _ = keeping.verify_sample(4, &mut tell) => {}
        () = told.notified() => {}
    }
    assert!(keeping.verify(1, &mut |_| {}).await.unwrap().is_empty());
    let all: i64 =
        sqlx::query_scalar("select count(*) from case_search.incidents").fetch_one(&system.pools.app).await.unwrap();
    let sound = keeping.verify_sample(4, &mut |_| {}).await.unwrap();
    let rows = sound.tables.iter().find(|table| table.table == "incidents").unwrap().rows;
    assert!(sound.is_empty() && rows > 0 && rows < all.unsigned_abs(), "{rows} of {all}: {sound:?}");
    let spoil = ["update case_search.incidents set type_code = 'invented'", "delete from case_search.incidents"];
    for (spoil, live) in spoil.into_iter().zip([true, false]) {
        sqlx::query(spoil).execute(&system.pools.app).await.unwrap();
        let found = keeping.verify_sample(4, &mut |_| {}).await.unwrap();
        let incidents = found.tables.iter().find(|table| table.table == "incidents").unwrap();
        assert!(incidents.rows > 0 && incidents.different.len() as u64 == incidents.rows, "{incidents:?}");
        assert!(incidents.different.iter().all(|row| row.live.is_some() == live && row.other.is_some()));
    }
    let shifts = Keeping::of(&system.pools, &system.registry, "roster", Keeper::program()).unwrap();
    let refused = shifts.verify_sample(4, &mut |_| {}).await;
    assert!(matches!(refused, Err(RebuildError::NotApart { name: "roster" })), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_paused_stays_so_through_a_restart_and_goes_on_where_it_stopped() {
    let (system, at_work) = at_work(76, 300).await;
    assert!(keeping(&system, "timeline").pause().await.unwrap());
    assert!(!keeping(&system, "timeline").pause().await.unwrap(), "it was paused already");
    let stood = system.reader(LogName::REGISTER).head().await.unwrap().position.as_i64();
    let switched = keeping(&system, "timeline").rebuild(1, true, &mut |_| {}).await;
    assert!(matches!(switched, Err(RebuildError::Paused { .. })), "{switched:?}");
    let support::AtWork { running, shutdown } = at_work;
    drop(shutdown);
    running.ended().await;
    let at_work = system.start();
    RandomWork::new(77, 20).go_on(&system, 200).await;
    let head = system.reader(LogName::REGISTER).head().await.unwrap().position;
    at_work.running.progress.wait_for(LogName::REGISTER, head, &["case_search"], PATIENCE).await.unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    let listed = list(&system.pools.app).await.unwrap();
    let timeline = listed.iter().find(|model| model.name == "timeline").unwrap();
    assert!(timeline.paused && timeline.progress == stood, "{timeline:?}");
    assert!(keeping(&system, "timeline").resume().await.unwrap());
    system.caught_up(&at_work).await;
    assert!(keeping(&system, "timeline").verify(1, &mut |_| {}).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poison_event_of_each_kind_parks_one_record_and_a_retry_after_the_mending_releases_it() {
    let (system, at_work) = at_work(78, 300).await;
    let ids: Vec<uuid::Uuid> = sqlx::query_scalar("select id from case_search.incidents order by id limit 3")
        .fetch_all(&system.pools.app)
        .await
        .unwrap();
    let [unknown, broken, refused] = ids[..] else { panic!("three incidents") };
    let refuse =
        format!("alter table case_search.incidents add constraint full_moon check (id <> '{refused}') not valid");
    system.pools.owner.execute(refuse.as_str()).await.unwrap();
    system.forge(unknown, json!({"type": "IncidentDreamt", "IncidentDreamt": {}})).await;
    system.forge(broken, json!({"IncidentSupplemented": {"occurred_from": "Anna at noon"}})).await;
    system.forge(refused, json!({"IncidentSupplemented": {"actions": []}})).await;
    system.forge(refused, json!({"IncidentSupplemented": {}})).await;
    let mut work = RandomWork::new(79, 20);
    work.poisoned = true;
    work.go_on(&system, 100).await;
    system.caught_up(&at_work).await;
    let parked = async || {
        let all = event_store::consumer::parked(&system.pools.app, Some("case_search")).await.unwrap();
        let mut reasons: Vec<_> = all.into_iter().map(|record| (record.aggregate_id, record.error)).collect();
        reasons.sort_unstable();
        reasons
    };
    let reasons = parked().await;
    assert_eq!(reasons.iter().map(|(id, _)| *id).collect::<Vec<_>>(), ids, "{reasons:?}");
    assert!(reasons[0].1.contains("IncidentDreamt") && reasons[0].1.contains("doesn't know"), "{reasons:?}");
    assert!(reasons[1].1.contains("can't be read") && !reasons[1].1.contains("Anna"), "{reasons:?}");
    assert!(reasons[2].1.contains("23514") && reasons[2].1.contains("full_moon"), "{reasons:?}");

    // Nothing is mended yet: they stay.
    let outcomes = keeping(&system, "case_search").retry(None).await.unwrap();
    assert!(outcomes.len() == 3 && outcomes.iter().all(|(_, outcome)| outcome.is_err()), "{outcomes:?}");
    assert_eq!(parked().await.len(), 3);
    // The table is mended, and the program learns to read the two others.
    system.pools.owner.execute("alter table case_search.incidents drop constraint full_moon").await.unwrap();
    let outcomes = keeping(&system, "case_search").retry(Some(refused)).await.unwrap();
    assert!(matches!(outcomes[..], [(id, Ok(2..))] if id == refused), "{outcomes:?}");
    assert_eq!(parked().await.len(), 2);
    system.mend(unknown, json!({"IncidentSupplemented": {}}), "IncidentSupplemented").await;
    system.mend(broken, json!({"IncidentSupplemented": {}}), "IncidentSupplemented").await;
    let outcomes = keeping(&system, "case_search").retry(None).await.unwrap();
    assert!(outcomes.len() == 2 && outcomes.iter().all(|(_, outcome)| outcome.is_ok()), "{outcomes:?}");
    assert!(parked().await.is_empty());
    RandomWork::new(80, 20).go_on(&system, 50).await;
    system.caught_up(&at_work).await;
    assert!(keeping(&system, "case_search").verify(1, &mut |_| {}).await.unwrap().is_empty(), "as if nothing had been");
    let retried = untold(&system.pools.app).await.unwrap();
    assert!(retried.iter().filter(|act| matches!(act.done, Done::Retried { .. })).count() == 3, "{retried:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_does_not_switch_by_itself_to_what_was_rolled_back_from() {
    let (system, at_work) = at_work(81, 200).await;
    let support::AtWork { running, shutdown } = at_work;
    drop(shutdown);
    running.ended().await;
    // An older program has served: this one builds anew, switches, and keeps what was.
    system.pools.app.execute("update projections.consumers set version = 0 where name = 'case_search'").await.unwrap();
    let at_work = system.start();
    system.caught_up(&at_work).await;
    let beside = async || {
        let listed = list(&system.pools.app).await.unwrap();
        let model = listed.into_iter().find(|model| model.name == "case_search").unwrap();
        let beside = model.beside.into_iter().map(|body| (body.build, body.version, body.held));
        (model.version, beside.collect::<Vec<_>>())
    };
    let wait_for = async |wanted: i32| {
        for _ in 0..200 {
            if beside().await.0 == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("version {wanted} does not serve");
    };
    let version = i32::try_from(CaseSearch::VERSION).unwrap();
    wait_for(version).await;
    assert_eq!(beside().await.1, [("previous".to_owned(), 0, false)]);
    let back = keeping(&system, "case_search").roll_back().await.unwrap();
    assert_eq!((back.from, back.version), (CaseSearch::VERSION, 0));
    let support::AtWork { running, shutdown } = at_work;
    drop(shutdown);
    running.ended().await;
    let _at_work = system.start();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(beside().await, (0, vec![("rebuild".to_owned(), version, true)]), "it stays as somebody decided");
    let refused = keeping(&system, "case_search").roll_back().await;
    assert!(matches!(refused, Err(RebuildError::NoPrevious { .. })), "{refused:?}");
    keeping(&system, "case_search").switch().await.unwrap();
    assert_eq!(keeping(&system, "case_search").discard(ReadModelBody::Previous).await.unwrap(), 0);
    assert_eq!(beside().await, (version, Vec::new()));
}

//! Processes that die, and a database that goes away.

mod support;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use event_store::append::{AppendError, Appender, AppenderConfig, Submission};
use event_store::migrate::{log_sets, migrate};
use event_store::private_pg::{Options, PrivatePg, Profile};
use support::{LOG, Store, add, add_as, master, pool};
use uuid::Uuid;

const COMMAND: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_00aa);
const COUNTER: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_00bb);

/// Role: appends one command again and again under new ids, and once under the known one.
#[tokio::test]
async fn role_doomed_appender() {
    let Ok(url) = std::env::var("VNR_TEST_DOOMED_URL") else { return };
    let (appender, _task) = Appender::start(AppenderConfig::new(LOG, pool(&url, 3).await, master()));
    let _never_answered = appender.enqueue(add_as(COMMAND, COUNTER, 1)).unwrap();
    loop {
        appender.submit(add(Uuid::now_v7(), 1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_reply_survives_a_crash_between_commit_and_answer() {
    let store = Store::fresh().await;
    for round in 0..5 {
        let mut doomed = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "role_doomed_appender", "--nocapture"])
            .env("VNR_TEST_DOOMED_URL", store.database.app_url())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let before = store.positions().await.len();
        while store.positions().await.len() < before + 20 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        doomed.kill().unwrap();
        doomed.wait().unwrap();
        let reply = store.appender().submit(add_as(COMMAND, COUNTER, 1)).await.unwrap();
        assert!(reply.repeated && reply.version == 1, "round {round}: {reply:?}");
        let positions = store.positions().await;
        assert_eq!(positions, (1..=positions.len() as i64).collect::<Vec<_>>());
    }
    let verification = event_store::verify::verify(&store.app, LOG, &mut |_, _| {}).await.unwrap();
    assert!(verification.sound, "{verification:?}");
}

#[tokio::test]
async fn a_dead_database_is_waited_for_and_the_appender_recovers_by_itself() {
    let folder = std::env::temp_dir().join(format!("vnr-dead-{}", std::process::id()));
    let options = || Options::new(&folder).profile(Profile::Throwaway);
    let server = PrivatePg::start(options()).await.unwrap();
    migrate(&pool(&server.owner_url(), 1).await, "test", &log_sets("test")).await.unwrap();
    let (appender, _task) = Appender::start(AppenderConfig::new(LOG, pool(&server.app_url(), 3).await, master()));
    let counter = Uuid::now_v7();
    assert_eq!(appender.submit(add(counter, 1)).await.unwrap().position, 1);

    server.stop().await;
    let impatient = Submission { deadline: Some(Instant::now() + Duration::from_millis(300)), ..add(counter, 1) };
    let answer = appender.submit(impatient).await;
    assert!(matches!(answer, Err(AppendError::Unavailable)), "{answer:?}");
    let patient = appender.enqueue(add(counter, 1)).unwrap();

    let server = PrivatePg::start(options()).await.unwrap();
    assert_eq!(patient.await.unwrap().position, 2, "what waited is written when the database is back");
    assert_eq!(appender.submit(add(counter, 1)).await.unwrap().version, 3);
    server.stop().await;
    std::fs::remove_dir_all(&folder).unwrap();
}

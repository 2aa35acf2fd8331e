//! PostgreSQL itself killed under load, again and again: what was answered is there, what was not is there once or not at all,
//! and no number is missing.

mod support;

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use domain::emergency_card::{CardCommand, EmergencyCard};
use event_store::append::{AppendError, Appender, AppenderConfig, Lane, Metadata, Reply, Submission, Target, Touch};
use event_store::migrate::{log_sets, migrate};
use event_store::private_pg::{Options, PrivatePg};
use support::{LOG, master, pool, received_call};
use uuid::Uuid;

const WRITERS: usize = 12;
/// A command waits no longer for an answer than a dispatcher's system would.
const DEADLINE: Duration = Duration::from_millis(700);

fn kills() -> usize {
    if std::env::var_os("VNR_TEST_LONG").is_some() { 10 } else { 3 }
}

/// A call is received: it takes the next card number.
fn call(command_id: Uuid, card: Uuid) -> Submission {
    Submission {
        command_id,
        lane: Lane::Urgent,
        deadline: Some(Instant::now() + DEADLINE),
        digest: [7; 32],
        metadata: Metadata::new().with("command_id", &command_id.to_string()),
        occurred_at: chrono::Utc::now().fixed_offset(),
        touches: vec![Touch::of::<EmergencyCard>(card)],
        decide: Box::new(move |work| {
            work.execute::<EmergencyCard>(card, CardCommand::ReceiveCall(Box::new(received_call())))?;
            Ok(Target::of::<EmergencyCard>(card))
        }),
    }
}

#[derive(Default)]
struct Told {
    answered: HashMap<Uuid, Reply>,
    unanswered: Vec<Uuid>,
}

async fn write(appender: Appender, told: Arc<Mutex<Told>>, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        let (command, card) = (Uuid::now_v7(), Uuid::now_v7());
        match appender.submit(call(command, card)).await {
            Ok(reply) => {
                told.lock().unwrap().answered.insert(command, reply);
            }
            Err(AppendError::Unavailable | AppendError::DeadlinePassed) => {
                told.lock().unwrap().unanswered.push(command);
            }
            Err(other) => panic!("{other}"),
        }
    }
}

/// Every process of the server, without a chance to put anything in order.
fn kill(data: &Path) {
    let pid_file = std::fs::read_to_string(data.join("postgresql/data/postmaster.pid")).unwrap();
    let postmaster = pid_file.lines().next().unwrap();
    let _ = Command::new("pkill").args(["-KILL", "-P", postmaster]).status();
    assert!(Command::new("kill").args(["-KILL", postmaster]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_a_killed_postgresql_and_no_number_is_lost() {
    let folder = std::env::temp_dir().join(format!("vnr-killed-{}", std::process::id()));
    let options = || Options::new(&folder);
    let mut server = PrivatePg::start(options()).await.unwrap();
    migrate(&pool(&server.owner_url(), 1).await, "test", &log_sets("test")).await.unwrap();
    let url = server.app_url();
    let (told, stop) = (Arc::new(Mutex::new(Told::default())), Arc::new(AtomicBool::new(false)));
    let mut writers = tokio::task::JoinSet::new();
    // Two processes' worth of appenders: after each kill one of them may find that the other was first.
    for _ in 0..2 {
        let (appender, _task) = Appender::start(AppenderConfig::new(LOG, pool(&url, 4).await, master()));
        for _ in 0..WRITERS / 2 {
            writers.spawn(write(appender.clone(), Arc::clone(&told), Arc::clone(&stop)));
        }
    }
    for round in 0..kills() {
        let before = told.lock().unwrap().answered.len();
        let waiting = Instant::now();
        while told.lock().unwrap().answered.len() < before + 100 {
            assert!(waiting.elapsed() < Duration::from_secs(60), "round {round}: nothing is written any more");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        kill(&folder);
        drop(server);
        if round % 2 == 0 {
            // Down for longer than anybody waits: so some are told that they have no answer.
            tokio::time::sleep(DEADLINE * 2).await;
        }
        server = PrivatePg::start(options()).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    stop.store(true, Ordering::Relaxed);
    while let Some(writer) = writers.join_next().await {
        writer.unwrap();
    }

    let Told { answered, unanswered } = std::mem::take(&mut *told.lock().unwrap());
    let app = pool(&url, 2).await;
    let sql = "select (metadata->>'command_id')::uuid, position, payload->'CallReceived'->>'number' \
               from register.events order by position";
    let events: Vec<(Uuid, i64, String)> = sqlx::query_as(sql).fetch_all(&app).await.unwrap();
    let there: HashMap<Uuid, i64> = events.iter().map(|(command, position, _)| (*command, *position)).collect();
    assert_eq!(there.len(), events.len(), "no command took effect twice");
    for (command, reply) in &answered {
        assert_eq!(there.get(command), Some(&(reply.position as i64)), "an answered command is there");
    }
    let late = unanswered.iter().filter(|command| there.contains_key(command)).count();
    assert_eq!(events.len(), answered.len() + late, "there is nothing that nobody sent");
    assert!(!unanswered.is_empty(), "some waited for a dead database in vain");

    let year = events[0].2[4..8].to_owned();
    let expected = (1..=events.len()).map(|n| format!("VEK-{year}-{n:07}"));
    let numbers: Vec<&str> = events.iter().map(|(.., number)| number.as_str()).collect();
    assert!(expected.eq(numbers.iter().copied()), "numbers have a hole: {numbers:?}");
    let verification = event_store::verify::verify(&app, LOG, &mut |_, _| {}).await.unwrap();
    assert!(verification.sound, "{verification:?}");
    server.stop().await;
    std::fs::remove_dir_all(&folder).unwrap();
}

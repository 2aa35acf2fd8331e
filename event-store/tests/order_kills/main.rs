//! Eight processes append, each is killed again and again at a random moment and started again, and so is one of two readers that
//! tail the log meanwhile. Nothing may be lost, doubled or out of order; what a process was told of a command is what the log says.
//!
//! The short form kills as often and writes less; `VNR_TEST_LONG=1` runs the long one, of a million events. `VNR_TEST_SEED` chooses
//! again what is killed when; what it meets in that moment is up to the machine.

#![allow(clippy::print_stderr, reason = "a long test says what it counted")]

mod check;
mod orders;
mod reader;
#[path = "../support/mod.rs"]
mod support;
mod writer;

use std::time::{Duration, Instant};

use event_store::verify::verify;
use support::chance::Chance;
use support::notary::Folder;
use support::roles::Process;
use support::{LOG, Store};
use tokio::sync::watch;

const WRITERS: u64 = 8;

struct Form {
    is_long: bool,
    events: u64,
    /// Milliseconds between two kills: at least, less than.
    pause: (u64, u64),
    patience: Duration,
}

fn form() -> Form {
    if std::env::var_os("VNR_TEST_LONG").is_some() {
        Form { is_long: true, events: 1_000_000, pause: (100, 1_100), patience: Duration::from_secs(680) }
    } else {
        Form { is_long: false, events: 25_000, pause: (50, 350), patience: Duration::from_secs(120) }
    }
}

fn seed() -> u64 {
    match std::env::var("VNR_TEST_SEED") {
        Ok(seed) => seed.parse().expect("a seed is a number"),
        Err(_) => u64::from(std::process::id()) << 32 | u64::from(chrono::Utc::now().timestamp_subsec_nanos()),
    }
}

/// What is killed next. Each round has every writer once, the reader once, and all writers together once, in an order of chance.
#[derive(Debug, Clone, Copy)]
enum Victim {
    Writer(usize),
    Reader,
    AllWriters,
}

fn round(chance: &mut Chance) -> Vec<Victim> {
    let mut left: Vec<Victim> = (0..WRITERS as usize).map(Victim::Writer).collect();
    left.extend([Victim::Reader, Victim::AllWriters]);
    let mut round = Vec::new();
    while !left.is_empty() {
        round.push(left.swap_remove(chance.between(0, left.len() as u64) as usize));
    }
    round
}

/// Kills and starts again.
fn kill(victim: Victim, writers: &mut [Process], reader: &mut Process) {
    let killed = match victim {
        Victim::Writer(writer) => &mut writers[writer..=writer],
        Victim::Reader => std::slice::from_mut(reader),
        Victim::AllWriters => writers,
    };
    killed.iter_mut().for_each(Process::kill);
    killed.iter_mut().for_each(Process::restart);
}

/// A process that ends otherwise than by a kill has found something wrong and has said so.
fn none_gave_up<'a>(processes: impl IntoIterator<Item = &'a mut Process>) {
    for process in processes {
        assert!(process.ended().is_none_or(|status| status.success()), "a process gave up; what it said is above");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_doubled_or_out_of_order_when_eight_processes_are_killed_again_and_again() {
    let (form, seed, begun) = (form(), seed(), Instant::now());
    eprintln!("VNR_TEST_SEED={seed}");
    let mut chance = Chance::of(seed);
    let (store, folder) = (Store::fresh().await, Folder::new());
    let told = |writer: u64| {
        let url = store.database.app_url().to_owned();
        let folder = folder.0.display().to_string();
        vec![("url", url), ("folder", folder), ("writer", writer.to_string()), ("until", form.events.to_string())]
    };
    let (end, ends) = watch::channel(u64::MAX);
    let living = tokio::spawn(reader::living(store.app.clone(), ends));
    let mut reader = Process::start("reader::role_reader", told(0));
    let mut writers: Vec<Process> = (0..WRITERS).map(|n| Process::start("writer::role_writer", told(n))).collect();

    let log = store.reader();
    while log.head().await.unwrap().position.get() < form.events {
        for victim in round(&mut chance) {
            tokio::time::sleep(Duration::from_millis(chance.between(form.pause.0, form.pause.1))).await;
            assert!(begun.elapsed() < form.patience, "it takes too long");
            assert!(!living.is_finished(), "the reader that is never killed gave up");
            none_gave_up(writers.iter_mut().chain([&mut reader]));
            kill(victim, &mut writers, &mut reader);
        }
    }
    // Those that still live take their last answers and end.
    while !writers.iter_mut().all(|writer| writer.ended().is_some()) {
        assert!(begun.elapsed() < form.patience, "a writer does not end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    none_gave_up(&mut writers);
    let written = begun.elapsed();
    let head = log.head().await.unwrap().position;
    end.send(head.get()).unwrap();
    let seen = living.await.unwrap();
    assert_eq!(seen.position, head);
    while reader::progress(&folder.0).last().is_none_or(|seen| seen.position < head) {
        assert!(begun.elapsed() < form.patience, "the reader that is killed does not catch up");
        none_gave_up([&mut reader]);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let kills: usize = writers.iter().map(|writer| writer.kills).sum();
    eprintln!("{kills} kills of writers, {} of the reader; written in {:.0} s", reader.kills, written.as_secs_f64());

    let mut progress = reader::progress(&folder.0);
    progress.push(seen);
    let counts = check::check(&store, &folder.0, WRITERS, &progress).await;
    let (commands, events): (i64, i64) = sqlx::query_as("select count(*), sum(events)::bigint from register.commands")
        .fetch_one(&store.app)
        .await
        .unwrap();
    assert_eq!((commands as usize, events as u64), (counts.commands, counts.events), "the ledger has what the log has");
    let verification = verify(&store.app, LOG, &mut |_, _| {}).await.unwrap();
    assert!(verification.sound, "{verification:?}");
    assert_eq!(verification.root, counts.root);
    eprintln!("{counts:#?}\n{:.0} s in all", begun.elapsed().as_secs_f64());
    // What a kill meets is luck: few kills may have none.
    if form.is_long {
        assert!(counts.never_answered_and_there > 0, "no command took effect without an answer");
        assert!(counts.never_answered_and_not_there > 0, "no command was lost with its process");
    }
}

//! A process that appends until it is killed, and what it wrote down of its commands.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use event_store::append::{AppendError, Appender, AppenderConfig};

use crate::orders::Order;
use crate::support::journal::{Journal, lines};
use crate::support::roles::told;
use crate::support::{LOG, master, pool};

/// Commands that a writer has under way at once.
const IN_FLIGHT: usize = 64;
/// Answered commands that a process asks again when it starts.
const REPEATED: usize = 8;

pub(crate) fn journal(folder: &Path, writer: u64) -> PathBuf {
    folder.join(format!("writer-{writer}"))
}

/// What a writer knows of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    NeverAsked,
    Unanswered,
    Answered { position: u64 },
    Refused,
}

/// What a writer's journal says of its commands, in their order.
pub(crate) fn known(folder: &Path, writer: u64) -> Vec<Known> {
    let mut known = Vec::new();
    for line in lines(&journal(folder, writer)) {
        let number = |i: usize| -> u64 { line[i].parse().unwrap() };
        let n = number(1) as usize;
        if known.len() <= n {
            known.resize(n + 1, Known::NeverAsked);
        }
        let told = match line[0].as_str() {
            "asked" => Known::Unanswered,
            "answered" => Known::Answered { position: number(2) },
            "refused" => Known::Refused,
            other => panic!("a journal says `{other}`"),
        };
        match (known[n], told) {
            (Known::NeverAsked | Known::Unanswered, told) => known[n] = told,
            (_, Known::Unanswered) => {}
            (before, again) => assert_eq!(before, again, "command {n} of writer {writer} got two answers"),
        }
    }
    known
}

/// Role: goes on where the process before it was killed. Of the commands that have no answer it asks every other one again and
/// leaves the rest for ever; of those that have one it asks some again.
#[tokio::test]
async fn role_writer() {
    let Some(url) = told("url") else { return };
    let folder = PathBuf::from(told("folder").unwrap());
    let writer: u64 = told("writer").unwrap().parse().unwrap();
    let until: u64 = told("until").unwrap().parse().unwrap();

    let known = known(&folder, writer);
    let asked = known.len() as u64;
    let with = |wanted: fn(&Known) -> bool| (0..asked).zip(&known).filter(move |(_, known)| wanted(known));
    let unanswered = with(|known| *known == Known::Unanswered).map(|(n, _)| n).filter(|n| n % 2 == 0);
    let answered: Vec<u64> = with(|known| matches!(known, Known::Answered { .. })).map(|(n, _)| n).collect();
    let repeated = &answered[answered.len().saturating_sub(REPEATED)..];
    let again: Vec<u64> = unanswered.chain(repeated.iter().copied()).collect();
    let next = Arc::new(Mutex::new(again.into_iter().chain(asked..)));
    let known = Arc::new(known);
    let journal = Arc::new(Mutex::new(Journal::open(&journal(&folder, writer))));

    let (appender, _task) = Appender::start(AppenderConfig::new(LOG, pool(&url, 3).await, master()));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let (appender, next, known, journal) = (appender.clone(), next.clone(), known.clone(), journal.clone());
        callers.spawn(async move {
            while appender.head().get() < until {
                let Some(n) = next.lock().unwrap().next() else { return };
                journal.lock().unwrap().line(format_args!("asked {n}"));
                let before = known.get(n as usize).copied().unwrap_or(Known::NeverAsked);
                ask(&appender, Order { writer, n }, before, &journal).await;
            }
        });
    }
    while let Some(caller) = callers.join_next().await {
        caller.unwrap();
    }
}

async fn ask(appender: &Appender, order: Order, before: Known, journal: &Mutex<Journal>) {
    let n = order.n;
    match appender.submit(order.submission()).await {
        Ok(reply) => {
            assert!(!order.is_refused(), "{order:?} took effect: {reply:?}");
            assert_eq!(reply.events as usize, order.acts().len(), "{order:?}: {reply:?}");
            match before {
                Known::Answered { position } => {
                    assert!(reply.repeated && reply.position == position, "{order:?} had {position}, now {reply:?}");
                }
                Known::NeverAsked => assert!(!reply.repeated, "{order:?} was never asked: {reply:?}"),
                Known::Unanswered | Known::Refused => {}
            }
            journal.lock().unwrap().line(format_args!("answered {n} {}", reply.position));
        }
        Err(AppendError::Refused(_)) if order.is_refused() => {
            journal.lock().unwrap().line(format_args!("refused {n}"));
        }
        Err(other) => panic!("{order:?}: {other:?}"),
    }
}

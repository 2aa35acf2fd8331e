//! Appending: dense positions, one effect for one command, refusals that stand alone.

mod support;

use std::time::{Duration, Instant};

use event_store::append::{
    AppendError, Appender, AppenderConfig, ClaimTaken, Lane, LaneBounds, Submission, Target, Touch, VersionConflict,
    WrongType,
};
use event_store::log::LogPosition;
use support::counter::{Counter, LIMIT, Other, OverLimit};
use support::{LOG, Store, add, add_as};
use uuid::Uuid;

#[tokio::test]
async fn positions_are_dense_and_the_log_verifies() {
    let store = Store::fresh().await;
    let appender = store.appender();
    let counters: Vec<Uuid> = (0..7).map(|_| Uuid::now_v7()).collect();
    let pending: Vec<_> = (0..700).map(|i| appender.enqueue(add(counters[i % 7], 1)).unwrap()).collect();
    for (i, pending) in pending.into_iter().enumerate() {
        let reply = pending.await.unwrap();
        assert_eq!(reply.position, i as u64 + 1);
        assert_eq!(reply.version, i as u64 / 7 + 1);
    }
    assert_eq!(store.positions().await, (1..=700).collect::<Vec<i64>>());
    let verification = event_store::verify::verify(&store.app, LOG, &mut |_, _| {}).await.unwrap();
    assert!(verification.sound, "{verification:?}");
    assert_eq!(verification.events, 700);
}

#[tokio::test]
async fn an_event_is_stored_with_the_time_that_was_hashed_where_a_refusal_joins_its_batch_later() {
    let store = Store::fresh().await;
    let (appender, counter) = (store.appender(), Uuid::now_v7());
    appender.submit(add(counter, 1)).await.unwrap();
    let soon = Duration::from_millis(50);
    // t0  somebody holds the head, so a batch is on its way for long
    // t1  the next one is composed on top of it: one command, with one event
    // t2  a command that is refused comes into the same batch, at a later time
    let mut holding = store.owner.begin().await.unwrap();
    sqlx::query("select from register.head for update").execute(&mut *holding).await.unwrap();
    let under_way = appender.enqueue(add(Uuid::now_v7(), 1)).unwrap();
    tokio::time::sleep(soon).await;
    let taken = appender.enqueue(add(counter, 1)).unwrap();
    tokio::time::sleep(soon).await;
    let refused = appender.enqueue(add(counter, LIMIT)).unwrap();
    tokio::time::sleep(soon).await;
    holding.rollback().await.unwrap();

    under_way.await.unwrap();
    let reply = taken.await.unwrap();
    assert!(matches!(refused.await, Err(AppendError::Refused(error)) if error.is::<OverLimit>()));
    let verification = event_store::verify::verify(&store.app, LOG, &mut |_, _| {}).await.unwrap();
    assert!(verification.sound, "{verification:?}");
    let event = store.reader().page(LogPosition::new(reply.position - 1), 1).await.unwrap().remove(0);
    let head = store.reader().head().await.unwrap();
    assert_eq!((event.recorded_at, head.recorded_at), (reply.recorded_at, reply.recorded_at));
}

#[tokio::test]
async fn the_same_command_takes_effect_once_and_its_reply_is_given_again() {
    let store = Store::fresh().await;
    let (counter, command) = (Uuid::now_v7(), Uuid::now_v7());
    let appender = store.appender();
    let first = appender.submit(add_as(command, counter, 5)).await.unwrap();
    let again = appender.submit(add_as(command, counter, 5)).await.unwrap();
    // A new process knows nothing but what is in the database.
    let other_process = store.appender();
    let elsewhere = other_process.submit(add_as(command, counter, 5)).await.unwrap();
    for repeated in [again, elsewhere] {
        assert!(repeated.repeated);
        assert_eq!((repeated.position, repeated.version), (first.position, first.version));
    }
    assert_eq!(store.positions().await, [1]);
    for appender in [appender, other_process] {
        let reused = appender.submit(add_as(command, counter, 6)).await;
        assert!(matches!(reused, Err(AppendError::CommandIdReused { .. })), "{reused:?}");
    }
}

#[tokio::test]
async fn a_repeated_command_that_would_be_refused_now_gets_its_reply() {
    let store = Store::fresh().await;
    let (counter, command) = (Uuid::now_v7(), Uuid::now_v7());
    let first = store.appender().submit(add_as(command, counter, LIMIT)).await.unwrap();
    // A process that has forgotten the command decides it on a state in which it can't take effect.
    let again = store.appender().submit(add_as(command, counter, LIMIT)).await.unwrap();
    assert!(again.repeated);
    assert_eq!((again.position, again.version), (first.position, first.version));
    let other_content = store.appender().submit(add_as(command, counter, LIMIT - 1)).await;
    assert!(matches!(other_content, Err(AppendError::CommandIdReused { .. })), "{other_content:?}");
}

#[tokio::test]
async fn a_repetition_within_one_batch_gets_the_same_reply() {
    let store = Store::fresh().await;
    let appender = store.appender();
    let (counter, command) = (Uuid::now_v7(), Uuid::now_v7());
    let both = [0, 1].map(|_| appender.enqueue(add_as(command, counter, 1)).unwrap());
    let [first, second] = both;
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    assert_eq!((first.position, first.repeated, second.position, second.repeated), (1, false, 1, true));
}

#[tokio::test]
async fn two_processes_that_send_the_same_command_at_once_have_one_effect_and_two_equal_replies() {
    let store = Store::fresh().await;
    let (one, other) = (store.appender(), store.appender());
    for _ in 0..50 {
        let (counter, command) = (Uuid::now_v7(), Uuid::now_v7());
        let (a, b) = tokio::join!(one.submit(add_as(command, counter, 1)), other.submit(add_as(command, counter, 1)));
        let (a, b) = (a.unwrap(), b.unwrap());
        assert_eq!((a.position, a.version, a.recorded_at), (b.position, b.version, b.recorded_at));
        assert!(a.repeated != b.repeated);
    }
    assert_eq!(store.positions().await, (1..=50).collect::<Vec<i64>>());
}

#[tokio::test]
async fn processes_that_append_to_the_same_streams_lose_nothing() {
    let store = Store::fresh().await;
    let counters: Vec<Uuid> = (0..5).map(|_| Uuid::now_v7()).collect();
    let appenders = [store.appender(), store.appender(), store.appender()];
    let mut tasks = tokio::task::JoinSet::new();
    for appender in appenders {
        let counters = counters.clone();
        tasks.spawn(async move {
            let pending: Vec<_> = (0..300).map(|i| appender.enqueue(add(counters[i % 5], 1)).unwrap()).collect();
            for pending in pending {
                pending.await.unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(store.positions().await, (1..=900).collect::<Vec<i64>>());
    for counter in counters {
        let events = store.reader().stream(counter).await.unwrap();
        assert_eq!(events.iter().map(|event| event.sequence).collect::<Vec<_>>(), (1..=180).collect::<Vec<u64>>());
    }
    assert!(event_store::verify::verify(&store.app, LOG, &mut |_, _| {}).await.unwrap().sound);
}

#[tokio::test]
async fn one_broken_command_in_a_batch_of_256_fails_alone() {
    let store = Store::fresh().await;
    let appender = store.appender();
    let counter = Uuid::now_v7();
    let pending: Vec<_> = (0..256)
        .map(|i| {
            // The database refuses the second one: its texts can't hold a zero byte.
            let submission = match i {
                100 => add(counter, LIMIT),
                200 => claiming(counter, "zero \0 byte"),
                _ => add(counter, 1),
            };
            appender.enqueue(submission).unwrap()
        })
        .collect();
    let mut failed = Vec::new();
    for (i, pending) in pending.into_iter().enumerate() {
        if let Err(error) = pending.await {
            failed.push((i, error));
        }
    }
    assert!(matches!(&failed[0], (100, AppendError::Refused(error)) if error.is::<OverLimit>()), "{failed:?}");
    assert!(matches!(&failed[1], (200, AppendError::Internal(_))), "{failed:?}");
    assert_eq!(failed.len(), 2);
    assert_eq!(store.positions().await, (1..=254).collect::<Vec<i64>>());
}

#[tokio::test]
async fn a_command_without_events_is_answered_again_too() {
    let store = Store::fresh().await;
    let appender = store.appender();
    let (counter, command) = (Uuid::now_v7(), Uuid::now_v7());
    let first = appender.submit(add_as(command, counter, 0)).await.unwrap();
    assert_eq!((first.events, first.version, first.position), (0, 0, 0));
    assert!(store.appender().submit(add_as(command, counter, 0)).await.unwrap().repeated);
    assert_eq!(store.positions().await, Vec::<i64>::new());
}

#[tokio::test]
async fn an_expected_version_that_has_passed_is_refused() {
    let store = Store::fresh().await;
    let appender = store.appender();
    let counter = Uuid::now_v7();
    appender.submit(add(counter, 1)).await.unwrap();
    let expecting = |expected| {
        let mut submission = add(counter, 1);
        let decide = submission.decide;
        submission.decide = Box::new(move |work| {
            work.expect_version::<Counter>(counter, Some(expected))?;
            decide(work)
        });
        submission
    };
    let refused = appender.submit(expecting(0)).await;
    let Err(AppendError::Refused(error)) = refused else { panic!("{refused:?}") };
    let conflict = error.downcast_ref::<VersionConflict>().unwrap();
    assert_eq!((conflict.expected, conflict.actual), (0, 1));
    assert_eq!(appender.submit(expecting(1)).await.unwrap().version, 2);
}

#[tokio::test]
async fn a_refusal_is_decided_on_what_other_processes_have_written() {
    let store = Store::fresh().await;
    let (one, other) = (store.appender(), store.appender());
    let counter = Uuid::now_v7();
    one.submit(add(counter, LIMIT)).await.unwrap();
    other.submit(add(counter, -LIMIT)).await.unwrap();
    // The first process still believes that the counter is full.
    assert_eq!(one.submit(add(counter, 1)).await.unwrap().version, 3);
}

#[tokio::test]
async fn an_unknown_record_has_no_type_yet() {
    let store = Store::fresh().await;
    let appender = store.appender();
    let id = Uuid::now_v7();
    let mut asking = add(id, 1);
    asking.touches = vec![Touch::of::<Other>(id)];
    asking.decide = Box::new(move |work| {
        assert_eq!(work.state::<Other>(id)?.1, 0);
        Ok(Target::of::<Other>(id))
    });
    appender.submit(asking).await.unwrap();
    assert_eq!(appender.submit(add(id, 1)).await.unwrap().version, 1);
    let mut wrong = add(id, 1);
    wrong.decide = Box::new(move |work| {
        work.state::<Other>(id)?;
        Ok(Target::of::<Other>(id))
    });
    let Err(AppendError::Refused(error)) = appender.submit(wrong).await else { panic!("it is a counter") };
    assert_eq!(error.downcast_ref::<WrongType>().unwrap().actual, "counter");
}

#[tokio::test]
async fn who_names_a_record_as_one_of_another_type_does_not_hide_it_from_others() {
    let store = Store::fresh().await;
    let (id, other) = (Uuid::now_v7(), Uuid::now_v7());
    store.appender().submit(add(id, 1)).await.unwrap();
    // A process that does not know it yet.
    let appender = store.appender();
    let mut wrong = add(id, 1);
    wrong.touches = vec![Touch::of::<Other>(id)];
    wrong.decide = Box::new(move |work| {
        work.state::<Other>(id)?;
        Ok(Target::of::<Other>(id))
    });
    let Err(AppendError::Refused(error)) = appender.submit(wrong).await else { panic!("it is a counter") };
    assert_eq!(error.downcast_ref::<WrongType>().unwrap().actual, "counter");
    assert_eq!(appender.submit(add(id, 1)).await.unwrap().version, 2);

    let mut asking = add(other, 1);
    asking.decide = Box::new(move |work| {
        assert!(!work.is::<Other>(id)? && work.is::<Counter>(id)? && !work.is::<Counter>(other)?);
        assert_eq!(work.state::<Counter>(id)?.1, 2);
        Ok(Target::of::<Counter>(id))
    });
    store.appender().submit(asking).await.unwrap();
}

fn claiming(counter: Uuid, key: &'static str) -> Submission {
    let mut submission = add(counter, 1);
    let decide = submission.decide;
    submission.decide = Box::new(move |work| {
        work.claim::<Counter>("name", key, counter)?;
        decide(work)
    });
    submission
}

#[tokio::test]
async fn what_is_claimed_belongs_to_one_record_for_ever_over_all_processes() {
    let store = Store::fresh().await;
    let (one, other) = (store.appender(), store.appender());
    for key in ["a", "b", "c", "d"] {
        let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
        let (a, b) = tokio::join!(one.submit(claiming(first, key)), other.submit(claiming(second, key)));
        let (won, lost) = if a.is_ok() { (first, b) } else { (second, a) };
        let Err(AppendError::Refused(error)) = lost else { panic!("{lost:?}") };
        assert_eq!(error.downcast_ref::<ClaimTaken>().unwrap().owner, won);
        assert_eq!(store.reader().claimed("name", key).await.unwrap(), Some(("counter".to_owned(), won)));
    }
    assert_eq!(store.positions().await.len(), 4);
}

#[tokio::test]
async fn a_deadline_that_has_passed_is_not_written() {
    let store = Store::fresh().await;
    let late = Submission { deadline: Some(Instant::now() - Duration::from_millis(1)), ..add(Uuid::now_v7(), 1) };
    assert!(matches!(store.appender().submit(late).await, Err(AppendError::DeadlinePassed)));
    assert_eq!(store.positions().await, Vec::<i64>::new());
}

#[tokio::test]
async fn a_full_bulk_lane_refuses_at_once_and_leaves_urgent_alone() {
    let store = Store::fresh().await;
    let bounds = LaneBounds { urgent: 16, interactive: 16, bulk: 8 };
    let (appender, _task) = Appender::start(AppenderConfig { bounds, ..store.config() });
    let counter = Uuid::now_v7();
    let in_lane = |lane| Submission { lane, ..add(counter, 1) };
    // Nothing is awaited here, so the appender has no turn to empty the lane.
    let queued: Vec<_> = (0..8).map(|_| appender.enqueue(in_lane(Lane::Bulk)).unwrap()).collect();
    let refused = appender.enqueue(in_lane(Lane::Bulk));
    assert!(matches!(refused, Err(AppendError::LaneFull { lane: Lane::Bulk, .. })));
    let urgent = appender.enqueue(in_lane(Lane::Urgent)).unwrap().await.unwrap();
    assert_eq!(urgent.position, 1, "urgent goes first");
    for pending in queued {
        pending.await.unwrap();
    }
}

#[tokio::test]
async fn events_can_be_neither_changed_nor_deleted_nor_truncated() {
    let store = Store::fresh().await;
    store.appender().submit(add(Uuid::now_v7(), 1)).await.unwrap();
    for sql in [
        "update register.events set payload = '{}'",
        "delete from register.events",
        "truncate register.events",
        "update register.events_00000 set payload = '{}'",
        "delete from register.events_00000",
        "truncate register.events_00000",
    ] {
        let as_application = sqlx::query(sql).execute(&store.app).await.unwrap_err();
        assert_eq!(as_application.as_database_error().unwrap().code().unwrap(), "42501", "{sql}");
        let as_owner = sqlx::query(sql).execute(&store.owner).await.unwrap_err();
        assert_eq!(as_owner.as_database_error().unwrap().code().unwrap(), "VN009", "{sql}");
    }
}

#[tokio::test]
async fn a_reader_sees_pages_without_a_hole() {
    let store = Store::fresh().await;
    let appender = store.appender();
    for _ in 0..25 {
        appender.submit(add(Uuid::now_v7(), 1)).await.unwrap();
    }
    let reader = store.reader();
    let mut after = LogPosition::START;
    let mut seen = Vec::new();
    loop {
        let page = reader.page(after, 10).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.position;
        seen.extend(page.iter().map(|event| event.position.get()));
    }
    assert_eq!(seen, (1..=25).collect::<Vec<u64>>());
    assert_eq!(reader.head().await.unwrap().position.get(), 25);
}

//! The store against a model of it that fits on a page: appends over one and several records, conflicts, claims, repetitions,
//! erasures, two processes that know nothing of each other, restarts, and a database that cuts all connections.

mod support;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use event_store::append::{
    AppendError, Appender, AppenderConfig, ClaimTaken, Reply, Submission, Target, Touch, VersionConflict,
};
use event_store::log::LogPosition;
use event_store::scan::Selection;
use event_store::seal::{KeyRing, KeyScope, sealed_fields};
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use support::counter::{Add, Counter, LIMIT, NAMED, OverLimit};
use support::{LOG, Store, add_as};
use uuid::Uuid;

const RECORDS: usize = 4;
const PROCESSES: usize = 2;
const NAMES: [&str; 3] = ["a", "b", "c"];

/// What a command is to do, apart from its id.
#[derive(Debug, Clone, PartialEq)]
struct Order {
    record: usize,
    n: i64,
    /// The same on a second record: both or neither.
    also: Option<usize>,
    expected_version: Option<u64>,
    name: Option<usize>,
    /// All personal data that the record has so far is erased with it.
    erase: bool,
}

#[derive(Debug, Clone)]
enum Step {
    Send { process: usize, order: Order },
    Repeat { process: usize, which: prop::sample::Index },
    Reuse { process: usize, which: prop::sample::Index },
    Restart { process: usize },
    CutConnections,
}

/// What is to come of a step.
#[derive(Debug, Clone, PartialEq)]
enum Outcome {
    Written { position: u64, version: u64, events: u32 },
    Repeated { position: u64, version: u64 },
    OverLimit,
    Conflict { actual: u64 },
    Taken { owner: usize },
    Reused,
    Nothing,
}

#[derive(Clone, Default)]
struct Model {
    totals: [i64; RECORDS],
    versions: [u64; RECORDS],
    head: u64,
    claims: BTreeMap<usize, usize>,
    /// Each personal text in the log, in order: whose, and whether it can still be read.
    texts: Vec<(usize, bool)>,
    /// Commands that took effect, with their id and outcome.
    done: Vec<(u128, Order, u64, u64)>,
    sent: u128,
    /// The command of the last step and what is to come of it.
    last: Option<(u128, Order)>,
    outcome: Option<Outcome>,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {:?}, head {}", self.totals, self.versions, self.head)
    }
}

impl Model {
    fn send(&mut self, order: &Order) -> Outcome {
        if let Some(expected) = order.expected_version
            && expected != self.versions[order.record]
        {
            return Outcome::Conflict { actual: self.versions[order.record] };
        }
        let records: Vec<usize> = [Some(order.record), order.also].into_iter().flatten().collect();
        if records.iter().any(|record| self.totals[*record] + order.n > LIMIT) {
            return Outcome::OverLimit;
        }
        if let Some(owner) = order.name.and_then(|name| self.claims.get(&name)).filter(|owner| **owner != order.record)
        {
            return Outcome::Taken { owner: *owner };
        }
        let events = if order.n == 0 { 0 } else { records.len() as u32 };
        if order.erase {
            self.texts
                .iter_mut()
                .filter(|(record, _)| *record == order.record)
                .for_each(|(_, readable)| *readable = false);
        }
        for record in records.iter().take(events as usize) {
            if order.n == NAMED {
                self.texts.push((*record, true));
            }
            self.totals[*record] += order.n;
            self.versions[*record] += 1;
            self.head += 1;
        }
        if let Some(name) = order.name {
            self.claims.insert(name, order.record);
        }
        let (position, version) = (self.head, self.versions[order.record]);
        self.done.push((self.sent, order.clone(), position, version));
        Outcome::Written { position, version, events }
    }
}

struct Machine;

impl ReferenceStateMachine for Machine {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::default()).boxed()
    }

    fn transitions(state: &Model) -> BoxedStrategy<Step> {
        let versions = state.versions;
        let order = (0..RECORDS, prop::option::weighted(0.3, 1..RECORDS), prop::option::weighted(0.3, 0u64..3))
            .prop_flat_map(move |(record, other, behind)| {
                let n = prop_oneof![4 => 1i64..5, 2 => Just(NAMED), 1 => Just(0), 1 => Just(LIMIT), 1 => Just(-LIMIT)];
                let rarely = prop::bool::weighted(0.15);
                (n, prop::option::weighted(0.3, 0..NAMES.len()), rarely).prop_map(move |(n, name, erase)| Order {
                    record,
                    n,
                    also: other.map(|other| (record + other) % RECORDS),
                    expected_version: behind.map(|behind| versions[record].saturating_sub(behind)),
                    name,
                    erase,
                })
            });
        let process = 0..PROCESSES;
        prop_oneof![
            12 => (process.clone(), order).prop_map(|(process, order)| Step::Send { process, order }),
            3 => (process.clone(), any::<prop::sample::Index>())
                .prop_map(|(process, which)| Step::Repeat { process, which }),
            1 => (process.clone(), any::<prop::sample::Index>())
                .prop_map(|(process, which)| Step::Reuse { process, which }),
            1 => process.prop_map(|process| Step::Restart { process }),
            1 => Just(Step::CutConnections),
        ]
        .boxed()
    }

    fn apply(mut state: Model, step: &Step) -> Model {
        let chosen = |state: &Model, which: &prop::sample::Index| {
            (!state.done.is_empty()).then(|| state.done[which.index(state.done.len())].clone())
        };
        state.last = None;
        let outcome = match step {
            Step::Send { order, .. } => {
                state.sent += 1;
                state.last = Some((state.sent, order.clone()));
                state.send(order)
            }
            Step::Repeat { which, .. } => match chosen(&state, which) {
                Some((id, order, position, version)) => {
                    state.last = Some((id, order));
                    Outcome::Repeated { position, version }
                }
                None => Outcome::Nothing,
            },
            Step::Reuse { which, .. } => match chosen(&state, which) {
                Some((id, order, ..)) => {
                    state.last = Some((id, Order { n: order.n + 1, ..order }));
                    Outcome::Reused
                }
                None => Outcome::Nothing,
            },
            Step::Restart { .. } | Step::CutConnections => Outcome::Nothing,
        };
        state.outcome = Some(outcome);
        state
    }
}

struct System {
    runtime: tokio::runtime::Runtime,
    store: Arc<Store>,
    records: [Uuid; RECORDS],
    processes: Vec<Appender>,
}

impl System {
    fn submission(&self, id: u128, order: &Order) -> Submission {
        let (record, order) = (self.records[order.record], order.clone());
        let also = order.also.map(|other| self.records[other]);
        let mut submission = add_as(Uuid::from_u128(id), record, order.n);
        submission.touches = [Some(record), also].into_iter().flatten().map(Touch::of::<Counter>).collect();
        submission.decide = Box::new(move |work| {
            work.expect_version::<Counter>(record, order.expected_version)?;
            if order.erase {
                let keys = work.keys(KeyScope::Record(record))?;
                work.destroy_keys(&keys);
            }
            for record in [Some(record), also].into_iter().flatten() {
                work.execute::<Counter>(record, Add(order.n))?;
            }
            if let Some(name) = order.name {
                work.claim::<Counter>("name", NAMES[name], record)?;
            }
            Ok(Target::of::<Counter>(record))
        });
        submission
    }

    fn outcome(&self, answer: Result<Reply, AppendError>) -> Outcome {
        match answer {
            Ok(reply) if reply.repeated => Outcome::Repeated { position: reply.position, version: reply.version },
            Ok(reply) => Outcome::Written { position: reply.position, version: reply.version, events: reply.events },
            Err(AppendError::CommandIdReused { .. }) => Outcome::Reused,
            Err(AppendError::Refused(error)) => {
                if error.is::<OverLimit>() {
                    Outcome::OverLimit
                } else if let Some(conflict) = error.downcast_ref::<VersionConflict>() {
                    Outcome::Conflict { actual: conflict.actual }
                } else if let Some(taken) = error.downcast_ref::<ClaimTaken>() {
                    let owner = self.records.iter().position(|record| *record == taken.owner);
                    Outcome::Taken { owner: owner.expect("one of the records") }
                } else {
                    panic!("{error}")
                }
            }
            Err(other) => panic!("{other}"),
        }
    }
}

/// Of each personal text in the log, in order, whether it can be read.
async fn readable(store: &Store) -> Vec<bool> {
    let events = "select event_id, payload::text from register.events order by position";
    let events: Vec<(Uuid, String)> = sqlx::query_as(events).fetch_all(&store.app).await.unwrap();
    let fields = events.iter().flat_map(|(id, payload)| sealed_fields(&serde_json::from_str(payload).unwrap(), *id));
    let fields: Vec<_> = fields.collect();
    let ids: Vec<Uuid> = fields.iter().filter_map(|field| field.key_id()).collect();
    let keys = KeyRing::new(store.app.clone(), LOG, support::master()).by_id(&ids).await.unwrap();
    fields.iter().map(|field| field.open(&keys).unwrap().is_some()).collect()
}

/// The second process remembers one record only: it reads all others again and again, from their snapshots too.
fn appender(store: &Store, process: usize) -> Appender {
    let config = store.config();
    let cache = if process == 1 { 1 } else { config.cache };
    Appender::start(AppenderConfig { cache, ..config }).0
}

impl StateMachineTest for Machine {
    type SystemUnderTest = System;
    type Reference = Machine;

    fn init_test(_: &Model) -> System {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let store = Arc::new(runtime.block_on(Store::fresh()));
        let processes = {
            let _inside = runtime.enter();
            (0..PROCESSES).map(|process| appender(&store, process)).collect()
        };
        let records = std::array::from_fn(|_| Uuid::now_v7());
        System { runtime, store, records, processes }
    }

    fn apply(mut system: System, model: &Model, step: Step) -> System {
        let expected = model.outcome.clone().unwrap();
        let process = match step {
            Step::Send { process, .. } | Step::Repeat { process, .. } | Step::Reuse { process, .. } => process,
            Step::Restart { process } => {
                let _inside = system.runtime.enter();
                system.processes[process] = appender(&system.store, process);
                return system;
            }
            Step::CutConnections => {
                system.runtime.block_on(async {
                    let superuser = support::pool(&system.store.superuser_url(), 1).await;
                    sqlx::query(
                        "select pg_terminate_backend(pid) from pg_stat_activity
                         where usename = 'vnr_app' and datname = current_database()",
                    )
                    .execute(&superuser)
                    .await
                    .unwrap();
                    superuser.close().await;
                });
                return system;
            }
        };
        if let Some((id, order)) = &model.last {
            let submission = system.submission(*id, order);
            let answer = system.runtime.block_on(system.processes[process].submit(submission));
            assert_eq!(system.outcome(answer), expected);
        }
        system
    }

    fn teardown(system: System, model: Model) {
        let System { runtime, store, records, .. } = system;
        runtime.block_on(async {
            let reader = store.reader();
            let mut scan = reader.scan(Selection::all().by_windows_of(7)).await.unwrap();
            let mut read = 0;
            while let Some(page) = scan.next().await.unwrap() {
                read += page.len() as u64;
            }
            assert_eq!(read, model.head);
            assert_eq!(reader.head().await.unwrap().position, LogPosition::new(model.head));
            for (record, (total, version)) in records.iter().zip(model.totals.iter().zip(model.versions)) {
                let mut counter = Counter::default();
                let events = reader.stream(*record).await.unwrap();
                assert_eq!(events.len() as u64, version);
                for event in events {
                    cqrs_es::Aggregate::apply(&mut counter, event.decode().unwrap());
                }
                assert_eq!(counter.total, *total);
            }
            assert_eq!(readable(&store).await, model.texts.iter().map(|(_, readable)| *readable).collect::<Vec<_>>());
            for (name, owner) in &model.claims {
                let claimed = reader.claimed("name", NAMES[*name]).await.unwrap();
                assert_eq!(claimed, Some(("counter".to_owned(), records[*owner])));
            }
            let verification = event_store::verify::verify(&store.app, LOG, &mut |_, _| {}).await.unwrap();
            assert!(verification.sound, "{verification:?}");
        });
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig {
        cases: if std::env::var_os("VNR_TEST_LONG").is_some() { 300 } else { 12 },
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_store_does_what_its_model_does(sequential 1..40 => Machine);
}

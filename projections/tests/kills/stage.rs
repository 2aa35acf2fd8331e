//! What is done to the processes, the database and the read models while all are at work.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use domain::ids;
use domain::personal::Personal;
use domain::read_model::{Act, ReadModel, ReadModelCommand};
use domain::values::{Actor, InstitutionCode, ReadModelName, Reason, UserName};
use event_store::append::{Target, Work};
use event_store::log::LogName;
use projections::keeping::{Done, Keeper, UntoldAct, told, untold};
use projections::{Keeping, list};
use tokio::sync::watch;

use crate::projector::Projector;
use crate::server::{End, Server};
use crate::support::System;
use crate::support::work::Dice;

/// Longest wait for what comes within seconds on a machine that has nothing else to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Deed {
    /// The projector with more to do is killed, and the other takes over all that it held.
    KillProjectorAndTakeOver,
    /// It is killed, and is back before anybody misses it.
    KillProjector,
    KillBothProjectors,
    /// The database is down until a command got no answer in time.
    KillDatabase,
    /// It is back at once, and a projector is killed meanwhile.
    KillDatabaseAndProjector,
    /// The projector ends in good order, and the other goes on at once.
    HandOver,
    /// A read model stands still until the end of the round.
    Pause,
}

impl Deed {
    /// What every round has.
    pub(crate) const ALWAYS: [Deed; 5] =
        [Deed::KillProjectorAndTakeOver, Deed::KillProjector, Deed::KillDatabase, Deed::HandOver, Deed::Pause];
    /// What the rounds of the long form have too.
    pub(crate) const LONG: [Deed; 2] = [Deed::KillBothProjectors, Deed::KillDatabaseAndProjector];
}

/// Everybody who takes part.
pub(crate) struct Stage {
    pub(crate) system: Arc<System>,
    pub(crate) server: Server,
    pub(crate) projectors: [Projector; 2],
    pub(crate) dice: Dice,
    /// Commands that were answered.
    pub(crate) answered: watch::Receiver<u64>,
    /// What stands still, and where it stood in its logs.
    paused: Option<(&'static str, Vec<i64>)>,
}

fn keeper() -> Keeper {
    let by = Actor { institution: InstitutionCode::parse("IC").unwrap(), user: UserName::parse("a.ozola").unwrap() };
    Keeper { by: Some(by), reason: Reason::parse("the disk is being moved").unwrap() }
}

/// That read model in a keeper's hands.
pub(crate) fn keeping(system: &System, name: &str) -> Keeping {
    Keeping::of(&system.pools, &system.registry, name, keeper()).unwrap()
}

impl Stage {
    pub(crate) fn new(
        system: Arc<System>,
        server: Server,
        projectors: [Projector; 2],
        dice: Dice,
        answered: watch::Receiver<u64>,
    ) -> Stage {
        Stage { system, server, projectors, dice, answered, paused: None }
    }

    /// These deeds, in an order and at moments of chance; what was paused goes on at the end.
    pub(crate) async fn round(&mut self, mut deeds: Vec<Deed>) {
        while !deeds.is_empty() {
            let deed = deeds.swap_remove(self.dice.below(deeds.len()));
            self.some_work().await;
            let begun = Instant::now();
            self.perform(deed).await;
            eprintln!("{deed:?}: {:.1} s", begun.elapsed().as_secs_f64());
        }
        self.some_work().await;
        self.resume().await;
    }

    /// Waits until some more commands were answered.
    pub(crate) async fn some_work(&mut self) {
        let until = *self.answered.borrow() + 1 + self.dice.below(60) as u64;
        let waiting = self.answered.wait_for(|answered| *answered >= until);
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) => panic!("the writers gave up"),
            Err(_) => panic!("nothing is written any more"),
        }
    }

    async fn perform(&mut self, deed: Deed) {
        match deed {
            Deed::KillProjectorAndTakeOver => {
                let busier = self.busier().await;
                self.projectors[busier].kill();
                self.taken_over_by(1 - busier).await;
                self.projectors[busier].start_again();
            }
            Deed::KillProjector => {
                let busier = self.busier().await;
                self.projectors[busier].kill();
                self.projectors[busier].start_again();
            }
            Deed::KillBothProjectors => {
                self.projectors.iter_mut().for_each(Projector::kill);
                self.projectors.iter_mut().for_each(Projector::start_again);
            }
            Deed::KillDatabase => {
                let asked_again = || self.system.unanswered.asked_again.load(Ordering::Relaxed);
                let before = asked_again();
                self.server.end(*self.dice.one(&[End::Killed, End::Immediate]));
                until("somebody misses it", async || (asked_again() > before).then_some(())).await;
                self.server.start_again().await;
            }
            Deed::KillDatabaseAndProjector => {
                let busier = self.busier().await;
                self.server.end(*self.dice.one(&[End::Killed, End::Immediate]));
                self.projectors[busier].kill();
                self.projectors[busier].start_again();
                self.server.start_again().await;
            }
            Deed::HandOver => {
                let busier = self.busier().await;
                let ended = self.projectors[busier].end().await;
                assert!(ended.success(), "it ends in good order: {ended}");
                self.taken_over_by(1 - busier).await;
                self.projectors[busier].start_again();
            }
            Deed::Pause => self.pause().await,
        }
    }

    async fn pause(&mut self) {
        let name = *self.dice.one(&self.system.registry.names());
        assert!(keeping(&self.system, name).pause().await.unwrap(), "{name} was not paused");
        self.paused = Some((name, self.progress(name).await));
        tell(&self.system).await;
    }

    async fn resume(&mut self) {
        let Some((name, stood)) = self.paused.take() else { return };
        assert_eq!(self.progress(name).await, stood, "{name} is paused and takes nothing in, whoever is killed");
        assert!(keeping(&self.system, name).resume().await.unwrap(), "{name} was paused");
        tell(&self.system).await;
    }

    async fn progress(&self, name: &str) -> Vec<i64> {
        let sql = "select progress from projections.consumers where name = $1 and build = 'live' order by log";
        sqlx::query_scalar(sql).bind(name).fetch_all(&self.system.pools.app).await.unwrap()
    }

    /// The projector that holds more leases, as soon as one holds any.
    async fn busier(&self) -> usize {
        until("somebody works", async || {
            let (held, _) = self.leases().await;
            let [one, other] = held.map(|held| held.len());
            (one + other > 0).then_some(usize::from(other > one))
        })
        .await
    }

    /// Waits until that projector holds the leases of all read models that aren't paused.
    async fn taken_over_by(&self, projector: usize) {
        until("the other takes all over", async || {
            let (held, others) = self.leases().await;
            (!held[projector].is_empty() && held[1 - projector].is_empty() && others.is_empty()).then_some(())
        })
        .await;
    }

    /// Read models that each projector holds; and those that neither does, and that aren't paused.
    async fn leases(&self) -> ([Vec<String>; 2], Vec<String>) {
        let (mut held, mut others) = ([Vec::new(), Vec::new()], Vec::new());
        let pids = [0, 1].map(|n: usize| self.projectors[n].pid().to_string());
        for model in list(&self.system.pools.app).await.unwrap() {
            let pid = model.holder.as_deref().and_then(|holder| holder.split('/').nth(1));
            match pids.iter().position(|known| Some(known.as_str()) == pid) {
                Some(projector) => held[projector].push(model.name),
                None if !model.paused => others.push(model.name),
                None => {}
            }
        }
        (held, others)
    }
}

/// Tells the register what was done to read models, as the program does.
pub(crate) async fn tell(system: &System) {
    for act in untold(&system.pools.app).await.unwrap() {
        let UntoldAct { id, read_model, done, keeper, at } = act;
        let read_model = ReadModelName::parse(&read_model).unwrap();
        let record = ids::of_read_model(&read_model);
        let act = Act { read_model, by: keeper.by, reason: Personal::from(keeper.reason) };
        let command = match done {
            Done::Paused => ReadModelCommand::PauseProjection(act),
            Done::Resumed => ReadModelCommand::ResumeProjection(act),
            other => panic!("nobody did that: {other:?}"),
        };
        let decide = Box::new(move |work: &mut Work<'_>| {
            work.execute::<ReadModel>(record, command.clone())?;
            Ok(Target::of::<ReadModel>(record))
        });
        let metadata = [("actor".to_owned(), "vnr-keeper".to_owned())].into_iter().collect();
        system.submit_as(id, LogName::REGISTER, metadata, at.fixed_offset(), decide).await.unwrap();
        told(&system.pools.app, id).await.unwrap();
    }
}

/// Waits until it says something.
async fn until<T>(what: &str, mut says: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(said) = says().await {
            return said;
        }
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

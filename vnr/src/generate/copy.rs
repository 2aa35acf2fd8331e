//! Writes deeds straight into the database, as the register would have recorded them when they happened: ten years in minutes.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use access::policy::{Policies, Standing};
use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use command_api::{Single, Translated, translate, translate_single};
use domain::classifier::Classifiers;
use event_store::append::{Environment, Made, NoRandomness, Submission, WholeLog, WholeLogError};
use event_store::log::LogName;
use event_store::proof::note::hex;
use event_store::seal::MasterKeys;
use indicatif::ProgressBar;
use nation::{Asked, Chance, Deed, Expected, Matter, Nation, Post, Summary, Timeline};
use proto::command::v1::CommandEnvelope;
use serde::Serialize;
use tokio::sync::mpsc;
use tonic::Status;
use uuid::Uuid;

use super::notices::Following;
use crate::compose::{Database, Sharing, personal_data};
use crate::failure::Failure;
use crate::settings::Settings;

/// So many deeds are handed over at once.
const AT_ONCE: usize = 512;
/// So many times that wait.
const WAITING: usize = 8;
/// A track is of one day: after so long nothing comes to it any more.
const TRACK: TimeDelta = TimeDelta::hours(50);

/// What was written.
#[derive(Debug, Clone, Serialize)]
pub struct Copied {
    /// Commands that took effect.
    pub commands: u64,
    /// Events of the register.
    pub events: u64,
    /// Root of its tree, hexadecimal.
    pub root: String,
    /// Events of the tracks.
    pub track_events: u64,
    /// Root of theirs.
    pub track_root: String,
    /// Events of both written in a second.
    pub rate: f64,
    /// How long it took.
    pub seconds: f64,
}

/// Clock, ids, keys and nonces that follow from a seed (I-14).
struct Seeded(Chance);

impl Environment for Seeded {
    fn now(&mut self) -> DateTime<Utc> {
        // The time of a command is given with it.
        DateTime::UNIX_EPOCH
    }

    fn event_id(&mut self, recorded_at: DateTime<Utc>) -> Uuid {
        let millis = recorded_at.timestamp_millis().unsigned_abs();
        uuid::Builder::from_unix_timestamp_millis(millis, &self.0.ten_bytes()).into_uuid()
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&self.0.next().to_le_bytes()[..part.len()]);
        }
        Ok(())
    }
}

/// Writes so many days of the nation into the database of the settings, which has no event yet; `bar` follows the days.
pub(super) async fn write(
    settings: &Settings,
    nation: &Nation,
    days: u32,
    bar: ProgressBar,
) -> Result<(Summary, Copied), Failure> {
    let began = Instant::now();
    let database = Database::open(settings, Sharing::Anew).await?;
    let written = match personal_data::open(settings, &database).await {
        Ok(master) => into(&database, Arc::new(master), nation, days, bar).await,
        Err(refusal) => Err(refusal.into()),
    };
    database.close().await;
    let (summary, commands, register, tracks) = written?;
    let seconds = began.elapsed().as_secs_f64();
    let copied = Copied {
        commands,
        events: register.events,
        root: hex(&register.root),
        track_events: tracks.events,
        track_root: hex(&tracks.root),
        rate: (register.events + tracks.events) as f64 / seconds,
        seconds,
    };
    Ok((summary, copied))
}

async fn into(
    database: &Database,
    master: Arc<MasterKeys>,
    nation: &Nation,
    days: u32,
    bar: ProgressBar,
) -> Result<(Summary, u64, Made, Made), Failure> {
    let span = Timeline::new(nation, nation.from, days).span();
    let begin = |log: LogName| {
        let environment = Box::new(Seeded(Chance::of(nation.seed, log.as_str(), 0)));
        WholeLog::begin(&database.owner, log, Arc::clone(&master), environment, span)
    };
    let mut writer = Writer {
        register: begin(LogName::REGISTER).await.map_err(refused)?,
        tracks: begin(LogName::TRACKS).await.map_err(refused)?,
        matters: HashMap::new(),
        days: VecDeque::new(),
        commands: 0,
    };
    let (sender, mut steps) = mpsc::channel(WAITING);
    let thinking = std::thread::spawn({
        let nation = nation.clone();
        move || think(&nation, days, &master, &bar, &sender)
    });
    while let Some(some) = steps.recv().await {
        for step in some {
            writer.write(step).await?;
        }
    }
    let summary = thinking.join().map_err(|_| anyhow::anyhow!("the nation could not be thought of to its end"))??;
    // Indexes of both are made at the same time.
    let (register, tracks) = tokio::try_join!(writer.register.finish(), writer.tracks.finish()).map_err(refused)?;
    Ok((summary, writer.commands, register, tracks))
}

/// A deed as the register reads it, or what the register does by itself.
pub(super) struct Step {
    pub(super) at: DateTime<Utc>,
    pub(super) matter: Option<Matter>,
    /// None where nothing is written: a repetition is answered from the ledger, a broken record is refused.
    pub(super) command: Option<Command>,
    /// To tell it by.
    pub(super) id: Uuid,
    /// A record that nothing comes about after it.
    pub(super) over: Option<Uuid>,
}

/// What is written.
pub(super) enum Command {
    /// What somebody sends.
    Read(Translated),
    /// What the register records by itself.
    Own(Box<Submission>),
}

/// Thinks of all deeds and reads them, on a thread of its own.
fn think(
    nation: &Nation,
    days: u32,
    master: &MasterKeys,
    bar: &ProgressBar,
    sender: &mpsc::Sender<Vec<Step>>,
) -> Result<Summary, Failure> {
    let mut summary = Summary::default();
    let rules = Rules::of_an_empty_register(nation, master)?;
    let mut senders: HashMap<(&'static str, Post), Arc<Standing>> = HashMap::new();
    let mut timeline = Timeline::new(nation, nation.from, days);
    let (first, end) = timeline.span();
    let mut following = Following::new(end);
    loop {
        let mut steps = Vec::with_capacity(AT_ONCE);
        for deed in timeline.by_ref().take(AT_ONCE) {
            steps.extend(following.due(deed.at, &rules)?);
            summary.add(&deed);
            bar.set_position(super::minutes(first, &deed));
            let code = deed.sender.code.as_str();
            if let Entry::Vacant(sender) = senders.entry((code, deed.post)) {
                let principal = super::principal(code, deed.post, DateTime::<Utc>::MAX_UTC)?;
                sender.insert(Arc::new(Standing { principal, grants: Vec::new() }));
            }
            let Deed { at, expected, matter, id, command, post, .. } = deed;
            if let (Expected::Effect, Asked::Streamed(sent)) = (expected, &command)
                && let Some(register) = nation::registration(sent)
            {
                following.registered(&register, code, at, &rules)?;
            }
            let command = match expected {
                Expected::Repetition => None,
                Expected::Effect | Expected::Refusal => {
                    match (rules.read(command, &senders[&(code, post)]), expected) {
                        (Ok(translated), Expected::Effect) => Some(Command::Read(translated)),
                        (Err(_), Expected::Refusal) => None,
                        (answer, _) => {
                            return Err(anyhow::anyhow!(
                                "{code} {id} at {at}: {expected:?} was expected, not {answer:?}"
                            )
                            .into());
                        }
                    }
                }
            };
            steps.push(Step { at, matter, command, id, over: None });
        }
        if steps.is_empty() {
            let rest = following.due(end, &rules)?;
            // Where nobody takes it any more, they say why themselves.
            let _ = sender.blocking_send(rest);
            return Ok(summary);
        }
        if sender.blocking_send(steps).is_err() {
            return Ok(summary);
        }
    }
}

/// What commands are read by: a register without an event has the program's own policies and lists of codes.
pub(super) struct Rules<'m> {
    policies: Arc<Policies>,
    pub(super) classifiers: Arc<Classifiers>,
    pub(super) master: &'m MasterKeys,
    /// Of the seed, since what it marks stays in the log.
    marking: Arc<MasterKeys>,
}

impl<'m> Rules<'m> {
    fn of_an_empty_register(nation: &Nation, master: &'m MasterKeys) -> Result<Rules<'m>, Failure> {
        let policies = Arc::new(Policies::embedded().map_err(anyhow::Error::new)?);
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&nation.seed.to_le_bytes());
        let marking = Arc::new(MasterKeys::from_bytes(1, &seed));
        Ok(Rules { policies, classifiers: Arc::new(Classifiers::embedded().clone()), master, marking })
    }

    fn read(&self, command: Asked, sender: &Arc<Standing>) -> Result<Translated, Status> {
        let Rules { policies, classifiers, master, marking } = self;
        let single = match command {
            Asked::Streamed(command) => {
                let envelope = CommandEnvelope { command: Some(command) };
                return translate(envelope, sender, policies, classifiers, master, marking);
            }
            Asked::RequestAnnulment(message) => Single::RequestAnnulment(message),
            Asked::ApproveAnnulment(message) => Single::ApproveAnnulment(message),
            Asked::RejectAnnulment(message) => Single::RejectAnnulment(message),
            Asked::LiftRestriction(message) => Single::LiftRestriction(message),
            Asked::RegisterJournal(message) => Single::RegisterJournal(message),
            Asked::AdoptMapping(message) => Single::AdoptMapping(message),
            Asked::ChangeJournalPhase(message) => Single::ChangeJournalPhase(message),
            Asked::ProposePlan(message) => Single::ProposePlan(message),
            Asked::ApprovePlan(message) => Single::ApprovePlan(message),
        };
        self.read_single(single, sender)
    }

    pub(super) fn read_single(&self, single: Single, sender: &Arc<Standing>) -> Result<Translated, Status> {
        let Rules { policies, classifiers, master, marking } = self;
        translate_single(single, sender, policies, classifiers, master, marking)
    }
}

fn refused(error: WholeLogError) -> Failure {
    match error {
        WholeLogError::NotEmpty(_) => {
            Failure::Usage(format!("{error}; give an empty --data-dir, or send to the running system with --live"))
        }
        error => anyhow::Error::new(error).into(),
    }
}

struct Writer {
    register: WholeLog,
    tracks: WholeLog,
    /// Records of matters that have not ended.
    matters: HashMap<u64, Vec<Uuid>>,
    /// Tracks, and when they began.
    days: VecDeque<(DateTime<Utc>, Uuid)>,
    commands: u64,
}

impl Writer {
    async fn write(&mut self, step: Step) -> Result<(), Failure> {
        let begun = match step.command {
            Some(command) => self.append(command, step.at, step.id).await?,
            None => Vec::new(),
        };
        if let Some(over) = step.over {
            self.register.let_go(&[over]);
        }
        let Some(matter) = step.matter else { return Ok(()) };
        let records = self.matters.entry(matter.number).or_default();
        records.extend(begun);
        if matter.ends {
            self.register.let_go(records);
            self.matters.remove(&matter.number);
        }
        Ok(())
    }

    /// Says which records of the register begin with it.
    async fn append(&mut self, command: Command, at: DateTime<Utc>, id: Uuid) -> Result<Vec<Uuid>, Failure> {
        let command = match command {
            Command::Read(command) => command,
            Command::Own(submission) => {
                let written = self.register.append(&submission, at).await.map_err(refused)?;
                written.with_context(|| format!("{id} at {at} is refused"))?;
                self.commands += 1;
                return Ok(Vec::new());
            }
        };
        if let Some(unit) = command.needs_unit.filter(|unit| !self.register.has(*unit)) {
            return Err(anyhow::anyhow!("{id} at {at}: the unit {unit} is not registered").into());
        }
        let is_track = command.log == LogName::TRACKS;
        let submission = command.submission(self.register.head());
        let log = if is_track { &mut self.tracks } else { &mut self.register };
        let written = log.append(&submission, at).await.map_err(refused)?;
        let written = written.with_context(|| format!("{id} at {at} is refused"))?;
        self.commands += 1;
        if !is_track {
            return Ok(written.begun);
        }
        self.days.extend(written.begun.into_iter().map(|track| (at, track)));
        while let Some((_, track)) = self.days.pop_front_if(|(began, _)| at - *began > TRACK) {
            self.tracks.let_go(&[track]);
        }
        Ok(Vec::new())
    }
}

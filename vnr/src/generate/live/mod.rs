//! Sends deeds as those do who are responsible for them: calls of people at screens one by one, journals over a bulk stream for each
//! institution, each with a token of their own role; in order of time, and where a rate is given, when they are due and not when the register is ready (an open loop).

mod call;
mod order;

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use access::{DevelopmentKey, TokenIssuer};
use anyhow::Context as _;
use chrono::{TimeDelta, Utc};
use hdrhistogram::Histogram;
use nation::{Asked, Deed, Expected, Lane, Post};
use proto::command::v1::command_result::Outcome as Answer;
use proto::command::v1::{CommandEnvelope, CommandReply};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use tonic::transport::Channel;
use tonic::{Code, Status};
use uuid::Uuid;

use self::order::{Answered, Order};
use super::args::Rate;
use crate::failure::Failure;
use crate::import::{Link, Target};

/// So many commands wait for an answer at once, where they are sent as fast as they are taken.
const WINDOW: usize = 512;
/// The same at a given rate: beyond it the register is too slow for that rate.
const OPEN_WINDOW: usize = 16_384;
/// So many answers that were not expected are shown.
const EXAMPLES: usize = 5;
/// Connections that calls take turns on.
const CONNECTIONS: usize = 8;

/// What the register answered.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Outcome {
    /// Commands that were sent.
    pub sent: u64,
    /// That took effect now.
    pub effects: u64,
    /// That had taken effect before.
    pub repeated: u64,
    /// That were refused, as was expected.
    pub refused: u64,
    /// That were answered otherwise than expected.
    pub unexpected: u64,
    /// Events that were written.
    pub events: u64,
    /// Commands answered in a second.
    pub rate: f64,
    /// Each lane's own figures.
    pub lanes: BTreeMap<&'static str, LaneOutcome>,
    /// Some of what was unexpected.
    pub examples: Vec<String>,
}

/// How one lane was served.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LaneOutcome {
    /// Commands that were answered.
    pub answered: u64,
    /// That found the lane full.
    pub full: u64,
    /// Median time to an answer, from when it was due, milliseconds.
    pub p50_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// The slowest.
    pub max_ms: f64,
}

/// An answer, with how long the command was held back for an earlier one's; or the end of a stream.
enum Told {
    Answered { id: Uuid, answer: Result<Box<CommandReply>, (Code, String)>, held: Duration },
    Ended(Status),
}

/// A command that waits for its answer.
struct Waiting {
    expected: Expected,
    lane: Lane,
    due: Instant,
    what: String,
    /// Of a command of a stream: dropped once it is answered, so that calls which follow on it may be sent.
    done: Option<oneshot::Sender<()>>,
}

struct Sender<'a> {
    url: &'a str,
    key: &'a DevelopmentKey,
    targets: HashMap<(&'static str, Post), Target>,
    streams: HashMap<&'static str, mpsc::Sender<CommandEnvelope>>,
    connections: Vec<Channel>,
    order: Order,
    told: mpsc::Sender<Told>,
    results: mpsc::Receiver<Told>,
    /// Several of one id where a journal repeats itself.
    waiting: HashMap<Uuid, Vec<Waiting>>,
    in_flight: usize,
    times: BTreeMap<Lane, Histogram<u64>>,
    outcome: Outcome,
}

/// Sends all of them, and waits for each answer.
pub(super) async fn send(
    deeds: impl Iterator<Item = Deed>,
    url: &str,
    key: &DevelopmentKey,
    rate: Rate,
    days: u32,
) -> Result<Outcome, Failure> {
    let mut sender = Sender::new(url, key).await?;
    let (begun, bar, mut first) = (Instant::now(), super::progress(days), None);
    for deed in deeds {
        bar.set_position(super::minutes(*first.get_or_insert(deed.at), &deed));
        let (due, window) = match rate {
            Rate::ASecond(rate) => {
                let due = begun + Duration::from_secs_f64(sender.outcome.sent as f64 / rate);
                sender.hear_until(due).await?;
                (due, OPEN_WINDOW)
            }
            Rate::Max => (Instant::now(), WINDOW),
        };
        while sender.in_flight >= window {
            sender.hear().await?;
        }
        // What it decides of the register holds for whatever comes after. All that was sent before is answered then as well: so the units
        // are registered before shifts name them, though a shift waits for one of its units only.
        let decides = deed.post == Post::Administrator;
        sender.put(deed, due).await?;
        while decides && sender.in_flight > 0 {
            sender.hear().await?;
        }
        bar.set_message(format!("{} commands", sender.outcome.sent));
    }
    while sender.in_flight > 0 {
        sender.hear().await?;
    }
    bar.finish_and_clear();
    Ok(sender.finished(begun))
}

fn name(lane: Lane) -> &'static str {
    match lane {
        Lane::Urgent => "urgent",
        Lane::Interactive => "interactive",
        Lane::Bulk => "bulk",
    }
}

impl<'a> Sender<'a> {
    async fn new(url: &'a str, key: &'a DevelopmentKey) -> Result<Sender<'a>, Failure> {
        let (told, results) = mpsc::channel(WINDOW);
        let target = Target::parse(url, None).map_err(|error| Failure::Usage(error.to_string()))?;
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(target.connect().await?);
        }
        Ok(Sender {
            url,
            key,
            targets: HashMap::new(),
            streams: HashMap::new(),
            connections,
            order: Order::default(),
            told,
            results,
            waiting: HashMap::new(),
            in_flight: 0,
            times: BTreeMap::new(),
            outcome: Outcome::default(),
        })
    }

    async fn put(&mut self, deed: Deed, due: Instant) -> Result<(), Failure> {
        let code = deed.sender.code.as_str();
        if !self.targets.contains_key(&(code, deed.post)) {
            let target = target(code, deed.post, self.url, self.key)?;
            self.targets.insert((code, deed.post), target);
        }
        let what = format!("{code} {} at {}", deed.id, deed.at);
        let (before, done) = self.order.follow(&deed);
        let (lane, id) = (deed.lane, deed.id);
        let mut waiting = Waiting { expected: deed.expected, lane, due, what, done: None };
        self.in_flight += 1;
        self.outcome.sent += 1;
        match lane {
            Lane::Urgent | Lane::Interactive => {
                self.waiting.entry(id).or_default().push(waiting);
                self.call(deed, before, done);
            }
            // A stream is in order by itself, and nothing goes into it that follows on a call.
            Lane::Bulk => {
                waiting.done = Some(done);
                self.waiting.entry(id).or_default().push(waiting);
                self.put_on_stream(deed).await?;
            }
        }
        Ok(())
    }

    /// By a call of its own, once what it follows on is answered.
    fn call(&mut self, deed: Deed, before: Vec<Answered>, done: oneshot::Sender<()>) {
        let Some(target) = self.targets.get(&(deed.sender.code.as_str(), deed.post)).cloned() else { return };
        let channel = self.connections[self.outcome.sent as usize % CONNECTIONS].clone();
        let told = self.told.clone();
        tokio::spawn(async move {
            let ready = Instant::now();
            for earlier in before {
                earlier.await;
            }
            let held = ready.elapsed();
            let answer = call::call(deed.command, channel, &target).await;
            let answer = answer.map(Box::new).map_err(|status| (status.code(), status.message().to_owned()));
            // Who follows on it may be sent now.
            drop(done);
            let _ = told.send(Told::Answered { id: deed.id, answer, held }).await;
        });
    }

    /// On the stream of its institution.
    async fn put_on_stream(&mut self, deed: Deed) -> Result<(), Failure> {
        let code = deed.sender.code.as_str();
        if !self.streams.contains_key(code) {
            let stream = open(&self.targets[&(code, Post::System)], code, self.told.clone()).await?;
            self.streams.insert(code, stream);
        }
        let Asked::Streamed(command) = deed.command else {
            return Err(anyhow::anyhow!("{code} {}: this command is on no stream", deed.id).into());
        };
        let command = CommandEnvelope { command: Some(command) };
        if let Some(stream) = self.streams.get(code) {
            // Where the stream is gone, its end is among the results.
            let _ = stream.send(command).await;
        }
        Ok(())
    }

    /// Takes answers in until then.
    async fn hear_until(&mut self, due: Instant) -> Result<(), Failure> {
        loop {
            tokio::select! {
                biased;
                result = self.results.recv() => self.take(result)?,
                () = tokio::time::sleep_until(due.into()) => return Ok(()),
            }
        }
    }

    /// Takes one answer in.
    async fn hear(&mut self) -> Result<(), Failure> {
        let result = self.results.recv().await;
        self.take(result)
    }

    fn take(&mut self, told: Option<Told>) -> Result<(), Failure> {
        let lost = "the stream to the register ended: send the same again, what took effect is not done twice";
        let (id, answer, held) = match told.context(lost)? {
            Told::Answered { id, answer, held } => (id, answer, held),
            Told::Ended(status) => return Err(anyhow::Error::new(status).context(lost).into()),
        };
        let waiting = self.waiting.get_mut(&id).context("an answer to a command that was not sent")?;
        let asked = waiting.remove(0);
        if waiting.is_empty() {
            let _ = self.waiting.remove(&id);
        }
        drop(asked.done);
        self.in_flight -= 1;
        let took = asked.due.elapsed().saturating_sub(held);
        let times = self.times.entry(asked.lane).or_insert_with(histogram);
        times.saturating_record(took.as_micros() as u64);
        let outcome = &mut self.outcome;
        let lane = outcome.lanes.entry(name(asked.lane)).or_default();
        lane.answered += 1;
        match (asked.expected, answer) {
            (Expected::Effect | Expected::Repetition, Ok(reply)) if reply.repeated => outcome.repeated += 1,
            (Expected::Effect, Ok(reply)) => {
                outcome.effects += 1;
                outcome.events += u64::from(reply.events);
            }
            (Expected::Refusal, Err((Code::InvalidArgument, _))) => outcome.refused += 1,
            (_, answer) => {
                lane.full += u64::from(matches!(answer, Err((Code::ResourceExhausted, _))));
                outcome.unexpected += 1;
                if outcome.examples.len() < EXAMPLES {
                    outcome
                        .examples
                        .push(format!("{}: {:?} was expected, the answer is {answer:?}", asked.what, asked.expected));
                }
            }
        }
        Ok(())
    }

    fn finished(mut self, begun: Instant) -> Outcome {
        let mut outcome = std::mem::take(&mut self.outcome);
        outcome.rate = outcome.sent as f64 / begun.elapsed().as_secs_f64();
        for (lane, times) in &self.times {
            let figures = outcome.lanes.entry(name(*lane)).or_default();
            figures.p50_ms = times.value_at_quantile(0.5) as f64 / 1_000.0;
            figures.p99_ms = times.value_at_quantile(0.99) as f64 / 1_000.0;
            figures.max_ms = times.max() as f64 / 1_000.0;
        }
        outcome
    }
}

fn histogram() -> Histogram<u64> {
    #[expect(clippy::expect_used, reason = "the bounds are constants that hdrhistogram takes")]
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("bounds of a microsecond and a minute")
}

/// As whom somebody of an institution speaks to the register.
fn target(code: &str, post: Post, url: &str, key: &DevelopmentKey) -> Result<Target, Failure> {
    let principal = super::principal(code, post, Utc::now() + TimeDelta::days(30))?;
    let token = TokenIssuer::new(key).issue(&principal)?;
    let target = Target::parse(url, Some(&token)).and_then(|target| target.about(principal.reference.as_ref()));
    target.map_err(|error| Failure::Usage(error.to_string()))
}

/// Opens the stream of an institution's system; what is answered goes to `results`.
async fn open(
    target: &Target,
    code: &str,
    results: mpsc::Sender<Told>,
) -> Result<mpsc::Sender<CommandEnvelope>, Failure> {
    let url = target.url();
    let refused = || format!("the register at {url} does not take commands of {code}; is it on the same data folder?");
    let (commands, mut answers) = Link::open(target, WINDOW, Vec::new()).await.with_context(refused)?.split();
    tokio::spawn(async move {
        loop {
            let told = match answers.message().await {
                Ok(Some(result)) => match (Uuid::parse_str(&result.command_id), result.outcome) {
                    (Ok(id), Some(Answer::Reply(reply))) => {
                        Told::Answered { id, answer: Ok(Box::new(reply)), held: Duration::ZERO }
                    }
                    (Ok(id), Some(Answer::Error(status))) => Told::Answered {
                        id,
                        answer: Err((Code::from(status.code), status.message)),
                        held: Duration::ZERO,
                    },
                    _ => Told::Ended(Status::internal("an answer to no command")),
                },
                Ok(None) => Told::Ended(Status::unavailable("the register ended the stream")),
                Err(status) => Told::Ended(status),
            };
            let ended = matches!(told, Told::Ended(_));
            if results.send(told).await.is_err() || ended {
                return;
            }
        }
    });
    Ok(commands)
}

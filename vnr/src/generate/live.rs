//! Sends deeds as their institutions would: each over a stream of its own, in order of time.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use access::{DevelopmentKey, Institution, Principal, Purpose, Role, TokenIssuer};
use anyhow::Context as _;
use chrono::{TimeDelta, Utc};
use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressStyle};
use nation::{Deed, Expected};
use proto::command::v1::command_result::Outcome as Answer;
use proto::command::v1::{CommandEnvelope, CommandResult};
use serde::Serialize;
use tokio::sync::mpsc;
use tonic::Status;
use uuid::Uuid;

use super::args::Rate;
use crate::failure::Failure;
use crate::import::{Link, Target};

/// So many commands wait for an answer at once.
const WINDOW: usize = 512;
/// So many answers that were not expected are shown.
const EXAMPLES: usize = 5;

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
    /// Median time to an answer, milliseconds.
    pub p50_ms: f64,
    /// 99th percentile, milliseconds.
    pub p99_ms: f64,
    /// Some of what was unexpected.
    pub examples: Vec<String>,
}

/// An answer, or the end of a stream.
type Told = Result<CommandResult, Status>;

/// A command that waits for its answer.
struct Waiting {
    expected: Expected,
    sent: Instant,
    what: String,
}

struct Sender {
    streams: HashMap<&'static str, mpsc::Sender<CommandEnvelope>>,
    told: mpsc::Sender<Told>,
    results: mpsc::Receiver<Told>,
    /// Several of one id where a journal repeats itself.
    waiting: HashMap<Uuid, Vec<Waiting>>,
    in_flight: usize,
    times: Histogram<u64>,
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
    let (told, results) = mpsc::channel(WINDOW);
    let mut sender = Sender {
        streams: HashMap::new(),
        told,
        results,
        waiting: HashMap::new(),
        in_flight: 0,
        times: Histogram::new_with_bounds(1, 60_000_000, 3).context("a histogram")?,
        outcome: Outcome::default(),
    };
    let (begun, bar, mut first) = (Instant::now(), bar(days), None);
    for deed in deeds {
        let first = *first.get_or_insert(deed.at);
        bar.set_position(u64::try_from((deed.at - first).num_minutes()).unwrap_or_default());
        if let Rate::ASecond(rate) = rate {
            let due = begun + Duration::from_secs_f64(sender.outcome.sent as f64 / rate);
            sender.hear_until(due).await?;
        }
        while sender.in_flight >= WINDOW || deed.after.is_some_and(|id| sender.waiting.contains_key(&id)) {
            sender.hear().await?;
        }
        sender.put(deed, url, key).await?;
        bar.set_message(format!("{} commands", sender.outcome.sent));
    }
    while sender.in_flight > 0 {
        sender.hear().await?;
    }
    bar.finish_and_clear();
    let mut outcome = sender.outcome;
    outcome.rate = outcome.sent as f64 / begun.elapsed().as_secs_f64();
    outcome.p50_ms = sender.times.value_at_quantile(0.5) as f64 / 1_000.0;
    outcome.p99_ms = sender.times.value_at_quantile(0.99) as f64 / 1_000.0;
    Ok(outcome)
}

impl Sender {
    async fn put(&mut self, deed: Deed, url: &str, key: &DevelopmentKey) -> Result<(), Failure> {
        let code = deed.sender.code.as_str();
        if !self.streams.contains_key(code) {
            let stream = open(code, url, key, self.told.clone()).await?;
            self.streams.insert(code, stream);
        }
        let what = format!("{code} {} at {}", deed.id, deed.at);
        let waiting = Waiting { expected: deed.expected, sent: Instant::now(), what };
        self.waiting.entry(deed.id).or_default().push(waiting);
        self.in_flight += 1;
        self.outcome.sent += 1;
        let command = CommandEnvelope { command: Some(deed.command) };
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
                () = tokio::time::sleep_until(due.into()) => return Ok(()),
                result = self.results.recv() => self.take(result)?,
            }
        }
    }

    /// Takes one answer in.
    async fn hear(&mut self) -> Result<(), Failure> {
        let result = self.results.recv().await;
        self.take(result)
    }

    fn take(&mut self, result: Option<Told>) -> Result<(), Failure> {
        let lost = "the stream to the register ended: send the same again, what took effect is not done twice";
        let result = result.context(lost)?.context(lost)?;
        let id = Uuid::parse_str(&result.command_id).context("an answer to no command")?;
        let waiting = self.waiting.get_mut(&id).context("an answer to a command that was not sent")?;
        let asked = waiting.remove(0);
        if waiting.is_empty() {
            let _ = self.waiting.remove(&id);
        }
        self.in_flight -= 1;
        self.times.saturating_record(asked.sent.elapsed().as_micros() as u64);
        let outcome = &mut self.outcome;
        match (asked.expected, result.outcome) {
            (Expected::Effect | Expected::Repetition, Some(Answer::Reply(reply))) if reply.repeated => {
                outcome.repeated += 1;
            }
            (Expected::Effect, Some(Answer::Reply(reply))) => {
                outcome.effects += 1;
                outcome.events += u64::from(reply.events);
            }
            (Expected::Refusal, Some(Answer::Error(status))) if status.code == tonic::Code::InvalidArgument as i32 => {
                outcome.refused += 1;
            }
            (_, answer) => {
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
}

/// Opens the stream of an institution's system; what is answered goes to `results`.
async fn open(
    code: &str,
    url: &str,
    key: &DevelopmentKey,
    results: mpsc::Sender<Told>,
) -> Result<mpsc::Sender<CommandEnvelope>, Failure> {
    let token = TokenIssuer::new(key).issue(&Principal {
        subject: format!("{code}-journal"),
        institution: Institution::parse(code).map_err(anyhow::Error::msg)?,
        roles: vec![Role::System],
        purpose: Purpose::Response,
        expires_at: Utc::now() + TimeDelta::days(30),
    })?;
    let target = Target::parse(url, Some(&token)).map_err(|error| Failure::Usage(error.to_string()))?;
    let refused = || format!("the register at {url} does not take commands of {code}; is it on the same data folder?");
    let (commands, mut answers) = Link::open(&target, WINDOW, Vec::new()).await.with_context(refused)?.split();
    tokio::spawn(async move {
        loop {
            let answer = match answers.message().await {
                Ok(Some(answer)) => Ok(answer),
                Ok(None) => Err(Status::unavailable("the register ended the stream")),
                Err(status) => Err(status),
            };
            let ended = answer.is_err();
            if results.send(answer).await.is_err() || ended {
                return;
            }
        }
    });
    Ok(commands)
}

fn bar(days: u32) -> ProgressBar {
    if !super::watched() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{wide_bar} {percent} % of the days  {msg}  {elapsed}, ETA {eta}");
    ProgressBar::new(u64::from(days) * 1_440).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

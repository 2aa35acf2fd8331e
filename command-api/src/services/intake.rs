//! Bulk: many commands on one stream, decided in the order in which they were sent.
//!
//! The sender is read only as fast as the bulk lane takes commands, and at most [`IN_FLIGHT`] commands of a stream are
//! unanswered: gRPC's flow control carries that back to the sender.
//!
//! However a stream ends (the sender is done, its token is over, the server closes, a message can't be decoded), what was
//! taken before is answered first.

use std::future::Future;
use std::pin::Pin;
use std::time::Instant;

use chrono::{TimeDelta, Utc};
use event_store::append::Lane;
use proto::command::v1 as pb;
use proto::command::v1::command_result::Outcome;
use proto::command::v1::intake_server::Intake;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::caller::Sender;
use crate::commands::{Visitor, WireCommand, visit};
use crate::gateway::{Answer, Answered, Gateway, measure, principal, reply_of};
use crate::status;

/// Most commands of one stream that are not answered yet.
const IN_FLIGHT: usize = 1_024;
/// How far the clocks of two machines may be apart: as when the token was checked.
const LEEWAY: TimeDelta = TimeDelta::seconds(30);

/// The bulk intake.
#[derive(Debug, Clone)]
pub(crate) struct IntakeService(pub(crate) Gateway);

/// What the reading of a stream hands to the answering, in order.
enum Step {
    Command(Travelling),
    /// Nothing more is read. The stream ends with this, once all before it is answered.
    End(Status),
}

/// A command of the stream on its way.
struct Travelling {
    name: &'static str,
    began: Instant,
    command_id: String,
    answer: Result<Answer, Status>,
}

#[tonic::async_trait]
impl Intake for IntakeService {
    type SubmitStream = ReceiverStream<Result<pb::CommandResult, Status>>;

    async fn submit(
        &self,
        request: Request<Streaming<pb::CommandEnvelope>>,
    ) -> Result<Response<Self::SubmitStream>, Status> {
        let from = self.0.sender(principal(&request)?).await;
        let (sender, results) = mpsc::channel(64);
        let (steps, arrivals) = mpsc::channel(IN_FLIGHT);
        let (answered, settled) = watch::channel(0);
        let answering = Answering { gateway: self.0.clone(), from: from.clone(), results: sender, answered };
        let reader = Reader { gateway: self.0.clone(), from, taken: 0, settled };
        tokio::spawn(reader.read(request.into_inner(), steps));
        tokio::spawn(answering.answer(arrivals));
        Ok(Response::new(ReceiverStream::new(results)))
    }
}

/// Reads a stream and puts each command into the bulk lane, in order.
struct Reader {
    gateway: Gateway,
    /// Who sends it.
    from: Sender,
    /// How many commands were read.
    taken: u64,
    /// How many of them are decided.
    settled: watch::Receiver<u64>,
}

impl Reader {
    async fn read(mut self, mut commands: Streaming<pb::CommandEnvelope>, steps: mpsc::Sender<Step>) {
        let gateway = self.gateway.clone();
        let left = self.from.principal().expires_at - Utc::now() + LEEWAY;
        let mut expired = std::pin::pin!(tokio::time::sleep(left.to_std().unwrap_or_default()));
        let mut closing = std::pin::pin!(gateway.closing());
        loop {
            let next = tokio::select! {
                biased;
                () = &mut closing => Err(status::closing()),
                () = &mut expired => Err(status::denied(&access::AccessError::Expired)),
                next = commands.message() => next,
            };
            let step = match next {
                Ok(Some(envelope)) => Step::Command(self.take(envelope).await),
                Ok(None) => return,
                Err(status) => Step::End(status),
            };
            let is_end = matches!(step, Step::End(_));
            if steps.send(step).await.is_err() || is_end {
                return;
            }
        }
    }

    async fn take(&mut self, envelope: pb::CommandEnvelope) -> Travelling {
        let travelling = match visit(envelope, Enqueue(self)) {
            Some(enqueued) => enqueued.await,
            None => Travelling {
                name: "unknown",
                began: Instant::now(),
                command_id: String::new(),
                answer: Err(status::unknown_command()),
            },
        };
        self.taken += 1;
        travelling
    }

    async fn enqueue<C: WireCommand>(&mut self, command: C) -> Result<Answer, Status> {
        self.gateway.renew(&mut self.from).await;
        let read = self.gateway.read(command, &self.from)?;
        if self.gateway.misses_its_unit(&read).await? {
            // A command before this one on the stream may register the unit: its answer is awaited. The sender of the
            // channel is gone only with the whole stream.
            let taken = self.taken;
            let _ = self.settled.wait_for(|settled| *settled >= taken).await;
        }
        self.gateway.enqueue(read, Lane::Bulk, None).await
    }
}

/// Answers in the order of sending: the appender works in that order, so nobody waits for a slower one.
struct Answering {
    gateway: Gateway,
    /// Who sent it.
    from: Sender,
    results: mpsc::Sender<Result<pb::CommandResult, Status>>,
    /// How many are answered.
    answered: watch::Sender<u64>,
}

impl Answering {
    async fn answer(self, mut arrivals: mpsc::Receiver<Step>) {
        while let Some(step) = arrivals.recv().await {
            let Travelling { name, began, command_id, answer } = match step {
                Step::Command(travelling) => travelling,
                Step::End(status) => {
                    // Nobody may be listening any more.
                    let _ = self.results.send(Err(status)).await;
                    return;
                }
            };
            let outcome = match answer {
                Ok(answer) => self.answered(name, answer).await,
                Err(status) => Err(status),
            };
            self.answered.send_modify(|answered| *answered += 1);
            measure(name, began, outcome.as_ref().err());
            let outcome = match outcome {
                Ok(answered) => Outcome::Reply(reply_of(answered)),
                Err(status) => Outcome::Error(status_message(&status)),
            };
            if self.results.send(Ok(pb::CommandResult { command_id, outcome: Some(outcome) })).await.is_err() {
                return;
            }
        }
    }
}

impl Answering {
    async fn answered(&self, name: &str, answer: Answer) -> Result<Answered, Status> {
        let answered = answer.await.map_err(|error| self.gateway.failed(name, self.from.principal(), error));
        let mut answered = answered?;
        self.gateway.recall(&mut answered).await?;
        Ok(answered)
    }
}

/// The status as a message: what a single call would have ended with.
fn status_message(status: &Status) -> proto::google::rpc::Status {
    use prost::Message as _;
    // tonic carries the details as an encoded google.rpc.Status of its own.
    proto::google::rpc::Status::decode(status.details()).ok().filter(|message| message.code != 0).unwrap_or_else(|| {
        proto::google::rpc::Status {
            code: status.code() as i32,
            message: status.message().to_owned(),
            details: Vec::new(),
        }
    })
}

struct Enqueue<'a>(&'a mut Reader);

impl<'a> Visitor for Enqueue<'a> {
    type Output = Pin<Box<dyn Future<Output = Travelling> + Send + 'a>>;

    fn visit<C: WireCommand>(self, command: C) -> Self::Output {
        Box::pin(async move {
            let (began, command_id) = (Instant::now(), command.command_id().to_owned());
            Travelling { name: C::NAME, began, command_id, answer: self.0.enqueue(command).await }
        })
    }
}

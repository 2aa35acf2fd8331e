//! Bulk: many commands on one stream, decided in the order in which they were sent.
//!
//! The sender is read only as fast as the bulk lane takes commands, and at most [`IN_FLIGHT`] commands of a stream are
//! unanswered: gRPC's flow control carries that back to the sender.

use std::future::Future;
use std::pin::Pin;
use std::time::Instant;

use access::Principal;
use event_store::append::Lane;
use proto::command::v1 as pb;
use proto::command::v1::command_result::Outcome;
use proto::command::v1::intake_server::Intake;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::commands::{Visitor, WireCommand, visit};
use crate::gateway::{Answer, Gateway, measure, principal, reply_of};
use crate::status;

/// Most commands of one stream that are not answered yet.
const IN_FLIGHT: usize = 1_024;

/// The bulk intake.
#[derive(Debug, Clone)]
pub(crate) struct IntakeService(pub(crate) Gateway);

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
        let principal = principal(&request)?;
        principal.check_command().map_err(|error| status::denied(&error))?;
        let (sender, results) = mpsc::channel(64);
        let (travelling, arrivals) = mpsc::channel(IN_FLIGHT);
        tokio::spawn(read(self.0.clone(), principal, request.into_inner(), travelling, sender.clone()));
        tokio::spawn(answer(arrivals, sender));
        Ok(Response::new(ReceiverStream::new(results)))
    }
}

/// Reads the stream and puts each command into the bulk lane, in order.
async fn read(
    gateway: Gateway,
    principal: Principal,
    mut commands: Streaming<pb::CommandEnvelope>,
    travelling: mpsc::Sender<Travelling>,
    results: mpsc::Sender<Result<pb::CommandResult, Status>>,
) {
    loop {
        let envelope = match commands.message().await {
            Ok(Some(envelope)) => envelope,
            Ok(None) => return,
            // The stream itself is broken; what was sent before is still answered, as far as somebody listens.
            Err(status) => {
                let _ = results.send(Err(status)).await;
                return;
            }
        };
        let sent = match visit(envelope, Enqueue { gateway: &gateway, principal: &principal }) {
            Some(enqueued) => enqueued.await,
            None => Travelling {
                name: "unknown",
                began: Instant::now(),
                command_id: String::new(),
                answer: Err(Status::invalid_argument("the envelope holds no command that this register knows")),
            },
        };
        if travelling.send(sent).await.is_err() {
            return;
        }
    }
}

/// Answers in the order of sending: the appender works in that order, so nobody waits for a slower one.
async fn answer(mut arrivals: mpsc::Receiver<Travelling>, results: mpsc::Sender<Result<pb::CommandResult, Status>>) {
    while let Some(Travelling { name, began, command_id, answer }) = arrivals.recv().await {
        let outcome = match answer {
            Ok(answer) => answer.await.map_err(status::failed),
            Err(status) => Err(status),
        };
        measure(name, began, outcome.as_ref().err());
        let outcome = match outcome {
            Ok(answered) => Outcome::Reply(reply_of(answered)),
            Err(status) => Outcome::Error(status_message(&status)),
        };
        if results.send(Ok(pb::CommandResult { command_id, outcome: Some(outcome) })).await.is_err() {
            return;
        }
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

struct Enqueue<'a> {
    gateway: &'a Gateway,
    principal: &'a Principal,
}

impl<'a> Visitor for Enqueue<'a> {
    type Output = Pin<Box<dyn Future<Output = Travelling> + Send + 'a>>;

    fn visit<C: WireCommand>(self, command: C) -> Self::Output {
        Box::pin(async move {
            let (began, command_id) = (Instant::now(), command.command_id().to_owned());
            let answer = self.gateway.enqueue(command, self.principal, Lane::Bulk, None).await;
            Travelling { name: C::NAME, began, command_id, answer }
        })
    }
}

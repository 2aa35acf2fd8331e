//! Commands that tools send to a running register, each with the token of the person who gives it.

use chrono::Utc;
use proto::command::v1 as pb;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Response, Status};
use uuid::Uuid;

use crate::import::Target;

/// A connection on which each call says who sends it.
pub(super) type Speaking = InterceptedService<Channel, Target>;

/// Connects.
///
/// # Errors
/// As [`Target::connect`].
pub(super) async fn connect(target: Target) -> Result<Speaking, Status> {
    Ok(InterceptedService::new(target.connect().await?, target))
}

/// An envelope of now, under a new command id.
pub(super) fn envelope() -> Option<pb::Envelope> {
    Some(pb::Envelope {
        command_id: Uuid::now_v7().to_string(),
        occurred_at: Utc::now().to_rfc3339(),
        ..pb::Envelope::default()
    })
}

/// Sends the command for the first of these that the register knows.
///
/// # Errors
/// What it answered last.
pub(super) async fn first_known<T>(
    meant: Vec<T>,
    mut send: impl AsyncFnMut(T) -> Result<Response<pb::CommandReply>, Status>,
) -> Result<pb::CommandReply, Status> {
    let mut answer = Err(Status::not_found("nothing of that name"));
    for one in meant {
        answer = send(one).await;
        if !matches!(&answer, Err(status) if status.code() == Code::NotFound) {
            break;
        }
    }
    answer.map(Response::into_inner)
}

/// Where the register recorded it: `generation.position`.
pub(super) fn position(reply: &pb::CommandReply) -> String {
    reply.position.as_ref().map_or_else(String::new, |at| format!("{}.{}", at.generation, at.position))
}

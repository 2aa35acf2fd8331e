//! Commands that tools send to a running register, each with the token of the person who gives it.

use access::{DevelopmentKey, Institution, Principal, Purpose, Role, TokenIssuer};
use chrono::{TimeDelta, Utc};
use proto::command::v1 as pb;
use serde_json::json;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use super::acting::local_user;
use crate::cli::SendingArgs;
use crate::failure::Failure;
use crate::import::Target;
use crate::output;
use crate::settings::Settings;

/// A connection on which each call says who sends it.
pub(super) type Speaking = InterceptedService<Channel, Target>;

/// Connects.
///
/// # Errors
/// As [`Target::connect`].
pub(super) async fn connect(target: Target) -> Result<Speaking, Status> {
    Ok(InterceptedService::new(target.connect().await?, target))
}

/// Connects as these arguments say. Without a token, where they are issued for development, one is issued to the user of this machine,
/// as a supervisor of the Information Centre: who has the key could issue any.
///
/// # Errors
/// Where nobody knows who sends, or the register does not answer.
pub(super) async fn speak(settings: &Settings, args: &SendingArgs, usual: Purpose) -> Result<Speaking, Failure> {
    let (token, purpose) = match &args.token {
        Some(token) => (token.clone(), args.purpose),
        None => {
            let purpose = args.purpose.unwrap_or(usual);
            (development_token(settings, purpose)?, Some(purpose))
        }
    };
    let target = Target::parse(&args.target_url, Some(&token))?.used_for(purpose).about(args.reference.as_ref())?;
    connect(target).await.map_err(|status| said(&status))
}

fn development_token(settings: &Settings, purpose: Purpose) -> Result<String, Failure> {
    if settings.issuer.is_some() || !settings.token_key_file().exists() {
        return Err(Failure::Usage(
            "say who sends it: --token TOKEN or VNR_TOKEN, of the register's issuer".to_owned(),
        ));
    }
    let key = DevelopmentKey::load_or_create(&settings.token_key_file())?;
    let centre = Institution::parse("IC").map_err(|error| anyhow::anyhow!(error))?;
    let until = Utc::now() + TimeDelta::minutes(5);
    let who = Principal::new(local_user(), centre, vec![Role::Supervisor], purpose, until);
    Ok(TokenIssuer::new(&key).issue(&who)?)
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

/// What came of it.
pub(super) fn tell(sending: &SendingArgs, reply: &pb::CommandReply, what: &str) {
    let position = position(reply);
    if sending.json {
        output::json(&json!({ "record": reply.aggregate_id, "position": position, "events": reply.events }));
    } else {
        output::line(format!("{what} (position {position})"));
    }
}

/// What the register answered, as a sentence, with all that was wrong.
pub(super) fn said(status: &Status) -> Failure {
    let details = status.get_error_details();
    let mut text = status.message().to_owned();
    for wrong in details.bad_request().into_iter().flat_map(|request| &request.field_violations) {
        text.push_str(&format!("\n  {}: {}", wrong.field, wrong.description));
    }
    for broken in details.precondition_failure().into_iter().flat_map(|failure| &failure.violations) {
        // Where one rule was broken the message says so already.
        if !text.contains(&broken.description) {
            text.push_str(&format!("\n  {}", broken.description));
        }
    }
    anyhow::anyhow!(text).into()
}

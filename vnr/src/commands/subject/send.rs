//! Commands on personal data, sent to a running register: each with the token of the person who gives it.

use proto::command::v1 as pb;
use proto::command::v1::retention_service_client::RetentionServiceClient;
use serde_json::json;
use tonic::Status;
use uuid::Uuid;

use crate::cli::{EraseArgs, Ground, HoldArgs, RegisterArgs};
use crate::commands::sending::{self, Speaking, envelope, position};
use crate::failure::Failure;
use crate::import::Target;
use crate::output;

type Client = RetentionServiceClient<Speaking>;

async fn connect(register: &RegisterArgs) -> Result<Client, Failure> {
    let target = Target::parse(&register.target_url, register.token.as_deref())?.about(register.about.as_ref())?;
    Ok(RetentionServiceClient::new(sending::connect(target).await.map_err(|status| said(&status))?))
}

/// What the target names. An id may be a record's or a data subject's: the register knows which, so it is asked for both.
fn scopes(target: &str) -> Vec<pb::ErasureScope> {
    use pb::erasure_scope::Of;
    use pb::record_ref::By;
    let of = |of| pb::ErasureScope { of: Some(of) };
    let record = |by| of(Of::Record(pb::RecordRef { by: Some(by) }));
    match Uuid::try_parse(target.trim()) {
        Ok(id) => vec![record(By::Id(id.to_string())), of(Of::SubjectId(id.to_string()))],
        Err(_) => vec![record(By::Number(target.trim().to_uppercase()))],
    }
}

/// Sends the command for the first scope that the register knows.
macro_rules! send {
    ($register:expr, $target:expr, $call:ident, |$scope:ident| $message:expr) => {{
        let mut client = connect($register).await?;
        let sent = sending::first_known(scopes($target), async |scope| {
            let $scope = Some(scope);
            client.$call($message).await
        });
        sent.await.map_err(|status| said(&status))
    }};
}

pub(super) async fn erase(args: &EraseArgs) -> Result<(), Failure> {
    let EraseArgs { target, register, .. } = args;
    let reason = args.reason.clone().unwrap_or_default();
    let (reply, what) = if args.approve {
        let reply =
            send!(register, target, approve_erasure, |scope| pb::ApproveErasure { envelope: envelope(), scope })?;
        (reply, "erased: its keys are destroyed, and every process has forgotten them")
    } else if args.reject {
        let reply = send!(register, target, reject_erasure, |scope| pb::RejectErasure {
            envelope: envelope(),
            scope,
            reason: reason.clone()
        })?;
        (reply, "the request is turned down")
    } else {
        let ground = args.ground.map_or(pb::ErasureGround::Unspecified, ground);
        let reply = send!(register, target, request_erasure, |scope| pb::RequestErasure {
            envelope: envelope(),
            scope,
            ground: ground.into(),
            reason: reason.clone()
        })?;
        (reply, "asked for; another person approves it: `vnr subject erase … --approve`")
    };
    tell(register, target, &reply, what);
    Ok(())
}

fn ground(ground: Ground) -> pb::ErasureGround {
    match ground {
        Ground::RetentionExpired => pb::ErasureGround::RetentionExpired,
        Ground::SubjectRequest => pb::ErasureGround::SubjectRequest,
        Ground::Order => pb::ErasureGround::Order,
        Ground::RecordedInError => pb::ErasureGround::RecordedInError,
    }
}

pub(super) async fn hold(args: &HoldArgs) -> Result<(), Failure> {
    let HoldArgs { target, reference, register } = args;
    let reply = send!(register, target, place_hold, |scope| pb::PlaceHold {
        envelope: envelope(),
        scope,
        reference: reference.clone()
    })?;
    tell(register, target, &reply, "it is kept");
    Ok(())
}

pub(super) async fn release(args: &HoldArgs) -> Result<(), Failure> {
    let HoldArgs { target, reference, register } = args;
    let reply = send!(register, target, lift_hold, |scope| pb::LiftHold {
        envelope: envelope(),
        scope,
        reference: reference.clone()
    })?;
    tell(register, target, &reply, "the hold is ended");
    Ok(())
}

fn tell(register: &RegisterArgs, target: &str, reply: &pb::CommandReply, what: &str) {
    let position = position(reply);
    if register.json {
        output::json(&json!({
            "target": target, "case": reply.aggregate_id, "position": position, "events": reply.events,
        }));
    } else {
        output::line(format!("{target}: {what} (position {position})"));
    }
}

/// What the register answered, as a sentence.
fn said(status: &Status) -> Failure {
    let hint = match status.code() {
        tonic::Code::Unauthenticated | tonic::Code::PermissionDenied => {
            "; VNR_TOKEN must hold a token of a supervisor for administration (`vnr token --help`), and --reference say for what case"
        }
        _ => "",
    };
    anyhow::anyhow!("{}{hint}", status.message()).into()
}

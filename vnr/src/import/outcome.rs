//! What became of a command.

use prost::Message;
use proto::command::v1::{CommandReply, CommandResult, command_result};
use proto::google::rpc;
use tonic::Code;
use tonic_types::StatusExt;

use super::origin::Origin;
use super::reason::Reason;

/// What the register said of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It took effect now.
    New {
        /// Events that it wrote.
        events: u32,
    },
    /// It had taken effect before.
    Repeated {
        /// Events that it wrote then.
        events: u32,
        /// When, RFC 3339.
        recorded_at: String,
    },
    /// It was refused, for all of these.
    Refused(Vec<Reason>),
    /// The register couldn't decide it: try again.
    Passing(String),
    /// Nothing of what is sent will be taken: the token is not good.
    Unwelcome(String),
}

impl Outcome {
    /// Reads a result for a command of the step; a `once` step that was said before in other words is no refusal.
    #[must_use]
    pub(super) fn of(result: CommandResult, step: &Origin, once: bool) -> Self {
        match result.outcome {
            Some(command_result::Outcome::Reply(reply)) => Self::of_reply(&reply),
            Some(command_result::Outcome::Error(status)) => Self::of_status(&status, step, once),
            None => Self::Passing("the register answered without saying what became of a command".to_owned()),
        }
    }

    fn of_reply(reply: &CommandReply) -> Self {
        if reply.repeated {
            Self::Repeated { events: reply.events, recorded_at: reply.recorded_at.clone() }
        } else {
            Self::New { events: reply.events }
        }
    }

    fn of_status(status: &rpc::Status, step: &Origin, once: bool) -> Self {
        let code = Code::from_i32(status.code);
        match code {
            Code::AlreadyExists if once => Self::Repeated { events: 0, recorded_at: String::new() },
            Code::Unavailable | Code::ResourceExhausted | Code::Aborted | Code::Cancelled => {
                Self::Passing(status.message.clone())
            }
            Code::DeadlineExceeded | Code::Internal | Code::Unknown | Code::DataLoss => {
                Self::Passing(status.message.clone())
            }
            Code::Unauthenticated => Self::Unwelcome(status.message.clone()),
            _ => Self::Refused(reasons(status, code, step)),
        }
    }
}

/// A reason for each thing that the details of the status name; one with its message where they name none.
fn reasons(status: &rpc::Status, code: Code, step: &Origin) -> Vec<Reason> {
    let full = tonic::Status::with_details(code, status.message.clone(), status.encode_to_vec().into());
    let details = full.get_error_details();
    let told = |path: &String, message: &String| Reason {
        columns: step.columns(path),
        ..Reason::of_step(&step.name, name_of(code), Some(path.clone()), message.clone())
    };
    let fields = details.bad_request().into_iter().flat_map(|bad| &bad.field_violations);
    let mut reasons: Vec<Reason> = fields.map(|violation| told(&violation.field, &violation.description)).collect();
    let rules = details.precondition_failure().into_iter().flat_map(|failure| &failure.violations);
    reasons.extend(rules.map(|violation| told(&violation.r#type, &violation.description)));
    if reasons.is_empty() {
        reasons.push(Reason::of_step(&step.name, name_of(code), None, status.message.clone()));
    }
    reasons
}

/// The code as the contract writes it.
#[must_use]
pub(super) fn name_of(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

//! What became of a command.

use prost::Message;
use proto::command::v1::{CommandReply, CommandResult, command_result};
use proto::google::rpc;
use tonic::Code;
use tonic_types::StatusExt;

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
    /// It was refused.
    Refused(Reason),
    /// The register couldn't decide it: try again.
    Passing(String),
    /// Nothing of what is sent will be taken: the token is not good.
    Unwelcome(String),
}

impl Outcome {
    /// Reads a result for a command of the step; a `once` step that was said before in other words is no refusal.
    #[must_use]
    pub(super) fn of(result: CommandResult, step: &str, once: bool) -> Self {
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

    fn of_status(status: &rpc::Status, step: &str, once: bool) -> Self {
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
            _ => Self::Refused(reason(status, code, step)),
        }
    }
}

/// The reason with what the details of the status add.
fn reason(status: &rpc::Status, code: Code, step: &str) -> Reason {
    let full = tonic::Status::with_details(code, status.message.clone(), status.encode_to_vec().into());
    let details = full.get_error_details();
    let mut path = None;
    let mut messages = Vec::new();
    for violation in details.bad_request().into_iter().flat_map(|bad| &bad.field_violations) {
        path.get_or_insert_with(|| violation.field.clone());
        messages.push(format!("{}: {}", violation.field, violation.description));
    }
    for violation in details.precondition_failure().into_iter().flat_map(|failure| &failure.violations) {
        path.get_or_insert_with(|| violation.r#type.clone());
        messages.push(violation.description.clone());
    }
    let mut message = status.message.clone();
    messages.retain(|detail| !message.contains(detail.as_str()));
    if !messages.is_empty() {
        message = format!("{message} ({})", messages.join("; "));
    }
    Reason::of_step(step, name_of(code), path, message)
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

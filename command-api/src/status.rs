//! How each failure is told to the caller: the one place that maps errors to gRPC statuses.
//!
//! What a caller can act on is in the details (google.rpc): field violations, names of broken rules, when to try again.
//! What only the operator can act on goes to the log, never to the caller.

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use access::AccessError;
use chrono::{DateTime, Utc};
use domain::kernel::{BrokenRule, Violations};
use event_store::append::{AppendError, ClaimTaken, VersionConflict, WrongType};
use tonic::{Code, Status};
use tonic_types::{BadRequest, ErrorDetails, FieldViolation, PreconditionViolation, StatusExt as _};

/// Domain of the reasons in `ErrorInfo`.
const DOMAIN: &str = "vnr";
/// A database that went away is back within seconds, or not soon.
const RETRY_UNAVAILABLE: Duration = Duration::from_secs(1);

/// A reference to a record that the register does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the register has no record `{name}`")]
pub(crate) struct UnknownRecord {
    /// As it was named.
    pub(crate) name: String,
}

/// A command about something that has not happened yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("occurred_at lies more than 5 minutes after {recorded_at}: check the sender's clock and its time zone")]
pub(crate) struct OccurredInFuture {
    /// The log's clock.
    pub(crate) recorded_at: DateTime<Utc>,
}

/// A message that can't be read: all that is wrong with it.
pub(crate) fn invalid(violations: Violations) -> Status {
    let violations: Vec<FieldViolation> = violations
        .into_iter()
        .map(|violation| FieldViolation { field: violation.path, description: violation.message, ..Default::default() })
        .collect();
    let named: Vec<&str> = violations.iter().take(3).map(|violation| violation.field.as_str()).collect();
    let more = if violations.len() > named.len() { ", …" } else { "" };
    let message = format!("{} of the command's fields can't be accepted: {}{more}", violations.len(), named.join(", "));
    Status::with_error_details(
        Code::InvalidArgument,
        message,
        ErrorDetails::with_bad_request(BadRequest::new(violations).field_violations),
    )
}

/// Somebody who may not do this, or is not known.
pub(crate) fn denied(error: &AccessError) -> Status {
    let code = if error.is_unauthenticated() { Code::Unauthenticated } else { Code::PermissionDenied };
    Status::new(code, error.to_string())
}

/// A command that did not take effect.
pub(crate) fn failed(error: AppendError) -> Status {
    match error {
        AppendError::Refused(error) => refused(error.as_ref()),
        AppendError::CommandIdReused { .. } => info(Code::AlreadyExists, &error, "COMMAND_ID_REUSED", []),
        AppendError::LaneFull { retry_after, .. } => retry(Code::ResourceExhausted, &error, retry_after),
        AppendError::DeadlinePassed => Status::deadline_exceeded(error.to_string()),
        AppendError::Unavailable => retry(Code::Unavailable, &error, RETRY_UNAVAILABLE),
        AppendError::Internal(source) => {
            tracing::error!(error = source.as_ref() as &dyn Error, "a command could not be written");
            Status::internal("the command could not be written; the operator's log says why")
        }
    }
}

fn refused(error: &(dyn Error + Send + Sync + 'static)) -> Status {
    if let Some(conflict) = error.downcast_ref::<VersionConflict>() {
        let versions = [("expected", conflict.expected.to_string()), ("actual", conflict.actual.to_string())];
        return info(Code::Aborted, conflict, "VERSION_CONFLICT", versions);
    }
    if let Some(taken) = error.downcast_ref::<ClaimTaken>() {
        let owner = taken.owner.to_string();
        let mut details = ErrorDetails::with_resource_info(&taken.kind, &owner, "", taken.to_string());
        details.set_error_info("CLAIM_TAKEN", DOMAIN, HashMap::from([("owner".to_owned(), owner)]));
        return Status::with_error_details(Code::AlreadyExists, taken.to_string(), details);
    }
    if let Some(unknown) = error.downcast_ref::<UnknownRecord>() {
        return Status::with_error_details(
            Code::NotFound,
            unknown.to_string(),
            ErrorDetails::with_resource_info("record", &unknown.name, "", unknown.to_string()),
        );
    }
    if let Some(wrong) = error.downcast_ref::<WrongType>() {
        return info(Code::NotFound, wrong, "WRONG_TYPE", [("actual", wrong.actual.clone())]);
    }
    if let Some(future) = error.downcast_ref::<OccurredInFuture>() {
        return precondition(&[BrokenRule { rule: "occurred_in_future", message: future.to_string() }]);
    }
    match domain::kernel::broken_rules(error) {
        Some(rules) => precondition(&rules),
        None => {
            tracing::error!(
                error = error as &(dyn Error + 'static),
                "a decision failed in a way that callers are not told of"
            );
            Status::internal("the command could not be decided; the operator's log says why")
        }
    }
}

/// Rules of the domain that say that a record is not there, or is there already.
fn code_of(rule: &str) -> Code {
    match rule {
        "incident_not_registered" | "card_not_received" | "unit_not_registered" => Code::NotFound,
        "incident_already_registered" | "card_already_received" | "call_sign_taken" => Code::AlreadyExists,
        _ => Code::FailedPrecondition,
    }
}

fn precondition(rules: &[BrokenRule]) -> Status {
    let message = rules.iter().map(|rule| rule.message.as_str()).collect::<Vec<_>>().join("; ");
    let code = rules.first().map_or(Code::FailedPrecondition, |rule| code_of(rule.rule));
    let violations =
        rules.iter().map(|rule| PreconditionViolation::new(rule.rule, "", &rule.message)).collect::<Vec<_>>();
    Status::with_error_details(code, message, ErrorDetails::with_precondition_failure(violations))
}

fn info<const N: usize>(code: Code, error: &dyn Error, reason: &str, facts: [(&str, String); N]) -> Status {
    let facts: HashMap<String, String> = facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Status::with_error_details(code, error.to_string(), ErrorDetails::with_error_info(reason, DOMAIN, facts))
}

fn retry(code: Code, error: &dyn Error, after: Duration) -> Status {
    Status::with_error_details(code, error.to_string(), ErrorDetails::with_retry_info(Some(after)))
}

#[cfg(test)]
mod tests {
    use domain::kernel::Refused;
    use domain::unit::UnitError;

    use super::*;

    #[test]
    fn every_violation_is_told_with_its_path() {
        let mut violations = Violations::new();
        violations.add("place.point", "is off the earth");
        violations.add("type_code", "is unknown");
        let status = invalid(violations);
        assert_eq!(status.code(), Code::InvalidArgument);
        let fields = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(fields.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), ["place.point", "type_code"]);
    }

    #[test]
    fn a_broken_rule_is_told_by_name() {
        let status = failed(AppendError::Refused(Box::new(Refused::from(UnitError::NotRegistered))));
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(status.get_details_precondition_failure().unwrap().violations[0].r#type, "unit_not_registered");
    }

    #[test]
    fn a_full_lane_says_when_to_come_again() {
        let full =
            AppendError::LaneFull { lane: event_store::append::Lane::Bulk, retry_after: Duration::from_millis(200) };
        let status = failed(full);
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(status.get_details_retry_info().unwrap().retry_delay, Some(Duration::from_millis(200)));
    }

    #[test]
    fn what_went_wrong_inside_is_not_told() {
        let status = failed(AppendError::Internal("password=secret".into()));
        assert_eq!(status.code(), Code::Internal);
        assert!(!status.message().contains("secret"));
    }
}

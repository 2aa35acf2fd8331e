//! How each failure is told to the caller: the one place that maps errors to gRPC statuses.
//!
//! What a caller can act on is in the details (google.rpc): field violations, names of broken rules, when to try again.
//! What only the operator can act on goes to the log, never to the caller.

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use access::{AccessError, AccessLogError};
use chrono::{DateTime, Utc};
use domain::kernel::{BrokenRule, Rule as _, Violations};
use domain::unit::UnitError;
use event_store::append::{AppendError, ClaimTaken, VersionConflict, WrongType};
use tonic::{Code, Status};
use tonic_types::{BadRequest, ErrorDetails, FieldViolation, PreconditionViolation, StatusExt as _};
use uuid::Uuid;

use crate::caller::NotPermitted;

/// Domain of the reasons in `ErrorInfo`.
const DOMAIN: &str = "vnr";
/// A database that went away is back within seconds, or not soon.
const RETRY_UNAVAILABLE: Duration = Duration::from_secs(1);
/// Most bytes of violations in one status. A single call's status travels in trailers, in base64, and a client may take no
/// more than 8 KiB of them (gRPC's advice): what is longer would arrive as a broken stream instead of an answer.
const MOST_DETAILS: usize = 3 * 1024;
/// Most bytes of one violation's sentence.
const LONGEST_SENTENCE: usize = 1_000;

/// A reference to a record that the register does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the register has no record `{name}`")]
pub(crate) struct UnknownRecord {
    /// As it was named.
    pub(crate) name: String,
}

/// Units that a command names and the register does not have: all of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", in_short(.0))]
pub(crate) struct UnknownUnits(pub(crate) Vec<UnknownUnit>);

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the register has no unit `{name}`: register it first")]
pub(crate) struct UnknownUnit {
    /// Where it stands in the message, `line_up.units[3].unit`.
    pub(crate) path: String,
    /// As it was named.
    pub(crate) name: String,
}

fn in_short(unknown: &[UnknownUnit]) -> String {
    match unknown {
        [] => "the register has no such unit".to_owned(),
        [only] => format!("{}: {only}", only.path),
        [first, ..] => {
            format!("the register does not have {} of the units, the first is {}", unknown.len(), first.path)
        }
    }
}

/// A command about something that has not happened yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("occurred_at lies more than 5 minutes after {recorded_at}: check the sender's clock and its time zone")]
pub(crate) struct OccurredInFuture {
    /// The log's clock.
    pub(crate) recorded_at: DateTime<Utc>,
}

/// A record that its source, or its call sign, has made known before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this {aggregate_type} is in the register already, as {number}")]
pub(crate) struct AlreadyKnown {
    /// What it is.
    pub(crate) aggregate_type: &'static str,
    /// Which record it is.
    pub(crate) id: Uuid,
    /// Its number.
    pub(crate) number: String,
    /// Name of the domain's rule.
    pub(crate) rule: &'static str,
}

/// A message that can't be read: all that is wrong with it, as far as an answer can hold it.
pub(crate) fn invalid(violations: Violations) -> Status {
    let found = violations.iter().len();
    let message = match violations.iter().next() {
        Some(first) if found == 1 => format!("{}: {}", first.path, shortened(&first.message)),
        Some(first) => format!("{found} things are wrong with the command, the first with {}", first.path),
        None => "the command can't be accepted".to_owned(),
    };
    let told = violations.into_iter().map(|violation| field(violation.path, shortened(&violation.message)));
    let size = |violation: &FieldViolation| violation.field.len() + violation.description.len();
    let told = as_many_as_fit(told, size, |more| field(String::new(), more));
    let details = ErrorDetails::with_bad_request(BadRequest::new(told).field_violations);
    Status::with_error_details(Code::InvalidArgument, message, details)
}

/// As many violations as an answer can hold; the last then says how many more there are.
fn as_many_as_fit<V>(
    found: impl ExactSizeIterator<Item = V>,
    size_of: impl Fn(&V) -> usize,
    more: impl FnOnce(String) -> V,
) -> Vec<V> {
    let (all, mut size) = (found.len(), 0);
    let mut told: Vec<V> = found
        .take_while(|violation| {
            size += size_of(violation);
            size <= MOST_DETAILS
        })
        .collect();
    if told.len() < all {
        told.push(more(format!("{} more that this answer has no room for", all - told.len())));
    }
    told
}

/// An envelope of the bulk stream without a command that this register knows.
pub(crate) fn unknown_command() -> Status {
    let mut violations = Violations::new();
    violations.add("command", "is required: one of the commands of the contract");
    invalid(violations)
}

/// A command that says it was made up, to a register of what is real: nothing mends that.
pub(crate) fn made_up() -> Status {
    let violation =
        ("simulated", "envelope.flags", "made-up data is taken only by a register whose origin ends in /simulated");
    let (kind, subject, description) = violation;
    let details = ErrorDetails::with_precondition_failure_violation(kind, subject, description);
    Status::with_error_details(Code::FailedPrecondition, description, details)
}

/// The server is going away; what was not answered can be sent again, here or elsewhere.
pub(crate) fn closing() -> Status {
    let details = ErrorDetails::with_retry_info(Some(RETRY_UNAVAILABLE));
    let message = "the server is closing: connect again and send what was not answered again";
    Status::with_error_details(Code::Unavailable, message, details)
}

fn field(path: String, description: String) -> FieldViolation {
    FieldViolation { field: path, description, ..Default::default() }
}

/// A sentence that fits into an answer.
fn shortened(sentence: &str) -> String {
    if sentence.len() <= LONGEST_SENTENCE {
        return sentence.to_owned();
    }
    format!("{}…", &sentence[..sentence.floor_char_boundary(LONGEST_SENTENCE)])
}

/// Somebody who may not do this, or is not known.
pub(crate) fn denied(error: &AccessError) -> Status {
    let code = if error.is_unauthenticated() { Code::Unauthenticated } else { Code::PermissionDenied };
    Status::new(code, error.to_string())
}

/// Somebody whom the policies do not let do this, or who may have a right to it that can't be read now.
pub(crate) fn not_permitted(refused: &NotPermitted) -> Status {
    match refused {
        NotPermitted::Denied { denied, .. } => {
            let facts = HashMap::from([("action".to_owned(), denied.action.to_string())]);
            let details = ErrorDetails::with_error_info("POLICY", DOMAIN, facts);
            Status::with_error_details(Code::PermissionDenied, shortened(&denied.to_string()), details)
        }
        NotPermitted::Source(none) => {
            let named = [("institution", none.institution.to_string()), ("source", none.system.to_string())];
            info(Code::PermissionDenied, none, "SOURCE", named)
        }
        NotPermitted::Unread => retry(Code::Unavailable, refused, RETRY_UNAVAILABLE),
    }
}

/// What could not be told to the access log, so that it is not shown.
pub(crate) fn untold(error: &AccessLogError) -> Status {
    retry(Code::Unavailable, error, RETRY_UNAVAILABLE)
}

/// A command that did not take effect.
pub(crate) fn failed(error: AppendError) -> Status {
    match error {
        AppendError::Refused(error) => refused(error.as_ref()),
        AppendError::CommandIdReused { .. } => info(Code::AlreadyExists, &error, "COMMAND_ID_REUSED", []),
        AppendError::LaneFull { retry_after, .. } => retry(Code::ResourceExhausted, &error, retry_after),
        AppendError::DeadlinePassed => Status::deadline_exceeded(error.to_string()),
        AppendError::Unavailable | AppendError::TooOld(_) => retry(Code::Unavailable, &error, RETRY_UNAVAILABLE),
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
    if let Some(known) = error.downcast_ref::<AlreadyKnown>() {
        return already_known(known);
    }
    if let Some(unknown) = error.downcast_ref::<UnknownRecord>() {
        return Status::with_error_details(
            Code::NotFound,
            unknown.to_string(),
            ErrorDetails::with_resource_info("record", &unknown.name, "", unknown.to_string()),
        );
    }
    if let Some(unknown) = error.downcast_ref::<UnknownUnits>() {
        return unknown_units(unknown);
    }
    if let Some(wrong) = error.downcast_ref::<WrongType>() {
        return info(Code::NotFound, wrong, "WRONG_TYPE", [("actual", wrong.actual.clone())]);
    }
    if let Some(refused) = error.downcast_ref::<NotPermitted>() {
        return not_permitted(refused);
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
        "incident_not_registered"
        | "card_not_received"
        | "unit_not_registered"
        | "shift_not_planned"
        | "item_not_seized"
        | "caution_not_registered"
        | "notice_not_issued"
        | "grant_not_requested"
        | "emergency_access_not_declared" => Code::NotFound,
        "incident_already_registered"
        | "item_already_seized"
        | "caution_already_registered"
        | "card_already_received"
        | "call_sign_taken"
        | "grant_already_requested"
        | "emergency_access_already_declared" => Code::AlreadyExists,
        _ => Code::FailedPrecondition,
    }
}

/// Names the record that is there, so that the sender can go on with it.
fn already_known(known: &AlreadyKnown) -> Status {
    let (id, sentence) = (known.id.to_string(), known.to_string());
    let mut details = ErrorDetails::with_resource_info(known.aggregate_type, &id, "", &sentence);
    details.set_precondition_failure(vec![PreconditionViolation::new(known.rule, &id, &sentence)]);
    let facts = HashMap::from([("aggregate_id".to_owned(), id), ("number".to_owned(), known.number.clone())]);
    details.set_error_info("ALREADY_KNOWN", DOMAIN, facts);
    Status::with_error_details(Code::AlreadyExists, sentence, details)
}

/// The rule that one unknown unit breaks, for each of them, with where it stands: whoever sent a long list mends it at once.
fn unknown_units(unknown: &UnknownUnits) -> Status {
    let rule = UnitError::NotRegistered.rule();
    let violation = |subject: &str, description: &str| PreconditionViolation::new(rule, subject, description);
    let told = unknown.0.iter().map(|unit| violation(&unit.path, &shortened(&unit.to_string())));
    let size = |violation: &PreconditionViolation| {
        violation.r#type.len() + violation.subject.len() + violation.description.len()
    };
    let told = as_many_as_fit(told, size, |more| violation("", &more));
    let details = ErrorDetails::with_precondition_failure(told);
    Status::with_error_details(code_of(rule), shortened(&unknown.to_string()), details)
}

fn precondition(rules: &[BrokenRule]) -> Status {
    let message = rules.iter().map(|rule| rule.message.as_str()).collect::<Vec<_>>().join("; ");
    let code = rules.first().map_or(Code::FailedPrecondition, |rule| code_of(rule.rule));
    let violations = rules.iter().map(|rule| PreconditionViolation::new(rule.rule, "", shortened(&rule.message)));
    let details = ErrorDetails::with_precondition_failure(violations.collect::<Vec<_>>());
    Status::with_error_details(code, shortened(&message), details)
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
    fn an_answer_fits_into_trailers_whatever_was_sent() {
        let mut violations = Violations::new();
        for index in 0..10_000 {
            violations.add(format!("points[{index}].point.latitude_e6"), "ā".repeat(5_000));
        }
        let status = invalid(violations);
        assert!(status.details().len() < 4_096, "{}", status.details().len());
        assert!(status.message().len() < 1_200);
        let fields = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(fields[0].field, "points[0].point.latitude_e6");
        let last = fields.last().unwrap();
        assert!(last.field.is_empty() && last.description.ends_with("more that this answer has no room for"));
    }

    #[test]
    fn a_record_that_is_there_is_named() {
        let id = Uuid::from_u128(7);
        let number = "VEK-2026-0000012".to_owned();
        let known = AlreadyKnown { aggregate_type: "emergency_card", id, number, rule: "card_already_received" };
        let status = failed(AppendError::Refused(Box::new(known)));
        assert_eq!(status.code(), Code::AlreadyExists);
        let resource = status.get_details_resource_info().unwrap();
        assert_eq!((resource.resource_type.as_str(), resource.resource_name), ("emergency_card", id.to_string()));
        assert_eq!(status.get_details_error_info().unwrap().metadata["number"], "VEK-2026-0000012");
    }

    #[test]
    fn a_broken_rule_is_told_by_name() {
        let status = failed(AppendError::Refused(Box::new(Refused::from(UnitError::NotRegistered))));
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(status.get_details_precondition_failure().unwrap().violations[0].r#type, "unit_not_registered");
    }

    #[test]
    fn units_that_are_unknown_are_told_as_far_as_an_answer_has_room_for_them() {
        let unknown = |place| UnknownUnit { path: format!("line_up.units[{place}].unit"), name: "Ā".repeat(32) };
        let status = failed(AppendError::Refused(Box::new(UnknownUnits((0..200).map(unknown).collect()))));
        assert_eq!(status.code(), Code::NotFound);
        assert!(status.details().len() < 4_096, "{}", status.details().len());
        assert!(status.message().len() < 1_200);
        let told = status.get_details_precondition_failure().unwrap().violations;
        assert!(told.iter().all(|violation| violation.r#type == "unit_not_registered"));
        assert_eq!(told[1].subject, "line_up.units[1].unit");
        let last = told.last().unwrap();
        assert!(last.subject.is_empty() && last.description.ends_with("more that this answer has no room for"));
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

//! What the register records of notices by itself, as submissions. Each has an id that follows from the notice, so it takes effect once
//! whoever sends it, and however often (I-4).

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Riga;
use domain::notice::{IssueNotice, Notice, NoticeCommand, RecordDelivery, RecordDeliveryFailure, RecordFetch};
use event_store::append::{Lane, Metadata, Submission, Target, Touch, Work};
use event_store::seal::MasterKeys;
use uuid::Uuid;

/// Who it is that records it: the register itself.
pub(crate) const ACTOR: &str = "vnr-notices";
/// Whose that is: who runs the register.
pub(crate) const INSTITUTION: &str = "IC";

/// A rule implied it.
pub(crate) fn issue(notice: Uuid, command: IssueNotice, at: DateTime<Utc>, master: &MasterKeys) -> Submission {
    submission(notice, "issue", NoticeCommand::IssueNotice(Box::new(command)), at, master)
}

/// The recipient's system took it.
pub(crate) fn delivered(notice: Uuid, receipt: RecordDelivery, at: DateTime<Utc>, master: &MasterKeys) -> Submission {
    submission(notice, "delivered", NoticeCommand::RecordDelivery(receipt), at, master)
}

/// Somebody of the recipient fetched it.
pub(crate) fn fetched(notice: Uuid, fetch: RecordFetch, at: DateTime<Utc>, master: &MasterKeys) -> Submission {
    submission(notice, "fetched", NoticeCommand::RecordFetch(fetch), at, master)
}

/// The attempt of that number failed.
pub(crate) fn failed(
    notice: Uuid,
    attempt: u32,
    failure: RecordDeliveryFailure,
    at: DateTime<Utc>,
    master: &MasterKeys,
) -> Submission {
    submission(notice, &format!("failed {attempt}"), NoticeCommand::RecordDeliveryFailure(failure), at, master)
}

/// It is late.
pub(crate) fn escalate(notice: Uuid, at: DateTime<Utc>, master: &MasterKeys) -> Submission {
    submission(notice, "escalate", NoticeCommand::EscalateNotice, at, master)
}

fn submission(notice: Uuid, what: &str, command: NoticeCommand, at: DateTime<Utc>, master: &MasterKeys) -> Submission {
    let command_id = Uuid::new_v5(&notice, what.as_bytes());
    let id = command_id.hyphenated().to_string();
    let occurred_at = at.with_timezone(&Riga).fixed_offset();
    let metadata = Metadata::new()
        .with("actor", ACTOR)
        .with("command_id", &id)
        .with("correlation_id", &id)
        .with("institution", INSTITUTION)
        .with("occurred_offset", &occurred_at.offset().to_string())
        .with("purpose", "operation")
        .with("role", "system");
    let decide = Box::new(move |work: &mut Work<'_>| {
        work.execute::<Notice>(notice, command.clone())?;
        Ok(Target::of::<Notice>(notice))
    });
    Submission {
        command_id,
        lane: Lane::Bulk,
        deadline: None,
        // Of the id alone: a receipt that came twice is the same receipt.
        digest: master.digest("notices", command_id.as_bytes()),
        metadata,
        occurred_at,
        touches: vec![Touch::of::<Notice>(notice)],
        decide,
    }
}

//! What the register records of notices by itself, as submissions. Each has an id that follows from the notice, so it takes effect once
//! whoever sends it, and however often (I-4).

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Riga;
use command_api::{OwnAct, own_act};
use domain::notice::{IssueNotice, Notice, NoticeCommand, RecordDelivery, RecordDeliveryFailure, RecordFetch};
use event_store::append::Submission;
use event_store::seal::MasterKeys;
use uuid::Uuid;

/// Who it is that records it: the register itself.
pub(crate) const ACTOR: &str = "vnr-notices";

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
    let occurred_at = at.with_timezone(&Riga).fixed_offset();
    own_act::<Notice>(&OwnAct { actor: ACTOR, kind: "notices", command_id, occurred_at, master }, notice, command)
}

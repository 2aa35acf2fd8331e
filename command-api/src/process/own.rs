//! What the register records by itself.

use chrono::{DateTime, FixedOffset};
use domain::kernel::Decide;
use event_store::append::{Lane, Metadata, Submission, Target, Touch, Work};
use event_store::seal::MasterKeys;
use uuid::Uuid;

/// Whose the register is: who runs it (Iekšlietu ministrijas Informācijas centrs).
pub const KEEPER: &str = "IC";

/// Who of the register records something, why, and under which id.
#[derive(Debug, Clone)]
pub struct OwnAct<'a> {
    /// The part of the register that does it, as the log names who acts: `vnr-timer`.
    pub actor: &'static str,
    /// What the digest of its commands is for: an id stands for one command of one kind.
    pub kind: &'static str,
    /// Follows from what it is about, so that it takes effect once.
    pub command_id: Uuid,
    /// When it happened.
    pub occurred_at: DateTime<FixedOffset>,
    /// The register's keys: the digest is made with them.
    pub master: &'a MasterKeys,
}

/// One command of one record that the register sends by itself.
pub fn own_act<A: Decide>(act: &OwnAct<'_>, record: Uuid, command: A::Command) -> Submission
where
    A::Command: Clone + Sync,
{
    let id = act.command_id.hyphenated().to_string();
    let metadata = Metadata::new()
        .with("actor", act.actor)
        .with("command_id", &id)
        .with("correlation_id", &id)
        .with("institution", KEEPER)
        .with("occurred_offset", &act.occurred_at.offset().to_string())
        .with("purpose", "operation")
        .with("role", "system");
    Submission {
        command_id: act.command_id,
        lane: Lane::Bulk,
        deadline: None,
        // Of the id alone: what follows from the same is the same, whenever it was found to follow.
        digest: act.master.digest(act.kind, act.command_id.as_bytes()),
        metadata,
        occurred_at: act.occurred_at,
        touches: vec![Touch::of::<A>(record)],
        decide: Box::new(move |work: &mut Work<'_>| {
            work.execute::<A>(record, command.clone())?;
            Ok(Target::of::<A>(record))
        }),
    }
}

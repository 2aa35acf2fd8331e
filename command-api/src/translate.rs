//! The same commands without a server: for who makes a log at once, of what would have been sent.

use access::Principal;
use event_store::append::{Lane, Submission};
use event_store::log::{LogName, LogPosition};
use event_store::seal::MasterKeys;
use proto::command::v1 as pb;
use tonic::Status;
use uuid::Uuid;

use crate::commands::{Visitor, WireCommand, visit};
use crate::gateway::{Read, note_register};
use crate::status;

/// A command as an appender takes it.
#[derive(Debug)]
pub struct Translated {
    /// The log that it goes into.
    pub log: LogName,
    /// A unit that must be in the register before it.
    pub needs_unit: Option<Uuid>,
    submission: Submission,
}

impl Translated {
    /// What is appended; `register` is the head of that log then.
    pub fn submission(mut self, register: LogPosition) -> Submission {
        if self.log != LogName::REGISTER {
            note_register(&mut self.submission, register);
        }
        self.submission
    }
}

/// Reads a command of the bulk stream as [`serve`](crate::serve) does.
///
/// # Errors
/// What would have been answered: all that is wrong with it.
pub fn translate(
    command: pb::CommandEnvelope,
    principal: &Principal,
    master: &MasterKeys,
) -> Result<Translated, Status> {
    struct Translate<'a>(&'a Principal, &'a MasterKeys);
    impl Visitor for Translate<'_> {
        type Output = Result<Translated, Status>;

        fn visit<C: WireCommand>(self, command: C) -> Self::Output {
            let Translate(principal, master) = self;
            let read = Read::command(command, principal)?;
            let (log, needs_unit) = (read.log(), read.needs_unit());
            Ok(Translated { log, needs_unit, submission: read.submission(principal, Lane::Bulk, master) })
        }
    }
    visit(command, Translate(principal, master)).unwrap_or_else(|| Err(status::unknown_command()))
}

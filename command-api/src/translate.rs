//! The same commands without a server: for who makes a log at once, of what would have been sent.

use std::sync::Arc;

use access::policy::{Policies, Standing};
use domain::classifier::Classifiers;
use event_store::append::{Lane, Submission};
use event_store::log::{LogName, LogPosition};
use event_store::seal::MasterKeys;
use proto::command::v1 as pb;
use tonic::Status;
use uuid::Uuid;

use crate::caller::{Caller, Sender};
use crate::commands::{Visitor, WireCommand, visit};
use crate::gateway::{Read, Unread, note_register};
use crate::status;

mod single;

pub use single::{Single, translate_single};

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

/// Reads a command of the bulk stream as [`serve`](crate::serve) does. It is decided by these policies and lists of codes like one that is sent, but for where
/// a unit is: whose the unit is that must be there before it, is for who has the register to look at.
///
/// `marking` marks what a source says, which stays in the log; a made-up log has keys of its own for that, so that it is the same
/// wherever it is made.
///
/// # Errors
/// What would have been answered: that its sender may not, or all that is wrong with it.
pub fn translate(
    command: pb::CommandEnvelope,
    standing: &Arc<Standing>,
    policies: &Arc<Policies>,
    classifiers: &Arc<Classifiers>,
    master: &MasterKeys,
    marking: &Arc<MasterKeys>,
) -> Result<Translated, Status> {
    struct Translate<'a>(
        &'a Arc<Standing>,
        &'a Arc<Policies>,
        &'a Arc<Classifiers>,
        &'a MasterKeys,
        &'a Arc<MasterKeys>,
    );
    impl Visitor for Translate<'_> {
        type Output = Result<Translated, Status>;

        fn visit<C: WireCommand>(self, command: C) -> Self::Output {
            let Translate(standing, policies, classifiers, master, marking) = self;
            let caller = Caller::of::<C>(
                &Sender::of(standing),
                Arc::clone(policies),
                Arc::clone(classifiers),
                Arc::clone(marking),
            );
            let caller = caller.map_err(Unread::from)?;
            let read = Read::command(command, caller)?;
            let (log, needs_unit) = (read.log(), read.needs_unit());
            Ok(Translated { log, needs_unit, submission: read.submission(Lane::Bulk, master) })
        }
    }
    visit(command, Translate(standing, policies, classifiers, master, marking))
        .unwrap_or_else(|| Err(status::unknown_command()))
}

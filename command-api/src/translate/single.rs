//! The same of commands that no bulk stream takes.

use std::sync::Arc;

use access::policy::{Policies, Standing};
use domain::classifier::Classifiers;
use event_store::append::Lane;
use event_store::seal::MasterKeys;
use proto::command::v1 as pb;
use tonic::Status;

use super::Translated;
use crate::caller::{Caller, Sender};
use crate::commands::WireCommand;
use crate::gateway::{Read, Unread};

/// A command of a single call: about an incident and by two persons, about a journal, a response plan or a notice.
#[derive(Debug, Clone, PartialEq)]
pub enum Single {
    /// An annulment is asked for.
    RequestAnnulment(pb::RequestAnnulment),
    /// The second person agrees to it.
    ApproveAnnulment(pb::ApproveAnnulment),
    /// The second person does not.
    RejectAnnulment(pb::RejectAnnulment),
    /// A restriction is taken back.
    LiftRestriction(pb::LiftRestriction),
    /// A journal is made known.
    RegisterJournal(pb::RegisterJournal),
    /// How its records are read.
    AdoptMapping(pb::AdoptMapping),
    /// It is put to the test or into service.
    ChangeJournalPhase(pb::ChangeJournalPhase),
    /// A response plan is proposed.
    ProposePlan(pb::ProposePlan),
    /// The second person puts it into force.
    ApprovePlan(pb::ApprovePlan),
    /// The recipient of a notice knows.
    AcknowledgeNotice(pb::AcknowledgeNotice),
}

/// As [`translate`](super::translate), of a command that no bulk stream takes.
///
/// `marking` marks what a source says, which stays in the log; a made-up log has keys of its own for that, so that it is the same
/// wherever it is made.
///
/// # Errors
/// What would have been answered: that its sender may not, or all that is wrong with it.
pub fn translate_single(
    command: Single,
    standing: &Arc<Standing>,
    policies: &Arc<Policies>,
    classifiers: &Arc<Classifiers>,
    master: &MasterKeys,
    marking: &Arc<MasterKeys>,
) -> Result<Translated, Status> {
    match command {
        Single::RequestAnnulment(message) => read(message, standing, policies, classifiers, master, marking),
        Single::ApproveAnnulment(message) => read(message, standing, policies, classifiers, master, marking),
        Single::RejectAnnulment(message) => read(message, standing, policies, classifiers, master, marking),
        Single::LiftRestriction(message) => read(message, standing, policies, classifiers, master, marking),
        Single::RegisterJournal(message) => read(message, standing, policies, classifiers, master, marking),
        Single::AdoptMapping(message) => read(message, standing, policies, classifiers, master, marking),
        Single::ChangeJournalPhase(message) => read(message, standing, policies, classifiers, master, marking),
        Single::ProposePlan(message) => read(message, standing, policies, classifiers, master, marking),
        Single::ApprovePlan(message) => read(message, standing, policies, classifiers, master, marking),
        Single::AcknowledgeNotice(message) => read(message, standing, policies, classifiers, master, marking),
    }
}

fn read<C: WireCommand>(
    command: C,
    standing: &Arc<Standing>,
    policies: &Arc<Policies>,
    classifiers: &Arc<Classifiers>,
    master: &MasterKeys,
    marking: &Arc<MasterKeys>,
) -> Result<Translated, Status> {
    let caller =
        Caller::of::<C>(&Sender::of(standing), Arc::clone(policies), Arc::clone(classifiers), Arc::clone(marking));
    let read = Read::command(command, caller.map_err(Unread::from)?)?;
    let (log, needs_unit) = (read.log(), read.needs_unit());
    Ok(Translated { log, needs_unit, submission: read.submission(Lane::Bulk, master) })
}

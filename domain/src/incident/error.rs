use chrono::{DateTime, FixedOffset};
use thiserror::Error;
use uuid::Uuid;

use crate::kernel::Rule;
use crate::values::{Actor, InstitutionCode, NationalNumber};

/// Rules of an incident that a command can break.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IncidentError {
    /// There is no such incident.
    #[error("there is no such incident: register it first")]
    NotRegistered,
    /// It was registered before.
    #[error("this incident is already registered as {number}: supplement that one")]
    AlreadyRegistered {
        /// Its number.
        number: NationalNumber,
    },
    /// Nothing of a closed incident changes.
    #[error("incident {number} is closed: reopen it before changing it")]
    Closed {
        /// Its number.
        number: NationalNumber,
    },
    /// Only a supervisor corrects a closed incident.
    #[error("incident {number} is closed: a supervisor may correct it, or reopen it first")]
    CorrectionNeedsSupervisor {
        /// Its number.
        number: NationalNumber,
    },
    /// Only a closed incident can be reopened.
    #[error("incident {number} isn't closed: there is nothing to reopen")]
    NotClosed {
        /// Its number.
        number: NationalNumber,
    },
    /// It can't be closed without a result.
    #[error("incident {number} has no result: record how it was dealt with, then close it")]
    NoResult {
        /// Its number.
        number: NationalNumber,
    },
    /// It would end before it begins.
    #[error("the incident would end before it begins: correct occurred_from or occurred_to")]
    EndsBeforeItBegins,
    /// Something would lie in the future.
    #[error("{field} lies in the future: only what has happened is recorded")]
    InFuture {
        /// Which of its times.
        field: &'static str,
    },
    /// More processes than one incident goes on in.
    #[error("{count} case references: an incident has at most {most}", most = super::MAX_CASE_REFS)]
    TooManyCaseRefs {
        /// How many.
        count: usize,
    },
    /// A supplement without content.
    #[error("nothing to supplement: give a narrative, a place, a time or a reporter")]
    NothingToSupplement,
    /// A correction without content.
    #[error("nothing to correct: give a channel, a narrative, a place, a time or a reporter")]
    NothingToCorrect,
    /// A reclassification without content.
    #[error("nothing to reclassify: give a type or a category")]
    NothingToReclassify,
    /// It was registered in error.
    #[error("incident {number} is annulled: nothing of it changes any more")]
    Annulled {
        /// Its number.
        number: NationalNumber,
    },
    /// It was given back.
    #[error("incident {number} was given back to who had forwarded its card: nothing of it changes any more")]
    Returned {
        /// Its number.
        number: NationalNumber,
    },
    /// What came of a forwarded card is given back, not annulled.
    #[error("incident {number} came of a card that {by} forwarded: give it back (ReturnIncident)")]
    Forwarded {
        /// Its number.
        number: NationalNumber,
        /// Who forwarded it.
        by: InstitutionCode,
    },
    /// It came otherwise.
    #[error("incident {number} did not come of a forwarded card: there is nobody to give it back to")]
    NotForwarded {
        /// Its number.
        number: NationalNumber,
    },
    /// It was dealt with.
    #[error(
        "incident {number} was dealt with already: it can't be given back; offer it to another institution instead"
    )]
    DealtWith {
        /// Its number.
        number: NationalNumber,
    },
    /// It waits for the second person.
    #[error("{by} has asked for incident {number} to be annulled: another person approves or rejects that first")]
    AnnulmentPending {
        /// Its number.
        number: NationalNumber,
        /// Who asked.
        by: Actor,
    },
    /// Nobody asked.
    #[error(
        "nobody has asked for incident {number} to be annulled: request that first, another person then approves it"
    )]
    NoAnnulmentRequested {
        /// Its number.
        number: NationalNumber,
    },
    /// One person alone annuls nothing.
    #[error("{by} has asked for the annulment: another person must approve it")]
    AnnulmentNeedsTwoPersons {
        /// Who.
        by: Actor,
    },
    /// It goes on in another.
    #[error("incident {number} was merged into {into}: change that one, or unmerge it first")]
    Merged {
        /// Its number.
        number: NationalNumber,
        /// The one that goes on.
        into: Uuid,
    },
    /// It isn't part of another.
    #[error("incident {number} isn't merged: there is nothing to unmerge")]
    NotMerged {
        /// Its number.
        number: NationalNumber,
    },
    /// Others go on in it.
    #[error("{count} incidents were merged into incident {number}: unmerge them first")]
    HasMerged {
        /// Its number.
        number: NationalNumber,
        /// How many.
        count: usize,
    },
    /// Nothing is tied to itself.
    #[error("an incident can't be tied to itself: name another")]
    Itself,
    /// There is no such link.
    #[error("incident {number} isn't tied to {other}: there is nothing to take back")]
    NotLinked {
        /// Its number.
        number: NationalNumber,
        /// The other.
        other: Uuid,
    },
    /// More than one incident has.
    #[error("incident {number} has {most} {what} already: no more are taken")]
    TooMany {
        /// Its number.
        number: NationalNumber,
        /// Of what.
        what: &'static str,
        /// How many there may be.
        most: usize,
    },
    /// Nobody and nothing of that id takes part.
    #[error("{what} {id} isn't involved in incident {number}: involve it first")]
    NotInvolved {
        /// Its number.
        number: NationalNumber,
        /// What it should be.
        what: &'static str,
        /// Its id.
        id: Uuid,
    },
    /// They are there already.
    #[error("person {subject} is involved in incident {number} already: identify them further or change their roles")]
    PersonAlreadyInvolved {
        /// Its number.
        number: NationalNumber,
        /// The data subject.
        subject: Uuid,
    },
    /// The id stands for something else.
    #[error("id {id} stands for a {what} in this incident already: choose another")]
    IdTaken {
        /// The id.
        id: Uuid,
        /// What it stands for.
        what: &'static str,
    },
    /// Nobody takes part as nothing.
    #[error("say what they are in the incident: give at least one role")]
    NoRole,
    /// An identification without content.
    #[error("nothing new is said of the person: give what is known of them")]
    NothingToIdentify,
    /// A minor is no adult.
    #[error("minor contradicts the age: leave it out, or correct the date of birth")]
    MinorContradictsAge,
    /// Nothing to lift.
    #[error("incident {number} has no restriction of its own: its class comes of its type or its persons")]
    NotRestricted {
        /// Its number.
        number: NationalNumber,
    },
    /// An offer waits.
    #[error("incident {number} is offered to {to}: withdraw that offer, or wait for its answer")]
    TransferPending {
        /// Its number.
        number: NationalNumber,
        /// To whom.
        to: InstitutionCode,
    },
    /// No offer waits.
    #[error("incident {number} isn't offered to anybody: offer it first")]
    NoTransferPending {
        /// Its number.
        number: NationalNumber,
    },
    /// It would be offered to whom it belongs.
    #[error("{to} answers for this incident already: offer it to another institution")]
    TransferToItself {
        /// To whom.
        to: InstitutionCode,
    },
    /// Only who it is offered to answers the offer, and only who took it on ends it.
    #[error("the transfer is {to}'s to answer: only that institution can")]
    NotYourTransfer {
        /// Whose it is.
        to: InstitutionCode,
    },
    /// The deadline of an offer is between now and 30 days.
    #[error("the deadline of a transfer lies between now and {days} days from now", days = super::MAX_TRANSFER_DAYS)]
    TransferDeadline,
    /// The time of an offer is over.
    #[error("the offer could be accepted until {deadline}: the sender offers it again")]
    TransferOverdue {
        /// Until when.
        deadline: DateTime<FixedOffset>,
    },
    /// The time of an offer is not over.
    #[error("the offer holds until {deadline}: it has not expired")]
    TransferNotOverdue {
        /// Until when.
        deadline: DateTime<FixedOffset>,
    },
    /// Nothing was accepted, or it has ended.
    #[error("incident {number} has no accepted transfer that goes on: there is nothing to complete")]
    NoTransferAccepted {
        /// Its number.
        number: NationalNumber,
    },
}

impl Rule for IncidentError {
    fn rule(&self) -> &'static str {
        match self {
            Self::NotRegistered => "incident_not_registered",
            Self::AlreadyRegistered { .. } => "incident_already_registered",
            Self::Closed { .. } => "incident_closed",
            Self::CorrectionNeedsSupervisor { .. } => "incident_correction_needs_supervisor",
            Self::NotClosed { .. } => "incident_not_closed",
            Self::NoResult { .. } => "incident_has_no_result",
            Self::EndsBeforeItBegins => "incident_ends_before_it_begins",
            Self::InFuture { .. } => "incident_in_future",
            Self::TooManyCaseRefs { .. } => "too_many_case_refs",
            Self::NothingToSupplement => "nothing_to_supplement",
            Self::NothingToCorrect => "nothing_to_correct",
            Self::NothingToReclassify => "nothing_to_reclassify",
            Self::Annulled { .. } => "incident_annulled",
            Self::Returned { .. } => "incident_returned",
            Self::Forwarded { .. } => "incident_forwarded",
            Self::NotForwarded { .. } => "incident_not_forwarded",
            Self::DealtWith { .. } => "incident_dealt_with",
            Self::AnnulmentPending { .. } => "annulment_pending",
            Self::NoAnnulmentRequested { .. } => "no_annulment_requested",
            Self::AnnulmentNeedsTwoPersons { .. } => "annulment_needs_two_persons",
            Self::Merged { .. } => "incident_merged",
            Self::NotMerged { .. } => "incident_not_merged",
            Self::HasMerged { .. } => "incident_has_merged",
            Self::Itself => "incident_tied_to_itself",
            Self::NotLinked { .. } => "incident_not_linked",
            Self::TooMany { .. } => "incident_has_too_many",
            Self::NotInvolved { .. } => "not_involved",
            Self::PersonAlreadyInvolved { .. } => "person_already_involved",
            Self::IdTaken { .. } => "involvement_id_taken",
            Self::NoRole => "person_has_no_role",
            Self::NothingToIdentify => "nothing_to_identify",
            Self::MinorContradictsAge => "minor_contradicts_age",
            Self::NotRestricted { .. } => "incident_not_restricted",
            Self::TransferPending { .. } => "transfer_pending",
            Self::NoTransferPending { .. } => "no_transfer_pending",
            Self::TransferToItself { .. } => "transfer_to_itself",
            Self::NotYourTransfer { .. } => "not_your_transfer",
            Self::TransferDeadline => "transfer_deadline_out_of_range",
            Self::TransferOverdue { .. } => "transfer_overdue",
            Self::TransferNotOverdue { .. } => "transfer_not_overdue",
            Self::NoTransferAccepted { .. } => "no_transfer_accepted",
        }
    }
}

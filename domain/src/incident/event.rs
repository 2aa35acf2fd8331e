use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::involved::{Document, Identity, Item, Organisation, Vehicle};
use super::{Assignee, IncidentStatus};
use crate::classifier::{ActionCode, Disposition, IncidentType, PersonRole, ResultCode, TransferCause};
use crate::kernel::{RecordedEvent, TakenNumber, Upcaster, domain_event};
use crate::personal::Personal;
use crate::terms::{Category, Channel, Confidence, Identification, LinkKind, Protection, RaisedClass, TransferOutcome};
use crate::values::{
    Actor, CaseRef, Description, InstitutionCode, LegacyNumber, Narrative, NationalNumber, Place, Reason, RecordingRef,
    Reporter,
};

/// Events that say what an incident is about: what they hold replaces what was held of it before.
pub const TELLING: &[&str] = &[
    "IncidentRegistered",
    "IncidentSupplemented",
    "IncidentCorrected",
    "IncidentReclassified",
    "ResultRecorded",
    "IncidentClosed",
];

/// The event that says what its source had said of an incident before what is known of it: it holds until that was superseded, and only on
/// the source's time axis.
pub const EARLIER: &str = "EarlierVersionNoted";

/// What happened to an incident, for ever. An amendment holds the new values only; the old ones follow from what came before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum IncidentEvent {
    /// It was registered.
    IncidentRegistered {
        /// National number.
        number: NationalNumber,
        /// How it was reported.
        channel: Channel,
        /// Opening type.
        type_code: IncidentType,
        /// Opening category.
        category: Category,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<Place>,
        /// When it began.
        occurred_from: DateTime<FixedOffset>,
        /// When it ended, where it lasted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        occurred_to: Option<DateTime<FixedOffset>>,
        /// What happened.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        narrative: Option<Personal<Narrative>>,
        /// Who reported it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reporter: Option<Reporter>,
        /// Institution that registered it.
        institution: InstitutionCode,
        /// Emergency card that it comes from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        card: Option<Uuid>,
        /// Number in the register that it comes from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        legacy_number: Option<LegacyNumber>,
        /// When the unit that leads operations was told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        received_at: Option<DateTime<FixedOffset>>,
        /// Until when somebody has to be there, by its category.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        respond_by: Option<DateTime<FixedOffset>>,
        /// Class that its type asks for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<RaisedClass>,
        /// Incident that it was part of until then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        split_from: Option<Uuid>,
        /// Who forwarded the card that it comes from, where that is how it came.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        forwarded_by: Option<InstitutionCode>,
        /// Where the recording of the call is kept, by the card.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recording_ref: Option<RecordingRef>,
    },
    /// Facts were added or replaced.
    IncidentSupplemented {
        /// New narrative.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        narrative: Option<Personal<Narrative>>,
        /// New place.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<Place>,
        /// New beginning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        occurred_from: Option<DateTime<FixedOffset>>,
        /// New end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        occurred_to: Option<DateTime<FixedOffset>>,
        /// New reporter.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reporter: Option<Reporter>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Personal<Reason>>,
    },
    /// What had been recorded wrongly was put right.
    IncidentCorrected {
        /// How it was reported.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<Channel>,
        /// Narrative.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        narrative: Option<Personal<Narrative>>,
        /// Place.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<Place>,
        /// When the unit that leads operations was told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        received_at: Option<DateTime<FixedOffset>>,
        /// Beginning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        occurred_from: Option<DateTime<FixedOffset>>,
        /// End.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        occurred_to: Option<DateTime<FixedOffset>>,
        /// Reporter.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reporter: Option<Reporter>,
        /// What was wrong, and why.
        reason: Personal<Reason>,
    },
    /// Type or category was changed; the opening ones stay known from the registration.
    IncidentReclassified {
        /// New type.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        type_code: Option<IncidentType>,
        /// New category.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<Category>,
        /// Class that the new type asks for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<RaisedClass>,
        /// Until when somebody has to be there, by the new category; the first deadline stays known from the registration.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        respond_by: Option<DateTime<FixedOffset>>,
        /// Why.
        reason: Personal<Reason>,
    },
    /// Its journal sent what it had said before what is known of it here. The incident stays as it is; what the journal said then is known.
    EarlierVersionNoted {
        /// Place of that version in the journal's own order.
        sequence: u64,
        /// When the journal recorded it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recorded_there: Option<DateTime<FixedOffset>>,
        /// When the journal recorded the version after it of those that were taken over here: until then it said this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        superseded_at: Option<DateTime<FixedOffset>>,
        /// How it was reported.
        channel: Channel,
        /// Type.
        type_code: IncidentType,
        /// Category.
        category: Category,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<Place>,
        /// When the unit that leads operations was told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        received_at: Option<DateTime<FixedOffset>>,
        /// When it began.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        occurred_from: Option<DateTime<FixedOffset>>,
        /// When it ended, where it lasted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        occurred_to: Option<DateTime<FixedOffset>>,
        /// What happened.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        narrative: Option<Personal<Narrative>>,
        /// Who reported it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reporter: Option<Reporter>,
        /// How it was dealt with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result_code: Option<ResultCode>,
        /// Numbers of the processes that it went on in.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        case_refs: BTreeSet<CaseRef>,
    },
    /// It was given to a unit or an officer.
    IncidentAssigned {
        /// To whom.
        assignee: Assignee,
    },
    /// How it was dealt with was recorded.
    ResultRecorded {
        /// Result.
        result_code: ResultCode,
        /// Numbers of the processes that it went on in.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        case_refs: BTreeSet<CaseRef>,
    },
    /// It was closed.
    IncidentClosed {
        /// How it ended.
        disposition: Disposition,
        /// What it turned out to be.
        closing_type: IncidentType,
        /// Class that this type asks for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<RaisedClass>,
    },
    /// It was opened again.
    IncidentReopened {
        /// Why.
        reason: Personal<Reason>,
    },
    /// Officers did something.
    ActionTaken {
        /// What.
        action: ActionCode,
        /// When.
        at: DateTime<FixedOffset>,
        /// Who did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Assignee>,
        /// What came of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Personal<Description>>,
    },
    /// Its class was raised.
    IncidentRestricted {
        /// To what.
        class: RaisedClass,
        /// Why.
        reason: Personal<Reason>,
    },
    /// That was taken back; what its type and persons ask for stays.
    RestrictionLifted {
        /// Why.
        reason: Personal<Reason>,
    },
    /// Somebody asked for it to be annulled; it waits for a second person.
    AnnulmentRequested {
        /// Why.
        reason: Personal<Reason>,
        /// Who asked.
        by: Actor,
    },
    /// It was not annulled.
    AnnulmentRejected {
        /// Why.
        reason: Personal<Reason>,
        /// Who decided so.
        by: Actor,
    },
    /// It had been registered in error, as two persons agree. Its number is never used again.
    IncidentAnnulled {
        /// Who asked for it.
        by: Actor,
        /// Who agreed: another person.
        second: Actor,
    },
    /// A person takes part in it.
    PersonInvolved {
        /// Who it is.
        person: Identity,
        /// What they are in it.
        roles: BTreeSet<PersonRole>,
        /// How well it is known who they are.
        identification: Identification,
        /// Whether they are under 18.
        minor: bool,
        /// Why they are protected.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        protections: BTreeSet<Protection>,
    },
    /// More is known of who a person is; what isn't said stays.
    PersonIdentified {
        /// What is known now.
        person: Identity,
        /// How well it is known now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        identification: Option<Identification>,
        /// Whether they are under 18.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minor: Option<bool>,
        /// Why they are protected.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        protections: Option<BTreeSet<Protection>>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Personal<Reason>>,
    },
    /// A person is something else in it than before.
    PersonRolesChanged {
        /// Who: the data subject.
        subject: Uuid,
        /// What they are from then on.
        roles: BTreeSet<PersonRole>,
        /// Why.
        reason: Personal<Reason>,
    },
    /// An organisation takes part in it; again, this is how it does.
    OrganisationInvolved {
        /// The organisation.
        organisation: Organisation,
    },
    /// A vehicle takes part in it; again, this is how it does.
    VehicleInvolved {
        /// The vehicle.
        vehicle: Vehicle,
    },
    /// An item takes part in it; again, this is how it does.
    ItemInvolved {
        /// The item.
        item: Item,
    },
    /// A document takes part in it; again, this is how it does.
    DocumentInvolved {
        /// The document.
        document: Document,
    },
    /// Somebody or something had been recorded as involved in error.
    InvolvementWithdrawn {
        /// Id of the involvement; of a person the data subject.
        involvement: Uuid,
        /// Why.
        reason: Personal<Reason>,
    },
    /// It is tied to another; the other says the same from its side.
    IncidentLinked {
        /// The other.
        other: Uuid,
        /// How, seen from this one.
        kind: LinkKind,
        /// How sure that is.
        confidence: Confidence,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Personal<Reason>>,
    },
    /// It is no longer tied to another.
    IncidentUnlinked {
        /// The other.
        other: Uuid,
        /// Why.
        reason: Personal<Reason>,
    },
    /// It is the same as another, which goes on.
    IncidentMerged {
        /// The one that goes on.
        into: Uuid,
        /// Why.
        reason: Personal<Reason>,
    },
    /// Another is the same as this one, which goes on.
    IncidentAbsorbed {
        /// The one that ended.
        other: Uuid,
        /// Why.
        reason: Personal<Reason>,
    },
    /// It was not the same as that other: it is again what it was.
    IncidentUnmerged {
        /// The one that it had been merged into.
        from: Uuid,
        /// Where it stands again.
        status: IncidentStatus,
        /// Why.
        reason: Personal<Reason>,
    },
    /// Another was not the same as this one.
    IncidentReleased {
        /// The one that had ended.
        other: Uuid,
        /// Why.
        reason: Personal<Reason>,
    },
    /// What was taken for one incident were two: another was parted from it.
    IncidentSplit {
        /// The new one.
        into: Uuid,
        /// Why.
        reason: Personal<Reason>,
    },
    /// An item was seized in it.
    SeizedItemAdded {
        /// The item's own record.
        item: Uuid,
        /// Its number within the incident, from 1.
        ordinal: u32,
    },
    /// It was offered to another institution; until that accepts it, nothing changes.
    TransferOffered {
        /// Id of the transfer.
        transfer: Uuid,
        /// By whom.
        from: InstitutionCode,
        /// To whom.
        to: InstitutionCode,
        /// Until when it has to be accepted.
        deadline: DateTime<FixedOffset>,
        /// Why.
        reason: Personal<Reason>,
    },
    /// The other institution took it on, and answers for it from then on.
    TransferAccepted {
        /// Id of the transfer.
        transfer: Uuid,
        /// Who answered for it before.
        from: InstitutionCode,
        /// Who does from now on.
        to: InstitutionCode,
    },
    /// The other institution did not take it on.
    TransferRejected {
        /// Id of the transfer.
        transfer: Uuid,
        /// Who did not.
        to: InstitutionCode,
        /// Why, by code.
        cause: TransferCause,
        /// Why, in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Personal<Reason>>,
    },
    /// The offer was taken back.
    TransferWithdrawn {
        /// Id of the transfer.
        transfer: Uuid,
        /// Why.
        reason: Personal<Reason>,
    },
    /// Nobody took it on in time.
    TransferExpired {
        /// Id of the transfer.
        transfer: Uuid,
    },
    /// A transfer that was accepted has ended.
    TransferCompleted {
        /// Id of the transfer.
        transfer: Uuid,
        /// How.
        outcome: TransferOutcome,
        /// Who answers for the incident from then on.
        responsible: InstitutionCode,
        /// Why, or what came of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Personal<Reason>>,
    },
    /// It is not theirs: the card that it comes from goes back to who had forwarded it.
    IncidentReturned {
        /// The card.
        card: Uuid,
        /// Why.
        cause: Personal<Reason>,
    },
}

domain_event! {
    IncidentEvent {
        IncidentRegistered, IncidentSupplemented, IncidentReclassified, IncidentAssigned, ResultRecorded, IncidentClosed,
        IncidentReopened, IncidentCorrected, ActionTaken, IncidentRestricted, RestrictionLifted, AnnulmentRequested,
        AnnulmentRejected, IncidentAnnulled, PersonInvolved, PersonIdentified, PersonRolesChanged, OrganisationInvolved,
        VehicleInvolved, ItemInvolved, DocumentInvolved, InvolvementWithdrawn, IncidentLinked, IncidentUnlinked,
        IncidentMerged, IncidentAbsorbed, IncidentUnmerged, IncidentReleased, IncidentSplit, SeizedItemAdded,
        TransferOffered, TransferAccepted, TransferRejected, TransferWithdrawn, TransferExpired, TransferCompleted,
        IncidentReturned, EarlierVersionNoted,
    },
    upcasters: &[INCIDENT_UNMERGED_1]
}

/// Version 1 knew no incidents that are given back; what it could say is said as before.
const INCIDENT_UNMERGED_1: Upcaster = Upcaster { event_type: "IncidentUnmerged", from: 1, upcast: |_| {} };

impl RecordedEvent for IncidentEvent {
    fn taken_number(&self) -> Option<TakenNumber> {
        match self {
            Self::IncidentRegistered { number, .. } => Some(number.taken()),
            _ => None,
        }
    }
}

//! What can be asked of an incident.

mod involvement;
mod registration;
mod relation;
mod transfer;
mod work;

pub use involvement::{
    ChangePersonRoles, IdentifyPerson, InvolveDocument, InvolveItem, InvolveOrganisation, InvolvePerson,
    InvolveVehicle, WithdrawInvolvement,
};
pub use registration::{
    CorrectIncident, NoteEarlierVersion, ReclassifyIncident, RegisterIncident, SupplementIncident, TypeRules,
};
pub use relation::{
    AbsorbIncident, AddSeizedItem, LinkIncidents, MergeIncident, ReleaseIncident, SplitIncident, UnlinkIncidents,
    UnmergeIncident,
};
pub use transfer::{AcceptTransfer, CompleteTransfer, OfferTransfer, RejectTransfer, ReturnIncident, WithdrawTransfer};
pub use work::{
    ApproveAnnulment, AssignIncident, Assignee, CloseIncident, LiftRestriction, RecordAction, RecordResult,
    RejectAnnulment, ReopenIncident, RequestAnnulment, RestrictIncident,
};

/// What can be asked of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncidentCommand {
    /// Registers it.
    RegisterIncident(Box<RegisterIncident>),
    /// Adds to or replaces its facts.
    SupplementIncident(Box<SupplementIncident>),
    /// Puts right what was recorded wrongly.
    CorrectIncident(Box<CorrectIncident>),
    /// Changes its type or category.
    ReclassifyIncident(ReclassifyIncident),
    /// Notes what its journal had said before what is known of it.
    NoteEarlierVersion(Box<NoteEarlierVersion>),
    /// Gives it to a unit or an officer.
    AssignIncident(AssignIncident),
    /// Records what officers did.
    RecordAction(Box<RecordAction>),
    /// Records how it was dealt with.
    RecordResult(RecordResult),
    /// Closes it.
    CloseIncident(CloseIncident),
    /// Opens it again.
    ReopenIncident(ReopenIncident),
    /// Raises its class.
    RestrictIncident(RestrictIncident),
    /// Takes that back.
    LiftRestriction(LiftRestriction),
    /// Asks for it to be annulled.
    RequestAnnulment(RequestAnnulment),
    /// Annuls it, as the second person.
    ApproveAnnulment(ApproveAnnulment),
    /// Does not annul it.
    RejectAnnulment(RejectAnnulment),
    /// Adds a person.
    InvolvePerson(Box<InvolvePerson>),
    /// Says more of who a person is.
    IdentifyPerson(Box<IdentifyPerson>),
    /// Changes what a person is in it.
    ChangePersonRoles(ChangePersonRoles),
    /// Adds an organisation, or says anew what it is.
    InvolveOrganisation(Box<InvolveOrganisation>),
    /// Adds a vehicle, or says anew what it is.
    InvolveVehicle(Box<InvolveVehicle>),
    /// Adds an item, or says anew what it is.
    InvolveItem(Box<InvolveItem>),
    /// Adds a document, or says anew what it is.
    InvolveDocument(Box<InvolveDocument>),
    /// Takes back that somebody or something is involved.
    WithdrawInvolvement(WithdrawInvolvement),
    /// Ties it to another.
    LinkIncidents(LinkIncidents),
    /// Takes that back.
    UnlinkIncidents(UnlinkIncidents),
    /// Makes it part of another that it is the same as.
    MergeIncident(MergeIncident),
    /// The same, asked of that other.
    AbsorbIncident(AbsorbIncident),
    /// Takes a merger back.
    UnmergeIncident(UnmergeIncident),
    /// The same, asked of the other.
    ReleaseIncident(ReleaseIncident),
    /// Parts another incident from it.
    SplitIncident(SplitIncident),
    /// Notes that an item was seized in it.
    AddSeizedItem(AddSeizedItem),
    /// Offers it to another institution.
    OfferTransfer(OfferTransfer),
    /// Takes it on.
    AcceptTransfer(AcceptTransfer),
    /// Does not take it on.
    RejectTransfer(RejectTransfer),
    /// Takes the offer back.
    WithdrawTransfer(WithdrawTransfer),
    /// Ends an offer whose time is over.
    ExpireTransfer,
    /// Says how a transfer ended.
    CompleteTransfer(CompleteTransfer),
    /// Gives it back to who had forwarded its card; the card gets `CardCommand::ReturnForward` with it.
    ReturnIncident(ReturnIncident),
}

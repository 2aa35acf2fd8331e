//! What can be asked for.

use std::fmt;
use std::str::FromStr;

use crate::principal::named;

/// Something that policies decide about: a command, by its name in the gRPC contract, or a way of reading or of deciding on rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Makes an incident (notikuma reģistrēšana).
    RegisterIncident,
    /// Adds to an incident.
    SupplementIncident,
    /// Changes type or category of an incident.
    ReclassifyIncident,
    /// Gives an incident to somebody.
    AssignIncident,
    /// Says what came of an incident.
    RecordResult,
    /// Closes an incident.
    CloseIncident,
    /// Opens an incident again.
    ReopenIncident,
    /// Puts right what was recorded wrongly of an incident.
    CorrectIncident,
    /// Says what officers did in an incident.
    RecordAction,
    /// Raises the class of an incident (ierobežošana).
    RestrictIncident,
    /// Asks for an incident to be annulled (anulēšana).
    RequestAnnulment,
    /// Does not annul it, or takes the request back.
    RejectAnnulment,
    /// Adds a person to an incident (iesaistītā persona).
    InvolvePerson,
    /// Says more of who a person is.
    IdentifyPerson,
    /// Changes what a person is in an incident.
    ChangePersonRoles,
    /// Adds an organisation to an incident.
    InvolveOrganisation,
    /// Adds a vehicle to an incident.
    InvolveVehicle,
    /// Adds an item to an incident.
    InvolveItem,
    /// Adds a document to an incident.
    InvolveDocument,
    /// Takes back that somebody or something is involved.
    WithdrawInvolvement,
    /// Ties an incident to another (sasaiste).
    LinkIncidents,
    /// Takes that back.
    UnlinkIncidents,
    /// Makes an incident part of another (apvienošana).
    MergeIncident,
    /// Takes that back.
    UnmergeIncident,
    /// Parts an incident from another (sadalīšana).
    SplitIncident,
    /// Offers an incident to another institution (nodošana).
    OfferTransfer,
    /// Takes an incident on (pieņemšana).
    AcceptTransfer,
    /// Does not take it on.
    RejectTransfer,
    /// Takes an offer back.
    WithdrawTransfer,
    /// Says how a transfer ended.
    CompleteTransfer,
    /// Gives an incident that came of a forwarded card back (atdošana atpakaļ).
    ReturnIncident,
    /// Takes an item into custody (izņemšana).
    SeizeItem,
    /// Hands a seized item on.
    TransferCustody,
    /// Ends the custody of an item.
    DisposeItem,
    /// Annuls an incident, as the second person.
    ApproveAnnulment,
    /// Takes the restriction of an incident back.
    LiftRestriction,
    /// Takes in a record of a journal (ENŽ).
    PushRecord,
    /// Mends a record of a journal that is in quarantine.
    MendRecord,
    /// Ends that it waits there.
    DiscardRecord,
    /// Makes an emergency card (VEK) of a call.
    ReceiveCall,
    /// Says what a card is about.
    QualifyCard,
    /// Says which services a card needs.
    DecideServices,
    /// Forwards a card to a service.
    NotifyService,
    /// A service takes a card on.
    AcceptService,
    /// Puts a unit on a card.
    AttachUnit,
    /// Ends a card.
    CompleteCard,
    /// Ties a card to an incident.
    LinkIncident,
    /// Confirms where a card is.
    ConfirmLocation,
    /// Tells how it goes at the scene.
    UpdateSituation,
    /// Adds a recording or another file to a card.
    AddCardFile,
    /// A service takes a card on over the telephone.
    HandOverByPhone,
    /// Ends a card as no emergency.
    CloseNonEmergency,
    /// Calls a card off.
    CancelCard,
    /// Marks a card as about the same as another (dublikāts).
    MarkDuplicate,
    /// Takes that back.
    UnmarkDuplicate,
    /// Forwards a card to the police (nodošana).
    ForwardCard,
    /// Looks at how a card was dealt with (kvalitātes kontrole).
    ReviewCard,
    /// Makes a unit known.
    RegisterUnit,
    /// A unit's duty begins.
    StartDuty,
    /// A unit's duty ends.
    EndDuty,
    /// Says how a unit stands.
    ReportUnitStatus,
    /// Says where a unit is.
    ReportPosition,
    /// Takes a unit off a card.
    ReleaseUnit,
    /// States who is in a unit (apkalpe).
    ChangeCrew,
    /// States what a unit carries (aprīkojums).
    ChangeEquipment,
    /// Says that some of it can't be used.
    PutEquipmentOutOfService,
    /// Says that it can be used again.
    ReturnEquipmentToService,
    /// Plans a shift of a station (ierinda).
    PlanShift,
    /// Opens it.
    OpenShift,
    /// States who is there.
    ChangeLineUp,
    /// Calls people of the reserve.
    CallReserve,
    /// Plans who takes over from whom.
    PlanRotation,
    /// Hands a shift over.
    HandOverShift,
    /// Closes it.
    CloseShift,
    /// Puts a closed one right.
    CorrectShift,
    /// Says that the recipient of a notice knows (apstiprināšana).
    AcknowledgeNotice,
    /// Makes a caution known (brīdinājums).
    RegisterCaution,
    /// Lets a caution hold until another time.
    RenewCaution,
    /// Takes a caution back.
    LiftCaution,
    /// Asks for personal data to be erased (dzēšana).
    RequestErasure,
    /// Agrees to that.
    ApproveErasure,
    /// Refuses it.
    RejectErasure,
    /// Has personal data kept.
    PlaceHold,
    /// Ends that.
    LiftHold,
    /// Sees the summary of a record: number, type, place, times, status.
    View,
    /// Sees what happened in words (apraksts).
    ViewNarrative,
    /// Sees who reported or called, with phone (ziņotājs).
    ViewReporter,
    /// Sees personal codes in full (personas kods).
    ViewPersonalCode,
    /// Sees personal codes as `DDMMYY-*****`.
    ViewPersonalCodeMasked,
    /// Sees what to be careful of (apdraudējumi).
    ViewHazards,
    /// Sees how many were hurt (cietušie).
    ViewCasualties,
    /// Sees who is suspected (aizdomās turamie).
    ViewSuspects,
    /// Sees who takes part, suspects aside (iesaistītās personas).
    ViewPersons,
    /// Sees vehicles, items and documents (transportlīdzekļi, manta, dokumenti).
    ViewProperty,
    /// Sees which units are on it (resursi).
    ViewUnits,
    /// Sees what came of it (rezultāts).
    ViewResult,
    /// Is told of changes of the summary.
    Subscribe,
    /// Takes rows out of the register.
    Export,
    /// Counts.
    Statistics,
    /// Reads who looked at what (piekļuves žurnāls).
    ConsultAccessLog,
    /// Reads the history of a record as the log holds it, personal data masked.
    ReadHistory,
    /// Proposes a named grant (atļauja).
    Grant,
    /// Agrees to one.
    ApproveGrant,
    /// Puts a new version of the policies in force.
    AdoptPolicy,
    /// Changes the lists of codes (klasifikatori).
    LoadClassifier,
    /// Registers source journals and says how they are read (žurnāli).
    ManageJournals,
    /// Proposes and approves response plans (reaģēšanas plāni).
    ManagePlans,
    /// Builds read models anew, switches, pauses and drops them (lasāmie modeļi).
    ManageReadModels,
    /// Opens a record in an emergency (ārkārtas piekļuve).
    BreakGlass,
    /// Checks that this was right.
    ReviewBreakGlass,
}

named!(Action: RegisterIncident "RegisterIncident", SupplementIncident "SupplementIncident",
    ReclassifyIncident "ReclassifyIncident", AssignIncident "AssignIncident", RecordResult "RecordResult",
    CloseIncident "CloseIncident", ReopenIncident "ReopenIncident", CorrectIncident "CorrectIncident", RecordAction "RecordAction", RestrictIncident "RestrictIncident", RequestAnnulment "RequestAnnulment", RejectAnnulment "RejectAnnulment", InvolvePerson "InvolvePerson", IdentifyPerson "IdentifyPerson", ChangePersonRoles "ChangePersonRoles", InvolveOrganisation "InvolveOrganisation", InvolveVehicle "InvolveVehicle", InvolveItem "InvolveItem", InvolveDocument "InvolveDocument", WithdrawInvolvement "WithdrawInvolvement", LinkIncidents "LinkIncidents", UnlinkIncidents "UnlinkIncidents", MergeIncident "MergeIncident", UnmergeIncident "UnmergeIncident", SplitIncident "SplitIncident", OfferTransfer "OfferTransfer", AcceptTransfer "AcceptTransfer", RejectTransfer "RejectTransfer", WithdrawTransfer "WithdrawTransfer", CompleteTransfer "CompleteTransfer", ReturnIncident "ReturnIncident", SeizeItem "SeizeItem", TransferCustody "TransferCustody", DisposeItem "DisposeItem", ApproveAnnulment "ApproveAnnulment", LiftRestriction "LiftRestriction", PushRecord "PushRecord", MendRecord "MendRecord", DiscardRecord "DiscardRecord", ReceiveCall "ReceiveCall", QualifyCard "QualifyCard",
    DecideServices "DecideServices", NotifyService "NotifyService", AcceptService "AcceptService", AttachUnit "AttachUnit",
    CompleteCard "CompleteCard", LinkIncident "LinkIncident",
    ConfirmLocation "ConfirmLocation", UpdateSituation "UpdateSituation", AddCardFile "AddCardFile",
    HandOverByPhone "HandOverByPhone", CloseNonEmergency "CloseNonEmergency", CancelCard "CancelCard",
    MarkDuplicate "MarkDuplicate", UnmarkDuplicate "UnmarkDuplicate", ForwardCard "ForwardCard",
    ReviewCard "ReviewCard", RegisterUnit "RegisterUnit", StartDuty "StartDuty",
    EndDuty "EndDuty", ReportUnitStatus "ReportUnitStatus", ReportPosition "ReportPosition", ReleaseUnit "ReleaseUnit",
    ChangeCrew "ChangeCrew", ChangeEquipment "ChangeEquipment", PutEquipmentOutOfService "PutEquipmentOutOfService",
    ReturnEquipmentToService "ReturnEquipmentToService",
    PlanShift "PlanShift", OpenShift "OpenShift", ChangeLineUp "ChangeLineUp", CallReserve "CallReserve",
    PlanRotation "PlanRotation", HandOverShift "HandOverShift", CloseShift "CloseShift", CorrectShift "CorrectShift",
    AcknowledgeNotice "AcknowledgeNotice", RegisterCaution "RegisterCaution", RenewCaution "RenewCaution", LiftCaution "LiftCaution", RequestErasure "RequestErasure", ApproveErasure "ApproveErasure", RejectErasure "RejectErasure", PlaceHold "PlaceHold",
    LiftHold "LiftHold", View "view", ViewNarrative "view_field:narrative", ViewReporter "view_field:reporter",
    ViewPersonalCode "view_field:personal_code", ViewPersonalCodeMasked "view_field:personal_code_masked",
    ViewHazards "view_field:hazards", ViewCasualties "view_field:casualties", ViewSuspects "view_field:suspects",
    ViewPersons "view_field:persons", ViewProperty "view_field:property", ViewUnits "view_field:units", ViewResult "view_field:result", Subscribe "subscribe", Export "export",
    Statistics "statistics", ConsultAccessLog "consult_access_log", ReadHistory "read_history", Grant "grant", ApproveGrant "approve_grant",
    AdoptPolicy "adopt_policy", LoadClassifier "load_classifier", ManageJournals "manage_journals", ManagePlans "manage_plans", ManageReadModels "manage_read_models", BreakGlass "break_glass", ReviewBreakGlass "review_break_glass");

impl Action {
    /// What the command of this name in the gRPC contract is (`RegisterIncident`); none where it is no command. Commands on rights are
    /// several to an action: who may approve a grant may also reject, revoke and end it.
    pub fn of_command(name: &str) -> Option<Self> {
        let rights = match name {
            "RequestGrant" => Some(Self::Grant),
            "ApproveGrant" | "RejectGrant" | "RevokeGrant" | "ExpireGrant" => Some(Self::ApproveGrant),
            "ProposePolicy" | "AdoptPolicy" | "RejectPolicy" => Some(Self::AdoptPolicy),
            "LoadClassifier" => Some(Self::LoadClassifier),
            "RegisterJournal" | "AdoptMapping" | "ChangeJournalPhase" => Some(Self::ManageJournals),
            "ProposePlan" | "ApprovePlan" | "RejectPlan" | "RetirePlan" => Some(Self::ManagePlans),
            "BreakGlass" | "VouchEmergencyAccess" => Some(Self::BreakGlass),
            "ReviewEmergencyAccess" => Some(Self::ReviewBreakGlass),
            _ => None,
        };
        rights.or_else(|| Self::ALL.iter().find(|action| action.is_command() && action.name() == name).copied())
    }

    /// Whether it is a command.
    pub fn is_command(self) -> bool {
        self < Self::View
    }

    /// Its place in [`Self::ALL`].
    pub(super) fn place(self) -> usize {
        self as usize
    }
}

/// A part of a record that is shown or masked as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// What happened in words (apraksts).
    Narrative,
    /// Who reported or called, with phone (ziņotājs).
    Reporter,
    /// Personal codes in full (personas kods).
    PersonalCode,
    /// Personal codes as `DDMMYY-*****`.
    PersonalCodeMasked,
    /// What to be careful of (apdraudējumi).
    Hazards,
    /// How many were hurt (cietušie).
    Casualties,
    /// Who is suspected (aizdomās turamie).
    Suspects,
    /// Who takes part, suspects aside (iesaistītās personas).
    Persons,
    /// Vehicles, items and documents (transportlīdzekļi, manta, dokumenti).
    Property,
    /// Which units are on it (resursi).
    Units,
    /// What came of it (rezultāts).
    Result,
}

named!(Field: Narrative "narrative", Reporter "reporter", PersonalCode "personal_code",
    PersonalCodeMasked "personal_code_masked", Hazards "hazards", Casualties "casualties", Suspects "suspects",
    Persons "persons", Property "property", Units "units",
    Result "result");

impl Field {
    /// What seeing it is called.
    pub fn action(self) -> Action {
        match self {
            Self::Narrative => Action::ViewNarrative,
            Self::Reporter => Action::ViewReporter,
            Self::PersonalCode => Action::ViewPersonalCode,
            Self::PersonalCodeMasked => Action::ViewPersonalCodeMasked,
            Self::Hazards => Action::ViewHazards,
            Self::Casualties => Action::ViewCasualties,
            Self::Suspects => Action::ViewSuspects,
            Self::Persons => Action::ViewPersons,
            Self::Property => Action::ViewProperty,
            Self::Units => Action::ViewUnits,
            Self::Result => Action::ViewResult,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_stand_in_the_order_of_their_places() {
        for (place, action) in Action::ALL.iter().enumerate() {
            assert_eq!(action.place(), place, "{action}");
        }
    }

    #[test]
    fn a_field_is_seen_by_the_action_of_its_name() {
        for field in Field::ALL {
            assert_eq!(field.action().name(), format!("view_field:{field}"));
        }
    }
}

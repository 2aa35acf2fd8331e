//! One command as one call: how somebody at a screen sends it.

use nation::Asked;
use proto::command::v1::CommandReply;
use proto::command::v1::caution_service_client::CautionServiceClient;
use proto::command::v1::command_envelope::Command;
use proto::command::v1::emergency_card_service_client::EmergencyCardServiceClient;
use proto::command::v1::incident_service_client::IncidentServiceClient;
use proto::command::v1::response_plan_service_client::ResponsePlanServiceClient;
use proto::command::v1::roster_shift_service_client::RosterShiftServiceClient;
use proto::command::v1::seized_item_service_client::SeizedItemServiceClient;
use proto::command::v1::source_journal_service_client::SourceJournalServiceClient;
use proto::command::v1::unit_service_client::UnitServiceClient;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::import::Target;

macro_rules! calls {
    (
        $command:ident, $channel:ident, $target:ident; $($client:ident { $($variant:ident => $method:ident,)+ })+;
        $(single $of:ident { $($single:ident => $single_method:ident,)+ })+
    ) => {
        match $command {
            $($(Asked::Streamed(Command::$variant(message)) => {
                let mut request = Request::new(message);
                $target.authorise(request.metadata_mut());
                $client::new($channel).$method(request).await
            })+)+
            $($(Asked::$single(message) => {
                let mut request = Request::new(message);
                $target.authorise(request.metadata_mut());
                $of::new($channel).$single_method(request).await
            })+)+
        }
    };
}

/// Sends it and waits for the answer.
pub(super) async fn call(command: Asked, channel: Channel, target: &Target) -> Result<CommandReply, Status> {
    let answer = calls! { command, channel, target;
        IncidentServiceClient {
            RegisterIncident => register_incident,
            SupplementIncident => supplement_incident,
            ReclassifyIncident => reclassify_incident,
            AssignIncident => assign_incident,
            RecordResult => record_result,
            CloseIncident => close_incident,
            ReopenIncident => reopen_incident,
            CorrectIncident => correct_incident,
            RecordAction => record_action,
            RestrictIncident => restrict_incident,
            InvolvePerson => involve_person,
            IdentifyPerson => identify_person,
            ChangePersonRoles => change_person_roles,
            InvolveOrganisation => involve_organisation,
            InvolveVehicle => involve_vehicle,
            InvolveItem => involve_item,
            InvolveDocument => involve_document,
            WithdrawInvolvement => withdraw_involvement,
            LinkIncidents => link_incidents,
            UnlinkIncidents => unlink_incidents,
            MergeIncident => merge_incident,
            UnmergeIncident => unmerge_incident,
            SplitIncident => split_incident,
            OfferTransfer => offer_transfer,
            AcceptTransfer => accept_transfer,
            RejectTransfer => reject_transfer,
            WithdrawTransfer => withdraw_transfer,
            CompleteTransfer => complete_transfer,
            ReturnIncident => return_incident,
        }
        SeizedItemServiceClient {
            SeizeItem => seize_item,
            TransferCustody => transfer_custody,
            DisposeItem => dispose_item,
        }
        CautionServiceClient {
            RegisterCaution => register_caution,
            RenewCaution => renew_caution,
            LiftCaution => lift_caution,
        }
        SourceJournalServiceClient {
            PushRecord => push_record,
            MendRecord => mend_record,
            DiscardRecord => discard_record,
        }
        EmergencyCardServiceClient {
            ReceiveCall => receive_call,
            QualifyCard => qualify_card,
            DecideServices => decide_services,
            NotifyService => notify_service,
            AcceptService => accept_service,
            AttachUnit => attach_unit,
            CompleteCard => complete_card,
            ConfirmLocation => confirm_location,
            UpdateSituation => update_situation,
            AddCardFile => add_card_file,
            HandOverByPhone => hand_over_by_phone,
            CloseNonEmergency => close_non_emergency,
            CancelCard => cancel_card,
            MarkDuplicate => mark_duplicate,
            UnmarkDuplicate => unmark_duplicate,
            ReviewCard => review_card,
            ForwardCard => forward_card,
            LinkIncident => link_incident,
        }
        UnitServiceClient {
            RegisterUnit => register_unit,
            StartDuty => start_duty,
            EndDuty => end_duty,
            ReportUnitStatus => report_unit_status,
            ReportPosition => report_position,
            ReleaseUnit => release_unit,
            ChangeCrew => change_crew,
            ChangeEquipment => change_equipment,
            PutEquipmentOutOfService => put_equipment_out_of_service,
            ReturnEquipmentToService => return_equipment_to_service,
        }
        RosterShiftServiceClient {
            PlanShift => plan_shift,
            OpenShift => open_shift,
            ChangeLineUp => change_line_up,
            CallReserve => call_reserve,
            PlanRotation => plan_rotation,
            HandOverShift => hand_over_shift,
            CloseShift => close_shift,
            CorrectShift => correct_shift,
        };
        single IncidentServiceClient {
            RequestAnnulment => request_annulment,
            ApproveAnnulment => approve_annulment,
            RejectAnnulment => reject_annulment,
            LiftRestriction => lift_restriction,
        }
        single SourceJournalServiceClient {
            RegisterJournal => register_journal,
            AdoptMapping => adopt_mapping,
            ChangeJournalPhase => change_journal_phase,
        }
        single ResponsePlanServiceClient {
            ProposePlan => propose_plan,
            ApprovePlan => approve_plan,
        }
    };
    answer.map(tonic::Response::into_inner)
}

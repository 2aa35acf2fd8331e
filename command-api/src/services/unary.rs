//! One call, one command.

use proto::command::v1 as pb;
use proto::command::v1::access_service_server::AccessService;
use proto::command::v1::caution_service_server::CautionService;
use proto::command::v1::classifier_service_server::ClassifierService;
use proto::command::v1::emergency_card_service_server::EmergencyCardService;
use proto::command::v1::incident_service_server::IncidentService;
use proto::command::v1::notice_service_server::NoticeService;
use proto::command::v1::response_plan_service_server::ResponsePlanService;
use proto::command::v1::retention_service_server::RetentionService;
use proto::command::v1::roster_shift_service_server::RosterShiftService;
use proto::command::v1::seized_item_service_server::SeizedItemService;
use proto::command::v1::source_journal_service_server::SourceJournalService;
use proto::command::v1::unit_service_server::UnitService;
use tonic::{Request, Response, Status};

use crate::gateway::Gateway;

/// All services whose calls are single commands.
#[derive(Debug, Clone)]
pub(crate) struct UnaryServices(pub(crate) Gateway);

macro_rules! calls {
    (
        $service:ident: $($call:ident($message:ident) $(then $after:ident)?),+ $(,)?
        $(; asks $ask:ident($question:ident) -> $answer:ident)?
    ) => {
        #[tonic::async_trait]
        impl $service for UnaryServices {
            $(
                async fn $call(&self, request: Request<pb::$message>) -> Result<Response<pb::CommandReply>, Status> {
                    let reply = self.0.unary(request).await?;
                    $(self.0.$after(reply.get_ref()).await?;)?
                    Ok(reply)
                }
            )+
            $(
                async fn $ask(&self, request: Request<pb::$question>) -> Result<Response<pb::$answer>, Status> {
                    self.0.$ask(request).await
                }
            )?
        }
    };
}

calls!(
    IncidentService: register_incident(RegisterIncident), supplement_incident(SupplementIncident),
    reclassify_incident(ReclassifyIncident), assign_incident(AssignIncident), record_result(RecordResult),
    close_incident(CloseIncident), reopen_incident(ReopenIncident), correct_incident(CorrectIncident),
    record_action(RecordAction), restrict_incident(RestrictIncident), lift_restriction(LiftRestriction),
    request_annulment(RequestAnnulment), approve_annulment(ApproveAnnulment), reject_annulment(RejectAnnulment),
    involve_person(InvolvePerson), identify_person(IdentifyPerson), change_person_roles(ChangePersonRoles),
    involve_organisation(InvolveOrganisation), involve_vehicle(InvolveVehicle), involve_item(InvolveItem),
    involve_document(InvolveDocument), withdraw_involvement(WithdrawInvolvement), link_incidents(LinkIncidents),
    unlink_incidents(UnlinkIncidents), merge_incident(MergeIncident), unmerge_incident(UnmergeIncident),
    split_incident(SplitIncident), offer_transfer(OfferTransfer), accept_transfer(AcceptTransfer),
    reject_transfer(RejectTransfer), withdraw_transfer(WithdrawTransfer), complete_transfer(CompleteTransfer),
    return_incident(ReturnIncident);
    asks validate_incident(ValidateIncident) -> ValidateIncidentReply
);
calls!(SeizedItemService: seize_item(SeizeItem), transfer_custody(TransferCustody), dispose_item(DisposeItem));
calls!(CautionService: register_caution(RegisterCaution), renew_caution(RenewCaution), lift_caution(LiftCaution));
calls!(
    SourceJournalService: register_journal(RegisterJournal), adopt_mapping(AdoptMapping),
    change_journal_phase(ChangeJournalPhase), push_record(PushRecord), mend_record(MendRecord),
    discard_record(DiscardRecord),
);
calls!(ClassifierService: load_classifier(LoadClassifier));
calls!(
    EmergencyCardService: receive_call(ReceiveCall), qualify_card(QualifyCard), decide_services(DecideServices),
    notify_service(NotifyService), accept_service(AcceptService), attach_unit(AttachUnit), complete_card(CompleteCard),
    link_incident(LinkIncident), confirm_location(ConfirmLocation), update_situation(UpdateSituation),
    add_card_file(AddCardFile), hand_over_by_phone(HandOverByPhone), close_non_emergency(CloseNonEmergency),
    cancel_card(CancelCard), mark_duplicate(MarkDuplicate), unmark_duplicate(UnmarkDuplicate), review_card(ReviewCard),
    forward_card(ForwardCard),
);
calls!(
    UnitService: register_unit(RegisterUnit), start_duty(StartDuty), end_duty(EndDuty),
    report_unit_status(ReportUnitStatus), report_position(ReportPosition), release_unit(ReleaseUnit),
    change_crew(ChangeCrew), change_equipment(ChangeEquipment),
    put_equipment_out_of_service(PutEquipmentOutOfService), return_equipment_to_service(ReturnEquipmentToService),
);
calls!(
    RosterShiftService: plan_shift(PlanShift), open_shift(OpenShift), change_line_up(ChangeLineUp),
    call_reserve(CallReserve), plan_rotation(PlanRotation), hand_over_shift(HandOverShift), close_shift(CloseShift),
    correct_shift(CorrectShift),
);
calls!(NoticeService: acknowledge_notice(AcknowledgeNotice));
calls!(
    ResponsePlanService: propose_plan(ProposePlan), approve_plan(ApprovePlan), reject_plan(RejectPlan),
    retire_plan(RetirePlan);
    asks recommend_response(RecommendResponse) -> RecommendResponseReply
);
calls!(
    RetentionService: request_erasure(RequestErasure), approve_erasure(ApproveErasure) then finish_erasure,
    reject_erasure(RejectErasure), place_hold(PlaceHold), lift_hold(LiftHold),
);
calls!(
    AccessService: request_grant(RequestGrant), approve_grant(ApproveGrant), reject_grant(RejectGrant),
    revoke_grant(RevokeGrant), expire_grant(ExpireGrant), break_glass(BreakGlass),
    vouch_emergency_access(VouchEmergencyAccess), review_emergency_access(ReviewEmergencyAccess),
    propose_policy(ProposePolicy), adopt_policy(AdoptPolicy), reject_policy(RejectPolicy),
);

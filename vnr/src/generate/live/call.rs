//! One command as one call: how somebody at a screen sends it.

use proto::command::v1::CommandReply;
use proto::command::v1::command_envelope::Command;
use proto::command::v1::emergency_card_service_client::EmergencyCardServiceClient;
use proto::command::v1::incident_service_client::IncidentServiceClient;
use proto::command::v1::unit_service_client::UnitServiceClient;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::import::Target;

macro_rules! calls {
    ($command:ident, $channel:ident, $target:ident; $($client:ident { $($variant:ident => $method:ident,)+ })+) => {
        match $command {
            $($(Command::$variant(message) => {
                let mut request = Request::new(message);
                $target.authorise(request.metadata_mut());
                $client::new($channel).$method(request).await
            })+)+
        }
    };
}

/// Sends it and waits for the answer.
pub(super) async fn call(command: Command, channel: Channel, target: &Target) -> Result<CommandReply, Status> {
    let answer = calls! { command, channel, target;
        IncidentServiceClient {
            RegisterIncident => register_incident,
            SupplementIncident => supplement_incident,
            ReclassifyIncident => reclassify_incident,
            AssignIncident => assign_incident,
            RecordResult => record_result,
            CloseIncident => close_incident,
            ReopenIncident => reopen_incident,
        }
        EmergencyCardServiceClient {
            ReceiveCall => receive_call,
            QualifyCard => qualify_card,
            DecideServices => decide_services,
            NotifyService => notify_service,
            AcceptService => accept_service,
            AttachUnit => attach_unit,
            CompleteCard => complete_card,
            LinkIncident => link_incident,
        }
        UnitServiceClient {
            RegisterUnit => register_unit,
            StartDuty => start_duty,
            EndDuty => end_duty,
            ReportUnitStatus => report_unit_status,
            ReportPosition => report_position,
            ReleaseUnit => release_unit,
        }
    };
    answer.map(tonic::Response::into_inner)
}

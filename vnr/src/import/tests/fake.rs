//! A register that keeps commands in memory, and breaks where a test wants it to.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::Utc;
use prost::Message;
use proto::command::v1::command_envelope::Command;
use proto::command::v1::intake_server::{Intake, IntakeServer};
use proto::command::v1::{CommandEnvelope, CommandReply, CommandResult, LogPosition, command_result, record_ref};
use proto::google::rpc;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::{Code, Request, Response, Status, Streaming};

use crate::import::Target;

/// What a test wants of a command, by how many were decided before it.
pub(super) type Script = dyn Fn(u64, &CommandEnvelope) -> Act + Send + Sync;

/// What happens to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// It is decided.
    Decide,
    /// It is refused with that code.
    Refuse(Code),
    /// The stream breaks before it is decided.
    Break,
    /// It is decided, and the stream breaks before the answer.
    DecideAndBreak,
}

#[derive(Default)]
pub(super) struct State {
    /// Commands that took effect, in order.
    pub(super) log: Vec<CommandEnvelope>,
    /// How many were asked for.
    pub(super) asked: u64,
    /// How many streams were opened.
    pub(super) streams: u64,
    replies: HashMap<String, (Vec<u8>, CommandReply)>,
}

/// The register.
#[derive(Clone)]
pub(super) struct Fake {
    state: Arc<Mutex<State>>,
    script: Arc<Script>,
    address: SocketAddr,
}

impl Fake {
    pub(super) async fn start(script: impl Fn(u64, &CommandEnvelope) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let fake = Self { state: Arc::default(), script: Arc::new(script), address };
        let server = tonic::transport::Server::builder().add_service(IntakeServer::new(fake.clone()));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        fake
    }

    /// The same log with another script, at another address.
    pub(super) async fn restarted(
        &self,
        script: impl Fn(u64, &CommandEnvelope) -> Act + Send + Sync + 'static,
    ) -> Self {
        let mut fresh = Self::start(script).await;
        fresh.state = Arc::clone(&self.state);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        fresh.address = listener.local_addr().unwrap();
        let server = tonic::transport::Server::builder().add_service(IntakeServer::new(fresh.clone()));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        fresh
    }

    pub(super) async fn willing() -> Self {
        Self::start(|_, _| Act::Decide).await
    }

    pub(super) fn target(&self) -> Target {
        Target::parse(&self.address.to_string(), None).unwrap()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Names and ids of the commands that took effect.
    pub(super) fn log(&self) -> Vec<(String, String)> {
        let name = |envelope: &CommandEnvelope| {
            let command = format!("{:?}", envelope.command.as_ref().unwrap());
            (command.split('(').next().unwrap().to_owned(), id_of(envelope))
        };
        self.state().log.iter().map(name).collect()
    }

    /// Decides as the register does: ids once, cards before what is done with them.
    fn decide(&self, envelope: &CommandEnvelope) -> CommandResult {
        let mut state = self.state();
        let id = id_of(envelope);
        let bytes = envelope.encode_to_vec();
        if let Some((before, reply)) = state.replies.get(&id) {
            if *before == bytes {
                return replied(CommandReply { repeated: true, ..reply.clone() });
            }
            return refused(id, Code::AlreadyExists, "this command id was used for other content");
        }
        if let Some(card) = card_of(envelope)
            && !state.log.iter().any(|earlier| opens(earlier, &card))
        {
            return refused(id, Code::NotFound, "there is no such card");
        }
        state.log.push(envelope.clone());
        let position = state.log.len() as u64;
        let reply = CommandReply {
            command_id: id.clone(),
            position: Some(LogPosition { generation: 1, position }),
            recorded_at: Utc::now().to_rfc3339(),
            events: 1,
            version: 1,
            ..CommandReply::default()
        };
        state.replies.insert(id, (bytes, reply.clone()));
        replied(reply)
    }
}

#[tonic::async_trait]
impl Intake for Fake {
    type SubmitStream = ReceiverStream<Result<CommandResult, Status>>;

    async fn submit(
        &self,
        request: Request<Streaming<CommandEnvelope>>,
    ) -> Result<Response<Self::SubmitStream>, Status> {
        self.state().streams += 1;
        let mut commands = request.into_inner();
        let (sender, results) = mpsc::channel(16);
        let fake = self.clone();
        tokio::spawn(async move {
            while let Ok(Some(envelope)) = commands.message().await {
                let number = {
                    let mut state = fake.state();
                    state.asked += 1;
                    state.asked - 1
                };
                let result = match (fake.script)(number, &envelope) {
                    Act::Decide => Ok(fake.decide(&envelope)),
                    Act::Refuse(code) => Ok(refused(id_of(&envelope), code, "a test wants it so")),
                    Act::Break => Err(Status::unavailable("a test breaks the stream")),
                    Act::DecideAndBreak => {
                        fake.decide(&envelope);
                        Err(Status::unavailable("a test breaks the stream"))
                    }
                };
                let over = result.is_err();
                if sender.send(result).await.is_err() || over {
                    return;
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(results)))
    }
}

fn replied(reply: CommandReply) -> CommandResult {
    CommandResult { command_id: reply.command_id.clone(), outcome: Some(command_result::Outcome::Reply(reply)) }
}

fn refused(command_id: String, code: Code, message: &str) -> CommandResult {
    let status = rpc::Status { code: code as i32, message: message.to_owned(), details: Vec::new() };
    CommandResult { command_id, outcome: Some(command_result::Outcome::Error(status)) }
}

macro_rules! envelope_of {
    ($command:expr, $($variant:ident),+) => {
        match $command { $(Command::$variant(command) => command.envelope.as_ref(),)+ }
    };
}

fn envelope_of(envelope: &CommandEnvelope) -> &proto::command::v1::Envelope {
    let command = envelope.command.as_ref().unwrap();
    envelope_of!(
        command,
        RegisterIncident,
        SupplementIncident,
        ReclassifyIncident,
        AssignIncident,
        RecordResult,
        CloseIncident,
        ReopenIncident,
        CorrectIncident,
        RecordAction,
        RestrictIncident,
        InvolvePerson,
        IdentifyPerson,
        ChangePersonRoles,
        InvolveOrganisation,
        InvolveVehicle,
        InvolveItem,
        InvolveDocument,
        WithdrawInvolvement,
        LinkIncidents,
        UnlinkIncidents,
        MergeIncident,
        UnmergeIncident,
        SplitIncident,
        OfferTransfer,
        AcceptTransfer,
        RejectTransfer,
        WithdrawTransfer,
        CompleteTransfer,
        ReturnIncident,
        SeizeItem,
        RegisterCaution,
        RenewCaution,
        LiftCaution,
        TransferCustody,
        DisposeItem,
        PushRecord,
        MendRecord,
        DiscardRecord,
        ReceiveCall,
        QualifyCard,
        DecideServices,
        NotifyService,
        AcceptService,
        AttachUnit,
        CompleteCard,
        ConfirmLocation,
        UpdateSituation,
        AddCardFile,
        HandOverByPhone,
        CloseNonEmergency,
        CancelCard,
        MarkDuplicate,
        UnmarkDuplicate,
        ReviewCard,
        ForwardCard,
        LinkIncident,
        RegisterUnit,
        StartDuty,
        EndDuty,
        ReportUnitStatus,
        ReportPosition,
        ReleaseUnit,
        ChangeCrew,
        ChangeEquipment,
        PutEquipmentOutOfService,
        ReturnEquipmentToService,
        PlanShift,
        OpenShift,
        ChangeLineUp,
        CallReserve,
        PlanRotation,
        HandOverShift,
        CloseShift,
        CorrectShift
    )
    .unwrap()
}

pub(super) fn id_of(envelope: &CommandEnvelope) -> String {
    envelope_of(envelope).command_id.clone()
}

pub(super) fn flags_of(envelope: &CommandEnvelope) -> &[String] {
    &envelope_of(envelope).flags
}

fn card_of(envelope: &CommandEnvelope) -> Option<String> {
    let card = match envelope.command.as_ref()? {
        Command::QualifyCard(command) => &command.card,
        Command::AttachUnit(command) => &command.card,
        Command::ReleaseUnit(command) => &command.card,
        Command::CompleteCard(command) => &command.card,
        _ => return None,
    };
    match card.as_ref()?.by.as_ref()? {
        record_ref::By::External(reference) => Some(reference.external_id.clone()),
        _ => None,
    }
}

fn opens(envelope: &CommandEnvelope, card: &str) -> bool {
    matches!(&envelope.command, Some(Command::ReceiveCall(command))
        if command.envelope.as_ref().and_then(|envelope| envelope.source.as_ref())
            .is_some_and(|source| source.external_id == card))
}

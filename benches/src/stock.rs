//! The peer: the same gRPC call over stock cqrs-es and postgres-es, as their documentation has it.
//!
//! It does less than the register does: no repeated commands, no order over streams, no numbers, no hashes, no seals.

use std::collections::HashMap;

use cqrs_es::CqrsFramework;
use cqrs_es::persist::PersistedEventStore;
use domain::kernel::Moment;
use domain::terms::UnitStatus;
use domain::unit::{ReportStatus, Unit, UnitCommand};
use domain::values::{CardNumber, NationalNumber};
use postgres_es::PostgresEventRepository;
use proto::command::v1 as pb;
use proto::command::v1::unit_service_server::{UnitService, UnitServiceServer};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

type Framework = CqrsFramework<Unit, PersistedEventStore<PostgresEventRepository, Unit>>;

/// Tables of postgres-es, as its documentation has them.
const TABLES: &str = "
    create schema stock;
    create table stock.events (
        aggregate_type text not null, aggregate_id text not null, sequence bigint check (sequence >= 0) not null,
        event_type text not null, event_version text not null, payload json not null, metadata json not null,
        primary key (aggregate_type, aggregate_id, sequence)
    );
    grant usage on schema stock to vnr_app;
    grant select, insert on stock.events to vnr_app;";

/// Makes the peer's tables.
///
/// # Errors
/// When the database refuses.
pub async fn create_tables(owner: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(TABLES).execute(owner).await.map(|_| ())
}

struct Stock(Framework);

/// Serves until the task is dropped.
///
/// # Errors
/// When the transport fails.
pub async fn serve(listener: TcpListener, pool: PgPool) -> anyhow::Result<()> {
    let repository = PostgresEventRepository::new(pool).with_tables("stock.events", "stock.snapshots");
    let moment = Moment {
        recorded_at: chrono::Utc::now(),
        occurred_at: chrono::Utc::now().fixed_offset(),
        next_incident: NationalNumber::try_new(2026, 1)?,
        next_card: CardNumber::try_new(2026, 1)?,
    };
    let framework = CqrsFramework::new(PersistedEventStore::new_event_store(repository), Vec::new(), moment);
    tonic::transport::Server::builder()
        .tcp_nodelay(true)
        .add_service(UnitServiceServer::new(Stock(framework)))
        .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
        .await?;
    Ok(())
}

impl Stock {
    async fn execute(
        &self,
        unit: Option<pb::UnitRef>,
        command_id: &str,
        command: UnitCommand,
    ) -> Result<Response<pb::CommandReply>, Status> {
        let Some(pb::unit_ref::By::Id(id)) = unit.and_then(|unit| unit.by) else {
            return Err(Status::invalid_argument("the peer takes units by id"));
        };
        // As much metadata as the register writes.
        let metadata = HashMap::from(
            [
                ("actor", "bench"),
                ("institution", "VUGD"),
                ("role", "system"),
                ("purpose", "response"),
                ("command_id", command_id),
                ("correlation_id", command_id),
                ("occurred_offset", "+02:00"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let executed = self.0.execute_with_metadata(&id, command, metadata).await;
        executed.map_err(|error| Status::aborted(error.to_string()))?;
        Ok(Response::new(pb::CommandReply {
            aggregate_id: id,
            command_id: command_id.to_owned(),
            ..Default::default()
        }))
    }
}

#[tonic::async_trait]
impl UnitService for Stock {
    async fn report_unit_status(
        &self,
        request: Request<pb::ReportUnitStatus>,
    ) -> Result<Response<pb::CommandReply>, Status> {
        let report = request.into_inner();
        let status = if report.status() == pb::UnitStatus::OnScene { UnitStatus::OnScene } else { UnitStatus::EnRoute };
        let command_id = report.envelope.map(|envelope| envelope.command_id).unwrap_or_default();
        self.execute(
            report.unit,
            &command_id,
            UnitCommand::ReportStatus(ReportStatus { status, vendor_code: None, vendor_scheme: None }),
        )
        .await
    }

    async fn register_unit(&self, request: Request<pb::RegisterUnit>) -> Result<Response<pb::CommandReply>, Status> {
        use domain::terms::UnitKind;
        use domain::values::{CallSign, InstitutionCode};
        let register = request.into_inner();
        let invalid = |error: domain::values::ValueError| Status::invalid_argument(error.to_string());
        let institution = InstitutionCode::parse(&register.institution).map_err(invalid)?;
        let call_sign = CallSign::parse(&register.call_sign).map_err(invalid)?;
        let id = domain::ids::of_unit(&institution, &call_sign).to_string();
        let unit = pb::UnitRef { by: Some(pb::unit_ref::By::Id(id)) };
        let command_id = register.envelope.map(|envelope| envelope.command_id).unwrap_or_default();
        let kind = UnitKind::FireEngine;
        let command = domain::unit::RegisterUnit {
            institution,
            call_sign,
            kind,
            station: None,
            territory: None,
            source_kind: None,
        };
        self.execute(Some(unit), &command_id, UnitCommand::RegisterUnit(command)).await
    }

    async fn start_duty(&self, _: Request<pb::StartDuty>) -> Result<Response<pb::CommandReply>, Status> {
        Err(Status::unimplemented("not part of the comparison"))
    }

    async fn end_duty(&self, _: Request<pb::EndDuty>) -> Result<Response<pb::CommandReply>, Status> {
        Err(Status::unimplemented("not part of the comparison"))
    }

    async fn report_position(&self, _: Request<pb::ReportPosition>) -> Result<Response<pb::CommandReply>, Status> {
        Err(Status::unimplemented("not part of the comparison"))
    }

    async fn release_unit(&self, _: Request<pb::ReleaseUnit>) -> Result<Response<pb::CommandReply>, Status> {
        Err(Status::unimplemented("not part of the comparison"))
    }

    async fn change_crew(&self, _: Request<pb::ChangeCrew>) -> Result<Response<pb::CommandReply>, Status> {
        Err(Status::unimplemented("not part of the comparison"))
    }

    async fn change_equipment(&self, _: Request<pb::ChangeEquipment>) -> Result<Response<pb::CommandReply>, Status> {
        Err(Status::unimplemented("not part of the comparison"))
    }

    async fn put_equipment_out_of_service(
        &self,
        _: Request<pb::PutEquipmentOutOfService>,
    ) -> Result<Response<pb::CommandReply>, Status> {
        Err(Status::unimplemented("not part of the comparison"))
    }

    async fn return_equipment_to_service(
        &self,
        _: Request<pb::ReturnEquipmentToService>,
    ) -> Result<Response<pb::CommandReply>, Status> {
        Err(Status::unimplemented("not part of the comparison"))
    }
}

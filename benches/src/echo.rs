//! The limit of gRPC itself: the same calls, answered without doing anything.

use proto::command::v1 as pb;
use proto::command::v1::unit_service_server::{UnitService, UnitServiceServer};
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// Serves until the task is dropped.
///
/// # Errors
/// When the transport fails.
pub async fn serve(listener: TcpListener) -> anyhow::Result<()> {
    tonic::transport::Server::builder()
        .tcp_nodelay(true)
        .add_service(UnitServiceServer::new(Echo))
        .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
        .await?;
    Ok(())
}

struct Echo;

fn reply() -> Result<Response<pb::CommandReply>, Status> {
    Ok(Response::new(pb::CommandReply::default()))
}

#[tonic::async_trait]
impl UnitService for Echo {
    async fn report_unit_status(&self, _: Request<pb::ReportUnitStatus>) -> Result<Response<pb::CommandReply>, Status> {
        reply()
    }

    async fn register_unit(&self, _: Request<pb::RegisterUnit>) -> Result<Response<pb::CommandReply>, Status> {
        reply()
    }

    async fn start_duty(&self, _: Request<pb::StartDuty>) -> Result<Response<pb::CommandReply>, Status> {
        reply()
    }

    async fn end_duty(&self, _: Request<pb::EndDuty>) -> Result<Response<pb::CommandReply>, Status> {
        reply()
    }

    async fn report_position(&self, _: Request<pb::ReportPosition>) -> Result<Response<pb::CommandReply>, Status> {
        reply()
    }

    async fn release_unit(&self, _: Request<pb::ReleaseUnit>) -> Result<Response<pb::CommandReply>, Status> {
        reply()
    }

    async fn change_crew(&self, _: Request<pb::ChangeCrew>) -> Result<Response<pb::CommandReply>, Status> {
        reply()
    }

    async fn change_equipment(&self, _: Request<pb::ChangeEquipment>) -> Result<Response<pb::CommandReply>, Status> {
        reply()
    }

    async fn put_equipment_out_of_service(
        &self,
        _: Request<pb::PutEquipmentOutOfService>,
    ) -> Result<Response<pb::CommandReply>, Status> {
        reply()
    }

    async fn return_equipment_to_service(
        &self,
        _: Request<pb::ReturnEquipmentToService>,
    ) -> Result<Response<pb::CommandReply>, Status> {
        reply()
    }
}

//! The same view as a user of cqrs-es would have it built anew: `QueryReplay` over postgres-es, an incident's state in one row of JSON.

use std::time::Instant;

use cqrs_es::persist::{GenericQuery, QueryReplay};
use cqrs_es::{Aggregate as _, EventEnvelope, View};
use domain::incident::Incident;
use postgres_es::{PostgresEventRepository, PostgresViewRepository};
use serde::{Deserialize, Serialize};
use sqlx::{Executor as _, PgPool};

/// An incident as it is.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct IncidentView(Incident);

impl View<Incident> for IncidentView {
    fn update(&mut self, event: &EventEnvelope<Incident>) {
        self.0.apply(event.payload.clone());
    }
}

type Views = PostgresViewRepository<IncidentView, Incident>;

/// Seconds that it takes to build the view of all incidents of the register anew, and how many there are then.
///
/// # Errors
/// When the database fails.
pub(super) async fn rebuild(owner: &PgPool) -> anyhow::Result<(f64, i64)> {
    let table = "create table incident_view (view_id text primary key, version bigint not null, payload json not null)";
    owner.execute(table).await?;
    let repository = PostgresEventRepository::new(owner.clone()).with_tables("register.events", "register.snapshots");
    let views = std::sync::Arc::new(Views::new("incident_view", owner.clone()));
    let replay: QueryReplay<_, _, Incident> =
        QueryReplay::new(repository, GenericQuery::<Views, IncidentView, Incident>::new(views));
    let began = Instant::now();
    replay.replay_all().await?;
    let seconds = began.elapsed().as_secs_f64();
    let rows = sqlx::query_scalar("select count(*) from incident_view").fetch_one(owner).await?;
    Ok((seconds, rows))
}

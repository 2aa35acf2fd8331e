//! An event that is not what its type says: what a bug of another program would write.

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use domain::incident::IncidentEvent;
use domain::kernel::{BrokenRule, Decide, Moment, RecordedEvent, Refusal, Upcaster, Versioned, handle_by_decision};
use event_store::append::{Appender, AppenderConfig, Lane, Metadata, Submission, Target};
use event_store::log::LogName;
use event_store::seal::MasterKeys;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

use super::System;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Anything(Value);

impl DomainEvent for Anything {
    fn event_type(&self) -> String {
        self.0.get("type").and_then(Value::as_str).unwrap_or("IncidentSupplemented").to_owned()
    }
    fn event_version(&self) -> String {
        self.0.get("version").and_then(Value::as_str).unwrap_or("1").to_owned()
    }
}

/// It knows the events of an incident, for the record that it writes into has some.
impl Versioned for Anything {
    const TYPES: &'static [&'static str] = IncidentEvent::TYPES;
    const UPCASTERS: &'static [Upcaster] = IncidentEvent::UPCASTERS;
}

impl RecordedEvent for Anything {}

#[derive(Debug, thiserror::Error)]
#[error("never refused")]
pub struct Never;

impl Refusal for Never {
    fn broken_rules(&self) -> Vec<BrokenRule> {
        Vec::new()
    }
}

/// Calls itself an incident.
#[derive(Debug, Clone, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Forged;

impl Aggregate for Forged {
    const TYPE: &'static str = "incident";
    type Command = Value;
    type Event = Anything;
    type Error = Never;
    type Services = Moment;

    async fn handle(&mut self, command: Value, moment: &Moment, sink: &EventSink<Self>) -> Result<(), Never> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, _: Anything) {}
}

impl Decide for Forged {
    fn decide(&self, command: Value, _: &Moment) -> Result<Vec<Anything>, Never> {
        Ok(vec![Anything(command)])
    }
}

impl System {
    /// Writes an event with this payload into the stream of an incident, as another process with another program would.
    pub async fn forge(&self, incident: Uuid, payload: Value) {
        let master = Arc::new(MasterKeys::from_bytes(1, &[42; 32]));
        let (appender, _task) = Appender::start(AppenderConfig::new(LogName::REGISTER, self.pools.app.clone(), master));
        let submission = Submission {
            command_id: Uuid::now_v7(),
            lane: Lane::Urgent,
            deadline: None,
            digest: [0; 32],
            metadata: Metadata::new(),
            occurred_at: chrono::Utc::now().fixed_offset(),
            touches: Vec::new(),
            decide: Box::new(move |work| {
                work.execute::<Forged>(incident, payload.clone())?;
                Ok(Target::of::<Forged>(incident))
            }),
        };
        appender.submit(submission).await.unwrap();
    }

    /// Turns the forged event of an incident into one that this program can read, past everything that keeps a log as it is: as if the
    /// program had learned to read it.
    pub async fn mend(&self, incident: Uuid, payload: Value, event_type: &str) {
        let url = self.database.owner_url().replacen("vnr_owner@", "postgres@", 1);
        let superuser = super::pool(&url, 1).await;
        sqlx::raw_sql("set session_replication_role = replica").execute(&superuser).await.unwrap();
        let forged = "update register.events e set payload = $2::json, event_type = $3
                      where aggregate_id = $1 and sequence = (select max(sequence) from register.events where aggregate_id = $1)";
        sqlx::query(forged)
            .bind(incident.to_string())
            .bind(payload.to_string())
            .bind(event_type)
            .execute(&superuser)
            .await
            .unwrap();
        superuser.close().await;
    }
}

//! Read models that open what is sealed: with keys, and what destroys them.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset, Utc};
use domain::ids;
use domain::incident::{Incident, IncidentCommand};
use domain::retention::{
    ApproveErasure, DestroyedKey, ErasureGround, ErasureScope, RequestErasure, RetentionCase, RetentionCommand,
};
use event_store::append::{Target, Work};
use event_store::log::LogName;
use event_store::seal::{KeyScope, MasterKeys};
use projections::Registry;
use projections::lookups::LookupKeys;
use uuid::Uuid;

use super::access::person;
use super::{System, master};

/// A register whose read models have keys, and its master key.
pub async fn with_keys() -> (System, Arc<MasterKeys>) {
    let mut system = System::fresh().await;
    let master = master();
    system.registry = Registry::with_keys(LookupKeys::new(system.pools.app.clone(), Arc::clone(&master)));
    (system, master)
}

fn now() -> DateTime<FixedOffset> {
    Utc::now().fixed_offset()
}

async fn decide(
    system: &System,
    decide: impl Fn(&mut Work<'_>) -> Result<Target, event_store::append::Stop> + Send + Sync + 'static,
) {
    let metadata = [("actor", "one"), ("institution", "VP")];
    let metadata = metadata.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    system.submit(LogName::REGISTER, metadata, now(), Box::new(decide)).await.unwrap();
}

/// Erases what the keys of a record, or of a data subject wherever it is, seal, as two persons do.
pub async fn erase(system: &System, scope: ErasureScope) {
    let case = ids::of_retention_case(scope);
    let keys = match scope {
        ErasureScope::Record(record) => KeyScope::Record(record),
        ErasureScope::Subject(subject) => KeyScope::Subject(subject),
    };
    let (ground, by) = (ErasureGround::Order, person("one"));
    let request = RetentionCommand::RequestErasure(RequestErasure { scope, ground, reason: None, by });
    decide(system, move |work| {
        work.execute::<RetentionCase>(case, request.clone())?;
        let keys = work.keys(keys)?;
        let destroyed = keys.iter().map(|key| DestroyedKey {
            key: key.key_id,
            record: key.owner.record,
            subject: key.owner.subject,
        });
        let approve = ApproveErasure { keys: destroyed.collect(), held_elsewhere: Vec::new(), by: person("two") };
        work.execute::<RetentionCase>(case, RetentionCommand::ApproveErasure(approve))?;
        work.destroy_keys(&keys);
        Ok(Target::of::<RetentionCase>(case))
    })
    .await;
}

pub async fn does(system: &System, incident: Uuid, command: IncidentCommand) {
    decide(system, move |work| {
        work.execute::<Incident>(incident, command.clone())?;
        Ok(Target::of::<Incident>(incident))
    })
    .await;
}

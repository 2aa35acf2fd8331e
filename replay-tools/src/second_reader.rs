//! The second, independent reader: a record's events through the unmodified postgres-es.

use cqrs_es::Aggregate;
use cqrs_es::persist::{PersistedEventRepository as _, PersistenceError, SerializedEvent};
use domain::access_grant::AccessGrant;
use domain::access_policy::AccessPolicy;
use domain::caution::Caution;
use domain::classifier::Classifier;
use domain::emergency_access::EmergencyAccess;
use domain::emergency_card::EmergencyCard;
use domain::incident::Incident;
use domain::log_life::LogLife;
use domain::notice::Notice;
use domain::read_model::ReadModel;
use domain::response_plan::ResponsePlan;
use domain::retention::RetentionCase;
use domain::roster_shift::RosterShift;
use domain::seized_item::SeizedItem;
use domain::source_journal::SourceJournal;
use domain::source_record::SourceRecord;
use domain::track::Track;
use domain::unit::Unit;
use event_store::log::LogName;
use postgres_es::PostgresEventRepository;
use sqlx::PgPool;
use uuid::Uuid;

/// The events of a record as postgres-es gives them; None for a type that the register does not have.
pub(crate) async fn read(
    pool: &PgPool,
    log: LogName,
    aggregate_type: &str,
    id: Uuid,
) -> Result<Option<Vec<SerializedEvent>>, PersistenceError> {
    let repository =
        PostgresEventRepository::new(pool.clone()).with_tables(&format!("{log}.events"), &format!("{log}.snapshots"));
    let id = id.to_string();
    let events = match aggregate_type {
        Incident::TYPE => repository.get_events::<Incident>(&id).await?,
        SeizedItem::TYPE => repository.get_events::<SeizedItem>(&id).await?,
        EmergencyCard::TYPE => repository.get_events::<EmergencyCard>(&id).await?,
        Unit::TYPE => repository.get_events::<Unit>(&id).await?,
        RetentionCase::TYPE => repository.get_events::<RetentionCase>(&id).await?,
        AccessGrant::TYPE => repository.get_events::<AccessGrant>(&id).await?,
        EmergencyAccess::TYPE => repository.get_events::<EmergencyAccess>(&id).await?,
        AccessPolicy::TYPE => repository.get_events::<AccessPolicy>(&id).await?,
        Classifier::TYPE => repository.get_events::<Classifier>(&id).await?,
        SourceJournal::TYPE => repository.get_events::<SourceJournal>(&id).await?,
        SourceRecord::TYPE => repository.get_events::<SourceRecord>(&id).await?,
        Caution::TYPE => repository.get_events::<Caution>(&id).await?,
        Notice::TYPE => repository.get_events::<Notice>(&id).await?,
        RosterShift::TYPE => repository.get_events::<RosterShift>(&id).await?,
        ResponsePlan::TYPE => repository.get_events::<ResponsePlan>(&id).await?,
        LogLife::TYPE => repository.get_events::<LogLife>(&id).await?,
        ReadModel::TYPE => repository.get_events::<ReadModel>(&id).await?,
        Track::TYPE => repository.get_events::<Track>(&id).await?,
        _ => return Ok(None),
    };
    Ok(Some(events))
}

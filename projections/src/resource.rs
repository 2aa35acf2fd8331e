//! What the access policies know of a record, from the read models.

use access::policy::{RecordKind, Resource};
use access::{Institution, Territory};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::cards::CardRow;
use crate::case_file::SeizedItemRow;
use crate::case_search::IncidentRow;
use crate::cautions::CautionRow;
use crate::event::{CARD, CAUTION, INCIDENT, NOTICE, RETENTION, ROSTER_SHIFT, SEIZED_ITEM, SOURCE_RECORD, UNIT};
use crate::notices::NoticeRow;
use crate::reach::{Participants, class_of, participants};
use crate::roster::RosterRow;
use crate::roster_history::RosterAtRow;
use crate::shifts::ShiftRow;
use crate::source_journals::JournalRow;

impl IncidentRow {
    /// What policies know of it.
    pub fn resource(&self) -> Resource {
        let tie = (self.territory.as_deref(), &self.participants);
        let class = class_of(self.class.as_deref());
        Resource { class, ..tied(resource(RecordKind::Incident, self.id, &self.responsible), tie) }
    }
}

impl CardRow {
    /// What policies know of it.
    pub fn resource(&self) -> Resource {
        let tie = (self.territory.as_deref(), &self.participants);
        tied(resource(RecordKind::EmergencyCard, self.id, &self.institution), tie)
    }
}

impl RosterRow {
    /// What policies know of the unit, or of where it was: `kind` is a unit or a track.
    pub fn resource(&self, kind: RecordKind) -> Resource {
        resource(kind, self.unit.id, &self.unit.institution)
    }
}

impl ShiftRow {
    /// What policies know of it: they know a shift as they know the units of its institution.
    pub fn resource(&self) -> Resource {
        resource(RecordKind::Unit, self.id, &self.institution)
    }
}

impl RosterAtRow {
    /// What policies know of the unit, or of where it was: whose it is now, as it always was.
    pub fn resource(&self, kind: RecordKind) -> Resource {
        resource(kind, self.id, &self.institution)
    }
}

impl NoticeRow {
    /// What policies know of it.
    pub fn resource(&self) -> Resource {
        let tie = (Some(self.municipality.as_str()), &self.participants);
        tied(resource(RecordKind::Notice, self.id, &self.recipient), tie)
    }
}

impl CautionRow {
    /// What policies know of it.
    pub fn resource(&self) -> Resource {
        let territory = self.territory.as_deref().and_then(|code| Territory::parse(code).ok());
        let class = class_of(self.class.as_deref());
        Resource { class, territory, ..resource(RecordKind::Caution, self.id, &self.institution) }
    }
}

impl IncidentRow {
    /// What policies know of it where its recipient asks what they were told: they were handed it, so they take part.
    pub fn resource_told(&self, recipient: &str) -> Resource {
        let mut resource = self.resource();
        resource.participants.extend(Institution::parse(recipient).ok());
        resource
    }
}

/// What policies know of a record of that type; none where the read models have no such record. A seized item is governed as the
/// incident that it was seized in.
///
/// # Errors
/// When the database fails.
pub async fn resource_of(
    connection: &mut PgConnection,
    aggregate_type: &str,
    id: Uuid,
) -> Result<Option<Resource>, sqlx::Error> {
    Ok(match aggregate_type {
        INCIDENT => IncidentRow::by_id(connection, id).await?.map(|row| row.resource()),
        SEIZED_ITEM => match SeizedItemRow::by_id(connection, id).await? {
            Some(item) => IncidentRow::by_id(connection, item.incident).await?.map(|row| row.resource()),
            None => None,
        },
        CARD => CardRow::by_id(connection, id).await?.map(|row| row.resource()),
        UNIT => RosterRow::by_id(connection, id).await?.map(|row| row.resource(RecordKind::Unit)),
        ROSTER_SHIFT => ShiftRow::by_id(connection, id).await?.map(|row| row.resource()),
        CAUTION => CautionRow::by_id(connection, id).await?.map(|row| row.resource()),
        NOTICE => NoticeRow::by_id(connection, id).await?.map(|row| row.resource()),
        RETENTION => Some(Resource { id: Some(id), ..Resource::new(RecordKind::RetentionCase) }),
        _ => None,
    })
}

/// The same for what is handed over to the person it is about: there a source record, which nobody but its journal's institution sees, is
/// governed as an incident of that institution.
///
/// # Errors
/// When the database fails.
pub async fn resource_for_handover(
    connection: &mut PgConnection,
    aggregate_type: &str,
    id: Uuid,
) -> Result<Option<Resource>, sqlx::Error> {
    if aggregate_type != SOURCE_RECORD {
        return resource_of(connection, aggregate_type, id).await;
    }
    let institution = JournalRow::institution_of(connection, id).await?;
    Ok(institution.map(|institution| resource(RecordKind::Incident, id, &institution)))
}

/// What no institution of ours is called is nobody's.
fn resource(kind: RecordKind, id: Uuid, institution: &str) -> Resource {
    Resource { id: Some(id), owner: Institution::parse(institution).ok(), ..Resource::new(kind) }
}

fn tied(resource: Resource, (territory, named): (Option<&str>, &Participants)) -> Resource {
    let (participants, services) = participants(named);
    let territory = territory.and_then(|code| Territory::parse(code).ok());
    Resource { participants, services, territory, ..resource }
}

//! Access beyond the role (piekļuves atļaujas): grants with what became of them, emergency access with its review.

mod in_force;
mod rows;

use std::collections::BTreeSet;

use domain::access_grant::{GrantEvent, GrantScope};
use domain::emergency_access::EmergencyAccessEvent;
use event_store::consumer::ApplyError;
use event_store::log::{LogName, StoredEvent};
use sqlx::PgConnection;
use uuid::Uuid;

pub use self::in_force::{GrantsInForce, RightsHeld, in_force};
pub use self::rows::{EmergencyRow, GrantFilter, GrantRow};
use crate::event::{ACCESS_GRANT, DecodedEvent, EMERGENCY_ACCESS, RegisterEvent};
use crate::fact::{bigint, sealed_json, utc};
use crate::projection::Projection;
use crate::table::{Rows, Statements};

/// The projector of access grants.
#[derive(Debug)]
pub struct AccessGrants {
    grants: Statements,
    emergencies: Statements,
}

impl Projection for AccessGrants {
    const NAME: &'static str = "access_grants";
    const VERSION: u32 = 1;
    const LOGS: &'static [LogName] = &[LogName::REGISTER];
    const AGGREGATES: &'static [&'static str] = &[ACCESS_GRANT, EMERGENCY_ACCESS];
    const TABLES: &'static [&'static str] = &["grants", "emergencies"];
    const SCHEMA_SQL: &'static str = include_str!("schema.sql");

    fn new(schema: &str) -> Self {
        Self {
            grants: Statements::new::<GrantRow>(schema, "id"),
            emergencies: Statements::new::<EmergencyRow>(schema, "id"),
        }
    }

    async fn apply(&mut self, tx: &mut PgConnection, batch: &[DecodedEvent]) -> Result<(), ApplyError> {
        let known = |aggregate_type| {
            let later = batch.iter().map(|delivery| &delivery.stored).filter(|stored| stored.sequence > 1);
            let of_type = later.filter(move |stored| stored.aggregate_type == aggregate_type);
            BTreeSet::from_iter(of_type.map(|stored| stored.aggregate_id)).into_iter().collect::<Vec<_>>()
        };
        let grants = self.grants.load::<GrantRow>(tx, &known(ACCESS_GRANT)).await?;
        let emergencies = self.emergencies.load::<EmergencyRow>(tx, &known(EMERGENCY_ACCESS)).await?;
        let mut grants = Rows::of(grants.into_iter().map(|row| (row.id, row)));
        let mut emergencies = Rows::of(emergencies.into_iter().map(|row| (row.id, row)));
        for DecodedEvent { stored, event } in batch {
            match event {
                RegisterEvent::AccessGrant(event) => take_in_grant(&mut grants, stored, event)?,
                RegisterEvent::EmergencyAccess(event) => take_in_emergency(&mut emergencies, stored, event)?,
                _ => {}
            }
        }
        self.grants.upsert(tx, &grants.changed()).await?;
        self.emergencies.upsert(tx, &emergencies.changed()).await?;
        Ok(())
    }
}

/// The row of a record that must have begun.
fn begun<'r, R: Clone + PartialEq>(
    rows: &'r mut Rows<Uuid, R>,
    stored: &StoredEvent,
    reason: &str,
) -> Result<&'r mut R, ApplyError> {
    let missing = || ApplyError::Event { position: stored.position, reason: reason.to_owned() };
    rows.get_mut(stored.aggregate_id).ok_or_else(missing)
}

fn take_in_grant(
    grants: &mut Rows<Uuid, GrantRow>,
    stored: &StoredEvent,
    event: &GrantEvent,
) -> Result<(), ApplyError> {
    if let Some(row) = requested(stored, event)? {
        grants.put(row.id, row);
        return Ok(());
    }
    let row = begun(grants, stored, "the grant has no request before it")?;
    let at = Some(utc(stored.recorded_at));
    match event {
        GrantEvent::GrantRequested { .. } => {}
        GrantEvent::GrantApproved { scope: _, by } => {
            row.decided_at = at;
            (row.decided_institution, row.decided_by) = (Some(by.institution.to_string()), Some(by.user.to_string()));
        }
        GrantEvent::GrantRejected { scope: _, reason, by } => {
            row.decided_at = at;
            (row.decided_institution, row.decided_by) = (Some(by.institution.to_string()), Some(by.user.to_string()));
            row.decision_reason = Some(sealed_json(stored, reason)?);
        }
        GrantEvent::GrantRevoked { scope: _, reason, by } => {
            row.ended_at = at;
            (row.ended_institution, row.ended_by) = (Some(by.institution.to_string()), Some(by.user.to_string()));
            row.ending_reason = Some(sealed_json(stored, reason)?);
        }
        // It ended when its time was over, not when somebody wrote that down.
        GrantEvent::GrantExpired { scope: _, until } => row.ended_at = Some(utc(*until)),
    }
    row.status = event.status_after().code().to_owned();
    row.last_position = stored.position.as_i64();
    row.version = bigint(stored.sequence);
    Ok(())
}

/// The row of a grant that was just asked for.
fn requested(stored: &StoredEvent, event: &GrantEvent) -> Result<Option<GrantRow>, ApplyError> {
    let GrantEvent::GrantRequested { grantee, scope, purpose, from, until, reason, by } = event else {
        return Ok(None);
    };
    let mut row = GrantRow {
        id: stored.aggregate_id,
        status: event.status_after().code().to_owned(),
        grantee_institution: grantee.institution.to_string(),
        grantee: grantee.user.to_string(),
        scope: String::new(),
        record: None,
        class: None,
        role_institution: None,
        role: None,
        purpose: purpose.to_string(),
        valid_from: utc(*from),
        valid_until: utc(*until),
        reason: sealed_json(stored, reason)?,
        requested_at: utc(stored.recorded_at),
        requested_institution: by.institution.to_string(),
        requested_by: by.user.to_string(),
        decided_at: None,
        decided_institution: None,
        decided_by: None,
        decision_reason: None,
        ended_at: None,
        ended_institution: None,
        ended_by: None,
        ending_reason: None,
        first_position: stored.position.as_i64(),
        last_position: stored.position.as_i64(),
        version: bigint(stored.sequence),
    };
    let scope = match scope {
        GrantScope::Record(record) => {
            row.record = Some(*record);
            "record"
        }
        GrantScope::Class(class) => {
            row.class = Some(class.to_string());
            "class"
        }
        GrantScope::Role { institution, role } => {
            (row.role_institution, row.role) = (Some(institution.to_string()), Some(role.to_string()));
            "role"
        }
    };
    row.scope = scope.to_owned();
    Ok(Some(row))
}

fn take_in_emergency(
    emergencies: &mut Rows<Uuid, EmergencyRow>,
    stored: &StoredEvent,
    event: &EmergencyAccessEvent,
) -> Result<(), ApplyError> {
    if let Some(row) = declared(stored, event)? {
        emergencies.put(row.id, row);
        return Ok(());
    }
    let row = begun(emergencies, stored, "the emergency access has no declaration before it")?;
    let at = Some(utc(stored.recorded_at));
    match event {
        EmergencyAccessEvent::BreakGlassDeclared { .. } => {}
        EmergencyAccessEvent::BreakGlassVouched { record: _, note, review_by, by } => {
            (row.opened_at, row.review_by) = (at, Some(utc(*review_by)));
            (row.second_institution, row.second) = (Some(by.institution.to_string()), Some(by.user.to_string()));
            row.second_note = Some(sealed_json(stored, note)?);
        }
        EmergencyAccessEvent::BreakGlassReviewed { record: _, outcome, note, by } => {
            (row.reviewed_at, row.outcome) = (at, Some(outcome.to_string()));
            (row.reviewer_institution, row.reviewer) = (Some(by.institution.to_string()), Some(by.user.to_string()));
            row.review_note = Some(sealed_json(stored, note)?);
        }
    }
    row.last_position = stored.position.as_i64();
    row.version = bigint(stored.sequence);
    Ok(())
}

/// The row of an emergency access that was just asked for.
fn declared(stored: &StoredEvent, event: &EmergencyAccessEvent) -> Result<Option<EmergencyRow>, ApplyError> {
    let EmergencyAccessEvent::BreakGlassDeclared { record, purpose, reason, until, vouch_by, by } = event else {
        return Ok(None);
    };
    Ok(Some(EmergencyRow {
        id: stored.aggregate_id,
        record: *record,
        purpose: purpose.to_string(),
        reason: sealed_json(stored, reason)?,
        valid_until: utc(*until),
        vouch_by: utc(*vouch_by),
        declared_at: utc(stored.recorded_at),
        institution: by.institution.to_string(),
        declared_by: by.user.to_string(),
        opened_at: None,
        review_by: None,
        second_institution: None,
        second: None,
        second_note: None,
        reviewed_at: None,
        outcome: None,
        reviewer_institution: None,
        reviewer: None,
        review_note: None,
        first_position: stored.position.as_i64(),
        last_position: stored.position.as_i64(),
        version: bigint(stored.sequence),
    }))
}

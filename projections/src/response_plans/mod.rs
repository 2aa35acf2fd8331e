//! The response plans (reaģēšanas plāni): what was proposed, by whom, what became of it, and which version of each is in force.

mod rows;

use std::collections::BTreeSet;

use domain::response_plan::PlanEvent;
use event_store::consumer::ApplyError;
use event_store::log::{LogName, StoredEvent};
use sqlx::PgConnection;
use uuid::Uuid;

pub use self::rows::PlanRow;
use crate::event::{DecodedEvent, RESPONSE_PLAN, RegisterEvent};
use crate::fact::{bigint, sealed_json, utc};
use crate::projection::Projection;
use crate::table::{Rows, Statements};

/// The projector of the response plans.
#[derive(Debug)]
pub struct ResponsePlans {
    versions: Statements,
}

impl Projection for ResponsePlans {
    const NAME: &'static str = "response_plans";
    const VERSION: u32 = 1;
    const LOGS: &'static [LogName] = &[LogName::REGISTER];
    const AGGREGATES: &'static [&'static str] = &[RESPONSE_PLAN];
    const TABLES: &'static [&'static str] = &["versions"];
    const SCHEMA_SQL: &'static str = include_str!("schema.sql");

    fn new(schema: &str) -> Self {
        Self { versions: Statements::new::<PlanRow>(schema, "plan") }
    }

    async fn apply(&mut self, tx: &mut PgConnection, batch: &[DecodedEvent]) -> Result<(), ApplyError> {
        let plans: BTreeSet<Uuid> = batch.iter().map(|delivery| delivery.stored.aggregate_id).collect();
        let loaded = self.versions.load::<PlanRow>(tx, &Vec::from_iter(plans)).await?;
        let mut rows = Rows::of(loaded.into_iter().map(|row| (row.position, row)));
        for DecodedEvent { stored, event } in batch {
            let RegisterEvent::ResponsePlan(event) = event else { continue };
            take_in(&mut rows, stored, event)?;
        }
        // What is no longer in force first: of each plan one version is at a time, also in between.
        let is_in_force = |row: &PlanRow| row.status == PlanRow::IN_FORCE;
        let (in_force, others) = rows.changed().into_iter().partition::<Vec<_>, _>(is_in_force);
        self.versions.upsert(tx, &others).await?;
        self.versions.upsert(tx, &in_force).await?;
        Ok(())
    }
}

fn take_in(rows: &mut Rows<i64, PlanRow>, stored: &StoredEvent, event: &PlanEvent) -> Result<(), ApplyError> {
    let at = utc(stored.recorded_at);
    match event {
        PlanEvent::PlanProposed { code, digest, content, reason, by } => {
            let content = serde_json::to_string(content).map_err(|_| broken(stored, "its content can't be told"))?;
            let row = PlanRow {
                position: stored.position.as_i64(),
                plan: stored.aggregate_id,
                code: code.to_string(),
                number: None,
                status: PlanRow::PROPOSED.to_owned(),
                digest: digest.to_string(),
                content,
                proposed_at: at,
                proposed_institution: by.institution.to_string(),
                proposed_by: by.user.to_string(),
                reason: sealed_json(stored, reason)?,
                decided_at: None,
                decided_institution: None,
                decided_by: None,
                decision_reason: None,
                ended_at: None,
                ended_institution: None,
                ended_by: None,
                end_reason: None,
                last_position: stored.position.as_i64(),
                version: bigint(stored.sequence),
            };
            rows.put(row.position, row);
        }
        PlanEvent::PlanApproved { version, reason, second, .. } => {
            if let Some(before) = with_status(rows, stored, PlanRow::IN_FORCE) {
                let row = of(rows, before, stored)?;
                row.status = PlanRow::REPLACED.to_owned();
                row.ended_at = Some(at);
            }
            let row = the(rows, stored, PlanRow::PROPOSED)?;
            row.status = PlanRow::IN_FORCE.to_owned();
            row.number = i32::try_from(*version).ok();
            row.decided_at = Some(at);
            row.decided_institution = Some(second.institution.to_string());
            row.decided_by = Some(second.user.to_string());
            row.decision_reason = Some(sealed_json(stored, reason)?);
        }
        PlanEvent::PlanRejected { reason, by, .. } => {
            let row = the(rows, stored, PlanRow::PROPOSED)?;
            row.status = PlanRow::REJECTED.to_owned();
            row.decided_at = Some(at);
            row.decided_institution = Some(by.institution.to_string());
            row.decided_by = Some(by.user.to_string());
            row.decision_reason = Some(sealed_json(stored, reason)?);
        }
        PlanEvent::PlanRetired { reason, by, .. } => {
            let row = the(rows, stored, PlanRow::IN_FORCE)?;
            row.status = PlanRow::RETIRED.to_owned();
            row.ended_at = Some(at);
            row.ended_institution = Some(by.institution.to_string());
            row.ended_by = Some(by.user.to_string());
            row.end_reason = Some(sealed_json(stored, reason)?);
        }
    }
    Ok(())
}

fn broken(stored: &StoredEvent, reason: &str) -> ApplyError {
    ApplyError::Event { position: stored.position, reason: reason.to_owned() }
}

/// The row of this plan with that status; there is one at a time of those that are asked for.
fn with_status(rows: &Rows<i64, PlanRow>, stored: &StoredEvent, status: &str) -> Option<i64> {
    let mut of_plan = rows.iter().filter(|(_, row)| row.plan == stored.aggregate_id);
    of_plan.find(|(_, row)| row.status == status).map(|(position, _)| position)
}

fn the<'r>(
    rows: &'r mut Rows<i64, PlanRow>,
    stored: &StoredEvent,
    status: &str,
) -> Result<&'r mut PlanRow, ApplyError> {
    let position = with_status(rows, stored, status);
    let position = position.ok_or_else(|| broken(stored, &format!("nothing of the plan is {status} before it")))?;
    of(rows, position, stored)
}

/// A row that the event changes.
fn of<'r>(
    rows: &'r mut Rows<i64, PlanRow>,
    position: i64,
    stored: &StoredEvent,
) -> Result<&'r mut PlanRow, ApplyError> {
    let row = rows.get_mut(position).ok_or_else(|| broken(stored, "the proposal is gone"))?;
    row.last_position = stored.position.as_i64();
    row.version = bigint(stored.sequence);
    Ok(row)
}

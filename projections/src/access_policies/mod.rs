//! The access policy's history (piekļuves politika): what was proposed, by whom, what became of it, and which version is in force.
//!
//! For people and tools. What decides does not wait for it: a process takes the version in force from the log itself.

mod rows;

use std::collections::BTreeSet;

use domain::access_policy::{PolicyEvent, PolicyText};
use domain::values::ContentDigest;
use event_store::consumer::ApplyError;
use event_store::log::{LogName, StoredEvent};
use sqlx::PgConnection;
use uuid::Uuid;

pub use self::rows::{FileRow, ProposalRow};
use crate::event::{ACCESS_POLICY, DecodedEvent, RegisterEvent};
use crate::fact::{bigint, sealed_json, utc};
use crate::projection::Projection;
use crate::table::{Rows, Statements};

/// The projector of the policy's history.
#[derive(Debug)]
pub struct AccessPolicies {
    proposals: Statements,
    files: Statements,
}

impl Projection for AccessPolicies {
    const NAME: &'static str = "access_policies";
    const VERSION: u32 = 1;
    const LOGS: &'static [LogName] = &[LogName::REGISTER];
    const AGGREGATES: &'static [&'static str] = &[ACCESS_POLICY];
    const TABLES: &'static [&'static str] = &["proposals", "files"];
    const SCHEMA_SQL: &'static str = include_str!("schema.sql");

    fn new(schema: &str) -> Self {
        Self {
            proposals: Statements::new::<ProposalRow>(schema, "policy"),
            files: Statements::new::<FileRow>(schema, "digest"),
        }
    }

    async fn apply(&mut self, tx: &mut PgConnection, batch: &[DecodedEvent]) -> Result<(), ApplyError> {
        let policies: BTreeSet<Uuid> = batch.iter().map(|delivery| delivery.stored.aggregate_id).collect();
        let policies: Vec<Uuid> = policies.into_iter().collect();
        let loaded = self.proposals.load::<ProposalRow>(tx, &policies).await?;
        let mut proposals = Rows::of(loaded.into_iter().map(|row| (row.position, row)));
        let mut files: Vec<FileRow> = Vec::new();
        for DecodedEvent { stored, event } in batch {
            let RegisterEvent::AccessPolicy(event) = event else { continue };
            if let PolicyEvent::PolicyProposed { digest, text, .. } = event.as_ref() {
                files.extend(files_of(digest, text));
            }
            take_in(&mut proposals, stored, event)?;
        }
        files.sort_by(|a, b| (&a.digest, &a.name).cmp(&(&b.digest, &b.name)));
        files.dedup();
        // What is no longer in force first: one version is at a time, also in between.
        let (others, in_force) = proposals.changed().into_iter().partition::<Vec<_>, _>(|row| !row.is_in_force());
        self.proposals.upsert(tx, &others).await?;
        self.proposals.upsert(tx, &in_force).await?;
        self.files.upsert(tx, &files).await?;
        Ok(())
    }
}

impl ProposalRow {
    fn is_in_force(&self) -> bool {
        self.status == Self::IN_FORCE
    }
}

fn files_of(digest: &ContentDigest, text: &PolicyText) -> Vec<FileRow> {
    let row = |(name, content): (&domain::values::PolicyFileName, &str)| FileRow {
        digest: digest.to_string(),
        name: name.to_string(),
        content: content.to_owned(),
    };
    text.files().map(row).collect()
}

fn take_in(
    proposals: &mut Rows<i64, ProposalRow>,
    stored: &StoredEvent,
    event: &PolicyEvent,
) -> Result<(), ApplyError> {
    let at = utc(stored.recorded_at);
    match event {
        PolicyEvent::PolicyProposed { digest, text: _, reason, by } => {
            let row = ProposalRow {
                position: stored.position.as_i64(),
                policy: stored.aggregate_id,
                digest: digest.to_string(),
                status: ProposalRow::PROPOSED.to_owned(),
                proposed_at: at,
                proposed_institution: by.institution.to_string(),
                proposed_by: by.user.to_string(),
                reason: sealed_json(stored, reason)?,
                decided_at: None,
                decided_institution: None,
                decided_by: None,
                decision_reason: None,
                replaced_at: None,
                last_position: stored.position.as_i64(),
                version: bigint(stored.sequence),
            };
            proposals.put(row.position, row);
        }
        PolicyEvent::PolicyAdopted { reason, second, .. } => {
            if let Some(before) = with_status(proposals, ProposalRow::IN_FORCE) {
                let row = of(proposals, before, stored)?;
                row.status = ProposalRow::REPLACED.to_owned();
                row.replaced_at = Some(at);
            }
            let row = waiting(proposals, stored)?;
            row.status = ProposalRow::IN_FORCE.to_owned();
            row.decided_at = Some(at);
            row.decided_institution = Some(second.institution.to_string());
            row.decided_by = Some(second.user.to_string());
            row.decision_reason = Some(sealed_json(stored, reason)?);
        }
        PolicyEvent::PolicyRejected { reason, by, .. } => {
            let row = waiting(proposals, stored)?;
            row.status = ProposalRow::REJECTED.to_owned();
            row.decided_at = Some(at);
            row.decided_institution = Some(by.institution.to_string());
            row.decided_by = Some(by.user.to_string());
            row.decision_reason = Some(sealed_json(stored, reason)?);
        }
    }
    Ok(())
}

fn with_status(proposals: &Rows<i64, ProposalRow>, status: &str) -> Option<i64> {
    proposals.iter().find(|(_, row)| row.status == status).map(|(position, _)| position)
}

/// The proposal that waits; there is one at a time.
fn waiting<'r>(
    proposals: &'r mut Rows<i64, ProposalRow>,
    stored: &StoredEvent,
) -> Result<&'r mut ProposalRow, ApplyError> {
    let missing = || ApplyError::Event {
        position: stored.position,
        reason: "the decision on the policy has no proposal before it".to_owned(),
    };
    let position = with_status(proposals, ProposalRow::PROPOSED).ok_or_else(missing)?;
    of(proposals, position, stored)
}

/// A proposal that the event changes.
fn of<'r>(
    proposals: &'r mut Rows<i64, ProposalRow>,
    position: i64,
    stored: &StoredEvent,
) -> Result<&'r mut ProposalRow, ApplyError> {
    let gone = || ApplyError::Event { position: stored.position, reason: "the proposal is gone".to_owned() };
    let row = proposals.get_mut(position).ok_or_else(gone)?;
    row.last_position = stored.position.as_i64();
    row.version = bigint(stored.sequence);
    Ok(row)
}

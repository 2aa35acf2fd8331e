//! Notices (paziņojumi): who was told of which incident, whether it got there, and whether they know.

mod rows;

use std::collections::BTreeSet;

use domain::notice::{NoticeEvent, NoticeStatus};
use event_store::consumer::ApplyError;
use event_store::log::{LogName, StoredEvent};
use sqlx::PgConnection;
use sqlx::types::Json;

pub use self::rows::{Fetched, NoticeFilter, NoticeRow};
use crate::event::{DecodedEvent, NOTICE, RegisterEvent};
use crate::fact::{bigint, int, utc};
use crate::projection::Projection;
use crate::table::{Rows, Statements};

/// The projector of notices.
#[derive(Debug)]
pub struct Notices {
    notices: Statements,
}

impl Projection for Notices {
    const NAME: &'static str = "notices";
    const VERSION: u32 = 1;
    const LOGS: &'static [LogName] = &[LogName::REGISTER];
    const AGGREGATES: &'static [&'static str] = &[NOTICE];
    const APART: &'static [&'static str] = Self::AGGREGATES;
    const TABLES: &'static [&'static str] = &["notices"];
    const SCHEMA_SQL: &'static str = include_str!("schema.sql");

    fn new(schema: &str) -> Self {
        Self { notices: Statements::new::<NoticeRow>(schema, "id") }
    }

    async fn apply(&mut self, tx: &mut PgConnection, batch: &[DecodedEvent]) -> Result<(), ApplyError> {
        let later = batch.iter().map(|delivery| &delivery.stored).filter(|stored| stored.sequence > 1);
        let known: BTreeSet<_> = later.map(|stored| stored.aggregate_id).collect();
        let known: Vec<_> = known.into_iter().collect();
        let known = self.notices.load::<NoticeRow>(tx, &known).await?;
        let mut notices = Rows::of(known.into_iter().map(|row| (row.id, row)));
        for DecodedEvent { stored, event } in batch {
            let RegisterEvent::Notice(event) = event else { continue };
            if let Some(row) = issued(stored, event) {
                notices.put(row.id, row);
                continue;
            }
            let row = notices.get_mut(stored.aggregate_id).ok_or_else(|| ApplyError::Event {
                position: stored.position,
                reason: "the notice was not issued before".to_owned(),
            })?;
            take_in(row, stored, event);
        }
        self.notices.upsert(tx, &notices.changed()).await?;
        Ok(())
    }
}

/// The row of a notice that was just issued.
fn issued(stored: &StoredEvent, event: &NoticeEvent) -> Option<NoticeRow> {
    let NoticeEvent::NoticeIssued {
        incident,
        rule,
        rule_version,
        service,
        municipality,
        recipient,
        escalate_to,
        due_by,
    } = event
    else {
        return None;
    };
    Some(NoticeRow {
        id: stored.aggregate_id,
        incident: *incident,
        rule: rule.to_string(),
        rule_version: int(*rule_version),
        service: service.code().to_owned(),
        municipality: municipality.to_string(),
        recipient: recipient.to_string(),
        escalate_to: escalate_to.to_string(),
        participants: Json(BTreeSet::from([escalate_to.to_string()])),
        status: NoticeStatus::Issued.code().to_owned(),
        issued_at: utc(stored.recorded_at),
        due_by: utc(*due_by),
        failures: 0,
        last_failure: None,
        delivered_at: None,
        receipt: None,
        content: None,
        scopes: Json(Vec::new()),
        acknowledged_at: None,
        acknowledged_institution: None,
        acknowledged_by: None,
        reference: None,
        escalated_at: None,
        escalation_cause: None,
        first_position: stored.position.as_i64(),
        last_position: stored.position.as_i64(),
        version: bigint(stored.sequence),
    })
}

fn take_in(row: &mut NoticeRow, stored: &StoredEvent, event: &NoticeEvent) {
    let at = Some(utc(stored.recorded_at));
    match event {
        NoticeEvent::NoticeIssued { .. } => {}
        NoticeEvent::NoticeDelivered { attempt: _, receipt, content, scopes } => {
            (row.delivered_at, row.receipt, row.content) = (at, Some((*receipt).into()), Some(content.to_string()));
            row.scopes = Json(scopes.iter().map(|scope| scope.code().to_owned()).collect());
        }
        NoticeEvent::NoticeFetched { by: _, scopes } => {
            row.delivered_at = at;
            row.scopes = Json(scopes.iter().map(|scope| scope.code().to_owned()).collect());
        }
        NoticeEvent::NoticeDeliveryFailed { attempt, cause, receipt: _ } => {
            (row.failures, row.last_failure) = (int(*attempt), Some(cause.code().to_owned()));
        }
        NoticeEvent::NoticeAcknowledged { by, reference } => {
            row.acknowledged_at = at;
            row.acknowledged_institution = Some(by.institution.to_string());
            row.acknowledged_by = Some(by.user.to_string());
            row.reference = reference.as_ref().map(ToString::to_string);
        }
        NoticeEvent::NoticeEscalated { to: _, cause } => {
            (row.escalated_at, row.escalation_cause) = (at, Some(cause.code().to_owned()));
        }
    }
    let status = match (row.acknowledged_at, row.escalated_at, row.delivered_at) {
        (Some(_), ..) => NoticeStatus::Acknowledged,
        (_, Some(_), _) => NoticeStatus::Escalated,
        (.., Some(_)) => NoticeStatus::Delivered,
        _ => NoticeStatus::Issued,
    };
    row.status = status.code().to_owned();
    row.last_position = stored.position.as_i64();
    row.version = bigint(stored.sequence);
}

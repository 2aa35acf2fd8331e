//! What each event of a seized item makes of its row.

use domain::seized_item::{Custodian, SeizedItemEvent};
use event_store::consumer::ApplyError;
use event_store::log::StoredEvent;
use sqlx::types::Json;

use super::things::{CustodyStep, SeizedItemRow};
use super::{Tables, known, sealed};
use crate::fact::{bigint, utc};

impl Tables {
    /// Takes in an event of a seized item.
    pub(super) fn take_in_seized(&mut self, stored: &StoredEvent, event: &SeizedItemEvent) -> Result<(), ApplyError> {
        let id = stored.aggregate_id;
        if let Some(row) = seized(stored, event)? {
            self.seized_items.put(id, row);
        }
        let row = known(self.seized_items.get_mut(id), stored, "seizure")?;
        match event {
            SeizedItemEvent::ItemSeized { .. } => {}
            SeizedItemEvent::CustodyTransferred { from: _, to, at, seal, reason } => {
                let Custodian { institution, keeper } = to;
                let step = CustodyStep {
                    institution: institution.to_string(),
                    keeper: keeper.to_string(),
                    since: utc(*at),
                    seal: seal.as_ref().map(ToString::to_string),
                    reason: sealed(stored, reason.as_ref())?,
                };
                (row.institution, row.keeper) = (step.institution.clone(), step.keeper.clone());
                row.since = step.since;
                // Who put none on it left the one that is there.
                row.seal = step.seal.clone().or(row.seal.take());
                row.custody.0.push(step);
            }
            SeizedItemEvent::ItemDisposed { outcome, to, at, decision, reason } => {
                row.outcome = Some(outcome.to_string());
                row.disposed_to = to.as_ref().map(ToString::to_string);
                row.disposed_at = Some(utc(*at));
                row.decision = decision.as_ref().map(ToString::to_string);
                row.reason = sealed(stored, reason.as_ref())?;
            }
        }
        row.last_position = stored.position.as_i64();
        row.version = bigint(stored.sequence);
        Ok(())
    }
}

/// The row of an item that was just seized.
fn seized(stored: &StoredEvent, event: &SeizedItemEvent) -> Result<Option<SeizedItemRow>, ApplyError> {
    let SeizedItemEvent::ItemSeized {
        incident,
        kind,
        description,
        serial,
        quantity,
        value_cents,
        basis,
        protocol,
        from_person,
        place,
        custodian,
        seal,
        at,
    } = event
    else {
        return Ok(None);
    };
    let first = CustodyStep {
        institution: custodian.institution.to_string(),
        keeper: custodian.keeper.to_string(),
        since: utc(*at),
        seal: seal.as_ref().map(ToString::to_string),
        reason: None,
    };
    Ok(Some(SeizedItemRow {
        id: stored.aggregate_id,
        incident: *incident,
        kind: kind.to_string(),
        description: sealed(stored, description.as_ref())?,
        serial: serial.as_ref().map(ToString::to_string),
        quantity: quantity.map(|quantity| quantity.get().into()),
        value_cents: value_cents.map(|value| value.get().into()),
        basis: basis.to_string(),
        protocol: protocol.as_ref().map(ToString::to_string),
        from_person: *from_person,
        place: sealed(stored, place.as_ref())?,
        seized_at: first.since,
        institution: first.institution.clone(),
        keeper: first.keeper.clone(),
        seal: first.seal.clone(),
        since: first.since,
        custody: Json(vec![first]),
        outcome: None,
        disposed_to: None,
        disposed_at: None,
        decision: None,
        reason: None,
        first_position: stored.position.as_i64(),
        last_position: stored.position.as_i64(),
        version: bigint(stored.sequence),
    }))
}

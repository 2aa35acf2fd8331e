//! What the register records by itself when a time has come: that a grant is over, or the offer of an incident to another institution; that
//! a card that nobody ended has ended, and is put away.
//!
//! Nothing depends on it (a grant that is over gives no access, an offer that is over is not accepted, whatever was recorded), so it may
//! come a minute late; it makes the history whole. Any process may do it, and several may at once: the command's id follows from the
//! grant, the transfer or the card, so it takes effect once.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use command_api::{OwnAct, own_act};
use domain::access_grant::{AccessGrant, GrantCommand};
use domain::emergency_card::{ARCHIVED_AFTER, CardCommand, EmergencyCard, LAPSES_AFTER};
use domain::incident::{Incident, IncidentCommand};
use event_store::append::{AppendError, Appender, Submission};
use event_store::seal::MasterKeys;
use projections::access_grants::GrantRow;
use projections::cards::CardRow;
use projections::case_search::IncidentRow;
use sqlx::{PgConnection, PgPool};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::acts::tell_acts;

/// How often it is looked for what is over.
const EVERY: Duration = Duration::from_secs(5);
/// So many of a kind at once; the next ones come with the next look, when the read model knows of these.
const AT_ONCE: u32 = 100;
/// Who it is that records it: the register itself.
const ACTOR: &str = "vnr-timer";

/// Looks from time to time, for as long as it is let. Cards of a register that holds what was made up stay as they were made: its past is
/// no time that has passed.
pub(super) fn start(
    pool: &PgPool,
    register: Option<Appender>,
    master: &Arc<MasterKeys>,
    simulated: bool,
) -> JoinHandle<()> {
    let (pool, master) = (pool.clone(), Arc::clone(master));
    tokio::spawn(async move {
        let Some(register) = register else { return };
        loop {
            if let Err(error) = tell_acts(&pool, &register, &master).await {
                tracing::debug!(%error, "what was done to read models can't be told at present");
            }
            let kinds = if simulated { &KINDS[..2] } else { &KINDS[..] };
            for kind in kinds.iter().copied() {
                if let Err(error) = expire(kind, &pool, &register, &master).await {
                    // The database is away, or the read model is not made yet: it waits.
                    tracing::debug!(%error, ?kind, "what is over can't be recorded at present");
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    })
}

/// What has an end that nobody records.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Grant,
    Transfer,
    /// A card that nobody ended.
    OpenCard,
    /// A card that ended, and is not put away.
    EndedCard,
}

fn of_card(record: Uuid, what: &str) -> Over {
    Over { record, what: Uuid::new_v5(&record, what.as_bytes()) }
}

/// One of them whose time is over.
struct Over {
    /// The record that is told.
    record: Uuid,
    /// What of it is over: the command's id follows from this.
    what: Uuid,
}

const KINDS: [Kind; 4] = [Kind::Grant, Kind::Transfer, Kind::OpenCard, Kind::EndedCard];

impl Kind {
    /// Those whose time is over at `now`, the longest over first.
    async fn over(self, connection: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Over>, sqlx::Error> {
        Ok(match self {
            Self::Grant => {
                let grants = GrantRow::over(connection, now, AT_ONCE).await?;
                grants.into_iter().map(|grant| Over { record: grant, what: grant }).collect()
            }
            Self::Transfer => {
                let transfers = IncidentRow::transfers_over(connection, now, AT_ONCE).await?;
                transfers.into_iter().map(|(record, what)| Over { record, what }).collect()
            }
            Self::OpenCard => {
                let cards = CardRow::left_open(connection, now - LAPSES_AFTER, AT_ONCE).await?;
                cards.into_iter().map(|card| of_card(card, "lapse")).collect()
            }
            Self::EndedCard => {
                let before = now.checked_sub_months(ARCHIVED_AFTER).unwrap_or(now);
                let cards = CardRow::to_put_away(connection, before, AT_ONCE).await?;
                cards.into_iter().map(|card| of_card(card, "archive")).collect()
            }
        })
    }

    /// What records it.
    fn end(self, act: &OwnAct<'_>, record: Uuid) -> Submission {
        match self {
            Self::Grant => own_act::<AccessGrant>(act, record, GrantCommand::ExpireGrant),
            Self::Transfer => own_act::<Incident>(act, record, IncidentCommand::ExpireTransfer),
            Self::OpenCard => own_act::<EmergencyCard>(act, record, CardCommand::LapseCard),
            Self::EndedCard => own_act::<EmergencyCard>(act, record, CardCommand::ArchiveCard),
        }
    }
}

async fn expire(kind: Kind, pool: &PgPool, register: &Appender, master: &MasterKeys) -> anyhow::Result<()> {
    let over = kind.over(&mut *pool.acquire().await?, Utc::now()).await?;
    for Over { record, what } in over {
        match register.submit(command(kind, record, what, master)).await {
            Ok(_) => tracing::info!(?kind, %record, %what, "its time is over"),
            Err(AppendError::Refused(reason)) => {
                tracing::warn!(?kind, %record, %what, %reason, "its time is not over by the log");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn command(kind: Kind, record: Uuid, what: Uuid, master: &MasterKeys) -> Submission {
    let command_id = Uuid::new_v5(&what, b"its time is over");
    let act = OwnAct { actor: ACTOR, kind: "timer", command_id, occurred_at: Utc::now().fixed_offset(), master };
    kind.end(&act, record)
}

//! A card that was forwarded to an institution of the police becomes an incident there, with nothing retyped, and how that goes on is told
//! to the card (VEK → notikums).
//!
//! ```text
//!   t0  CardForwarded is in the log; the read model has the card as waiting
//!   t1  the incident is registered and the card told, in one transaction, under an id that follows from the forwarding
//!   t2  the process is killed before it knows: the next one finds the card waiting still, sends the same id, and is answered as before
//! ```
//!
//! What can't be registered (a code that no longer holds, for one) is tried again from time to time, and counted: it is never lost.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use access::{Institution, Principal, Purpose, Role};
use chrono::{TimeDelta, Utc};
use chrono_tz::Europe::Riga;
use domain::classifier::{Disposition, ResultCode};
use domain::emergency_card::{CardCommand, EmergencyCard, ForwardProgress, ReportForward};
use domain::incident::IncidentStatus;
use domain::values::{InstitutionCode, RecordingRef};
use event_store::append::{AppendError, Lane, Submission};
use futures::StreamExt as _;
use projections::cards::{CardForwardRow, CardRow, Untold};
use proto::command::v1 as pb;
use uuid::Uuid;

use super::own::{OwnAct, own_act};
use crate::commands::Forwarded;
use crate::entry::from_card;
use crate::gateway::{Gateway, Read};

/// Who does it, as the log names them.
const ACTOR: &str = "vnr-forwards";
/// How often it is looked for what was forwarded, and how it goes on.
const EVERY: Duration = Duration::from_millis(200);
/// So many at once; the rest comes with the next look.
const AT_ONCE: u32 = 100;
/// So many are registered at the same time.
const ABREAST: usize = 8;
/// While the read model does not know yet what was recorded, it is not sent again.
const AGAIN: Duration = Duration::from_secs(2);
/// What can't be registered is tried again after this.
const PARKED: Duration = Duration::from_secs(30);
/// What the classifier of incidents has no name for is this; a person says better.
const ANY_TYPE: &str = "other";

/// Does it for as long as it is let.
pub(crate) async fn run(gateway: Gateway) {
    let mut forwards = Forwards { gateway, seen: 0, tried: HashMap::new() };
    loop {
        let more = forwards.look().await.unwrap_or_else(|error| {
            // The database is away, or a read model is not made yet: it waits.
            tracing::debug!(error = format!("{error:#}"), "forwarded cards can't be seen to at present");
            false
        });
        if !more {
            tokio::time::sleep(EVERY).await;
        }
    }
}

struct Forwards {
    gateway: Gateway,
    /// Position up to which incidents that had ended were looked at.
    seen: i64,
    /// What was sent, by its command's id, and until when it is not sent again.
    tried: HashMap<Uuid, Instant>,
}

impl Forwards {
    /// One look; says whether there may be more to do at once.
    async fn look(&mut self) -> anyhow::Result<bool> {
        let now = Instant::now();
        self.tried.retain(|_, until| now < *until);
        let pool = self.gateway.deps().pool.clone();
        let (waiting, newest, untold) = {
            let mut connection = pool.acquire().await?;
            let waiting = CardForwardRow::waiting(&mut connection, AT_ONCE).await?;
            let newest = Untold::newest(&mut connection).await?;
            (waiting, newest, Untold::after(&mut connection, self.seen, AT_ONCE).await?)
        };
        let ready = waiting.into_iter().map(|row| {
            let what = format!("forward {} {}", row.institution, row.first_position);
            (Uuid::new_v5(&row.card, what.as_bytes()), row)
        });
        let ready: Vec<_> = ready.filter(|(command_id, _)| !self.tried.contains_key(command_id)).collect();
        let mut done = ready.len();
        let received: Vec<_> = {
            let this = &*self;
            let receive = |(command_id, row): (Uuid, CardForwardRow)| async move {
                let received = this.receive(&row, command_id).await;
                (command_id, row, received)
            };
            futures::stream::iter(ready.into_iter().map(receive)).buffer_unordered(ABREAST).collect().await
        };
        for (command_id, row, received) in received {
            let again = match received {
                Ok(()) => AGAIN,
                Err(error) => {
                    metrics::counter!("vnr_forwards_parked_total").increment(1);
                    let (card, institution) = (row.card, &row.institution);
                    tracing::warn!(%card, %institution, error = format!("{error:#}"), "a forwarded card is no incident yet");
                    PARKED
                }
            };
            self.tried.insert(command_id, now + again);
        }
        for row in &untold {
            let command_id = Uuid::new_v5(&row.incident, format!("progress {}", row.version).as_bytes());
            if !self.tried.contains_key(&command_id) {
                self.tell(row, command_id).await?;
                self.tried.insert(command_id, now + AGAIN);
                done += 1;
            }
        }
        if untold.len() < AT_ONCE as usize {
            self.seen = newest;
        }
        Ok(done > 0)
    }

    /// Registers the incident, and tells the card.
    async fn receive(&self, row: &CardForwardRow, command_id: Uuid) -> anyhow::Result<()> {
        let deps = self.gateway.deps();
        let to = Institution::parse(&row.institution)?;
        let by = InstitutionCode::parse(&row.forwarded_by)?;
        // In the name of whom it is forwarded to: it becomes theirs.
        let until = Utc::now() + TimeDelta::hours(1);
        let principal = Principal::new(ACTOR, to.clone(), vec![Role::System], Purpose::Response, until);
        let sender = self.gateway.sender(principal).await;
        let caller = self.gateway.caller::<pb::RegisterIncident>(&sender).map_err(told)?;
        let Some(card) = CardRow::by_id(&mut *deps.pool.acquire().await?, row.card).await? else {
            anyhow::bail!("the card can't be read yet");
        };
        let recording_ref = card.recording_ref.as_deref().map(RecordingRef::parse).transpose()?;
        let mut draft = from_card(deps, &caller, card, Utc::now()).await?;
        if draft.type_code.is_empty() {
            ANY_TYPE.clone_into(&mut draft.type_code);
        }
        if draft.received_at.is_empty() {
            // Nobody there was told before: they have to be there from now on.
            draft.received_at = row.forwarded_at.with_timezone(&Riga).to_rfc3339();
        }
        let envelope = draft.envelope.get_or_insert_default();
        envelope.command_id = command_id.to_string();
        envelope.correlation_id = row.card.to_string();
        let at = Utc::now().with_timezone(&Riga).fixed_offset();
        let forwarded = Forwarded { card: row.card, to, by, recording_ref, at };
        let read = Read::forwarded(draft, forwarded, caller).map_err(|violations| anyhow::anyhow!("{violations}"))?;
        let submission = read.submission(Lane::Interactive, &deps.master);
        // Of the id alone: the card may say more when it is sent again.
        let digest = deps.master.digest("forwards", command_id.as_bytes());
        self.submit(Submission { digest, ..submission }).await
    }

    /// Tells the card how it goes on.
    async fn tell(&self, row: &Untold, command_id: Uuid) -> anyhow::Result<()> {
        let progress = ForwardProgress {
            incident: row.incident,
            status: IncidentStatus::parse(&row.status)?,
            result: row.result.as_deref().map(ResultCode::parse).transpose()?,
            disposition: row.disposition.as_deref().map(Disposition::parse).transpose()?,
        };
        let occurred_at = Utc::now().with_timezone(&Riga).fixed_offset();
        let master = Arc::clone(&self.gateway.deps().master);
        let act = OwnAct { actor: ACTOR, kind: "forwards", command_id, occurred_at, master: &master };
        let command = CardCommand::ReportForward(ReportForward { progress });
        self.submit(own_act::<EmergencyCard>(&act, row.card, command)).await
    }

    async fn submit(&self, submission: Submission) -> anyhow::Result<()> {
        match self.gateway.deps().register.submit(submission).await {
            Ok(_) => Ok(()),
            Err(AppendError::Refused(reason)) => Err(anyhow::anyhow!("{reason}")),
            Err(error) => Err(error.into()),
        }
    }
}

/// A status of gRPC as an error of this.
fn told(status: tonic::Status) -> anyhow::Error {
    anyhow::anyhow!("{}", status.message())
}

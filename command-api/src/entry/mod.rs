//! Direct entry (tiešā ievade): a draft is looked at while it is typed, for forces that have no journal of their own.
//!
//! Nothing of a draft is kept: the page holds it and sends it each time. So what is not registered is stored nowhere, no personal data
//! lies outside the log, and there is nothing to erase, to expire or to hand from one server to another. What is wrong with a draft is
//! found by registering it, up to the point where it would be written ([`trial`]): there are no second rules that could differ.

mod card;
mod fill;
mod known;
mod trial;

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use projections::cards::CardRow;
use prost::Message as _;
use proto::command::v1 as pb;
use tonic::{Request, Response, Status};
use tracing::Instrument as _;

use crate::caller::Caller;
use crate::gateway::{Deps, Gateway, deadline, measure, principal};

use self::card::CardKnown;
use self::known::Known;
use self::trial::Trial;

const NAME: &str = "ValidateIncident";

/// A draft of what a forwarded card becomes: all of the card that an incident has a field for, whatever whoever it is forwarded to may see of
/// the card itself.
pub(crate) async fn from_card(
    deps: &Deps,
    caller: &Caller,
    row: CardRow,
    now: DateTime<Utc>,
) -> Result<pb::RegisterIncident, sqlx::Error> {
    let named = pb::RecordRef { by: Some(pb::record_ref::By::Id(row.id.to_string())) };
    let mut known = Known::default();
    known.card = Some(CardKnown::whole(deps, caller, row).await?);
    let draft = pb::RegisterIncident { card: Some(named), ..Default::default() };
    Ok(fill::fill(draft, &mut known, caller, now).draft)
}

impl Gateway {
    /// Says what would come of registering a draft.
    pub(crate) async fn validate_incident(
        &self,
        request: Request<pb::ValidateIncident>,
    ) -> Result<Response<pb::ValidateIncidentReply>, Status> {
        let began = Instant::now();
        let principal = principal(&request)?;
        let deadline = deadline(&request);
        let span = tracing::info_span!("question", name = NAME);
        let outcome = async {
            let sender = self.sender(principal).await;
            let caller = self.caller::<pb::RegisterIncident>(&sender)?;
            let asked = request.into_inner();
            let question = asked.encode_to_vec();
            let pb::ValidateIncident { draft, vehicles, persons, without_known } = asked;
            let mut known = match without_known {
                true => Known::default(),
                false => known::read(self.deps(), &caller, draft.as_ref(), &vehicles, &persons).await,
            };
            let filled = fill::fill(draft.unwrap_or_default(), &mut known, &caller, Utc::now());
            let trial = trial::Attempt { sender: &sender, caller: caller.clone(), deadline };
            let missing = fill::missing(&filled.draft);
            let Trial { violations, respond_by, class } = trial.of(self, &filled.draft, &vehicles, &persons).await?;
            if let Some(consultation) = known.consultation(&question) {
                self.tell(&caller, consultation).await?;
            }
            Ok(pb::ValidateIncidentReply {
                completed: Some(filled.draft),
                filled: filled.fields,
                violations,
                missing,
                respond_by: respond_by.map(|at| at.to_rfc3339()).unwrap_or_default(),
                class: class.into(),
                card: known.card.map(|card| card.told),
                place: known.place,
                vehicles: known.vehicles,
                persons: known.persons,
                known_unread: known.unread,
            })
        }
        .instrument(span)
        .await;
        measure(NAME, began, outcome.as_ref().err());
        outcome.map(Response::new)
    }

    /// Somebody with what they send, under the policies and lists in force now.
    pub(crate) fn caller<C: crate::commands::WireCommand>(
        &self,
        sender: &crate::caller::Sender,
    ) -> Result<Caller, Status> {
        let deps = self.deps();
        let caller = Caller::of::<C>(
            sender,
            deps.policies.current(),
            Arc::clone(&deps.classifiers.borrow()),
            Arc::clone(&deps.master),
        );
        caller.map_err(|refused| self.not_permitted(C::NAME, sender.principal(), &refused))
    }
}

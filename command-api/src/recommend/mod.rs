//! What to send to a card (reaģēšanas ieteikums): the plans in force and the roster come from the read models, the answer from
//! [`domain::response::recommend`], which is a function of them and nothing else.
//!
//! It recommends and writes nothing but that it was looked at. What is done is decided by a person, with the commands on the card.

mod plans;
mod read;
mod told;
mod travel;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use access::Consultation;
use access::policy::{Action, RecordKind};
use chrono::{DateTime, TimeDelta, Utc};
use domain::access_day::{AccessWay, DataScope};
use domain::kernel::Violations;
use domain::response::{When, recommend};
use domain::values::AlarmLevel;
use event_store::append::AppendError;
use prost::Message as _;
use proto::command::v1 as pb;
use sqlx::PgPool;
use tokio::sync::watch;
use tonic::{Request, Response, Status};
use tracing::Instrument as _;

use self::plans::KnownPlans;
use self::read::{About, Inputs};
use self::travel::Travel;
use crate::caller::Caller;
use crate::gateway::{Gateway, deadline, measure, principal};
use crate::status;
use crate::wire::{Reader, Within};

const NAME: &str = "RecommendResponse";

/// How far ahead somebody may plan.
const AHEAD: TimeDelta = TimeDelta::hours(24);
/// How far the caller's clock may be behind: units are known as they are now, not as they were.
const BEHIND: TimeDelta = TimeDelta::minutes(5);

/// What recommendations go by beside the read models, kept from one to the next.
#[derive(Debug, Default)]
pub(crate) struct Known {
    plans: KnownPlans,
    travel: watch::Sender<Arc<Travel>>,
}

impl Known {
    /// Learns travel times for ever.
    pub(crate) async fn keep_learning(&self, pool: &PgPool) {
        travel::keep_learning(pool, &self.travel).await;
    }
}

/// A question that was read.
struct Question {
    about: About,
    at: DateTime<Utc>,
    alarm_level: Option<AlarmLevel>,
}

impl Gateway {
    /// Says what to send to a card, and why.
    pub(crate) async fn recommend_response(
        &self,
        request: Request<pb::RecommendResponse>,
    ) -> Result<Response<pb::RecommendResponseReply>, Status> {
        let began = Instant::now();
        let principal = principal(&request)?;
        let deadline = deadline(&request);
        let span = tracing::info_span!("question", name = NAME);
        let outcome = async {
            let sender = self.sender(principal).await;
            let deps = self.deps();
            let caller = Caller::doing(
                Action::View,
                (RecordKind::EmergencyCard, &[]),
                &sender,
                deps.policies.current(),
                Arc::clone(&deps.classifiers.borrow()),
                Arc::clone(&deps.master),
            );
            let caller = caller.map_err(|refused| self.not_permitted(NAME, sender.principal(), &refused))?;
            let asked = request.into_inner();
            let digested = asked.encode_to_vec();
            let now = Utc::now();
            let question = Question::read(asked, &caller, now).map_err(status::invalid)?;
            let plans = &self.recommends().plans;
            let mut inputs =
                read::inputs(deps, plans, &caller, question.about, deadline).await.map_err(|unread| match unread {
                    read::Unread::NotPermitted(refused) => self.not_permitted(NAME, sender.principal(), &refused),
                    read::Unread::Unknown(unknown) => status::failed(AppendError::Refused(Box::new(unknown))),
                    read::Unread::Unavailable => status::failed(AppendError::Unavailable),
                })?;
            inputs.card.alarm_level = question.alarm_level.or(inputs.card.alarm_level);
            let when = When { sent_at: question.at, known_at: now };
            let travel = Arc::clone(&self.recommends().travel.borrow());
            let told = recommend(&inputs.plans, &inputs.card, &inputs.roster, when, &travel.learned);
            let answer = told::reply(&told, &inputs, &travel, question.at);
            if let Some(consultation) = consultation(&inputs, &answer, digested) {
                self.tell(&caller, consultation).await?;
            }
            Ok(answer)
        }
        .instrument(span)
        .await;
        measure(NAME, began, outcome.as_ref().err());
        outcome.map(Response::new)
    }
}

/// The card and every unit that the answer names; nothing where it names none.
fn consultation(inputs: &Inputs, answer: &pb::RecommendResponseReply, question: Vec<u8>) -> Option<Consultation> {
    let shown = inputs.card.id.into_iter().chain(told::units(answer));
    let records: BTreeMap<_, _> = shown.map(|id| (id, [DataScope::Summary].into())).collect();
    let count = records.len();
    let consultation = Consultation { way: AccessWay::Query, records, other: DataScope::Summary, question, count };
    (count > 0).then_some(consultation)
}

impl Question {
    /// Reads it; all that is wrong is told at once.
    fn read(message: pb::RecommendResponse, caller: &Caller, now: DateTime<Utc>) -> Result<Self, Violations> {
        use pb::recommend_response::About as Asked;
        let mut reader = Reader::new(caller.classifiers());
        let at = reader.time("at", &message.at).map(|at| at.with_timezone(&Utc));
        if at.is_some_and(|at| at < now - BEHIND || at > now + AHEAD) {
            reader.wrong("at", "must be now or within the next 24 hours: units are known as they are now");
        }
        let at = at.unwrap_or(now);
        reader.occurred_at(at.fixed_offset());
        let alarm_level = reader.number("alarm_level", message.alarm_level, AlarmLevel::try_new);
        let about = match message.about {
            Some(Asked::Card(named)) => reader.record("card", "emergency_card", Some(named)).map(About::Card),
            Some(Asked::Draft(draft)) => Some(About::Draft(Box::new(read_draft(&mut reader, draft)))),
            None => {
                reader.wrong("card", "is required: name a card, or send what is typed of one as `draft`");
                None
            }
        };
        reader.finish(about.map(|about| Self { about, at, alarm_level }))
    }
}

fn read_draft(reader: &mut Reader, draft: pb::CardDraft) -> domain::response::CardSeen {
    let type_code = reader.code("draft.type_code", &draft.type_code);
    let priority = reader.term::<pb::Priority, _>("draft.priority", draft.priority);
    let hazards = match draft.hazards.as_slice() {
        [] => None,
        hazards => reader.codes("draft.hazards", hazards),
    };
    let place = reader.place(Within("draft", "place"), draft.place);
    let parts = place.as_ref().map(domain::values::Place::parts);
    domain::response::CardSeen {
        id: None,
        type_code,
        priority,
        hazards: hazards.unwrap_or_default(),
        territory: parts.and_then(|parts| parts.territory.clone()),
        point: parts.and_then(|parts| parts.point),
        alarm_level: None,
    }
}

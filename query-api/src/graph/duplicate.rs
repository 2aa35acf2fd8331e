//! Cards that may be about the same.

use access::policy::{Action, RecordKind};
use async_graphql::{Context, ID, Object, SimpleObject};
use domain::classifier::CardType;
use domain::emergency_card::duplicate::{Call, WITHIN, likeness};
use domain::values::{AddressCode, GeoPoint};
use projections::cards::CardRow;
use projections::event::CARD;
use projections::lookups::{LookupKind, LookupRow};

use super::card::Card;
use super::common::uuid;
use super::fresh::fresh;
use super::terms::LikenessReason;
use crate::error::QueryError;
use crate::permits::RecordPart;
use crate::position::LogPosition;
use crate::snapshot::Given;

/// Cards of the time around that are looked at: more than come in within two hours.
const MOST_LOOKED_AT: u32 = 2_000;
/// Most candidates that are told.
const MOST: usize = 10;

/// A card that may be about the same as another.
#[derive(SimpleObject)]
pub(crate) struct DuplicateCandidate {
    /// The card.
    card: Card,
    /// How like they are, of 100.
    score: u32,
    /// Why, the weightiest first.
    reasons: Vec<Likeness>,
}

/// A reason for which two cards may be about the same.
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct Likeness {
    /// Which.
    reason: LikenessReason,
    /// What it adds to the score.
    points: u32,
    /// Seconds or metres that lie between them, where that is what it is about.
    apart: Option<i64>,
}

#[derive(Default)]
pub(crate) struct DuplicateQuery;

#[Object]
impl DuplicateQuery {
    /// Cards that may be about the same as one, of those that the caller may see, the likeliest first: a person decides, with `MarkDuplicate`.
    async fn duplicate_candidates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the card.")] card: ID,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(
            name = "waitSeconds",
            desc = "How long to wait for that, in seconds.",
            default = 5,
            validator(minimum = 0, maximum = 30)
        )]
        _wait_seconds: i32,
    ) -> Result<Vec<DuplicateCandidate>, QueryError> {
        let id = uuid("card", Some(card))?.unwrap_or_default();
        fresh(ctx, min_position).await?;
        ctx.reach_any(Action::View, &[RecordKind::EmergencyCard]).await?;
        let reach = ctx.reach(Action::View, RecordKind::EmergencyCard).await?;
        let permits = ctx.permits().await?;
        let mut reading = ctx.snapshot()?.read().await?;
        let Some(row) = CardRow::by_id(&mut reading, id).await? else { return Ok(Vec::new()) };
        let call = call_of(&row);
        let Some(card) = ctx.or_keeps_back(row.id, Card::seen(permits, row)) else { return Ok(Vec::new()) };
        let around = (call.received_at - WITHIN, call.received_at + WITHIN);
        let rows = CardRow::around(&mut reading, around, reach, MOST_LOOKED_AT).await?;
        // That two were called about from one number tells who called: only to whom may see that of both.
        let same_number = match card.guard().shows(RecordPart::Reporter) {
            true => LookupRow::records_like(&mut reading, id, LookupKind::Phone, CARD).await?,
            false => Vec::new(),
        };
        drop(reading);
        card.shown(ctx)?;
        let mut candidates = Vec::new();
        for row in rows.into_iter().filter(|row| row.id != id) {
            let (other, number) = (call_of(&row), same_number.contains(&row.id));
            let Some(seen) = Card::seen(permits, row) else { continue };
            let number = number && seen.guard().shows(RecordPart::Reporter);
            if let Some(like) = likeness(&call, &other, number) {
                candidates.push((like, seen));
            }
        }
        candidates.sort_by(|(one, a), (other, b)| (other.score, a.card_number()).cmp(&(one.score, b.card_number())));
        candidates.truncate(MOST);
        let told = candidates.into_iter().map(|(mut like, card)| {
            like.reasons.sort_by_key(|(_, points, _)| std::cmp::Reverse(*points));
            let reasons = like.reasons.into_iter().map(|(reason, points, apart)| {
                let apart = apart.and_then(|apart| i64::try_from(apart).ok());
                Ok(Likeness { reason: LikenessReason::of_code(reason.code())?, points, apart })
            });
            let reasons = reasons.collect::<Result<_, QueryError>>()?;
            Ok(DuplicateCandidate { card: card.shown(ctx)?, score: like.score, reasons })
        });
        told.collect()
    }
}

/// What likeness is judged by.
fn call_of(row: &CardRow) -> Call {
    let point = row.latitude_e6.zip(row.longitude_e6);
    let point = point.and_then(|(latitude, longitude)| GeoPoint::try_new(latitude, longitude).ok());
    let uncertainty = row.uncertainty_m.and_then(|metres| u32::try_from(metres).ok()).unwrap_or(0);
    Call {
        received_at: row.received_at,
        point: point.map(|point| (point, uncertainty)),
        address: row.address_code.as_deref().and_then(|code| AddressCode::parse(code).ok()),
        type_code: row.type_code.as_deref().and_then(|code| CardType::parse(code).ok()),
    }
}

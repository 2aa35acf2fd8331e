//! Quality review of calls (zvanu kvalitātes kontrole): every card that has ended can be looked at; a rule says which must be.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::lang::terms;
use crate::terms::Priority;
use crate::values::ValueError;

/// How well a call was dealt with, of 100 (vērtējums).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u32", into = "u32")]
#[schemars(extend("minimum" = 0, "maximum" = 100))]
pub struct ReviewScore(u8);

impl ReviewScore {
    /// The score, where it is 0 to 100.
    ///
    /// # Errors
    /// Where it isn't.
    pub fn try_new(score: u32) -> Result<Self, ValueError> {
        match u8::try_from(score) {
            Ok(score @ 0..=100) => Ok(Self(score)),
            _ => Err(ValueError::Range { what: "score", from: 0, to: 100 }),
        }
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<u32> for ReviewScore {
    type Error = ValueError;

    fn try_from(score: u32) -> Result<Self, ValueError> {
        Self::try_new(score)
    }
}

impl From<ReviewScore> for u32 {
    fn from(score: ReviewScore) -> Self {
        score.0.into()
    }
}

terms! {
    /// What a review found (konstatējums). Illustrative: the official list isn't public.
    ReviewFinding("finding") {
        /// It was answered late.
        AnsweredLate = "answered_late", "Vēlu atbildēts", "Answered late";
        /// The place was not confirmed.
        PlaceNotConfirmed = "place_not_confirmed", "Vieta nav apstiprināta", "Place not confirmed";
        /// What was asked missed something important.
        QuestionsMissed = "questions_missed", "Nav uzdoti būtiski jautājumi", "Questions missed";
        /// It was taken for something else.
        WrongType = "wrong_type", "Nepareizs veids", "Wrong type";
        /// It was more, or less, urgent.
        WrongPriority = "wrong_priority", "Nepareiza prioritāte", "Wrong priority";
        /// A service that was needed was not sent, or one that wasn't was.
        WrongServices = "wrong_services", "Nepareizi dienesti", "Wrong services";
        /// Services were decided late.
        DecidedLate = "decided_late", "Vēlu pieņemts lēmums", "Decided late";
        /// Another unit would have been there sooner.
        WrongUnit = "wrong_unit", "Nepiemērota ekipāža", "Another unit was better";
        /// The caller was not helped until somebody came.
        NoAdvice = "no_advice", "Nav sniegti norādījumi", "No advice given";
        /// How the caller was spoken to.
        Manner = "manner", "Saziņas veids", "Manner";
        /// What was written down is not what was said.
        Record = "record", "Neprecīzs ieraksts", "Recorded inexactly";
    }
}

terms! {
    /// Why a card must be reviewed.
    ReviewCause("cause of a review") {
        /// Life was at risk.
        LifeAtRisk = "life_at_risk", "Apdraudēta dzīvība", "Life at risk";
        /// The decision took longer than a minute.
        DecidedLate = "decided_late", "Lēmums ilgāk par minūti", "Decision took over a minute";
        /// Nobody ended it in time.
        Lapsed = "lapsed", "Slēgta automātiski", "Closed by time";
        /// It belongs to the sample.
        Sample = "sample", "Izlase", "Sample";
    }
}

/// The decision has to be taken within this from the answer.
pub const DECISION: TimeDelta = TimeDelta::seconds(60);
/// Of so many other cards one is looked at.
pub const ONE_OF: u128 = 20;

/// Why a card that has ended must be reviewed; none where it need not be. Version 1 of the rule; illustrative. The sample follows from the
/// card's id alone, so nobody chooses what is looked at, and it is the same whenever it is asked.
#[must_use]
pub fn due(
    card: Uuid,
    priority: Option<Priority>,
    answered_at: Option<DateTime<Utc>>,
    decided_at: Option<DateTime<Utc>>,
    lapsed: bool,
) -> Option<ReviewCause> {
    let late = answered_at.zip(decided_at).is_some_and(|(answered, decided)| decided - answered > DECISION);
    if lapsed {
        Some(ReviewCause::Lapsed)
    } else if priority == Some(Priority::P0) {
        Some(ReviewCause::LifeAtRisk)
    } else if late {
        Some(ReviewCause::DecidedLate)
    } else if Uuid::new_v5(&card, b"review").as_u128().is_multiple_of(ONE_OF) {
        Some(ReviewCause::Sample)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_one_card_in_twenty_is_in_the_sample_and_always_the_same_ones() {
        let ids = (0..20_000).map(|n| Uuid::new_v5(&Uuid::NAMESPACE_OID, &u32::to_be_bytes(n)));
        let due = |id: Uuid| due(id, Some(Priority::P2), None, None, false);
        let chosen: Vec<_> = ids.clone().filter(|id| due(*id) == Some(ReviewCause::Sample)).collect();
        assert!((800..1_200).contains(&chosen.len()), "{}", chosen.len());
        assert!(chosen.into_iter().all(|id| due(id).is_some()));
    }

    #[test]
    fn what_was_late_or_grave_is_always_looked_at() {
        let at = |second: i64| DateTime::from_timestamp(1_790_000_000 + second, 0);
        let id = Uuid::nil();
        assert_eq!(due(id, Some(Priority::P0), None, None, false), Some(ReviewCause::LifeAtRisk));
        assert_eq!(due(id, Some(Priority::P2), at(0), at(61), false), Some(ReviewCause::DecidedLate));
        assert_eq!(due(id, None, None, None, true), Some(ReviewCause::Lapsed));
    }
}

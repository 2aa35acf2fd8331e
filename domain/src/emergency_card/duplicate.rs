//! Which cards may be about the same (iespējamie dublikāti): many people call about one fire. Candidates are scored and told with the
//! reasons; only a person marks one, and can take it back.
//!
//! Whole numbers only, so that every machine finds the same. The weights are illustrative: none of them was measured.

use chrono::{DateTime, TimeDelta, Utc};

use crate::classifier::CardType;
use crate::lang::terms;
use crate::response::metres;
use crate::values::{AddressCode, GeoPoint};

/// Calls further apart in time are about different things.
pub const WITHIN: TimeDelta = TimeDelta::hours(2);
/// Calls from further apart, in metres beside what is uncertain of both, are about different places.
pub const NEARBY_M: u64 = 1_500;
/// Uncertainty of a point that counts, in metres: a cell of the mobile network would be near everything.
pub const MOST_UNCERTAIN_M: u64 = 3_000;
/// Who reaches less, of 100, is no candidate.
pub const THRESHOLD: u32 = 45;

terms! {
    /// Why two cards may be about the same.
    LikenessReason("reason of likeness") {
        /// Minutes apart.
        Time = "time", "Neilgi viena pēc otras", "Close in time";
        /// Close to each other.
        Distance = "distance", "Tuvu viena otrai", "Close to each other";
        /// The same address.
        Address = "address", "Tā pati adrese", "Same address";
        /// The same type.
        Type = "type", "Tas pats veids", "Same type";
        /// From the same number.
        Number = "number", "Tas pats tālruņa numurs", "Same phone number";
    }
}

/// What likeness is judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// T0.
    pub received_at: DateTime<Utc>,
    /// Where, and within how many metres.
    pub point: Option<(GeoPoint, u32)>,
    /// Object of the address register.
    pub address: Option<AddressCode>,
    /// What it is about.
    pub type_code: Option<CardType>,
}

/// How like two cards are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likeness {
    /// Of 100.
    pub score: u32,
    /// Why, each with what it adds, and with the seconds or metres that it is about.
    pub reasons: Vec<(LikenessReason, u32, Option<u64>)>,
}

/// How like two cards are; none where they are too far apart in time, agree on neither place nor number, or reach too little.
#[must_use]
pub fn likeness(one: &Call, other: &Call, same_number: bool) -> Option<Likeness> {
    let apart = (one.received_at - other.received_at).abs();
    if apart > WITHIN {
        return None;
    }
    let mut reasons = Vec::new();
    let seconds = u64::try_from(apart.num_seconds()).unwrap_or(0);
    let whole = WITHIN.num_seconds().unsigned_abs();
    add(&mut reasons, LikenessReason::Time, share(25, whole - seconds.min(whole), whole), Some(seconds));
    let same_address = one.address.is_some() && one.address == other.address;
    add(&mut reasons, LikenessReason::Address, if same_address { 40 } else { 0 }, None);
    let near = one.point.zip(other.point).and_then(|(mine, theirs)| {
        let metres = metres(mine.0, theirs.0);
        let uncertain = u64::from(mine.1) + u64::from(theirs.1);
        let beyond = metres.saturating_sub(uncertain.min(MOST_UNCERTAIN_M));
        (beyond <= NEARBY_M).then(|| (share(40, NEARBY_M - beyond, NEARBY_M), metres))
    });
    // An address that is the same says all that a distance could.
    if let Some((points, metres)) = near.filter(|_| !same_address) {
        add(&mut reasons, LikenessReason::Distance, points, Some(metres));
    }
    add(&mut reasons, LikenessReason::Number, if same_number { 30 } else { 0 }, None);
    let same_place_or_number = reasons.iter().any(|(reason, ..)| *reason != LikenessReason::Time);
    let same_type = one.type_code.is_some() && one.type_code == other.type_code;
    add(&mut reasons, LikenessReason::Type, if same_type { 20 } else { 0 }, None);
    let score = reasons.iter().map(|(_, points, _)| points).sum::<u32>().min(100);
    (same_place_or_number && score >= THRESHOLD).then_some(Likeness { score, reasons })
}

fn add(reasons: &mut Vec<(LikenessReason, u32, Option<u64>)>, reason: LikenessReason, points: u32, of: Option<u64>) {
    if points > 0 {
        reasons.push((reason, points, of));
    }
}

/// So much of `most` as `part` is of `whole`, rounded up.
fn share(most: u64, part: u64, whole: u64) -> u32 {
    u32::try_from((most * part).div_ceil(whole)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::examples::sure;

    fn call(minute: i64, latitude_e6: i32) -> Call {
        let noon = DateTime::<Utc>::from_timestamp(1_790_000_000, 0).unwrap();
        Call {
            received_at: noon + TimeDelta::minutes(minute),
            point: Some((sure(GeoPoint::try_new(latitude_e6, 24_100_000)), 20)),
            address: None,
            type_code: Some(sure(CardType::parse("structure-fire"))),
        }
    }

    #[test]
    fn two_calls_about_one_fire_are_candidates_and_say_why() {
        let like = likeness(&call(0, 56_950_000), &call(3, 56_951_000), false).unwrap();
        let reasons: Vec<_> = like.reasons.iter().map(|(reason, ..)| *reason).collect();
        assert_eq!(reasons, [LikenessReason::Time, LikenessReason::Distance, LikenessReason::Type]);
        assert!(like.score > 70, "{like:?}");
    }

    #[test]
    fn a_call_hours_later_or_from_across_the_town_is_no_candidate() {
        assert_eq!(likeness(&call(0, 56_950_000), &call(121, 56_950_000), true), None);
        assert_eq!(likeness(&call(0, 56_950_000), &call(0, 57_000_000), false), None);
    }

    #[test]
    fn the_same_type_at_the_same_time_is_not_enough() {
        let nowhere = |call: Call| Call { point: None, ..call };
        assert_eq!(likeness(&nowhere(call(0, 0)), &nowhere(call(0, 0)), false), None);
        assert!(likeness(&nowhere(call(0, 0)), &nowhere(call(0, 0)), true).is_some());
    }

    proptest! {
        #[test]
        fn likeness_is_mutual_and_falls_with_distance_and_time(
            minute in -200i64..200, near in 0i32..20_000, further in 0i32..20_000, same_number: bool,
        ) {
            let one = call(0, 56_950_000);
            let other = call(minute, 56_950_000 + near);
            prop_assert_eq!(likeness(&one, &other, same_number), likeness(&other, &one, same_number));
            let away = likeness(&one, &call(minute, 56_950_000 + near + further), same_number);
            let score = |like: Option<Likeness>| like.map_or(0, |like| like.score);
            prop_assert!(score(away) <= score(likeness(&one, &other, same_number)));
        }
    }
}

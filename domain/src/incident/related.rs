//! What incidents have in common (sakarības): the same address, person or vehicle, the same thing again close by, violence in one family.
//! Told to a person with the reasons; whether it means anything they decide, and link the incidents.
//!
//! The limits of a near repeat are illustrative: that a crime makes the same likelier close by and soon is known, how close and how soon
//! differs from place to place and was not measured here.

use chrono::{DateTime, TimeDelta, Utc};

use crate::classifier::{Classifiers, CodeSystem, IncidentType};
use crate::ids::riga_day;
use crate::lang::terms;
use crate::notice::rule::ATTRIBUTE;
use crate::response::metres;
use crate::values::{AddressCode, GeoPoint};

/// A near repeat happens within this time of the other.
pub const NEAR_REPEAT_WITHIN: TimeDelta = TimeDelta::days(14);
/// And within so many metres, beside what is uncertain of both.
pub const NEAR_REPEAT_M: u32 = 400;
/// The rule of notices that types of violence in a family are marked with.
const FAMILY_VIOLENCE: &str = "family-violence";
/// Uncertainty of a point that counts, in metres: a cell of the mobile network would be near everything.
pub const MOST_UNCERTAIN_M: u32 = 400;

terms! {
    /// What two incidents have in common.
    RelationReason("reason of relation") {
        /// Violence in a family, of which there was some before: the same person or the same address.
        FamilyViolence = "family_violence", "Vardarbība ģimenē atkārtojas", "Family violence again";
        /// The same person takes part in both.
        Person = "person", "Tā pati persona", "Same person";
        /// The same vehicle is in both.
        Vehicle = "vehicle", "Tas pats transportlīdzeklis", "Same vehicle";
        /// The same address.
        Address = "address", "Tā pati adrese", "Same address";
        /// The same type close by and within days.
        NearRepeat = "near_repeat", "Tuvs atkārtojums", "Near repeat";
    }
}

/// What relations are told by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circumstances {
    /// When it began.
    pub occurred_from: DateTime<Utc>,
    /// Where, and within how many metres.
    pub point: Option<(GeoPoint, u32)>,
    /// Object of the address register.
    pub address: Option<AddressCode>,
    /// What it is.
    pub type_code: IncidentType,
    /// Whether its type is one of violence in a family.
    pub family_violence: bool,
}

/// What is known to be the same in two incidents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shared {
    /// A person.
    pub person: bool,
    /// A vehicle.
    pub vehicle: bool,
}

/// Whether a type of incidents, on the day of one, is violence in a family: of these the social service is told.
#[must_use]
pub fn is_family_violence(classifiers: &Classifiers, type_code: &str, occurred_at: &DateTime<Utc>) -> bool {
    let day = riga_day(occurred_at);
    classifiers.attribute(CodeSystem::IncidentType, type_code, day, ATTRIBUTE) == Some(FAMILY_VIOLENCE)
}

/// What two incidents have in common, the weightiest first; of a near repeat with the metres between them.
#[must_use]
pub fn related(one: &Circumstances, other: &Circumstances, shared: Shared) -> Vec<(RelationReason, Option<u64>)> {
    let same_address = one.address.is_some() && one.address == other.address;
    let in_family = one.family_violence && other.family_violence && (same_address || shared.person);
    let near = near_repeat(one, other);
    let reasons = [
        (in_family, RelationReason::FamilyViolence, None),
        (shared.person, RelationReason::Person, None),
        (shared.vehicle, RelationReason::Vehicle, None),
        (same_address, RelationReason::Address, None),
        (near.is_some(), RelationReason::NearRepeat, near),
    ];
    reasons.into_iter().filter(|(holds, ..)| *holds).map(|(_, reason, apart)| (reason, apart)).collect()
}

/// Metres between two that are a near repeat; none where they are not.
fn near_repeat(one: &Circumstances, other: &Circumstances) -> Option<u64> {
    if one.type_code != other.type_code || (one.occurred_from - other.occurred_from).abs() > NEAR_REPEAT_WITHIN {
        return None;
    }
    let ((mine, uncertain), (theirs, also)) = one.point.zip(other.point)?;
    let uncertain = uncertain.saturating_add(also).min(MOST_UNCERTAIN_M);
    let apart = metres(mine, theirs);
    (apart <= u64::from(NEAR_REPEAT_M + uncertain)).then_some(apart)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::examples::sure;

    fn burglary(day: i64, latitude_e6: i32) -> Circumstances {
        let begin = DateTime::<Utc>::from_timestamp(1_790_000_000, 0).unwrap();
        Circumstances {
            occurred_from: begin + TimeDelta::days(day),
            point: Some((sure(GeoPoint::try_new(latitude_e6, 24_100_000)), 20)),
            address: None,
            type_code: sure(IncidentType::parse("burglary")),
            family_violence: false,
        }
    }

    fn reasons(one: &Circumstances, other: &Circumstances, shared: Shared) -> Vec<RelationReason> {
        related(one, other, shared).into_iter().map(|(reason, _)| reason).collect()
    }

    #[test]
    fn a_burglary_next_door_within_a_fortnight_is_a_near_repeat() {
        let nothing = Shared::default();
        let told = related(&burglary(0, 56_950_000), &burglary(13, 56_952_000), nothing);
        assert_eq!(told, [(RelationReason::NearRepeat, Some(222))]);
        assert!(related(&burglary(0, 56_950_000), &burglary(15, 56_952_000), nothing).is_empty(), "too late");
        assert!(related(&burglary(0, 56_950_000), &burglary(1, 56_955_000), nothing).is_empty(), "too far");
        let theft = Circumstances { type_code: sure(IncidentType::parse("theft")), ..burglary(1, 56_950_000) };
        assert!(related(&burglary(0, 56_950_000), &theft, nothing).is_empty(), "something else");
    }

    #[test]
    fn violence_in_a_family_is_known_by_the_person_or_the_address() {
        let address = Some(sure(AddressCode::parse("101234567")));
        let violence = Circumstances { family_violence: true, point: None, address, ..burglary(0, 56_950_000) };
        let moved = Circumstances { address: None, ..violence.clone() };
        assert_eq!(
            reasons(&violence, &violence, Shared::default()),
            [RelationReason::FamilyViolence, RelationReason::Address]
        );
        let person = Shared { person: true, vehicle: false };
        assert_eq!(reasons(&violence, &moved, person), [RelationReason::FamilyViolence, RelationReason::Person]);
        assert!(reasons(&violence, &moved, Shared::default()).is_empty());
        let other = Circumstances { family_violence: false, ..violence.clone() };
        assert_eq!(reasons(&violence, &other, Shared::default()), [RelationReason::Address]);
    }

    proptest! {
        #[test]
        fn what_two_have_in_common_does_not_depend_on_which_is_asked_for(
            days in 0i64..30, north in 56_900_000i32..57_000_000, uncertain in 0u32..5_000, person: bool, vehicle: bool,
        ) {
            let one = burglary(0, 56_950_000);
            let mut other = burglary(days, north);
            other.point = other.point.map(|(point, _)| (point, uncertain));
            let shared = Shared { person, vehicle };
            prop_assert_eq!(related(&one, &other, shared), related(&other, &one, shared));
        }
    }
}

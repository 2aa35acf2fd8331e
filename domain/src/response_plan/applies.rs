//! When a plan applies: to what, where, and by Riga's clock.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike as _, NaiveDate, TimeZone, Timelike as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::classifier::{CardType, Hazard};
use crate::lang::terms;
use crate::terms::Priority;
use crate::territory::Territories;
use crate::values::{TerritoryCode, ValueError};

terms! {
    /// A day of the week (nedēļas diena).
    Weekday("day of the week") {
        /// Monday.
        Monday = "monday", "Pirmdiena", "Monday";
        /// Tuesday.
        Tuesday = "tuesday", "Otrdiena", "Tuesday";
        /// Wednesday.
        Wednesday = "wednesday", "Trešdiena", "Wednesday";
        /// Thursday.
        Thursday = "thursday", "Ceturtdiena", "Thursday";
        /// Friday.
        Friday = "friday", "Piektdiena", "Friday";
        /// Saturday.
        Saturday = "saturday", "Sestdiena", "Saturday";
        /// Sunday.
        Sunday = "sunday", "Svētdiena", "Sunday";
    }
}

impl Weekday {
    fn of(day: NaiveDate) -> Self {
        match day.weekday() {
            chrono::Weekday::Mon => Self::Monday,
            chrono::Weekday::Tue => Self::Tuesday,
            chrono::Weekday::Wed => Self::Wednesday,
            chrono::Weekday::Thu => Self::Thursday,
            chrono::Weekday::Fri => Self::Friday,
            chrono::Weekday::Sat => Self::Saturday,
            chrono::Weekday::Sun => Self::Sunday,
        }
    }
}

/// A time of day by the clock on the wall, in minutes since midnight: 0 to 1439.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u32", into = "u32")]
#[schemars(extend("minimum" = 0, "maximum" = 1439))]
pub struct MinuteOfDay(u16);

impl MinuteOfDay {
    /// That many minutes after midnight.
    ///
    /// # Errors
    /// Where the day has no such minute.
    pub fn try_new(minute: u32) -> Result<Self, ValueError> {
        match u16::try_from(minute) {
            Ok(minute @ 0..=1439) => Ok(Self(minute)),
            _ => Err(ValueError::Range { what: "minute of the day", from: 0, to: 1439 }),
        }
    }

    /// Minutes after midnight.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u32> for MinuteOfDay {
    type Error = ValueError;

    fn try_from(minute: u32) -> Result<Self, ValueError> {
        Self::try_new(minute)
    }
}

impl From<MinuteOfDay> for u32 {
    fn from(minute: MinuteOfDay) -> Self {
        minute.0.into()
    }
}

/// Hours of the day (diennakts stundas): from a minute (included) until another (not included); across midnight where the second is
/// the earlier one. Both alike are no hours at all, which a plan's rules refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Hours {
    /// First minute.
    pub from: MinuteOfDay,
    /// First minute that is no longer meant.
    pub until: MinuteOfDay,
}

impl Hours {
    /// How many days before today the hours began that `minute` lies in: 0, or 1 after midnight; nothing where it lies in none.
    fn began_days_ago(self, minute: MinuteOfDay) -> Option<u64> {
        let Self { from, until } = self;
        if from < until {
            (from <= minute && minute < until).then_some(0)
        } else if from <= minute {
            Some(0)
        } else {
            (minute < until).then_some(1)
        }
    }
}

/// What a card has to be for a plan to apply. What is empty, or not given, asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Applies {
    /// One of these types.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub card_types: BTreeSet<CardType>,
    /// One of these priorities.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub priorities: BTreeSet<Priority>,
    /// Any of these hazards.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub hazards: BTreeSet<Hazard>,
    /// In one of these territories (ATVK): a municipality stands for its towns and parishes too.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub territories: BTreeSet<TerritoryCode>,
    /// On one of these days. Hours across midnight belong to the day on which they begin.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub weekdays: BTreeSet<Weekday>,
    /// Within these hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
}

terms! {
    /// Why a plan doesn't apply (kādēļ plāns neattiecas).
    Mismatch("mismatch") {
        /// The card is of another type, or of none yet.
        CardType = "card_type", "Cits izsaukuma veids", "Another type of card";
        /// It is of another priority, or of none yet.
        Priority = "priority", "Cita prioritāte", "Another priority";
        /// It has none of the hazards.
        Hazards = "hazards", "Nav šāda apdraudējuma", "None of the hazards";
        /// It is elsewhere, or nowhere known.
        Territory = "territory", "Cita teritorija", "Another territory";
        /// It is another time of the day or day of the week.
        Time = "time", "Cits laiks", "Another time";
    }
}

/// What of a card decides which plan applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// Its type.
    pub type_code: Option<&'a CardType>,
    /// Its priority.
    pub priority: Option<Priority>,
    /// Its hazards.
    pub hazards: &'a BTreeSet<Hazard>,
    /// The territories that it lies in: see [`lies_in`].
    pub territories: &'a BTreeSet<TerritoryCode>,
}

impl Applies {
    /// Why it doesn't apply at that moment: everything, so that nobody looks twice; empty where it applies.
    #[must_use]
    pub fn mismatches<Z: TimeZone>(&self, card: Asked<'_>, at: &DateTime<Z>) -> Vec<Mismatch> {
        let type_differs =
            !self.card_types.is_empty() && !card.type_code.is_some_and(|code| self.card_types.contains(code));
        let priority_differs =
            !self.priorities.is_empty() && !card.priority.is_some_and(|priority| self.priorities.contains(&priority));
        let no_hazard = !self.hazards.is_empty() && self.hazards.is_disjoint(card.hazards);
        let elsewhere = !self.territories.is_empty() && !self.covers(card.territories, crate::ids::riga_day(at));
        let found = [
            (type_differs, Mismatch::CardType),
            (priority_differs, Mismatch::Priority),
            (no_hazard, Mismatch::Hazards),
            (elsewhere, Mismatch::Territory),
            (!self.holds_at(at), Mismatch::Time),
        ];
        found.into_iter().filter_map(|(differs, mismatch)| differs.then_some(mismatch)).collect()
    }

    /// Whether one of its territories, by its name of that day, is among them.
    fn covers(&self, territories: &BTreeSet<TerritoryCode>, day: NaiveDate) -> bool {
        let then = |code: &TerritoryCode| {
            let held = Territories::embedded().as_of(code, day);
            held.into_iter().any(|territory| territories.contains(&territory.code))
        };
        self.territories.iter().any(|code| territories.contains(code) || then(code))
    }

    /// Whether its hours and days hold at a moment, by Riga's clock. What began before midnight belongs to the day before.
    fn holds_at<Z: TimeZone>(&self, at: &DateTime<Z>) -> bool {
        let local = at.with_timezone(&chrono_tz::Europe::Riga);
        let began = match self.hours {
            None => Some(0),
            // Of a clock the hours are below 24 and the minutes below 60.
            Some(hours) => u16::try_from(local.hour() * 60 + local.minute())
                .ok()
                .and_then(|minute| hours.began_days_ago(MinuteOfDay(minute))),
        };
        let Some(days_ago) = began else { return false };
        let day = local.date_naive() - chrono::Days::new(days_ago);
        self.weekdays.is_empty() || self.weekdays.contains(&Weekday::of(day))
    }

    /// How much it asks for: one point for each of type, priority, hazards, days and hours, and for territory one, or two where all are
    /// towns or parishes. Of the plans that apply the one with most points is the closest to the card.
    #[must_use]
    pub fn specificity(&self) -> u8 {
        let is_within = |code: &TerritoryCode| code.as_str().get(4..6).is_some_and(|digits| digits != "00");
        let points = [
            !self.card_types.is_empty(),
            !self.priorities.is_empty(),
            !self.hazards.is_empty(),
            !self.weekdays.is_empty(),
            self.hours.is_some(),
            !self.territories.is_empty(),
            !self.territories.is_empty() && self.territories.iter().all(is_within),
        ];
        points.into_iter().map(u8::from).sum()
    }
}

/// The territories that a place lies in on a day: its own, what stood for it then, and the municipality of that.
#[must_use]
pub fn lies_in(territory: Option<&TerritoryCode>, day: NaiveDate) -> BTreeSet<TerritoryCode> {
    let Some(code) = territory else { return BTreeSet::new() };
    let atvk = Territories::embedded();
    let mut found = BTreeSet::from([code.clone()]);
    found.extend(atvk.as_of(code, day).into_iter().map(|then| then.code.clone()));
    found.extend(atvk.municipality(code, day).map(|municipality| municipality.code.clone()));
    found
}

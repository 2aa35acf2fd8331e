//! How large the nation is, and how much happens in it.

use chrono::{DateTime, NaiveDate, Utc};

use super::rhythm;

/// What happens in a year, in the whole nation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Incidents that State Police enters: 285,000.
    pub state_incidents: u64,
    /// Incidents of municipal and port police: 170,000 once all take part.
    pub municipal_incidents: u64,
    /// Calls to 112: some 1.2 million.
    pub calls: u64,
    /// Cards that an incident of State Police is made of: 44,756.
    pub cards_to_police: u64,
}

/// The figures of the integration passport of VNR and 112, and of press releases on 112.
pub const RATES: Rates =
    Rates { state_incidents: 285_000, municipal_incidents: 170_000, calls: 1_200_000, cards_to_police: 44_756 };
/// How often what else can happen to incidents does. No register publishes such figures: all are invented, but where another source is
/// named, and chosen so that each kind of event is there as often as somebody who tries the register out would expect.
///
/// Of 100,000 incidents; the last ones of 100 of what they are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares {
    /// Registered in error, and annulled by two persons.
    pub annulled: u32,
    /// Somebody asked for that, and the second person did not agree.
    pub not_annulled: u32,
    /// Registered twice, and merged.
    pub merged: u32,
    /// Registered as one though they were two, and split.
    pub split: u32,
    /// Something else happened at the same place within a month, and both are linked.
    pub repeated: u32,
    /// Put right while open.
    pub corrected: u32,
    /// Put right by a supervisor once closed.
    pub corrected_closed: u32,
    /// Made protected by an order, type and persons aside.
    pub restricted: u32,
    /// Made secret, which nobody touches afterwards without a grant.
    pub secret: u32,
    /// Somebody or something is recorded as involved in error.
    pub withdrawn: u32,
    /// Of mergers, those that are taken back: a third.
    pub unmerged: u32,
    /// Of links, those that are taken back.
    pub unlinked: u32,
    /// Of persons of whom nothing was known, those who are identified later.
    pub identified: u32,
    /// Of suspects, those who are detained or cleared later.
    pub roles_changed: u32,
    /// Of incidents of State Police that are the business of municipal police, those that are offered to it. These are a fifth of all, so
    /// that 3 % of all are offered; 44,756 cards a year that are forwarded to State Police are the only published figure of that kind.
    pub offered: u32,
    /// Of offers, those that are accepted.
    pub accepted: u32,
    /// Of offers, those that are rejected, with a cause.
    pub rejected: u32,
    /// Of offers, those that are withdrawn. The rest is never answered: the register ends those itself once their time is over.
    pub withdrawn_offers: u32,
    /// Of those accepted, those that go back.
    pub returned: u32,
    /// Of those accepted, those that can't be dealt with.
    pub aborted: u32,
    /// Of incidents, those after which somebody makes known what to be careful of there.
    pub cautions: u32,
    /// The same of those in families.
    pub cautions_of_families: u32,
    /// Of cautions, those that are renewed.
    pub renewed: u32,
    /// Of cautions, those that are lifted before their time.
    pub lifted: u32,
    /// Of seized items, those whose custody ends; the rest is kept.
    pub disposed: u32,
}

/// As they are here.
pub const SHARES: Shares = Shares {
    annulled: 300,
    not_annulled: 30,
    merged: 500,
    split: 100,
    repeated: 3_000,
    corrected: 1_600,
    corrected_closed: 400,
    restricted: 100,
    secret: 10,
    withdrawn: 1_000,
    unmerged: 33,
    unlinked: 3,
    identified: 30,
    roles_changed: 6,
    offered: 15,
    accepted: 82,
    rejected: 10,
    withdrawn_offers: 6,
    returned: 7,
    aborted: 3,
    cautions: 600,
    cautions_of_families: 6_000,
    renewed: 20,
    lifted: 25,
    disposed: 92,
};

impl Shares {
    /// So much of a number of incidents is registered by itself; the rest comes of these: the other one of a merger, a split, a repetition.
    #[must_use]
    pub fn by_themselves(&self, incidents: u64) -> u64 {
        incidents * 100_000 / (100_000 + u64::from(self.merged + self.split + self.repeated))
    }
}

/// How many people live in it at full scale.
const PEOPLE: u64 = 1_873_600;

/// A nation: all of it follows from these.
#[derive(Debug, Clone, PartialEq)]
pub struct Nation {
    /// What everything follows from.
    pub seed: u64,
    /// Its size, in millionths of the real one.
    scale: u64,
    /// Ages are as of this day.
    pub from: NaiveDate,
}

impl Nation {
    /// One that follows from `seed`; `scale` 1 is as large as the real one, 0.01 has a hundredth of its people and calls.
    #[must_use]
    pub fn new(seed: u64, scale: f64) -> Nation {
        let millionths = (scale.clamp(0.000_001, 10.0) * 1e6).round() as u64;
        Nation { seed, scale: millionths, from: NaiveDate::from_ymd_opt(2025, 1, 1).unwrap_or_default() }
    }

    /// The moment that ages are as of.
    pub(crate) fn since(&self) -> DateTime<Utc> {
        rhythm::midnight(self.from)
    }

    /// How many people live in it; never fewer than 230.
    #[must_use]
    pub fn people(&self) -> u64 {
        self.scaled(PEOPLE).max(230)
    }

    /// What happens in it in a year.
    #[must_use]
    pub fn rates(&self) -> Rates {
        Rates {
            state_incidents: self.scaled(RATES.state_incidents),
            municipal_incidents: self.scaled(RATES.municipal_incidents),
            calls: self.scaled(RATES.calls),
            cards_to_police: self.scaled(RATES.cards_to_police),
        }
    }

    /// So much of a number as its size gives it.
    pub(crate) fn scaled(&self, number: u64) -> u64 {
        number * self.scale / 1_000_000
    }

    /// How often in an ordinary minute, in millionths, what happens `rate` times a year in a nation of full size.
    pub(crate) fn a_minute(&self, rate: u64) -> u64 {
        const MINUTES: u128 = 525_960;
        (u128::from(rate) * u128::from(self.scale) / MINUTES) as u64
    }
}

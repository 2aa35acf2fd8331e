//! How large the nation is, and how much happens in it.

use chrono::NaiveDate;

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

//! When things happen: by the hour, the day of the week and the month, in local time.

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Timelike as _, Utc, Weekday};
use chrono_tz::Europe::Riga;
use chrono_tz::Tz;

/// Parts of the mean, in thousandths: hours of a day, days of a week, months.
#[derive(Debug)]
pub(crate) struct Rhythm {
    hours: [u64; 24],
    days: [u64; 7],
    months: [u64; 12],
}

/// Calls to 112: people are awake, Friday and Saturday nights, summer.
pub(crate) const CALLS: Rhythm = Rhythm {
    hours: [
        700, 560, 470, 400, 380, 430, 590, 800, 980, 1_080, 1_140, 1_170, 1_190, 1_190, 1_190, 1_220, 1_290, 1_360,
        1_400, 1_400, 1_370, 1_290, 1_150, 950,
    ],
    days: [960, 950, 950, 970, 1_060, 1_100, 1_010],
    months: [940, 900, 940, 970, 1_040, 1_090, 1_130, 1_100, 1_020, 970, 930, 970],
};
/// What police registers: offices open at eight, nights of the weekend.
pub(crate) const INCIDENTS: Rhythm = Rhythm {
    hours: [
        760, 640, 520, 420, 370, 390, 500, 700, 1_020, 1_230, 1_280, 1_250, 1_220, 1_210, 1_220, 1_230, 1_260, 1_290,
        1_280, 1_260, 1_250, 1_220, 1_160, 1_320,
    ],
    days: [1_010, 990, 980, 990, 1_060, 1_030, 940],
    months: [930, 910, 960, 990, 1_050, 1_070, 1_080, 1_070, 1_030, 1_000, 950, 960],
};

impl Rhythm {
    /// How much of the mean there is at that local time, in millionths.
    pub(crate) fn at(&self, local: DateTime<Tz>) -> u64 {
        let day = match local.weekday() {
            // The night belongs to the day before.
            weekday if local.hour() < 5 => weekday.pred(),
            weekday => weekday,
        };
        let eve = matches!((local.month(), local.day()), (6, 23 | 24) | (12, 31) | (1, 1));
        let festive = if eve { 1_600 } else { 1_000 };
        let parts = self.hours[local.hour() as usize] * self.days[day.num_days_from_monday() as usize];
        parts * self.months[local.month0() as usize] / 1_000 * festive / 1_000
    }
}

/// Minutes from the beginning of a local day on, one after the other, also where the clock is put forward or back.
pub(crate) fn minutes(from: NaiveDate, days: u32) -> impl Iterator<Item = DateTime<Utc>> {
    let (start, end) = (midnight(from), midnight(from + TimeDelta::days(i64::from(days))));
    (0..(end - start).num_minutes()).map(move |minute| start + TimeDelta::minutes(minute))
}

/// The beginning of a day in Latvia, where clocks never change at midnight.
pub(crate) fn midnight(day: NaiveDate) -> DateTime<Utc> {
    let midnight = day.and_time(chrono::NaiveTime::MIN);
    midnight.and_local_timezone(Riga).earliest().map_or_else(|| midnight.and_utc(), |local| local.to_utc())
}

/// Whether offices are open.
pub(crate) fn office_hours(at: DateTime<Utc>) -> bool {
    let local = at.with_timezone(&Riga);
    (8..17).contains(&local.hour()) && !matches!(local.weekday(), Weekday::Sat | Weekday::Sun)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn days_on_which_clocks_change_have_an_hour_less_or_more() {
        assert_eq!(minutes(day("2025-03-30"), 1).count(), 23 * 60);
        assert_eq!(minutes(day("2025-10-26"), 1).count(), 25 * 60);
        assert_eq!(minutes(day("2025-06-01"), 2).count(), 48 * 60);
    }

    #[test]
    fn a_year_has_as_much_as_its_mean_says() {
        for rhythm in [&CALLS, &INCIDENTS] {
            let all: u128 =
                minutes(day("2025-01-01"), 365).map(|at| u128::from(rhythm.at(at.with_timezone(&Riga)))).sum();
            let mean = all / (365 * 24 * 60);
            assert!((990_000..1_015_000).contains(&mean), "{mean}");
        }
    }
}

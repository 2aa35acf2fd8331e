//! Plays a file in time: what it tells of is sent when it is due, so many times faster than it happened.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::{Duration, Instant};

use super::compose::Command;

/// How many times faster than it happened a file is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed(f64);

/// Why something is no speed.
#[derive(Debug, thiserror::Error)]
#[error("a speed is a number above 0, at most 1000000: 1000 plays an hour in 3.6 s")]
pub struct SpeedError;

impl FromStr for Speed {
    type Err = SpeedError;

    fn from_str(text: &str) -> Result<Self, SpeedError> {
        let times: f64 = text.trim().parse().map_err(|_| SpeedError)?;
        if times.is_finite() && times > 0.0 && times <= 1_000_000.0 { Ok(Self(times)) } else { Err(SpeedError) }
    }
}

/// The commands that are not due yet, in the order of time; commands of one moment, in the order in which they were taken.
///
/// The clock begins with the first command of the first group that is taken, also where an import goes on that was broken off.
#[derive(Debug)]
pub(super) struct Pace {
    speed: Speed,
    begun: Option<(Instant, i64)>,
    waiting: BTreeMap<(i64, u64), (u64, Command)>,
    taken: u64,
    /// When the group that was taken last begins.
    latest: Option<i64>,
}

impl Pace {
    pub(super) fn new(speed: Speed) -> Self {
        Self { speed, begun: None, waiting: BTreeMap::new(), taken: 0, latest: None }
    }

    /// Takes the commands of a group; within it their order stays as it is, whatever their times say.
    pub(super) fn take(&mut self, group: u64, commands: Vec<Command>) {
        let mut at = i64::MIN;
        for command in commands {
            if at == i64::MIN {
                self.latest = Some(command.at);
                self.begun.get_or_insert((Instant::now(), command.at));
            }
            at = at.max(command.at);
            self.waiting.insert((at, self.taken), (group, command));
            self.taken += 1;
        }
    }

    /// Whether another group is to be read: one that begins later than now is enough to know that all that is due is there.
    pub(super) fn wants_group(&self) -> bool {
        self.latest.is_none_or(|at| self.is_due(at))
    }

    /// Whether something of that time, in microseconds, is due.
    pub(super) fn is_due(&self, at: i64) -> bool {
        let Some((begun, first)) = self.begun else { return true };
        let Ok(after) = u64::try_from(at.saturating_sub(first)) else { return true };
        begun.elapsed() >= Duration::from_micros(after).div_f64(self.speed.0)
    }

    /// The next command that is due.
    pub(super) fn next(&mut self) -> Option<(u64, Command)> {
        let (at, _) = *self.waiting.first_key_value()?.0;
        if !self.is_due(at) {
            return None;
        }
        self.waiting.pop_first().map(|(_, command)| command)
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn command(number: u128, seconds: i64) -> Command {
        Command { at: seconds * 1_000_000, ..Command::for_test(Uuid::from_u128(number)) }
    }

    fn order(pace: &mut Pace) -> Vec<u128> {
        std::iter::from_fn(|| pace.next()).map(|(_, command)| command.id.as_u128()).collect()
    }

    #[test]
    fn what_is_due_is_sent_in_the_order_of_time_and_of_one_group_in_its_own() {
        let mut pace = Pace::new("1000000".parse().unwrap());
        pace.take(0, vec![command(1, 0), command(2, 30), command(3, 20)]);
        pace.take(1, vec![command(4, 10), command(5, 30)]);
        // All of it is due within 30 µs.
        std::thread::sleep(Duration::from_millis(1));
        assert_eq!(order(&mut pace), [1, 4, 2, 3, 5]);
        assert!(pace.is_empty());
    }

    #[test]
    fn what_is_not_due_waits_and_one_group_is_read_ahead() {
        let mut pace = Pace::new("2".parse().unwrap());
        assert!(pace.wants_group());
        pace.take(0, vec![command(1, 100), command(2, 100_000)]);
        assert!(pace.wants_group(), "it has begun");
        pace.take(1, vec![command(3, 5_000)]);
        assert!(!pace.wants_group());
        assert_eq!(order(&mut pace), [1]);
        assert!(!pace.is_empty());
    }

    #[test]
    fn a_speed_is_a_number_above_nothing() {
        assert_eq!("1000".parse::<Speed>().unwrap(), Speed(1000.0));
        for wrong in ["0", "-1", "NaN", "inf", "fast", "1000001"] {
            assert!(wrong.parse::<Speed>().is_err(), "{wrong}");
        }
    }
}

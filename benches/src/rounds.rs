//! Contestants take turns, round after round, until enough rounds found the machine quiet.

/// So many rounds count.
const ROUNDS: usize = 3;
/// No more are tried.
const MOST_ROUNDS: usize = 9;
/// A round in which others used more cores than this is repeated.
const QUIET: f64 = 0.1;

/// One contestant's turn.
pub trait Turn {
    /// How much it did in a second.
    fn rate(&self) -> f64;
    /// Cores that others used meanwhile.
    fn foreign_cpu(&self) -> f64;
}

/// The rounds of one comparison. Those that count are the quietest, whatever came of them.
#[derive(Debug)]
pub struct Rounds<T, const N: usize> {
    what: String,
    rounds: Vec<[T; N]>,
}

impl<T: Turn, const N: usize> Rounds<T, N> {
    /// None yet.
    pub fn of(what: impl Into<String>) -> Rounds<T, N> {
        Rounds { what: what.into(), rounds: Vec::new() }
    }

    /// Whether one more is needed; says so.
    pub fn more(&self, say: &mut dyn FnMut(&str)) -> bool {
        let quiet = self.rounds.iter().filter(|round| foreign(round.as_slice()) <= QUIET).count();
        if quiet >= ROUNDS || self.rounds.len() >= MOST_ROUNDS {
            return false;
        }
        let busy = self.rounds.len() - quiet;
        let repeated = if busy == 0 { String::new() } else { format!(" ({busy} repeated: the machine was busy)") };
        say(&format!("{}, round {} of {ROUNDS}{repeated}", self.what, quiet + 1));
        true
    }

    /// What came of one.
    pub fn push(&mut self, round: [T; N]) {
        self.rounds.push(round);
    }

    /// Of each contestant the turn with the median rate.
    ///
    /// # Errors
    /// When there was no round.
    pub fn medians(mut self) -> anyhow::Result<[T; N]> {
        self.rounds.sort_by(|a, b| foreign(a).total_cmp(&foreign(b)));
        self.rounds.truncate(ROUNDS);
        let mut turns: [Vec<T>; N] = std::array::from_fn(|_| Vec::new());
        for round in self.rounds {
            turns.iter_mut().zip(round).for_each(|(turns, turn)| turns.push(turn));
        }
        anyhow::ensure!(turns.iter().all(|turns| !turns.is_empty()), "{}: nothing was measured", self.what);
        Ok(turns.map(|mut turns| {
            turns.sort_by(|a, b| a.rate().total_cmp(&b.rate()));
            turns.swap_remove(turns.len() / 2)
        }))
    }
}

fn foreign<T: Turn>(round: &[T]) -> f64 {
    round.iter().map(Turn::foreign_cpu).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq)]
    struct At(f64, f64);

    impl Turn for At {
        fn rate(&self) -> f64 {
            self.0
        }

        fn foreign_cpu(&self) -> f64 {
            self.1
        }
    }

    fn rounds(all: &[[At; 2]]) -> (usize, [At; 2]) {
        let mut rounds = Rounds::of("a test");
        let mut next = all.iter();
        let mut asked = 0;
        while rounds.more(&mut |_| asked += 1) {
            rounds.push(*next.next().unwrap());
        }
        (asked, rounds.medians().unwrap())
    }

    #[test]
    fn three_quiet_rounds_are_enough() {
        let quiet = [[At(2.0, 0.0), At(1.0, 0.0)], [At(3.0, 0.1), At(9.0, 0.0)], [At(1.0, 0.0), At(4.0, 0.05)]];
        assert_eq!(rounds(&quiet), (3, [At(2.0, 0.0), At(4.0, 0.05)]));
    }

    #[test]
    fn a_round_in_which_anyone_was_disturbed_does_not_count_where_there_are_others() {
        let busy = [At(100.0, 0.0), At(1.0, 0.9)];
        let quiet = [At(5.0, 0.0), At(5.0, 0.0)];
        assert_eq!(rounds(&[busy, quiet, busy, quiet, quiet]), (5, quiet));
    }

    #[test]
    fn on_a_machine_that_is_never_quiet_the_quietest_count() {
        let at = |foreign| [At(foreign, foreign), At(1.0, 0.0)];
        let all: Vec<[At; 2]> = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.9].map(at).to_vec();
        assert_eq!(rounds(&all), (9, at(0.3)));
    }
}

//! Chance that is the same for the same seed, on every machine: whole numbers only.

/// A generator of the SplitMix64 kind.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// One that follows from a number.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// One of many that follow from a seed: the `n`-th of those that `what` names. They have nothing to do with each other.
    #[must_use]
    pub fn of(seed: u64, what: &str, n: u64) -> Self {
        let named = what
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        let mut chance = Self(seed ^ named.rotate_left(17));
        let start = chance.next() ^ n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self(start)
    }

    /// 64 random bits.
    #[expect(clippy::should_implement_trait, reason = "it never ends, and is no iterator")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `below` - 1.
    pub fn below(&mut self, below: u32) -> u32 {
        let scaled = (u128::from(self.next()) * u128::from(below)) >> 64;
        u32::try_from(scaled).unwrap_or_default()
    }

    /// `from` to `to`, both included.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        from + i64::from(self.below(u32::try_from(to - from + 1).unwrap_or(1)))
    }

    /// `from` to `to`, the middle more often than the ends.
    pub fn about(&mut self, from: i64, to: i64) -> i64 {
        (self.between(from, to) + self.between(from, to)) / 2
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// True so many times in a million.
    pub fn in_a_million(&mut self, times: u64) -> bool {
        u64::from(self.below(1_000_000)) < times
    }

    /// One of several.
    pub fn one_of<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(u32::try_from(from.len()).unwrap_or(1)) as usize]
    }

    /// One of several, by weight.
    pub fn weighted<'a, T>(&mut self, from: &'a [T], weight: impl Fn(&T) -> u32) -> &'a T {
        let mut rest = self.below(from.iter().map(&weight).sum());
        for item in from {
            match rest.checked_sub(weight(item)) {
                Some(left) => rest = left,
                None => return item,
            }
        }
        &from[0]
    }

    /// How many of something that is expected `millionths` / 1,000,000 times: as a Poisson distribution has it, nearly.
    pub fn count(&mut self, millionths: u64) -> u32 {
        // Many chances, each of them small: a binomial distribution with an expectation well below its number of trials.
        let trials = (millionths / 50_000 + 1).max(16);
        (0..trials)
            .filter(|_| u128::from(self.next()) * u128::from(trials) * 1_000_000 < u128::from(millionths) << 64)
            .count() as u32
    }

    /// Ten bytes, for an id.
    pub fn ten_bytes(&mut self) -> [u8; 10] {
        let (first, second) = (self.next().to_le_bytes(), self.next().to_le_bytes());
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&first);
        bytes[8..].copy_from_slice(&second[..2]);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_every_name_its_own() {
        let numbers = |mut chance: Chance| (0..5).map(|_| chance.next()).collect::<Vec<_>>();
        assert_eq!(numbers(Chance::of(7, "calls", 3)), numbers(Chance::of(7, "calls", 3)));
        let others = [(8, "calls", 3), (7, "people", 3), (7, "calls", 4)];
        for (seed, what, n) in others {
            assert_ne!(numbers(Chance::of(7, "calls", 3)), numbers(Chance::of(seed, what, n)));
        }
    }

    #[test]
    fn counts_have_the_mean_and_the_variance_of_a_poisson_distribution() {
        for millionths in [20_000, 800_000, 2_300_000, 9_000_000] {
            let mut chance = Chance::of(1, "counts", millionths);
            let counts: Vec<f64> = (0..40_000).map(|_| f64::from(chance.count(millionths))).collect();
            let mean = counts.iter().sum::<f64>() / counts.len() as f64;
            let variance = counts.iter().map(|n| (n - mean).powi(2)).sum::<f64>() / counts.len() as f64;
            let expected = millionths as f64 / 1e6;
            assert!((mean / expected - 1.0).abs() < 0.05, "mean {mean}, {expected} expected");
            assert!((variance / expected - 1.0).abs() < 0.12, "variance {variance}, {expected} expected");
        }
    }
}

//! Chance that is the same for the same seed, on every machine.

/// A generator of the SplitMix64 kind.
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `below` - 1.
    pub(super) fn below(&mut self, below: u32) -> u32 {
        let scaled = (u128::from(self.next()) * u128::from(below)) >> 64;
        u32::try_from(scaled).unwrap_or_default()
    }

    /// `from` to `to`, both included.
    pub(super) fn between(&mut self, from: i64, to: i64) -> i64 {
        from + i64::from(self.below(u32::try_from(to - from + 1).unwrap_or(1)))
    }

    /// `from` to `to`, the middle more often than the ends.
    pub(super) fn about(&mut self, from: i64, to: i64) -> i64 {
        (self.between(from, to) + self.between(from, to)) / 2
    }

    /// True so many times in a hundred.
    pub(super) fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// One of several.
    pub(super) fn one_of<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(u32::try_from(from.len()).unwrap_or(1)) as usize]
    }

    /// One of several, by weight.
    pub(super) fn weighted<'a, T>(&mut self, from: &'a [T], weight: impl Fn(&T) -> u32) -> &'a T {
        let mut rest = self.below(from.iter().map(&weight).sum());
        for item in from {
            match rest.checked_sub(weight(item)) {
                Some(left) => rest = left,
                None => return item,
            }
        }
        &from[0]
    }
}

//! How far estimates of travel times are from what drives took: learned from the earlier drives, tried on the later ones.

use std::collections::BTreeMap;

use super::learned::{Drive, LearnedTravel};
use super::travel::{Leg, StraightLine, TravelEstimate, metres};
use crate::terms::UnitKind;

/// Of ten parts of the drives, in the order of time, so many teach; the rest is what it is tried on.
const TEACHING: (usize, usize) = (7, 10);

/// By how many seconds an estimate was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wrong {
    /// On the average.
    pub mean: u64,
    /// In the middle one of all.
    pub median: u64,
    /// In nine of ten at most.
    pub p90: u64,
}

/// What came out for units of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// Drives that were estimated.
    pub drives: usize,
    /// Middle one of their lengths, in metres on the straight line.
    pub metres: u64,
    /// Middle one of their times.
    pub seconds: u64,
    /// The straight line's estimate.
    pub straight: Wrong,
    /// The learned one.
    pub learned: Wrong,
}

/// What came out of trying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackTest {
    /// Drives that taught.
    pub teaching: usize,
    /// Homes that were learned of them.
    pub homes: usize,
    /// Later drives from a home that is not known: neither estimate could be made.
    pub left: usize,
    /// All kinds together; nothing where no drive could be estimated.
    pub all: Option<Tried>,
    /// Each kind by itself.
    pub kinds: BTreeMap<UnitKind, Tried>,
}

/// What both estimates said of a drive.
#[derive(Clone, Copy)]
struct Estimated {
    metres: u64,
    seconds: u32,
    straight: u32,
    learned: u32,
}

/// Learns from the earlier seven tenths of the drives and tries it on the later three. Both estimates set out from the learned home, so
/// that they differ in nothing but the time for the way.
#[must_use]
pub fn back_test(mut drives: Vec<Drive>) -> BackTest {
    drives.sort_by(|a, b| {
        let key = |drive: &Drive| (drive.began, drive.seconds, drive.to.latitude_e6(), drive.to.longitude_e6());
        key(a).cmp(&key(b)).then_with(|| a.home.cmp(&b.home))
    });
    let (teaching, later) = drives.split_at(drives.len() * TEACHING.0 / TEACHING.1);
    let learned = LearnedTravel::learn(teaching);
    let mut kinds: BTreeMap<UnitKind, Vec<Estimated>> = BTreeMap::new();
    let mut left = 0;
    for drive in later {
        let Some(from) = learned.place_of(&drive.home) else {
            left += 1;
            continue;
        };
        let leg = Leg { kind: drive.kind, priority: drive.priority, from, to: drive.to };
        kinds.entry(drive.kind).or_default().push(Estimated {
            metres: metres(from, drive.to),
            seconds: drive.seconds,
            straight: StraightLine.seconds(leg),
            learned: learned.seconds(leg),
        });
    }
    let all: Vec<Estimated> = kinds.values().flatten().copied().collect();
    BackTest {
        teaching: teaching.len(),
        homes: learned.homes(),
        left,
        all: tried(&all),
        kinds: kinds.into_iter().filter_map(|(kind, estimated)| Some((kind, tried(&estimated)?))).collect(),
    }
}

fn tried(estimated: &[Estimated]) -> Option<Tried> {
    let of = |what: fn(&Estimated) -> u64| spread(estimated.iter().map(what).collect());
    Some(Tried {
        drives: estimated.len(),
        metres: of(|of| of.metres)?.median,
        seconds: of(|of| of.seconds.into())?.median,
        straight: of(|of| of.straight.abs_diff(of.seconds).into())?,
        learned: of(|of| of.learned.abs_diff(of.seconds).into())?,
    })
}

fn spread(mut values: Vec<u64>) -> Option<Wrong> {
    values.sort_unstable();
    let count = values.len();
    let last = count.checked_sub(1)?;
    let mean = values.iter().sum::<u64>() / u64::try_from(count).ok()?;
    Some(Wrong { mean, median: values[last / 2], p90: values[last * 9 / 10] })
}

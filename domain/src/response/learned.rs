//! Travel times as past drives tell them: what the register's own times of setting out and of arriving say, where they say enough, and
//! the straight line where they do not.
//!
//! A drive says when a unit set out, when it was there and where the card is, but not where it set out from: sources seldom know. So two
//! things are learned. The **home** of a station (or of a unit without one) is the middle of the places that its units reach soonest. The
//! **table** says for each kind of unit and priority how long drives of about that length took, the median of each band of distances.
//! A band with few drives stays near the line above it in this order: kind and priority, kind, straight line. Farther never takes less.
//!
//! Whole numbers only, and no order of the drives: the same drives teach the same on every machine.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::RosterUnit;
use super::travel::{Leg, StraightLine, TravelEstimate, metres};
use crate::terms::{Priority, UnitKind};
use crate::values::{GeoPoint, InstitutionCode, Station};

/// Where units come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Home {
    /// Their station.
    Station(InstitutionCode, Station),
    /// A unit whose station nobody stated has one of its own.
    Unit(Uuid),
}

impl Home {
    /// That of a unit.
    #[must_use]
    pub fn of(unit: Uuid, institution: &InstitutionCode, station: Option<&Station>) -> Self {
        match station {
            Some(station) => Self::Station(institution.clone(), station.clone()),
            None => Self::Unit(unit),
        }
    }
}

/// A drive to a call, from setting out (T9) to arriving (T10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drive {
    /// When it set out.
    pub began: DateTime<Utc>,
    /// Where its unit comes from.
    pub home: Home,
    /// What went.
    pub kind: UnitKind,
    /// How urgent the card was in the end.
    pub priority: Option<Priority>,
    /// Where the card is.
    pub to: GeoPoint,
    /// Seconds until it was there.
    pub seconds: u32,
}

/// Ends of the bands of distances, in metres on the straight line. What lies beyond teaches nothing, and takes as much longer as the straight line says.
const BAND_ENDS: [u64; 12] = [250, 500, 750, 1_000, 1_500, 2_000, 3_000, 4_000, 6_000, 8_000, 12_000, 20_000];
const BANDS: usize = BAND_ENDS.len();
/// A home is known from so many drives on.
const LEAST_DRIVES: usize = 20;
/// Of a home's drives one in so many counts as close by: the soonest ones.
const CLOSE_BY: usize = 10;
/// But so many at least.
const LEAST_CLOSE: usize = 5;
/// What is known already weighs as much as so many drives.
const PRIOR_DRIVES: u64 = 20;

/// The distance that a band stands for.
const fn middle(band: usize) -> u64 {
    let begins = if band == 0 { 0 } else { BAND_ENDS[band - 1] };
    u64::midpoint(begins, BAND_ENDS[band])
}

/// Seconds for each band, and how many drives say so.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Table([Band; BANDS]);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Band {
    seconds: u64,
    drives: u64,
}

impl Table {
    /// What the straight line says.
    fn straight(kind: UnitKind) -> Self {
        Self(std::array::from_fn(|band| Band {
            seconds: StraightLine::seconds_over(kind, middle(band)).into(),
            drives: 0,
        }))
    }

    /// What drives say: the median of each band, drawn to what is known already, and never less for what is farther.
    fn learn(known: &Self, mut bands: [Vec<u32>; BANDS]) -> Self {
        let found: [Band; BANDS] = std::array::from_fn(|band| {
            let drives = u64::try_from(bands[band].len()).unwrap_or(u64::MAX);
            let known = known.0[band].seconds;
            let seconds = match lower_median(&mut bands[band]) {
                Some(median) => (u64::from(median) * drives + known * PRIOR_DRIVES) / (drives + PRIOR_DRIVES),
                None => known,
            };
            Band { seconds, drives }
        });
        Self(never_less(found))
    }

    /// Seconds over that distance: between the middles of two bands on the line from one to the other.
    fn seconds(&self, kind: UnitKind, metres: u64) -> u32 {
        let at = |band: usize| (middle(band), self.0[band].seconds);
        let next = (0..BANDS).find(|band| metres <= middle(*band));
        let seconds = match next {
            Some(0) => at(0).1,
            Some(band) => {
                let ((near, sooner), (far, later)) = (at(band - 1), at(band));
                sooner + (later - sooner) * (metres - near) / (far - near)
            }
            None => {
                let (far, seconds) = at(BANDS - 1);
                seconds.saturating_add(StraightLine::seconds_over(kind, metres - far).into())
            }
        };
        u32::try_from(seconds).unwrap_or(u32::MAX)
    }
}

/// Takes bands together that fall until none does (pool adjacent violators): each of them gets their mean, by drives.
fn never_less(bands: [Band; BANDS]) -> [Band; BANDS] {
    struct Pool {
        bands: usize,
        weight: u64,
        weighted: u64,
    }
    let mean = |pool: &Pool| pool.weighted / pool.weight;
    let mut pools: Vec<Pool> = Vec::with_capacity(BANDS);
    for band in &bands {
        let weight = band.drives + PRIOR_DRIVES;
        let mut pool = Pool { bands: 1, weight, weighted: band.seconds * weight };
        while let Some(before) = pools.pop_if(|before| mean(before) > mean(&pool)) {
            pool.bands += before.bands;
            pool.weight += before.weight;
            pool.weighted += before.weighted;
        }
        pools.push(pool);
    }
    let mut seconds = pools.iter().flat_map(|pool| std::iter::repeat_n(mean(pool), pool.bands));
    bands.map(|band| Band { seconds: seconds.next().unwrap_or(band.seconds), ..band })
}

/// The lower of the two in the middle; nothing of nothing.
fn lower_median<T: Ord + Copy>(values: &mut [T]) -> Option<T> {
    let middle = values.len().checked_sub(1)? / 2;
    Some(*values.select_nth_unstable(middle).1)
}

/// Travel times that were learned from past drives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LearnedTravel {
    homes: BTreeMap<Home, GeoPoint>,
    kinds: BTreeMap<UnitKind, Table>,
    priorities: BTreeMap<(UnitKind, Priority), Table>,
    drives: u64,
}

impl LearnedTravel {
    /// Learns from drives. From none it knows nothing, and is the straight line.
    #[must_use]
    pub fn learn(drives: &[Drive]) -> Self {
        let homes = homes(drives);
        let mut kinds: BTreeMap<UnitKind, [Vec<u32>; BANDS]> = BTreeMap::new();
        let mut priorities: BTreeMap<(UnitKind, Priority), [Vec<u32>; BANDS]> = BTreeMap::new();
        let mut learned_from = 0;
        for drive in drives {
            let Some(home) = homes.get(&drive.home) else { continue };
            let length = metres(*home, drive.to);
            let Some(band) = BAND_ENDS.iter().position(|end| length < *end) else { continue };
            learned_from += 1;
            kinds.entry(drive.kind).or_default()[band].push(drive.seconds);
            if let Some(priority) = drive.priority {
                priorities.entry((drive.kind, priority)).or_default()[band].push(drive.seconds);
            }
        }
        let of_kind = |(kind, bands)| (kind, Table::learn(&Table::straight(kind), bands));
        let kinds: BTreeMap<_, _> = kinds.into_iter().map(of_kind).collect();
        let of_priority = |((kind, priority), bands)| {
            let known = kinds.get(&kind).cloned().unwrap_or_else(|| Table::straight(kind));
            ((kind, priority), Table::learn(&known, bands))
        };
        let priorities = priorities.into_iter().map(of_priority).collect();
        Self { homes, kinds, priorities, drives: learned_from }
    }

    /// How many drives it was learned from: those from a known home, within the bands.
    #[must_use]
    pub const fn drives(&self) -> u64 {
        self.drives
    }

    /// How many homes are known.
    #[must_use]
    pub fn homes(&self) -> usize {
        self.homes.len()
    }

    /// Where that home is, where enough drives tell.
    #[must_use]
    pub fn place_of(&self, home: &Home) -> Option<GeoPoint> {
        self.homes.get(home).copied()
    }

    /// What was learned, for people: kind, priority (nothing: all together), end of the band in metres, seconds, and how many drives.
    pub fn bands(&self) -> impl Iterator<Item = (UnitKind, Option<Priority>, u64, u64, u64)> {
        let kinds = self.kinds.iter().map(|(kind, table)| (*kind, None, table));
        let priorities = self.priorities.iter().map(|((kind, priority), table)| (*kind, Some(*priority), table));
        kinds.chain(priorities).flat_map(|(kind, priority, table)| {
            let bands = table.0.iter().zip(BAND_ENDS);
            bands.map(move |(band, end)| (kind, priority, end, band.seconds, band.drives))
        })
    }
}

impl TravelEstimate for LearnedTravel {
    fn seconds(&self, leg: Leg) -> u32 {
        let of_priority = leg.priority.and_then(|priority| self.priorities.get(&(leg.kind, priority)));
        match of_priority.or_else(|| self.kinds.get(&leg.kind)) {
            Some(table) => table.seconds(leg.kind, metres(leg.from, leg.to)),
            None => StraightLine.seconds(leg),
        }
    }

    fn home(&self, unit: &RosterUnit) -> Option<GeoPoint> {
        self.place_of(&Home::of(unit.id, &unit.institution, unit.station.as_ref()))
    }
}

/// Where units come from: the middle, north and east each by itself, of the places that they reach soonest.
fn homes(drives: &[Drive]) -> BTreeMap<Home, GeoPoint> {
    let mut places: BTreeMap<&Home, Vec<(u32, i32, i32)>> = BTreeMap::new();
    for drive in drives {
        let reached = (drive.seconds, drive.to.latitude_e6(), drive.to.longitude_e6());
        places.entry(&drive.home).or_default().push(reached);
    }
    let known = places.into_iter().filter(|(_, reached)| reached.len() >= LEAST_DRIVES);
    let homes = known.filter_map(|(home, mut reached)| {
        reached.sort_unstable();
        reached.truncate((reached.len() / CLOSE_BY).max(LEAST_CLOSE));
        let (mut north, mut east): (Vec<_>, Vec<_>) = reached.into_iter().map(|(_, north, east)| (north, east)).unzip();
        let (north, east) = (lower_median(&mut north)?, lower_median(&mut east)?);
        GeoPoint::try_new(north, east).ok().map(|place| (home.clone(), place))
    });
    homes.collect()
}

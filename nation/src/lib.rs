//! An invented nation: people, places, units, 112 calls and police incidents, the same for the same seed, at the rates and in
//! the rhythm of the real one, so that claims about ten years can be tried.
//!
//! Nobody in it exists and nothing in it happened: names are common ones put together by chance, personal codes begin with
//! 329, a tenth of the range that real ones are drawn from by chance, telephone numbers with a digit that no Latvian number begins
//! with. Territories are real.
//!
//! [`Nation`] says how large it is; [`Timeline`] gives its [`Deed`]s in order of time, without keeping them.
//!
//! ```
//! use nation::{Nation, Timeline};
//!
//! let nation = Nation::new(7, 0.001);
//! let from = "2025-01-01".parse()?;
//! let deeds: Vec<_> = Timeline::new(&nation, from, 3).collect();
//! assert!(deeds.is_sorted_by_key(|deed| deed.at));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod call;
mod chance;
mod deed;
mod fleet;
mod incident;
mod institution;
mod journal;
mod people;
mod place;
mod plans;
mod rates;
mod rhythm;
mod shifts;
mod summary;
mod territory;
mod timeline;
mod vehicle;

pub use chance::Chance;
pub use deed::{Asked, Deed, Expected, Lane, Matter, Post, local};
pub use institution::{Institution, Kind as InstitutionKind};
pub use journal::registration;
pub use people::{Household, Person};
pub use place::Address;
pub use rates::{Nation, RATES, Rates, SHARES, Shares};
pub use summary::{Beside, Summary};
pub use territory::{TERRITORIES, Territory};
pub use timeline::Timeline;

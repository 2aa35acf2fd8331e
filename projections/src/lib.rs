//! Read models: what is asked often, kept ready in tables of its own, and rebuilt from the logs at any time.

mod fact;
mod keyset;
mod table;

pub mod cards;
pub mod case_search;
pub mod event;
pub mod projection;
pub mod roster;
pub mod timeline;

pub use keyset::{Keyset, Order};
pub use projection::{Projection, Projector};

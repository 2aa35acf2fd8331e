//! Read models: what is asked often, kept ready in tables of its own, and built anew from the logs at any time.
//!
//! A read model is a folder: `schema.sql`, the projector in `mod.rs`, rows and questions in `rows.rs`. It is a function of
//! the logs (I-11), lives in the PostgreSQL schema of its name, and can be thrown away. See docs/PROJECTIONS.md.

mod beside;
mod fact;
mod install;
pub mod keeping;
mod keyset;
mod list;
mod reach;
mod rebuild;
mod registry;
mod resource;
mod run;
mod table;
mod words;

pub mod access_grants;
pub mod access_policies;
pub mod cards;
pub mod case_file;
pub mod case_search;
pub mod case_words;
pub mod cautions;
pub mod consultations;
pub mod drives;
pub mod event;
pub mod lookups;
pub mod notices;
pub mod projection;
pub mod read_model_acts;
pub mod response_plans;
pub mod roster;
pub mod roster_history;
pub mod shifts;
pub mod source_journals;
pub mod timeline;

pub use keyset::{Keyset, Order};
pub use list::{Listed, ListedBody, ListedLog, list};
pub use projection::{Projection, Projector, projector};
pub use reach::Participants;
pub use rebuild::{
    Diff, Explanation, Keeping, LARGEST_SAMPLE, RebuildError, RebuildProgress, Rebuilt, RowDiff, SetBy, Switched,
    TableDiff,
};
pub use registry::{ReadModel, Registry};
pub use resource::{resource_for_handover, resource_of};
pub use run::{Pools, Running, readers, rebuild, start_all};

//! GraphQL over the read models: queries, subscriptions, and the HTTP that carries them.
//!
//! [`QueryApi`] is what the binary starts. The graph is in `graph/`, a file for each part; what is read stands in the
//! `projections` crate. A request goes through `http` (transport), `document` (guard), `freshness` (minPosition),
//! `snapshot` (one transaction) and comes back through `error` (one mapper).

mod behind;
mod consulted;
mod databases;
mod document;
mod error;
mod feed;
mod freshness;
mod graph;
mod http;
mod lang;
mod loaders;
mod notices;
mod permits;
mod personal;
mod position;
mod readiness;
mod server;
mod snapshot;

pub use databases::{Database, Replica};
pub use document::DocumentLimits;
pub use error::QueryError;
pub use http::{Limits, Readiness};
pub use lang::Lang;
pub use notices::{HandOverError, Handed, NoticeReader};
pub use personal::{OpenPersonal, PersonalValue};
pub use position::LogPosition;
pub use readiness::read_model_faults;
pub use server::{QueryApi, Serving};

/// The schema as text, as it is committed in `schema/graphql/vnr.graphql`: what an integrator works from.
pub fn sdl() -> String {
    graph::sdl()
}

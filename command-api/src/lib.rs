//! The gRPC server: wire to command to decision to append.
//!
//! A message is read into a command with all that is wrong with it found at once (`wire/`), becomes a decision over one or
//! more records (`commands/`), and goes through a lane into the log's appender (`gateway`). One place says how each
//! failure is told to the caller (`status`). Drafts are looked at in `entry/`, by the same reading and the same decisions, and `recommend/`
//! says what to send to a card; only these two ask read models.

mod caller;
mod commands;
mod entry;
mod gateway;
mod process;
mod question;
mod recommend;
mod server;
mod services;
mod status;
mod translate;
mod web;
mod wire;

pub use gateway::Deps;
pub use process::{KEEPER, OwnAct, own_act};
pub use server::{MOST_BYTES, ServeError, serve};
pub use translate::{Single, Translated, translate, translate_single};
pub use web::{NoOrigin, WebOrigins};

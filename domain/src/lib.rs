//! Pure decisions of the register: what may happen to an incident, an emergency card, a unit and its track, to the personal
//! data in them, to who may see it, to whom others are told of it, what is sent to which call, and what is then recorded; also who looked at it. No I/O, no clock, no randomness: time, ids and numbers come in with the command or
//! the [`kernel::Moment`].
//!
//! An aggregate is a folder: `mod.rs` (state and decisions), `command.rs`, `event.rs`, `error.rs`. `decide` checks in the
//! order in which a person would explain the rule and gives events; `apply` never fails and never decides. A command that
//! says what is already so succeeds without events.
//!
//! Values have one way in (`parse`, `try_new`), also when they are read from the log: their rules may be widened later,
//! never narrowed, or stored events would become unreadable.

pub mod access_day;
pub mod access_grant;
pub mod access_policy;
pub mod caution;
pub mod classifier;
pub mod emergency_access;
pub mod emergency_card;
mod examples;
pub mod ids;
pub mod incident;
pub mod kernel;
pub mod lang;
pub mod local_time;
pub mod log_life;
pub mod notice;
pub mod personal;
pub mod read_model;
pub mod response;
pub mod response_plan;
pub mod retention;
pub mod roster_shift;
pub mod seized_item;
pub mod source_journal;
pub mod source_record;
pub mod terms;
pub mod territory;
pub mod track;
pub mod unit;
pub mod values;

pub use kernel::{Decide, Moment, RecordedEvent};
pub use lang::Lang;
pub use personal::Personal;

#[cfg(test)]
mod scenario;
#[cfg(test)]
mod tests;

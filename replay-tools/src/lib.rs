//! Inspecting the logs: the history of a record, read twice; evidence on it; the state of the logs; their tail.
//!
//! Nothing here writes. Personal data stays sealed and shows as `***`, but where [`texts`] opens it for those who may see it, and
//! [`personal`] for those whom it is about.

pub mod facts;
pub mod history;
pub mod personal;
pub mod prove;
pub mod retention;
pub mod stats;
pub mod tail;
pub mod texts;

mod mask;
mod record;
mod second_reader;

pub use record::{RecordName, RecordNameError, SOURCED, resolve};

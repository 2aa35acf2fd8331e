//! Inspecting the logs: the history of a record, read twice; evidence on it; the state of the logs; their tail.
//!
//! Nothing here writes. Personal data stays sealed and shows as `***`, but where [`personal`] opens it on purpose.

pub mod history;
pub mod personal;
pub mod prove;
pub mod retention;
pub mod stats;
pub mod tail;

mod mask;
mod record;
mod second_reader;

pub use record::{RecordName, RecordNameError, resolve};

//! Inspecting the logs: the history of a record, read twice; evidence on it; the state of the logs; their tail.
//!
//! Nothing here writes. Personal data stays sealed and shows as `***`.

pub mod history;
pub mod prove;
pub mod stats;
pub mod tail;

mod mask;
mod record;
mod second_reader;

pub use record::{RecordName, RecordNameError, resolve};

//! What holds across aggregates.

mod dispatch;
mod log;
mod words;

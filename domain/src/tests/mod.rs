//! What holds across aggregates.

mod dispatch;
mod log;
mod two_persons;
mod words;

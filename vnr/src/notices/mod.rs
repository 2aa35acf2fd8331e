//! Notices as a part of the program: whom they are posted to, how, and what of them is recorded.

pub(crate) mod post;
mod receivers;
pub(crate) mod submission;

pub use receivers::{Receiver, Receivers, ReceiversError};

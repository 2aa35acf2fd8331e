//! The one binary of the register: its parts, put together.

pub mod import;

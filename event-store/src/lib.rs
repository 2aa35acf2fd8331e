//! event-store
pub mod private_pg;

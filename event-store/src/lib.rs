//! Append-only event logs on PostgreSQL: append, read, tail, seal, prove.
//!
//! A log has dense positions in commit order (1, 2, 3 …), a Merkle tree over its events, a ledger of commands with their
//! replies, and claims of what is unique for ever. Everything is a library of its own: it knows aggregates and events
//! only by the traits of `domain::kernel`.
//!
//! `examples/lending.rs` is a small system on it, from its first aggregate to its verified log.

pub mod append;
pub mod consumer;
mod copy;
pub mod leaf;
pub mod log;
pub mod migrate;
pub mod private_pg;
pub mod proof;
pub mod read;
mod rows;
pub mod scan;
pub mod seal;
pub mod tail;
pub mod tree;
pub mod verify;
pub mod window;

//! Benchmarks: each figure beside a peer or a limit that was measured in the same run, in alternation, with the CPU that
//! others used meanwhile.

pub mod append;
pub mod closed_loop;
pub mod commands;
pub mod consultations;
pub mod echo;
pub mod foreign;
pub mod job;
pub mod machine;
mod memory;
pub mod message_db;
pub mod nation;
mod open_loop;
mod page;
pub mod rebuild;
pub mod recommendations;
pub mod replay;
pub mod report;
pub mod rounds;
pub mod stock;
pub mod subscriptions;

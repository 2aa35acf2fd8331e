//! The one binary of the register: composes the parts, owns configuration and the command line.

// The whole graph of the query API is one future, whose layout is computed here where the build is optimised.
#![recursion_limit = "256"]

pub mod cli;
pub mod compose;
pub mod failure;
pub mod generate;
pub mod import;
pub mod logging;
pub mod notices;
pub mod output;
pub mod sample;
pub mod settings;

mod commands;
mod demo;

pub use commands::run;

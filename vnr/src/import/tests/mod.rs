//! Tests of the whole importer against a register that only keeps what it is sent.

mod fake;
mod files;
mod mappings;
mod own;
mod rejects;
mod resume;
mod small;
mod speed;

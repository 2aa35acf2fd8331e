//! Proofs of a log: trees, tree heads, bundles, each against something that was not written with it.

mod bundle;
mod generation;
mod nodes;
mod notary;
mod rfc9162;
#[path = "../support/mod.rs"]
mod support;
mod tiles;

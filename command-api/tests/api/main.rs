//! The command API as its clients see it: over a socket, against a real log.

#![allow(missing_docs, unreachable_pub)]

mod access_rights;
mod access_rules;
mod cautions;
mod classifier;
mod commands;
mod dispatch;
mod entry;
mod entry_known;
mod incident;
mod incident_states;
mod intake;
mod journal_erasure;
mod journal_parts;
mod journals;
mod permission;
mod race;
mod response_plan;
mod running;
mod shifts;
mod sources;
mod support;
mod web;

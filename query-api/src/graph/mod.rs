//! The graph: one file for each part of it.

mod card;
mod card_parts;
mod card_times;
mod caution;
mod changes;
mod classifier;
mod common;
mod dossier;
mod duplicate;
mod fresh;
mod incident;
mod journal;
mod log;
mod lookup;
mod notice;
mod origin;
mod paging;
mod person;
mod personal;
mod plan;
mod property;
mod record;
mod related;
mod relation;
mod roster_at;
mod shift;
mod terms;
mod unit;

use async_graphql::{EmptyMutation, MergedObject, SDLExportOptions, Schema};

pub(crate) use card::Card;
pub(crate) use changes::Subscription;
pub(crate) use incident::Incident;
pub(crate) use log::{Projection, projections};
pub(crate) use unit::Unit;

use crate::snapshot::{OneSnapshot, SnapshotSource};

/// The schema of the register.
pub(crate) type RegisterSchema = Schema<Query, EmptyMutation, Subscription>;

/// What can be asked of the register. Every field needs a token; one request sees one state of all read models.
#[derive(MergedObject, Default)]
pub(crate) struct Query(
    incident::IncidentQuery,
    card::CardQuery,
    duplicate::DuplicateQuery,
    related::RelatedQuery,
    unit::UnitQuery,
    roster_at::RosterAtQuery,
    record::RecordQuery,
    classifier::ClassifierQuery,
    journal::JournalQuery,
    notice::NoticeQuery,
    caution::CautionQuery,
    dossier::DossierQuery,
    plan::PlanQuery,
    shift::ShiftQuery,
    log::LogQuery,
);

/// Builds the schema over a source of snapshots.
pub(crate) fn schema(source: SnapshotSource, complexity: usize) -> RegisterSchema {
    Schema::build(Query::default(), EmptyMutation, Subscription)
        .data(source.clone())
        .extension(OneSnapshot(source))
        .limit_complexity(complexity)
        .finish()
}

/// The schema as text (SDL), as it is committed under `schema/graphql/`.
pub(crate) fn sdl() -> String {
    let schema = Schema::build(Query::default(), EmptyMutation, Subscription).finish();
    let options = SDLExportOptions::new();
    schema.sdl_with_options(options.include_specified_by().prefer_single_line_descriptions())
}

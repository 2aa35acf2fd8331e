//! All read models, by name.

use crate::access_grants::AccessGrants;
use crate::access_policies::AccessPolicies;
use crate::cards::Cards;
use crate::case_file::CaseFile;
use crate::case_search::CaseSearch;
use crate::consultations::Consultations;
use crate::notices::Notices;
use crate::projection::{Projection, Projector, projector};
use crate::rebuild::RebuildError;
use crate::roster::Roster;
use crate::timeline::Timeline;
use event_store::consumer::Consumer;

/// A read model, whatever it is of.
#[derive(Debug, Clone)]
pub struct ReadModel {
    /// Its consumer: name, version, logs.
    pub consumer: Consumer,
    /// Its tables, in the schema of its name.
    pub tables: &'static [&'static str],
    /// What makes them; `{schema}` stands for the schema.
    pub schema_sql: &'static str,
    /// The projector that writes into a schema.
    pub projector: fn(&str) -> Projector,
}

impl ReadModel {
    /// The read model of `P`.
    pub fn of<P: Projection>() -> ReadModel {
        ReadModel { consumer: P::consumer(), tables: P::TABLES, schema_sql: P::SCHEMA_SQL, projector: projector::<P> }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.consumer.name
    }
}

/// The read models of a program.
#[derive(Debug, Clone)]
pub struct Registry(Vec<ReadModel>);

impl Registry {
    /// All read models of the register. A new one is added here.
    pub fn all() -> Registry {
        Registry(vec![
            ReadModel::of::<CaseSearch>(),
            ReadModel::of::<CaseFile>(),
            ReadModel::of::<Cards>(),
            ReadModel::of::<Roster>(),
            ReadModel::of::<Timeline>(),
            ReadModel::of::<Consultations>(),
            ReadModel::of::<AccessGrants>(),
            ReadModel::of::<AccessPolicies>(),
            ReadModel::of::<Notices>(),
        ])
    }

    /// Only these, in tests and for programs of their own.
    pub fn of(models: Vec<ReadModel>) -> Registry {
        Registry(models)
    }

    /// The read models.
    pub fn iter(&self) -> impl Iterator<Item = &ReadModel> {
        self.0.iter()
    }

    /// Their names.
    pub fn names(&self) -> Vec<&'static str> {
        self.iter().map(|model| model.consumer.name).collect()
    }

    /// The read model of that name.
    ///
    /// # Errors
    /// Lists those that there are.
    pub fn find(&self, name: &str) -> Result<&ReadModel, RebuildError> {
        self.iter()
            .find(|model| model.consumer.name == name)
            .ok_or_else(|| RebuildError::Unknown { name: name.to_owned(), known: self.names().join(", ") })
    }
}

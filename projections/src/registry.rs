//! All read models, by name.

use std::fmt;
use std::sync::Arc;

use crate::access_grants::AccessGrants;
use crate::access_policies::AccessPolicies;
use crate::cards::Cards;
use crate::case_file::CaseFile;
use crate::case_search::CaseSearch;
use crate::case_words;
use crate::cautions::Cautions;
use crate::consultations::Consultations;
use crate::lookups::LookupKeys;
use crate::notices::Notices;
use crate::projection::{Projection, Projector, projector};
use crate::read_model_acts::ReadModelActs;
use crate::rebuild::RebuildError;
use crate::response_plans::ResponsePlans;
use crate::roster::Roster;
use crate::roster_history::RosterHistory;
use crate::shifts::Shifts;
use crate::source_journals::SourceJournals;
use crate::timeline::Timeline;
use event_store::consumer::Consumer;

/// A read model, whatever it is of.
#[derive(Clone)]
pub struct ReadModel {
    /// Its consumer: name, version, logs.
    pub consumer: Consumer,
    /// Its tables, in the schema of its name.
    pub tables: &'static [&'static str],
    /// What makes them; `{schema}` stands for the schema.
    pub schema_sql: &'static str,
    /// Whether it can be built in slices.
    pub apart: bool,
    /// Whether it opens what is sealed: what it holds must go when a key goes.
    pub keyed: bool,
    projector: Arc<dyn Fn(&str) -> Projector + Send + Sync>,
}

impl fmt::Debug for ReadModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReadModel").field(&self.consumer).finish()
    }
}

impl ReadModel {
    /// The read model of `P`.
    pub fn of<P: Projection>() -> ReadModel {
        ReadModel {
            consumer: P::consumer(),
            tables: P::TABLES,
            schema_sql: P::SCHEMA_SQL,
            apart: !P::APART.is_empty(),
            keyed: false,
            projector: Arc::new(projector::<P>),
        }
    }

    /// One that opens what is sealed, with a projector of its own making.
    pub(crate) fn new(
        consumer: Consumer,
        (tables, schema_sql): (&'static [&'static str], &'static str),
        apart: bool,
        projector: impl Fn(&str) -> Projector + Send + Sync + 'static,
    ) -> ReadModel {
        ReadModel { consumer, tables, schema_sql, apart, keyed: true, projector: Arc::new(projector) }
    }

    /// The projector that writes into a schema.
    pub(crate) fn projector(&self, schema: &str) -> Projector {
        (self.projector)(schema)
    }

    pub(crate) fn name(&self) -> &'static str {
        self.consumer.name
    }
}

/// The read models of a program.
#[derive(Debug, Clone)]
pub struct Registry(Vec<ReadModel>);

impl Registry {
    /// All read models of the register that are made without opening personal data. A new one is added here.
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
            ReadModel::of::<SourceJournals>(),
            ReadModel::of::<Notices>(),
            ReadModel::of::<Cautions>(),
            ReadModel::of::<ResponsePlans>(),
            ReadModel::of::<Shifts>(),
            ReadModel::of::<RosterHistory>(),
            ReadModel::of::<ReadModelActs>(),
        ])
    }

    /// All read models of the register: those too that open what they find things by.
    pub fn with_keys(keys: LookupKeys) -> Registry {
        let Registry(mut models) = Registry::all();
        models.push(case_words::read_model(keys.clone()));
        models.push(keys.read_model());
        Registry(models)
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

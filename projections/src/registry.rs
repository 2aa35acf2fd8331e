//! All read models, by name.

use futures::future::BoxFuture;

use crate::cards::Cards;
use crate::case_search::CaseSearch;
use crate::projection::Projection;
use crate::rebuild::{Rebuild, RebuildError, RebuildProgress, Rebuilt};
use crate::roster::Roster;
use crate::run::Serving;
use crate::timeline::Timeline;
use event_store::consumer::Consumer;

type RunRebuild =
    for<'a> fn(Rebuild, &'a mut (dyn FnMut(RebuildProgress) + Send)) -> BoxFuture<'a, Result<Rebuilt, RebuildError>>;

/// A read model, whatever it is of.
#[derive(Debug, Clone)]
pub struct ReadModel {
    /// Its consumer: name, version, logs.
    pub consumer: Consumer,
    /// Its tables, in the schema of its name.
    pub tables: &'static [&'static str],
    pub(crate) serve: fn(Serving) -> BoxFuture<'static, ()>,
    pub(crate) rebuild: RunRebuild,
}

impl ReadModel {
    /// The read model of `P`.
    pub fn of<P: Projection>() -> ReadModel {
        ReadModel {
            consumer: P::consumer(),
            tables: P::TABLES,
            serve: |serving| Box::pin(serving.run::<P>()),
            rebuild: |rebuild, tell| Box::pin(async move { rebuild.run::<P>(tell).await }),
        }
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
            ReadModel::of::<Cards>(),
            ReadModel::of::<Roster>(),
            ReadModel::of::<Timeline>(),
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

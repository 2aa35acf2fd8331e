//! Classifiers (klasifikatori): the lists of codes that are in force.

use async_graphql::{Context, Object, SimpleObject};
use domain::classifier::{CodeList, CodeSystem, Entry};

use super::common::Date;
use crate::error::QueryError;
use crate::lang::Lang;
use crate::snapshot::Given;

#[derive(Default)]
pub(crate) struct ClassifierQuery;

#[Object]
impl ClassifierQuery {
    /// The classifiers.
    async fn classifiers(&self, ctx: &Context<'_>) -> Result<Vec<Classifier>, QueryError> {
        ctx.caller()?;
        Ok(CodeSystem::ALL.iter().copied().map(Classifier).collect())
    }

    /// The entries of a classifier, in the order in which people are shown them; null where there is no such classifier.
    async fn classifier(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which: `incident-type`.")] system: String,
        #[graphql(
            desc = "Those that may be used on this day; also those that may be used no longer, where it is left out."
        )]
        on: Option<Date>,
    ) -> Result<Option<Vec<ClassifierEntry>>, QueryError> {
        ctx.caller()?;
        let Ok(system) = CodeSystem::parse(&system) else { return Ok(None) };
        Ok(Some(entries(ctx.classifiers()?.list(system), on)))
    }
}

fn entries(list: &CodeList, on: Option<Date>) -> Vec<ClassifierEntry> {
    let held = list.entries().iter().filter(|entry| on.is_none_or(|Date(day)| entry.holds_on(day)));
    held.cloned().map(ClassifierEntry).collect()
}

/// A classifier.
pub(crate) struct Classifier(CodeSystem);

/// A classifier (klasifikators): a list of codes for one thing.
#[Object]
impl Classifier {
    /// Its name: `incident-type`.
    async fn system(&self) -> &'static str {
        self.0.code()
    }

    /// What people read.
    async fn label(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Language of the label; that of the request where it is left out.")] lang: Option<Lang>,
    ) -> &'static str {
        self.0.label(ctx.lang(lang).into())
    }

    /// Its entries, in the order in which people are shown them.
    async fn entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Those that may be used on this day; also those that may be used no longer, where it is left out."
        )]
        on: Option<Date>,
    ) -> Result<Vec<ClassifierEntry>, QueryError> {
        Ok(entries(ctx.classifiers()?.list(self.0), on))
    }
}

/// An entry of a classifier.
pub(crate) struct ClassifierEntry(Entry);

/// What a code of a classifier means, and on which days it may be used.
#[Object]
impl ClassifierEntry {
    /// The code: lower-case words with hyphens, stable for ever.
    async fn code(&self) -> &str {
        self.0.code.as_str()
    }

    /// What people read.
    async fn label(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Language of the label; that of the request where it is left out.")] lang: Option<Lang>,
    ) -> &str {
        self.0.label(ctx.lang(lang).into())
    }

    /// First day on which it may be used; null where that is from the beginning.
    async fn valid_from(&self) -> Option<Date> {
        self.0.valid_from.map(Date)
    }

    /// First day on which it may be used no longer.
    async fn valid_until(&self) -> Option<Date> {
        self.0.valid_until.map(Date)
    }

    /// What else is known of it: codes of other systems, and what rules need.
    async fn attributes(&self) -> Vec<ClassifierAttribute> {
        let attributes = self.0.attributes.iter();
        attributes
            .map(|(name, value)| ClassifierAttribute { name: name.to_string(), value: value.to_string() })
            .collect()
    }
}

/// Something else that is known of a code.
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct ClassifierAttribute {
    /// What: `iccs`.
    pub(crate) name: String,
    /// Its value.
    pub(crate) value: String,
}

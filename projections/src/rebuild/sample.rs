//! A sample: the records of one slice of many are built again from the beginning, and each row that they give is looked up in what serves.
//! Rows that serve and should not are not seen by it; the whole comparison sees them.

use std::time::Instant;

use event_store::consumer::{Build, Filled, Ledger};
use sqlx::PgPool;
use uuid::Uuid;

use super::diff::{Compared, Key, PAGE};
use super::error::RebuildError;
use super::fill::{Filling, Run, Tell};
use crate::install::install_body;

impl Filling {
    /// Fills a check body with one record of so many, whichever they are; an earlier attempt at the same is gone on with. Its lease is
    /// held.
    pub(crate) async fn fill_sample(&self, one_of: u16, tell: Tell<'_>) -> Result<Run, RebuildError> {
        let (name, begun) = (self.model.name(), Instant::now());
        if !self.model.apart {
            return Err(RebuildError::NotApart { name });
        }
        self.discard_unlike(Some(one_of)).await?;
        let resumed = install_body(&self.model, Filled::Check, (&self.owner, &self.readers), None).await?;
        let chosen = match self.slices(Filled::Check).await?.first() {
            Some(slice) => *slice,
            None => self.choose(one_of).await?,
        };
        let mut run = self.open(chosen).await?.ok_or(RebuildError::UnderWay { name })?;
        (run.begun, run.resumed) = (begun, resumed);
        match run.catch_up(tell).await {
            Ok(()) => Ok(run),
            Err(error) => {
                run.session.close().await;
                Err(error)
            }
        }
    }

    /// Throws away what an attempt at something else has left of a check body: of the whole, or of another sample.
    pub(crate) async fn discard_unlike(&self, one_of: Option<u16>) -> Result<(), RebuildError> {
        if self.state(Build::Check).await?.is_none() {
            return Ok(());
        }
        let found = self.slices(Filled::Check).await?;
        let of_sample = match found.as_slice() {
            // The whole is filled in two slices at least, or in none.
            [Build::Slice { slices, .. }] => Some(*slices),
            _ => None,
        };
        if of_sample != one_of {
            let mut tx = self.owner.begin().await?;
            self.discard_in_tx(&mut tx, Build::Check).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn choose(&self, one_of: u16) -> Result<Build, RebuildError> {
        let number = u16::try_from(Uuid::now_v7().as_u128() % u128::from(one_of.max(1))).unwrap_or(0);
        let chosen = Build::Slice { of: Filled::Check, number, slices: one_of };
        let ends: Vec<_> = self.model.consumer.logs.iter().map(|log| (*log, None)).collect();
        let mut tx = self.owner.begin().await?;
        Ledger::divide_in_tx(&mut tx, &self.model.consumer, (Filled::Check, &[chosen]), &ends).await?;
        tx.commit().await?;
        Ok(chosen)
    }
}

impl Compared {
    /// How many rows the other body has, and the keys of those that what serves does not have as they are.
    pub(super) async fn not_in_live(&self, pool: &PgPool) -> Result<(u64, Vec<Key>), sqlx::Error> {
        let (table, [live, other], keys) = (self.table, &self.schemas, self.key_list());
        let of = |side: &str, columns: &[String]| {
            columns.iter().map(|column| format!("{side}.{column}")).collect::<Vec<_>>().join(", ")
        };
        let key: Vec<String> = self.key.iter().map(|(name, _)| name.clone()).collect();
        let parts = key.iter().map(|name| format!("o.{name}::text")).collect::<Vec<_>>().join(", ");
        let same = format!(
            "exists (select from {live}.{table} l where ({}) = ({}) and row({})::text = row({})::text)",
            of("l", &key),
            of("o", &key),
            of("l", &self.columns),
            of("o", &self.columns)
        );
        let (mut rows, mut different) = (0, Vec::new());
        let mut after: Option<Key> = None;
        loop {
            let beyond = match after {
                Some(_) => format!("where ({keys}) > ({})", self.key_values(1)),
                None => String::new(),
            };
            let sql = format!(
                "select array[{parts}] as key, {same} as same
                 from (select * from {other}.{table} {beyond} order by {keys} limit {PAGE}) o order by {}",
                of("o", &key)
            );
            let mut query = sqlx::query_as(&sql);
            for part in after.iter().flatten() {
                query = query.bind(part.clone());
            }
            let page: Vec<(Key, bool)> = query.fetch_all(pool).await?;
            rows += page.len() as u64;
            after = (page.len() as i64 == PAGE).then(|| page.last().map(|(key, _)| key.clone())).flatten();
            different.extend(page.into_iter().filter(|(_, same)| !same).map(|(key, _)| key));
            if after.is_none() {
                return Ok((rows, different));
            }
        }
    }
}

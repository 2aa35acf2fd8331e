//! What is different between two bodies of a read model, row by row. Tables are paged by their keys, each page a short transaction
//! (I-13); what differs is looked at again once both bodies stand at the same place of their logs, so that only what is really different
//! is told.

use std::collections::{BTreeMap, HashMap};

use event_store::consumer::{Build, Ledger};
use serde::Serialize;
use serde_json::Value;
use sqlx::{Executor as _, PgConnection, Row as _};
use uuid::Uuid;

use super::error::RebuildError;
use super::fill::{Filling, Run};
use crate::install::{lock_name, schema_of};

/// Rows of a page.
pub(super) const PAGE: i64 = 5_000;
/// So many rows that differ are looked at again and told; beyond them only how many more there are.
const MOST_TOLD: usize = 200;
/// Tries of bringing both bodies to one place.
const TRIES: u32 = 20;

/// What is different between two bodies.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diff {
    /// The read model.
    pub name: &'static str,
    /// Version of what serves, and of what it is compared with.
    pub versions: (u32, u32),
    /// Where both stood in each log when the last look was taken.
    pub at: Vec<(&'static str, u64)>,
    /// Each table.
    pub tables: Vec<TableDiff>,
}

/// What is different in one table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableDiff {
    /// The table.
    pub table: &'static str,
    /// Rows that were compared.
    pub rows: u64,
    /// Columns that only one of the two has; the others are compared.
    pub columns_of_one: Vec<String>,
    /// Rows that differ, with why, as far as they are told.
    pub different: Vec<RowDiff>,
    /// Rows that seemed to differ and were not looked at again.
    pub more: u64,
}

/// A row that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RowDiff {
    /// Its key.
    pub key: BTreeMap<String, Value>,
    /// What serves: column and value, of the columns that differ; all of them where the other has no such row.
    pub live: Option<BTreeMap<String, Value>>,
    /// What it is compared with.
    pub other: Option<BTreeMap<String, Value>>,
    /// Ids in the key: records that it may be about.
    pub records: Vec<Uuid>,
}

impl Diff {
    /// Whether nothing is different.
    pub fn is_empty(&self) -> bool {
        self.tables.iter().all(|table| table.different.is_empty() && table.more == 0)
    }
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Every row of both bodies.
    Whole,
    /// Every row of the other, which holds some of the records only.
    Sample,
}

/// A table in two schemas, as it is compared.
pub(super) struct Compared {
    pub(super) table: &'static str,
    /// Columns of the primary key, with their types.
    pub(super) key: Vec<(String, String)>,
    /// Columns that both have.
    pub(super) columns: Vec<String>,
    columns_of_one: Vec<String>,
    pub(super) schemas: [String; 2],
}

/// A key as text, column by column.
pub(super) type Key = Vec<String>;

impl Filling {
    /// Compares what serves with another body, whose lease is held by `run`: all rows of both, or, of a sample, each row that it has.
    pub(crate) async fn diff(&self, other: Build, look: Look, run: &mut Run) -> Result<Diff, RebuildError> {
        let name = self.model.name();
        let missing = RebuildError::NoCandidate { name };
        let live_version = self.state(Build::Live).await?.ok_or(RebuildError::NoPrevious { name })?.version;
        let other_version = self.state(other).await?.ok_or(missing)?.version;
        let mut suspects = Vec::new();
        for table in self.model.tables {
            let compared = self.compared(table, other).await?;
            let (rows, keys) = match look {
                Look::Whole => self.differing(&compared).await?,
                Look::Sample => compared.not_in_live(&self.app).await?,
            };
            suspects.push((compared, rows, keys));
        }
        let (tables, at) = self.at_one_place(run, suspects).await?;
        Ok(Diff { name, versions: (live_version, other_version), at, tables })
    }

    async fn compared(&self, table: &'static str, other: Build) -> Result<Compared, RebuildError> {
        let schemas = [Build::Live, other].map(|build| schema_of(self.model.name(), build));
        let mut connection = self.app.acquire().await?;
        let key: Vec<(String, String)> = sqlx::query_as(
            "select a.attname::text, format_type(a.atttypid, a.atttypmod)
             from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
             where i.indrelid = $1::regclass and i.indisprimary
             order by array_position(i.indkey::int2[], a.attnum)",
        )
        .bind(format!("{}.{table}", schemas[0]))
        .fetch_all(&mut *connection)
        .await?;
        let mut columns = Vec::new();
        for schema in &schemas {
            let of_one: Vec<String> = sqlx::query_scalar(
                "select attname::text from pg_attribute
                 where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''
                 order by attnum",
            )
            .bind(format!("{schema}.{table}"))
            .fetch_all(&mut *connection)
            .await?;
            columns.push(of_one);
        }
        let both = |name: &String| columns.iter().all(|of_one| of_one.contains(name));
        let columns_of_one = columns.iter().flatten().filter(|name| !both(name)).cloned().collect();
        let columns = columns.first().into_iter().flatten().filter(|name| both(name)).cloned().collect();
        Ok(Compared { table, key, columns, columns_of_one, schemas })
    }

    /// How many rows there are in the body that serves, and keys of rows that seem to differ.
    async fn differing(&self, compared: &Compared) -> Result<(u64, Vec<Key>), RebuildError> {
        let (mut rows, mut keys) = (0, Vec::new());
        let mut after: Option<Key> = None;
        loop {
            let live = compared.page(&self.app, 0, after.as_ref(), None).await?;
            let upto = (live.len() as i64 == PAGE).then(|| live.last().map(|(key, _)| key.clone())).flatten();
            let other: HashMap<Key, String> =
                compared.page(&self.app, 1, after.as_ref(), upto.as_ref()).await?.into_iter().collect();
            rows += live.len() as u64;
            let live: HashMap<Key, String> = live.into_iter().collect();
            keys.extend(live.iter().filter(|(key, hash)| other.get(*key) != Some(hash)).map(|(key, _)| key.clone()));
            keys.extend(other.into_keys().filter(|key| !live.contains_key(key)));
            match upto {
                None => break,
                Some(_) => after = upto,
            }
        }
        keys.sort_unstable();
        Ok((rows, keys))
    }

    /// Looks again at what seemed to differ, with no batch under way and both bodies at the same place.
    async fn at_one_place(
        &self,
        run: &mut Run,
        suspects: Vec<(Compared, u64, Vec<Key>)>,
    ) -> Result<(Vec<TableDiff>, Vec<(&'static str, u64)>), RebuildError> {
        let name = self.model.name();
        for _ in 0..TRIES {
            run.catch_up(&mut |_| {}).await?;
            let mut tx = self.owner.begin().await?;
            tx.execute("set local lock_timeout = '2s'").await?;
            lock_name(&mut tx, name).await?;
            if !self.bring_together(&mut tx, run).await? {
                tx.rollback().await?;
                continue;
            }
            let logs = self.model.consumer.logs;
            let at = logs.iter().map(|log| (log.as_str(), run.session.progress(*log).get())).collect();
            let mut tables = Vec::new();
            for (compared, rows, keys) in &suspects {
                let mut different = Vec::new();
                for key in keys.iter().take(MOST_TOLD) {
                    let (live, other) = (compared.row(&mut tx, 0, key).await?, compared.row(&mut tx, 1, key).await?);
                    different.extend(compared.row_diff(key, live, other));
                }
                tables.push(TableDiff {
                    table: compared.table,
                    rows: *rows,
                    columns_of_one: compared.columns_of_one.clone(),
                    different,
                    more: keys.len().saturating_sub(MOST_TOLD) as u64,
                });
            }
            tx.rollback().await?;
            return Ok((tables, at));
        }
        Err(RebuildError::NeverCaughtUp { name, tries: TRIES })
    }

    /// Locks the live progress, and brings the other body to it. False where that is too far, or where the other is ahead: then the live
    /// one has to come after it first.
    async fn bring_together(&self, tx: &mut PgConnection, run: &mut Run) -> Result<bool, RebuildError> {
        let Some((_, live)) = Ledger::lock_in_tx(tx, self.model.name(), Build::Live).await? else { return Ok(false) };
        let begun = std::time::Instant::now();
        for log in self.model.consumer.logs {
            let wanted = live.get(log.as_str()).copied().unwrap_or_default();
            while run.session.progress(*log) < wanted {
                if begun.elapsed() > super::switch::SWITCH_TIME || run.step(*log).await? == 0 {
                    return Ok(false);
                }
            }
            if run.session.progress(*log) > wanted {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Compared {
    pub(super) fn key_list(&self) -> String {
        self.key.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The parts of a key as values, from parameters that begin with number `first`.
    pub(super) fn key_values(&self, first: usize) -> String {
        let values = self.key.iter().zip(first..).map(|((_, kind), n)| format!("(${n}::text)::{kind}"));
        values.collect::<Vec<_>>().join(", ")
    }

    /// Keys and hashes of rows after one key and up to another, in the order of their keys.
    async fn page(
        &self,
        pool: &sqlx::PgPool,
        side: usize,
        after: Option<&Key>,
        upto: Option<&Key>,
    ) -> Result<Vec<(Key, String)>, sqlx::Error> {
        let (table, schema, keys) = (self.table, &self.schemas[side], self.key_list());
        let parts = self.key.iter().map(|(name, _)| format!("{name}::text")).collect::<Vec<_>>().join(", ");
        let columns = self.columns.join(", ");
        let mut sql = format!("select array[{parts}] as key, md5(row({columns})::text) as hash from {schema}.{table}");
        let mut bound = 1;
        let mut word = "where";
        for (beyond, key) in [(">", after), ("<=", upto)] {
            if key.is_some() {
                sql.push_str(&format!(" {word} ({keys}) {beyond} ({})", self.key_values(bound)));
                (bound, word) = (bound + self.key.len(), "and");
            }
        }
        sql.push_str(&format!(" order by {keys}"));
        if side == 0 {
            sql.push_str(&format!(" limit {PAGE}"));
        }
        let mut query = sqlx::query_as(&sql);
        for part in after.into_iter().chain(upto).flatten() {
            query = query.bind(part);
        }
        query.fetch_all(pool).await
    }

    /// A row as JSON.
    async fn row(
        &self,
        tx: &mut PgConnection,
        side: usize,
        key: &Key,
    ) -> Result<Option<BTreeMap<String, Value>>, sqlx::Error> {
        self.row_in(tx, &self.schemas[side], key).await
    }

    async fn row_in(
        &self,
        tx: &mut PgConnection,
        schema: &str,
        key: &Key,
    ) -> Result<Option<BTreeMap<String, Value>>, sqlx::Error> {
        let sql = format!(
            "select to_jsonb(t) as row from {schema}.{} t where ({}) = ({})",
            self.table,
            self.key_list(),
            self.key_values(1)
        );
        let mut query = sqlx::query(&sql);
        for part in key {
            query = query.bind(part);
        }
        let Some(row) = query.fetch_optional(tx).await? else { return Ok(None) };
        let row: sqlx::types::Json<BTreeMap<String, Value>> = row.try_get("row")?;
        Ok(Some(row.0.into_iter().filter(|(name, _)| self.columns.contains(name)).collect()))
    }

    /// What of a row is different; nothing where it isn't.
    fn row_diff(
        &self,
        key: &Key,
        live: Option<BTreeMap<String, Value>>,
        other: Option<BTreeMap<String, Value>>,
    ) -> Option<RowDiff> {
        if live == other {
            return None;
        }
        let (live, other) = match (live, other) {
            (Some(mut live), Some(mut other)) => {
                let same: Vec<String> = live
                    .iter()
                    .filter(|(name, value)| other.get(*name) == Some(value))
                    .map(|(n, _)| n.clone())
                    .collect();
                for name in same {
                    live.remove(&name);
                    other.remove(&name);
                }
                (Some(live), Some(other))
            }
            one => one,
        };
        let parts = self.key.iter().zip(key);
        let records =
            parts.clone().filter(|((_, kind), _)| kind == "uuid").filter_map(|(_, id)| id.parse().ok()).collect();
        let key = parts.map(|((name, _), value)| (name.clone(), Value::String(value.clone()))).collect();
        Some(RowDiff { key, live, other, records })
    }
}

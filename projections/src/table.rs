//! A table of a read model as a struct: its columns are written once, and a batch of rows is written in one statement.

use std::collections::HashMap;
use std::hash::Hash;

use sqlx::PgConnection;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{FromRow, Postgres};
use uuid::Uuid;

/// A row of a read model's table.
pub(crate) trait TableRow: for<'r> FromRow<'r, PgRow> + Clone + PartialEq + Send + Sync + Unpin {
    /// The table, without its schema.
    const TABLE: &'static str;
    /// Columns and their types, in order.
    const COLUMNS: &'static [(&'static str, &'static str)];
    /// Columns of the primary key.
    const KEY: &'static [&'static str];

    /// Binds the rows, one array for each column.
    fn bind_all<'q>(query: Query<'q, Postgres, PgArguments>, rows: &[Self]) -> Query<'q, Postgres, PgArguments>;
}

/// Columns of a table as they are selected.
pub(crate) fn columns<R: TableRow>() -> String {
    R::COLUMNS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// The statements of one table in one schema, written down once.
#[derive(Debug, Clone)]
pub(crate) struct Statements {
    upsert: String,
    load: String,
    remove: String,
}

impl Statements {
    /// For the table of `R` in `schema`; rows are loaded by the column `by`.
    pub(crate) fn new<R: TableRow>(schema: &str, by: &str) -> Statements {
        let table = format!("{schema}.{}", R::TABLE);
        let names = columns::<R>();
        let arrays: Vec<_> = (1..).zip(R::COLUMNS).map(|(n, (_, kind))| format!("${n}::{kind}[]")).collect();
        let changed: Vec<_> = R::COLUMNS
            .iter()
            .filter(|(name, _)| !R::KEY.contains(name))
            .map(|(name, _)| format!("{name} = excluded.{name}"))
            .collect();
        let (arrays, key) = (arrays.join(", "), R::KEY.join(", "));
        let upsert = format!(
            "insert into {table} ({names}) select * from unnest({arrays})
             on conflict ({key}) do update set {}",
            changed.join(", ")
        );
        let load = format!("select {names} from {table} where {by} = any($1)");
        let remove = format!(
            "delete from {table} where ({key}) in (select * from unnest({}))",
            (1..=R::KEY.len()).map(|n| format!("${n}::uuid[]")).collect::<Vec<_>>().join(", ")
        );
        Statements { upsert, load, remove }
    }

    /// The rows of these ids, as the batches before have left them.
    pub(crate) async fn load<R: TableRow>(&self, tx: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<R>, sqlx::Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        sqlx::query_as(&self.load).bind(ids).fetch_all(tx).await
    }

    /// Writes rows, each of another key, in one statement.
    pub(crate) async fn upsert<R: TableRow>(&self, tx: &mut PgConnection, rows: &[R]) -> Result<(), sqlx::Error> {
        if rows.is_empty() {
            return Ok(());
        }
        R::bind_all(sqlx::query(&self.upsert), rows).execute(tx).await?;
        Ok(())
    }

    /// Removes rows whose key is a pair of ids, in one statement.
    pub(crate) async fn remove(&self, tx: &mut PgConnection, keys: &[(Uuid, Uuid)]) -> Result<(), sqlx::Error> {
        if keys.is_empty() {
            return Ok(());
        }
        let (first, second): (Vec<Uuid>, Vec<Uuid>) = keys.iter().copied().unzip();
        sqlx::query(&self.remove).bind(first).bind(second).execute(tx).await?;
        Ok(())
    }

    /// Writes what a batch has changed of rows whose key is a pair of ids: those that are gone and those that are there.
    pub(crate) async fn write<R: TableRow>(
        &self,
        tx: &mut PgConnection,
        rows: Rows<(Uuid, Uuid), R>,
    ) -> Result<(), sqlx::Error> {
        self.remove(tx, &rows.removed()).await?;
        self.upsert(tx, &rows.changed()).await
    }
}

/// Rows that a batch works on: loaded once, changed in memory in the order of the log, written once.
#[derive(Debug)]
pub(crate) struct Rows<K, R> {
    /// What was there before, and what is there now.
    rows: HashMap<K, (Option<R>, Option<R>)>,
}

impl<K: Eq + Hash + Copy + Ord, R: Clone + PartialEq> Rows<K, R> {
    /// The rows as they were loaded.
    pub(crate) fn of(loaded: impl IntoIterator<Item = (K, R)>) -> Rows<K, R> {
        Rows { rows: loaded.into_iter().map(|(key, row)| (key, (Some(row.clone()), Some(row)))).collect() }
    }

    /// The row, where there is one.
    pub(crate) fn get(&self, key: K) -> Option<&R> {
        self.rows.get(&key)?.1.as_ref()
    }

    /// The row, to be changed.
    pub(crate) fn get_mut(&mut self, key: K) -> Option<&mut R> {
        self.rows.get_mut(&key)?.1.as_mut()
    }

    /// The row, to be changed; made where there is none.
    pub(crate) fn entry(&mut self, key: K, new: impl FnOnce() -> R) -> &mut R {
        self.rows.entry(key).or_default().1.get_or_insert_with(new)
    }

    /// Puts a row in place of what there was.
    pub(crate) fn put(&mut self, key: K, row: R) {
        self.rows.entry(key).or_default().1 = Some(row);
    }

    /// Takes a row away, where there is one.
    pub(crate) fn remove(&mut self, key: K) {
        if let Some((_, present)) = self.rows.get_mut(&key) {
            *present = None;
        }
    }

    /// All rows.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (K, &R)> {
        self.rows.iter().filter_map(|(key, (_, row))| Some((*key, row.as_ref()?)))
    }

    /// Keys of the rows that were there before and are there no longer, in order.
    fn removed(&self) -> Vec<K> {
        let gone = self.rows.iter().filter(|(_, (before, now))| before.is_some() && now.is_none());
        let mut gone: Vec<_> = gone.map(|(key, _)| *key).collect();
        gone.sort_unstable();
        gone
    }

    /// The rows that are new or changed, in the order of their keys so that workers lock them in one order.
    pub(crate) fn changed(self) -> Vec<R> {
        let changed = self.rows.into_iter().filter(|(_, (before, now))| before != now);
        let mut changed: Vec<_> = changed.filter_map(|(key, (_, row))| Some((key, row?))).collect();
        changed.sort_by_key(|(key, _)| *key);
        changed.into_iter().map(|(_, row)| row).collect()
    }
}

/// Defines a row: struct, columns, reading and writing.
macro_rules! table_row {
    ($(#[$meta:meta])* pub struct $name:ident in $table:literal key ($($key:literal),+) {
        $($(#[$field_meta:meta])* $field:ident: $type:ty => $sql:literal,)+
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)+
        }

        impl<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> for $name {
            fn from_row(row: &'r sqlx::postgres::PgRow) -> Result<Self, sqlx::Error> {
                use sqlx::Row as _;
                Ok(Self { $($field: row.try_get(stringify!($field))?,)+ })
            }
        }

        impl $crate::table::TableRow for $name {
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [(&'static str, &'static str)] = &[$((stringify!($field), $sql)),+];
            const KEY: &'static [&'static str] = &[$($key),+];

            fn bind_all<'q>(
                query: sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>,
                rows: &[Self],
            ) -> sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments> {
                query$(.bind(rows.iter().map(|row| row.$field.clone()).collect::<Vec<_>>()))+
            }
        }
    };
}
pub(crate) use table_row;

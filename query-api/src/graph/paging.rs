//! Paging by keyset: a cursor holds the key of a row, so a page costs the same wherever it lies and nothing is
//! skipped or shown twice while records are added.

use async_graphql::connection::{Connection, CursorType, Edge, EmptyFields};
use async_graphql::{Context, Object, OutputType};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use domain::access_day::DataScope;
use projections::Keyset;
use projections::cards::{self, CardRow};
use projections::case_search::{self, IncidentRow};
use projections::cautions::{self, CautionRow};
use projections::notices::{self, NoticeRow};
use projections::roster::{self, RosterRow};
use projections::roster_history::{Moment, RosterAtRow};
use projections::shifts::{self, ShiftRow};
use projections::source_journals::QuarantineRow;
use projections::timeline::TimelinePage;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::QueryError;
use crate::loaders::Loading;
use crate::snapshot::Given;

/// Rows of a page at most.
pub(crate) const LARGEST_PAGE: i32 = 200;
/// Rows of a page where the query does not say.
pub(crate) const USUAL_PAGE: i32 = 50;

/// Which page is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Paging<K> {
    /// Rows at most.
    pub(crate) first: u32,
    /// Key of the row before the first one.
    pub(crate) after: Option<K>,
}

impl<K: DeserializeOwned> Paging<K> {
    /// Reads the arguments `first` and `after`.
    pub(crate) fn of(first: Option<i32>, after: Option<&str>) -> Result<Self, QueryError> {
        let first = first.unwrap_or(USUAL_PAGE);
        if !(0..=LARGEST_PAGE).contains(&first) {
            return Err(QueryError::BadInput {
                argument: "first",
                reason: format!("0 to {LARGEST_PAGE} rows a page; go on with after: pageInfo.endCursor"),
            });
        }
        let after = after.map(decode).transpose()?;
        Ok(Self { first: first.unsigned_abs(), after })
    }
}

impl<K> Paging<K> {
    /// One row more than is shown: whether it is there says whether there is a next page.
    pub(crate) fn rows_to_read(&self) -> u32 {
        self.first + 1
    }
}

/// Key of a row in a list by time.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct TimeKey(i64, Uuid);

impl TimeKey {
    pub(crate) fn of(key: Keyset) -> Self {
        Self(key.at.timestamp_micros(), key.id)
    }
}

impl Paging<TimeKey> {
    /// Where the page begins, as the read models take it.
    pub(crate) fn keyset(&self) -> Option<Keyset> {
        let TimeKey(at, id) = self.after?;
        Some(Keyset { at: DateTime::<Utc>::from_timestamp_micros(at)?, id })
    }
}

fn decode<K: DeserializeOwned>(cursor: &str) -> Result<K, QueryError> {
    let wrong = || QueryError::BadInput { argument: "after", reason: "not a cursor of this list and order".into() };
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| wrong())?;
    serde_json::from_slice(&bytes).map_err(|_| wrong())
}

/// Cost of a connection, for the limit of complexity: what is in a row, for each row that may come.
pub(crate) fn cost(first: Option<i32>, row: usize) -> usize {
    let rows = first.unwrap_or(USUAL_PAGE).clamp(0, LARGEST_PAGE).unsigned_abs() as usize;
    1 + rows.max(1) * row
}

/// A cursor on its way out.
pub(crate) struct Cursor(String);

impl Cursor {
    /// The cursor of a row's key.
    pub(crate) fn of<K: Serialize>(key: &K) -> Self {
        Self(URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default()))
    }
}

impl CursorType for Cursor {
    type Error = std::convert::Infallible;

    fn decode_cursor(cursor: &str) -> Result<Self, Self::Error> {
        Ok(Self(cursor.to_owned()))
    }

    fn encode_cursor(&self) -> String {
        self.0.clone()
    }
}

/// What is counted for `totalCount`.
pub(crate) enum Counted {
    Incidents(Box<case_search::IncidentFilter>),
    Cards(cards::CardFilter),
    Roster(roster::RosterFilter),
    RosterAt(Moment, roster::RosterFilter),
    Notices(notices::NoticeFilter),
    Cautions(cautions::CautionFilter),
    Shifts(shifts::ShiftFilter),
    Timeline(TimelinePage),
    Quarantine(Uuid),
}

impl Counted {
    async fn count(&self, ctx: &Context<'_>) -> Result<i64, QueryError> {
        if let Self::Timeline(page) = self {
            return ctx.timeline_length(*page).await;
        }
        let mut reading = ctx.snapshot()?.read().await?;
        Ok(match self {
            Self::Incidents(filter) => IncidentRow::count(&mut reading, filter).await?,
            Self::Cards(filter) => CardRow::count(&mut reading, filter).await?,
            Self::Roster(filter) => RosterRow::count(&mut reading, filter).await?,
            Self::RosterAt(moment, filter) => RosterAtRow::count(&mut reading, *moment, filter).await?,
            Self::Quarantine(journal) => QuarantineRow::count(&mut reading, *journal).await?,
            Self::Cautions(filter) => CautionRow::count(&mut reading, filter).await?,
            Self::Shifts(filter) => ShiftRow::count(&mut reading, filter).await?,
            Self::Notices(filter) => NoticeRow::count(&mut reading, filter).await?,
            Self::Timeline(_) => 0,
        })
    }
}

/// What a connection has besides its edges.
pub(crate) struct Total(Counted);

#[Object]
impl Total {
    /// How many there are in the whole list, exactly, in the snapshot that the page is of. Counted only when asked for.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i64, QueryError> {
        self.0.count(ctx).await
    }
}

/// Whether rows of a connection are asked for, and not only how many there are.
pub(crate) fn shows_rows(ctx: &Context<'_>) -> bool {
    let asked = ctx.look_ahead();
    asked.field("nodes").exists() || asked.field("edges").exists()
}

/// The rows of a page, noted as part of the answer where rows are asked for.
pub(crate) fn show_rows<T, K>(
    ctx: &Context<'_>,
    paging: &Paging<K>,
    rows: impl Iterator<Item = T>,
    id: impl Fn(&T) -> Uuid,
) -> Result<Vec<T>, QueryError> {
    let rows: Vec<T> = rows.collect();
    if shows_rows(ctx) {
        for row in rows.iter().take(paging.first as usize) {
            ctx.shows(id(row), DataScope::Summary)?;
        }
    }
    Ok(rows)
}

/// A page of a list.
pub(crate) type Page<T> = Connection<Cursor, T, Total, EmptyFields>;

/// Makes a page out of rows that were read one more than asked for.
pub(crate) fn page<T: OutputType, K: Serialize>(
    paging: &Paging<K>,
    mut rows: Vec<T>,
    key: impl Fn(&T) -> K,
    counted: Counted,
) -> Page<T> {
    let has_more = rows.len() > paging.first as usize;
    rows.truncate(paging.first as usize);
    let mut page = Connection::with_additional_fields(paging.after.is_some(), has_more, Total(counted));
    page.edges.extend(rows.into_iter().map(|row| Edge::new(Cursor::of(&key(&row)), row)));
    page
}

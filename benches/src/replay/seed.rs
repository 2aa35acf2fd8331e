//! Fills the log and the peers' tables by COPY, as the job's appends would have.

use std::ops::RangeInclusive;

use chrono::{DateTime, TimeDelta, Utc};
use event_store::leaf::Leaf;
use event_store::log::LogName;
use sqlx::PgPool;
use sqlx::postgres::PgPoolCopyExt as _;
use uuid::Uuid;

use crate::job::{CASES, Report, case_id, metadata, some_case};

/// Rows that are sent in one COPY.
const ROWS: u64 = 100_000;
/// Positions of one of the log's partitions.
const PARTITION: u64 = 2_000_000;
/// Where binary COPY begins: signature, flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// PostgreSQL counts from 2000-01-01.
const EPOCH: i64 = 946_684_800_000_000;

/// Writes `events` into the log, and the first `few` of them into each peer's table. All tables are there.
pub(super) async fn fill(owner: &PgPool, log: LogName, events: u64, few: u64) -> anyhow::Result<()> {
    sqlx::query(&format!("select {log}.ensure_event_partitions($1)")).bind(events as i64).execute(owner).await?;
    let mut tasks = tokio::task::JoinSet::new();
    let stock = format!("stock.events ({STOCK_COLUMNS})");
    tasks.spawn(copy(owner.clone(), stock, 1..=few, stock_row));
    let disintegrate = format!("event ({DISINTEGRATE_COLUMNS})");
    tasks.spawn(copy(owner.clone(), disintegrate, 1..=few, disintegrate_row));
    // Each half in order, as an appender would have written it.
    let half = events / 2 / PARTITION * PARTITION;
    let ours = format!("{log}.events ({LOG_COLUMNS})");
    for part in [1..=half, half + 1..=events] {
        tasks.spawn(copy(owner.clone(), ours.clone(), part, log_row));
    }
    while let Some(copied) = tasks.join_next().await {
        copied??;
    }
    let head = format!("update {log}.head set position = $1, recorded_at = $2");
    sqlx::query(&head).bind(events as i64).bind(recorded_at(events)).execute(owner).await?;
    // What is read first would otherwise pay for marking the rows as committed.
    for table in [format!("{log}.events"), "stock.events".to_owned(), "event".to_owned()] {
        sqlx::raw_sql(&format!("vacuum analyze {table}")).execute(owner).await?;
    }
    Ok(())
}

/// Sends the rows of these numbers.
async fn copy(pool: PgPool, table: String, numbers: RangeInclusive<u64>, row: fn(&mut Row, u64)) -> sqlx::Result<()> {
    let statement = format!("copy {table} from stdin (format binary)");
    let end = *numbers.end();
    for first in numbers.step_by(ROWS as usize) {
        let mut out = pool.copy_in_raw(&statement).await?;
        let mut rows = Row(HEADER.to_vec());
        for n in first..(first + ROWS).min(end + 1) {
            row(&mut rows, n);
            if rows.0.len() > 1 << 18 {
                out.send(std::mem::take(&mut rows.0)).await?;
            }
        }
        out.send(rows.0).await?;
        out.finish().await?;
    }
    Ok(())
}

/// Rows of a binary COPY.
struct Row(Vec<u8>);

impl Row {
    fn begin(&mut self, columns: &str) {
        self.0.extend((columns.split(',').count() as i16).to_be_bytes());
    }

    fn field(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.extend((bytes.as_ref().len() as i32).to_be_bytes());
        self.0.extend(bytes.as_ref());
    }

    fn number(&mut self, number: u64) {
        self.field(number.to_be_bytes());
    }

    fn time(&mut self, at: DateTime<Utc>) {
        self.field((at.timestamp_micros() - EPOCH).to_be_bytes());
    }
}

const LOG_COLUMNS: &str = "position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, \
     metadata, occurred_at, recorded_at, leaf_hash";
const STOCK_COLUMNS: &str = "aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata";
const DISINTEGRATE_COLUMNS: &str = "event_id, event_type, payload, case_id";

fn log_row(row: &mut Row, n: u64) {
    let (case, sequence, at) = (case(n), sequence(n), recorded_at(n));
    let event_id = Uuid::from_u128(0x0190_0000_0000_7000_9000_0000_0000_0000 + u128::from(n));
    let payload = payload(n, &format!(r#"{{"$sealed":"{}"}}"#, sealed(n, event_id)));
    let metadata = metadata_of(event_id);
    let leaf = Leaf {
        origin: "bench/register",
        generation: 1,
        event_id,
        aggregate_type: "case",
        aggregate_id: case,
        sequence,
        event_type: "Reported",
        event_version: "1",
        occurred_at: at,
        recorded_at: at,
        payload: &payload,
        metadata: &metadata,
    };
    row.begin(LOG_COLUMNS);
    row.number(n);
    row.field(event_id);
    row.field("case");
    row.field(case.to_string());
    row.number(sequence);
    row.field("Reported");
    row.field("1");
    row.field(&payload);
    row.field(&metadata);
    row.time(at);
    row.time(at);
    row.field(leaf.hash());
}

fn stock_row(row: &mut Row, n: u64) {
    row.begin(STOCK_COLUMNS);
    row.field("plain_case");
    row.field(case(n).to_string());
    row.number(sequence(n));
    row.field("Reported");
    row.field("1");
    row.field(payload(n, &in_clear(n)));
    row.field(metadata_of(Uuid::from_u128(u128::from(n))));
}

/// disintegrate has no metadata, and the id of the case both in the payload and beside it.
fn disintegrate_row(row: &mut Row, n: u64) {
    let case = case(n).to_string();
    row.begin(DISINTEGRATE_COLUMNS);
    row.number(n);
    row.field("Reported");
    row.field(payload(n, &format!(r#"{},"case_id":"{case}""#, in_clear(n))));
    row.field(&case);
}

fn case(n: u64) -> Uuid {
    case_id(some_case(0, n))
}

/// [`some_case`] comes to each case once in so many.
fn sequence(n: u64) -> u64 {
    (n - 1) / CASES + 1
}

fn recorded_at(n: u64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_767_225_600_000_000).unwrap_or_default() + TimeDelta::milliseconds(n as i64)
}

fn payload(n: u64, by: &str) -> String {
    let Report { text, .. } = Report::new(n);
    format!(r#"{{"Reported":{{"by":{by},"text":"{text}","count":{}}}}}"#, sequence(n))
}

fn in_clear(n: u64) -> String {
    format!(r#""{}""#, Report::new(n).by)
}

/// As long as a sealed name is, and as little to be compressed; nobody opens it here.
fn sealed(n: u64, event_id: Uuid) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let name = Report::new(n).by;
    // Nonce, the name as JSON, tag; in base64.
    let length = ((12 + name.len() + 2 + 16) * 4).div_ceil(3);
    let mut random = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let text: String = (0..length)
        .map(|_| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            char::from(ALPHABET[(random >> 58) as usize])
        })
        .collect();
    format!("v1.{}.{text}", event_id.simple())
}

fn metadata_of(command_id: Uuid) -> String {
    serde_json::to_string(&metadata(command_id)).unwrap_or_default()
}

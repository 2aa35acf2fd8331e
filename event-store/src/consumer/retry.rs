//! Taking a parked record in again, after what stood in its way was mended.

use sqlx::PgConnection;
use uuid::Uuid;

use super::batch::hand_over;
use super::{ApplyError, Consumer, ConsumerError, Delivery, Handler, Ledger};
use crate::log::{DecodeError, LogPosition};
use crate::read::LogReader;

/// Events of one record that are taken in at once.
const PAGE: u32 = 1_000;

/// Takes the events of a parked record in that were left out, in one transaction, and lets it take part again. Returns how
/// many there were; nothing where the record is not parked.
///
/// A read model whose rows come from several records shows the late events as if they had come last: where their order
/// against other records matters, rebuild it instead.
///
/// # Errors
/// When the record still can't be taken in: it then stays parked.
pub async fn retry_parked<H: Handler>(
    consumer: &Consumer,
    reader: &LogReader,
    handler: &mut H,
    aggregate_id: Uuid,
) -> Result<Option<u64>, ConsumerError> {
    let mut tx = reader.pool().begin().await?;
    let taken_in = retry_parked_in_tx(&mut tx, consumer, reader, handler, aggregate_id).await?;
    tx.commit().await?;
    Ok(taken_in)
}

/// The same in a transaction of somebody else's.
///
/// # Errors
/// As [`retry_parked`]: the transaction is to be rolled back then.
pub async fn retry_parked_in_tx<H: Handler>(
    tx: &mut PgConnection,
    consumer: &Consumer,
    reader: &LogReader,
    handler: &mut H,
    aggregate_id: Uuid,
) -> Result<Option<u64>, ConsumerError> {
    let log = reader.log();
    // With the rows locked no batch can be written, so what is left out ends at the progress that is read here.
    let Some((version, progress)) = Ledger::lock_in_tx(&mut *tx, consumer.name, consumer.build).await? else {
        return Err(ConsumerError::Unknown { name: consumer.name, log });
    };
    if version != consumer.version {
        return Err(ConsumerError::OtherVersion { name: consumer.name, found: version, wanted: consumer.version });
    }
    let first: Option<i64> = sqlx::query_scalar(
        "delete from projections.parked where name = $1 and build = $2 and aggregate_id = $3 and log = $4
         returning first_position",
    )
    .bind(consumer.name)
    .bind(consumer.build.name())
    .bind(aggregate_id)
    .bind(log.as_str())
    .fetch_optional(&mut *tx)
    .await?;
    let Some(first) = first else { return Ok(None) };
    let last = progress.get(log.as_str()).copied().unwrap_or_default();
    let batch = left_out(reader, handler, aggregate_id, LogPosition::from_i64(first), last).await?;
    for piece in batch.chunks(PAGE as usize) {
        hand_over(handler, &mut *tx, piece).await.map_err(ConsumerError::Apply)?;
    }
    // A new fence makes the worker look again at what is parked.
    sqlx::query(
        "update projections.consumers set fence = fence + 1, holder = null, lease_until = null
         where name = $1 and build = $2",
    )
    .bind(consumer.name)
    .bind(consumer.build.name())
    .execute(&mut *tx)
    .await?;
    Ok(Some(batch.len() as u64))
}

async fn left_out<H: Handler>(
    reader: &LogReader,
    handler: &H,
    aggregate_id: Uuid,
    first: LogPosition,
    last: LogPosition,
) -> Result<Vec<Delivery<H::Event>>, ConsumerError> {
    let mut deliveries = Vec::new();
    for stored in reader.stream(aggregate_id).await? {
        if stored.position < first
            || stored.position > last
            || !handler.reads().contains(&stored.aggregate_type.as_str())
        {
            continue;
        }
        let event = handler.decode(&stored).map_err(|error| match error {
            newer @ DecodeError::Newer { .. } => ConsumerError::Waiting(newer),
            error @ (DecodeError::Broken { .. } | DecodeError::Unknown { .. }) => {
                ConsumerError::Apply(ApplyError::Event { position: stored.position, reason: error.to_string() })
            }
        })?;
        deliveries.push(Delivery { stored, event });
    }
    Ok(deliveries)
}

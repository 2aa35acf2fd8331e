//! What a read model is made of, and how it hangs in the consumer runtime.

use std::future::Future;

use event_store::consumer::{ApplyError, Consumer, Handler};
use event_store::log::{DecodeError, LogName, StoredEvent};
use futures::future::BoxFuture;
use sqlx::PgConnection;

use crate::event::{DecodedEvent, RegisterEvent, decode};

/// A read model: tables in a PostgreSQL schema of its own, filled from the logs and from nothing else.
///
/// What is in the tables is a function of the events (I-11): no clock, no chance, no sequence of the database, and the same
/// however the log was cut into batches. Each batch therefore loads the rows that it touches, changes them in memory in the
/// order of the log, and writes them in one statement for each table.
pub trait Projection: Send + Sync + Sized + 'static {
    /// Name of the read model and of its schema.
    const NAME: &'static str;
    /// Grows when the same events give other tables.
    const VERSION: u32;
    /// Logs that it reads.
    const LOGS: &'static [LogName];
    /// Types of streams whose events it reads.
    const AGGREGATES: &'static [&'static str];
    /// Of these the types whose streams may be taken in apart from one another, so that it can be built in slices: what an event does
    /// depends on no other stream of them. Streams of the other types go to every slice.
    const APART: &'static [&'static str] = &[];
    /// Its tables.
    const TABLES: &'static [&'static str];
    /// What makes them; `{schema}` stands for the schema.
    const SCHEMA_SQL: &'static str;

    /// The projector that writes into `schema`: statements are written down here, once.
    fn new(schema: &str) -> Self;

    /// Takes events in, all of one log and in its order.
    fn apply(
        &mut self,
        tx: &mut PgConnection,
        batch: &[DecodedEvent],
    ) -> impl Future<Output = Result<(), ApplyError>> + Send;

    /// The consumer that serves.
    fn consumer() -> Consumer {
        Consumer::live(Self::NAME, Self::VERSION, Self::LOGS)
    }
}

/// What takes events into a read model, whatever it is of.
pub type Projector = Box<dyn Handler<Event = RegisterEvent>>;

/// The projector of `P` that writes into `schema`.
pub fn projector<P: Projection>(schema: &str) -> Projector {
    Box::new(Projecting(P::new(schema)))
}

struct Projecting<P>(P);

impl<P: Projection> Handler for Projecting<P> {
    type Event = RegisterEvent;

    fn reads(&self) -> &'static [&'static str] {
        P::AGGREGATES
    }

    fn apart(&self) -> &'static [&'static str] {
        P::APART
    }

    fn decode(&self, event: &StoredEvent) -> Result<RegisterEvent, DecodeError> {
        decode(event)
    }

    fn apply<'a>(
        &'a mut self,
        tx: &'a mut PgConnection,
        batch: &'a [DecodedEvent],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(self.0.apply(tx, batch))
    }
}

//! Taking a page of events in: what is left out, what is tried, and how a guilty event is found.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use sqlx::PgConnection;
use uuid::Uuid;

use super::ledger::Parking;
use super::{ApplyError, Delivery, Handler};
use crate::log::{DecodeError, LogPosition, StoredEvent};

/// A page of events, sorted out.
pub(super) struct Sorted<E> {
    /// What is to be taken in.
    pub(super) deliveries: Vec<Delivery<E>>,
    /// Records whose event could not be decoded.
    pub(super) broken: Vec<Parking>,
    /// Last position that is dealt with when the deliveries are taken in and the broken ones parked.
    pub(super) upto: Option<LogPosition>,
    /// The event that ends the page early, because it needs a newer program.
    pub(super) newer: Option<DecodeError>,
}

/// Decodes the events of a page that begins after `after` and ends at `last`: those of parked records are left out, and those that nobody reads.
pub(super) fn sort_out<H: Handler>(
    handler: &H,
    parked: &HashSet<Uuid>,
    events: Vec<StoredEvent>,
    (after, last): (LogPosition, LogPosition),
) -> Sorted<H::Event> {
    let mut sorted =
        Sorted { deliveries: Vec::with_capacity(events.len()), broken: Vec::new(), upto: None, newer: None };
    let mut left_out: HashSet<Uuid> = HashSet::new();
    for stored in events {
        let position = stored.position;
        let id = stored.aggregate_id;
        if handler.reads().contains(&stored.aggregate_type.as_str()) && !parked.contains(&id) && !left_out.contains(&id)
        {
            match handler.decode(&stored) {
                Ok(event) => sorted.deliveries.push(Delivery { stored, event }),
                Err(newer @ DecodeError::Newer { .. }) => {
                    // What lies between was not wanted, or is dealt with.
                    sorted.upto = Some(LogPosition::new(position.get() - 1)).filter(|upto| *upto > after);
                    sorted.newer = Some(newer);
                    return sorted;
                }
                Err(error @ (DecodeError::Broken { .. } | DecodeError::Unknown { .. })) => {
                    left_out.insert(id);
                    // The cause is not kept: it may quote the payload.
                    sorted.broken.push(Parking { aggregate_id: id, position, error: error.to_string() });
                }
            }
        }
    }
    sorted.upto = Some(last);
    sorted
}

/// Hands a batch to the handler; a panic is an error like any other.
pub(super) async fn hand_over<H: Handler>(
    handler: &mut H,
    tx: &mut PgConnection,
    batch: &[Delivery<H::Event>],
) -> Result<(), ApplyError> {
    if batch.is_empty() {
        return Ok(());
    }
    let applied = AssertUnwindSafe(handler.apply(tx, batch)).catch_unwind().await;
    applied.unwrap_or_else(|panic| {
        let what = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let what = what.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(ApplyError::Panicked(what.unwrap_or_else(|| "without a word".to_owned())))
    })
}

/// What is done next with a batch that was refused because of its events.
#[derive(Debug)]
pub(super) enum Verdict {
    /// This event is guilty: its record is parked.
    Guilty(usize),
    /// Try the events before this one, then the others.
    SplitAt(usize),
}

/// Finds out what to do with a refused batch of `len` events.
pub(super) fn judge<E>(batch: &[Delivery<E>], error: &ApplyError) -> Verdict {
    if let ApplyError::Event { position, .. } = error
        && let Some(guilty) = batch.iter().position(|delivery| delivery.stored.position == *position)
    {
        return Verdict::Guilty(guilty);
    }
    if batch.len() <= 1 { Verdict::Guilty(0) } else { Verdict::SplitAt(batch.len() / 2) }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use cqrs_es::DomainEvent;
    use domain::RecordedEvent;
    use domain::kernel::{Upcaster, Versioned};
    use futures::future::BoxFuture;
    use serde::{Deserialize, Serialize};

    use super::*;

    struct Words;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Word(String);

    impl DomainEvent for Word {
        fn event_type(&self) -> String {
            "Said".to_owned()
        }

        fn event_version(&self) -> String {
            "1".to_owned()
        }
    }

    impl Versioned for Word {
        const TYPES: &'static [&'static str] = &["Said"];
        const UPCASTERS: &'static [Upcaster] = &[];
    }

    impl RecordedEvent for Word {}

    impl Handler for Words {
        type Event = Word;

        fn reads(&self) -> &'static [&'static str] {
            &["word"]
        }

        fn decode(&self, event: &StoredEvent) -> Result<Word, DecodeError> {
            event.decode()
        }

        fn apply<'a>(
            &'a mut self,
            _: &'a mut PgConnection,
            _: &'a [Delivery<Word>],
        ) -> BoxFuture<'a, Result<(), ApplyError>> {
            Box::pin(async { Ok(()) })
        }
    }

    fn event(position: u64, aggregate: u128, payload: &str) -> StoredEvent {
        StoredEvent {
            position: LogPosition::new(position),
            event_id: Uuid::nil(),
            aggregate_type: "word".to_owned(),
            aggregate_id: Uuid::from_u128(aggregate),
            sequence: position,
            event_type: "Said".to_owned(),
            event_version: "1".to_owned(),
            payload: payload.to_owned(),
            metadata: "{}".to_owned(),
            occurred_at: DateTime::<Utc>::UNIX_EPOCH,
            recorded_at: DateTime::<Utc>::UNIX_EPOCH,
            leaf_hash: Vec::new(),
        }
    }

    fn taken<E>(sorted: &Sorted<E>) -> Vec<u64> {
        sorted.deliveries.iter().map(|delivery| delivery.stored.position.get()).collect()
    }

    /// A page of these events, from the beginning of the log.
    fn page(parked: &HashSet<Uuid>, events: Vec<StoredEvent>) -> Sorted<Word> {
        let last = events.last().expect("an event").position;
        sort_out(&Words, parked, events, (LogPosition::START, last))
    }

    #[test]
    fn after_an_undecodable_event_its_record_is_left_out_and_the_others_go_on() {
        let events = vec![event(1, 7, r#""a""#), event(2, 7, "{}"), event(3, 8, r#""b""#), event(4, 7, r#""c""#)];
        let sorted = page(&HashSet::new(), events);
        assert_eq!(taken(&sorted), [1, 3]);
        assert_eq!(sorted.broken.len(), 1);
        assert_eq!(sorted.broken[0].position, LogPosition::new(2));
        assert_eq!(sorted.upto, Some(LogPosition::new(4)));
    }

    #[test]
    fn the_reason_of_a_parked_record_does_not_quote_its_event() {
        let sorted = page(&HashSet::new(), vec![event(1, 7, r#"{"secret":"Anna"}"#)]);
        assert!(!sorted.broken[0].error.contains("Anna"), "{}", sorted.broken[0].error);
    }

    #[test]
    fn events_of_parked_records_and_of_types_that_nobody_reads_are_passed_over() {
        let mut other = event(2, 8, "not even JSON");
        other.aggregate_type = "number".to_owned();
        let parked = HashSet::from([Uuid::from_u128(7)]);
        let sorted = page(&parked, vec![event(1, 7, "{}"), other]);
        assert!(sorted.deliveries.is_empty() && sorted.broken.is_empty());
        assert_eq!(sorted.upto, Some(LogPosition::new(2)));
    }

    #[test]
    fn an_event_of_a_newer_program_ends_the_page_before_it() {
        let mut newer = event(2, 8, r#""b""#);
        newer.event_version = "2".to_owned();
        let sorted = page(&HashSet::new(), vec![event(1, 7, r#""a""#), newer, event(3, 7, r#""c""#)]);
        assert_eq!(taken(&sorted), [1]);
        assert_eq!(sorted.upto, Some(LogPosition::new(1)));
        assert!(sorted.newer.is_some());
    }

    #[test]
    fn an_event_of_an_unknown_type_leaves_its_record_out_and_names_the_type() {
        let mut newer = event(1, 8, r#""b""#);
        newer.event_type = "Sung".to_owned();
        let sorted = page(&HashSet::new(), vec![newer]);
        assert!(sorted.newer.is_none() && sorted.upto == Some(LogPosition::new(1)));
        assert_eq!(sorted.broken[0].error, "event 1 is a Sung, a type that this program doesn't know");
    }

    #[test]
    fn a_version_that_is_no_number_is_broken() {
        let mut odd = event(1, 8, r#""b""#);
        odd.event_version = "1.0".to_owned();
        let sorted = page(&HashSet::new(), vec![odd]);
        assert!(sorted.newer.is_none() && sorted.broken.len() == 1);
    }

    #[test]
    fn a_named_event_is_guilty_and_an_unnamed_one_is_searched_for_by_halves() {
        let batch: Vec<_> =
            (1..=5).map(|position| Delivery { stored: event(position, 1, "0"), event: Word(String::new()) }).collect();
        let named = ApplyError::Event { position: LogPosition::new(4), reason: String::new() };
        assert!(matches!(judge(&batch, &named), Verdict::Guilty(3)));
        let unnamed = ApplyError::Panicked(String::new());
        assert!(matches!(judge(&batch, &unnamed), Verdict::SplitAt(2)));
        assert!(matches!(judge(&batch[..1], &unnamed), Verdict::Guilty(0)));
    }
}

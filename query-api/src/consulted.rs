//! What a request shows of records, told to the access log before the answer leaves (I-12).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use access::{AccessLog, AccessLogError, Consultation, Principal};
use domain::access_day::{AccessWay, DataScope};
use event_store::log::LogPosition;
use uuid::Uuid;

use crate::error::QueryError;

/// Records that one subscription remembers as told; beyond them it begins anew, and tells some again.
const REMEMBERED: usize = 50_000;

type Records = BTreeMap<Uuid, BTreeSet<DataScope>>;

/// What one execution has shown so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown(Arc<Mutex<Records>>);

impl Shown {
    /// This of that record is part of the answer.
    pub(crate) fn note(&self, record: Uuid, scope: DataScope) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(record).or_default().insert(scope);
    }

    /// The records of which something is part of the answer.
    pub(crate) fn records(&self) -> Vec<Uuid> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    pub(crate) fn take(&self) -> Records {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a subscription has told the access log; a question and answer has none.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<Option<Records>>);

impl Told {
    /// What of it was not told before; None where there is nothing to tell. The opening is told whatever it shows.
    fn news(&self, shown: Records) -> Option<Records> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = &*told else { return Some(shown) };
        let news: Records = shown
            .into_iter()
            .filter_map(|(record, scopes)| match known.get(&record) {
                Some(known) if known.is_superset(&scopes) => None,
                _ => Some((record, scopes)),
            })
            .collect();
        if known.len() + news.len() > REMEMBERED {
            *told = Some(Records::new());
        }
        (!news.is_empty()).then_some(news)
    }

    fn remember(&self, news: &Records) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = told.get_or_insert_default();
        for (record, scopes) in news {
            known.entry(*record).or_default().extend(scopes);
        }
    }
}

/// Tells what an answer shows, and comes back once that is durable: only then may it leave. For who `goes_on` while the register is away
/// it is durable in this machine's journal too.
///
/// # Errors
/// Where it can't be told; nothing may be shown then.
pub(crate) async fn tell(
    log: &AccessLog,
    caller: Option<&Principal>,
    question: &[u8],
    subscription: Option<&Told>,
    shown: &Shown,
    after: LogPosition,
    goes_on: bool,
) -> Result<(), QueryError> {
    let shown = shown.take();
    let news = match subscription {
        Some(told) => told.news(shown),
        None => (!shown.is_empty()).then_some(shown),
    };
    let Some(records) = news else { return Ok(()) };
    let Some(caller) = caller else {
        return Err(QueryError::internal("something was to be shown to nobody known"));
    };
    let way = if subscription.is_some() { AccessWay::Subscription } else { AccessWay::Query };
    let count = records.len();
    let consultation =
        Consultation { way, records: records.clone(), other: DataScope::Summary, question: question.to_vec(), count };
    let told = match goes_on {
        true => log.consulted_or_kept(caller, consultation, after).await,
        false => log.consulted(caller, consultation, after).await.map(drop),
    };
    told.map_err(|error| match error {
        AccessLogError::Refused(_) => QueryError::TooComplex(error.to_string()),
        AccessLogError::Name { .. } => QueryError::Unauthenticated(error.to_string()),
        error => QueryError::NotLogged(error),
    })?;
    if let Some(told) = subscription {
        told.remember(&records);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(of: &[(u128, &[DataScope])]) -> Records {
        of.iter().map(|(id, scopes)| (Uuid::from_u128(*id), scopes.iter().copied().collect())).collect()
    }

    #[test]
    fn a_subscription_tells_its_opening_and_each_record_once() {
        let told = Told::default();
        assert_eq!(told.news(Records::new()), Some(Records::new()), "the opening");
        told.remember(&Records::new());
        assert_eq!(told.news(Records::new()), None);
        let first = records(&[(1, &[DataScope::Summary])]);
        assert_eq!(told.news(first.clone()), Some(first.clone()));
        told.remember(&first);
        assert_eq!(told.news(first), None);
        let more = records(&[(1, &[DataScope::Summary, DataScope::Narrative]), (2, &[DataScope::Summary])]);
        assert_eq!(told.news(more.clone()), Some(more));
    }

    #[test]
    fn what_could_not_be_told_is_told_the_next_time() {
        let told = Told::default();
        let first = records(&[(1, &[DataScope::Summary])]);
        assert_eq!(told.news(first.clone()), Some(first.clone()));
        assert_eq!(told.news(first.clone()), Some(first));
    }
}

//! What the store knows of a type of record: how its state comes out of events, changes, and is kept as a snapshot.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use domain::kernel::Decide;
use schemars::schema_for;
use sha2::{Digest as _, Sha256};

use crate::log::{DecodeError, StoredEvent};

/// The state of a record, of a type that its kind knows.
pub(super) type State = Arc<dyn Any + Send + Sync>;

/// A type of record.
pub(super) struct Kind {
    /// The state after these events; on top of a snapshot's state where there is one.
    pub(super) hydrate: fn(Option<State>, &[StoredEvent]) -> Result<State, DecodeError>,
    /// A state as JSON; None where it is of another type of record.
    pub(super) save: fn(&State) -> Option<Result<String, serde_json::Error>>,
    /// What `save` made.
    pub(super) restore: fn(&str) -> Result<State, serde_json::Error>,
    /// What a state looks like and means: one that was saved under another shape can't be used.
    pub(super) shape: fn() -> [u8; 32],
}

impl Kind {
    /// The kind of `A`.
    pub(super) fn of<A: Decide>() -> &'static Kind {
        &Of::<A>::KIND
    }
}

struct Of<A>(PhantomData<A>);

impl<A: Decide> Of<A> {
    const KIND: Kind = Kind { hydrate: hydrate::<A>, save: save::<A>, restore: restore::<A>, shape: shape::<A> };
}

fn hydrate<A: Decide>(state: Option<State>, events: &[StoredEvent]) -> Result<State, DecodeError> {
    let mut known = match &state {
        None => A::default(),
        Some(state) => match state.downcast_ref::<A>() {
            Some(known) => known.clone(),
            // The state of a record that was asked for as one of another type is none, and stays so.
            None => return Ok(Arc::clone(state)),
        },
    };
    for event in events {
        known.apply(event.decode()?);
    }
    Ok(Arc::new(known))
}

fn save<A: Decide>(state: &State) -> Option<Result<String, serde_json::Error>> {
    state.downcast_ref::<A>().map(serde_json::to_string)
}

fn restore<A: Decide>(json: &str) -> Result<State, serde_json::Error> {
    Ok(Arc::new(serde_json::from_str::<A>(json)?))
}

fn shape<A: Decide>() -> [u8; 32] {
    static KNOWN: LazyLock<Mutex<HashMap<TypeId, [u8; 32]>>> = LazyLock::new(Mutex::default);
    *KNOWN.lock().unwrap_or_else(PoisonError::into_inner).entry(TypeId::of::<A>()).or_insert_with(|| {
        let mut hash = Sha256::new();
        hash.update(b"vnr-state-v1\0");
        hash.update(A::TYPE);
        hash.update([0]);
        hash.update(A::STATE_MEANING.to_be_bytes());
        hash.update(schema_for!(A).as_value().to_string());
        hash.finalize().into()
    })
}

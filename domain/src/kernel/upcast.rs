//! Events of older versions, read as what they are today.
//!
//! What was written stays as it is for ever. Where the shape of an event changes, its version grows by one and an
//! [`Upcaster`] makes the payload of the version before into it; a payload of version 1 goes through all of them, up to
//! today's. So deciding, projecting and replaying know today's shape only. An upcaster makes one event into one event, in its
//! place: it never splits, drops or renames any, because positions and sequences are the log's.

use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use serde_json::{Map, Value};

use super::RecordedEvent;

/// The fields of an event, by name.
pub type Fields = Map<String, Value>;

/// One step: the fields of an event in version `from`, made into those of version `from + 1`.
#[derive(Debug, Clone, Copy)]
pub struct Upcaster {
    /// Type of the event.
    pub event_type: &'static str,
    /// Version that it begins with.
    pub from: u32,
    /// Changes the fields. It never fails: what it can't make sense of it leaves, and decoding then says what is wrong. It
    /// leaves personal data where it is: a sealed text opens in its own field only.
    pub upcast: fn(&mut Fields),
}

impl Upcaster {
    /// Changes a payload in its place. An event stands in the log as an object of one entry, its type and its fields.
    fn step(&self, payload: &mut Value) {
        if let Some(Value::Object(fields)) = payload.get_mut(self.event_type) {
            (self.upcast)(fields);
        }
    }
}

/// The types of an aggregate's events, and how older versions of them are read.
pub trait Versioned {
    /// Types of all events, as they stand in the log.
    const TYPES: &'static [&'static str];
    /// Steps from each older version to the next, in order; the version of an event is one more than it has of them.
    const UPCASTERS: &'static [Upcaster];

    /// Today's version of an event; nothing where there is no event of this type.
    #[must_use]
    fn newest(event_type: &str) -> Option<u32> {
        Self::TYPES.contains(&event_type).then(|| version(Self::UPCASTERS, event_type))
    }
}

/// Today's version of an event that has these upcasters.
#[must_use]
pub fn version(upcasters: &[Upcaster], event_type: &str) -> u32 {
    upcasters.iter().filter(|step| step.event_type == event_type).map(|step| step.from + 1).max().unwrap_or(1)
}

/// Why a payload of the log is not read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// A newer program wrote it: this one knows the event, and no such version of it.
    #[error("a newer program wrote it: this one knows no such version")]
    Newer,
    /// This program knows no event of that type. Types are written only when every program knows them, so it should not be there.
    #[error("this program knows no event of that type")]
    Unknown,
    /// Versions are 1, 2, 3 …
    #[error("its version is no whole number from 1 on")]
    Version,
    /// Its payload is not what its type says.
    #[error("its payload is not what its type says")]
    Payload(#[from] serde_json::Error),
}

/// The event of a stored payload. One of today's version is read in one pass, an older one goes through its upcasters.
///
/// # Errors
/// [`Unreadable::Newer`] where a newer program is needed, [`Unreadable::Unknown`] where nobody knows its type, the others where the event is
/// broken.
pub fn decode<E: RecordedEvent>(event_type: &str, event_version: &str, payload: &str) -> Result<E, Unreadable> {
    let stored = event_version.parse().ok().filter(|version| *version > 0).ok_or(Unreadable::Version)?;
    let newest = E::newest(event_type).ok_or(Unreadable::Unknown)?;
    if stored > newest {
        return Err(Unreadable::Newer);
    }
    if stored == newest {
        return Ok(serde_json::from_str(payload)?);
    }
    let mut payload = serde_json::from_str(payload)?;
    upcast(E::UPCASTERS, event_type, stored, &mut payload);
    Ok(serde_json::from_value(payload)?)
}

/// Takes a payload from version `stored` to today's.
pub fn upcast(upcasters: &[Upcaster], event_type: &str, stored: u32, payload: &mut Value) {
    upcasters
        .iter()
        .filter(|step| step.event_type == event_type && step.from >= stored)
        .for_each(|step| step.step(payload));
}

/// The same upcasters for stock cqrs-es, `PersistedEventStore::with_upcasters`.
#[must_use]
pub fn for_cqrs_es<E: Versioned>() -> Vec<Box<dyn EventUpcaster>> {
    E::UPCASTERS.iter().map(|step| -> Box<dyn EventUpcaster> { Box::new(*step) }).collect()
}

impl EventUpcaster for Upcaster {
    fn can_upcast(&self, event_type: &str, event_version: &str) -> bool {
        event_type == self.event_type && event_version.parse() == Ok(self.from)
    }

    fn upcast(&self, mut event: SerializedEvent) -> SerializedEvent {
        self.step(&mut event.payload);
        event.event_version = (self.from + 1).to_string();
        event
    }
}

/// The types of an enum's events, their versions, and the steps between them. The name of the variant is the type, for ever.
macro_rules! domain_event {
    ($event:ident { $($variant:ident),+ $(,)? } $(, upcasters: $upcasters:expr)?) => {
        impl $crate::kernel::Versioned for $event {
            const TYPES: &'static [&'static str] = &[$(stringify!($variant)),+];
            const UPCASTERS: &'static [$crate::kernel::Upcaster] = $crate::kernel::upcast::or_none!($($upcasters)?);
        }

        impl cqrs_es::DomainEvent for $event {
            fn event_type(&self) -> String {
                match self {
                    $(Self::$variant { .. } => stringify!($variant).to_owned(),)+
                }
            }

            fn event_version(&self) -> String {
                let event_type = match self {
                    $(Self::$variant { .. } => stringify!($variant),)+
                };
                let upcasters = <Self as $crate::kernel::Versioned>::UPCASTERS;
                $crate::kernel::upcast::version(upcasters, event_type).to_string()
            }
        }
    };
}
pub(crate) use domain_event;

/// What is given, or no upcasters.
macro_rules! or_none {
    () => {
        &[]
    };
    ($upcasters:expr) => {
        $upcasters
    };
}
pub(crate) use or_none;

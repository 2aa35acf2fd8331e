use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::{RecordedEvent, domain_event};

/// A place in a log, in one of its generations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct LogPlace {
    /// Life of the log between lossy restores, from 1.
    pub generation: u32,
    /// Position.
    pub position: u64,
}

/// Numbers of a series that may have been given out with events that are lost. They are never given out again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VoidedNumbers {
    /// What they begin with: `VNR`, `VEK`.
    pub series: String,
    /// Year of Riga's calendar.
    pub year: i32,
    /// The first of them.
    pub first: u64,
    /// The last of them.
    pub last: u64,
}

/// What happened to a log itself, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum LogLifeEvent {
    /// The log was restored without its last events; what had been given out with them is void.
    GenerationBegun {
        /// The generation that begins with this event.
        generation: u32,
        /// Position of this event. Positions from here on of any older generation are void.
        begins: u64,
        /// Root of the tree over the events before it, lower-case hexadecimal.
        root: String,
        /// The last place that is known to have been given out and is void.
        voids: LogPlace,
        /// Numbers that may have been given out; this explains their gap.
        numbers: Vec<VoidedNumbers>,
        /// The signed tree head, kept outside, that shows what was lost.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        witness: Option<String>,
        /// The statement on this generation, signed by the notary's key.
        statement: String,
        /// Why, in the words of who decided it; without personal data.
        reason: String,
    },
}

domain_event! {
    LogLifeEvent { GenerationBegun }
}

impl RecordedEvent for LogLifeEvent {}

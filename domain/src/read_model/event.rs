use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::kernel::{RecordedEvent, domain_event};
use crate::lang::terms;
use crate::personal::Personal;
use crate::values::{Actor, ReadModelName, Reason};

terms! {
    /// A body of data of a read model that does not serve.
    ReadModelBody("body of a read model") {
        /// Built anew, and not switched to yet.
        Candidate = "candidate", "Jaunais", "Candidate";
        /// What served before.
        Previous = "previous", "Iepriekšējais", "Previous";
    }
}

/// What was done to a read model, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ReadModelEvent {
    /// It is being built anew beside the one that serves.
    RebuildBegun {
        /// Which read model.
        read_model: ReadModelName,
        /// Version of the code that builds it.
        version: u32,
        /// Who began it; none where the program did by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Actor>,
        /// Why.
        reason: Personal<Reason>,
    },
    /// What was built anew serves from then on; what served before is kept beside it.
    ReadModelSwitched {
        /// Which read model.
        read_model: ReadModelName,
        /// Version of what served before.
        from: u32,
        /// Version of what serves.
        version: u32,
        /// Who switched; none where the program did by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Actor>,
        /// Why.
        reason: Personal<Reason>,
    },
    /// What served before serves again; what served until then is kept beside it.
    ReadModelRolledBack {
        /// Which read model.
        read_model: ReadModelName,
        /// Version of what served until then.
        from: u32,
        /// Version of what serves again.
        version: u32,
        /// Who rolled back; none where the program did by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Actor>,
        /// Why.
        reason: Personal<Reason>,
    },
    /// A body of data that did not serve was thrown away.
    ReadModelDropped {
        /// Which read model.
        read_model: ReadModelName,
        /// Which body of it.
        body: ReadModelBody,
        /// Its version.
        version: u32,
        /// Who dropped it; none where the program did by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Actor>,
        /// Why.
        reason: Personal<Reason>,
    },
    /// It takes nothing in until it is resumed.
    ProjectionPaused {
        /// Which read model.
        read_model: ReadModelName,
        /// Who paused it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Actor>,
        /// Why.
        reason: Personal<Reason>,
    },
    /// It takes in what comes, and what came meanwhile.
    ProjectionResumed {
        /// Which read model.
        read_model: ReadModelName,
        /// Who resumed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Actor>,
        /// Why.
        reason: Personal<Reason>,
    },
    /// Records that were parked there were taken in.
    ParkedRecordsRetried {
        /// Which read model.
        read_model: ReadModelName,
        /// Which records, in order.
        records: Vec<Uuid>,
        /// Who retried them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Actor>,
        /// Why.
        reason: Personal<Reason>,
    },
}

domain_event! {
    ReadModelEvent {
        RebuildBegun, ReadModelSwitched, ReadModelRolledBack, ReadModelDropped, ProjectionPaused, ProjectionResumed,
        ParkedRecordsRetried,
    }
}

impl RecordedEvent for ReadModelEvent {}

use uuid::Uuid;

use super::ReadModelBody;
use crate::personal::Personal;
use crate::values::{Actor, ReadModelName, Reason};

/// What can be told of a read model. It is told once it has been done: what is refused is refused where it would be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadModelCommand {
    /// It is being built anew beside the one that serves.
    BeginRebuild(BeginRebuild),
    /// What was built anew serves.
    SwitchReadModel(SwitchReadModel),
    /// What served before serves again.
    RollBackReadModel(RollBackReadModel),
    /// A body of data that does not serve was thrown away.
    DropReadModel(DropReadModel),
    /// It takes nothing in until it is resumed.
    PauseProjection(Act),
    /// It takes in what comes.
    ResumeProjection(Act),
    /// Records that were parked were taken in.
    RetryParkedRecords(RetryParkedRecords),
}

/// Who did something to which read model, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Which read model.
    pub read_model: ReadModelName,
    /// Who acted; none where the program did by itself.
    pub by: Option<Actor>,
    /// Why.
    pub reason: Personal<Reason>,
}

/// A rebuild began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeginRebuild {
    /// Who and why.
    pub act: Act,
    /// Version of the code that builds it.
    pub version: u32,
}

/// What was built anew serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchReadModel {
    /// Who and why.
    pub act: Act,
    /// Version of what served before.
    pub from: u32,
    /// Version of what serves.
    pub version: u32,
}

/// What served before serves again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollBackReadModel {
    /// Who and why.
    pub act: Act,
    /// Version of what served until now.
    pub from: u32,
    /// Version of what serves again.
    pub version: u32,
}

/// A body of data was thrown away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropReadModel {
    /// Who and why.
    pub act: Act,
    /// Which.
    pub body: ReadModelBody,
    /// Its version.
    pub version: u32,
}

/// Records were taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryParkedRecords {
    /// Who and why.
    pub act: Act,
    /// Which, in order; 1 to [`super::MAX_RECORDS`].
    pub records: Vec<Uuid>,
}

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::classifier::{Disposition, ResultCode};
use crate::incident::IncidentStatus;
use crate::lang::terms;
use crate::values::InstitutionCode;

terms! {
    /// How far a card is with an institution that it was forwarded to (nodota notikuma stāvoklis).
    ForwardStage("stage of a forwarded card") {
        /// Sent, and not yet an incident there.
        Waiting = "waiting", "Nodota", "Forwarded";
        /// An incident there.
        Received = "received", "Saņemta", "Received";
        /// Given back.
        Returned = "returned", "Atdota atpakaļ", "Returned";
    }
}

/// How an incident that came of a forwarded card goes on where it is dealt with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ForwardProgress {
    /// The incident.
    pub incident: Uuid,
    /// Where it stands.
    pub status: IncidentStatus,
    /// How it was dealt with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ResultCode>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<Disposition>,
}

/// A card with an institution that it was forwarded to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Forward {
    /// Who forwarded it.
    pub by: InstitutionCode,
    /// How far it is.
    pub stage: ForwardStage,
    /// The incident that it is there.
    pub incident: Option<Uuid>,
    /// What was last told of that.
    pub progress: Option<ForwardProgress>,
}

impl Forward {
    pub(super) fn new(by: InstitutionCode) -> Self {
        Self { by, stage: ForwardStage::Waiting, incident: None, progress: None }
    }

    pub(super) fn receive(&mut self, incident: Uuid) {
        (self.stage, self.incident) = (ForwardStage::Received, Some(incident));
        // What was just registered is registered: nobody has to say so.
        let status = IncidentStatus::Registered;
        self.progress = Some(ForwardProgress { incident, status, result: None, disposition: None });
    }

    pub(super) fn give_back(&mut self) {
        self.stage = ForwardStage::Returned;
    }
}

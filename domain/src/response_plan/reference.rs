//! Plans to try the register out with. Illustrative: they are in force nowhere before two persons put them there.

use serde::Deserialize;

use super::PlanContent;
use crate::values::Code;

/// A plan that could be proposed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IllustrativePlan {
    /// Code of the plan.
    pub code: Code,
    /// What it says.
    pub content: PlanContent,
}

impl IllustrativePlan {
    /// Those in `schema/reference/response-plans.json`.
    #[must_use]
    pub fn all() -> Vec<Self> {
        // A test reads the file: nothing is lost silently.
        serde_json::from_str(include_str!("../../../schema/reference/response-plans.json")).unwrap_or_default()
    }
}

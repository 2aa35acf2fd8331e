use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{InstitutionCode, UserName};

/// A person who acts (amatpersona), as the institution names them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Actor {
    /// Institution.
    pub institution: InstitutionCode,
    /// The institution's name for the person.
    pub user: UserName,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.user, self.institution)
    }
}

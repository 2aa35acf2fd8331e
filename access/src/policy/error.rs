//! Why policies can't be used.

use std::fmt;

/// One thing that is wrong with policies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Not Cedar.
    #[error("{file}{}: {reason}", line.map(|line| format!(":{line}")).unwrap_or_default())]
    Syntax {
        /// The file.
        file: String,
        /// Line of it, where that is known.
        line: Option<usize>,
        /// What Cedar says.
        reason: String,
    },
    /// A policy that doesn't say what it is, for whom or where it comes from.
    #[error("{file}: policy {policy} has no @{annotation}(\"…\"): each says what it is in @id, @lv, @en and @source")]
    Annotation {
        /// The file.
        file: String,
        /// Its `@id`, or its place in the file.
        policy: String,
        /// What it lacks.
        annotation: &'static str,
    },
    /// Two policies of one name.
    #[error("{file}: policy {policy} is there already; an @id is given once")]
    Twice {
        /// The file of the second.
        file: String,
        /// The `@id`.
        policy: String,
    },
    /// A template: who may do what must stand in the policy itself.
    #[error("{file}: templates (?principal, ?resource) are not taken; write the policy out")]
    Template {
        /// The file.
        file: String,
    },
    /// A policy whose conditions speak of the action.
    #[error(
        "{file}: policy {policy} speaks of the action in `when` or `unless`; name the actions in its head (`action in […]`)"
    )]
    ActionInCondition {
        /// The file.
        file: String,
        /// The `@id`.
        policy: String,
    },
    /// Speaks of what there isn't, or can't ever be true.
    #[error("{reason}")]
    Invalid {
        /// What Cedar's validator says.
        reason: String,
    },
    /// The table of institutions is wrong.
    #[error("{file}: {reason}")]
    Institutions {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A file that should be there.
    #[error("{file} is missing: policies are files that end in .cedar, with institutions.toml beside them")]
    Missing {
        /// The file.
        file: &'static str,
    },
    /// A file that has no meaning here.
    #[error("{file} is neither a .cedar file nor institutions.toml")]
    Unknown {
        /// The file.
        file: String,
    },
    /// The schema that policies are checked against isn't the program's.
    #[error("the policy schema does not fit this program: {reason}")]
    Schema {
        /// What is wrong.
        reason: String,
    },
}

/// All that is wrong with policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyErrors(pub Vec<PolicyError>);

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these access policies can't be used:")?;
        self.0.iter().try_for_each(|error| write!(f, "\n  {error}"))
    }
}

impl std::error::Error for PolicyErrors {}

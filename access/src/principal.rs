//! Principals: who, for which institution, as what, and what for.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use domain::values::{Actor, UserName, ValueError};
use serde::{Deserialize, Serialize};

pub use domain::values::{AccessReference as Reference, InstitutionCode as Institution, TerritoryCode as Territory};

/// What somebody is in an institution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Takes calls and sends units (dispečers).
    Dispatcher,
    /// Works on incidents (amatpersona).
    Officer,
    /// Leads them and answers for their work.
    Supervisor,
    /// Checks what was done with the register (auditors).
    Auditor,
    /// Makes statistics.
    Analyst,
    /// A connected system, such as a municipal journal or VKCP.
    System,
}

/// What somebody asks for (mērķis). Without one there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Help is on its way or has to be sent.
    Response,
    /// An offence is being investigated.
    Investigation,
    /// An offence is to be prevented.
    Prevention,
    /// Numbers without persons.
    Statistics,
    /// The work of others is checked.
    Audit,
    /// Administrative proceedings (administratīvā pārkāpuma process).
    Administration,
    /// The register itself is run.
    Operation,
}

macro_rules! named {
    ($type:ident: $($variant:ident $name:literal),+) => {
        impl $type {
            /// Each of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its name in tokens, metadata and on the command line.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let found = Self::ALL.iter().find(|known| known.name() == text).copied();
                found.ok_or_else(|| format!("`{text}` is none of {}", [$($name),+].join(", ")))
            }
        }
    };
}

pub(crate) use named;

named!(Role: Dispatcher "dispatcher", Officer "officer", Supervisor "supervisor", Auditor "auditor", Analyst "analyst", System "system");
named!(Purpose: Response "response", Investigation "investigation", Prevention "prevention", Statistics "statistics",
    Audit "audit", Administration "administration", Operation "operation");

/// Somebody whose token was checked, in what they do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Person or system, as its institution names it.
    pub subject: String,
    /// Institution that they act for.
    pub institution: Institution,
    /// What they are there; at least one, in order, each once.
    pub roles: Vec<Role>,
    /// Whether they were trained to use the register; nobody records anything before.
    pub trained: bool,
    /// All that they may act for; at least one, in order, each once.
    pub purposes: Vec<Purpose>,
    /// Which of these it is this time.
    pub purpose: Purpose,
    /// The case, card or task that it is about.
    pub reference: Option<Reference>,
    /// Where they are competent, in order; none where that is the whole country.
    pub territories: Vec<Territory>,
    /// When they have to come back with another token.
    pub expires_at: DateTime<Utc>,
}

impl Principal {
    /// Somebody trained, for one purpose, in the whole country.
    pub fn new(
        subject: impl Into<String>,
        institution: Institution,
        mut roles: Vec<Role>,
        purpose: Purpose,
        expires_at: DateTime<Utc>,
    ) -> Self {
        roles.sort_unstable();
        roles.dedup();
        Self {
            subject: subject.into(),
            institution,
            roles,
            trained: true,
            purposes: vec![purpose],
            purpose,
            reference: None,
            territories: Vec::new(),
            expires_at,
        }
    }

    /// The roles as they stand in an event's metadata: names with commas.
    pub fn role_names(&self) -> String {
        self.roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(",")
    }

    /// Whether it is a connected system and nobody's person.
    pub fn is_system(&self) -> bool {
        self.roles.iter().all(|role| *role == Role::System)
    }

    /// Who it is, as events name them.
    ///
    /// # Errors
    /// Where events can't hold the subject.
    pub fn actor(&self) -> Result<Actor, ValueError> {
        Ok(Actor { institution: self.institution.clone(), user: UserName::parse(&self.subject)? })
    }
}

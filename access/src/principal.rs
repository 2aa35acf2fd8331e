//! Principals: who, for which institution, as what, and what for.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

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

/// Code of an institution: `VP`, `VUGD`, `RPP`. One to 32 letters, digits, `-`, `_` or `.`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Institution(String);

impl Institution {
    /// Checks a code.
    ///
    /// # Errors
    /// Says what a code looks like.
    pub fn parse(code: &str) -> Result<Self, String> {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        if (1..=32).contains(&code.chars().count()) && code.chars().all(fits) {
            Ok(Self(code.to_owned()))
        } else {
            Err("an institution's code has one to 32 letters, digits, `-`, `_` or `.`, such as VP or VUGD".into())
        }
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Number of the case, card or task that somebody acts for (pamatojuma numurs): one to 64 letters, digits, `-`, `_`, `.`, `/` or
/// `:`, so that nobody writes a story or a name into the access log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference(String);

impl Reference {
    /// Checks one.
    ///
    /// # Errors
    /// Says what a reference looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':');
        if (1..=64).contains(&text.chars().count()) && text.chars().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err("a reference is the number of a case, card or task: one to 64 letters, digits, `-`, `_`, `.`, `/` or `:`".into())
        }
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Code of a territory (ATVK): seven digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Territory(String);

impl Territory {
    /// Checks a code.
    ///
    /// # Errors
    /// Says what a code looks like.
    pub fn parse(code: &str) -> Result<Self, String> {
        if code.len() == 7 && code.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(code.to_owned()))
        } else {
            Err("a territory's code has seven digits, such as 0001000 for Rīga".into())
        }
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What [`Reference`] and [`Territory`] have in common with [`Institution`].
macro_rules! code {
    ($($type:ident),+) => {
        $(
            impl TryFrom<String> for $type {
                type Error = String;

                fn try_from(text: String) -> Result<Self, String> {
                    Self::parse(&text)
                }
            }

            impl From<$type> for String {
                fn from(code: $type) -> Self {
                    code.0
                }
            }

            impl FromStr for $type {
                type Err = String;

                fn from_str(text: &str) -> Result<Self, String> {
                    Self::parse(text)
                }
            }

            impl fmt::Display for $type {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(&self.0)
                }
            }
        )+
    };
}

code!(Institution, Reference, Territory);

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
}

//! Open lists of codes: what kind of incident, how it ended. They are data that change with time; a file for each.
//!
//! `parse` takes only codes of today's table. A code that is read from the log is taken as it is, if it has the form of a
//! code: it was valid when it was written. Versions with validity belong here once classifiers are data of their own.

mod card_type;
mod disposition;
mod hazard;
mod incident_type;
mod result;
mod unknown;

pub use card_type::CardType;
pub use disposition::Disposition;
pub use hazard::Hazard;
pub use incident_type::IncidentType;
pub use result::ResultCode;
pub use unknown::UnknownCode;

/// An entry of a classifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Stable code, lower-case words with hyphens.
    pub code: &'static str,
    /// Latvian label.
    pub label_lv: &'static str,
    /// English label.
    pub label_en: &'static str,
}

/// Whether `code` has the form of a code: 1 to 64 of a to z, 0 to 9 and `-`.
fn is_code(code: &str) -> bool {
    (1..=64).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Defines the type of a classifier's codes and its table.
macro_rules! classifier {
    ($(#[$meta:meta])* $name:ident ($what:literal) { $($code:literal, $lv:literal, $en:literal;)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, schemars::JsonSchema)]
        #[schemars(extend("pattern" = "^[a-z0-9-]{1,64}$"))]
        pub struct $name(std::borrow::Cow<'static, str>);

        impl $name {
            /// Today's table.
            pub const TABLE: &'static [$crate::classifier::Entry] = &[
                $($crate::classifier::Entry { code: $code, label_lv: $lv, label_en: $en },)+
            ];

            /// The code, where today's table has it.
            ///
            /// # Errors
            /// Lists the codes that come near, or all.
            pub fn parse(code: &str) -> Result<Self, $crate::classifier::UnknownCode> {
                let entry = Self::TABLE.iter().find(|entry| entry.code == code).ok_or_else(|| {
                    $crate::classifier::UnknownCode::new($what, code, Self::TABLE.iter().map(|entry| entry.code))
                })?;
                Ok(Self(std::borrow::Cow::Borrowed(entry.code)))
            }

            /// The code itself.
            #[must_use]
            pub fn code(&self) -> &str {
                &self.0
            }

            /// What people read; the code itself where today's table hasn't it.
            #[must_use]
            pub fn label(&self, lang: $crate::lang::Lang) -> &str {
                match (Self::TABLE.iter().find(|entry| entry.code == self.0), lang) {
                    (Some(entry), $crate::lang::Lang::Lv) => entry.label_lv,
                    (Some(entry), $crate::lang::Lang::En) => entry.label_en,
                    (None, _) => &self.0,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let code = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                match Self::parse(&code) {
                    Ok(known) => Ok(known),
                    Err(_) if $crate::classifier::is_code(&code) => Ok(Self(code.into_owned().into())),
                    Err(unknown) => Err(serde::de::Error::custom(unknown)),
                }
            }
        }
    };
}
use classifier;

//! Words that people see, in Latvian and English, from one place: the classifiers and the terms.

/// A language of labels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// Latvian.
    #[default]
    Lv,
    /// English.
    En,
}

impl Lang {
    /// Language of a BCP 47 tag, `en-GB`; Latvian where it is another.
    #[must_use]
    pub fn of_tag(tag: &str) -> Self {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("en") { Self::En } else { Self::Lv }
    }
}

/// Defines an enum of the domain with its stable codes and its labels.
///
/// Each has `ALL`, `code()`, `label(lang)` and `parse(code)`; in JSON it is its code.
macro_rules! terms {
    ($(#[$meta:meta])* $name:ident ($what:literal) {
        $($(#[$variant_meta:meta])* $variant:ident = $code:literal, $lv:literal, $en:literal;)+
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, schemars::JsonSchema)]
        pub enum $name {
            $($(#[$variant_meta])* #[schemars(rename = $code)] $variant,)+
        }

        impl $name {
            /// All of them, in the order in which they are defined.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Stable code, as it stands in events.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// What people read.
            #[must_use]
            pub const fn label(self, lang: $crate::lang::Lang) -> &'static str {
                match (self, lang) {
                    $((Self::$variant, $crate::lang::Lang::Lv) => $lv,
                    (Self::$variant, $crate::lang::Lang::En) => $en,)+
                }
            }

            /// The one with this code.
            ///
            /// # Errors
            /// Lists the codes that there are.
            pub fn parse(code: &str) -> Result<Self, $crate::classifier::UnknownCode> {
                Self::ALL.iter().copied().find(|term| term.code() == code).ok_or_else(|| {
                    $crate::classifier::UnknownCode::new($what, code, Self::ALL.iter().map(|term| term.code()))
                })
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let code = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Self::parse(&code).map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use terms;

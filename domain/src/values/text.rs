//! Short and long texts, each with its limit.

use std::fmt;

use schemars::JsonSchema;

use super::{ValueError, serde_as_text};

/// `text` trimmed, where it has 1 to `most` characters and no control character (but line feeds and tabs where it has lines).
fn checked(what: &'static str, most: usize, lines: bool, text: &str) -> Result<String, ValueError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ValueError::Empty { what });
    }
    let mut length = 0;
    for character in text.chars() {
        length += 1;
        let allowed = !character.is_control() || (lines && matches!(character, '\n' | '\r' | '\t'));
        if !allowed {
            return Err(ValueError::ControlCharacter { what, at: length });
        }
    }
    if length > most {
        return Err(ValueError::TooLong { what, most, length });
    }
    Ok(text.to_owned())
}

macro_rules! text_type {
    ($(#[$meta:meta])* $name:ident, $what:literal, $most:literal, $shape:expr) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
        #[schemars(extend("minLength" = 1, "maxLength" = $most, "pattern" = $shape.pattern()))]
        pub struct $name(String);

        impl $name {
            /// Most characters that it may have.
            pub const MAX: usize = $most;

            /// Trims and checks it.
            ///
            /// # Errors
            /// Where it is empty, longer than `MAX`, has control characters or isn't in its form.
            pub fn parse(text: &str) -> Result<Self, ValueError> {
                let shape: Shape = $shape;
                shape.parse($what, $most, text).map(Self)
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        serde_as_text!($name);
    };
}

/// What a text may look like beside its length.
enum Shape {
    /// One line.
    Line,
    /// Many lines.
    Lines,
    /// One line, inner white space made single, letters made capital.
    Capitals,
    /// Characters that `allowed` names, letters made capital.
    Code { allowed: fn(char) -> bool, pattern: &'static str, expected: &'static str, capitals: bool },
}

impl Shape {
    /// What a stored one matches, in the regular expressions of JSON Schema.
    fn pattern(&self) -> &'static str {
        match self {
            Self::Line | Self::Capitals => r"^[^\u0000-\u001f\u007f-\u009f]+$",
            Self::Lines => r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]+$",
            Self::Code { pattern, .. } => pattern,
        }
    }

    fn parse(&self, what: &'static str, most: usize, text: &str) -> Result<String, ValueError> {
        let text = checked(what, most, matches!(self, Self::Lines), text)?;
        match self {
            Self::Line | Self::Lines => Ok(text),
            Self::Capitals => {
                let capitals = text.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase();
                checked(what, most, false, &capitals)
            }
            Self::Code { allowed, expected, capitals, .. } => {
                let text = if *capitals { text.to_ascii_uppercase() } else { text };
                let begins_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
                if begins_well && text.chars().all(allowed) {
                    Ok(text)
                } else {
                    Err(ValueError::Form { what, expected })
                }
            }
        }
    }
}

text_type! {
    /// What happened, in words (apraksts).
    Narrative, "narrative", 20_000, Shape::Lines
}
text_type! {
    /// Why something was changed (pamatojums).
    Reason, "reason", 1_000, Shape::Lines
}
text_type! {
    /// A place as somebody wrote it.
    PlaceText, "place text", 500, Shape::Lines
}
text_type! {
    /// A person's name as it was given.
    PersonName, "name", 200, Shape::Line
}
text_type! {
    /// An institution (iestāde) that uses the register, `VP-RIGA`; letters become capital.
    InstitutionCode, "institution", 32, Shape::Code {
        allowed: |c| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.'),
        pattern: "^[A-Z0-9][A-Z0-9._-]*$",
        expected: "letters A to Z, digits, `-`, `_` and `.`, as in `VP-RIGA`",
        capitals: true,
    }
}
text_type! {
    /// A unit's call sign (izsaukuma signāls); letters become capital, so that `e28` and `E28` are one unit.
    CallSign, "call sign", 32, Shape::Capitals
}
text_type! {
    /// A foreign system that records come from, `sffd-cad`.
    SourceSystem, "source system", 64, Shape::Code {
        allowed: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.'),
        pattern: "^[a-z0-9][a-z0-9._-]*$",
        expected: "lower-case letters a to z, digits, `-`, `_` and `.`, as in `sffd-cad`",
        capitals: false,
    }
}
text_type! {
    /// A foreign system's own id of a record.
    ExternalId, "external id", 128, Shape::Line
}
text_type! {
    /// A code as a foreign system had it, kept as it came.
    SourceCode, "source code", 64, Shape::Line
}
text_type! {
    /// Service number of an officer (dienesta numurs).
    Officer, "officer", 32, Shape::Line
}
text_type! {
    /// Home station of a unit (daļa, iecirknis).
    Station, "station", 64, Shape::Line
}
text_type! {
    /// Number of a process that an incident went on in (lietas numurs).
    CaseRef, "case reference", 64, Shape::Line
}
text_type! {
    /// The proceedings that personal data must be kept for (lietvedības numurs).
    HoldReference, "hold reference", 64, Shape::Line
}
text_type! {
    /// An institution's name for one of its people or systems, as their tokens have it.
    UserName, "user", 200, Shape::Line
}
text_type! {
    /// Number of the case, card or task that somebody looks for (pamatojuma numurs): no white space, so that nobody writes
    /// names or stories into the access log.
    AccessReference, "reference", 64, Shape::Code {
        allowed: |c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':'),
        pattern: r"^[A-Za-z0-9][\p{L}\p{N}._/:-]*$",
        expected: "letters, digits, `-`, `_`, `.`, `/` and `:`, as in `VNR-2026-0000001`",
        capitals: false,
    }
}
text_type! {
    /// What somebody looks for (mērķis), `investigation`.
    PurposeCode, "purpose", 32, Shape::Code {
        allowed: |c| c.is_ascii_lowercase() || c == '_',
        pattern: "^[a-z][a-z_]*$",
        expected: "lower-case letters and `_`, as in `investigation`",
        capitals: false,
    }
}
text_type! {
    /// Something that can be asked for, by its name in the contract: `RegisterIncident`, `incident`.
    ActionName, "action", 64, Shape::Code {
        allowed: |c| c.is_ascii_alphanumeric() || c == '_',
        pattern: "^[A-Za-z0-9][A-Za-z0-9_]*$",
        expected: "letters, digits and `_`, as in `RegisterIncident`",
        capitals: false,
    }
}
text_type! {
    /// Somebody outside who is given data (saņēmējs).
    Recipient, "recipient", 200, Shape::Line
}
text_type! {
    /// Number that a record had in the register it comes from.
    LegacyNumber, "legacy number", 64, Shape::Line
}
text_type! {
    /// Where the recording of a call is kept.
    RecordingRef, "recording reference", 256, Shape::Line
}
text_type! {
    /// A file of the access policy, `visibility.cedar`.
    PolicyFileName, "policy file name", 64, Shape::Code {
        allowed: |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'),
        pattern: "^[A-Za-z0-9][A-Za-z0-9._-]*$",
        expected: "letters A to Z, digits, `-`, `_` and `.`, as in `visibility.cedar`",
        capitals: false,
    }
}
text_type! {
    /// A read model (lasāmais modelis) by its name in the database, `case_search`.
    ReadModelName, "read model", 48, Shape::Code {
        allowed: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_',
        pattern: "^[a-z0-9][a-z0-9_]*$",
        expected: "lower-case letters a to z, digits and `_`, as in `case_search`",
        capitals: false,
    }
}
text_type! {
    /// A code of a classifier (klasifikatora kods), `domestic-violence`.
    Code, "code", 64, Shape::Code {
        allowed: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-',
        pattern: "^[a-z0-9][a-z0-9-]*$",
        expected: "lower-case letters a to z, digits and `-`, as in `domestic-violence`",
        capitals: false,
    }
}
text_type! {
    /// What people read for a code (nosaukums).
    Label, "label", 200, Shape::Line
}
text_type! {
    /// Name of what else is known of a code, `iccs`.
    AttributeName, "attribute name", 32, Shape::Code {
        allowed: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_',
        pattern: "^[a-z0-9][a-z0-9_]*$",
        expected: "lower-case letters a to z, digits and `_`, as in `city_minutes`",
        capitals: false,
    }
}
text_type! {
    /// What else is known of a code.
    AttributeValue, "attribute", 200, Shape::Line
}
text_type! {
    /// A country by its two letters (ISO 3166-1), `LV`.
    CountryCode, "country", 2, Shape::Code {
        allowed: |c| c.is_ascii_uppercase(),
        pattern: "^[A-Z]{2}$",
        expected: "two letters, as in `LV`",
        capitals: true,
    }
}
text_type! {
    /// What an item, a vehicle or an action is like, in words (pazīmes).
    Description, "description", 2_000, Shape::Lines
}
text_type! {
    /// A number that a maker put on an item (sērijas numurs), or a document's own.
    SerialNumber, "serial number", 64, Shape::Line
}

impl SerialNumber {
    /// Its letters and digits alone, in capitals: the same however it was written.
    #[must_use]
    pub fn compact(&self) -> String {
        self.as_str().chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
    }
}

text_type! {
    /// Make, model or colour.
    VehicleMark, "vehicle mark", 64, Shape::Line
}
text_type! {
    /// Name of an organisation (nosaukums).
    OrganisationName, "name of an organisation", 200, Shape::Line
}
text_type! {
    /// Number of a protocol (protokola numurs).
    ProtocolNumber, "protocol number", 64, Shape::Line
}
text_type! {
    /// Number of a custody seal (plombas numurs).
    CustodySeal, "custody seal", 64, Shape::Line
}
text_type! {
    /// Where seized items are kept (glabātava): a storage or a person's service number.
    StorageName, "storage", 128, Shape::Line
}

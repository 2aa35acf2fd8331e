//! Personal data in an immutable log: readable with a key that can be destroyed.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A field with personal data. It prints as `***`, whatever it holds.
///
/// In the log it is `{"$sealed":"v1.<key id>.<base64url of nonce, ciphertext, tag>"}` or, once its key was destroyed and
/// the reader says so, `{"$erased":true}`. An open one becomes JSON, `{"$open":…}`, only inside [`opened`], where the store
/// seals it before anything is hashed or written; anywhere else serialising it is an error.
/// Aggregates never look inside: a rule must not need what can be erased.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Personal<T> {
    /// Readable.
    Open(T),
    /// Encrypted: format version, key id and bytes.
    Sealed(String),
    /// Its key was destroyed; nobody can read it again.
    Erased,
}

impl<T> Personal<T> {
    /// What it holds, where it is open.
    pub fn as_open(&self) -> Option<&T> {
        match self {
            Self::Open(value) => Some(value),
            Self::Sealed(_) | Self::Erased => None,
        }
    }

    /// Whether its key was destroyed.
    pub fn is_erased(&self) -> bool {
        matches!(self, Self::Erased)
    }
}

impl<T> From<T> for Personal<T> {
    fn from(value: T) -> Self {
        Self::Open(value)
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T> fmt::Display for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Key of an open value: exists only between the domain and the store.
pub const OPEN: &str = "$open";
/// Key of a sealed value in the log.
pub const SEALED: &str = "$sealed";
/// Name of the field by which an object says whose data it holds: the id of a data subject (datu subjekts). Personal data in
/// that object is sealed under a key of that subject within the record.
pub const SUBJECT: &str = "subject";
/// Key of an erased value.
pub const ERASED: &str = "$erased";

thread_local! {
    static OPENED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `serialise` with open personal data allowed to become JSON on this thread. For the store, which seals what comes out.
pub fn opened<R>(serialise: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            OPENED.set(self.0);
        }
    }
    let _restore = Restore(OPENED.replace(true));
    serialise()
}

impl<T: Serialize> Serialize for Personal<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if matches!(self, Self::Open(_)) && !OPENED.get() {
            return Err(S::Error::custom("open personal data must be sealed by the store before it is written"));
        }
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Open(value) => map.serialize_entry(OPEN, value)?,
            Self::Sealed(sealed) => map.serialize_entry(SEALED, sealed)?,
            Self::Erased => map.serialize_entry(ERASED, &true)?,
        }
        map.end()
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Personal<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        enum Form {
            #[serde(rename = "$open")]
            Open(Value),
            #[serde(rename = "$sealed")]
            Sealed(String),
            #[serde(rename = "$erased")]
            Erased(bool),
        }
        match Form::deserialize(deserializer)? {
            // The cause would quote the value; only its kind may be told.
            Form::Open(value) => serde_json::from_value(value)
                .map(Self::Open)
                .map_err(|_| D::Error::custom("an opened personal value isn't of its field's type")),
            Form::Sealed(sealed) => Ok(Self::Sealed(sealed)),
            Form::Erased(true) => Ok(Self::Erased),
            Form::Erased(false) => Err(D::Error::custom("`$erased` is `true` or not there")),
        }
    }
}

/// What stands in the log: sealed or erased, never open. What was sealed is described under `x-sealed`, which validators pass
/// over: it is for those who may open it.
impl<T: JsonSchema> JsonSchema for Personal<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Sealed{}", T::schema_name()).into()
    }

    fn schema_id() -> Cow<'static, str> {
        format!("{}::Personal<{}>", module_path!(), T::schema_id()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let sealed = generator.subschema_for::<T>();
        json_schema!({
            "description": "Personal data, sealed with a key that can be destroyed.",
            "oneOf": [
                {
                    "type": "object",
                    "properties": {
                        SEALED: {
                            "description": "Version of the format, id of the key, and nonce, ciphertext and tag of AES-256-GCM \
                                            in base64url.",
                            "type": "string",
                            "pattern": r"^v1\.[0-9a-f]{32}\.[A-Za-z0-9_-]{39,}$",
                        },
                    },
                    "required": [SEALED],
                    "additionalProperties": false,
                },
                {
                    "type": "object",
                    "properties": { ERASED: { "description": "Its key was destroyed.", "const": true } },
                    "required": [ERASED],
                    "additionalProperties": false,
                },
            ],
            "x-sealed": sealed,
        })
    }
}

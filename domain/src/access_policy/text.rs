//! The text of a policy, and its digest.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest as _, Sha256};

use crate::values::{ContentDigest, PolicyFileName, ValueError};

/// The text of an access policy: files by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PolicyText(BTreeMap<PolicyFileName, String>);

impl PolicyText {
    /// Most files that it has.
    pub const MOST_FILES: usize = 64;
    /// Most bytes of all its files: 256 KiB.
    pub const MOST_BYTES: usize = 256 * 1024;

    /// The files, each by its name; of two of one name the last.
    ///
    /// # Errors
    /// Where there is none, too many or too much of them, or a control character in one.
    pub fn try_new(files: impl IntoIterator<Item = (PolicyFileName, String)>) -> Result<Self, ValueError> {
        fn within(what: &'static str, most: usize, there_are: usize) -> Result<(), ValueError> {
            let to = i64::try_from(most).unwrap_or(i64::MAX);
            if (1..=most).contains(&there_are) { Ok(()) } else { Err(ValueError::Range { what, from: 1, to }) }
        }
        let files: BTreeMap<PolicyFileName, String> = files.into_iter().collect();
        within("the number of policy files", Self::MOST_FILES, files.len())?;
        within("the size of the policy in bytes", Self::MOST_BYTES, files.values().map(String::len).sum())?;
        for text in files.values() {
            let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
            if let Some(before) = text.chars().position(control) {
                return Err(ValueError::ControlCharacter { what: "policy file", at: before + 1 });
            }
        }
        Ok(Self(files))
    }

    /// The files, in the order of their names.
    pub fn files(&self) -> impl Iterator<Item = (&PolicyFileName, &str)> {
        self.0.iter().map(|(name, text)| (name, text.as_str()))
    }

    /// What names this text in events, and what a program says that decides by it: see [`digest_of_files`].
    #[must_use]
    pub fn digest(&self) -> ContentDigest {
        digest_of_files(self.files().map(|(name, text)| (name.as_str(), text)))
    }
}

/// SHA-256 over name and text of each file in the order of the names, each preceded by its length in bytes (64 bits, big-endian):
/// nothing can be moved from one to another without a trace, and the order in which they come makes no difference. What policies may
/// speak about (their schema) is the program's own and not part of it, so that a text keeps its digest when the program changes.
#[must_use]
pub fn digest_of_files<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> ContentDigest {
    let mut files: Vec<(&str, &str)> = files.into_iter().collect();
    files.sort_unstable();
    let mut hasher = Sha256::new();
    for part in files.into_iter().flat_map(|(name, text)| [name, text]) {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    ContentDigest::of(hasher.finalize().into())
}

impl<'de> Deserialize<'de> for PolicyText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_new(BTreeMap::<PolicyFileName, String>::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl JsonSchema for PolicyText {
    fn schema_name() -> Cow<'static, str> {
        "PolicyText".into()
    }

    fn schema_id() -> Cow<'static, str> {
        concat!(module_path!(), "::PolicyText").into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let name = generator.subschema_for::<PolicyFileName>();
        json_schema!({
            "description": "The text of an access policy: files by name, at most 256 KiB together.",
            "type": "object",
            "propertyNames": name,
            "additionalProperties": { "type": "string" },
            "minProperties": 1,
            "maxProperties": Self::MOST_FILES,
        })
    }
}

//! Digests of contents.

use std::fmt;

use schemars::JsonSchema;

use super::{ValueError, serde_as_text};

/// SHA-256 of something, keyed or not: 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(extend("pattern" = "^[0-9a-f]{64}$"))]
pub struct ContentDigest(String);

impl ContentDigest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: [u8; 32]) -> Self {
        use fmt::Write as _;
        let mut text = String::with_capacity(64);
        for byte in bytes {
            // Writing to a string doesn't fail.
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// Checks one; capital digits become small.
    ///
    /// # Errors
    /// Where it isn't 64 hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let text = text.trim().to_ascii_lowercase();
        if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Ok(Self(text))
        } else {
            Err(ValueError::Form { what: "digest", expected: "64 hexadecimal digits" })
        }
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(ContentDigest);

/// A short keyed digest of one value: tells whether a source says something else than before, and nobody what it says. 16 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(extend("pattern" = "^[0-9a-f]{16}$"))]
pub struct FieldMark(String);

impl FieldMark {
    /// The beginning of a digest.
    #[must_use]
    pub fn of(digest: [u8; 32]) -> Self {
        let ContentDigest(mut text) = ContentDigest::of(digest);
        text.truncate(16);
        Self(text)
    }

    /// Checks one.
    ///
    /// # Errors
    /// Where it isn't 16 hexadecimal digits in small letters.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == 16 && text.bytes().all(digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::Form { what: "mark", expected: "16 hexadecimal digits" })
        }
    }
}

impl fmt::Display for FieldMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(FieldMark);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_the_beginning_of_a_digest() {
        assert_eq!(FieldMark::of([0xab; 32]), FieldMark::parse(&"ab".repeat(8)).unwrap());
        for text in ["", "ab", &"AB".repeat(8), &"ab".repeat(9)] {
            assert!(FieldMark::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_digest_is_64_digits_however_it_comes() {
        assert_eq!(ContentDigest::of([0xab; 32]).to_string(), "ab".repeat(32));
        assert_eq!(ContentDigest::parse(&"ab".repeat(32)).unwrap(), ContentDigest::of([0xab; 32]));
        assert_eq!(ContentDigest::parse(&"AB".repeat(32)).unwrap(), ContentDigest::of([0xab; 32]));
        for text in ["", &"ab".repeat(31), &"xy".repeat(32)] {
            assert!(ContentDigest::parse(text).is_err(), "{text}");
        }
    }
}

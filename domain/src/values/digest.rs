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

    /// Checks one.
    ///
    /// # Errors
    /// Where it isn't 64 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
        if text.len() == 64 && text.bytes().all(is_digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::Form { what: "digest", expected: "64 digits 0 to 9 and a to f" })
        }
    }
}

impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(ContentDigest);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_64_digits_however_it_comes() {
        assert_eq!(ContentDigest::of([0xab; 32]).to_string(), "ab".repeat(32));
        assert_eq!(ContentDigest::parse(&"ab".repeat(32)).unwrap(), ContentDigest::of([0xab; 32]));
        for text in ["", &"ab".repeat(31), &"AB".repeat(32), &"xy".repeat(32)] {
            assert!(ContentDigest::parse(text).is_err(), "{text}");
        }
    }
}

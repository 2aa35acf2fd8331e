//! Which access policies are in force.

/// Where the access policies in force come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicySource {
    /// The version that two persons adopted last; before the first, the one that the program came with.
    Adopted,
    /// The one that the program came with, whatever was adopted: the way out where nobody can decide by what was.
    Embedded,
}

/// The usual one.
pub(super) const ADOPTED: &str = "adopted";

pub(super) fn source(text: &str) -> Result<PolicySource, String> {
    match text {
        ADOPTED => Ok(PolicySource::Adopted),
        "embedded" => Ok(PolicySource::Embedded),
        _ => Err(format!("`{text}` is neither adopted nor embedded")),
    }
}

//! One notary key vouching for the next, so that who trusts the old one can come to trust the new one by itself.

use super::note::{NoteError, SignedNote, VerifierKey};

/// First line of the statement. No tree head begins so: an origin holds no blank.
const TITLE: &str = "vnr notary key succession v1";

/// The text that the old and the new key sign: title, origin, the new key; a line each.
pub fn text(successor: &VerifierKey) -> String {
    format!("{TITLE}\n{}\n{successor}\n", successor.name())
}

/// The key that a statement introduces. It must have signed the statement itself; who else has is for [`extend`] to see.
///
/// # Errors
/// When it is no such statement.
pub fn successor(note: &SignedNote) -> Result<VerifierKey, NoteError> {
    let wrong = NoteError::Malformed("it does not introduce a notary key");
    let lines: Vec<&str> = note.text.lines().collect();
    let [TITLE, origin, key] = lines.as_slice() else { return Err(wrong) };
    let key = VerifierKey::parse(key)?;
    if key.name() != *origin || note.text != text(&key) {
        return Err(wrong);
    }
    note.signers(std::slice::from_ref(&key))?;
    Ok(key)
}

/// The trusted keys and those that they vouch for, directly or through others.
///
/// A statement that no trusted key has signed adds nothing; that is no fault of it, its signer may be trusted elsewhere.
///
/// # Errors
/// When a statement is none, or carries a wrong signature of a trusted key.
pub fn extend(trusted: &[VerifierKey], statements: &[SignedNote]) -> Result<Vec<VerifierKey>, NoteError> {
    let mut keys = trusted.to_vec();
    for statement in statements {
        let key = successor(statement)?;
        let same_name: Vec<VerifierKey> = keys.iter().filter(|known| known.name() == key.name()).cloned().collect();
        match statement.signers(&same_name) {
            Ok(_) if !keys.contains(&key) => keys.push(key),
            Ok(_) | Err(NoteError::Untrusted(_)) => {}
            Err(wrong) => return Err(wrong),
        }
    }
    Ok(keys)
}

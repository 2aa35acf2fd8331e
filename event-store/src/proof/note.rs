//! Signed notes and verifier keys, as specified by C2SP `signed-note` (<https://c2sp.org/signed-note>), with Ed25519.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::signature::{ED25519, UnparsedPublicKey};
use sha2::{Digest as _, Sha256};

/// Type of an Ed25519 signature in key ids and verifier keys.
const ED25519_TYPE: u8 = 0x01;
/// More signatures than any note needs; C2SP asks for at least 16.
const MOST_SIGNATURES: usize = 64;

/// A note or a key that is not what it should be.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum NoteError {
    /// It is no signed note.
    #[error("this is no signed note: {0}")]
    Malformed(&'static str),
    /// It is no verifier key.
    #[error("`{0}` is no verifier key (NAME+8 hexadecimal digits+base64)")]
    Key(String),
    /// Nobody who is trusted has signed it.
    #[error("no trusted key has signed it; it is signed by {0}")]
    Untrusted(String),
    /// A trusted key has signed something else.
    #[error("the signature of the key {0} is wrong: it was not made over this text")]
    Signature(String),
}

/// First four bytes of the SHA-256 of name, newline, signature type and public key.
pub type KeyId = [u8; 4];

/// A public key with the name that it signs under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public: [u8; 32],
}

impl VerifierKey {
    /// The key of that name. Names are origins of logs, so they hold neither blank nor plus.
    pub fn new(name: &str, public: [u8; 32]) -> VerifierKey {
        VerifierKey { name: name.to_owned(), public }
    }

    /// Reads `NAME+ID+BASE64`.
    ///
    /// # Errors
    /// When it is none, its id is not that of its content, or it is for another kind of signature.
    pub fn parse(text: &str) -> Result<VerifierKey, NoteError> {
        let wrong = || NoteError::Key(text.to_owned());
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(material)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong());
        };
        let bytes = BASE64.decode(material).map_err(|_| wrong())?;
        let (kind, public) = bytes.split_first().ok_or_else(wrong)?;
        let public = <[u8; 32]>::try_from(public).map_err(|_| wrong())?;
        let key = VerifierKey::new(name, public);
        if !is_name(name) || *kind != ED25519_TYPE || id != key.id_hex() {
            return Err(wrong());
        }
        Ok(key)
    }

    /// Reads a file of keys, one a line; empty lines and lines that begin with `#` are left out.
    ///
    /// # Errors
    /// When a line is no key.
    pub fn parse_file(text: &str) -> Result<Vec<VerifierKey>, NoteError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(VerifierKey::parse).collect()
    }

    /// What it signs under: the origin of a log.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its id.
    pub fn id(&self) -> KeyId {
        let mut hasher = Sha256::new();
        hasher.update(self.name.as_bytes());
        hasher.update([b'\n', ED25519_TYPE]);
        hasher.update(self.public);
        let hash: [u8; 32] = hasher.finalize().into();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// Its id as 8 hexadecimal digits.
    pub fn id_hex(&self) -> String {
        hex(&self.id())
    }

    /// Whether it made that signature over that text.
    fn made(&self, signature: &[u8], text: &str) -> bool {
        UnparsedPublicKey::new(&ED25519, self.public).verify(text.as_bytes(), signature).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let material = BASE64.encode([&[ED25519_TYPE][..], &self.public].concat());
        write!(f, "{}+{}+{material}", self.name, self.id_hex())
    }
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// Who says to have signed.
    pub name: String,
    /// With which of their keys.
    pub key_id: KeyId,
    /// 64 bytes, for Ed25519.
    pub signature: Vec<u8>,
}

/// A text with signatures over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    /// What was signed, with the newline at its end.
    pub text: String,
    /// At least one.
    pub signatures: Vec<NoteSignature>,
}

impl SignedNote {
    /// Reads one note.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(note: &str) -> Result<SignedNote, NoteError> {
        let wrong = NoteError::Malformed;
        if note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(wrong("it holds control characters"));
        }
        let end = note.rfind("\n\n").ok_or(wrong("there is no empty line before the signatures"))? + 1;
        let (text, lines) = (&note[..end], &note[end + 1..]);
        let lines = lines.strip_suffix('\n').ok_or(wrong("the last line does not end"))?;
        let signatures = lines.split('\n').map(signature_line).collect::<Option<Vec<_>>>();
        let signatures = signatures.ok_or(wrong("a line after the empty one is no signature"))?;
        if signatures.len() > MOST_SIGNATURES {
            return Err(wrong("it has too many signatures"));
        }
        Ok(SignedNote { text: text.to_owned(), signatures })
    }

    /// Reads a file of notes one after the other, as they are kept outside.
    ///
    /// # Errors
    /// When something in it is no note.
    pub fn parse_file(text: &str) -> Result<Vec<SignedNote>, NoteError> {
        let mut notes = Vec::new();
        let (mut note, mut signed) = (String::new(), false);
        for line in text.lines() {
            let signature = line.starts_with("— ");
            // After signatures begins the next note; empty lines between notes belong to none.
            if signed && !signature {
                notes.push(SignedNote::parse(&note)?);
                (note, signed) = (String::new(), false);
            }
            if note.is_empty() && line.is_empty() {
                continue;
            }
            signed |= signature;
            note.push_str(line);
            note.push('\n');
        }
        if !note.is_empty() {
            notes.push(SignedNote::parse(&note)?);
        }
        Ok(notes)
    }

    /// The keys, of those that are trusted, that have signed it.
    ///
    /// # Errors
    /// When none has, or when one of them has a signature there that it did not make.
    pub fn signers<'k>(&self, trusted: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signers = Vec::new();
        for line in &self.signatures {
            for key in trusted.iter().filter(|key| key.name == line.name && key.id() == line.key_id) {
                if !key.made(&line.signature, &self.text) {
                    return Err(NoteError::Signature(key.to_string()));
                }
                signers.push(key);
            }
        }
        if signers.is_empty() {
            let names: Vec<String> =
                self.signatures.iter().map(|line| format!("{}+{}", line.name, hex(&line.key_id))).collect();
            return Err(NoteError::Untrusted(names.join(", ")));
        }
        Ok(signers)
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| {
            let bytes = [&line.key_id[..], &line.signature].concat();
            writeln!(f, "— {} {}", line.name, BASE64.encode(bytes))
        })
    }
}

fn signature_line(line: &str) -> Option<NoteSignature> {
    let (name, encoded) = line.strip_prefix("— ")?.split_once(' ')?;
    let bytes = BASE64.decode(encoded).ok().filter(|bytes| bytes.len() > 4)?;
    let (key_id, signature) = bytes.split_at(4);
    let key_id = KeyId::try_from(key_id).ok()?;
    is_name(name).then(|| NoteSignature { name: name.to_owned(), key_id, signature: signature.to_owned() })
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c == '+')
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    #[test]
    fn a_key_is_read_and_written_as_specified() {
        let key = VerifierKey::parse(KEY).unwrap();
        assert_eq!((key.name(), key.to_string().as_str()), ("example.com/foo", KEY));
        for wrong in ["", "a+b", &KEY.replace("530d", "530e"), &KEY.replace("foo", "fop"), &KEY.replace("+Aek", "+Bek")]
        {
            assert!(VerifierKey::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(VerifierKey::parse_file(&format!("# ours\n\n{KEY}\n")).unwrap(), [key]);
    }

    #[test]
    fn notes_are_read_and_written_byte_for_byte() {
        let note = "Ognuno sta solo\n\ned è subito sera.\n\n— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";
        let parsed = SignedNote::parse(note).unwrap();
        assert_eq!(parsed.text, "Ognuno sta solo\n\ned è subito sera.\n");
        assert_eq!(parsed.to_string(), note);
        let other = "a\n1\n\n— b AAAAAAE=\n— c AAAAAAI=\n";
        let file = format!("{other}\n{other}\n\n{other}");
        assert_eq!(SignedNote::parse_file(&file).unwrap().len(), 3);
        for wrong in ["", "a\n\n", "a\n\n— b !\n", "a\n\n— b AAAAAAE=", "a\n— b AAAAAAE=\n", "a\tb\n\n— b AAAAAAE=\n"]
        {
            assert!(SignedNote::parse(wrong).is_err(), "{wrong}");
        }
        assert!(matches!(parsed.signers(&[VerifierKey::parse(KEY).unwrap()]), Err(NoteError::Untrusted(_))));
    }
}

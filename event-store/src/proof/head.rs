//! Tree heads: what a log was at a size, as a signed note of C2SP `tlog-checkpoint` (<https://c2sp.org/tlog-checkpoint>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::note::{NoteError, SignedNote, VerifierKey};
use super::number::SeriesNumber;
use crate::tree::{Hash, empty_root};

/// Begins the extension line that tells the log's generation.
const GENERATION: &str = "generation ";
/// Begins the extension lines that tell the last number of a series.
const NUMBER: &str = "number ";

/// What a tree head says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeHead {
    /// Name of the log.
    pub origin: String,
    /// How many events it had; the position of the last.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Hash,
    /// Life of the log between lossy restores.
    pub generation: u32,
    /// The last number that each series had given out: what a restore that loses it must not give out again.
    pub numbers: Vec<SeriesNumber>,
}

impl TreeHead {
    /// The head of a log without events, which everybody knows without a signature.
    pub fn empty(origin: &str) -> TreeHead {
        TreeHead { origin: origin.to_owned(), size: 0, root: empty_root(), generation: 1, numbers: Vec::new() }
    }

    /// The text that is signed: origin, size, root in base64, `generation N`, and `number …` for each series; a line each.
    pub fn text(&self) -> String {
        let numbers: String = self.numbers.iter().map(|number| format!("{NUMBER}{number}\n")).collect();
        let root = BASE64.encode(self.root);
        format!("{}\n{}\n{root}\n{GENERATION}{}\n{numbers}", self.origin, self.size, self.generation)
    }

    /// Reads the text of a note. Extension lines other than generation and numbers are passed over.
    ///
    /// # Errors
    /// When it is no tree head.
    pub fn parse(text: &str) -> Result<TreeHead, NoteError> {
        let wrong = NoteError::Malformed;
        let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or_default().split('\n').collect();
        let [origin, size, root, extensions @ ..] = lines.as_slice() else {
            return Err(wrong("a tree head has origin, size and root"));
        };
        if origin.is_empty() || extensions.iter().any(|line| line.is_empty()) {
            return Err(wrong("a tree head has no empty line"));
        }
        let number = |text: &str| text.parse::<u64>().ok().filter(|number| number.to_string() == text);
        let size = number(size).filter(|size| i64::try_from(*size).is_ok()).ok_or(wrong("the size is no number"))?;
        let root = BASE64.decode(root).ok().and_then(|bytes| Hash::try_from(bytes).ok());
        let root = root.ok_or(wrong("the root is no SHA-256 in base64"))?;
        let generation = extensions.iter().find_map(|line| line.strip_prefix(GENERATION)).and_then(number);
        let generation = generation.and_then(|number| u32::try_from(number).ok());
        let generation = generation.ok_or(wrong("a tree head of a register says its generation"))?;
        let numbers = extensions.iter().filter_map(|line| line.strip_prefix(NUMBER)).map(SeriesNumber::parse);
        Ok(TreeHead {
            origin: (*origin).to_owned(),
            size,
            root,
            generation,
            numbers: numbers.collect::<Result<_, _>>()?,
        })
    }

    /// Reads a note that one of these keys must have signed under the name of the head's origin.
    ///
    /// # Errors
    /// When it is no tree head, or nobody who is trusted for its origin has signed it.
    pub fn verified(note: &SignedNote, trusted: &[VerifierKey]) -> Result<TreeHead, NoteError> {
        let signers = note.signers(trusted)?;
        let head = TreeHead::parse(&note.text)?;
        if signers.iter().all(|key| key.name() != head.origin) {
            let names: Vec<&str> = signers.iter().map(|key| key.name()).collect();
            return Err(NoteError::Untrusted(format!("keys for another log: {}", names.join(", "))));
        }
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let head = TreeHead {
            origin: "vnr.local/register".into(),
            size: 20_852_163,
            root: [7; 32],
            generation: 2,
            numbers: Vec::new(),
        };
        assert_eq!(
            head.text(),
            "vnr.local/register\n20852163\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\ngeneration 2\n"
        );
        assert_eq!(TreeHead::parse(&head.text()).unwrap(), head);
        assert_eq!(TreeHead::parse(&format!("{}other thing\n", head.text())).unwrap(), head);
        let number = SeriesNumber::parse("VEK-2026-0000044").unwrap();
        let told = TreeHead { numbers: vec![number], ..head.clone() };
        assert!(told.text().ends_with("\ngeneration 2\nnumber VEK-2026-0000044\n"));
        assert_eq!(TreeHead::parse(&told.text()).unwrap(), told);
        for (part, wrong) in
            [("20852163", "020852163"), ("20852163", "-1"), ("wc=", "wd="), ("generation 2", "g"), ("vnr", "\nvnr")]
        {
            assert!(TreeHead::parse(&head.text().replace(part, wrong)).is_err(), "{wrong}");
        }
    }
}

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lang::terms;
use crate::values::{ContentDigest, RecordingRef};

terms! {
    /// What a file of a card is.
    FileKind("kind of file") {
        /// Recording of a call.
        Recording = "recording", "Zvana ieraksts", "Recording of a call";
        /// Picture.
        Picture = "picture", "Attēls", "Picture";
        /// Video.
        Video = "video", "Video", "Video";
        /// What was written in a text session.
        Conversation = "conversation", "Sarakste", "Text conversation";
        /// Any other document.
        Document = "document", "Dokuments", "Document";
    }
}

/// A recording or another file (ieraksts, datne) by reference: it is kept elsewhere, and can be told from a changed one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CardFile {
    /// What it is.
    pub kind: FileKind,
    /// Where it is kept.
    pub reference: RecordingRef,
    /// SHA-256 of its content.
    pub sha256: ContentDigest,
    /// Its length in bytes.
    pub length: u64,
    /// How long it plays, in seconds, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<u32>,
}

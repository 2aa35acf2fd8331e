//! Personal data in an append-only log (I-8): sealed before it is hashed, under keys that can be destroyed.
//!
//! An event's payload comes with `{"$open": …}` where personal data stands; what is stored has
//! `{"$sealed": "v1.<key id>.<nonce ‖ ciphertext ‖ tag, base64url>"}` there. AES-256-GCM; the additional data is
//! `vnr-seal-v1`, a zero byte, the event id (16 bytes) and the JSON pointer of the field, so that a sealed text can't
//! be moved to another field or event unseen.
//!
//! Each record has a key of its own, and one for each data subject within it: an object with a field `subject` (a UUID) has
//! its personal fields sealed under that subject's key. Keys lie in the database, wrapped by the [`MasterKeys`], which do
//! not. Destroying a key is part of an append ([`Work::destroy_keys`](crate::append::Work::destroy_keys)): with the event
//! that says so, or not at all. What was destroyed is also written to a list outside the database ([`erasures`]), so that
//! no restore brings it back.

pub mod erasures;
mod keys;
mod master;
mod payload;
pub mod rotation;
mod source;
mod text;

pub(crate) use keys::{KEY_COLUMNS, key_ref, read_key};
pub use keys::{KeyOwner, KeyRef, KeyRing, KeyScope, LookedAt};
pub use master::{MasterKeyError, MasterKeys, RecordKey, WrappedKey};
pub(crate) use payload::key_ids;
pub use payload::{OpenedField, SealError, SealedField, Sealing, open_payload, sealed_fields};
pub use source::{KeyDigits, KeySource};
pub use text::seal_payload;

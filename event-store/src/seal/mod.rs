//! Personal data in an append-only log (I-8): sealed before it is hashed, under keys that can be destroyed.
//!
//! An event's payload comes with `{"$open": …}` where personal data stands; what is stored has
//! `{"$sealed": "v1.<key id>.<nonce ‖ ciphertext ‖ tag, base64url>"}` there. AES-256-GCM; the additional data is
//! `vnr-seal-v1`, a zero byte, the event id (16 bytes) and the JSON pointer of the field, so that a sealed text can't
//! be moved to another field or event unseen. Until keys are per subject, a record has one key.

mod keys;
mod payload;

pub(crate) use keys::read_key;
pub use keys::{KeyRing, MasterKey, MasterKeyError, RecordKey, WrappedKey};
pub use payload::{OpenedField, SealError, SealedField, open_payload, seal_payload, sealed_fields};

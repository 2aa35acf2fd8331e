//! Opening the personal fields of a payload, and what sealing takes.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::personal::{ERASED as ERASED_MARK, OPEN as OPEN_MARK, SEALED as SEALED_MARK};
use ring::aead::{Aad, NONCE_LEN, Nonce};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::RecordKey;

/// Personal data that can't be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// A key does not open under the master key.
    #[error("key {key_id} does not open under the present master key")]
    Key {
        /// Which key.
        key_id: Uuid,
    },
    /// A key is wrapped with a generation of the master key that is not there.
    #[error(
        "generation {generation} of the master key is needed and is not there; add it to where the master key is kept"
    )]
    Generation {
        /// Which generation.
        generation: i32,
    },
    /// The system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
    /// A sealed text is not what was sealed for this field of this event.
    #[error("the sealed text at {path} was not sealed for this field of this event, or was changed")]
    Sealed {
        /// JSON pointer of the field.
        path: String,
    },
    /// The payload is no JSON.
    #[error("the payload is not JSON")]
    Payload(#[from] serde_json::Error),
    /// The keys could not be read.
    #[error("the keys could not be read")]
    Database(#[from] sqlx::Error),
}

/// What sealing takes: keys, and fresh random bytes for each text.
pub trait Sealing {
    /// The key of a data subject within the record, or of the record itself.
    ///
    /// # Errors
    /// When there are no random bytes to make one from.
    fn key(&mut self, subject: Option<Uuid>) -> Result<RecordKey, SealError>;

    /// A nonce that was never used before.
    ///
    /// # Errors
    /// When there are no random bytes.
    fn nonce(&mut self) -> Result<[u8; NONCE_LEN], SealError>;
}

/// What became of a sealed field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenedField {
    /// It could be read; its value stands as `{"$open": …}`.
    Open,
    /// Its key is gone; it stands as `{"$erased": true}`.
    Erased,
}

/// A sealed field away from its event, as a read model keeps it: with what it takes to open it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedField {
    /// The event it was sealed in.
    pub event_id: Uuid,
    /// JSON pointer of the field in that event's payload.
    pub path: String,
    /// `v1.<key id>.<nonce, ciphertext, tag>`
    pub sealed: String,
}

impl SealedField {
    /// The key that opens it; None where the text has not the form of a sealed one.
    pub fn key_id(&self) -> Option<Uuid> {
        split(&self.sealed).map(|(key_id, _)| key_id)
    }

    /// The value that was sealed; None where its key is not among `keys`.
    ///
    /// # Errors
    /// When the text was changed or belongs to another field or event.
    pub fn open(&self, keys: &HashMap<Uuid, RecordKey>) -> Result<Option<Value>, SealError> {
        let broken = || SealError::Sealed { path: self.path.clone() };
        let (key_id, bytes) = split(&self.sealed).ok_or_else(broken)?;
        keys.get(&key_id).map(|key| unseal(key, bytes, self.event_id, &self.path)).transpose()
    }
}

/// The sealed fields of a payload, by their JSON pointers, in order.
pub fn sealed_fields(payload: &Value, event_id: Uuid) -> Vec<SealedField> {
    let mut found = Vec::new();
    collect(payload, &mut String::new(), event_id, &mut found);
    found
}

fn collect(value: &Value, path: &mut String, event_id: Uuid, found: &mut Vec<SealedField>) {
    let length = path.len();
    let mut inside = |name: &str, value: &Value, path: &mut String| {
        path.push('/');
        path.push_str(name);
        collect(value, path, event_id, found);
        path.truncate(length);
    };
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| inside(&index.to_string(), item, path));
        }
        Value::Object(fields) => match fields.get(SEALED_MARK).and_then(Value::as_str) {
            Some(sealed) => found.push(SealedField { event_id, path: path.clone(), sealed: sealed.to_owned() }),
            None => fields.iter().for_each(|(name, field)| inside(&pointer_token(name), field, path)),
        },
        _ => {}
    }
}

/// Replaces `{"$sealed": …}` by `{"$open": …}`, or by `{"$erased": true}` where the key is gone; returns what became of
/// each, in order.
///
/// # Errors
/// When a sealed text was changed, or moved from another field or event.
pub fn open_payload(
    payload: &mut Value,
    event_id: Uuid,
    keys: &HashMap<Uuid, RecordKey>,
) -> Result<Vec<OpenedField>, SealError> {
    let mut outcomes = Vec::new();
    visit(payload, &mut String::new(), &mut |fields, path| {
        let Some(sealed) = fields.get(SEALED_MARK) else { return Ok(None) };
        let broken = || SealError::Sealed { path: path.to_owned() };
        let (key_id, bytes) = sealed.as_str().and_then(split).ok_or_else(broken)?;
        let Some(key) = keys.get(&key_id) else {
            outcomes.push(OpenedField::Erased);
            return Ok(Some(Value::Object(Map::from_iter([(ERASED_MARK.to_owned(), Value::Bool(true))]))));
        };
        let plain = unseal(key, bytes, event_id, path)?;
        outcomes.push(OpenedField::Open);
        Ok(Some(Value::Object(Map::from_iter([(OPEN_MARK.to_owned(), plain)]))))
    })?;
    Ok(outcomes)
}

fn unseal(key: &RecordKey, bytes: Vec<u8>, event_id: Uuid, path: &str) -> Result<Value, SealError> {
    let broken = || SealError::Sealed { path: path.to_owned() };
    let (nonce, ciphertext) = bytes.split_at_checked(NONCE_LEN).ok_or_else(broken)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
    let mut buffer = ciphertext.to_vec();
    let plain = key.key.open_in_place(nonce, aad(event_id, path), &mut buffer).map_err(|_| broken())?;
    Ok(serde_json::from_slice(plain)?)
}

/// A name as it stands in a JSON pointer (RFC 6901).
pub(super) fn pointer_token(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Ids of the keys that a stored payload's sealed texts name. Inside a JSON string the quotation mark would be escaped, so
/// this finds sealed texts only.
pub(crate) fn key_ids(payload: &str) -> impl Iterator<Item = Uuid> {
    let mark = const { concat!("{\"", "$sealed", "\":\"v1.") };
    payload.split(mark).skip(1).filter_map(|text| Uuid::try_parse(text.get(..32)?).ok())
}

fn split(sealed: &str) -> Option<(Uuid, Vec<u8>)> {
    let (key_id, text) = sealed.strip_prefix("v1.")?.split_once('.')?;
    Some((Uuid::try_parse(key_id).ok()?, URL_SAFE_NO_PAD.decode(text).ok()?))
}

pub(super) fn aad(event_id: Uuid, path: &str) -> Aad<Vec<u8>> {
    let mut bytes = b"vnr-seal-v1\0".to_vec();
    bytes.extend_from_slice(event_id.as_bytes());
    bytes.extend_from_slice(path.as_bytes());
    Aad::from(bytes)
}

type Replace<'a> = dyn FnMut(&Map<String, Value>, &str) -> Result<Option<Value>, SealError> + 'a;

/// Calls `replace` with each object and its JSON pointer; goes into those that it leaves.
fn visit(value: &mut Value, path: &mut String, replace: &mut Replace<'_>) -> Result<(), SealError> {
    let length = path.len();
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                path.push_str(&format!("/{index}"));
                visit(item, path, replace)?;
                path.truncate(length);
            }
        }
        Value::Object(fields) => {
            if let Some(replacement) = replace(fields, path)? {
                *value = replacement;
                return Ok(());
            }
            for (name, field) in fields {
                path.push('/');
                path.push_str(&pointer_token(name));
                visit(field, path, replace)?;
                path.truncate(length);
            }
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{MasterKeys, seal_payload};
    use super::*;

    fn key(id: u128) -> RecordKey {
        MasterKeys::from_bytes(1, &[1; 32]).new_record_key(Uuid::from_u128(id), [id as u8; 32], [3; 12]).0
    }

    /// The record's key is number 9, a subject's has the subject's own number.
    struct Numbered(u8);

    impl Sealing for Numbered {
        fn key(&mut self, subject: Option<Uuid>) -> Result<RecordKey, SealError> {
            Ok(key(subject.map_or(9, |subject| subject.as_u128())))
        }
        fn nonce(&mut self) -> Result<[u8; NONCE_LEN], SealError> {
            self.0 += 1;
            Ok([self.0; NONCE_LEN])
        }
    }

    fn sealed() -> Value {
        let payload =
            json!({"Registered": {"kind": "x", "who": {"name": {"$open": "Jānis"}, "phone": {"$open": "112"}}}});
        let sealed = seal_payload(&payload.to_string(), Uuid::from_u128(1), &mut Numbered(0)).unwrap();
        serde_json::from_str(&sealed).unwrap()
    }

    #[test]
    fn what_belongs_to_a_subject_is_sealed_under_its_key_and_the_rest_under_the_records() {
        let (anna, peter) = (Uuid::from_u128(3), Uuid::from_u128(4));
        let payload = json!({"Registered": {
            "narrative": {"$open": "a fight"},
            "persons": [
                {"subject": anna, "name": {"$open": "Anna"}, "home": {"text": {"$open": "Rīga"}}},
                {"subject": peter, "name": {"$open": "Pēteris"}},
            ],
        }});
        let sealed = seal_payload(&payload.to_string(), Uuid::from_u128(1), &mut Numbered(0)).unwrap();
        let payload: Value = serde_json::from_str(&sealed).unwrap();
        let mut keys: Vec<_> = sealed_fields(&payload, Uuid::from_u128(1))
            .into_iter()
            .map(|field| (field.path.clone(), field.key_id().unwrap().as_u128()))
            .collect();
        keys.sort();
        let of = |path: &str, id| (format!("/Registered/{path}"), id);
        assert_eq!(
            keys,
            [of("narrative", 9), of("persons/0/home/text", 3), of("persons/0/name", 3), of("persons/1/name", 4)]
        );
    }

    #[test]
    fn what_is_sealed_opens_with_its_key_and_shows_nothing_without() {
        let mut payload = sealed();
        assert!(!payload.to_string().contains("Jānis"));
        let fields = sealed_fields(&payload, Uuid::from_u128(1));
        assert_eq!(
            fields.iter().map(|field| field.path.as_str()).collect::<Vec<_>>(),
            ["/Registered/who/name", "/Registered/who/phone"]
        );
        assert_eq!(fields[0].key_id(), Some(Uuid::from_u128(9)));
        let mut without_key = payload.clone();
        let keys = HashMap::from([(Uuid::from_u128(9), key(9))]);
        assert_eq!(
            open_payload(&mut payload, Uuid::from_u128(1), &keys).unwrap(),
            [OpenedField::Open, OpenedField::Open]
        );
        assert_eq!(payload["Registered"]["who"]["name"], json!({"$open": "Jānis"}));
        assert_eq!(fields[0].open(&keys).unwrap(), Some(json!("Jānis")));
        assert_eq!(fields[1].open(&HashMap::new()).unwrap(), None);
        assert!(SealedField { path: fields[1].path.clone(), ..fields[0].clone() }.open(&keys).is_err());
        let outcomes = open_payload(&mut without_key, Uuid::from_u128(1), &HashMap::new()).unwrap();
        assert_eq!(outcomes, [OpenedField::Erased, OpenedField::Erased]);
        assert_eq!(without_key["Registered"]["who"]["name"], json!({"$erased": true}));
    }

    #[test]
    fn a_sealed_text_does_not_open_in_another_field_or_event() {
        let keys = HashMap::from([(Uuid::from_u128(9), key(9))]);
        assert!(open_payload(&mut sealed(), Uuid::from_u128(2), &keys).is_err());
        let mut swapped = sealed();
        let name = swapped["Registered"]["who"]["name"].clone();
        swapped["Registered"]["who"]["phone"] = name;
        assert!(open_payload(&mut swapped, Uuid::from_u128(1), &keys).is_err());
    }
}

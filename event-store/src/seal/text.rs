//! Sealing in the JSON text itself: what is not personal is copied as it stands. Every event with personal data goes through here
//! while the head of the log waits, so nothing is built that is not needed.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::personal::{OPEN as OPEN_MARK, SEALED as SEALED_MARK, SUBJECT};
use ring::aead::Nonce;
use serde::de::IgnoredAny;
use uuid::Uuid;

use super::payload::{SealError, Sealing, aad, pointer_token};

/// Replaces `{"$open": …}` by `{"$sealed": …}` throughout, each under the key of the data subject that the innermost object
/// around it names in `subject`, or of the record.
///
/// # Errors
/// When the payload is no JSON, there are no random bytes, or a text is longer than AES-GCM takes (64 GiB).
pub fn seal_payload(payload: &str, event_id: Uuid, sealing: &mut dyn Sealing) -> Result<String, SealError> {
    // A sealed text is some 60 bytes longer than what it seals.
    let out = String::with_capacity(payload.len() + 400);
    let mut seal = Seal { event_id, sealing, path: String::new(), out };
    let end = seal.value(payload, None).ok_or_else(|| no_json(payload))??;
    if payload[end..].trim_start().is_empty() { Ok(seal.out) } else { Err(no_json(payload)) }
}

/// What is wrong with a text that is no JSON.
fn no_json(payload: &str) -> SealError {
    match serde_json::from_str::<IgnoredAny>(payload) {
        Err(error) => SealError::Payload(error),
        Ok(_) => SealError::Sealed { path: String::new() },
    }
}

struct Seal<'a> {
    event_id: Uuid,
    sealing: &'a mut dyn Sealing,
    /// JSON pointer of the value that is looked at.
    path: String,
    out: String,
}

/// Nothing where the text is no JSON.
type Step<T> = Option<Result<T, SealError>>;

impl Seal<'_> {
    /// Writes the value that the text begins with; says where it ends.
    fn value(&mut self, text: &str, subject: Option<Uuid>) -> Step<usize> {
        let begin = blank(text, 0);
        let end = match text.as_bytes().get(begin)? {
            b'{' => return self.object(text, begin, subject),
            b'[' => return self.array(text, begin, subject),
            _ => end_of(text, begin)?,
        };
        self.out.push_str(&text[begin..end]);
        Some(Ok(end))
    }

    fn array(&mut self, text: &str, begin: usize, subject: Option<Uuid>) -> Step<usize> {
        let length = self.path.len();
        self.out.push('[');
        let mut at = blank(text, begin + 1);
        for index in 0.. {
            if text.as_bytes().get(at)? == &b']' {
                self.out.push(']');
                return Some(Ok(at + 1));
            }
            if index > 0 {
                at = after(text, at, b',')?;
                self.out.push(',');
            }
            let _ = write!(self.path, "/{index}");
            match self.value(&text[at..], subject)? {
                Ok(end) => at = blank(text, at + end),
                Err(error) => return Some(Err(error)),
            }
            self.path.truncate(length);
        }
        None
    }

    fn object(&mut self, text: &str, begin: usize, subject: Option<Uuid>) -> Step<usize> {
        let fields = Fields::of(text, begin)?;
        if let Some(open) = fields.open {
            let sealed = self.sealed(&text[open.0..open.1], subject);
            return Some(sealed.map(|()| fields.end));
        }
        let whole = &text[begin..fields.end];
        // A name could be hidden by an escape; without one, nothing in here is to be sealed.
        if !whole.contains(OPEN_MARK) && !whole.contains('\\') {
            self.out.push_str(whole);
            return Some(Ok(fields.end));
        }
        let subject = fields.subject.or(subject);
        let length = self.path.len();
        self.out.push('{');
        let mut at = blank(text, begin + 1);
        for index in 0.. {
            if text.as_bytes().get(at)? == &b'}' {
                self.out.push('}');
                return Some(Ok(at + 1));
            }
            if index > 0 {
                at = after(text, at, b',')?;
                self.out.push(',');
            }
            let name_end = end_of(text, at)?;
            let name = &text[at..name_end];
            self.out.push_str(name);
            self.out.push(':');
            self.path.push('/');
            let name = unquoted(name)?;
            if name.contains(['~', '/']) {
                self.path.push_str(&pointer_token(&name));
            } else {
                self.path.push_str(&name);
            }
            at = after(text, blank(text, name_end), b':')?;
            match self.value(&text[at..], subject)? {
                Ok(end) => at = blank(text, at + end),
                Err(error) => return Some(Err(error)),
            }
            self.path.truncate(length);
        }
        None
    }

    fn sealed(&mut self, open: &str, subject: Option<Uuid>) -> Result<(), SealError> {
        let (key, nonce) = (self.sealing.key(subject)?, self.sealing.nonce()?);
        let mut buffer = Vec::with_capacity(nonce.len() + open.len() + 16);
        buffer.extend_from_slice(&nonce);
        buffer.extend_from_slice(open.as_bytes());
        let additional = aad(self.event_id, &self.path);
        let tag = key.key().seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            additional,
            &mut buffer[nonce.len()..],
        );
        let tag = tag.map_err(|_| SealError::Sealed { path: self.path.clone() })?;
        buffer.extend_from_slice(tag.as_ref());
        let _ = write!(self.out, "{{\"{SEALED_MARK}\":\"v1.");
        self.out.push_str(key.id().simple().encode_lower(&mut Uuid::encode_buffer()));
        self.out.push('.');
        URL_SAFE_NO_PAD.encode_string(&buffer, &mut self.out);
        self.out.push_str("\"}");
        Ok(())
    }
}

/// What has to be known of an object before its fields are written.
struct Fields {
    /// Where it ends.
    end: usize,
    /// Where the value lies that is to be sealed.
    open: Option<(usize, usize)>,
    /// Whose data it holds.
    subject: Option<Uuid>,
}

impl Fields {
    fn of(text: &str, begin: usize) -> Option<Fields> {
        let mut fields = Fields { end: begin, open: None, subject: None };
        let mut at = blank(text, begin + 1);
        if text.as_bytes().get(at)? == &b'}' {
            return Some(Fields { end: at + 1, ..fields });
        }
        loop {
            let name_end = end_of(text, at)?;
            let name = unquoted(&text[at..name_end])?;
            let value = after(text, blank(text, name_end), b':')?;
            at = end_of(text, value)?;
            if name == OPEN_MARK {
                fields.open = Some((value, at));
            } else if name == SUBJECT {
                fields.subject =
                    text[value..at].strip_prefix('"').and_then(|id| Uuid::try_parse(id.strip_suffix('"')?).ok());
            }
            at = blank(text, at);
            match text.as_bytes().get(at)? {
                b',' => at = blank(text, at + 1),
                b'}' => return Some(Fields { end: at + 1, ..fields }),
                _ => return None,
            }
        }
    }
}

/// The first place from `at` on that is not blank.
fn blank(text: &str, at: usize) -> usize {
    let blanks = text.as_bytes()[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'));
    at + blanks.count()
}

/// The first place behind that mark that is not blank.
fn after(text: &str, at: usize, mark: u8) -> Option<usize> {
    (text.as_bytes().get(at)? == &mark).then(|| blank(text, at + 1))
}

/// Where the value ends that begins at `begin`.
fn end_of(text: &str, begin: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (begin, 0_u32);
    loop {
        match bytes.get(at)? {
            b'"' => at = end_of_string(bytes, at)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                at += 1;
            }
            b',' | b':' if depth > 0 => at += 1,
            b' ' | b'\n' | b'\r' | b'\t' if depth > 0 => at += 1,
            // A number, or one of true, false and null.
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.') => {
                let scalar = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
                at += bytes[at..].iter().take_while(scalar).count();
            }
            _ => return None,
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

/// Behind the quotation mark that closes the string which begins at `begin`.
fn end_of_string(bytes: &[u8], begin: usize) -> Option<usize> {
    let mut at = begin + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// A name without its quotation marks.
fn unquoted(name: &str) -> Option<std::borrow::Cow<'_, str>> {
    let inner = name.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { Some(serde_json::from_str::<String>(name).ok()?.into()) } else { Some(inner.into()) }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::{MasterKeys, RecordKey, open_payload, sealed_fields};
    use super::*;

    /// The record's key is number 0, a subject's has the subject's own number.
    struct Numbered(u64);

    fn key(id: u128) -> RecordKey {
        MasterKeys::from_bytes(1, &[1; 32]).new_record_key(Uuid::from_u128(id), [id as u8; 32], [3; 12]).0
    }

    impl Sealing for Numbered {
        fn key(&mut self, subject: Option<Uuid>) -> Result<RecordKey, SealError> {
            Ok(key(subject.map_or(0, |subject| subject.as_u128())))
        }
        fn nonce(&mut self) -> Result<[u8; 12], SealError> {
            self.0 += 1;
            let mut nonce = [0; 12];
            nonce[..8].copy_from_slice(&self.0.to_le_bytes());
            Ok(nonce)
        }
    }

    /// JSON in which some values are personal, and some objects say whose.
    fn payloads() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            Just(json!({})),
            Just(json!([])),
        ];
        let name = prop_oneof!["[a-c~/ \"\\\\]{0,3}", Just("subject".to_owned()), any::<String>()];
        scalar.prop_recursive(5, 40, 4, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(name.clone(), inner.clone(), 0..4).prop_map(|fields| json!(fields)),
                inner.clone().prop_map(|open| json!({ "$open": open })),
                (inner, 1..4_u128).prop_map(|(inner, id)| json!({ "subject": Uuid::from_u128(id), "of": inner })),
            ]
        })
    }

    /// How many values are to be sealed: those within another go with it.
    fn open_values(value: &Value) -> usize {
        match value {
            Value::Object(fields) if fields.contains_key("$open") => 1,
            Value::Object(fields) => fields.values().map(open_values).sum(),
            Value::Array(items) => items.iter().map(open_values).sum(),
            _ => 0,
        }
    }

    proptest! {
        #[test]
        fn what_is_sealed_is_opened_again_and_the_rest_stays(payload in payloads(), pretty: bool) {
            let text = if pretty { serde_json::to_string_pretty(&payload) } else { serde_json::to_string(&payload) }.unwrap();
            let sealed = seal_payload(&text, Uuid::from_u128(1), &mut Numbered(0)).unwrap();
            let mut read: Value = serde_json::from_str(&sealed).unwrap();
            prop_assert_eq!(open_values(&read), 0);
            prop_assert_eq!(sealed_fields(&read, Uuid::from_u128(1)).len(), open_values(&payload));
            let keys: HashMap<_, _> = (0..4).map(|id| (Uuid::from_u128(id), key(id))).collect();
            open_payload(&mut read, Uuid::from_u128(1), &keys).unwrap();
            prop_assert_eq!(read, payload);
        }

        #[test]
        fn all_json_is_taken_and_nothing_else_is_fatal(text in "[\\[\\]{}:,\"a1 \\\\$openĢ-]{0,12}") {
            let sealed = seal_payload(&text, Uuid::nil(), &mut Numbered(0));
            prop_assert!(sealed.is_ok() || serde_json::from_str::<Value>(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_cut_off_or_put_together_wrongly_is_no_json() {
        for text in [
            "",
            "{",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1",
            "{\"a\":1,}",
            "[1",
            "[1,",
            "[1 2]",
            "\"a",
            "{\"a\" 1}",
            "{} {}",
            "{\"$open\":",
        ] {
            let refused = seal_payload(text, Uuid::nil(), &mut Numbered(0));
            assert!(matches!(refused, Err(SealError::Payload(_))), "{text}: {refused:?}");
        }
    }
}

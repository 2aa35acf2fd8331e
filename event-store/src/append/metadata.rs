//! What each event of a command carries beside its payload.

use std::fmt::Write as _;

/// Who, why and where from: names and texts, as the JSON object that is stored and hashed. Written as they come, since every event
/// has it; each name is given once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata(String);

impl Default for Metadata {
    fn default() -> Metadata {
        Metadata("{}".to_owned())
    }
}

impl Metadata {
    /// Room for what most commands carry.
    const USUAL: usize = 448;

    /// Nothing yet.
    pub fn new() -> Metadata {
        let mut json = String::with_capacity(Metadata::USUAL);
        json.push_str("{}");
        Metadata(json)
    }

    /// The same with one more.
    #[must_use]
    pub fn with(mut self, name: &str, text: &str) -> Metadata {
        self.add(name, text);
        self
    }

    /// Adds one.
    pub fn add(&mut self, name: &str, text: &str) {
        let json = &mut self.0;
        let _ = json.pop();
        if json.len() > 1 {
            json.push(',');
        }
        quote(json, name);
        json.push(':');
        quote(json, text);
        json.push('}');
    }

    /// The JSON object.
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

impl<N: AsRef<str>, T: AsRef<str>> FromIterator<(N, T)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(pairs: I) -> Metadata {
        let mut metadata = Metadata::new();
        for (name, text) in pairs {
            metadata.add(name.as_ref(), text.as_ref());
        }
        metadata
    }
}

/// Writes a JSON string (RFC 8259 §7).
fn quote(json: &mut String, text: &str) {
    json.push('"');
    let mut plain = 0;
    for (place, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        // All of these are single bytes, so the text can be cut there.
        json.push_str(&text[plain..place]);
        let _ = write!(json, "\\u{byte:04x}");
        plain = place + 1;
    }
    json.push_str(&text[plain..]);
    json.push('"');
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_is_an_empty_object() {
        assert_eq!((Metadata::new().as_json(), Metadata::default().as_json()), ("{}", "{}"));
    }

    #[test]
    fn names_stand_in_the_order_in_which_they_were_given() {
        let metadata = Metadata::new().with("b", "1").with("a", "\\ \" \n Ģ");
        assert_eq!(metadata.as_json(), r#"{"b":"1","a":"\u005c \u0022 \u000a Ģ"}"#);
    }

    proptest! {
        #[test]
        fn whatever_is_put_in_is_read_out(pairs: BTreeMap<String, String>) {
            let json = pairs.iter().collect::<Metadata>();
            prop_assert_eq!(serde_json::from_str::<BTreeMap<String, String>>(json.as_json()).unwrap(), pairs);
        }
    }
}

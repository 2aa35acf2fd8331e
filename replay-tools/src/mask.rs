//! Showing a payload to somebody who has no business with personal data.

use domain::personal::{ERASED, SEALED};
use serde_json::Value;

/// Replaces each sealed text by `***` and each erased one by `(erased)`.
pub(crate) fn mask(payload: Value) -> Value {
    match payload {
        Value::Array(items) => Value::Array(items.into_iter().map(mask).collect()),
        Value::Object(fields) if fields.contains_key(SEALED) => Value::String("***".to_owned()),
        Value::Object(fields) if fields.contains_key(ERASED) => Value::String("(erased)".to_owned()),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(name, field)| (name, mask(field))).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sealed_and_erased_texts_do_not_show() {
        let payload = json!({"A": {"who": {"$sealed": "v1.x"}, "gone": [{"$erased": true}], "n": 1}});
        assert_eq!(mask(payload), json!({"A": {"who": "***", "gone": ["(erased)"], "n": 1}}));
    }
}

//! Who is asking.

use std::sync::Arc;

use chrono::{DateTime, Utc};

/// Someone whose token was checked, as far as the query API needs to know them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who it is: the token's subject.
    pub subject: String,
    /// Institution that they act for.
    pub institution: String,
    /// Role in it.
    pub role: String,
    /// Purpose of the consultation.
    pub purpose: String,
    /// When the token ends; subscriptions end with it.
    pub expires_at: DateTime<Utc>,
    /// Whether narrative, reporter and caller of records may be shown to them.
    pub sees_personal_data: bool,
}

/// Checks tokens.
pub trait Authenticate: Send + Sync + 'static {
    /// Whose token it is, or a sentence that says why it does not hold.
    fn authenticate(&self, token: &str) -> Result<Caller, String>;
}

impl<T: Authenticate + ?Sized> Authenticate for Arc<T> {
    fn authenticate(&self, token: &str) -> Result<Caller, String> {
        (**self).authenticate(token)
    }
}

/// The token of an `Authorization` value or of a field of `connection_init`: with or without `Bearer`.
pub(crate) fn bearer(value: &str) -> &str {
    let value = value.trim();
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => value,
    }
}

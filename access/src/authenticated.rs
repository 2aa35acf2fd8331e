//! From a request to its principal.

use http::HeaderMap;
use tonic::metadata::MetadataMap;

use crate::error::AccessError;
use crate::principal::Principal;
use crate::verifier::TokenVerifier;

/// Header in which a token comes.
const AUTHORIZATION: &str = "authorization";
/// Header that picks one of the token's purposes.
const PURPOSE: &str = "vnr-purpose";
/// Header that names the case, card or task.
const REFERENCE: &str = "vnr-reference";

/// In the extensions of a request whose token was checked.
#[derive(Debug, Clone)]
pub struct Authenticated(pub Principal);

/// What a request says of who makes it.
#[derive(Clone, Copy, Default)]
pub struct Presented<'a> {
    /// `Bearer TOKEN`.
    pub authorization: Option<&'a str>,
    /// What it is for: one of the token's purposes (mērķis). Not needed where the token has only one.
    pub purpose: Option<&'a str>,
    /// The case, card or task that it is about (pamatojuma numurs).
    pub reference: Option<&'a str>,
    /// SHA-256 of the client certificate's DER, where the connection has one.
    pub certificate: Option<[u8; 32]>,
}

impl<'a> Presented<'a> {
    /// As the headers of an HTTP request say it: `authorization`, `vnr-purpose` and `vnr-reference`.
    ///
    /// # Errors
    /// A header came twice, or is not text.
    pub fn in_headers(headers: &'a HeaderMap) -> Result<Self, AccessError> {
        Ok(Self {
            authorization: single(headers, AUTHORIZATION, AccessError::NotBearer)?,
            purpose: single(headers, PURPOSE, AccessError::Purpose)?,
            reference: single(headers, REFERENCE, AccessError::Reference)?,
            certificate: None,
        })
    }

    /// As the metadata of a gRPC call say it.
    ///
    /// # Errors
    /// As [`Self::in_headers`].
    pub fn in_metadata(metadata: &'a MetadataMap) -> Result<Self, AccessError> {
        Self::in_headers(metadata.as_ref())
    }

    /// Over a connection with this client certificate (its SHA-256).
    #[must_use]
    pub fn with_certificate(self, certificate: Option<[u8; 32]>) -> Self {
        Self { certificate, ..self }
    }
}

/// Two values would leave it to chance which one counts.
fn single<'a>(
    headers: &'a HeaderMap,
    name: &'static str,
    not_text: AccessError,
) -> Result<Option<&'a str>, AccessError> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(AccessError::Repeated { header: name });
    }
    value.map(|value| value.to_str()).transpose().map_err(|_| not_text)
}

impl TokenVerifier {
    /// Whose request it is, and what for. Waits only where keys have to be read first.
    ///
    /// # Errors
    /// [`AccessError::Missing`] without a token; else why it does not hold, or not for this purpose or certificate.
    pub async fn authenticate(&self, presented: Presented<'_>) -> Result<Authenticated, AccessError> {
        let value = presented.authorization.ok_or(AccessError::Missing)?.trim();
        let (scheme, token) = value.split_once(' ').ok_or(AccessError::NotBearer)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(AccessError::NotBearer);
        }
        let holder = self.holder(token.trim()).await?;
        holder.confirm(presented.certificate.as_ref())?;
        holder.acting(presented.purpose, presented.reference).map(Authenticated)
    }
}

impl std::fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Presented(***)")
    }
}

//! From a request to its principal.

use tonic::metadata::MetadataMap;
use tonic::service::Interceptor;
use tonic::{Request, Status};

use crate::error::AccessError;
use crate::principal::Principal;
use crate::token::TokenVerifier;

/// In the extensions of a request whose token was checked.
#[derive(Debug, Clone)]
pub struct Authenticated(pub Principal);

impl TokenVerifier {
    /// Whose request it is, by the value of its `authorization` header.
    ///
    /// # Errors
    /// [`AccessError::Missing`] without a header; else why the token does not hold.
    pub fn authenticate(&self, authorization: Option<&str>) -> Result<Authenticated, AccessError> {
        let value = authorization.ok_or(AccessError::Missing)?.trim();
        let (scheme, token) = value.split_once(' ').ok_or(AccessError::NotBearer)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(AccessError::NotBearer);
        }
        self.verify(token.trim()).map(Authenticated)
    }

    /// Whose gRPC call it is.
    ///
    /// # Errors
    /// As [`Self::authenticate`].
    pub fn authenticate_call(&self, metadata: &MetadataMap) -> Result<Authenticated, AccessError> {
        let value = metadata.get("authorization").map(|value| value.to_str()).transpose();
        self.authenticate(value.map_err(|_| AccessError::NotBearer)?)
    }
}

/// Puts [`Authenticated`] into the extensions of each call, and refuses calls without a token that holds.
impl Interceptor for TokenVerifier {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let authenticated = self.authenticate_call(request.metadata());
        let authenticated = authenticated.map_err(|error| Status::unauthenticated(error.to_string()))?;
        request.extensions_mut().insert(authenticated);
        Ok(request)
    }
}

//! Whose tokens hold here, and what connections are secured with.

use access::tls::{ServerTls, TlsListener};
use access::{DevelopmentKey, TokenIssuer, TokenVerifier, TrustedIssuer, VerifierOptions};
use tokio::net::TcpListener;

use super::error::StartError;
use crate::settings::Settings;

/// Checks tokens as the settings say; with them who issues tokens for development, where there is no other issuer.
///
/// # Errors
/// Where the issuer's keys can't be used. To be called inside a Tokio runtime.
pub(crate) fn trust(settings: &Settings) -> Result<(TokenVerifier, Option<TokenIssuer>), StartError> {
    let Some(issuer) = &settings.issuer else {
        let key = DevelopmentKey::load_or_create(&settings.token_key_file())?;
        return Ok((TokenVerifier::new(&key), Some(TokenIssuer::new(&key))));
    };
    let is_address = issuer.keys.starts_with("https://") || issuer.keys.starts_with("http://");
    let trusted = if is_address {
        TrustedIssuer::jwks_url(&issuer.name, &issuer.audience, &issuer.keys)
    } else {
        TrustedIssuer::jwks_file(&issuer.name, &issuer.audience, &issuer.keys)
    };
    let options = VerifierOptions { authorities: issuer.authorities.clone(), ..VerifierOptions::default() };
    let verifier = TokenVerifier::of(vec![trusted.systems_bound(issuer.bound_systems)], options)?;
    Ok((verifier, None))
}

/// The sockets that serve, plain or secured.
pub(super) struct Secured(Option<ServerTls>);

impl Secured {
    /// Reads the files of the settings.
    pub(super) fn of(settings: &Settings) -> Result<Self, StartError> {
        Ok(Self(settings.tls.clone().map(ServerTls::load).transpose()?))
    }

    pub(super) fn listener(&self, tcp: TcpListener) -> TlsListener {
        match &self.0 {
            Some(tls) => TlsListener::secured(tcp, tls.clone()),
            None => TlsListener::plain(tcp),
        }
    }
}

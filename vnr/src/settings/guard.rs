//! Whose tokens hold, and what connections are secured with.

use std::path::PathBuf;

use access::tls::TlsFiles;
use command_api::{NoOrigin, WebOrigins};

use super::SettingArgs;
use super::check::{Problem, Sources, optional, optional_path};

const AUDIENCE: &str = "vnr";

/// An identity provider whose tokens hold. Those of `vnr token` do not, where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// Its name: the claim `iss`.
    pub name: String,
    /// Whom its tokens are for: the claim `aud`.
    pub audience: String,
    /// Its JWK set: a file or an address.
    pub keys: String,
    /// Authorities of that address's certificate.
    pub authorities: Option<PathBuf>,
    /// Whether tokens of systems must be bound to their client certificate.
    pub bound_systems: bool,
}

pub(super) fn issuer(sources: &mut Sources, args: &SettingArgs, clients_have_certificates: bool) -> Option<Issuer> {
    let name = sources.take("issuer", &args.issuer, "", optional);
    let audience = sources.take("audience", &args.audience, "", optional);
    let keys = sources.take("issuer_keys", &args.issuer_keys, "", optional);
    let authorities = sources.take("issuer_authorities", &args.issuer_authorities, "", optional_path);
    let bound_systems = sources.take("bound_systems", &args.bound_systems, "", yes_or_no);
    let Some(name) = name else {
        let others = audience.is_some() || keys.is_some() || authorities.is_some() || bound_systems.is_some();
        if others {
            problem(sources, "--issuer", "is missing: without it only the tokens of `vnr token` hold, for development");
        }
        return None;
    };
    let Some(keys) = keys else {
        problem(sources, "--issuer-keys", "is missing: where the issuer's keys are, a file or an address");
        return None;
    };
    let bound_systems = bound_systems.unwrap_or(clients_have_certificates);
    Some(Issuer { name, audience: audience.unwrap_or_else(|| AUDIENCE.to_owned()), keys, authorities, bound_systems })
}

pub(super) fn tls(sources: &mut Sources, args: &SettingArgs) -> Option<TlsFiles> {
    let certificate = sources.take("tls_certificate", &args.tls_certificate, "", optional_path);
    let key = sources.take("tls_key", &args.tls_key, "", optional_path);
    let authorities = sources.take("tls_client_authorities", &args.tls_client_authorities, "", optional_path);
    let needed =
        sources.take("tls_clients_need_certificate", &args.tls_clients_need_certificate, "", yes_or_no) == Some(true);
    if needed && authorities.is_none() {
        problem(sources, "--tls-client-authorities", "is missing: whose client certificates are good");
    }
    match (certificate, key) {
        (Some(certificate), Some(key)) => {
            let mut files = TlsFiles::new(certificate, key);
            files.client_authorities = authorities;
            files.require_client_certificate = needed;
            Some(files)
        }
        (None, None) => {
            if authorities.is_some() || needed {
                problem(sources, "--tls-certificate and --tls-key", "are missing: client certificates need TLS");
            }
            None
        }
        (Some(_), None) => {
            problem(sources, "--tls-key", "is missing: the private key of --tls-certificate");
            None
        }
        (None, Some(_)) => {
            problem(sources, "--tls-certificate", "is missing: the certificate of --tls-key");
            None
        }
    }
}

/// Pages of this machine in development; with tokens that open what is real, none that isn't named.
pub(super) fn web_origins(sources: &mut Sources, args: &SettingArgs, is_real: bool) -> WebOrigins {
    let given = sources.take("web_origins", &args.web_origins, "", |text| match text {
        "" => Ok(None),
        "none" => Ok(Some(WebOrigins::default())),
        origins => origins.parse().map(Some).map_err(|error: NoOrigin| error.to_string()),
    });
    given.unwrap_or_else(|| if is_real { WebOrigins::default() } else { WebOrigins::of_this_machine() })
}

fn problem(sources: &mut Sources, place: &str, what: &str) {
    sources.problems.push(Problem { place: place.to_owned(), what: what.to_owned() });
}

pub(super) fn yes_or_no(text: &str) -> Result<Option<bool>, String> {
    match text {
        "" => Ok(None),
        "yes" | "true" => Ok(Some(true)),
        "no" | "false" => Ok(Some(false)),
        _ => Err(format!("`{text}` is neither yes nor no")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn what_belongs_together_is_given_together() {
        let text = |text: &str| Some(text.to_owned());
        let args = SettingArgs {
            audience: text("police"),
            tls_certificate: text("server.pem"),
            tls_clients_need_certificate: text("maybe"),
            ..SettingArgs::default()
        };
        let told = Settings::load(&args).expect_err("halves").to_string();
        assert_eq!(
            told,
            "the settings are not right:\n  \
             --tls-clients-need-certificate (or VNR_TLS_CLIENTS_NEED_CERTIFICATE): `maybe` is neither yes nor no\n  \
             --tls-key: is missing: the private key of --tls-certificate\n  \
             --issuer: is missing: without it only the tokens of `vnr token` hold, for development"
        );
    }

    #[test]
    fn the_schema_is_shown_to_anybody_in_development_only_or_where_that_is_wanted() {
        let text = |text: &str| Some(text.to_owned());
        let shown = |args: &SettingArgs| Settings::load(args).expect("right").open_introspection;
        let mut args = SettingArgs::default();
        assert!(shown(&args));
        args.issuer = text("https://id.example.lv");
        args.issuer_keys = text("keys.json");
        assert!(!shown(&args));
        args.open_introspection = text("yes");
        assert!(shown(&args));
        args = SettingArgs { open_introspection: text("no"), ..SettingArgs::default() };
        assert!(!shown(&args));
    }

    #[test]
    fn pages_of_this_machine_may_call_in_development_only_and_others_where_they_are_named() {
        let text = |text: &str| Some(text.to_owned());
        let origins = |args: &SettingArgs| Settings::load(args).expect("right").web_origins.to_string();
        let mut args = SettingArgs::default();
        assert_eq!(origins(&args), "localhost");
        args.web_origins = text("none");
        assert_eq!(origins(&args), "");
        args = SettingArgs {
            issuer: text("https://id.example.lv"),
            issuer_keys: text("keys.json"),
            ..SettingArgs::default()
        };
        assert_eq!(origins(&args), "");
        args.web_origins = text("https://entry.example.lv");
        assert_eq!(origins(&args), "https://entry.example.lv");
        args.web_origins = text("https://entry.example.lv/page");
        let told = Settings::load(&args).expect_err("a path").to_string();
        assert!(
            told.contains("--web-origins (or VNR_WEB_ORIGINS): `https://entry.example.lv/page` is no origin"),
            "{told}"
        );
    }

    #[test]
    fn systems_are_bound_where_clients_have_certificates() {
        let text = |text: &str| Some(text.to_owned());
        let mut args = SettingArgs {
            issuer: text("https://id.example.lv"),
            issuer_keys: text("keys.json"),
            tls_certificate: text("server.pem"),
            tls_key: text("server.key"),
            ..SettingArgs::default()
        };
        let bound = |args: &SettingArgs| Settings::load(args).expect("right").issuer.expect("an issuer").bound_systems;
        assert!(!bound(&args));
        args.tls_client_authorities = text("clients.pem");
        assert!(bound(&args));
        args.bound_systems = text("no");
        assert!(!bound(&args));
    }
}

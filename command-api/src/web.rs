//! Calls from pages in a browser: gRPC-Web, and which pages may make them.
//!
//! A browser speaks no gRPC: it can't read trailers. gRPC-Web puts them behind the last message of the body, over HTTP/1.1 or
//! HTTP/2, with the same messages, headers and statuses. Who may do what follows from the token alone, as with every other call:
//! there are no cookies, so no page can use somebody's login without them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// Stands for pages of this machine, on any port: in development they come from a server of their own.
const LOCALHOST: &str = "localhost";
/// What a page sends beside what every browser may.
const SENT: [HeaderName; 7] = [
    AUTHORIZATION,
    CONTENT_TYPE,
    HeaderName::from_static("grpc-timeout"),
    HeaderName::from_static("vnr-purpose"),
    HeaderName::from_static("vnr-reference"),
    HeaderName::from_static("x-grpc-web"),
    HeaderName::from_static("x-user-agent"),
];
/// What a page can read of an answer that ends before it has a body, as refusals do.
const READ: [HeaderName; 3] = [
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-status-details-bin"),
];
/// So long a browser needn't ask again whether it may call.
const REMEMBERED: Duration = Duration::from_secs(3_600);

/// Origins whose pages may call from a browser (CORS); none lets nobody. Pages of the origin that the services are served under
/// themselves, behind one proxy with them, need not be named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebOrigins {
    named: Vec<HeaderValue>,
    localhost: bool,
}

/// What is no list of origins.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no origin such as https://entry.example.lv: scheme, host and port without a path, or localhost for pages of this machine"
)]
pub struct NoOrigin(String);

impl FromStr for WebOrigins {
    type Err = NoOrigin;

    /// Reads origins with commas between them; `localhost` stands for pages of this machine.
    fn from_str(text: &str) -> Result<Self, NoOrigin> {
        let mut origins = Self::default();
        for origin in text.split(',').map(str::trim).filter(|origin| !origin.is_empty()) {
            if origin == LOCALHOST {
                origins.localhost = true;
                continue;
            }
            let named = HeaderValue::from_str(origin).ok().filter(|_| is_origin(origin));
            origins.named.push(named.ok_or_else(|| NoOrigin(origin.to_owned()))?);
        }
        Ok(origins)
    }
}

impl fmt::Display for WebOrigins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.named.iter().filter_map(|origin| origin.to_str().ok());
        let all: Vec<&str> = self.localhost.then_some(LOCALHOST).into_iter().chain(named).collect();
        f.write_str(&all.join(","))
    }
}

impl WebOrigins {
    /// Pages of this machine, on any port.
    pub fn of_this_machine() -> Self {
        Self { localhost: true, ..Self::default() }
    }

    /// Whether a page of that origin may call.
    fn let_in(&self, origin: &HeaderValue) -> bool {
        self.named.contains(origin) || (self.localhost && origin.to_str().is_ok_and(is_local))
    }

    /// Answers browsers that ask whether a page may call, and lets the page read the answers.
    pub(crate) fn layer(&self) -> CorsLayer {
        let origins = self.clone();
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(move |origin: &HeaderValue, _: &Parts| origins.let_in(origin)))
            .allow_methods([Method::POST])
            .allow_headers(SENT)
            .expose_headers(READ)
            .max_age(REMEMBERED)
    }
}

/// As a browser writes it: lower case, and nothing behind host and port.
fn is_origin(text: &str) -> bool {
    let Some(host) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | ':' | '[' | ']');
    !host.is_empty() && host.chars().all(fits)
}

fn is_local(origin: &str) -> bool {
    let Some(host) = origin.strip_prefix("http://") else { return false };
    let name = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name);
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lets_in(origins: &str, origin: &'static str) -> bool {
        origins.parse::<WebOrigins>().unwrap().let_in(&HeaderValue::from_static(origin))
    }

    #[test]
    fn only_named_origins_are_let_in_and_nobody_where_none_is_named() {
        let two = "https://entry.rpp.lv, https://e-lieta.vp.gov.lv:8443";
        assert!(lets_in(two, "https://entry.rpp.lv") && lets_in(two, "https://e-lieta.vp.gov.lv:8443"));
        for other in ["http://entry.rpp.lv", "https://entry.rpp.lv.example", "https://rpp.lv", "null"] {
            assert!(!lets_in(two, other) && !lets_in("", other), "{other}");
        }
    }

    #[test]
    fn localhost_stands_for_this_machine_on_any_port_and_for_nothing_that_only_begins_so() {
        for page in ["http://localhost:5173", "http://127.0.0.1:8000", "http://[::1]:80", "http://localhost"] {
            assert!(lets_in("localhost", page) && !lets_in("https://a.lv", page), "{page}");
        }
        for other in [
            "http://localhost.example:80",
            "http://evil.example:80",
            "https://x.lv/http://localhost",
            "http://localhost:x",
        ] {
            assert!(!lets_in("localhost", other), "{other}");
        }
    }

    #[test]
    fn what_no_browser_would_send_as_an_origin_is_told() {
        for wrong in ["entry.rpp.lv", "https://entry.rpp.lv/", "https://", "*", "https://Entry.rpp.lv", "ftp://a"] {
            assert!(
                wrong.parse::<WebOrigins>().unwrap_err().to_string().contains("https://entry.example.lv"),
                "{wrong}"
            );
        }
        let read: WebOrigins = " localhost,https://a.lv ,".parse().unwrap();
        assert_eq!(read.to_string(), "localhost,https://a.lv");
    }
}

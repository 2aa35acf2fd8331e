//! Which media type a response has.

use axum::http::{HeaderMap, header};

/// Media types of a GraphQL response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MediaType {
    /// `application/graphql-response+json`: the status tells whether the document was sound.
    GraphqlResponse,
    /// `application/json`: what clients of before expect, 200 for all that was a GraphQL request.
    Json,
    /// `text/html`: the explorer page.
    Html,
}

impl MediaType {
    /// Value of the `Content-Type` header.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
        }
    }
}

/// What the client accepts best among what is offered; none where nothing of it is acceptable. Of equals the more
/// exact range wins, then the earlier one; where the client does not say, it is `application/json`.
pub(crate) fn negotiate(headers: &HeaderMap, offers_html: bool) -> Option<MediaType> {
    let mut best: Option<(u32, u8, MediaType)> = None;
    let mut asked = false;
    for value in headers.get_all(header::ACCEPT).iter().filter_map(|v| v.to_str().ok()) {
        for range in value.split(',').map(str::trim).filter(|r| !r.is_empty()) {
            asked = true;
            let mut parts = range.split(';').map(str::trim);
            let (exactness, media) = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "application/graphql-response+json" => (2, MediaType::GraphqlResponse),
                "application/json" => (2, MediaType::Json),
                "text/html" if offers_html => (2, MediaType::Html),
                "application/*" => (1, MediaType::Json),
                "*/*" => (0, MediaType::Json),
                _ => continue,
            };
            let quality = parts.find_map(|p| p.strip_prefix("q=")).map_or(1000, thousandths);
            if quality > 0 && best.is_none_or(|(q, e, _)| (quality, exactness) > (q, e)) {
                best = Some((quality, exactness, media));
            }
        }
    }
    match best {
        Some((_, _, media)) => Some(media),
        None if asked => None,
        None => Some(MediaType::Json),
    }
}

fn thousandths(quality: &str) -> u32 {
    let number: f32 = quality.parse().unwrap_or(0.0);
    (number.clamp(0.0, 1.0) * 1000.0) as u32
}

/// Whether a request body is JSON in UTF-8.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()) else {
        return false;
    };
    let mut parts = value.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|t| t.eq_ignore_ascii_case("application/json"));
    let is_utf8 = parts.all(|p| match p.split_once('=') {
        Some((name, charset)) if name.eq_ignore_ascii_case("charset") => {
            charset.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    is_json && is_utf8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiated(accept: &[&str], html: bool) -> Option<MediaType> {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(header::ACCEPT, value.parse().expect("a header"));
        }
        negotiate(&headers, html)
    }

    #[test]
    fn the_best_offer_is_taken() {
        use MediaType::{GraphqlResponse, Html, Json};
        assert_eq!(negotiated(&[], true), Some(Json));
        assert_eq!(negotiated(&["*/*"], true), Some(Json));
        assert_eq!(negotiated(&["application/graphql-response+json"], false), Some(GraphqlResponse));
        assert_eq!(
            negotiated(&["application/graphql-response+json, application/json;q=0.9"], false),
            Some(GraphqlResponse)
        );
        assert_eq!(negotiated(&["application/json", "application/graphql-response+json"], false), Some(Json));
        assert_eq!(negotiated(&["text/html,application/xhtml+xml,*/*;q=0.8"], true), Some(Html));
        assert_eq!(negotiated(&["text/html,application/xhtml+xml,*/*;q=0.8"], false), Some(Json));
        assert_eq!(negotiated(&["text/html"], false), None);
        assert_eq!(negotiated(&["application/json;q=0"], false), None);
    }
}

//! Every error that a client can see: one enum, one stable code each, one place that maps them.
//!
//! Resolvers return [`QueryError`]. async-graphql turns any displayable error into a message, so an error of the
//! database could slip out through a stray `?`; [`finish`] is what every response passes last, and it lets through only
//! what is a [`QueryError`] or was said by the GraphQL engine itself.

use async_graphql::{ErrorExtensionValues, Response, ServerError, Value};
use axum::http::StatusCode;
use uuid::Uuid;

/// What can go wrong with a query, in terms that the client can act on.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The HTTP request is not a GraphQL request.
    #[error("{0}")]
    BadRequest(String),
    /// An argument has a value that it cannot have.
    #[error("{argument}: {reason}")]
    BadInput {
        /// Name of the argument, as in the schema.
        argument: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The document breaks a rule of GraphQL or asks for something that this transport does not do.
    #[error("{0}")]
    Invalid(String),
    /// The document is not GraphQL.
    #[error("{0}")]
    Unparsable(String),
    /// There is no token, or it does not hold.
    #[error("{0}")]
    Unauthenticated(String),
    /// The token holds, but its institution, role or purpose may not ask for this.
    #[error("{0}")]
    Forbidden(String),
    /// The read models have not reached `minPosition` within the waiting time.
    #[error("not yet: {model} has reached {progress}, {wanted} was asked for; ask again in a moment")]
    NotYet {
        /// Read model that is behind.
        model: String,
        /// Position it has reached, `1.41`.
        progress: String,
        /// Position that was asked for, `1.42`.
        wanted: String,
    },
    /// A rule that the request relies on does not hold: a position of another generation, a position beyond the log.
    #[error("{0}")]
    FailedPrecondition(String),
    /// The document is too deep, too wide or too dear.
    #[error("{0}")]
    TooComplex(String),
    /// The request body is larger than is taken.
    #[error("the request is larger than {limit} bytes")]
    TooLarge {
        /// Bytes that are taken at most.
        limit: usize,
    },
    /// The answer was not ready in time.
    #[error("the answer was not ready within {seconds} s; ask for less")]
    Timeout {
        /// Seconds that were given.
        seconds: u64,
    },
    /// The database cannot be reached, or is too busy; asking again later may help.
    #[error("the register cannot answer now; try again in a moment")]
    Unavailable(#[source] sqlx::Error),
    /// The register's database is away, and the caller is none of those who go on from a copy.
    #[error("the register's database is away: only those who send help go on, from a copy; try again in a moment")]
    Away,
    /// The access log can't be written, and nothing is shown that is not in it (I-12).
    #[error("{0}")]
    NotLogged(#[source] access::AccessLogError),
    /// The keys of the token's issuer can't be read at the moment.
    #[error("{0}")]
    KeysUnavailable(access::AccessError),
    /// An error that several fields share.
    #[error(transparent)]
    Shared(std::sync::Arc<QueryError>),
    /// A fault of ours. The client learns an id to quote, the operator finds the cause under it.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl QueryError {
    /// A fault that is described in words.
    pub(crate) fn internal(text: impl Into<String>) -> Self {
        Self::Internal(text.into().into())
    }

    /// The stable code in `extensions.code`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadRequest(_) => "BAD_REQUEST",
            Self::BadInput { .. } => "BAD_USER_INPUT",
            Self::Invalid(_) => "GRAPHQL_VALIDATION_FAILED",
            Self::Unparsable(_) => "GRAPHQL_PARSE_FAILED",
            Self::Unauthenticated(_) => "UNAUTHENTICATED",
            Self::Forbidden(_) => "FORBIDDEN",
            Self::NotYet { .. } => "NOT_YET",
            Self::FailedPrecondition(_) => "FAILED_PRECONDITION",
            Self::TooComplex(_) => "QUERY_TOO_COMPLEX",
            Self::TooLarge { .. } => "PAYLOAD_TOO_LARGE",
            Self::Timeout { .. } => "TIMEOUT",
            Self::Unavailable(_) | Self::Away | Self::NotLogged(_) | Self::KeysUnavailable(_) => "UNAVAILABLE",
            Self::Shared(error) => error.code(),
            Self::Internal(_) => "INTERNAL",
        }
    }

    /// The error as the client sees it, without a place in the document.
    pub(crate) fn into_server_error(self) -> ServerError {
        let mut error = ServerError::new("", None);
        show(&self, &mut error);
        error
    }
}

impl From<sqlx::Error> for QueryError {
    fn from(error: sqlx::Error) -> Self {
        let passing = match &error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => {
                true
            }
            // Classes 08 connection, 53 resources, 57 operator intervention (57014 is a statement's own time limit); 3F000
            // and 42P01 where a read model's tables are not made yet, in the first moments of a new register; 40001 on a copy, where what
            // it follows has moved on too far.
            sqlx::Error::Database(e) => e.code().is_some_and(|c| {
                matches!(&*c, "40001" | "57014" | "3F000" | "42P01")
                    || c.starts_with("08")
                    || c.starts_with("53")
                    || c.starts_with("57P")
            }),
            _ => false,
        };
        if passing { Self::Unavailable(error) } else { Self::Internal(Box::new(error)) }
    }
}

/// HTTP status of a code, where a response has no data to show.
pub(crate) fn status_of(code: &str) -> StatusCode {
    match code {
        "UNAUTHENTICATED" => StatusCode::UNAUTHORIZED,
        "FORBIDDEN" => StatusCode::FORBIDDEN,
        "PAYLOAD_TOO_LARGE" => StatusCode::PAYLOAD_TOO_LARGE,
        "NOT_YET" | "UNAVAILABLE" => StatusCode::SERVICE_UNAVAILABLE,
        "FAILED_PRECONDITION" => StatusCode::CONFLICT,
        "TIMEOUT" => StatusCode::GATEWAY_TIMEOUT,
        "INTERNAL" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// The code of an error that has passed [`finish`].
pub(crate) fn code_of(error: &ServerError) -> Option<&str> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code),
        _ => None,
    }
}

/// Makes a response fit to leave the house: every error has a code, none tells more than it may.
///
/// `executed` says whether the document was sound and carried out; what is said before that is about the document.
pub(crate) fn finish(response: &mut Response, executed: bool) {
    for error in &mut response.errors {
        let source = error.source.take();
        match source.as_ref().map(|s| (s.downcast_ref::<QueryError>(), s.downcast_ref::<sqlx::Error>())) {
            Some((Some(known), _)) => show(known, error),
            Some((None, database)) => {
                let text = database.map_or_else(|| error.message.clone(), ToString::to_string);
                show(&QueryError::internal(text), error);
            }
            None if code_of(error).is_some() => {}
            None => {
                let code = match error.message.as_str() {
                    "Query is too complex." | "Query is nested too deep." => "QUERY_TOO_COMPLEX",
                    _ if executed => "BAD_USER_INPUT",
                    _ => "GRAPHQL_VALIDATION_FAILED",
                };
                error.extensions.get_or_insert_with(ErrorExtensionValues::default).set("code", code);
            }
        }
    }
}

/// Writes what the client may know of an error; what only the operator may know goes to the log.
fn show(error: &QueryError, shown: &mut ServerError) {
    if let QueryError::Shared(error) = error {
        return show(error, shown);
    }
    shown.message = error.to_string();
    let extensions = shown.extensions.get_or_insert_with(ErrorExtensionValues::default);
    extensions.set("code", error.code());
    match error {
        QueryError::BadInput { argument, .. } => extensions.set("argument", *argument),
        QueryError::NotYet { progress, wanted, .. } => {
            extensions.set("progress", progress.as_str());
            extensions.set("minPosition", wanted.as_str());
        }
        QueryError::Internal(cause) => {
            let id = Uuid::now_v7();
            extensions.set("errorId", id.to_string());
            tracing::error!(error_id = %id, cause = %Chain(cause.as_ref()), "query failed");
        }
        QueryError::NotLogged(cause) => {
            tracing::warn!(cause = %Chain(cause), "an answer is kept back: the access log can't be written");
        }
        QueryError::Unavailable(cause) => tracing::warn!(cause = %Chain(cause), "database does not answer a query"),
        _ => {}
    }
}

/// An error with its sources, for the operator's log.
struct Chain<'a>(&'a (dyn std::error::Error + 'static));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(error) = next {
            write!(f, ": {error}")?;
            next = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::Error;

    use super::*;

    fn finished(error: impl Into<Error>) -> ServerError {
        let mut response = Response::from_errors(vec![error.into().into_server_error(Default::default())]);
        finish(&mut response, true);
        response.errors.remove(0)
    }

    #[test]
    fn an_error_of_the_database_tells_nothing() {
        let error = finished(sqlx::Error::Protocol("relation \"secret\" does not exist".into()));
        assert_eq!(code_of(&error), Some("INTERNAL"));
        assert_eq!(error.message, "internal error");
        assert!(error.extensions.expect("extensions").get("errorId").is_some());
    }

    #[test]
    fn any_foreign_error_tells_nothing() {
        let error = finished(std::io::Error::other("select * from incidents"));
        assert_eq!((error.message.as_str(), code_of(&error)), ("internal error", Some("INTERNAL")));
    }

    #[test]
    fn our_own_errors_keep_message_and_code() {
        let error = finished(QueryError::BadInput { argument: "first", reason: "at most 200".into() });
        assert_eq!((error.message.as_str(), code_of(&error)), ("first: at most 200", Some("BAD_USER_INPUT")));
    }
}

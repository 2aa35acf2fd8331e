//! GraphQL parameters of a request.

use std::collections::HashMap;

use async_graphql::{Request, Variables};
use serde_json::{Map, Value};

use crate::error::QueryError;

/// What a client may send, in a body or in a query string.
#[derive(Debug)]
pub(crate) struct Params {
    query: String,
    operation_name: Option<String>,
    variables: Map<String, Value>,
}

impl Params {
    /// Of a POST body or of the payload of a `subscribe` message.
    pub(crate) fn from_json(body: &[u8]) -> Result<Self, QueryError> {
        if body.is_empty() {
            return Err(QueryError::BadRequest("the request has no body".into()));
        }
        let value: Value = serde_json::from_slice(body).map_err(|e| {
            QueryError::BadRequest(format!("the body is not JSON: line {}, column {}", e.line(), e.column()))
        })?;
        Self::from_value(value)
    }

    /// Of a JSON object.
    pub(crate) fn from_value(value: Value) -> Result<Self, QueryError> {
        let mut object = match value {
            Value::Object(object) => object,
            Value::Array(_) => {
                return Err(QueryError::BadRequest("one operation a request: lists are not taken".into()));
            }
            _ => return Err(QueryError::BadRequest("the body must be a JSON object".into())),
        };
        let query = match object.remove("query") {
            Some(Value::String(query)) => query,
            None | Some(Value::Null) => return Err(QueryError::BadRequest("parameter query is missing".into())),
            Some(_) => return Err(QueryError::BadRequest("parameter query must be a string".into())),
        };
        let operation_name = match object.remove("operationName") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(name),
            Some(_) => return Err(QueryError::BadRequest("parameter operationName must be a string".into())),
        };
        let variables = map_of("variables", object.remove("variables"))?;
        map_of("extensions", object.remove("extensions"))?;
        Ok(Self { query, operation_name, variables })
    }

    /// Of the query string of a GET request, `variables` and `extensions` being JSON.
    pub(crate) fn from_query_string(mut pairs: HashMap<String, String>) -> Result<Self, QueryError> {
        let mut object = Map::new();
        for name in ["query", "operationName"] {
            if let Some(text) = pairs.remove(name) {
                object.insert(name.into(), Value::String(text));
            }
        }
        for name in ["variables", "extensions"] {
            if let Some(text) = pairs.remove(name).filter(|t| !t.is_empty()) {
                let value = serde_json::from_str(&text)
                    .map_err(|_| QueryError::BadRequest(format!("parameter {name} is not JSON")))?;
                object.insert(name.into(), value);
            }
        }
        if object.get("operationName").is_some_and(|n| n == "") {
            object.remove("operationName");
        }
        Self::from_value(Value::Object(object))
    }

    /// The request for the engine.
    pub(crate) fn into_request(self) -> Request {
        let request = Request::new(self.query).variables(Variables::from_json(Value::Object(self.variables)));
        match self.operation_name {
            Some(name) => request.operation_name(name),
            None => request,
        }
    }
}

fn map_of(name: &str, value: Option<Value>) -> Result<Map<String, Value>, QueryError> {
    match value {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(map)) => Ok(map),
        Some(_) => Err(QueryError::BadRequest(format!("parameter {name} must be an object"))),
    }
}

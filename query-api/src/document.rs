//! What is looked at in a document before it is carried out, in time linear in its length.
//!
//! The engine's own checks walk fragments at each place they are spread, which a document of a few hundred bytes can
//! make take for ever (fragments that spread each other twice). So size and depth are computed here first, with each
//! fragment looked at once.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, OperationType, Selection,
    SelectionSet,
};
use async_graphql::{Name, Positioned, Value, Variables};

use crate::error::QueryError;

/// How large a document may be.
#[derive(Debug, Clone, Copy)]
pub struct DocumentLimits {
    /// Levels of nested fields.
    pub depth: usize,
    /// Fields after all fragments are spread.
    pub fields: usize,
    /// Cost, where each field costs one and a connection multiplies what is in it by the page size asked for.
    pub complexity: usize,
}

impl Default for DocumentLimits {
    fn default() -> Self {
        Self { depth: 15, fields: 2_000, complexity: 50_000 }
    }
}

/// A field at the root of the operation, with its arguments in place of variables.
#[derive(Debug)]
pub(crate) struct RootField {
    /// Its name in the schema.
    pub(crate) name: String,
    /// Its name in the answer.
    pub(crate) key: String,
    /// Names of all fields in it, however deep.
    pub(crate) inner: HashSet<String>,
    arguments: Vec<(Name, Value)>,
}

impl RootField {
    /// The value of an argument; none where it is left out or null.
    pub(crate) fn argument(&self, name: &str) -> Option<&Value> {
        self.arguments.iter().find(|(n, _)| n == name).map(|(_, v)| v).filter(|v| !matches!(v, Value::Null))
    }

    /// Whether it tells about the schema alone.
    pub(crate) fn is_introspection(&self) -> bool {
        self.name.starts_with("__")
    }
}

/// An operation that has passed the guard.
#[derive(Debug)]
pub(crate) struct Examined {
    /// Query, mutation or subscription.
    pub(crate) kind: OperationType,
    /// What it asks for at the root, without what `@skip` and `@include` leave out.
    pub(crate) roots: Vec<RootField>,
}

/// Refuses text that is nested deeper than any sound document, before a recursive parser sees it.
pub(crate) fn check_nesting(query: &str) -> Result<(), QueryError> {
    const DEEPEST: i32 = 64;
    let (mut depth, mut in_string, mut escaped, mut in_comment) = (0, false, false, false);
    for byte in query.bytes() {
        match byte {
            b'\n' | b'\r' => (in_comment, escaped) = (false, false),
            _ if in_comment => {}
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'#' => in_comment = true,
            b'{' | b'[' | b'(' => {
                depth += 1;
                if depth > DEEPEST {
                    return Err(QueryError::TooComplex(format!("the document is nested deeper than {DEEPEST} levels")));
                }
            }
            b'}' | b']' | b')' => depth -= 1,
            _ => {}
        }
    }
    Ok(())
}

/// Examines the operation that is to be carried out.
pub(crate) fn examine(
    document: &ExecutableDocument,
    operation_name: Option<&str>,
    variables: &Variables,
    limits: &DocumentLimits,
) -> Result<Examined, QueryError> {
    let operation = select(&document.operations, operation_name)?;
    let mut sizes = Sizes { fragments: &document.fragments, known: HashMap::new(), open: HashSet::new() };
    let size = sizes.of(&operation.selection_set.node)?;
    if size.depth > limits.depth {
        return Err(QueryError::TooComplex(format!(
            "the document is {} levels deep, at most {} are answered",
            size.depth, limits.depth
        )));
    }
    if size.fields > limits.fields {
        return Err(QueryError::TooComplex(format!(
            "the document asks for {} fields, at most {} are answered",
            size.fields, limits.fields
        )));
    }
    let values = coerce(operation, variables)?;
    let mut roots = Vec::new();
    let mut seen = HashSet::new();
    collect(&operation.selection_set.node, &document.fragments, &values, &mut seen, &mut roots);
    Ok(Examined { kind: operation.ty, roots })
}

fn select<'a>(operations: &'a DocumentOperations, name: Option<&str>) -> Result<&'a OperationDefinition, QueryError> {
    match (operations, name) {
        (DocumentOperations::Single(operation), None) => Ok(&operation.node),
        (DocumentOperations::Single(_), Some(name)) => {
            Err(QueryError::Invalid(format!("the document has no operation named \"{name}\"")))
        }
        (DocumentOperations::Multiple(many), Some(name)) => many
            .get(name)
            .map(|o| &o.node)
            .ok_or_else(|| QueryError::Invalid(format!("the document has no operation named \"{name}\""))),
        (DocumentOperations::Multiple(many), None) if many.len() == 1 => many
            .values()
            .next()
            .map(|o| &o.node)
            .ok_or_else(|| QueryError::Invalid("the document has no operation".into())),
        (DocumentOperations::Multiple(_), None) => {
            Err(QueryError::Invalid("the document has several operations: say which by operationName".into()))
        }
    }
}

/// Values of the operation's variables; a missing or null value of a type that has none is a fault of the request.
fn coerce(operation: &OperationDefinition, given: &Variables) -> Result<HashMap<Name, Value>, QueryError> {
    let mut values = HashMap::new();
    for definition in &operation.variable_definitions {
        let (name, definition) = (&definition.node.name.node, &definition.node);
        let value = match (given.get(name), &definition.default_value) {
            (Some(value), _) => Some(value.clone()),
            (None, Some(default)) => Some(default.node.clone()),
            (None, None) => None,
        };
        let required = !definition.var_type.node.nullable;
        match value {
            None | Some(Value::Null) if required => {
                return Err(QueryError::Invalid(format!(
                    "variable ${name} of type {} has no value",
                    definition.var_type.node
                )));
            }
            Some(value) => _ = values.insert(name.clone(), value),
            None => {}
        }
    }
    Ok(values)
}

#[derive(Clone, Copy)]
struct Size {
    depth: usize,
    fields: usize,
}

struct Sizes<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    known: HashMap<&'a Name, Size>,
    open: HashSet<&'a Name>,
}

impl<'a> Sizes<'a> {
    fn of(&mut self, set: &'a SelectionSet) -> Result<Size, QueryError> {
        let mut sum = Size { depth: 0, fields: 0 };
        for item in &set.items {
            let size = match &item.node {
                Selection::Field(field) => {
                    let inner = self.of(&field.node.selection_set.node)?;
                    Size { depth: inner.depth + 1, fields: inner.fields.saturating_add(1) }
                }
                Selection::InlineFragment(fragment) => self.of(&fragment.node.selection_set.node)?,
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node)?,
            };
            sum = Size { depth: sum.depth.max(size.depth), fields: sum.fields.saturating_add(size.fields) };
        }
        Ok(sum)
    }

    fn fragment(&mut self, name: &'a Name) -> Result<Size, QueryError> {
        if let Some(size) = self.known.get(name) {
            return Ok(*size);
        }
        let Some((name, fragment)) = self.fragments.get_key_value(name) else {
            return Err(QueryError::Invalid(format!("unknown fragment \"{name}\"")));
        };
        if !self.open.insert(name) {
            return Err(QueryError::Invalid(format!("fragment \"{name}\" contains itself")));
        }
        let size = self.of(&fragment.node.selection_set.node)?;
        self.open.remove(name);
        self.known.insert(name, size);
        Ok(size)
    }
}

fn collect<'a>(
    set: &'a SelectionSet,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    values: &HashMap<Name, Value>,
    seen: &mut HashSet<&'a Name>,
    roots: &mut Vec<RootField>,
) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) if is_asked_for(&field.node, values) => {
                let arguments = field.node.arguments.iter();
                let mut inner = HashSet::new();
                names(&field.node.selection_set.node, fragments, &mut HashSet::new(), &mut inner);
                roots.push(RootField {
                    name: field.node.name.node.to_string(),
                    key: field.node.response_key().node.to_string(),
                    inner,
                    arguments: arguments
                        .filter_map(|(n, v)| {
                            Some((n.node.clone(), v.node.clone().into_const_with(in_place(values)).ok()?))
                        })
                        .collect(),
                });
            }
            Selection::Field(_) => {}
            Selection::InlineFragment(fragment) => {
                collect(&fragment.node.selection_set.node, fragments, values, seen, roots);
            }
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                if seen.insert(name)
                    && let Some(fragment) = fragments.get(name)
                {
                    collect(&fragment.node.selection_set.node, fragments, values, seen, roots);
                }
            }
        }
    }
}

/// Names of all fields in a selection; each fragment is looked at once.
fn names<'a>(
    set: &'a SelectionSet,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    seen: &mut HashSet<&'a Name>,
    found: &mut HashSet<String>,
) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => {
                if !found.contains(field.node.name.node.as_str()) {
                    found.insert(field.node.name.node.to_string());
                }
                names(&field.node.selection_set.node, fragments, seen, found);
            }
            Selection::InlineFragment(fragment) => names(&fragment.node.selection_set.node, fragments, seen, found),
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                if seen.insert(name)
                    && let Some(fragment) = fragments.get(name)
                {
                    names(&fragment.node.selection_set.node, fragments, seen, found);
                }
            }
        }
    }
}

fn is_asked_for(field: &Field, values: &HashMap<Name, Value>) -> bool {
    field.directives.iter().all(|directive| {
        let condition = directive.node.get_argument("if").map(|v| v.node.clone().into_const_with(in_place(values)));
        match (directive.node.name.node.as_str(), condition) {
            ("skip", Some(Ok(Value::Boolean(skip)))) => !skip,
            ("include", Some(Ok(Value::Boolean(include)))) => include,
            _ => true,
        }
    })
}

/// What stands in the place of a variable.
fn in_place(values: &HashMap<Name, Value>) -> impl Fn(Name) -> Result<Value, Infallible> {
    |name| Ok(values.get(&name).cloned().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn examined(query: &str, variables: serde_json::Value) -> Result<Examined, QueryError> {
        check_nesting(query)?;
        let document = parse_query(query).expect("a sound document");
        examine(&document, None, &Variables::from_json(variables), &DocumentLimits::default())
    }

    #[test]
    fn arguments_at_the_root_are_seen_through_variables_and_fragments() {
        let query = "query($p: LogPosition = \"1.7\", $no: Boolean!) { ...F b: cards @skip(if: $no) { x } }
                     fragment F on Query { incident(minPosition: $p) { id } }";
        let found = examined(query, serde_json::json!({"no": true})).expect("sound");
        assert_eq!(found.roots.len(), 1);
        assert_eq!(found.roots[0].argument("minPosition"), Some(&Value::from("1.7")));
    }

    #[test]
    fn a_required_variable_must_have_a_value() {
        let refused = examined("query($id: ID!) { __typename }", serde_json::json!({"id": null}));
        assert!(matches!(refused, Err(QueryError::Invalid(_))));
    }

    #[test]
    fn a_fragment_bomb_is_refused_at_once() {
        let mut query = String::from("{ ...F0 }");
        for i in 0..60 {
            query.push_str(&format!(" fragment F{i} on Query {{ ...F{n} ...F{n} }}", n = i + 1));
        }
        query.push_str(" fragment F60 on Query { a }");
        assert!(matches!(examined(&query, serde_json::json!({})), Err(QueryError::TooComplex(_))));
    }

    #[test]
    fn a_fragment_that_contains_itself_is_refused() {
        let refused =
            examined("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", serde_json::json!({}));
        assert!(matches!(refused, Err(QueryError::Invalid(_))));
    }

    #[test]
    fn depth_and_ten_thousand_aliases_are_refused() {
        let deep = format!("{}a{}", "{ a ".repeat(20), " }".repeat(20));
        assert!(matches!(examined(&deep, serde_json::json!({})), Err(QueryError::TooComplex(_))));
        let aliases: String = (0..10_000).map(|i| format!("a{i}: x ")).collect();
        assert!(matches!(examined(&format!("{{ {aliases} }}"), serde_json::json!({})), Err(QueryError::TooComplex(_))));
        assert!(check_nesting(&"{a".repeat(100_000)).is_err());
        assert!(check_nesting("{ a(x: \"{{{{{{{{ \\\" {{{{\") # {{{{\n }").is_ok());
    }
}

//! Which columns the fields of a step's command are made of: what the register says of a field is told with them.

use super::mapping::{ColumnId, Expression, Field, Giver, Mapping, Part, Step};

/// A step's name, and the columns of each field that it gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    /// The step.
    pub name: String,
    /// By paths as the register names them: `place.text`, `envelope.occurred_at`.
    fields: Vec<(String, Vec<String>)>,
}

impl Origin {
    /// Of a step of the mapping.
    #[must_use]
    pub(super) fn of(step: &Step, mapping: &Mapping) -> Self {
        let mut fields = Vec::new();
        let mut own = |path: &str, expression: Option<&Expression>| {
            fields.extend(expression.map(|expression| (path.to_owned(), columns_of(expression, mapping))));
        };
        own("envelope.occurred_at", Some(&step.occurred_at));
        own("envelope.source.external_id", step.external_id.as_ref());
        own("envelope.source.sequence", step.sequence.as_ref());
        own("envelope.source.recorded_at", step.recorded_at.as_ref());
        collect("", &step.fields, mapping, &mut fields);
        Self { name: step.name.clone(), fields }
    }

    /// A step of that name without fields.
    #[cfg(test)]
    pub(super) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), fields: Vec::new() }
    }

    /// The columns of a field, or of the fields in it.
    #[must_use]
    pub(super) fn columns(&self, path: &str) -> Vec<String> {
        let within = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let mut columns = Vec::new();
        for (_, from) in self.fields.iter().filter(|(field, _)| within(field, path) || within(path, field)) {
            columns.extend(from.iter().cloned());
        }
        columns.sort_unstable();
        columns.dedup();
        columns
    }
}

fn collect(path: &str, fields: &[(String, Field)], mapping: &Mapping, found: &mut Vec<(String, Vec<String>)>) {
    for (name, field) in fields {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        of_field(&path, field, mapping, found);
    }
}

fn of_field(path: &str, field: &Field, mapping: &Mapping, found: &mut Vec<(String, Vec<String>)>) {
    match field {
        Field::Value(expression) => found.push((path.to_owned(), columns_of(expression, mapping))),
        Field::Message(fields) => collect(path, fields, mapping, found),
        // Which of a list is meant depends on which of it the row has.
        Field::List(items) => items.iter().for_each(|item| of_field(path, item, mapping, found)),
    }
}

fn columns_of(expression: &Expression, mapping: &Mapping) -> Vec<String> {
    let name = |column: &ColumnId| mapping.columns[column.index()].clone();
    match &expression.giver {
        Giver::Column(column) | Giver::Aggregate(_, column) | Giver::Count(Some(column)) => vec![name(column)],
        Giver::Template(template) => {
            let columns = template.0.iter().filter_map(|part| match part {
                Part::Column(column) => Some(name(column)),
                Part::Words(_) => None,
            });
            columns.collect()
        }
        Giver::Coalesce(from) => from.iter().flat_map(|inner| columns_of(inner, mapping)).collect(),
        Giver::Constant(_) | Giver::Count(None) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::check_mapping;

    #[test]
    fn a_field_is_told_with_the_columns_that_it_is_made_of() {
        let text = include_str!("../../../schema/mappings/vp-legacy.toml");
        let mapping = check_mapping(text).unwrap();
        let register = Origin::of(&mapping.row[0], &mapping);
        for (path, columns) in [
            ("place.territory", &["ATVK"][..]),
            ("place", &["ADRESE", "ATVK"]),
            ("reporter.phone", &["TALRUNIS"]),
            ("envelope.occurred_at", &["NOTICIS_NO"]),
            ("envelope.source.recorded_at", &["REGISTRETS"]),
            ("incident_closed", &[]),
        ] {
            assert_eq!(register.columns(path), columns, "{path}");
        }
        let result = Origin::of(&mapping.row[2], &mapping);
        assert_eq!((result.name.as_str(), result.columns("case_refs[0]")), ("record_result", vec!["LIETA".to_owned()]));
    }
}

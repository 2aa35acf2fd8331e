//! What the expressions of a mapping give for a row of a group.

use super::input::Row;
use super::mapping::{
    Aggregate, ColumnId, Condition, Expression, Giver, Letters, Mapping, Part, Reading, Template, Test,
};
use super::time::TimeError;
use super::value::{self, Value};

/// A value that a row should have and has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// What kind: `unreadable_time`, `missing_local_time`, `unreadable_value`, `not_in_table`, `missing_value`.
    pub code: &'static str,
    /// Column.
    pub column: Option<String>,
    /// For people.
    pub message: String,
}

/// The rows that expressions look at, and what was seen on the way.
pub(super) struct Scope<'a> {
    mapping: &'a Mapping,
    rows: &'a [Row],
    current: usize,
    /// Whether a value came from a local time that happened twice.
    pub ambiguous: bool,
    /// Whether a value came from other rows of the group.
    pub over_group: bool,
}

type Given = Result<Option<Value>, Problem>;

impl<'a> Scope<'a> {
    /// Row `current` of a group.
    #[must_use]
    pub(super) fn new(mapping: &'a Mapping, rows: &'a [Row], current: usize) -> Self {
        Self { mapping, rows, current, ambiguous: false, over_group: false }
    }

    fn row(&self) -> &'a Row {
        &self.rows[self.current]
    }

    /// Whether all conditions hold.
    pub(super) fn holds(&mut self, conditions: &[Condition]) -> bool {
        conditions.iter().all(|condition| self.condition_holds(condition))
    }

    fn condition_holds(&mut self, condition: &Condition) -> bool {
        let column = condition.column;
        let value = self.row().value(column);
        match &condition.test {
            Test::Present => value.is_some(),
            Test::Absent => value.is_none(),
            Test::OneOf(texts) => value.is_some_and(|value| texts.iter().any(|text| text == value)),
            Test::NoneOf(texts) => !value.is_some_and(|value| texts.iter().any(|text| text == value)),
            Test::DiffersFrom(other) => value != self.row().value(*other),
            Test::AnyRow | Test::NoRow => {
                self.over_group = true;
                let any = self.rows.iter().any(|row| row.value(column).is_some());
                any == matches!(condition.test, Test::AnyRow)
            }
        }
    }

    /// What a template gives; none where one of its columns is empty.
    #[must_use]
    pub(super) fn template(&self, template: &Template) -> Option<String> {
        let mut text = String::new();
        for part in &template.0 {
            match part {
                Part::Words(words) => text.push_str(words),
                Part::Column(column) => text.push_str(self.row().value(*column)?),
            }
        }
        Some(text)
    }

    /// What an expression gives.
    ///
    /// # Errors
    /// Where the row has a value that can't be read or translated, or lacks one that is required.
    pub(super) fn value(&mut self, expression: &Expression) -> Given {
        let found = match &expression.giver {
            Giver::Constant(value) => Some(value.clone()),
            Giver::Column(column) => self.read(expression, self.row().value(*column), Some(*column))?,
            Giver::Template(template) => {
                let text = self.template(template);
                self.read(expression, text.as_deref(), None)?
            }
            Giver::Coalesce(from) => {
                let mut first = None;
                for inner in from {
                    first = self.value(inner)?;
                    if first.is_some() {
                        break;
                    }
                }
                match first {
                    Some(Value::Text(text)) => self.read(expression, Some(&text), None)?,
                    other => other,
                }
            }
            Giver::Count(column) => {
                self.over_group = true;
                let counts = |row: &&Row| column.is_none_or(|column| row.value(column).is_some());
                let count = self.rows.iter().filter(counts).count();
                Some(Value::Number(i64::try_from(count).unwrap_or(i64::MAX)))
            }
            Giver::Aggregate(aggregate, column) => {
                self.over_group = true;
                self.aggregate(expression, *aggregate, *column)?
            }
        };
        match found.or_else(|| expression.default.clone()) {
            None if expression.required => {
                let column = self.named_column(expression);
                let what = column.as_ref().map_or_else(|| "a value".to_owned(), |column| format!("`{column}`"));
                Err(Problem { code: "missing_value", column, message: format!("{what} is empty") })
            }
            other => {
                self.ambiguous |= matches!(&other, Some(Value::Time(time)) if time.ambiguous);
                Ok(other)
            }
        }
    }

    fn aggregate(&self, expression: &Expression, aggregate: Aggregate, column: ColumnId) -> Given {
        let mut present = self.rows.iter().filter_map(|row| row.value(column));
        match aggregate {
            Aggregate::First => self.read(expression, present.next(), Some(column)),
            Aggregate::Last => self.read(expression, present.next_back(), Some(column)),
            Aggregate::Least | Aggregate::Greatest => {
                let mut best: Option<Value> = None;
                for text in present {
                    let Some(value) = self.read(expression, Some(text), Some(column))? else { continue };
                    let better = best.as_ref().is_none_or(|best| {
                        let order = compare(&value, best);
                        if aggregate == Aggregate::Least { order.is_lt() } else { order.is_gt() }
                    });
                    if better {
                        best = Some(value);
                    }
                }
                Ok(best)
            }
        }
    }

    fn read(&self, expression: &Expression, text: Option<&str>, column: Option<ColumnId>) -> Given {
        let Some(text) = text else { return Ok(None) };
        let name = column.map(|column| self.mapping.columns[column.index()].clone());
        let cased = match expression.letters {
            Letters::Kept => text.to_owned(),
            Letters::Upper => text.to_uppercase(),
            Letters::Lower => text.to_lowercase(),
        };
        let mut text = match expression.limit {
            Some(limit) => cased.chars().take(limit).collect(),
            None => cased,
        };
        if let Some(table) = &expression.table {
            let ours = self.mapping.tables.get(table).and_then(|table| table.entries.get(&text));
            text = match (ours, &expression.default) {
                (Some(ours), _) => ours.clone(),
                (None, Some(default)) => return Ok(Some(default.clone())),
                (None, None) => {
                    let message = format!("`{text}` is not in the table `{table}` of the mapping");
                    return Err(Problem { code: "not_in_table", column: name, message });
                }
            };
        }
        let unreadable = |what: &str| {
            let message = format!("`{text}` is not {what}");
            Problem { code: "unreadable_value", column: name.clone(), message }
        };
        let number = |number: Option<i64>, what: &str| number.map(Value::Number).ok_or_else(|| unreadable(what));
        let value = match expression.reading {
            Reading::Text => Value::Text(text),
            Reading::Uint => number(value::unsigned(&text), "a whole number of 0 or more")?,
            Reading::Int => number(text.parse().ok(), "a whole number")?,
            Reading::MicroDegrees => number(value::micro_degrees(&text), "a number of degrees")?,
            Reading::Bool => value::truth(&text).map(Value::Truth).ok_or_else(|| unreadable("true or false"))?,
            Reading::Point => value::point(&text).ok_or_else(|| unreadable("a point such as `(56.95, 24.11)`"))?,
            Reading::Time => Value::Time(self.mapping.times.read(&text).map_err(|error| Problem {
                code: match error {
                    TimeError::Unreadable(_) => "unreadable_time",
                    TimeError::Missing { .. } => "missing_local_time",
                },
                column: name.clone(),
                message: error.to_string(),
            })?),
        };
        Ok(Some(value))
    }

    fn named_column(&self, expression: &Expression) -> Option<String> {
        let column = match &expression.giver {
            Giver::Column(column) | Giver::Aggregate(_, column) => *column,
            Giver::Template(template) => template.0.iter().find_map(|part| match part {
                Part::Column(column) if self.row().value(*column).is_none() => Some(*column),
                _ => None,
            })?,
            Giver::Coalesce(from) => return from.first().and_then(|first| self.named_column(first)),
            Giver::Constant(_) | Giver::Count(_) => return None,
        };
        Some(self.mapping.columns[column.index()].clone())
    }
}

/// Values of one expression are of one kind; texts go by their letters.
fn compare(one: &Value, other: &Value) -> std::cmp::Ordering {
    match (one, other) {
        (Value::Time(one), Value::Time(other)) => one.at.cmp(&other.at),
        (Value::Number(one), Value::Number(other)) => one.cmp(other),
        _ => one.to_text().cmp(&other.to_text()),
    }
}

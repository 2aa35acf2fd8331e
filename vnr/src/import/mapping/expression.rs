//! Expressions: where a value comes from, and what is done to it on the way.

use toml::{Table as Toml, Value as TomlValue};

use super::ColumnId;
use super::load::Loader;
use crate::import::value::Value;

/// What gives the value.
#[derive(Debug, Clone)]
pub enum Giver {
    /// A column of the row: in `begin` of the group's first row, in `end` of its last.
    Column(ColumnId),
    /// The mapping itself.
    Constant(Value),
    /// Several columns with words between.
    Template(Template),
    /// The first of these that is there.
    Coalesce(Vec<Expression>),
    /// A column over all rows of the group.
    Aggregate(Aggregate, ColumnId),
    /// How many rows of the group have the column, or how many it has.
    Count(Option<ColumnId>),
}

/// Which value of a group's rows is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// Of the first row that has one.
    First,
    /// Of the last row that has one.
    Last,
    /// The least, as it was read.
    Least,
    /// The greatest, as it was read.
    Greatest,
}

/// As what the text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// As it is.
    Text,
    /// A moment, by the formats and the zone of the source.
    Time,
    /// A whole number.
    Int,
    /// A whole number of 0 or more.
    Uint,
    /// Yes or no.
    Bool,
    /// Decimal degrees as micro-degrees.
    MicroDegrees,
    /// `(lat, lon)` as a point.
    Point,
}

/// Letters of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letters {
    /// As they are.
    Kept,
    /// Capital.
    Upper,
    /// Small.
    Lower,
}

/// Columns with words between, `{Call Number}-{Unit ID}`.
#[derive(Debug, Clone)]
pub struct Template(pub Vec<Part>);

/// A part of a template.
#[derive(Debug, Clone)]
pub enum Part {
    /// Words as they stand.
    Words(String),
    /// A column's value.
    Column(ColumnId),
}

/// Where a value comes from, and what is done to it on the way.
#[derive(Debug, Clone)]
pub struct Expression {
    /// What gives it.
    pub giver: Giver,
    /// Its letters.
    pub letters: Letters,
    /// Most characters; the rest is cut.
    pub limit: Option<usize>,
    /// Table that translates it.
    pub table: Option<String>,
    /// As what it is read.
    pub reading: Reading,
    /// What stands in where it is absent, or the table hasn't it.
    pub default: Option<Value>,
    /// Whether the row is refused where there is no value.
    pub required: bool,
}

const GIVERS: [&str; 9] = ["column", "const", "template", "coalesce", "first", "last", "min", "max", "count"];
const MODIFIERS: [&str; 7] = ["parse", "map", "default", "upper", "lower", "limit", "required"];

/// Whether a table of the mapping is an expression, and not a message.
pub(super) fn is_expression(table: &Toml) -> bool {
    GIVERS.iter().any(|giver| table.contains_key(*giver))
}

impl Expression {
    /// What its values are, where all of them are of one kind.
    #[must_use]
    pub fn gives(&self) -> Reading {
        match &self.giver {
            Giver::Constant(value) => reading_of(value),
            Giver::Count(_) => Reading::Uint,
            Giver::Coalesce(from) if self.reading == Reading::Text => from.first().map_or(Reading::Text, Self::gives),
            _ => self.reading,
        }
    }

    pub(super) fn bare(giver: Giver, reading: Reading) -> Self {
        let required = false;
        Self { giver, letters: Letters::Kept, limit: None, table: None, reading, default: None, required }
    }

    /// A value that stands for itself.
    pub(super) fn constant(value: Value) -> Self {
        Self::bare(Giver::Constant(value), Reading::Text)
    }

    /// Reads an expression; what is wrong goes to the loader.
    pub(super) fn load(loader: &mut Loader<'_>, path: &str, table: &Toml) -> Option<Self> {
        let found: Vec<&str> = GIVERS.into_iter().filter(|giver| table.contains_key(*giver)).collect();
        let [giver_name] = found[..] else {
            let message = match found.len() {
                0 => format!("says not where the value comes from: one of {}", GIVERS.join(", ")),
                _ => format!("takes the value from {} at once", found.join(" and ")),
            };
            return loader.error(path, message);
        };
        let known: Vec<&str> = MODIFIERS.into_iter().chain([giver_name]).collect();
        loader.only(path, table, &known);
        let giver = Self::load_giver(loader, path, giver_name, &table[giver_name]);
        let reading = loader.optional_text(path, table, "parse").map_or(Some(Reading::Text), |word| {
            reading_named(word).or_else(|| {
                let known = "text, time, int, uint, bool, microdegrees, point";
                loader.error(&format!("{path}.parse"), format!("`{word}` is none of {known}"))
            })
        });
        let map = loader.optional_text(path, table, "map").map(str::to_owned);
        if let Some(name) = map.as_deref().filter(|name| !loader.has_table(name)) {
            loader.error::<()>(&format!("{path}.map"), format!("there is no table [tables.{name}]"));
        }
        let default = table.get("default").and_then(|value| loader.constant(&format!("{path}.default"), value));
        let upper = loader.flag(path, table, "upper");
        let lower = loader.flag(path, table, "lower");
        if upper && lower {
            loader.error::<()>(path, "can't be upper and lower at once");
        }
        let letters = if upper {
            Letters::Upper
        } else if lower {
            Letters::Lower
        } else {
            Letters::Kept
        };
        let limit = table.get("limit").and_then(|value| {
            let limit = value.as_integer().and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
            limit.or_else(|| loader.error(&format!("{path}.limit"), "is a number of characters, 1 or more"))
        });
        let required = loader.flag(path, table, "required");
        let expression = Self { giver: giver?, letters, limit, table: map, reading: reading?, default, required };
        expression.consistent(loader, path);
        Some(expression)
    }

    fn load_giver(loader: &mut Loader<'_>, path: &str, name: &str, value: &TomlValue) -> Option<Giver> {
        let at = format!("{path}.{name}");
        if name == "const" {
            return loader.constant(&at, value).map(Giver::Constant);
        }
        if name == "coalesce" {
            let Some(items) = value.as_array().filter(|items| !items.is_empty()) else {
                return loader.error(&at, "is a list of expressions");
            };
            let load = |(index, item)| loader.expression(&format!("{at}[{index}]"), item);
            let loaded: Vec<Option<Self>> = items.iter().enumerate().map(load).collect();
            return loaded.into_iter().collect::<Option<Vec<_>>>().map(Giver::Coalesce);
        }
        let Some(text) = value.as_str() else {
            return loader.error(&at, "is a text in quotes");
        };
        if name == "template" {
            return loader.template(&at, text).map(Giver::Template);
        }
        if name == "count" && text == "*" {
            return Some(Giver::Count(None));
        }
        let column = loader.column(&at, text)?;
        Some(match name {
            "column" => Giver::Column(column),
            "count" => Giver::Count(Some(column)),
            "first" => Giver::Aggregate(Aggregate::First, column),
            "last" => Giver::Aggregate(Aggregate::Last, column),
            "min" => Giver::Aggregate(Aggregate::Least, column),
            _ => Giver::Aggregate(Aggregate::Greatest, column),
        })
    }

    fn consistent(&self, loader: &mut Loader<'_>, path: &str) {
        if let Giver::Coalesce(from) = &self.giver {
            let kinds: Vec<Reading> = from.iter().map(Self::gives).collect();
            if kinds.windows(2).any(|pair| pair[0] != pair[1]) {
                loader.error::<()>(path, "the values to choose from are read differently");
            }
        }
        if matches!(self.giver, Giver::Constant(_) | Giver::Count(_)) && self.reading != Reading::Text {
            loader.error::<()>(path, "is not a text: `parse` has nothing to read");
        }
        if let Some(default) = &self.default
            && comparable(reading_of(default)) != comparable(self.gives())
            && !matches!(self.gives(), Reading::Time | Reading::Point)
        {
            loader.error::<()>(path, "the default is of another kind than the value");
        }
        if self.default.is_some() && matches!(self.gives(), Reading::Time | Reading::Point) {
            loader.error::<()>(path, "a time or a point has no default: use `coalesce`");
        }
    }
}

fn comparable(reading: Reading) -> Reading {
    match reading {
        Reading::Uint | Reading::MicroDegrees => Reading::Int,
        other => other,
    }
}

fn reading_of(value: &Value) -> Reading {
    match value {
        Value::Text(_) => Reading::Text,
        Value::Time(_) => Reading::Time,
        Value::Number(_) => Reading::Int,
        Value::Truth(_) => Reading::Bool,
        Value::Point { .. } => Reading::Point,
    }
}

fn reading_named(word: &str) -> Option<Reading> {
    Some(match word {
        "text" => Reading::Text,
        "time" | "datetime" => Reading::Time,
        "int" => Reading::Int,
        "uint" => Reading::Uint,
        "bool" => Reading::Bool,
        "microdegrees" => Reading::MicroDegrees,
        "point" => Reading::Point,
        _ => return None,
    })
}

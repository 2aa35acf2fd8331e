//! Steps: one command each, with what it needs and where its fields come from.

use toml::{Table as Toml, Value as TomlValue};

use super::ColumnId;
use super::expression::{Expression, Giver, Reading, Template, is_expression};
use super::load::Loader;

/// When in a group a step is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Once, before its rows.
    Begin,
    /// For each row.
    Row,
    /// Once, after its rows.
    End,
}

impl Phase {
    /// The word of the mapping.
    #[must_use]
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Row => "row",
            Self::End => "end",
        }
    }
}

/// One command that rows give.
#[derive(Debug, Clone)]
pub struct Step {
    /// Unique among the steps; part of the command's id.
    pub name: String,
    /// Field of `CommandEnvelope`, `receive_call`.
    pub command: String,
    /// With the step's name, what makes the command's id.
    pub key: Template,
    /// Whether the thing needs to be said only once: that it was said before, in other words, is no refusal.
    pub once: bool,
    /// All of these must hold, or the step is left out.
    pub when: Vec<Condition>,
    /// When it happened.
    pub occurred_at: Expression,
    /// What the source calls the record.
    pub external_id: Option<Expression>,
    /// Place in the source's order.
    pub sequence: Option<Expression>,
    /// When the source recorded it.
    pub recorded_at: Option<Expression>,
    /// Fields of the command's message.
    pub fields: Vec<(String, Field)>,
}

/// A field of a message.
#[derive(Debug, Clone)]
pub enum Field {
    /// A value.
    Value(Expression),
    /// A message; left out where none of its fields is there.
    Message(Vec<(String, Field)>),
    /// Several values or messages.
    List(Vec<Field>),
}

/// What must hold for a step.
#[derive(Debug, Clone)]
pub struct Condition {
    /// Column that it looks at.
    pub column: ColumnId,
    /// What it looks for.
    pub test: Test,
}

/// What a condition looks for.
#[derive(Debug, Clone)]
pub enum Test {
    /// The row has a value.
    Present,
    /// The row has none.
    Absent,
    /// The value is one of these.
    OneOf(Vec<String>),
    /// The value, or its absence, is none of these.
    NoneOf(Vec<String>),
    /// The value is another than that column's.
    DiffersFrom(ColumnId),
    /// Any row of the group has a value.
    AnyRow,
    /// No row of the group has one.
    NoRow,
}

const KEYS: [&str; 10] =
    ["command", "name", "id", "once", "when", "occurred_at", "external_id", "sequence", "recorded_at", "fields"];

impl Step {
    /// Reads a step; what is wrong goes to the loader.
    pub(super) fn load(loader: &mut Loader<'_>, path: &str, table: &Toml, defaults: &Toml) -> Option<Self> {
        loader.only(path, table, &KEYS);
        let command = loader.text(path, table, "command").map(str::to_owned);
        let name = loader.optional_text(path, table, "name").map(str::to_owned).or_else(|| command.clone());
        let key = loader.text(path, table, "id").map(str::to_owned);
        let key = key.and_then(|key| loader.template(&format!("{path}.id"), &key));
        let when = Self::load_when(loader, path, table.get("when"));
        let occurred_at = match table.get("occurred_at") {
            Some(value) => loader.time_expression(&format!("{path}.occurred_at"), value),
            None => loader.error(&format!("{path}.occurred_at"), "is missing: when did it happen?"),
        };
        let mut own_or_default = |key: &str| {
            let (at, value) = match table.get(key) {
                Some(value) => (format!("{path}.{key}"), value),
                None => (format!("source.{key}"), defaults.get(key)?),
            };
            if key == "recorded_at" { loader.time_expression(&at, value) } else { loader.expression(&at, value) }
        };
        let external_id = own_or_default("external_id");
        let sequence = own_or_default("sequence");
        let recorded_at = own_or_default("recorded_at");
        if sequence.as_ref().is_some_and(|sequence| sequence.gives() != Reading::Uint) {
            loader.error::<()>(&format!("{path}.sequence"), "is a whole number: say parse = \"uint\"");
        }
        let fields = match table.get("fields") {
            None => Some(Vec::new()),
            Some(TomlValue::Table(fields)) => Field::load_message(loader, &format!("{path}.fields"), fields),
            Some(_) => loader.error(&format!("{path}.fields"), "is a table of fields"),
        };
        let once = loader.flag(path, table, "once");
        let (command, occurred_at) = (command?, occurred_at?);
        let (name, key, when, fields) = (name?, key?, when?, fields?);
        Some(Self { name, command, key, once, when, occurred_at, external_id, sequence, recorded_at, fields })
    }

    fn load_when(loader: &mut Loader<'_>, path: &str, value: Option<&TomlValue>) -> Option<Vec<Condition>> {
        let path = format!("{path}.when");
        match value {
            None => Some(Vec::new()),
            Some(TomlValue::Array(items)) => {
                let load = |(index, item)| Condition::load(loader, &format!("{path}[{index}]"), item);
                let loaded: Vec<Option<Condition>> = items.iter().enumerate().map(load).collect();
                loaded.into_iter().collect()
            }
            Some(item) => Condition::load(loader, &path, item).map(|condition| vec![condition]),
        }
    }

    /// Every expression of the step, with where it stands.
    pub fn expressions(&self) -> Vec<&Expression> {
        let mut found = vec![&self.occurred_at];
        found.extend([&self.external_id, &self.sequence, &self.recorded_at].into_iter().flatten());
        self.fields.iter().for_each(|(_, field)| field.expressions(&mut found));
        let mut index = 0;
        while index < found.len() {
            if let Giver::Coalesce(inner) = &found[index].giver {
                found.extend(inner);
            }
            index += 1;
        }
        found
    }
}

impl Field {
    fn load_message(loader: &mut Loader<'_>, path: &str, table: &Toml) -> Option<Vec<(String, Self)>> {
        let load = |(name, value): (&String, &TomlValue)| {
            Some((name.clone(), Self::load(loader, &format!("{path}.{name}"), value)?))
        };
        let loaded: Vec<Option<(String, Self)>> = table.iter().map(load).collect();
        loaded.into_iter().collect()
    }

    fn load(loader: &mut Loader<'_>, path: &str, value: &TomlValue) -> Option<Self> {
        match value {
            TomlValue::Table(table) if !is_expression(table) => {
                Self::load_message(loader, path, table).map(Self::Message)
            }
            TomlValue::Table(table) => Expression::load(loader, path, table).map(Self::Value),
            TomlValue::Array(items) => {
                let load = |(index, item)| Self::load(loader, &format!("{path}[{index}]"), item);
                let loaded: Vec<Option<Self>> = items.iter().enumerate().map(load).collect();
                loaded.into_iter().collect::<Option<Vec<_>>>().map(Self::List)
            }
            constant => loader.constant(path, constant).map(|value| Self::Value(Expression::constant(value))),
        }
    }

    fn expressions<'a>(&'a self, found: &mut Vec<&'a Expression>) {
        match self {
            Self::Value(expression) => found.push(expression),
            Self::Message(fields) => fields.iter().for_each(|(_, field)| field.expressions(found)),
            Self::List(items) => items.iter().for_each(|field| field.expressions(found)),
        }
    }
}

impl Condition {
    fn load(loader: &mut Loader<'_>, path: &str, value: &TomlValue) -> Option<Self> {
        let table = match value {
            TomlValue::String(column) => {
                return Some(Self { column: loader.column(path, column)?, test: Test::Present });
            }
            TomlValue::Table(table) => table,
            _ => return loader.error(path, "is a column's name or a table such as { column = \"X\", equals = \"1\" }"),
        };
        for (key, test) in [("any", Test::AnyRow), ("none", Test::NoRow)] {
            if table.contains_key(key) {
                loader.only(path, table, &[key]);
                let name = loader.text(path, table, key)?.to_owned();
                return Some(Self { column: loader.column(&format!("{path}.{key}"), &name)?, test });
            }
        }
        let tests = ["present", "absent", "equals", "not_equals", "one_of", "none_of", "differs_from"];
        let known: Vec<&str> = tests.into_iter().chain(["column"]).collect();
        loader.only(path, table, &known);
        let column = loader.text(path, table, "column").map(str::to_owned);
        let column = column.and_then(|column| loader.column(&format!("{path}.column"), &column));
        let found: Vec<&str> = tests.into_iter().filter(|test| table.contains_key(*test)).collect();
        let [test] = found[..] else {
            return loader.error(path, format!("says one of {}", tests.join(", ")));
        };
        let test = match test {
            "present" | "absent" if !loader.flag(path, table, test) => {
                return loader.error(&format!("{path}.{test}"), "is true, or left out");
            }
            "present" => Test::Present,
            "absent" => Test::Absent,
            "equals" => Test::OneOf(vec![loader.text(path, table, test)?.to_owned()]),
            "not_equals" => Test::NoneOf(vec![loader.text(path, table, test)?.to_owned()]),
            "one_of" => Test::OneOf(loader.texts(path, table, test)?),
            "none_of" => Test::NoneOf(loader.texts(path, table, test)?),
            _ => {
                let other = loader.text(path, table, test)?.to_owned();
                Test::DiffersFrom(loader.column(&format!("{path}.{test}"), &other)?)
            }
        };
        Some(Self { column: column?, test })
    }
}

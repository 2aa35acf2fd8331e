//! Reads a mapping from TOML, collecting everything that is wrong.

use std::collections::{BTreeMap, BTreeSet};

use encoding_rs::Encoding;
use prost_reflect::DescriptorPool;
use sha2::{Digest, Sha256};
use toml::{Table as Toml, Value as TomlValue};

use super::expression::{Expression, Giver, Part, Reading, Template};
use super::{ColumnId, FileFormat, Mapping, MappingError, MappingErrors, Phase, Step, Table, check};
use crate::import::time::TimeReader;
use crate::import::value::Value;

const KEYS: [&str; 9] =
    ["source", "group_by", "order_by", "interleave", "tables", "begin", "row", "end", "description"];
const SOURCE_KEYS: [&str; 9] = [
    "system",
    "format",
    "delimiter",
    "encoding",
    "time_zone",
    "time_formats",
    "external_id",
    "sequence",
    "recorded_at",
];

/// Gives the names of a file's columns, where the file says them.
pub(super) type HeaderOf<'a> = dyn Fn(FileFormat) -> Option<Vec<String>> + 'a;

/// Reads the mapping `text` and checks it against the commands in `pool` and the columns that `header` finds.
///
/// # Errors
/// Everything that is wrong, each with where it stands.
pub(crate) fn read(text: &str, pool: &DescriptorPool, header: &HeaderOf<'_>) -> Result<Mapping, MappingErrors> {
    let table: Toml = text.parse().map_err(|error: toml::de::Error| {
        let path = error.span().map_or_else(|| "mapping".to_owned(), |span| line_of(text, span.start));
        MappingErrors(vec![MappingError { path, message: error.message().to_owned() }])
    })?;
    let mut loader = Loader::default();
    let tables = load_tables(&mut loader, &table);
    loader.tables = &tables;
    let mapping = loader.mapping(text, &table, &tables, header);
    if let Some(mapping) = &mapping {
        check::commands(mapping, pool, &mut loader);
    }
    match mapping {
        Some(mapping) if loader.errors.is_empty() => Ok(mapping),
        _ => Err(MappingErrors(loader.errors)),
    }
}

fn line_of(text: &str, offset: usize) -> String {
    format!("line {}", text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1)
}

fn load_tables(loader: &mut Loader<'_>, table: &Toml) -> BTreeMap<String, Table> {
    let Some(value) = table.get("tables") else { return BTreeMap::new() };
    let Some(tables) = value.as_table() else {
        loader.error::<()>("tables", "holds tables: [tables.call_types]");
        return BTreeMap::new();
    };
    let mut loaded = BTreeMap::new();
    for (name, entries) in tables {
        let path = format!("tables.{name}");
        let mut read = Table::default();
        match entries.as_table() {
            None => loader.error(&path, "is a table: \"foreign code\" = \"ours\"").unwrap_or(()),
            Some(entries) => {
                for (foreign, ours) in entries {
                    match ours.as_str() {
                        Some(ours) => drop(read.entries.insert(foreign.clone(), ours.to_owned())),
                        None => loader.error(&format!("{path}.{foreign}"), "is a text in quotes").unwrap_or(()),
                    }
                }
            }
        }
        loaded.insert(name.clone(), read);
    }
    loaded
}

/// What is gathered while a mapping is read.
pub(in crate::import) struct Loader<'a> {
    errors: Vec<MappingError>,
    columns: Vec<String>,
    header: Option<Vec<String>>,
    tables: &'a BTreeMap<String, Table>,
}

static NO_TABLES: BTreeMap<String, Table> = BTreeMap::new();

impl Default for Loader<'_> {
    fn default() -> Self {
        Self { errors: Vec::new(), columns: Vec::new(), header: None, tables: &NO_TABLES }
    }
}

impl Loader<'_> {
    /// Keeps what is wrong; gives none, so that a reader can return it.
    pub(in crate::import) fn error<T>(&mut self, path: &str, message: impl Into<String>) -> Option<T> {
        let error = MappingError { path: path.to_owned(), message: message.into() };
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
        None
    }

    pub(super) fn has_table(&self, name: &str) -> bool {
        self.tables.contains_key(name)
    }

    /// Tells of keys that mean nothing.
    pub(super) fn only(&mut self, path: &str, table: &Toml, known: &[&str]) {
        for key in table.keys().filter(|key| !known.contains(&key.as_str())) {
            let place = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            self.error::<()>(&place, format!("means nothing here; known are {}", known.join(", ")));
        }
    }

    pub(super) fn optional_text<'t>(&mut self, path: &str, table: &'t Toml, key: &str) -> Option<&'t str> {
        match table.get(key)? {
            TomlValue::String(text) => Some(text),
            _ => self.error(&format!("{path}.{key}"), "is a text in quotes"),
        }
    }

    pub(super) fn text<'t>(&mut self, path: &str, table: &'t Toml, key: &str) -> Option<&'t str> {
        if !table.contains_key(key) {
            return self.error(&format!("{path}.{key}"), "is missing");
        }
        self.optional_text(path, table, key)
    }

    pub(super) fn texts(&mut self, path: &str, table: &Toml, key: &str) -> Option<Vec<String>> {
        let texts = table.get(key)?.as_array().and_then(|items| {
            items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>()
        });
        let place = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        texts.or_else(|| self.error(&place, "is a list of texts in quotes"))
    }

    pub(super) fn flag(&mut self, path: &str, table: &Toml, key: &str) -> bool {
        match table.get(key) {
            None => false,
            Some(TomlValue::Boolean(flag)) => *flag,
            Some(_) => {
                let place = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
                self.error(&place, "is true or false").unwrap_or(false)
            }
        }
    }

    pub(super) fn constant(&mut self, path: &str, value: &TomlValue) -> Option<Value> {
        match value {
            TomlValue::String(text) => Some(Value::Text(text.clone())),
            TomlValue::Integer(number) => Some(Value::Number(*number)),
            TomlValue::Boolean(truth) => Some(Value::Truth(*truth)),
            _ => self.error(path, "is a text, a whole number or true or false"),
        }
    }

    pub(super) fn column(&mut self, path: &str, name: &str) -> Option<ColumnId> {
        if let Some(header) = &self.header
            && !header.iter().any(|column| column == name)
        {
            let near = header.iter().find(|column| column.eq_ignore_ascii_case(name.trim()));
            let hint = near.map_or_else(|| format!("it has {}", header.join(", ")), |near| format!("is it `{near}`?"));
            return self.error(path, format!("the file has no column `{name}`; {hint}"));
        }
        let index = self.columns.iter().position(|column| column == name).unwrap_or_else(|| {
            self.columns.push(name.to_owned());
            self.columns.len() - 1
        });
        Some(ColumnId(index))
    }

    /// Reads `{Call Number}-{Unit ID}`; `{{` and `}}` stand for braces.
    pub(super) fn template(&mut self, path: &str, text: &str) -> Option<Template> {
        let mut parts = Vec::new();
        let mut words = String::new();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
                words.push(character);
                rest = after;
            } else if let Some(after) = rest.strip_prefix('{') {
                let Some((column, after)) = after.split_once('}') else {
                    return self.error(path, "has `{` without `}`");
                };
                if !words.is_empty() {
                    parts.push(Part::Words(std::mem::take(&mut words)));
                }
                parts.push(Part::Column(self.column(path, column)?));
                rest = after;
            } else {
                words.push(character);
                rest = &rest[character.len_utf8()..];
            }
        }
        if !words.is_empty() {
            parts.push(Part::Words(words));
        }
        if parts.is_empty() { self.error(path, "is empty") } else { Some(Template(parts)) }
    }

    /// An expression in full, or a constant.
    pub(super) fn expression(&mut self, path: &str, value: &TomlValue) -> Option<Expression> {
        match value {
            TomlValue::Table(table) => Expression::load(self, path, table),
            constant => self.constant(path, constant).map(Expression::constant),
        }
    }

    /// An expression for a time; the bare name of a column is one.
    pub(super) fn time_expression(&mut self, path: &str, value: &TomlValue) -> Option<Expression> {
        let expression = match value {
            TomlValue::String(column) => Expression::bare(Giver::Column(self.column(path, column)?), Reading::Time),
            other => self.expression(path, other)?,
        };
        match expression.gives() {
            Reading::Time => Some(expression),
            _ => self.error(path, "is a time: say parse = \"time\""),
        }
    }

    fn mapping(
        &mut self,
        text: &str,
        table: &Toml,
        tables: &BTreeMap<String, Table>,
        header: &HeaderOf<'_>,
    ) -> Option<Mapping> {
        self.only("", table, &KEYS);
        let empty = Toml::new();
        let source = match table.get("source") {
            Some(TomlValue::Table(source)) => source,
            _ => self
                .error("source", "is missing: [source] says system, format, time_zone and time_formats")
                .unwrap_or(&empty),
        };
        self.only("source", source, &SOURCE_KEYS);
        let system = self.text("source", source, "system").map(str::to_owned);
        if system.as_deref().is_some_and(|system| !is_system(system)) {
            self.error::<()>("source.system", "is 1 to 64 of a-z, 0-9, `-`, `_` and `.`");
        }
        let format = self.format(source);
        self.header = format.and_then(header);
        let times = self.times(source);
        let group_by = self.column_list(table, "group_by");
        let order_by = self.column_list(table, "order_by");
        let interleave = self.flag("", table, "interleave");
        let begin = self.steps(table, Phase::Begin, source);
        let row = self.steps(table, Phase::Row, source);
        let end = self.steps(table, Phase::End, source);
        let grouped = table.contains_key("group_by");
        for (key, there) in [("order_by", !order_by.is_empty()), ("interleave", interleave)] {
            if there && !grouped {
                self.error::<()>(key, "needs group_by: without it each row stands alone");
            }
        }
        for (key, there) in [("begin", !begin.is_empty()), ("end", !end.is_empty())] {
            if there && !grouped {
                self.error::<()>(key, "needs group_by: without it there are only [[row]] steps");
            }
        }
        if row.is_empty() && !table.contains_key("row") {
            self.error::<()>("row", "is missing: without [[row]] steps a row gives no command");
        }
        let mut names = BTreeSet::new();
        for step in begin.iter().chain(&row).chain(&end) {
            if !names.insert(step.name.clone()) {
                self.error::<()>(&format!("name = \"{}\"", step.name), "is the name of two steps: give one another");
            }
        }
        Some(Mapping {
            system: system?,
            format: format?,
            times: times?,
            columns: self.columns.clone(),
            group_by,
            order_by,
            interleave,
            tables: tables.clone(),
            begin,
            row,
            end,
            digest: Sha256::digest(text.as_bytes()).into(),
        })
    }

    fn format(&mut self, source: &Toml) -> Option<FileFormat> {
        let delimiter = self.optional_text("source", source, "delimiter").unwrap_or(",").to_owned();
        let encoding = self.encoding(source);
        match self.text("source", source, "format")? {
            "csv" => match delimiter.as_bytes() {
                [delimiter] => Some(FileFormat::Csv { delimiter: *delimiter, encoding: encoding? }),
                _ => self.error("source.delimiter", "is one character"),
            },
            "json-lines" => {
                for key in ["delimiter", "encoding"].into_iter().filter(|key| source.contains_key(*key)) {
                    self.error::<()>(&format!("source.{key}"), "is for csv only");
                }
                Some(FileFormat::JsonLines)
            }
            other => self.error("source.format", format!("`{other}` is none of csv, json-lines")),
        }
    }

    /// How letters are written: by the names of the WHATWG's standard, those in which the delimiter and line ends are what they are in ASCII.
    fn encoding(&mut self, source: &Toml) -> Option<&'static Encoding> {
        let name = self.optional_text("source", source, "encoding").unwrap_or("utf-8").to_owned();
        let known = Encoding::for_label(name.as_bytes()).filter(|encoding| encoding.is_ascii_compatible());
        known.or_else(|| self.error("source.encoding", format!("`{name}` is no encoding such as utf-8, windows-1257")))
    }

    fn times(&mut self, source: &Toml) -> Option<TimeReader> {
        let zone = self.text("source", source, "time_zone").map(str::to_owned);
        let zone = zone.and_then(|name| {
            let unknown = format!("`{name}` is no zone of the IANA database, such as Europe/Riga");
            name.parse().ok().or_else(|| self.error("source.time_zone", unknown))
        });
        let formats = self.texts("source", source, "time_formats");
        let formats = formats.or_else(|| self.error("source.time_formats", "is missing"));
        match TimeReader::try_new(zone?, &formats?) {
            Ok(times) => Some(times),
            Err(wrong) => {
                wrong.into_iter().for_each(|message| self.error("source.time_formats", message).unwrap_or(()));
                None
            }
        }
    }

    fn column_list(&mut self, table: &Toml, key: &str) -> Vec<ColumnId> {
        let names = self.texts("", table, key).unwrap_or_default();
        names.iter().filter_map(|name| self.column(key, name)).collect()
    }

    fn steps(&mut self, table: &Toml, phase: Phase, source: &Toml) -> Vec<Step> {
        let word = phase.word();
        let Some(value) = table.get(word) else { return Vec::new() };
        let Some(items) = value.as_array() else {
            return self.error(word, format!("is a list of steps: [[{word}]]")).unwrap_or_default();
        };
        let mut steps = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = format!("{word}[{index}]");
            match item.as_table() {
                Some(step) => steps.extend(Step::load(self, &path, step, source)),
                None => self.error(&path, "is a step, a table").unwrap_or(()),
            }
        }
        steps
    }
}

fn is_system(system: &str) -> bool {
    (1..=64).contains(&system.len())
        && system.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b))
}

//! Checks the steps of a mapping against the commands of the contract.

use prost_reflect::{DescriptorPool, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

use super::expression::{Expression, Giver, Reading};
use super::load::Loader;
use super::{Field, Mapping, Phase, Step};
use crate::import::value::Value;

/// Message that carries one command of the bulk stream.
pub(in crate::import) const ENVELOPE: &str = "vnr.command.v1.CommandEnvelope";

/// Tells the loader of every step that is not a command of the contract.
pub(super) fn commands(mapping: &Mapping, pool: &DescriptorPool, loader: &mut Loader<'_>) {
    let Some(envelope) = pool.get_message_by_name(ENVELOPE) else {
        loader.error::<()>("mapping", format!("this program knows no message {ENVELOPE}"));
        return;
    };
    for (phase, steps) in [(Phase::Begin, &mapping.begin), (Phase::Row, &mapping.row), (Phase::End, &mapping.end)] {
        for (index, step) in steps.iter().enumerate() {
            let path = format!("{}[{index}]", phase.word());
            Check { mapping, loader: &mut *loader }.step(&path, step, &envelope);
        }
    }
}

struct Check<'c, 'l> {
    mapping: &'c Mapping,
    loader: &'c mut Loader<'l>,
}

impl Check<'_, '_> {
    fn step(&mut self, path: &str, step: &Step, envelope: &MessageDescriptor) {
        let Some(message) = command_of(envelope, &step.command) else {
            let known: Vec<String> = envelope.fields().map(|field| field.name().to_owned()).collect();
            let message = format!("there is no command `{}`; known are {}", step.command, known.join(", "));
            self.loader.error::<()>(&format!("{path}.command"), message);
            return;
        };
        self.message(&format!("{path}.fields"), &step.fields, &message, true);
        if !self.mapping.is_grouped() && step.expressions().into_iter().any(over_group) {
            self.loader.error::<()>(path, "first, last, min, max and count need group_by");
        }
    }

    fn message(&mut self, path: &str, fields: &[(String, Field)], message: &MessageDescriptor, command: bool) {
        for (name, field) in fields {
            let place = format!("{path}.{name}");
            if command && name == "envelope" {
                let message = "is made by the importer: use occurred_at, external_id, sequence, recorded_at";
                self.loader.error::<()>(&place, message);
                continue;
            }
            match field_of(message, name) {
                Some(descriptor) => self.field(&place, field, &descriptor),
                None => {
                    let known: Vec<String> = message.fields().map(|field| field.name().to_owned()).collect();
                    let hint = format!("{} has no such field; it has {}", message.name(), known.join(", "));
                    self.loader.error::<()>(&place, hint);
                }
            }
        }
        for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            let named = |field: &FieldDescriptor| fields.iter().any(|(name, _)| is_named(field, name));
            let set: Vec<String> = oneof.fields().filter(named).map(|field| field.name().to_owned()).collect();
            if set.len() > 1 {
                self.loader.error::<()>(path, format!("only one of {} can be set", set.join(", ")));
            }
        }
    }

    fn field(&mut self, path: &str, field: &Field, descriptor: &FieldDescriptor) {
        match (field, descriptor.is_list()) {
            (Field::List(items), true) => {
                for (index, item) in items.iter().enumerate() {
                    self.single(&format!("{path}[{index}]"), item, &descriptor.kind());
                }
            }
            (_, true) => self.loader.error(path, "is a list: write [ … ]").unwrap_or(()),
            (Field::List(_), false) => self.loader.error(path, "is no list").unwrap_or(()),
            (single, false) => self.single(path, single, &descriptor.kind()),
        }
    }

    fn single(&mut self, path: &str, field: &Field, kind: &Kind) {
        match (field, kind) {
            (Field::Message(fields), Kind::Message(message)) => self.message(path, fields, message, false),
            (Field::Message(_), _) => self.loader.error(path, "is a value, no message").unwrap_or(()),
            (Field::List(_), _) => self.loader.error(path, "a list can't hold a list").unwrap_or(()),
            (Field::Value(value), kind) => self.value(path, value, kind),
        }
    }

    fn value(&mut self, path: &str, value: &Expression, kind: &Kind) {
        let gives = value.gives();
        let (fits, wanted) = match kind {
            Kind::String => (matches!(gives, Reading::Text | Reading::Time), "a text".to_owned()),
            Kind::Bool => (gives == Reading::Bool, "true or false: parse = \"bool\"".to_owned()),
            Kind::Uint32 | Kind::Uint64 | Kind::Fixed32 | Kind::Fixed64 => {
                let natural = matches!(&value.giver, Giver::Constant(Value::Number(number)) if *number >= 0);
                (gives == Reading::Uint || natural, "a whole number of 0 or more: parse = \"uint\"".to_owned())
            }
            Kind::Int32 | Kind::Int64 | Kind::Sint32 | Kind::Sint64 | Kind::Sfixed32 | Kind::Sfixed64 => {
                let whole = matches!(gives, Reading::Int | Reading::Uint | Reading::MicroDegrees);
                (whole, "a whole number: parse = \"int\" or \"microdegrees\"".to_owned())
            }
            Kind::Message(message) if message.name() == "GeoPoint" => {
                (gives == Reading::Point, "a point: parse = \"point\"".to_owned())
            }
            Kind::Message(message) => (false, format!("a message: a table with the fields of {}", message.name())),
            Kind::Enum(names) => return self.names(path, value, names),
            _ => (false, "of a kind that a mapping can't give".to_owned()),
        };
        if !fits {
            self.loader.error::<()>(path, format!("is {wanted}"));
        }
    }

    /// An enumeration takes only its own names: constants and translation tables are checked whole.
    fn names(&mut self, path: &str, value: &Expression, names: &EnumDescriptor) {
        let mut given: Vec<(String, String)> = Vec::new();
        match (&value.giver, &value.table) {
            (_, Some(table)) => {
                let entries = self.mapping.tables.get(table).into_iter().flat_map(|table| &table.entries);
                given.extend(entries.map(|(foreign, ours)| (format!("tables.{table}.\"{foreign}\""), ours.clone())));
            }
            (Giver::Constant(Value::Text(name)), None) => given.push((path.to_owned(), name.clone())),
            (Giver::Coalesce(from), None) => {
                for (index, inner) in from.iter().enumerate() {
                    self.names(&format!("{path}.coalesce[{index}]"), inner, names);
                }
            }
            _ => {
                let message = format!("is one of {}: translate it with `map`", names_of(names));
                self.loader.error::<()>(path, message);
            }
        }
        given.extend(value.default.as_ref().map(|default| (format!("{path}.default"), default.to_text())));
        for (place, name) in given.iter().filter(|(_, name)| names.get_value_by_name(name).is_none()) {
            let message = format!("`{name}` is none of {}", names_of(names));
            self.loader.error::<()>(place, message);
        }
    }
}

fn names_of(names: &EnumDescriptor) -> String {
    names.values().map(|value| value.name().to_owned()).collect::<Vec<_>>().join(", ")
}

fn over_group(expression: &Expression) -> bool {
    matches!(expression.giver, Giver::Aggregate(..) | Giver::Count(_))
}

fn is_named(field: &FieldDescriptor, name: &str) -> bool {
    field.name() == name || field.json_name() == name
}

fn field_of(message: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    message.get_field_by_name(name).or_else(|| message.get_field_by_json_name(name))
}

/// The message of a command of the bulk stream.
fn command_of(envelope: &MessageDescriptor, command: &str) -> Option<MessageDescriptor> {
    let field = envelope.get_field_by_name(command)?;
    field.kind().as_message().cloned()
}

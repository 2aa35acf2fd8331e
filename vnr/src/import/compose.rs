//! Makes the commands of a group out of its rows.

use std::sync::Arc;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use proto::command::v1::CommandEnvelope;
use serde::de::DeserializeSeed;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::evaluate::{Problem, Scope};
use super::group::Group;
use super::input::Row;
use super::mapping::{ENVELOPE, Field, Mapping, Phase, Step};
use super::origin::Origin;
use super::reason::Reason;
use super::time::AMBIGUOUS;
use super::value::Value;

/// Namespace of the ids of imported commands. Never changes: sending a row again must give the same ids.
const NAMESPACE: Uuid = Uuid::from_u128(0x2b0f_5e11_9c64_5d0b_8a6b_1120_0112_4e56);

/// A command, ready to be sent.
#[derive(Debug, Clone)]
pub(super) struct Command {
    /// Its id.
    pub id: Uuid,
    /// Step of the mapping that it came of.
    pub step: Arc<Origin>,
    /// Whether it is said only once.
    pub once: bool,
    /// Row of the group that it is charged to.
    pub row: usize,
    /// What is sent.
    pub message: CommandEnvelope,
    /// When it happened, in microseconds; of a row's not before the one in front of it.
    pub at: i64,
}

#[cfg(test)]
impl Command {
    /// A command that says nothing.
    pub(super) fn for_test(id: Uuid) -> Self {
        Self {
            id,
            step: Arc::new(Origin::named("test")),
            once: false,
            row: 0,
            message: CommandEnvelope::default(),
            at: 0,
        }
    }
}

/// A row, with what is wrong with it so far.
#[derive(Debug)]
pub(super) struct ComposedRow {
    /// The row.
    pub row: Row,
    /// Why it is refused before anything was sent.
    pub refused: Vec<Reason>,
    /// Whether a time of it happened twice.
    pub ambiguous: bool,
}

/// A group with its commands.
#[derive(Debug)]
pub(super) struct Composed {
    /// What its rows have in common.
    pub label: String,
    /// Its rows.
    pub rows: Vec<ComposedRow>,
    /// What is sent at once, in this order.
    pub commands: Vec<Command>,
    /// What is sent once all rows of the group are in.
    pub end: Vec<Command>,
}

/// Makes commands out of groups.
pub(super) struct Composer<'m> {
    mapping: &'m Mapping,
    envelope: MessageDescriptor,
    steps: Vec<(Phase, Arc<Origin>, &'m Step)>,
}

#[derive(Default)]
struct Made {
    commands: Vec<Command>,
    reasons: Vec<Reason>,
    ambiguous: bool,
    over_group: bool,
}

impl<'m> Composer<'m> {
    /// A composer for the mapping; none where `pool` has no bulk stream.
    #[must_use]
    pub(super) fn new(mapping: &'m Mapping, pool: &DescriptorPool) -> Option<Self> {
        let envelope = pool.get_message_by_name(ENVELOPE)?;
        let named =
            |phase, steps: &'m [Step]| steps.iter().map(move |step| (phase, Arc::new(Origin::of(step, mapping)), step));
        let steps = named(Phase::Begin, &mapping.begin)
            .chain(named(Phase::Row, &mapping.row))
            .chain(named(Phase::End, &mapping.end))
            .collect();
        Some(Self { mapping, envelope, steps })
    }

    /// Makes the commands of a group.
    ///
    /// A row of which one command can't be made gives none; a group that can't be begun gives none at all.
    #[must_use]
    pub(super) fn compose(&self, group: Group) -> Composed {
        let Group { label, rows } = group;
        let last = rows.len() - 1;
        let mut made: Vec<Made> = (0..rows.len()).map(|row| self.make(Phase::Row, &label, &rows, row)).collect();
        let begin = self.make(Phase::Begin, &label, &rows, 0);
        let end = self.make(Phase::End, &label, &rows, last);
        refuse_dependent(&rows, &mut made, begin.reasons.is_empty());
        made[0].reasons.splice(0..0, begin.reasons);
        made[0].ambiguous |= begin.ambiguous;
        let complete = made.iter().all(|made| made.reasons.is_empty());
        if complete {
            made[last].reasons.extend(end.reasons);
        }
        made[last].ambiguous |= end.ambiguous;

        let any_row = made.iter().any(|made| made.reasons.is_empty());
        let mut commands = if any_row { begin.commands } else { Vec::new() };
        let before = commands.len();
        let mut composed = Vec::with_capacity(rows.len());
        for (row, mut made) in rows.into_iter().zip(made) {
            if made.reasons.is_empty() {
                commands.append(&mut made.commands);
            }
            composed.push(ComposedRow { row, refused: made.reasons, ambiguous: made.ambiguous });
        }
        if self.mapping.interleave {
            commands[before..].sort_by_key(|command| command.at);
        }
        let end = if complete { end.commands } else { Vec::new() };
        let mut composed = Composed { label, rows: composed, commands, end };
        composed.refuse_rows_without_command();
        composed
    }

    fn make(&self, phase: Phase, label: &str, rows: &[Row], row: usize) -> Made {
        let mut made = Made::default();
        if let Some(broken) = &rows[row].broken {
            if phase == Phase::Row {
                made.reasons.push(broken.clone());
            }
            return made;
        }
        let mut latest = i64::MIN;
        for (_, origin, step) in self.steps.iter().filter(|(of, ..)| *of == phase) {
            let mut scope = Scope::new(self.mapping, rows, row);
            if !scope.holds(&step.when) {
                made.over_group |= scope.over_group;
                continue;
            }
            match self.command(&mut scope, origin, step, label, row) {
                Ok(mut command) => {
                    // Steps of a row keep their declared order, whatever their times say.
                    latest = latest.max(command.at);
                    command.at = latest;
                    made.commands.push(command);
                }
                Err(reasons) => made.reasons.extend(reasons),
            }
            made.ambiguous |= scope.ambiguous;
            made.over_group |= scope.over_group;
        }
        made
    }

    fn command(
        &self,
        scope: &mut Scope<'_>,
        origin: &Arc<Origin>,
        step: &Step,
        label: &str,
        row: usize,
    ) -> Result<Command, Vec<Reason>> {
        let name = &origin.name;
        // Everything that is wrong is told at once: who mends the row mends it once.
        let mut wrong = Vec::new();
        let missing = |what: &str, message: &str| Problem {
            code: "missing_value",
            column: Some(what.to_owned()),
            message: message.to_owned(),
        };
        let key = scope.template(&step.key);
        if key.is_none() {
            wrong.push(missing("id", "a column that makes the command's id is empty"));
        }
        let occurred = match scope.value(&step.occurred_at) {
            Ok(Some(Value::Time(occurred))) => Some(occurred),
            Ok(_) => {
                wrong.push(missing("occurred_at", "there is no time at which it happened"));
                None
            }
            Err(problem) => {
                wrong.push(problem);
                None
            }
        };
        let system = &self.mapping.system;
        let mut source = Map::from_iter([("system".to_owned(), json!(system))]);
        let own =
            [("external_id", &step.external_id), ("sequence", &step.sequence), ("recorded_at", &step.recorded_at)];
        for (field, expression) in own {
            match expression.as_ref().map(|expression| scope.value(expression)) {
                Some(Ok(Some(value))) => _ = source.insert(field.to_owned(), value.to_json()),
                Some(Err(problem)) => wrong.push(problem),
                Some(Ok(None)) | None => {}
            }
        }
        let mut message = message_of(scope, &step.fields, &mut wrong);
        let (Some(key), Some(occurred), true) = (key, occurred, wrong.is_empty()) else {
            return Err(reasons_of(name, wrong));
        };
        let id = Uuid::new_v5(&NAMESPACE, format!("{system}|{name}|{key}").as_bytes());
        let mut envelope = Map::from_iter([
            ("command_id".to_owned(), json!(id)),
            ("occurred_at".to_owned(), json!(occurred.at.to_rfc3339())),
            ("source".to_owned(), Json::Object(source)),
        ]);
        if self.mapping.is_grouped() {
            let correlation = Uuid::new_v5(&NAMESPACE, format!("{system}|group|{label}").as_bytes());
            envelope.insert("correlation_id".to_owned(), json!(correlation));
        }
        if scope.ambiguous {
            envelope.insert("flags".to_owned(), json!([AMBIGUOUS]));
        }
        message.insert("envelope".to_owned(), Json::Object(envelope));
        let message = self
            .encode(&step.command, message)
            .map_err(|message| vec![Reason::of_step(name, "not_a_command", None, message)])?;
        Ok(Command { id, step: Arc::clone(origin), once: step.once, row, message, at: occurred.at.timestamp_micros() })
    }

    /// By way of JSON and the contract's descriptors, so that every command is covered.
    fn encode(&self, command: &str, message: Map<String, Json>) -> Result<CommandEnvelope, String> {
        let json = json!({ command: message });
        let dynamic: DynamicMessage = self.envelope.clone().deserialize(json).map_err(|error| error.to_string())?;
        CommandEnvelope::decode(dynamic.encode_to_vec().as_slice()).map_err(|error| error.to_string())
    }
}

/// Refuses rows whose commands would rest on a row that is refused.
fn refuse_dependent(rows: &[Row], made: &mut [Made], begun: bool) {
    let refused = made.iter().position(|made| !made.reasons.is_empty());
    for (index, made) in made.iter_mut().enumerate() {
        if !begun && index > 0 {
            let message = format!("its group can't be begun: see line {}", rows[0].at.line);
            made.reasons.push(Reason::of_row("group_refused", message));
        } else if let Some(refused) = refused
            && made.over_group
            && made.reasons.is_empty()
        {
            let message = format!("it needs all rows of its group: see line {}", rows[refused].at.line);
            made.reasons.push(Reason::of_row("group_refused", message));
        }
    }
}

impl Composed {
    /// A row of which the mapping makes nothing must not get lost.
    fn refuse_rows_without_command(&mut self) {
        let commands = || self.commands.iter().chain(&self.end);
        let without: Vec<usize> = (0..self.rows.len()).filter(|row| !commands().any(|c| c.row == *row)).collect();
        for index in without {
            let row = &mut self.rows[index];
            if row.refused.is_empty() {
                row.refused.push(Reason::of_row("no_command", "the mapping makes no command of this row"));
            }
        }
    }
}

/// Each problem once: a column may stand in several fields.
fn reasons_of(step: &str, wrong: Vec<Problem>) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = Vec::with_capacity(wrong.len());
    for Problem { code, column, message } in wrong {
        let reason = Reason::of_step(step, code, column, message);
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    reasons
}

fn message_of(scope: &mut Scope<'_>, fields: &[(String, Field)], wrong: &mut Vec<Problem>) -> Map<String, Json> {
    let mut message = Map::new();
    for (name, field) in fields {
        if let Some(value) = field_of(scope, field, wrong) {
            message.insert(name.clone(), value);
        }
    }
    message
}

fn field_of(scope: &mut Scope<'_>, field: &Field, wrong: &mut Vec<Problem>) -> Option<Json> {
    match field {
        Field::Value(expression) => match scope.value(expression) {
            Ok(value) => value.map(|value| value.to_json()),
            Err(problem) => {
                wrong.push(problem);
                None
            }
        },
        Field::Message(fields) => {
            let message = message_of(scope, fields, wrong);
            (!message.is_empty()).then_some(Json::Object(message))
        }
        Field::List(items) => {
            let list: Vec<Json> = items.iter().filter_map(|item| field_of(scope, item, wrong)).collect();
            (!list.is_empty()).then_some(Json::Array(list))
        }
    }
}

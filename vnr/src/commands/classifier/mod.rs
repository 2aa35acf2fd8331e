//! `vnr classifier …`: the lists of codes, shown and loaded. They hold nothing personal, so no look at them is told to the access log.

mod difference;
mod load;

use chrono::{NaiveDate, Utc};
use domain::classifier::{CodeSystem, Entry, write_entries};
use domain::ids::riga_day;
use domain::lang::Lang;
use serde_json::{Value, json};

use super::with_database;
use crate::cli::ClassifierCommand;
use crate::compose::Database;
use crate::compose::classifiers::{Loaded, LoadedClassifiers};
use crate::failure::Failure;
use crate::output::{self, Align, Table, riga};
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, command: ClassifierCommand) -> Result<(), Failure> {
    match command {
        ClassifierCommand::List { json } => list(settings, json).await,
        ClassifierCommand::Show { system, on, csv, json } => {
            let form = match (csv, json) {
                (true, _) => Form::Csv,
                (_, true) => Form::Json,
                _ => Form::Table,
            };
            show(settings, system, on, form).await
        }
        ClassifierCommand::Load(args) => load::run(settings, &args).await,
    }
}

/// How a classifier is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Table,
    Csv,
    Json,
}

/// What was loaded, read from the log: that is never behind, as a read model may be.
async fn loaded(database: &Database) -> Result<LoadedClassifiers, Failure> {
    Ok(LoadedClassifiers::read(database.tools().await?).await?)
}

async fn list(settings: &Settings, as_json: bool) -> Result<(), Failure> {
    let loaded = with_database(settings, loaded).await?;
    let (lists, today) = (loaded.in_force(), riga_day(&Utc::now()));
    let valid = |system| lists.list(system).entries().iter().filter(|entry| entry.holds_on(today)).count();
    if as_json {
        let told = |system: &CodeSystem| {
            let mut told = named(*system, loaded.get(*system));
            told["valid"] = json!(valid(*system));
            told["entries"] = json!(lists.list(*system).entries().len());
            told
        };
        output::json(&json!({ "classifiers": CodeSystem::ALL.iter().map(told).collect::<Vec<_>>() }));
        return Ok(());
    }
    let columns = ["classifier", "valid today", "lv", "en", "loaded", "by"];
    let align = |name| if name == "valid today" { Align::Right } else { Align::Left };
    let mut table = Table::new(columns.map(|name| (name, align(name))));
    for system in CodeSystem::ALL {
        let of = loaded.get(*system);
        table.row([
            system.to_string(),
            valid(*system).to_string(),
            system.label(Lang::Lv).to_owned(),
            system.label(Lang::En).to_owned(),
            of.map_or_else(|| "built in".to_owned(), |loaded| riga(loaded.at)),
            of.map(by).unwrap_or_default(),
        ]);
    }
    table.print();
    Ok(())
}

async fn show(settings: &Settings, system: CodeSystem, on: Option<NaiveDate>, form: Form) -> Result<(), Failure> {
    let loaded = with_database(settings, loaded).await?;
    let lists = loaded.in_force();
    let entries = lists.list(system).entries().iter();
    let entries: Vec<Entry> = entries.filter(|entry| on.is_none_or(|day| entry.holds_on(day))).cloned().collect();
    let of = loaded.get(system);
    match form {
        Form::Csv => output::line(write_entries(&entries).trim_end()),
        Form::Json => {
            let mut told = named(system, of);
            told["entries"] = json!(entries);
            output::json(&told);
        }
        Form::Table => {
            let since = match of {
                Some(loaded) => format!("loaded {} by {}", riga(loaded.at), by(loaded)),
                None => "the program's own, nothing was loaded".to_owned(),
            };
            output::line(format!("{system}: {} / {}; {since}", system.label(Lang::Lv), system.label(Lang::En)));
            let columns = ["code", "from", "until", "lv", "en", "attributes"];
            let mut table = Table::new(columns.map(|column| (column, Align::Left)));
            entries.iter().for_each(|entry| table.row(cells(entry)));
            table.print();
        }
    }
    Ok(())
}

/// What a classifier is called, and who loaded it when.
fn named(system: CodeSystem, loaded: Option<&Loaded>) -> Value {
    json!({
        "system": system,
        "lv": system.label(Lang::Lv),
        "en": system.label(Lang::En),
        "loaded_at": loaded.map(|loaded| loaded.at),
        "loaded_by": loaded.map(by),
    })
}

fn by(loaded: &Loaded) -> String {
    format!("{}@{}", loaded.by.user, loaded.by.institution)
}

/// An entry as a line of a table: code, days, labels, and what else is known.
fn cells(entry: &Entry) -> [String; 6] {
    let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let attributes = entry.attributes.iter().map(|(name, value)| format!("{name}={value}"));
    [
        entry.code.to_string(),
        day(entry.valid_from),
        day(entry.valid_until),
        entry.lv.to_string(),
        entry.en.to_string(),
        attributes.collect::<Vec<_>>().join(" "),
    ]
}

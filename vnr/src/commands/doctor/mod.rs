//! `vnr doctor`: what has to be right, what is found, and what to do about it. It changes nothing and starts nothing.

mod database;
mod files;
mod logs;
mod rights;

use serde::Serialize;
use serde_json::json;

use crate::failure::Failure;
use crate::output::{self, Align, Table};
use crate::settings::Settings;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// As it should be.
    Ok,
    /// Not looked at, because something else is needed for it.
    Skipped,
    /// Works, and should be looked at.
    Warn,
    /// Does not work, or will not when it is needed.
    Fail,
}

impl State {
    fn shown(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Skipped => "-",
            State::Warn => "warn",
            State::Fail => "FAIL",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
struct Check {
    /// What.
    check: String,
    /// How it is.
    state: State,
    /// What was found.
    found: String,
    /// What to do, where something is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    to_do: Option<String>,
}

/// The checks so far.
#[derive(Debug, Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn ok(&mut self, check: &str, found: impl Into<String>) {
        self.add(check, State::Ok, found, None);
    }

    fn skipped(&mut self, check: &str, found: impl Into<String>) {
        self.add(check, State::Skipped, found, None);
    }

    fn warn(&mut self, check: &str, found: impl Into<String>, to_do: impl Into<String>) {
        self.add(check, State::Warn, found, Some(to_do.into()));
    }

    fn fail(&mut self, check: &str, found: impl Into<String>, to_do: impl Into<String>) {
        self.add(check, State::Fail, found, Some(to_do.into()));
    }

    fn add(&mut self, check: &str, state: State, found: impl Into<String>, to_do: Option<String>) {
        self.0.push(Check { check: check.to_owned(), state, found: found.into(), to_do });
    }
}

pub(super) async fn run(settings: &Settings, json: bool) -> Result<(), Failure> {
    let mut checks = Checks::default();
    files::look(settings, &mut checks);
    if let Some(pools) = database::connect(settings, &mut checks).await {
        database::look(settings, &pools, &mut checks).await;
        logs::look(settings, &pools.app, &mut checks).await;
        rights::look(settings, &pools.app, &mut checks).await;
        pools.close().await;
    }
    let worst = checks.0.iter().map(|check| check.state).max().unwrap_or(State::Ok);
    if json {
        output::json(&json!({ "ok": worst != State::Fail, "checks": checks.0 }));
    } else {
        show(&checks);
    }
    if worst == State::Fail { Err(Failure::CheckFailed) } else { Ok(()) }
}

fn show(checks: &Checks) {
    let mut table = Table::new([("", Align::Left), ("check", Align::Left), ("found", Align::Left)]);
    for check in &checks.0 {
        table.row([check.state.shown(), &check.check, &check.found]);
    }
    table.print();
    let mut to_do: Vec<&Check> = checks.0.iter().filter(|check| check.to_do.is_some()).collect();
    to_do.sort_by_key(|check| std::cmp::Reverse(check.state));
    if to_do.is_empty() {
        output::line("nothing to do");
        return;
    }
    output::line("\nto do, the worst first:");
    for check in to_do {
        output::line(format!("  {}: {}", check.check, check.to_do.as_deref().unwrap_or_default()));
    }
}

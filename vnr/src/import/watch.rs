//! What an import shows while it runs.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::counts::Counts;

/// Looks on while an import runs.
pub trait Watch: Send + Sync {
    /// Sending begins: about so many rows, of which so many were done before.
    fn begins(&self, _rows: u64, _done: u64) {}
    /// So much is booked, and so many commands are in flight.
    fn sent(&self, _counts: &Counts, _in_flight: usize) {}
    /// The register is away; why.
    fn waiting(&self, _why: &str) {}
    /// The register is there.
    fn connected(&self) {}
    /// The import is over.
    fn ends(&self) {}
}

/// Shows nothing.
pub struct Silent;

impl Watch for Silent {}

/// Shows a bar on a terminal, and a line now and then where there is none.
pub struct Shown {
    bar: Option<ProgressBar>,
    state: Mutex<State>,
}

struct State {
    begun: Instant,
    events_before: Option<u64>,
    line: Instant,
    rows: u64,
    why: String,
}

/// Time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(5);

impl Default for Shown {
    fn default() -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
            let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} rows  {msg}  ETA {eta}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        let now = Instant::now();
        let state = State { begun: now, events_before: None, line: now, rows: 0, why: String::new() };
        Self { bar, state: Mutex::new(state) }
    }
}

impl Shown {
    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(text.to_owned()),
            // Nobody can be told that standard error is gone.
            None => drop(writeln!(io::stderr(), "{text}")),
        }
    }

    fn with_state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl Watch for Shown {
    fn begins(&self, rows: u64, done: u64) {
        self.with_state(|state| {
            state.begun = Instant::now();
            state.rows = rows;
        });
        if let Some(bar) = &self.bar {
            bar.set_length(rows);
            bar.set_position(done);
            bar.reset_eta();
        }
    }

    fn sent(&self, counts: &Counts, _in_flight: usize) {
        let text = self.with_state(|state| {
            let before = *state.events_before.get_or_insert(counts.events);
            let seconds = state.begun.elapsed().as_secs_f64().max(0.001);
            let rate = (counts.events - before) as f64 / seconds;
            let mut text = format!("{} events, {rate:.0}/s", counts.events);
            if counts.rows.refused > 0 {
                let _always_fits = write!(text, ", {} refused", counts.rows.refused);
            }
            let due = state.line.elapsed() >= LINE_EVERY;
            if due {
                state.line = Instant::now();
            }
            (text, due, state.rows)
        });
        match (&self.bar, text) {
            (Some(bar), (text, ..)) => {
                bar.set_position(counts.rows.read);
                bar.set_message(text);
            }
            (None, (text, true, rows)) => self.line(&format!("{} of {rows} rows, {text}", counts.rows.read)),
            (None, _) => {}
        }
    }

    fn waiting(&self, why: &str) {
        let is_new = self.with_state(|state| {
            let is_new = state.why != why;
            why.clone_into(&mut state.why);
            is_new
        });
        if is_new {
            self.line(&format!("waiting for the register: {why}"));
        }
    }

    fn connected(&self) {
        self.with_state(|state| state.why.clear());
    }

    fn ends(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

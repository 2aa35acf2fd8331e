//! The demo's three questions.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::graphql;
use crate::output;

/// Longest answer that is shown whole, in lines.
const SHOWN: usize = 48;

/// What each question is, and how it is put.
const QUESTIONS: [(&str, &str); 3] = [
    (
        "how many calls, and how fast was help there?",
        "query Statistics($at: LogPosition) {
  cardStatistics(minPosition: $at, waitSeconds: 30) {
    calls units unitsSent unitsOnScene medianResponseSeconds p90ResponseSeconds missing negative
    callsByType { type { code label(lang: EN) } count }
  }
}",
    ),
    (
        "the latest calls, with the units that went",
        "query Calls($at: LogPosition) {
  cards(first: 2, minPosition: $at) {
    totalCount
    nodes {
      number receivedAt completedAt
      type { code label(lang: EN) }
      place { text }
      units { callSign kind travelSeconds }
    }
  }
}",
    ),
    (
        "who is on duty now?",
        "query Roster($at: LogPosition) {
  roster(first: 4, minPosition: $at) {
    totalCount
    nodes { institution callSign kindLabel(lang: LV) station status }
  }
}",
    ),
];

/// A question with its answer.
#[derive(Debug)]
pub(super) struct Answer {
    about: &'static str,
    query: &'static str,
    pub(super) data: Value,
}

/// Asks all three; each answer has seen the register up to `at`.
pub(super) async fn ask_all(addr: SocketAddr, token: &str, at: &str) -> anyhow::Result<Vec<Answer>> {
    let mut answers = Vec::new();
    for (about, query) in QUESTIONS {
        let data = graphql::ask(addr, token, query, &json!({ "at": at })).await?;
        answers.push(Answer { about, query, data });
    }
    Ok(answers)
}

impl Answer {
    /// Prints question and answer.
    pub(super) fn show(&self) {
        super::heading(&format!("GraphQL: {}", self.about));
        output::line(self.query);
        let text = serde_json::to_string_pretty(&self.data).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.iter().take(SHOWN).for_each(output::line);
        if lines.len() > SHOWN {
            output::line(format!("… and {} more lines", lines.len() - SHOWN));
        }
    }
}

/// Number of the first card that was answered.
pub(super) fn first_card(answers: &[Answer]) -> Option<String> {
    let number = answers.iter().find_map(|answer| answer.data.pointer("/cards/nodes/0/number"))?;
    number.as_str().map(str::to_owned)
}

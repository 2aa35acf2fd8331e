//! What commands print: tables and sentences for people, JSON for programs, both on standard output.
//!
//! A reader that went away (`vnr log tail | head`) is no failure: what can't be written is dropped.

use std::fmt::Display;
use std::io::{self, Write};

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Riga;
use serde::Serialize;

/// Prints a line.
pub fn line(text: impl Display) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Prints a value as JSON in one line, for listings that programs read.
pub fn json(value: &impl Serialize) {
    match serde_json::to_string(value) {
        Ok(text) => line(text),
        Err(error) => tracing::error!(%error, "the result can't be written as JSON"),
    }
}

/// Prints a line on standard error, for what is said beside the result.
pub fn aside(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// How a column is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A table for people.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns and no rows.
    pub fn new<'a>(columns: impl IntoIterator<Item = (&'a str, Align)>) -> Self {
        let columns = columns.into_iter().map(|(name, align)| (name.to_owned(), align)).collect();
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row; cells that are missing stay empty.
    pub fn row<T: Display>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(|cell| cell.to_string()).collect());
    }

    /// Prints it.
    pub fn print(&self) {
        line(self.render().trim_end());
    }

    fn render(&self) -> String {
        let cell = |row: &'_ Vec<String>, column: usize| row.get(column).cloned().unwrap_or_default();
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|column| {
                let cells = self.rows.iter().map(|row| cell(row, column).chars().count());
                cells.chain([self.columns[column].0.chars().count()]).max().unwrap_or(0)
            })
            .collect();
        let headings = self.columns.iter().map(|(name, _)| name.clone()).collect();
        let mut text = String::new();
        for row in [headings].iter().chain(&self.rows) {
            let mut written = String::new();
            for (column, (_, align)) in self.columns.iter().enumerate() {
                let cell = cell(row, column);
                let width = widths[column];
                match align {
                    Align::Left => written.push_str(&format!("{cell:<width$}  ")),
                    Align::Right => written.push_str(&format!("{cell:>width$}  ")),
                }
            }
            text.push_str(written.trim_end());
            text.push('\n');
        }
        text
    }
}

/// A whole number with its thousands apart: `1 234 567`, as it is written in Latvian.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A moment as people in Latvia read it: `2026-03-29 03:59:59`.
pub fn riga(moment: DateTime<Utc>) -> String {
    moment.with_timezone(&Riga).format("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_in_letters() {
        let mut table = Table::new([("vieta", Align::Left), ("skaits", Align::Right)]);
        table.row(["Rīga, Brīvības iela", "7"]);
        table.row(["Ērgļi", "1234567"]);
        assert_eq!(
            table.render(),
            "vieta                 skaits\nRīga, Brīvības iela        7\nĒrgļi                1234567\n"
        );
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(
            ["0", "999", "1 000", "1 234 567"],
            [0, 999, 1_000, 1_234_567].map(grouped).each_ref().map(String::as_str)
        );
    }
}

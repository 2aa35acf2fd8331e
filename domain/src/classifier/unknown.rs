use std::borrow::Cow;

use thiserror::Error;

/// A code that a list hasn't, with those that would be right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown {what} `{given}`: {}", hint(near, known))]
pub struct UnknownCode {
    what: &'static str,
    given: String,
    near: Vec<Cow<'static, str>>,
    known: Vec<Cow<'static, str>>,
}

impl UnknownCode {
    /// `given` isn't one of the `known` codes of the list called `what`.
    pub(crate) fn new(
        what: &'static str,
        given: &str,
        known: impl Iterator<Item = impl Into<Cow<'static, str>>>,
    ) -> Self {
        // What was given is told back shortened and printable only: it may be anything.
        let given: String = given.chars().filter(|c| !c.is_control()).take(64).collect();
        let known: Vec<Cow<'static, str>> = known.map(Into::into).collect();
        let asked = given.to_lowercase().replace(['_', ' '], "-");
        let mut near: Vec<_> = known
            .iter()
            .map(|code| (distance(&asked, code), code.clone()))
            .filter(|(distance, code)| *distance <= (code.len() / 3).min(3))
            .collect();
        near.sort_unstable();
        near.truncate(3);
        Self { what, given, near: near.into_iter().map(|(_, code)| code).collect(), known }
    }
}

fn hint(near: &[Cow<'static, str>], known: &[Cow<'static, str>]) -> String {
    if near.is_empty() {
        format!("use one of {}", known.join(", "))
    } else {
        format!("did you mean {}? There are {} codes", near.join(" or "), known.len())
    }
}

/// Least number of letters to change, add or leave out to make `a` of `b` (Levenshtein), letter case aside.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().replace('_', "-").chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

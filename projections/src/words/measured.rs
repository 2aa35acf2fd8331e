//! How well stems do, on fixed lists of declined words: the figures that the module states are asserted here.

use std::collections::BTreeMap;

use super::{vocabulary_form, words};

/// Nominatives, and what they are declined to: written for this, by the paradigms of the grammar. The rules were made with an eye
/// on these.
const SEEN: [&str; 2] = [include_str!("declined_words.tsv"), include_str!("declined_names.tsv")];
/// More of the like, written when the rules were there, and not looked at to better them.
const UNSEEN: [&str; 1] = [include_str!("declined_later.tsv")];
/// Pairs of words that mean different things, by what tells them apart.
const DISTINCT: &str = include_str!("distinct.tsv");

/// So many of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Share(usize, usize);

impl Share {
    fn of<T>(items: &[T], holds: impl Fn(&T) -> bool) -> Self {
        Self(items.iter().filter(|item| holds(item)).count(), items.len())
    }

    /// Whether it is as large as what is stated, of as many.
    fn reaches(self, stated: Share) -> bool {
        self.1 == stated.1 && self.0 >= stated.0
    }
}

/// The one word of a text, as it is searched.
fn searched(word: &str) -> String {
    words(word).remove(0).stem
}

/// The one word of a text, as it may rank.
fn marked(word: &str) -> String {
    words(word).remove(0).marked
}

/// The rows of a list, each under its heading.
fn rows(list: &str) -> Vec<(&str, Vec<&str>)> {
    let mut heading = "";
    let mut rows = Vec::new();
    for line in list.lines() {
        match line.strip_prefix("# ") {
            Some(title) => heading = title,
            None => rows.push((heading, line.split('\t').collect())),
        }
    }
    rows
}

/// Nominatives of the lists with each of their other forms.
fn pairs<'a>(lists: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    let rows = lists.iter().flat_map(|list| rows(list));
    rows.flat_map(|(_, row)| row[1..].iter().map(|form| (row[0], *form)).collect::<Vec<_>>()).collect()
}

#[test]
fn declined_words_are_found_by_their_nominatives() {
    let agree = |pair: &(&str, &str)| searched(pair.0) == searched(pair.1);
    let seen = Share::of(&pairs(&SEEN), agree);
    assert!(seen.reaches(Share(2546, 2549)), "{seen:?}");
    let unseen = Share::of(&pairs(&UNSEEN), agree);
    assert!(unseen.reaches(Share(838, 846)), "{unseen:?}");
}

#[test]
fn declined_words_are_found_when_their_nominatives_are_typed_without_diacritics() {
    let all = pairs(&[SEEN[0], SEEN[1], UNSEEN[0]]);
    let question = Share::of(&all, |(lemma, form)| searched(&vocabulary_form(lemma)) == searched(form));
    assert!(question.reaches(Share(3384, 3395)), "{question:?}");
    let text = Share::of(&all, |(lemma, form)| searched(lemma) == searched(&vocabulary_form(form)));
    assert!(text.reaches(Share(3313, 3395)), "{text:?}");
}

#[test]
fn words_that_mean_different_things_are_kept_apart() {
    let rows = rows(DISTINCT);
    let of = |heading: &str, read: fn(&str) -> String| {
        let pairs: Vec<_> =
            rows.iter().filter(|(title, _)| *title == heading).map(|(_, row)| (row[0], row[1])).collect();
        Share::of(&pairs, |(one, other)| read(one) != read(other))
    };
    assert!(of("different letters", searched).reaches(Share(91, 91)));
    // Diacritics are folded, so that they needn't be typed; stems that keep them tell these apart.
    assert_eq!(of("different diacritics", searched), Share(0, 15));
    assert!(of("different diacritics", marked).reaches(Share(15, 15)));
    // No stem can: `pili` is the accusative of `pils` and of `pile`.
    assert_eq!(of("different declensions", marked), Share(0, 10));
}

#[test]
fn few_of_all_the_words_here_share_a_stem() {
    let mut by_stem: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (_, row) in [SEEN[0], SEEN[1], UNSEEN[0]].into_iter().flat_map(rows) {
        by_stem.entry(searched(row[0])).or_default().push(row[0]);
    }
    assert_eq!(by_stem.values().map(Vec::len).sum::<usize>(), 491);
    let shared: Vec<_> = by_stem.into_values().filter(|words| words.len() > 1).collect();
    // Names that are words, and names of two genders.
    let meant = [
        vec!["balts", "Baltais"],
        vec!["Guntis", "Gunta"],
        vec!["Imants", "Imanta"],
        vec!["lācis", "Lācis"],
        vec!["liels", "Lielais"],
    ];
    let not_meant: Vec<_> = shared.into_iter().filter(|words| !meant.contains(words)).collect();
    assert_eq!(not_meant, [["jūra", "Juris"], ["māte", "mati"]]);
}

//! Words to search by (meklēšanas vārdi): what of a Latvian text goes into an index, and what of a question is looked up in it.
//!
//! Text and question go through [`words`] alike, so whatever is done to words here is done to both, and a text is found where it has
//! all words of the question. A read model that was filled by other rules than it is asked by finds less: when anything here changes,
//! it has to be built anew.
//!
//! **Stems.** Each word is reduced to its stem and then loses its diacritics, so `Bērziņai` is found as `Berzins`.
//! Names have the same stems as other words: given names, surnames and places are declined like nouns and adjectives, and a woman's
//! surname differs from her brother's in its ending alone. So a man's and a woman's name (`Guntis`, `Gunta`) share a stem, and a
//! name that isn't declined loses its ending as well (`Bruno`: `brun`), which is no loss, since it always does.
//!
//! **What is found**, measured on the lists beside this file, pairs of a declined form and its nominative:
//!
//! | pairs | stems agree |
//! | --- | --- |
//! | 2549 of 369 words and names that the rules were made with | 2546 (0.999) |
//! | 846 of 122 that were written when the rules were there | 838 (0.991) |
//! | all 3395, the question (a nominative) typed without diacritics | 3384 (0.997) |
//! | all 3395, the text typed without diacritics | 3313 (0.976) |
//!
//! **What is found that isn't meant**: of 116 pairs of words that mean different things, and are alike, the 91 whose stems differ in
//! letters are kept apart. The 15 that differ in diacritics (`mala`, `māla`) are one in [`Word::stem`] and two in [`Word::marked`].
//! The 10 that differ in their declension alone (`pils`, `pile`) are one: some of their forms are the same. Of all 491 words of the
//! lists, four share a stem with another by mistake (`jūra` and `Juris`, `māte` and `mati`).
//!
//! **What isn't found**: other forms of verbs than participles and the nouns made of them (`brauc` and `brauca` are one, `braukt` is
//! another), diminutives, words with other prefixes, genitives of the plural that soften a t or d where `stem` doesn't know of it
//! (`māte`, `māšu`), a locative or dative in ‑aj‑ of a name that has these letters itself (`Nikolajam`).

pub(crate) mod fold;
#[cfg_attr(not(test), expect(dead_code, reason = "no list is sorted by names yet"))]
pub(crate) mod sort;
pub(crate) mod stem;
mod stop;
mod tokens;

#[cfg(test)]
mod measured;

use self::fold::{composed, folded};
use self::stem::stem;
use self::stop::is_stop_word;
use self::tokens::{Token, is_apostrophe, is_unseen, pieces, tokens};

/// A word to search by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Which word of the text it is, from 0, words that nobody searches by counted as well. A mark (`ab1234`) is
    /// where the first of its pieces (`ab`) is.
    pub(crate) position: u32,
    /// As it was written, in lower case and without diacritics: what a vocabulary holds, to find misspelt words in.
    pub(crate) form: String,
    /// Stem without diacritics: what is searched.
    pub(crate) stem: String,
    /// Stem with its diacritics, which tells `māla` from `mala`: what may rank.
    pub(crate) marked: String,
}

/// The words of a text that it can be found by, in order.
///
/// Hyphenated words are the words they consist of (`Ozola-Bērziņa`), unless one of them is a single letter (`e-pasts`). Numbers keep
/// the points within them (`12.05.2026`). Marks of letters and digits are words as a whole and by their pieces, alike whether they
/// are written `AB-1234`, `AB1234` or `AB 1234`. Stop words are left out: a question of nothing else has no words.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let text = composed(text);
    let mut found = Found { words: Vec::with_capacity(text.len() / 8), position: 0 };
    let mut before: Option<Token<'_>> = None;
    for token in tokens(&text) {
        if let Some(letters) = before.filter(|before| is_spaced_plate(before.text, token)) {
            found.mark(found.position.saturating_sub(1), &format!("{}{}", letters.text, token.text));
        }
        found.token(token.text);
        before = Some(token);
    }
    found.words
}

/// The form in which a word is in the vocabulary: lower case, without diacritics, not stemmed. Of `Bērziņš` it is `berzins`.
pub(crate) fn vocabulary_form(word: &str) -> String {
    folded(&letters(&composed(word)))
}

/// Words found so far, and how many were passed.
struct Found {
    words: Vec<Word>,
    position: u32,
}

impl Found {
    /// Takes in the words of a token.
    fn token(&mut self, token: &str) {
        if token.bytes().all(|byte| byte.is_ascii_digit()) || !token.bytes().any(|byte| byte.is_ascii_digit()) {
            return self.spelt(token);
        }
        let pieces = pieces(token);
        let longest = pieces.iter().filter(|piece| is_lettered(piece)).map(|piece| piece.chars().count()).max();
        match longest {
            // Numbers alone: a house and a flat.
            None => pieces.iter().for_each(|piece| self.word(piece)),
            // The number of a vehicle's chassis, of a bank account: its pieces mean nothing.
            Some(_) if pieces.len() > 2 && !token.contains(tokens::is_hyphen) => {
                self.mark(self.position, token);
                self.position += 1;
            }
            // A plate, a number of a record, a house with its letter.
            Some(1..=3) => {
                self.mark(self.position, token);
                let from = self.position;
                pieces.iter().filter(|piece| piece.chars().nth(1).is_some()).for_each(|piece| self.word(piece));
                self.position = self.position.max(from + 1);
            }
            // A number before a word: `25-gadīgs`.
            Some(_) => pieces.iter().for_each(|piece| self.word(piece)),
        }
    }

    /// Takes in a token of one kind of characters, by its hyphenated words.
    fn spelt(&mut self, token: &str) {
        let mut single = String::new();
        let mut parts = token.split(tokens::is_hyphen).peekable();
        while let Some(part) = parts.next() {
            let is_single = part.chars().nth(1).is_none();
            if is_single && parts.peek().is_some() {
                single.push_str(part);
            } else if single.is_empty() {
                self.word(part);
            } else {
                self.word(&(std::mem::take(&mut single) + part));
            }
        }
    }

    /// Takes in one word, unless nobody searches by it.
    fn word(&mut self, word: &str) {
        let lower = letters(word).to_lowercase();
        let form = folded(&lower);
        let position = self.position;
        self.position += 1;
        // Scripts of other continents have letters that are marks: nothing may be left of them.
        if form.is_empty() || is_stop_word(&form) {
            return;
        }
        let marked = if is_lettered(&lower) { stem(&lower) } else { lower };
        self.words.push(Word { position, stem: folded(&marked), form, marked });
    }

    /// Takes in a mark as a whole, as it is, without hyphens.
    fn mark(&mut self, position: u32, mark: &str) {
        let form = folded(&letters(mark));
        self.words.push(Word { position, stem: form.clone(), marked: form.clone(), form });
    }
}

/// The characters of a word that are searched by, and the points of a number: no hyphens, no apostrophes, nothing unseen.
fn letters(word: &str) -> String {
    word.chars().filter(|&letter| !tokens::is_hyphen(letter) && !is_apostrophe(letter) && !is_unseen(letter)).collect()
}

/// Whether a piece has letters.
fn is_lettered(piece: &str) -> bool {
    piece.chars().any(|letter| !letter.is_ascii_digit() && letter.is_alphabetic())
}

/// Whether two tokens are a plate with a space within: two capitals, up to four digits.
fn is_spaced_plate(letters: &str, digits: Token<'_>) -> bool {
    digits.after_space
        && letters.len() == 2
        && letters.bytes().all(|byte| byte.is_ascii_uppercase())
        && digits.text.len() <= 4
        && digits.text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stems(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.stem).collect()
    }

    fn set(text: &str) -> std::collections::BTreeSet<String> {
        stems(text).into_iter().collect()
    }

    #[test]
    fn a_text_is_found_by_other_forms_of_its_words() {
        let text = set("Brīvības ielā no pagalma nozagta Jāņa Ozoliņa automašīna");
        assert!(set("automašīnas zādzība").is_disjoint(&set("ielā")));
        assert!(set("Jānis Ozoliņš automašīnu iela").is_subset(&text));
        assert!(set("janis ozolins").is_subset(&text));
    }

    #[test]
    fn letters_typed_apart_or_in_capitals_are_the_same_words() {
        assert_eq!(stems("BE\u{304}RZIN\u{327}S\u{30c}"), stems("Bērziņš"));
        assert_eq!(stems("Bēr\u{ad}ziņš"), stems("Bērziņš"));
    }

    #[test]
    fn a_plate_is_found_however_it_is_written() {
        let plate = set("AB-1234");
        assert_eq!(plate, ["1234", "ab", "ab1234"].map(str::to_owned).into());
        assert_eq!(set("AB1234"), plate);
        assert_eq!(set("AB 1234"), plate);
        assert!(set("ab1234").is_subset(&set("a/m AB 1234.")));
    }

    #[test]
    fn numbers_and_marks_stay_whole() {
        assert_eq!(stems("12.05.2026. 15-3 15a"), ["12.05.2026", "15", "3", "15a", "15"]);
        assert_eq!(stems("WVWZZZ1JZXW000001"), ["wvwzzz1jzxw000001"]);
        assert_eq!(stems("VNR-2026-0000123"), ["vnr20260000123", "vnr", "2026", "0000123"]);
        assert_eq!(stems("25-gadīgs"), stems("25 gadīgs"));
    }

    #[test]
    fn hyphenated_words_are_found_by_each_of_them() {
        assert_eq!(stems("Ozola-Bērziņa"), stems("Ozols Bērziņš"));
        assert_eq!(stems("e-pasts"), ["epast"]);
        assert_eq!(stems("O’Braiens"), stems("O'Braiena"));
    }

    #[test]
    fn stop_words_keep_their_places_and_are_left_out() {
        let found = words("Jānis un Anna");
        let places: Vec<_> = found.iter().map(|word| (word.position, word.stem.as_str())).collect();
        assert_eq!(places, [(0, "jan"), (2, "ann")]);
        assert!(words("un ar to").is_empty());
    }

    #[test]
    fn the_vocabulary_has_forms_as_written() {
        assert_eq!(vocabulary_form("Bērziņš"), "berzins");
        assert_eq!(vocabulary_form("O'Braiens"), "obraiens");
        assert_eq!(words("Bērziņai")[0].form, "berzinai");
    }

    #[test]
    fn stems_with_their_marks_tell_words_apart_that_are_searched_as_one() {
        let found = words("mala māla");
        assert_eq!(found[0].stem, found[1].stem);
        assert_ne!(found[0].marked, found[1].marked);
    }
}

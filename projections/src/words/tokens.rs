//! Where words begin and end: letters and digits, with what holds them together.

use unicode_normalization::char::is_combining_mark;

/// A word, a number or a mark as it stands in a text, with what joins its pieces: `e-pasts`, `12.05.2026`, `AB-1234`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// The characters, joints included.
    pub(super) text: &'a str,
    /// Whether one space and nothing else lies between this and the token before.
    pub(super) after_space: bool,
}

/// The tokens of a composed text, in order.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text[from..].find(char::is_alphanumeric)?;
        let after_space = &text[from..start] == " ";
        let end = start + length(&text[start..]);
        from = end;
        Some(Token { text: &text[start..end], after_space })
    })
}

/// How many bytes the token at the beginning of the text is long.
fn length(text: &str) -> usize {
    let mut end = 0;
    let mut last = '\0';
    let mut rest = text.char_indices().peekable();
    while let Some((at, letter)) = rest.next() {
        let goes_on = if belongs(letter) {
            last = letter;
            true
        } else {
            rest.peek().is_some_and(|&(_, next)| joins(last, letter, next))
        };
        if !goes_on {
            break;
        }
        end = at + letter.len_utf8();
    }
    end
}

/// Whether a character is a part of a word: a letter, a digit, a mark above one, or what isn't seen (a soft hyphen).
fn belongs(letter: char) -> bool {
    letter.is_alphanumeric() || is_combining_mark(letter) || is_unseen(letter)
}

/// Soft hyphen, zero-width characters: text that was copied is full of them.
pub(super) fn is_unseen(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{feff}')
}

/// Whether a character holds together what is before and after it.
fn joins(before: char, joint: char, after: char) -> bool {
    match joint {
        '.' | ',' | ':' => before.is_ascii_digit() && after.is_ascii_digit(),
        _ => (is_hyphen(joint) || is_apostrophe(joint)) && after.is_alphanumeric(),
    }
}

/// Hyphens; a dash isn't one.
pub(super) fn is_hyphen(letter: char) -> bool {
    matches!(letter, '-' | '\u{2010}' | '\u{2011}')
}

/// Apostrophes, as typed and as set: `O'Braiens`.
pub(super) fn is_apostrophe(letter: char) -> bool {
    matches!(letter, '\'' | '’')
}

/// The pieces of a token between which letters and digits change or a hyphen stands: `AB-1234` is `AB`, `1234`.
pub(super) fn pieces(token: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    for part in token.split(is_hyphen) {
        let mut from = 0;
        let mut kind = None;
        for (at, letter) in part.char_indices().filter(|(_, letter)| letter.is_alphanumeric()) {
            let digit = letter.is_ascii_digit();
            if kind.is_some_and(|kind| kind != digit) {
                pieces.push(&part[from..at]);
                from = at;
            }
            kind = Some(digit);
        }
        pieces.push(&part[from..]);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        tokens(text).map(|token| token.text).collect()
    }

    #[test]
    fn words_end_where_neither_letters_nor_joints_go_on() {
        assert_eq!(texts("Rīgā, Brīvības ielā 15-3 (2. stāvs)."), ["Rīgā", "Brīvības", "ielā", "15-3", "2", "stāvs"]);
        assert_eq!(texts("e-pasts: a.b@inbox.lv -- O'Braiens'"), ["e-pasts", "a", "b", "inbox", "lv", "O'Braiens"]);
        assert_eq!(texts("12.05.2026. plkst. 14:30, 1,5 m"), ["12.05.2026", "plkst", "14:30", "1,5", "m"]);
        assert_eq!(texts("Rīga–Liepāja A.Čaka «X»"), ["Rīga", "Liepāja", "A", "Čaka", "X"]);
        assert!(texts(" – … 👮 ").is_empty());
    }

    #[test]
    fn pieces_are_of_one_kind() {
        assert_eq!(pieces("AB-1234"), ["AB", "1234"]);
        assert_eq!(pieces("AB1234"), ["AB", "1234"]);
        assert_eq!(pieces("15a"), ["15", "a"]);
        assert_eq!(pieces("12.05.2026"), ["12.05.2026"]);
        assert_eq!(pieces("Ozola-Bērziņa"), ["Ozola", "Bērziņa"]);
    }
}

//! Letters without their marks: `ā` is found as `a`, `Š` as `s`.

use std::borrow::Cow;

use unicode_normalization::char::{decompose_canonical, is_combining_mark};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// The text with each letter and its mark as one character, however it was typed or pasted.
///
/// By compatibility (NFKC), not only canonically: text out of a PDF has ligatures (`ﬁ`) and wide letters.
pub(crate) fn composed(text: &str) -> Cow<'_, str> {
    match is_nfkc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(text.nfkc().collect()),
    }
}

/// Lower case, without diacritics: Latvian letters and all others of the Latin script.
pub(crate) fn folded(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for letter in word.chars() {
        if letter.is_ascii() {
            out.push(letter.to_ascii_lowercase());
        } else {
            letter.to_lowercase().for_each(|letter| fold_into(&mut out, letter));
        }
    }
    out
}

/// Appends a lower-case letter, folded.
fn fold_into(out: &mut String, letter: char) {
    let plain = match letter {
        'ā' => 'a',
        'č' => 'c',
        'ē' => 'e',
        'ģ' => 'g',
        'ī' | 'ı' => 'i',
        'ķ' => 'k',
        'ļ' | 'ł' => 'l',
        'ņ' => 'n',
        'ō' | 'ø' => 'o',
        'ŗ' => 'r',
        'š' => 's',
        'ū' => 'u',
        'ž' => 'z',
        'đ' | 'ð' => 'd',
        'ħ' => 'h',
        'ŧ' => 't',
        'ß' => return out.push_str("ss"),
        'æ' => return out.push_str("ae"),
        'œ' => return out.push_str("oe"),
        'þ' => return out.push_str("th"),
        // In Cyrillic й is no и with a mark, though Unicode takes it apart.
        'й' => 'й',
        other => {
            let bare = |part: char| if is_combining_mark(part) { None } else { Some(part) };
            return decompose_canonical(other, |part| out.extend(bare(part)));
        }
    };
    out.push(plain);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_lose_their_marks_and_their_case() {
        assert_eq!(folded("ĀČĒĢĪĶĻŅŌŖŠŪŽ"), "acegiklnorsuz");
        assert_eq!(folded("Müller Åse Łódź Straße Ærø Þór İzmir"), "muller ase lodz strasse aero thor izmir");
        assert_eq!(folded("Чайковский Ёлка"), "чайковский елка");
    }

    #[test]
    fn letters_and_marks_that_were_typed_apart_are_put_together() {
        assert_eq!(composed("Ja\u{304}nis"), "Jānis");
        assert_eq!(composed("o\u{fb01}ss"), "ofiss");
        assert!(matches!(composed("Jānis"), Cow::Borrowed(_)));
    }
}

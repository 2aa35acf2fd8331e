//! Stems (celmi): what declension leaves of a word alone.
//!
//! A light stemmer in the manner of K. Kreslins, *A stemming algorithm for Latvian* (thesis, Loughborough University, 1996), and of
//! its light form in Apache Lucene (`LatvianStemmer`): one case ending of a noun or an adjective goes, prefixes, diminutives
//! and the endings of verbs stay. Written anew, and other than there in this:
//!
//! - two letters with a vowel are stem enough (`ēka`, `upe`, `Ata`), and the endings of men's surnames in ‑e (`Kalvem`) and of
//!   reflexive verbs (`kauties`) are known;
//! - a consonant that declension softens (mīkstinājums: `suns`, `suņa`) is hardened after any ending, so a word that has it in
//!   all its forms (`kaimiņš`) keeps one stem; š and ž are hardened too, to s or t and z or d by what comes before them.

/// Endings by their last letter, the longest first.
fn endings(last: char) -> &'static [&'static str] {
    match last {
        'a' => &["a"],
        'ā' => &["ajā", "ā"],
        'e' => &["ie", "e"],
        'ē' => &["ē"],
        'i' => &["ajai", "ai", "ei", "i"],
        'ī' => &["ī"],
        'j' => &["ij"],
        'm' => &["ajiem", "ajam", "ajām", "iem", "am", "ām", "em", "ēm", "im", "īm", "um"],
        'o' => &["o"],
        's' => &["ajos", "ajās", "ais", "ies", "as", "ās", "es", "ēs", "is", "īs", "os", "us", "s"],
        'š' => &["š"],
        'u' => &["u"],
        'ū' => &["ū"],
        _ => &[],
    }
}

/// The stem of a word, with its diacritics: `suņa` and `sunim` are `sun`, `mājā` is `māj`.
///
/// The word is in lower case and composed. What has no ending, or would be nothing without it, is its own stem.
pub(crate) fn stem(word: &str) -> String {
    let Some(last) = word.chars().next_back() else { return String::new() };
    let cut = endings(last).iter().find_map(|ending| {
        let rest = word.strip_suffix(ending)?;
        may_lose(rest, ending).then_some((rest, *ending))
    });
    let (rest, ending) = cut.unwrap_or((word, ""));
    hardened(rest, ending)
}

/// Whether what is left would be a stem, and one that this ending goes with.
fn may_lose(rest: &str, ending: &str) -> bool {
    let Some(last) = rest.chars().next_back() else { return false };
    // ‑s and ‑š stand after consonants, and a word in ‑eo or ‑io is no Latvian adjective: `video` isn't `vide`.
    let fits = !matches!(ending, "s" | "š" | "o") || !is_vowel(last);
    fits && rest.chars().nth(1).is_some() && rest.chars().any(is_vowel)
}

/// Whether a lower-case letter is a vowel.
fn is_vowel(letter: char) -> bool {
    matches!(letter, 'a' | 'ā' | 'e' | 'ē' | 'i' | 'ī' | 'o' | 'ō' | 'u' | 'ū' | 'y' | 'ä' | 'é' | 'ö' | 'ü')
}

/// How many vowels a stem has; a diphthong is two.
fn vowels(stem: &str) -> usize {
    stem.chars().filter(|&letter| is_vowel(letter)).count()
}

/// Stems whose d is ž in half of the forms, where the letters before it don't tell: `brīdis`, `brīža`.
const SOFTENED_D: [&str; 4] = ["balož", "briež", "brīž", "ļauž"];

/// Ends of stems whose t is š in the genitive plural alone: `naktis`, `nakšu`; `biļete`, `biļešu`.
const SOFTENED_T: [&str; 9] = ["akš", "areš", "keš", "ķeš", "leš", "ļeš", "lš", "nš", "rš"];

/// Ends of stems whose d is ž in the genitive plural alone: `sirdis`, `siržu`; `pārbaude`, `pārbaužu`.
const SOFTENED_D_PLURAL: [&str; 3] = ["auž", "ķēž", "rž"];

/// The stem with its last consonants as they are before they were softened.
fn hardened(stem: &str, ending: &str) -> String {
    let mut out = stem.to_owned();
    let Some(last) = out.pop() else { return out };
    let hard = match last {
        'ņ' => 'n',
        'ļ' => 'l',
        'č' => 'c',
        'š' if t_is_softened(stem, ending) => 't',
        'š' => 's',
        's' if is_bare_t(stem) => 't',
        'ž' if d_is_softened(stem, ending) => 'd',
        'ž' => 'z',
        'j' if out.ends_with(['p', 'b', 'm', 'v']) => return out,
        other => other,
    };
    // The consonant before goes soft with it: `krāsns`, `krāšņu`; `zvaigzne`, `zvaigžņu`; `brilles`, `briļļu`.
    if matches!(last, 'ņ' | 'ļ') {
        let before = match out.chars().next_back() {
            Some('š') => Some('s'),
            Some('ž') => Some('z'),
            Some('ļ') => Some('l'),
            Some('ņ') => Some('n'),
            _ => None,
        };
        if let Some(before) = before {
            out.pop();
            out.push(before);
        }
    }
    out.push(hard);
    out
}

/// Whether the š at the end stands for t.
fn t_is_softened(stem: &str, ending: &str) -> bool {
    // All nouns in ‑ietis and ‑ītis, and no others: `vīrieša`, `Eglīša`, but `tiesneša`.
    if stem.ends_with("ieš") || stem.ends_with("īš") {
        return true;
    }
    let minute = || stem.ends_with("ūš") && vowels(stem) > 1;
    ending == "u" && (SOFTENED_T.iter().any(|end| stem.ends_with(end)) || minute())
}

/// Whether the s at the end is a š without its mark that stands for t: `vīrieši` typed as `viriesi`, `Eglīša` as `Eglisa`.
///
/// It can be an s as well (`Boriss`); then it is taken for t in all forms, and no harm is done.
fn is_bare_t(stem: &str) -> bool {
    let before = stem.strip_suffix("is").or_else(|| stem.strip_suffix("īs"));
    match before {
        Some(before) => vowels(before) > 0 && !before.ends_with(is_vowel),
        None => stem.ends_with("ies") && vowels(stem) > 2,
    }
}

/// Whether the ž at the end stands for d.
fn d_is_softened(stem: &str, ending: &str) -> bool {
    SOFTENED_D.iter().any(|end| stem.ends_with(end))
        || (ending == "u" && SOFTENED_D_PLURAL.iter().any(|end| stem.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Forms of one word in each row.
    const ALIKE: &[&[&str]] = &[
        &["zādzība", "zādzības", "zādzībām", "zādzībā"],
        &["jānis", "jānim", "jāni", "jāņa", "jānī"],
        &["ozoliņš", "ozoliņa", "ozoliņam", "ozoliņ"],
        &["kalējs", "kalēja", "kalējas"],
        &["balodis", "balodim", "baloža", "balode"],
        &["lielais", "lielā", "lielajam", "lielo"],
        &["suns", "suņa", "suņi"],
        &["brālis", "brāļa"],
        &["lācis", "lāča"],
        &["nazis", "naža"],
        &["tiesnesis", "tiesneša"],
        &["vīrietis", "vīrieša", "vīriesa"],
        &["krāsns", "krāšņu"],
        &["zvaigzne", "zvaigžņu"],
        &["brilles", "briļļu"],
        &["cirvis", "cirvja"],
        &["nakts", "nakšu"],
        &["brauc", "brauca"],
        &["nozagt", "nozagts", "nozagtā"],
        &["ielaušana", "ielaušanās", "ielaušanos"],
        &["kauties", "kauts"],
    ];

    #[test]
    fn forms_of_a_word_have_one_stem() {
        for forms in ALIKE {
            for form in *forms {
                assert_eq!(stem(form), stem(forms[0]), "{form} is a form of {}", forms[0]);
            }
        }
    }

    #[test]
    fn a_stem_has_two_letters_and_a_vowel() {
        for (word, stands) in
            [("ēka", "ēk"), ("ata", "at"), ("as", "as"), ("gps", "gps"), ("dus", "dus"), ("s", "s"), ("", "")]
        {
            assert_eq!(stem(word), stands);
        }
    }

    #[test]
    fn words_that_only_seem_to_have_an_ending_keep_it() {
        for word in ["video", "mario", "leo", "smith", "чайка"] {
            assert_eq!(stem(word), word);
        }
    }
}

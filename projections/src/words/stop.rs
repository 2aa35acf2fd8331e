//! Stop words (stopvārdi): words that are in every text, so that nobody finds anything by them.

/// Conjunctions, prepositions, pronouns and the forms of `būt`, folded and in order.
///
/// Kept short: a word too many in the index costs a little room, a word too few makes a text impossible to find. `nav` (there is
/// no) and `bez` (without) stay, for what they say of a case; numbers stay.
const STOP_WORDS: &[&str] = &[
    "ap", "ar", "ari", "bet", "bija", "bus", "es", "gan", "ir", "ja", "jau", "jeb", "jo", "ka", "kad", "kam", "kas",
    "ko", "kur", "kura", "kuras", "kuri", "kurs", "kuru", "lai", "lidz", "mes", "ne", "no", "pa", "par", "pec", "pie",
    "pret", "sai", "saja", "si", "sis", "so", "ta", "tad", "tai", "taja", "tam", "tas", "ti", "tie", "tiek", "tiem",
    "tika", "to", "tos", "tu", "un", "uz", "vai", "vina", "vinas", "vini", "vins", "vinu",
];

/// Whether nobody searches by a folded word.
pub(super) fn is_stop_word(form: &str) -> bool {
    STOP_WORDS.binary_search(&form).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_words_are_in_order_and_folded() {
        assert!(STOP_WORDS.is_sorted_by(|a, b| a < b));
        assert!(STOP_WORDS.iter().all(|word| super::super::vocabulary_form(word) == *word));
    }
}

//! Language of labels.

use async_graphql::Enum;

/// Language that labels are given in.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq, Default)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum Lang {
    /// Latvian (latviešu).
    #[default]
    Lv,
    /// English.
    En,
}

impl Lang {
    /// The language of an `Accept-Language` value that is liked best; Latvian where it names none of ours.
    pub(crate) fn from_accept_language(value: &str) -> Self {
        let mut best = (0.0_f32, Self::default());
        for range in value.split(',') {
            let (tag, rest) = range.split_once(';').unwrap_or((range, ""));
            let quality = rest.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.trim().parse().ok()).unwrap_or(0.0);
            let lang = match tag.trim().split('-').next() {
                Some(t) if t.eq_ignore_ascii_case("lv") => Self::Lv,
                Some(t) if t.eq_ignore_ascii_case("en") => Self::En,
                _ => continue,
            };
            if quality > best.0 {
                best = (quality, lang);
            }
        }
        best.1
    }
}

impl From<Lang> for domain::Lang {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::Lv => Self::Lv,
            Lang::En => Self::En,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_liked_best_is_taken() {
        assert_eq!(Lang::from_accept_language("en-GB,en;q=0.9"), Lang::En);
        assert_eq!(Lang::from_accept_language("en;q=0.4, lv-LV;q=0.8, de"), Lang::Lv);
        assert_eq!(Lang::from_accept_language("ru, *;q=0.1"), Lang::Lv);
        assert_eq!(Lang::from_accept_language(""), Lang::Lv);
    }
}

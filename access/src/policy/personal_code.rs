//! Personal codes as they are shown to most.

use domain::values::{PersonalCode, PersonalCodeKind};

/// A personal code (personas kods) as it is shown to those who may not see it in full: `010190-*****`. Of a code that holds no date of
/// birth, and of what is no code at all, nothing is shown: `******-*****`.
pub fn mask_personal_code(code: &str) -> String {
    let dated = PersonalCode::parse(code).ok();
    let dated = dated.filter(|code| matches!(code.kind(), PersonalCodeKind::WithBirthDate(Some(_))));
    let shown = dated.map(|code| code.to_string());
    let date = shown.as_deref().and_then(|code| code.split_once('-')).map_or("******", |(date, _)| date);
    format!("{date}-*****")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_date_of_birth_is_left_of_a_code() {
        assert_eq!(mask_personal_code("010190-12345"), "010190-*****");
        assert_eq!(mask_personal_code("16117519997"), "161175-*****");
        assert_eq!(mask_personal_code("320731-20115"), "******-*****", "a code of the new kind holds none");
        assert_eq!(mask_personal_code("991399-12345"), "******-*****", "no such day");
        assert_eq!(mask_personal_code("Jānis Bērziņš"), "******-*****");
        assert_eq!(mask_personal_code(""), "******-*****");
    }
}

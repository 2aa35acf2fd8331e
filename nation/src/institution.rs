//! Who records: State Police, the 112 platform, municipal and port police.

use std::sync::LazyLock;

use super::territory::TERRITORIES;

/// What an institution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Valsts policija.
    StatePolice,
    /// The 112 platform (VKCP), run by the fire and rescue service.
    EmergencyCentre,
    /// Pašvaldības policija.
    MunicipalPolice,
    /// Ostas policija.
    PortPolice,
    /// Informācijas centrs: runs the register, and records nothing in it.
    Centre,
}

/// An institution that sends commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Institution {
    /// Its code, `PP-LIEPAJA`.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Place among the territories of where it is; none where it is everywhere.
    pub territory: Option<usize>,
    /// Name of its journal as a source of records, `enz-liepaja`.
    pub journal: String,
    /// How much of what its kind records it records.
    pub weight: u32,
}

/// State Police, first of all.
pub(crate) const STATE_POLICE: usize = 0;
/// The 112 platform.
pub(crate) const EMERGENCY_CENTRE: usize = 1;
/// Municipalities with fewer people have no force of their own here.
const OWN_FORCE_FROM: u32 = 18_600;

/// All of them: State Police, 112, and 34 municipal and port forces.
pub(crate) static INSTITUTIONS: LazyLock<Vec<Institution>> = LazyLock::new(|| {
    let central = |code: &str, name: &str, kind, journal: &str| Institution {
        code: code.to_owned(),
        name: name.to_owned(),
        kind,
        territory: None,
        journal: journal.to_owned(),
        weight: 1,
    };
    let mut all = vec![
        central("VP", "Valsts policija", Kind::StatePolice, "vp-enz"),
        central("VUGD", "Vienotā kontaktu centra platforma (112)", Kind::EmergencyCentre, "vkcp"),
    ];
    let with_force = TERRITORIES.iter().enumerate().filter(|(_, territory)| territory.inhabitants >= OWN_FORCE_FROM);
    all.extend(with_force.map(|(place, territory)| {
        let plain = plain(territory.seat);
        Institution {
            code: format!("PP-{}", plain.to_uppercase()),
            name: format!("{} pašvaldības policija", territory.name),
            kind: Kind::MunicipalPolice,
            territory: Some(place),
            journal: format!("enz-{plain}"),
            weight: territory.inhabitants,
        }
    }));
    for (city, of, seat) in
        [("Rīga", "Rīgas", "riga"), ("Ventspils", "Ventspils", "ventspils"), ("Liepāja", "Liepājas", "liepaja")]
    {
        all.push(Institution {
            code: format!("OP-{}", seat.to_uppercase()),
            name: format!("{of} ostas policija"),
            kind: Kind::PortPolice,
            territory: TERRITORIES.iter().position(|territory| territory.name == city),
            journal: format!("ostas-{seat}"),
            weight: 12_000,
        });
    }
    all
});

/// A name without the marks of Latvian letters, in lower case: what codes are made of.
fn plain(name: &str) -> String {
    let plain = |letter: char| match letter {
        'ā' => 'a',
        'č' => 'c',
        'ē' => 'e',
        'ģ' => 'g',
        'ī' => 'i',
        'ķ' => 'k',
        'ļ' => 'l',
        'ņ' => 'n',
        'š' => 's',
        'ū' => 'u',
        'ž' => 'z',
        other => other,
    };
    name.to_lowercase().chars().map(plain).filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::values::{InstitutionCode, SourceSystem};

    use super::*;

    #[test]
    fn more_than_thirty_four_forces_record_each_under_a_code_of_its_own() {
        let recording = INSTITUTIONS.iter().filter(|one| one.kind != Kind::EmergencyCentre).count();
        assert!(recording >= 34, "{recording}");
        let municipal = INSTITUTIONS.iter().filter(|one| one.kind == Kind::MunicipalPolice).count();
        assert!(municipal >= 24, "{municipal}");
        let codes: BTreeSet<&str> = INSTITUTIONS.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(codes.len(), INSTITUTIONS.len());
        for one in INSTITUTIONS.iter() {
            assert!(InstitutionCode::parse(&one.code).is_ok() && SourceSystem::parse(&one.journal).is_ok(), "{one:?}");
        }
        assert_eq!(INSTITUTIONS[STATE_POLICE].code, "VP");
        assert_eq!(INSTITUTIONS[EMERGENCY_CENTRE].kind, Kind::EmergencyCentre);
    }
}

//! What each institution is.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use domain::terms::Service;
use serde::Deserialize;

use super::account::SourceNames;
use super::error::PolicyError;
use super::resource::{Relation, Resource};
use crate::principal::{Institution, Principal, Territory, named};

/// What an institution is, as far as access goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstitutionKind {
    /// State Police (Valsts policija, VP).
    StatePolice,
    /// Municipal police (pašvaldības policija).
    MunicipalPolice,
    /// Port police (ostas policija).
    PortPolice,
    /// Fire and rescue (VUGD).
    FireRescue,
    /// Ambulance (NMPD).
    Ambulance,
    /// The 112 centre (VKCP).
    EmergencyCentre,
    /// State security (drošības iestādes).
    Security,
    /// Border guard (VRS), KNAB.
    LawEnforcement,
    /// Prosecution (prokuratūra).
    Prosecution,
    /// Courts (tiesas).
    Court,
    /// Probation (VPD).
    Probation,
    /// Social service of a municipality (sociālais dienests).
    SocialService,
    /// The Information Centre that runs the register (IeM IC).
    Centre,
    /// Analysts (BI).
    Analytics,
    /// Any that is not in the table.
    Other,
}

named!(InstitutionKind: StatePolice "state_police", MunicipalPolice "municipal_police", PortPolice "port_police",
    FireRescue "fire_rescue", Ambulance "ambulance", EmergencyCentre "emergency_centre", Security "security",
    LawEnforcement "law_enforcement", Prosecution "prosecution", Court "court", Probation "probation", SocialService "social_service", Centre "centre",
    Analytics "analytics", Other "other");

impl InstitutionKind {
    /// Whether it is competent in its territories only: without any it is competent nowhere, not everywhere.
    pub fn is_local(self) -> bool {
        matches!(self, Self::MunicipalPolice | Self::PortPolice)
    }

    /// What the institutions are that answer for a service (dienests) of 112; none for one that is no institution of the register.
    pub fn of_service(service: Service) -> Option<Self> {
        match service {
            Service::FireRescue => Some(Self::FireRescue),
            Service::StatePolice => Some(Self::StatePolice),
            Service::Medical => Some(Self::Ambulance),
            Service::MunicipalPolice => Some(Self::MunicipalPolice),
            Service::PortPolice => Some(Self::PortPolice),
            Service::Gas => None,
        }
    }
}

/// An institution, or all whose code begins so.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstitutionEntry {
    /// Its code.
    #[serde(default)]
    pub code: Option<String>,
    /// What its code begins with, where it stands for several.
    #[serde(default)]
    pub prefix: Option<String>,
    /// What it is.
    pub kind: InstitutionKind,
    /// Its name in Latvian.
    pub lv: String,
    /// Its name in English.
    pub en: String,
    /// Where it is competent when a token doesn't say.
    #[serde(default)]
    pub territories: Vec<Territory>,
    /// Whether its code isn't confirmed.
    #[serde(default)]
    pub illustrative: bool,
    /// Source systems under whose names it may send, as they stand in the table: none where it doesn't say.
    #[serde(default)]
    pub sources: Vec<String>,
    #[serde(skip)]
    pub(super) names: Vec<SourceNames>,
}

impl InstitutionEntry {
    /// Reads what stands in `sources`; what is wrong with it with its place.
    fn read_sources(&mut self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (place, text) in self.sources.iter().enumerate() {
            match SourceNames::parse(text, self.prefix.is_some()) {
                Ok(names) if self.names.contains(&names) => {
                    wrong.push(format!("sources[{place}]: `{text}` stands there twice"))
                }
                Ok(names) => self.names.push(names),
                Err(reason) => wrong.push(format!("sources[{place}]: {reason}")),
            }
        }
        wrong
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    institution: Vec<InstitutionEntry>,
}

/// The table of institutions (`institutions.toml`).
#[derive(Debug, Clone)]
pub struct Institutions {
    entries: Vec<InstitutionEntry>,
    by_code: HashMap<String, usize>,
}

impl Institutions {
    /// Reads the table. Wrong entries are told all at once.
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, Vec<PolicyError>> {
        let wrong = |reason: String| PolicyError::Institutions { file: file.to_owned(), reason };
        let mut table: Table =
            toml::from_str(text).map_err(|error| vec![wrong(error.to_string().trim().to_owned())])?;
        let (mut by_code, mut errors) = (HashMap::new(), Vec::new());
        for (place, entry) in table.institution.iter_mut().enumerate() {
            match (&entry.code, &entry.prefix) {
                (Some(code), None) if Institution::parse(code).is_err() => {
                    errors.push(wrong(format!("`{code}` is no code of an institution")));
                }
                (Some(code), None) if by_code.insert(code.clone(), place).is_some() => {
                    errors.push(wrong(format!("`{code}` stands there twice")));
                }
                (Some(_), None) => {}
                (None, Some(prefix)) if !prefix.is_empty() => {}
                _ => errors.push(wrong(format!("institution {}: give either `code` or `prefix`", place + 1))),
            }
            if entry.lv.trim().is_empty() || entry.en.trim().is_empty() {
                errors.push(wrong(format!("institution {}: give its name in `lv` and `en`", place + 1)));
            }
            let of_sources = entry.read_sources().into_iter();
            errors.extend(of_sources.map(|reason| wrong(format!("institution {}: {reason}", place + 1))));
        }
        if errors.is_empty() { Ok(Self { entries: table.institution, by_code }) } else { Err(errors) }
    }

    /// What is known of an institution: by its code, else by the longest beginning that fits.
    pub fn find(&self, institution: &Institution) -> Option<&InstitutionEntry> {
        let code = institution.as_str();
        if let Some(place) = self.by_code.get(code) {
            return self.entries.get(*place);
        }
        let prefixed = self.entries.iter().filter_map(|entry| entry.prefix.as_ref().map(|prefix| (prefix, entry)));
        let fitting = prefixed.filter(|(prefix, _)| code.starts_with(prefix.as_str()));
        fitting.max_by_key(|(prefix, _)| prefix.len()).map(|(_, entry)| entry)
    }

    /// What an institution is.
    pub fn kind(&self, institution: &Institution) -> InstitutionKind {
        self.find(institution).map_or(InstitutionKind::Other, |entry| entry.kind)
    }

    /// All of them, as they stand in the table.
    pub fn entries(&self) -> &[InstitutionEntry] {
        &self.entries
    }

    /// How a record is tied to whom asks: the closest tie counts.
    pub fn relation(&self, principal: &Principal, resource: &Resource) -> Relation {
        if resource.owner.as_ref() == Some(&principal.institution) {
            return Relation::Own;
        }
        let competent = self.competence(principal).covers(resource.territory.as_ref());
        let kind = self.kind(&principal.institution);
        let sent_for = resource.services.contains(&kind) && (competent || !kind.is_local());
        if sent_for || resource.participants.contains(&principal.institution) {
            Relation::Participating
        } else if competent {
            Relation::Territory
        } else {
            Relation::None
        }
    }

    /// Where somebody is competent: where their token says, else where the table says. Local police of whom neither says are nowhere.
    pub fn competence(&self, principal: &Principal) -> Competence {
        let entry = self.find(&principal.institution);
        let territories = match entry {
            Some(entry) if principal.territories.is_empty() => &entry.territories,
            _ => &principal.territories,
        };
        if territories.is_empty() && entry.is_some_and(|entry| !entry.kind.is_local()) {
            return Competence::Everywhere;
        }
        Competence::In(territories.clone())
    }
}

/// Where somebody is competent (kompetences teritorija).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Competence {
    /// In the whole country, and where it isn't known where something is.
    Everywhere,
    /// In these territories, and in what is part of them.
    In(Vec<Territory>),
}

impl Competence {
    /// Whether a place is there.
    pub fn covers(&self, place: Option<&Territory>) -> bool {
        match self {
            Self::Everywhere => true,
            Self::In(territories) => {
                place.is_some_and(|place| territories.iter().any(|territory| covers(territory, place)))
            }
        }
    }
}

/// What a territory's code begins with where it is a whole city or county, whose parts begin so too.
pub fn whole(territory: &Territory) -> Option<&str> {
    let code = territory.as_str();
    (code[4..6] == *"00").then_some(&code[..4])
}

/// Whether a territory is, or contains, a place. The first four digits of an ATVK code are the city or county (novads), the next two
/// its town or parish, `00` for the whole, and the last counts changes of its borders.
fn covers(territory: &Territory, place: &Territory) -> bool {
    territory == place || whole(territory).is_some_and(|whole| place.as_str().starts_with(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn territory(code: &str) -> Territory {
        Territory::parse(code).expect("a code")
    }

    #[test]
    fn a_county_covers_its_parishes_and_its_own_later_borders() {
        for place in ["0038000", "0038001", "0038540"] {
            assert!(covers(&territory("0038000"), &territory(place)), "{place}");
        }
        assert!(!covers(&territory("0038000"), &territory("0039000")));
        assert!(!covers(&territory("0038540"), &territory("0038000")), "a parish is not its county");
        assert!(!covers(&territory("0038540"), &territory("0038541")), "nor another parish");
    }

    #[test]
    fn wrong_entries_are_told_all_at_once() {
        let text = "[[institution]]\ncode = \"A\"\nkind = \"court\"\nlv = \"a\"\nen = \"\"\n\
                    [[institution]]\ncode = \"A\"\nprefix = \"B\"\nkind = \"court\"\nlv = \"a\"\nen = \"a\"\n\
                    [[institution]]\ncode = \"A\"\nkind = \"court\"\nlv = \"a\"\nen = \"a\"\n";
        let errors = Institutions::parse("institutions.toml", text).expect_err("three mistakes");
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            errors,
            [
                "institutions.toml: institution 1: give its name in `lv` and `en`",
                "institutions.toml: institution 2: give either `code` or `prefix`",
                "institutions.toml: `A` stands there twice",
            ]
        );
        assert!(Institutions::parse("institutions.toml", "[[institution]]\nkind = \"king\"").is_err());
    }

    #[test]
    fn wrong_sources_are_told_all_at_once_with_their_places() {
        let text = "[[institution]]\ncode = \"A\"\nkind = \"court\"\nlv = \"a\"\nen = \"a\"\nsources = [\"a\", \"A B\", \"*\"]\n\
                    [[institution]]\ncode = \"B\"\nkind = \"court\"\nlv = \"\"\nen = \"a\"\nsources = [\"b-{rest}\", \"b\", \"b\"]\n";
        let errors = Institutions::parse("institutions.toml", text).expect_err("five mistakes");
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let begin = [
            "institutions.toml: institution 1: sources[1]: `A B`: ",
            "institutions.toml: institution 1: sources[2]: `*` ",
            "institutions.toml: institution 2: give its name",
            "institutions.toml: institution 2: sources[0]: `b-{rest}`: ",
            "institutions.toml: institution 2: sources[2]: `b` stands there twice",
        ];
        assert_eq!(errors.len(), begin.len(), "{errors:#?}");
        for (error, begin) in errors.iter().zip(begin) {
            assert!(error.starts_with(begin), "{error}");
        }
    }
}

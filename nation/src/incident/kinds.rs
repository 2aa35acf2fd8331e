//! Kinds of incidents: how many there are, what is said of them, who takes part, and what it is about.

use proto::command::v1 as pb;

/// A kind of incident: its code, its parts of what State Police and municipal police register, how fast somebody must be there,
/// and what is said of it. A code has several where what it is about differs.
pub(super) struct Kind {
    pub(super) code: &'static str,
    pub(super) state: u32,
    pub(super) municipal: u32,
    pub(super) category: pb::Category,
    pub(super) words: &'static [&'static str],
    pub(super) results: &'static [&'static str],
    pub(super) cast: &'static [Part],
    pub(super) about: About,
    pub(super) actions: &'static [&'static str],
}

/// Somebody who takes part in so many of a hundred.
pub(super) struct Part {
    pub(super) role: &'static str,
    pub(super) percent: u32,
    pub(super) who: Who,
}

/// Who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// Who reported it; somebody else of age where nobody did.
    Reporter,
    /// Somebody of age.
    Adult,
    /// Somebody under 18.
    Minor,
    /// Somebody of whom nothing may be known.
    Stranger,
    /// The one of a family whose home it is.
    Family,
    /// Another of age of the same family, or one who lived there.
    Partner,
    /// A child of it.
    Child,
}

/// What it is about, beside people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// Nothing that has to be named.
    Nothing,
    /// A thing of that kind that was stolen, robbed, found.
    Item { kinds: &'static [&'static str], relation: &'static str },
    /// Goods of a shop, and the shop.
    Shop,
    /// Documents that were lost.
    Documents,
    /// A vehicle that is this in it, of the first person in it who can have one.
    Vehicle(&'static str),
    /// Vehicles that ran into each other, or into something.
    Collision,
    /// A thing that is taken away.
    Seized { kinds: &'static [&'static str], percent: u32 },
}

use pb::Category::{A, B, C, D};

const CRIMINAL: &[&str] = &[
    "criminal-process-opened",
    "criminal-process-opened",
    "criminal-process-refused",
    "added-to-criminal-process",
    "departmental-check",
];
const ADMINISTRATIVE: &[&str] = &[
    "administrative-process-opened",
    "administrative-process-opened",
    "warning",
    "preventive-talk",
    "administrative-process-refused",
];
const LIGHT: &[&str] =
    &["preventive-talk", "warning", "settled-on-scene", "not-confirmed", "no-offence", "information-only"];

const AT_SCENE: &[&str] = &["scene-examined", "person-questioned", "traces-secured", "video-secured"];
const WITH_PERSON: &[&str] = &["person-questioned", "warned", "protocol-drawn", "area-checked"];
const ON_ROAD: &[&str] = &["scene-examined", "person-questioned", "intoxication-tested", "protocol-drawn"];
const AT_HOME: &[&str] =
    &["person-questioned", "separation-decided", "social-service-informed", "person-detained", "help-given"];
const HELP: &[&str] = &["help-given", "medical-called", "area-checked", "owner-informed"];
const SEARCH: &[&str] = &["area-checked", "person-questioned", "social-service-informed"];

const fn part(role: &'static str, percent: u32, who: Who) -> Part {
    Part { role, percent, who }
}

use Who::{Adult, Child, Family, Minor, Partner, Reporter, Stranger};

const PROPERTY: &[Part] = &[part("victim", 96, Reporter), part("suspect", 25, Stranger), part("witness", 18, Adult)];
const SHOP: &[Part] =
    &[part("suspect", 85, Stranger), part("witness", 45, Reporter), part("representative", 40, Adult)];
const VIOLENCE: &[Part] = &[
    part("victim", 97, Reporter),
    part("suspect", 72, Stranger),
    part("witness", 38, Adult),
    part("suspect", 12, Stranger),
];
const DEATH: &[Part] = &[part("deceased", 100, Adult), part("reporter", 80, Reporter), part("witness", 20, Adult)];
const HOMICIDE: &[Part] = &[part("deceased", 100, Adult), part("suspect", 85, Stranger), part("witness", 60, Adult)];
const FAMILY: &[Part] =
    &[part("victim", 100, Family), part("suspect", 96, Partner), part("child", 100, Child), part("child", 45, Child)];
const CRASH: &[Part] = &[part("driver", 100, Reporter), part("driver", 66, Adult), part("witness", 14, Adult)];
const CRASH_INJURED: &[Part] = &[
    part("driver", 100, Adult),
    part("injured", 100, Reporter),
    part("driver", 48, Adult),
    part("passenger", 30, Adult),
];
const DRIVER: &[Part] = &[part("driver", 100, Adult), part("passenger", 8, Adult)];
const DRUNK_DRIVER: &[Part] = &[part("driver", 100, Adult), part("witness", 20, Reporter)];
const OWNER: &[Part] = &[part("owner", 90, Adult), part("reporter", 30, Reporter)];
const OFFENDERS: &[Part] = &[
    part("offender", 90, Adult),
    part("offender", 25, Adult),
    part("witness", 22, Reporter),
    part("offender", 8, Minor),
];
const YOUNG_DRINKER: &[Part] = &[part("offender", 100, Minor), part("parent", 55, Adult)];
const NOISE: &[Part] = &[part("reporter", 70, Reporter), part("offender", 60, Adult)];
const DRUNK: &[Part] = &[part("involved", 96, Adult), part("reporter", 25, Reporter)];
const MISSING: &[Part] = &[part("missing", 100, Adult), part("reporter", 90, Reporter)];
const MISSING_CHILD: &[Part] = &[part("missing", 100, Minor), part("parent", 92, Reporter)];
const POSSESSION: &[Part] = &[part("suspect", 97, Adult), part("witness", 15, Adult), part("detainee", 10, Adult)];
const HELPED: &[Part] = &[part("involved", 95, Adult), part("reporter", 30, Reporter)];
const OBJECT: &[Part] = &[part("representative", 85, Adult), part("reporter", 25, Reporter)];
const LOSER: &[Part] = &[part("owner", 97, Reporter)];
const OUTDOORS: &[Part] = &[part("reporter", 75, Reporter), part("person-of-interest", 30, Adult)];

/// Types that State Police hands to municipal police.
pub(super) const MUNICIPAL_MATTERS: &[&str] =
    &["noise", "public-order", "intoxicated-person", "parking", "alcohol", "animal", "environment", "traffic-offence"];

/// Illustrative parts: the official ones are not public.
#[rustfmt::skip]
pub(super) const KINDS: &[Kind] = &[
    Kind { code: "theft", state: 60, municipal: 9, category: D, words: &["Nozagts velosipēds no kāpņutelpas."], results: CRIMINAL, cast: PROPERTY, about: About::Item { kinds: &["bicycle", "bicycle", "scooter"], relation: "stolen" }, actions: AT_SCENE },
    Kind { code: "theft", state: 60, municipal: 12, category: D, words: &["Veikalā izņemta prece, nesamaksājot."], results: CRIMINAL, cast: SHOP, about: About::Shop, actions: AT_SCENE },
    Kind { code: "theft", state: 30, municipal: 4, category: D, words: &["No automašīnas pazudusi soma."], results: CRIMINAL, cast: PROPERTY, about: About::Item { kinds: &["bag", "bank-card", "computer", "camera"], relation: "stolen" }, actions: AT_SCENE },
    Kind { code: "burglary", state: 28, municipal: 2, category: C, words: &["Uzlauztas pagraba durvis, pazuduši instrumenti.", "Iekļūts dzīvoklī pa logu."], results: CRIMINAL, cast: PROPERTY, about: About::Item { kinds: &["tool", "jewellery", "electronics", "cash", "watch"], relation: "stolen" }, actions: AT_SCENE },
    Kind { code: "vehicle-theft", state: 4, municipal: 0, category: C, words: &["No pagalma nozagta automašīna."], results: CRIMINAL, cast: PROPERTY, about: About::Vehicle("stolen"), actions: AT_SCENE },
    Kind { code: "robbery", state: 6, municipal: 0, category: A, words: &["Uz ielas, draudot ar nazi, atņemts telefons."], results: CRIMINAL, cast: VIOLENCE, about: About::Item { kinds: &["phone", "bag", "cash"], relation: "robbed" }, actions: AT_SCENE },
    Kind { code: "fraud", state: 70, municipal: 2, category: D, words: &["Samaksa par preci interneta sludinājumā, prece nav saņemta.", "Zvanītājs uzdevies par bankas darbinieku."], results: CRIMINAL, cast: PROPERTY, about: About::Nothing, actions: &["person-questioned", "other"] },
    Kind { code: "property-damage", state: 40, municipal: 22, category: D, words: &["Saskrāpēta automašīna stāvvietā."], results: CRIMINAL, cast: PROPERTY, about: About::Vehicle("victim"), actions: AT_SCENE },
    Kind { code: "property-damage", state: 20, municipal: 13, category: D, words: &["Izsists veikala skatlogs."], results: CRIMINAL, cast: SHOP, about: About::Nothing, actions: AT_SCENE },
    Kind { code: "assault", state: 45, municipal: 14, category: B, words: &["Kautiņš pie veikala, vienam cietušajam sejas savainojums."], results: CRIMINAL, cast: VIOLENCE, about: About::Seized { kinds: &["knife", "other"], percent: 4 }, actions: AT_SCENE },
    Kind { code: "threat", state: 25, municipal: 6, category: C, words: &["Bijušais dzīvesbiedrs draud izrēķināties."], results: CRIMINAL, cast: VIOLENCE, about: About::Nothing, actions: WITH_PERSON },
    Kind { code: "domestic-violence", state: 75, municipal: 30, category: A, words: &["Konflikts ģimenē, dzirdami kliedzieni.", "Vīrietis reibumā sitis dzīvesbiedri."], results: &["protective-decision", "criminal-process-opened", "preventive-talk", "not-confirmed"], cast: FAMILY, about: About::Nothing, actions: AT_HOME },
    Kind { code: "homicide", state: 1, municipal: 0, category: A, words: &["Dzīvoklī atrasta persona ar durtu brūci."], results: CRIMINAL, cast: HOMICIDE, about: About::Seized { kinds: &["knife", "trace", "clothing"], percent: 90 }, actions: AT_SCENE },
    Kind { code: "sexual-offence", state: 3, municipal: 0, category: A, words: &["Saņemts iesniegums par dzimumnoziegumu."], results: CRIMINAL, cast: VIOLENCE, about: About::Seized { kinds: &["trace", "clothing"], percent: 30 }, actions: AT_SCENE },
    Kind { code: "weapons", state: 3, municipal: 1, category: B, words: &["Pārbaudē atrasts nereģistrēts šaujamierocis.", "Mājas bēniņos atrasta munīcija."], results: CRIMINAL, cast: POSSESSION, about: About::Seized { kinds: &["firearm", "firearm", "ammunition", "explosive"], percent: 95 }, actions: &["search-made", "person-detained", "traces-secured"] },
    Kind { code: "drugs", state: 20, municipal: 6, category: C, words: &["Pārbaudē atrasta balta viela maisiņā."], results: CRIMINAL, cast: POSSESSION, about: About::Seized { kinds: &["drugs"], percent: 95 }, actions: &["search-made", "person-detained", "person-delivered"] },
    Kind { code: "alcohol", state: 7, municipal: 80, category: D, words: &["Alkohola lietošana publiskā vietā."], results: ADMINISTRATIVE, cast: OFFENDERS, about: About::Seized { kinds: &["alcohol", "tobacco"], percent: 12 }, actions: WITH_PERSON },
    Kind { code: "alcohol", state: 3, municipal: 30, category: D, words: &["Nepilngadīgais reibumā."], results: ADMINISTRATIVE, cast: YOUNG_DRINKER, about: About::Seized { kinds: &["alcohol"], percent: 8 }, actions: &["intoxication-tested", "social-service-informed", "person-delivered"] },
    Kind { code: "public-order", state: 55, municipal: 120, category: C, words: &["Jauniešu grupa trokšņo pagalmā.", "Persona uzvedas agresīvi pret garāmgājējiem."], results: ADMINISTRATIVE, cast: OFFENDERS, about: About::Nothing, actions: WITH_PERSON },
    Kind { code: "noise", state: 20, municipal: 90, category: D, words: &["Skaļa mūzika pēc pulksten 23.", "Kaimiņu dzīvoklī remonts naktī."], results: LIGHT, cast: NOISE, about: About::Nothing, actions: WITH_PERSON },
    Kind { code: "intoxicated-person", state: 40, municipal: 130, category: C, words: &["Persona guļ pieturā, no sevis smaržo pēc alkohola."], results: LIGHT, cast: DRUNK, about: About::Nothing, actions: &["help-given", "medical-called", "person-delivered"] },
    Kind { code: "traffic-accident", state: 130, municipal: 15, category: C, words: &["Divu automašīnu sadursme, cietušo nav.", "Nobraukts no ceļa, bojāta ceļazīme."], results: ADMINISTRATIVE, cast: CRASH, about: About::Collision, actions: ON_ROAD },
    Kind { code: "traffic-accident-injured", state: 14, municipal: 1, category: A, words: &["Sadursme krustojumā, viens cietušais."], results: CRIMINAL, cast: CRASH_INJURED, about: About::Collision, actions: ON_ROAD },
    Kind { code: "traffic-offence", state: 55, municipal: 60, category: D, words: &["Pārsniegts ātrums, nav ievērota ceļazīme."], results: ADMINISTRATIVE, cast: DRIVER, about: About::Vehicle("involved"), actions: &["protocol-drawn", "warned"] },
    Kind { code: "wildlife-collision", state: 18, municipal: 2, category: C, words: &["Sadursme ar stirnu."], results: LIGHT, cast: DRIVER, about: About::Vehicle("accident"), actions: ON_ROAD },
    Kind { code: "drink-driving", state: 12, municipal: 2, category: B, words: &["Vadītājs reibumā, izelpā vairāk par 1,5 promilēm."], results: CRIMINAL, cast: DRUNK_DRIVER, about: About::Vehicle("suspect"), actions: &["intoxication-tested", "person-detained", "vehicle-towed"] },
    Kind { code: "parking", state: 5, municipal: 160, category: D, words: &["Automašīna uz gājēju ietves.", "Stāvvieta invalīdiem aizņemta bez kartes."], results: ADMINISTRATIVE, cast: OWNER, about: About::Vehicle("involved"), actions: &["protocol-drawn", "vehicle-towed", "owner-informed"] },
    Kind { code: "missing-person", state: 9, municipal: 2, category: B, words: &["Pusaudzis nav atgriezies no skolas."], results: &["person-found", "person-found", "departmental-check"], cast: MISSING_CHILD, about: About::Nothing, actions: SEARCH },
    Kind { code: "missing-person", state: 5, municipal: 2, category: B, words: &["Sirmgalvis aizgājis no mājām."], results: &["person-found", "person-found", "departmental-check"], cast: MISSING, about: About::Nothing, actions: SEARCH },
    Kind { code: "body-found", state: 16, municipal: 0, category: C, words: &["Dzīvoklī atrasts miris vīrietis, vardarbības pazīmju nav."], results: &["departmental-check", "criminal-process-refused"], cast: DEATH, about: About::Nothing, actions: AT_SCENE },
    Kind { code: "fire", state: 8, municipal: 4, category: B, words: &["Ugunsgrēks saimniecības ēkā, ierodas VUGD."], results: &["information-only", "departmental-check"], cast: OWNER, about: About::Nothing, actions: HELP },
    Kind { code: "animal", state: 6, municipal: 45, category: D, words: &["Klaiņojošs suns pie rotaļu laukuma."], results: LIGHT, cast: OUTDOORS, about: About::Nothing, actions: HELP },
    Kind { code: "environment", state: 4, municipal: 30, category: D, words: &["Mežā izmesti būvgruži."], results: ADMINISTRATIVE, cast: OUTDOORS, about: About::Nothing, actions: AT_SCENE },
    Kind { code: "lost-property", state: 34, municipal: 5, category: D, words: &["Pazaudēti dokumenti."], results: &["information-only"], cast: LOSER, about: About::Documents, actions: &["owner-informed"] },
    Kind { code: "lost-property", state: 6, municipal: 3, category: D, words: &["Atrasts un nodots maks."], results: &["information-only"], cast: OUTDOORS, about: About::Seized { kinds: &["bag", "phone", "cash", "key"], percent: 90 }, actions: &["owner-informed"] },
    Kind { code: "alarm", state: 20, municipal: 20, category: C, words: &["Nostrādājusi objekta signalizācija."], results: &["not-confirmed", "settled-on-scene"], cast: OBJECT, about: About::Nothing, actions: &["area-checked", "owner-informed"] },
    Kind { code: "medical-assist", state: 12, municipal: 20, category: C, words: &["Palīdzība medicīnas dienestam, agresīvs pacients."], results: LIGHT, cast: HELPED, about: About::Nothing, actions: HELP },
    Kind { code: "service-assist", state: 12, municipal: 25, category: D, words: &["Palīdzība bāriņtiesai."], results: LIGHT, cast: HELPED, about: About::Nothing, actions: HELP },
];

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDate};
    use domain::classifier::{Classifiers, CodeSystem};

    use super::*;

    #[test]
    fn every_code_is_one_of_the_classifiers() {
        let known = |system, code: &str| {
            let day = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap_or_default();
            assert!(Classifiers::embedded().entry(system, code, day).is_ok(), "{system}: {code}");
        };
        for kind in KINDS {
            known(CodeSystem::IncidentType, kind.code);
            kind.results.iter().for_each(|code| known(CodeSystem::Result, code));
            kind.actions.iter().for_each(|code| known(CodeSystem::Action, code));
            kind.cast.iter().for_each(|part| known(CodeSystem::PersonRole, part.role));
            match kind.about {
                About::Item { kinds, relation } => {
                    kinds.iter().for_each(|code| known(CodeSystem::ItemKind, code));
                    known(CodeSystem::ItemRelation, relation);
                }
                About::Seized { kinds, .. } => kinds.iter().for_each(|code| known(CodeSystem::ItemKind, code)),
                About::Vehicle(relation) => known(CodeSystem::VehicleRelation, relation),
                About::Nothing | About::Shop | About::Documents | About::Collision => {}
            }
        }
        MUNICIPAL_MATTERS.iter().for_each(|code| known(CodeSystem::IncidentType, code));
    }

    #[test]
    fn family_violence_asks_for_a_class() {
        let at = domain::ids::riga_day(&DateTime::parse_from_rfc3339("2025-03-29T12:00:00+02:00").unwrap());
        let family: domain::classifier::IncidentType = Classifiers::embedded().code("domestic-violence", at).unwrap();
        assert!(Classifiers::embedded().class(&family, at).is_some());
        assert!(KINDS.iter().all(|kind| (1..=4).contains(&kind.cast.len())));
    }
}

//! What is sealed in a history, part by part: which texts there are, and showing those that somebody may see.

use std::collections::{BTreeSet, HashMap};

use access::policy::{CodeShown, Field, Masks, mask_personal_code};
use cqrs_es::Aggregate as _;
use domain::access_day::DataScope;
use domain::emergency_card::EmergencyCard;
use domain::incident::Incident;
use domain::personal::{ERASED, SEALED};
use domain::seized_item::SeizedItem;
use event_store::seal::{RecordKey, SealError, SealedField};
use serde_json::Value;
use uuid::Uuid;

/// A part of a record, as the policies know it, that sealed texts belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// What happened in words (apraksts), and why something was changed.
    Narrative,
    /// Who reported it or called (ziņotājs).
    Reporter,
    /// Persons who take part in it (iesaistītās personas), suspects too: what an event says of somebody doesn't tell what they are.
    Persons,
    /// Vehicles, items, documents and seized items (mantas).
    Property,
    /// What histories show to nobody: why somebody asked for rights, or for an erasure.
    Other,
}

/// Which sealed texts of a record somebody is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shows {
    narrative: bool,
    reporter: bool,
    persons: bool,
    property: bool,
    code: CodeShown,
}

impl Shows {
    /// None of them.
    pub const NOTHING: Shows =
        Shows { narrative: false, reporter: false, persons: false, property: false, code: CodeShown::Hidden };

    /// As the policies have it for the record. Persons and property are shown with the narrative only: they stand in one story.
    pub fn of(masks: Masks) -> Shows {
        let narrative = masks.shows(Field::Narrative);
        Shows {
            narrative,
            reporter: masks.shows(Field::Reporter),
            persons: narrative && masks.shows(Field::Persons) && masks.shows(Field::Suspects),
            property: narrative && masks.shows(Field::Property),
            code: masks.personal_code(),
        }
    }

    fn part(self, part: Part) -> bool {
        match part {
            Part::Narrative => self.narrative,
            Part::Reporter => self.reporter,
            Part::Persons => self.persons,
            Part::Property => self.property,
            Part::Other => false,
        }
    }

    /// As what showing these texts is told to the access log; nothing where none of them is shown.
    pub(crate) fn scopes(self, sealed: &BTreeSet<SealedText>) -> BTreeSet<DataScope> {
        let mut scopes = BTreeSet::new();
        for text in sealed.iter().filter(|text| self.part(text.part)) {
            scopes.insert(match text.part {
                Part::Reporter => DataScope::Reporter,
                Part::Persons => DataScope::Persons,
                Part::Property => DataScope::Property,
                Part::Narrative | Part::Other => DataScope::Narrative,
            });
            if text.is_code && self.code == CodeShown::Full {
                scopes.insert(DataScope::PersonalCode);
            }
            if matches!(text.part, Part::Persons | Part::Property) {
                scopes.insert(DataScope::Narrative);
            }
        }
        scopes
    }
}

/// A kind of sealed text that a history has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SealedText {
    part: Part,
    is_code: bool,
}

impl SealedText {
    /// Of a record's type and the JSON pointer of the field: `/IncidentRegistered/reporter/name`.
    pub(crate) fn at(record_type: &str, path: &str) -> SealedText {
        let mut names = path.split('/').skip(1);
        let (event, field) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
        let of_persons = event.starts_with("Person") || event == "InvolvementWithdrawn";
        let part = match (record_type, field) {
            (Incident::TYPE, "person" | "organisation") => Part::Persons,
            (Incident::TYPE, "reason") if of_persons => Part::Persons,
            (Incident::TYPE, "vehicle" | "item" | "document") | (SeizedItem::TYPE, _) => Part::Property,
            (Incident::TYPE, "reporter") | (EmergencyCard::TYPE, "caller") => Part::Reporter,
            (Incident::TYPE | EmergencyCard::TYPE, "narrative" | "reason" | "note") => Part::Narrative,
            _ => Part::Other,
        };
        SealedText { part, is_code: path.ends_with("/personal_code") }
    }
}

/// The keys of a record, and which of its texts they are for.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// Its keys, by id. What a missing one seals was erased.
    pub keys: &'a HashMap<Uuid, RecordKey>,
    /// What somebody may see.
    pub shows: Shows,
}

/// Replaces each sealed text of an event by what it says, by `***` where that is kept from who looks, by `(erased)` where its key is gone.
pub(crate) fn show(
    record_type: &str,
    event_id: Uuid,
    payload: Value,
    opening: Option<Opening<'_>>,
) -> Result<Value, SealError> {
    Event { record_type, event_id, opening }.show(payload, &mut String::new())
}

struct Event<'a> {
    record_type: &'a str,
    event_id: Uuid,
    opening: Option<Opening<'a>>,
}

impl Event<'_> {
    fn show(&self, value: Value, path: &mut String) -> Result<Value, SealError> {
        let length = path.len();
        let mut inside = |name: &str, value: Value| {
            path.push('/');
            path.push_str(&name.replace('~', "~0").replace('/', "~1"));
            let shown = self.show(value, path);
            path.truncate(length);
            shown
        };
        match value {
            Value::Array(items) => {
                items.into_iter().enumerate().map(|(place, item)| inside(&place.to_string(), item)).collect()
            }
            Value::Object(mut fields) => match fields.remove(SEALED) {
                Some(Value::String(sealed)) => self.text(sealed, path),
                Some(_) => Err(SealError::Sealed { path: path.clone() }),
                None if fields.contains_key(ERASED) => Ok(erased()),
                None => fields.into_iter().map(|(name, field)| Ok((name.clone(), inside(&name, field)?))).collect(),
            },
            other => Ok(other),
        }
    }

    fn text(&self, sealed: String, path: &str) -> Result<Value, SealError> {
        let kept = || Ok(Value::String("***".to_owned()));
        let text = SealedText::at(self.record_type, path);
        let Some(Opening { keys, shows }) = self.opening.filter(|opening| opening.shows.part(text.part)) else {
            return kept();
        };
        if text.is_code && shows.code == CodeShown::Hidden {
            return kept();
        }
        let field = SealedField { event_id: self.event_id, path: path.to_owned(), sealed };
        Ok(match field.open(keys)? {
            None => erased(),
            Some(Value::String(code)) if text.is_code && shows.code == CodeShown::Masked => {
                Value::String(mask_personal_code(&code))
            }
            Some(value) => value,
        })
    }
}

fn erased() -> Value {
    Value::String("(erased)".to_owned())
}

#[cfg(test)]
mod tests {
    use event_store::seal::{MasterKeys, Sealing, seal_payload};
    use serde_json::json;

    use super::*;

    const EVENT: Uuid = Uuid::from_u128(1);

    fn key(id: Uuid) -> RecordKey {
        MasterKeys::from_bytes(1, &[1; 32]).new_record_key(id, [id.as_u128() as u8; 32], [3; 12]).0
    }

    struct Numbered(u8);

    impl Sealing for Numbered {
        fn key(&mut self, subject: Option<Uuid>) -> Result<RecordKey, SealError> {
            Ok(key(subject.unwrap_or(Uuid::from_u128(9))))
        }
        fn nonce(&mut self) -> Result<[u8; 12], SealError> {
            self.0 += 1;
            Ok([self.0; 12])
        }
    }

    fn registered() -> Value {
        let payload = json!({ "IncidentRegistered": {
            "number": "VNR-2026-0000001",
            "narrative": { "$open": "Uzlauzts dzīvoklis" },
            "reporter": { "name": { "$open": "Anna" }, "personal_code": { "$open": "161175-19997" } },
            "persons": [{ "$erased": true }],
        }});
        serde_json::from_str(&seal_payload(&payload.to_string(), EVENT, &mut Numbered(0)).unwrap()).unwrap()
    }

    fn shown(keys: &HashMap<Uuid, RecordKey>, shows: Shows) -> Value {
        let shown = show(Incident::TYPE, EVENT, registered(), Some(Opening { keys, shows })).unwrap();
        shown["IncidentRegistered"].clone()
    }

    #[test]
    fn each_text_is_shown_to_those_who_may_see_its_part() {
        let keys = HashMap::from([(Uuid::from_u128(9), key(Uuid::from_u128(9)))]);
        let nothing = json!({ "number": "VNR-2026-0000001", "narrative": "***", "persons": ["(erased)"],
                              "reporter": { "name": "***", "personal_code": "***" } });
        assert_eq!(show(Incident::TYPE, EVENT, registered(), None).unwrap()["IncidentRegistered"], nothing);
        assert_eq!(shown(&keys, Shows::NOTHING), nothing);
        let narrative = shown(&keys, Shows { narrative: true, code: CodeShown::Full, ..Shows::NOTHING });
        assert_eq!(
            (&narrative["narrative"], &narrative["reporter"]),
            (&json!("Uzlauzts dzīvoklis"), &nothing["reporter"])
        );
        for (code, told) in
            [(CodeShown::Full, "161175-19997"), (CodeShown::Masked, "161175-*****"), (CodeShown::Hidden, "***")]
        {
            let reporter = shown(&keys, Shows { reporter: true, code, ..Shows::NOTHING });
            assert_eq!(reporter["narrative"], "***");
            assert_eq!(reporter["reporter"], json!({ "name": "Anna", "personal_code": told }));
        }
    }

    #[test]
    fn what_is_erased_says_so_to_those_who_might_have_seen_it() {
        let shown = shown(&HashMap::new(), Shows { narrative: true, ..Shows::NOTHING });
        assert_eq!((&shown["narrative"], &shown["reporter"]["name"]), (&json!("(erased)"), &json!("***")));
    }

    #[test]
    fn a_text_is_of_the_part_that_its_place_says() {
        let part = |record_type, path| SealedText::at(record_type, path).part;
        for (record_type, path, expected) in [
            ("incident", "/IncidentSupplemented/narrative", Part::Narrative),
            ("incident", "/IncidentReclassified/reason", Part::Narrative),
            ("incident", "/PersonRolesChanged/reason", Part::Persons),
            ("incident", "/PersonInvolved/person/personal_code", Part::Persons),
            ("incident", "/VehicleInvolved/vehicle/plate", Part::Property),
            ("seized_item", "/ItemSeized/description", Part::Property),
            ("emergency_card", "/CallReceived/caller/phone", Part::Reporter),
            ("retention_case", "/ErasureRequested/reason", Part::Other),
        ] {
            assert_eq!(part(record_type, path), expected, "{path}");
        }
    }

    #[test]
    fn what_is_told_to_the_access_log_is_what_is_shown() {
        let sealed = BTreeSet::from(
            ["/IncidentRegistered/reporter/personal_code", "/PersonInvolved/person/name"]
                .map(|path| SealedText::at("incident", path)),
        );
        let all = Shows { narrative: true, reporter: true, persons: true, property: true, code: CodeShown::Full };
        use DataScope::{Narrative, PersonalCode, Persons, Reporter};
        assert_eq!(all.scopes(&sealed), BTreeSet::from([Narrative, Persons, Reporter, PersonalCode]));
        assert_eq!(Shows { reporter: true, ..Shows::NOTHING }.scopes(&sealed), BTreeSet::from([Reporter]));
        assert!(Shows { property: true, ..Shows::NOTHING }.scopes(&sealed).is_empty());
    }
}

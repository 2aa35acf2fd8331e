use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};

use super::involved::{Document, Identity, Item, Organisation, Vehicle};
use super::{Assignee, IncidentEvent, IncidentStatus};
use crate::classifier::{
    ActionCode, Disposition, DocumentKind, IncidentType, ItemKind, ItemRelation, PersonRole, ResultCode, TransferCause,
    VehicleRelation,
};
use crate::examples::{actor, at, id, place, sealed, sure};
use crate::terms::{
    AgeBand, Category, Channel, Confidence, Identification, LinkKind, Protection, RaisedClass, Sex, TransferOutcome,
};
use crate::values::{
    Amount, CaseRef, CountryCode, InstitutionCode, LegacyNumber, LegalEntityNumber, NationalNumber, Officer,
    OrganisationName, Quantity, RecordingRef, Reporter, SerialNumber, VehicleMark,
};

fn institution(code: &str) -> InstitutionCode {
    sure(InstitutionCode::parse(code))
}

fn country() -> Option<CountryCode> {
    Some(sure(CountryCode::parse("LV")))
}

/// A person with all that is known of a person.
fn person() -> Identity {
    Identity {
        subject: id(7),
        name: Some(sealed(11)),
        name_original: Some(sealed(12)),
        personal_code: Some(sealed(13)),
        personal_code_verified: Some(true),
        birth_date: Some(sealed(14)),
        phone: Some(sealed(15)),
        address: Some(sealed(16)),
        citizenship: country(),
        sex: Some(Sex::Female),
        age_band: Some(AgeBand::From14),
    }
}

fn roles(roles: &[&str]) -> BTreeSet<PersonRole> {
    roles.iter().map(|role| sure(PersonRole::parse(role))).collect()
}

fn next_evening() -> DateTime<FixedOffset> {
    at("22:00:00") + chrono::TimeDelta::days(1)
}

impl IncidentEvent {
    /// One event or more of each type with every field filled: invented, the same each time. For documents and golden files.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let mut examples = Self::examples_of_registration();
        examples.extend(Self::examples_of_work());
        examples.extend(Self::examples_of_involvement());
        examples.extend(Self::examples_of_relations());
        examples.extend(Self::examples_of_transfer());
        examples.extend(Self::examples_of_the_end());
        examples
    }

    fn examples_of_registration() -> Vec<Self> {
        vec![
            Self::IncidentRegistered {
                number: sure(NationalNumber::try_new(2026, 1)),
                channel: Channel::Phone112,
                type_code: sure(IncidentType::parse("theft")),
                category: Category::B,
                place: Some(place()),
                occurred_from: at("21:40:00"),
                occurred_to: Some(at("21:55:00")),
                narrative: Some(sealed(4)),
                reporter: Some(Reporter::example()),
                institution: institution("VP-RIGA"),
                card: Some(id(1)),
                legacy_number: Some(sure(LegacyNumber::parse("RPP-2026-17"))),
                received_at: Some(at("21:45:00")),
                respond_by: Some(at("22:10:00")),
                class: Some(RaisedClass::Protected),
                split_from: Some(id(9)),
                forwarded_by: Some(institution("VP-RIGA")),
                recording_ref: Some(sure(RecordingRef::parse("rec/2026/03/28/000117"))),
            },
            Self::IncidentSupplemented {
                narrative: Some(sealed(5)),
                place: Some(place()),
                occurred_from: Some(at("21:35:00")),
                occurred_to: Some(at("21:50:00")),
                reporter: Some(Reporter::example()),
                reason: Some(sealed(6)),
            },
            Self::IncidentCorrected {
                channel: Some(Channel::Phone110),
                narrative: Some(sealed(5)),
                place: Some(place()),
                received_at: Some(at("21:44:00")),
                occurred_from: Some(at("21:34:00")),
                occurred_to: Some(at("21:51:00")),
                reporter: Some(Reporter::example()),
                reason: sealed(6),
            },
            Self::IncidentReclassified {
                type_code: Some(sure(IncidentType::parse("robbery"))),
                category: Some(Category::A),
                class: Some(RaisedClass::Protected),
                respond_by: Some(at("21:59:00")),
                reason: sealed(7),
            },
            Self::EarlierVersionNoted {
                sequence: 17,
                recorded_there: Some(at("21:50:00")),
                superseded_at: Some(at("21:58:00")),
                channel: Channel::Phone110,
                type_code: sure(IncidentType::parse("theft")),
                category: Category::C,
                place: Some(place()),
                received_at: Some(at("21:44:00")),
                occurred_from: Some(at("21:30:00")),
                occurred_to: Some(at("21:52:00")),
                narrative: Some(sealed(5)),
                reporter: Some(Reporter::example()),
                result_code: Some(sure(ResultCode::parse("administrative-process-opened"))),
                case_refs: BTreeSet::from([sure(CaseRef::parse("11816000117"))]),
            },
        ]
    }

    fn examples_of_work() -> Vec<Self> {
        vec![
            Self::IncidentAssigned { assignee: Assignee::Unit(id(2)) },
            Self::IncidentAssigned { assignee: Assignee::Officer(sure(Officer::parse("4711"))) },
            Self::ActionTaken {
                action: sure(ActionCode::parse("scene-examined")),
                at: at("22:15:00"),
                by: Some(Assignee::Unit(id(2))),
                note: Some(sealed(8)),
            },
            Self::IncidentRestricted { class: RaisedClass::Secret, reason: sealed(8) },
            Self::RestrictionLifted { reason: sealed(8) },
        ]
    }

    fn examples_of_involvement() -> Vec<Self> {
        vec![
            Self::PersonInvolved {
                person: person(),
                roles: roles(&["victim", "witness"]),
                identification: Identification::Stated,
                minor: true,
                protections: BTreeSet::from([Protection::ViolenceVictim]),
            },
            Self::PersonIdentified {
                person: person(),
                identification: Some(Identification::Document),
                minor: Some(true),
                protections: Some(BTreeSet::from([Protection::ProtectionOrder])),
                reason: Some(sealed(8)),
            },
            Self::PersonRolesChanged { subject: id(7), roles: roles(&["witness"]), reason: sealed(8) },
            Self::OrganisationInvolved {
                organisation: Organisation {
                    id: id(21),
                    name: sure(OrganisationName::parse("SIA \"Paraugs\"")),
                    number: Some(sure(LegalEntityNumber::parse("40003521600"))),
                    roles: roles(&["owner"]),
                },
            },
            Self::VehicleInvolved {
                vehicle: Vehicle {
                    id: id(22),
                    relation: sure(VehicleRelation::parse("suspect")),
                    plate: Some(sealed(17)),
                    plate_country: country(),
                    vin: Some(sealed(18)),
                    make: Some(sure(VehicleMark::parse("Volvo V70"))),
                    colour: Some(sure(VehicleMark::parse("balta"))),
                    person: Some(id(7)),
                },
            },
            Self::ItemInvolved {
                item: Item {
                    id: id(23),
                    kind: sure(ItemKind::parse("bicycle")),
                    relation: sure(ItemRelation::parse("stolen")),
                    description: Some(sealed(19)),
                    serial: Some(sure(SerialNumber::parse("WTU-0451"))),
                    quantity: Some(sure(Quantity::try_new(1))),
                    value_cents: Some(sure(Amount::try_new(45_000))),
                    person: Some(id(7)),
                },
            },
            Self::DocumentInvolved {
                document: Document {
                    id: id(24),
                    kind: sure(DocumentKind::parse("passport")),
                    relation: sure(ItemRelation::parse("lost")),
                    number: Some(sealed(20)),
                    country: country(),
                    person: Some(id(7)),
                },
            },
            Self::InvolvementWithdrawn { involvement: id(24), reason: sealed(8) },
        ]
    }

    fn examples_of_relations() -> Vec<Self> {
        vec![
            Self::IncidentLinked {
                other: id(31),
                kind: LinkKind::Series,
                confidence: Confidence::Probable,
                reason: Some(sealed(8)),
            },
            Self::IncidentUnlinked { other: id(31), reason: sealed(8) },
            Self::IncidentAbsorbed { other: id(32), reason: sealed(8) },
            Self::IncidentReleased { other: id(32), reason: sealed(8) },
            Self::IncidentMerged { into: id(33), reason: sealed(8) },
            Self::IncidentUnmerged { from: id(33), status: IncidentStatus::Assigned, reason: sealed(8) },
            Self::IncidentSplit { into: id(34), reason: sealed(8) },
            Self::SeizedItemAdded { item: id(35), ordinal: 1 },
        ]
    }

    fn examples_of_transfer() -> Vec<Self> {
        let offered = |transfer| Self::TransferOffered {
            transfer: id(transfer),
            from: institution("VP-RIGA"),
            to: institution("PP-RIGA"),
            deadline: next_evening(),
            reason: sealed(8),
        };
        vec![
            offered(41),
            Self::TransferRejected {
                transfer: id(41),
                to: institution("PP-RIGA"),
                cause: sure(TransferCause::parse("other-territory")),
                note: Some(sealed(8)),
            },
            offered(42),
            Self::TransferWithdrawn { transfer: id(42), reason: sealed(8) },
            offered(43),
            Self::TransferExpired { transfer: id(43) },
            offered(44),
            Self::TransferAccepted { transfer: id(44), from: institution("VP-RIGA"), to: institution("PP-RIGA") },
            Self::IncidentReturned { card: id(3), cause: sealed(46) },
            Self::TransferCompleted {
                transfer: id(44),
                outcome: TransferOutcome::Returned,
                responsible: institution("VP-RIGA"),
                note: Some(sealed(8)),
            },
        ]
    }

    fn examples_of_the_end() -> Vec<Self> {
        vec![
            Self::ResultRecorded {
                result_code: sure(ResultCode::parse("criminal-process-opened")),
                case_refs: BTreeSet::from([sure(CaseRef::parse("11096000126"))]),
            },
            Self::IncidentClosed {
                disposition: sure(Disposition::parse("report-taken")),
                closing_type: sure(IncidentType::parse("robbery")),
                class: Some(RaisedClass::Protected),
            },
            Self::IncidentReopened { reason: sealed(8) },
            Self::AnnulmentRequested { reason: sealed(8), by: actor("a.ozola") },
            Self::AnnulmentRejected { reason: sealed(8), by: actor("p.kalnins") },
            Self::AnnulmentRequested { reason: sealed(9), by: actor("a.ozola") },
            Self::IncidentAnnulled { by: actor("a.ozola"), second: actor("p.kalnins") },
        ]
    }
}

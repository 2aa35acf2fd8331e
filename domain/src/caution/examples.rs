use super::{About, CautionEvent, CautionedVehicle};
use crate::classifier::CautionKind;
use crate::examples::{at, id, place, sealed, sure};
use crate::incident::Identity;
use crate::terms::{AgeBand, RaisedClass, Sex};
use crate::values::{CountryCode, InstitutionCode, VehicleMark};

impl CautionEvent {
    /// One event or more of each type with every field filled: invented, the same each time. For documents and golden files.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let registered = |kind, about| Self::CautionRegistered {
            institution: sure(InstitutionCode::parse("VP-RIGA")),
            kind: sure(CautionKind::parse(kind)),
            about,
            advice: Some(sealed(20)),
            class: Some(RaisedClass::Protected),
            incident: Some(id(1)),
            expires_at: at("23:59:59"),
        };
        vec![
            registered("dog", About::Address(place())),
            registered(
                "protected-person",
                About::Person(Identity {
                    subject: id(7),
                    name: Some(sealed(21)),
                    name_original: Some(sealed(22)),
                    personal_code: Some(sealed(23)),
                    personal_code_verified: Some(true),
                    birth_date: Some(sealed(24)),
                    phone: Some(sealed(25)),
                    address: Some(sealed(26)),
                    citizenship: Some(sure(CountryCode::parse("LV"))),
                    sex: Some(Sex::Female),
                    age_band: Some(AgeBand::From25),
                }),
            ),
            registered(
                "weapon",
                About::Vehicle(CautionedVehicle {
                    plate: sealed(27),
                    plate_country: sure(CountryCode::parse("LV")),
                    make: Some(sure(VehicleMark::parse("Volvo V70"))),
                    colour: Some(sure(VehicleMark::parse("melna"))),
                }),
            ),
            Self::CautionRenewed { expires_at: at("23:00:00"), reason: Some(sealed(28)) },
            Self::CautionLifted { reason: sealed(29) },
        ]
    }
}

//! The classifiers that there are, and a type for the codes of each.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::lang::terms;
use crate::values::ValueError;

terms! {
    /// A classifier (klasifikators): a list of codes for one thing.
    CodeSystem("classifier") {
        /// What kind of incident.
        IncidentType = "incident-type", "Notikuma veids", "Incident type";
        /// What an emergency card is about.
        CardType = "card-type", "Izsaukuma veids", "Card type";
        /// How a card or incident ended.
        Disposition = "disposition", "Noslēguma veids", "Disposition";
        /// How an incident was dealt with.
        Result = "result", "Izskatīšanas rezultāts", "Result";
        /// What endangers people at the scene.
        Hazard = "hazard", "Apdraudējums", "Hazard";
        /// What a person is in an incident.
        PersonRole = "person-role", "Personas loma notikumā", "Role of a person";
        /// What a vehicle is in an incident.
        VehicleRelation = "vehicle-relation", "Transportlīdzekļa saistība", "Relation of a vehicle";
        /// What an item is.
        ItemKind = "item-kind", "Mantas veids", "Item kind";
        /// What an item or document is in an incident.
        ItemRelation = "item-relation", "Mantas saistība", "Relation of an item";
        /// What a document is.
        DocumentKind = "document-kind", "Dokumenta veids", "Document kind";
        /// What officers did.
        Action = "action", "Veiktā darbība", "Action taken";
        /// What an item was seized by.
        SeizureBasis = "seizure-basis", "Izņemšanas pamats", "Basis of seizure";
        /// Why a transfer was not accepted.
        TransferCause = "transfer-cause", "Nodošanas noraidīšanas iemesls", "Cause of a rejected transfer";
        /// What those who go somewhere must be careful of, and why somebody is protected.
        CautionKind = "caution-kind", "Brīdinājuma veids", "Kind of caution";
        /// How fast police must be there: `a` to `d`, with minutes in city and country.
        ResponseCategory = "response-category", "Reaģēšanas kategorija", "Response category";
    }
}

/// Whether `code` has the form of a code: 1 to 64 of a to z, 0 to 9 and `-`.
fn is_code(code: &str) -> bool {
    (1..=64).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// A code of a classifier.
pub trait Coded: Sized {
    /// The classifier.
    const SYSTEM: CodeSystem;

    /// The code, whatever the classifier says of it.
    ///
    /// # Errors
    /// Where it hasn't the form of a code.
    fn parse(code: &str) -> Result<Self, ValueError>;

    /// The code itself.
    fn code(&self) -> &str;
}

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $system:ident;)+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, schemars::JsonSchema)]
        #[schemars(with = "String", extend("pattern" = "^[a-z0-9-]{1,64}$"))]
        pub struct $name(Box<str>);

        impl $name {
            /// The code, whatever the classifier says of it; [`Classifiers::code`](super::Classifiers::code) asks that.
            ///
            /// # Errors
            /// Where it hasn't the form of a code.
            pub fn parse(code: &str) -> Result<Self, ValueError> {
                let expected = "lower-case letters a to z, digits and `-`, at most 64";
                if is_code(code) { Ok(Self(code.into())) } else { Err(ValueError::Form { what: CodeSystem::$system.code(), expected }) }
            }

            /// The code itself.
            #[must_use]
            pub fn code(&self) -> &str {
                &self.0
            }
        }

        impl Coded for $name {
            const SYSTEM: CodeSystem = CodeSystem::$system;

            fn parse(code: &str) -> Result<Self, ValueError> {
                Self::parse(code)
            }

            fn code(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let code = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Self::parse(&code).map_err(serde::de::Error::custom)
            }
        }
    )+};
}

codes! {
    /// What kind of incident (notikuma veids). Illustrative: the official list isn't public.
    IncidentType = IncidentType;
    /// What an emergency card is about (izsaukuma veids). Illustrative: the official list isn't public.
    CardType = CardType;
    /// How it ended (noslēguma veids), for cards and incidents. Illustrative: the official list isn't public.
    Disposition = Disposition;
    /// How an incident was dealt with (izskatīšanas rezultāts). Illustrative: the official list isn't public.
    ResultCode = Result;
    /// What endangers people at the scene (apdraudējums). Illustrative: the official list isn't public.
    Hazard = Hazard;
    /// What a person is in an incident (loma notikumā). Illustrative: the official list isn't public.
    PersonRole = PersonRole;
    /// What a vehicle is in an incident (transportlīdzekļa saistība). Illustrative: the official list isn't public.
    VehicleRelation = VehicleRelation;
    /// What an item is (mantas veids). Illustrative: the official list isn't public.
    ItemKind = ItemKind;
    /// What an item or document is in an incident (mantas saistība). Illustrative: the official list isn't public.
    ItemRelation = ItemRelation;
    /// What a document is (dokumenta veids). Illustrative: the official list isn't public.
    DocumentKind = DocumentKind;
    /// What officers did (veiktā darbība). Illustrative: the official list isn't public.
    ActionCode = Action;
    /// What an item was seized by (izņemšanas pamats). Illustrative: the official list isn't public.
    SeizureBasis = SeizureBasis;
    /// Why a transfer was not accepted (noraidīšanas iemesls). Illustrative: the official list isn't public.
    TransferCause = TransferCause;
    /// What to be careful of, or why somebody is protected (brīdinājuma veids). Illustrative: the official list isn't public.
    CautionKind = CautionKind;
}

//! Who and what takes part in an incident. What they are in it stands on the involvement, not on the person: somebody may be a witness
//! here and a suspect there.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::classifier::{DocumentKind, ItemKind, ItemRelation, PersonRole, VehicleRelation};
use crate::personal::Personal;
use crate::terms::{AgeBand, Sex};
use crate::values::{
    Amount, CountryCode, Description, LegalEntityNumber, OrganisationName, PersonName, PersonalCode, Phone, PlaceText,
    PlateNumber, Quantity, SerialNumber, VehicleMark, Vin,
};

/// Who a person is, as far as is known. Each field is sealed by itself; what rules and statistics need stands beside them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// The data subject: what is personal here is sealed under a key of theirs, and the involvement is known by it.
    pub subject: Uuid,
    /// Name in Latvian letters, as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Personal<PersonName>>,
    /// Name as the person's document has it, in its own letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_original: Option<Personal<PersonName>>,
    /// Latvian personal code, as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal_code: Option<Personal<PersonalCode>>,
    /// Whether its check digit and date held when it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal_code_verified: Option<bool>,
    /// Date of birth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<Personal<NaiveDate>>,
    /// Phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Personal<Phone>>,
    /// Where they live, as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Personal<PlaceText>>,
    /// Citizenship.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub citizenship: Option<CountryCode>,
    /// Sex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<Sex>,
    /// How old they were when it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_band: Option<AgeBand>,
}

impl Identity {
    /// Somebody of whom nothing is known.
    #[must_use]
    pub fn unknown(subject: Uuid) -> Self {
        Self {
            subject,
            name: None,
            name_original: None,
            personal_code: None,
            personal_code_verified: None,
            birth_date: None,
            phone: None,
            address: None,
            citizenship: None,
            sex: None,
            age_band: None,
        }
    }

    /// Whether it says anything.
    #[must_use]
    pub fn says_nothing(&self) -> bool {
        *self == Self::unknown(self.subject)
    }
}

/// An organisation in an incident (organizācija); no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Organisation {
    /// Id of the involvement.
    pub id: Uuid,
    /// Its name.
    pub name: OrganisationName,
    /// Its registration number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<LegalEntityNumber>,
    /// What it is in the incident.
    pub roles: BTreeSet<PersonRole>,
}

/// A vehicle in an incident (transportlīdzeklis). Plate and number lead to people, so they are sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Vehicle {
    /// Id of the involvement.
    pub id: Uuid,
    /// What it is in the incident.
    pub relation: VehicleRelation,
    /// Plate with its country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate: Option<Personal<PlateNumber>>,
    /// Country of the plate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate_country: Option<CountryCode>,
    /// Vehicle identification number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vin: Option<Personal<Vin>>,
    /// Make and model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub make: Option<VehicleMark>,
    /// Colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<VehicleMark>,
    /// Who drove or owns it: a person of the same incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Uuid>,
}

/// An item in an incident (manta).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Item {
    /// Id of the involvement.
    pub id: Uuid,
    /// What it is.
    pub kind: ItemKind,
    /// What it is in the incident.
    pub relation: ItemRelation,
    /// What it is like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Personal<Description>>,
    /// Number that its maker put on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<SerialNumber>,
    /// How many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    /// What all of it is worth, in cents of a euro.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_cents: Option<Amount>,
    /// Whose it is: a person of the same incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Uuid>,
}

/// A document in an incident (dokuments).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// Id of the involvement.
    pub id: Uuid,
    /// What it is.
    pub kind: DocumentKind,
    /// What it is in the incident.
    pub relation: ItemRelation,
    /// Its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<Personal<SerialNumber>>,
    /// Country that issued it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<CountryCode>,
    /// Whose it is: a person of the same incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Uuid>,
}

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{PersonName, PersonalCode, Phone, ValueError};
use crate::personal::Personal;

/// Who reported it or called (ziņotājs). Each field is sealed by itself; what rules and statistics need stands beside them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("anyOf" = [
    { "required": ["name"] },
    { "required": ["phone"] },
    { "required": ["personal_code"] },
]))]
pub struct Reporter {
    /// The data subject: what is personal here is sealed under a key of theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<Uuid>,
    /// Name as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<Personal<PersonName>>,
    /// Phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<Personal<Phone>>,
    /// Personal code as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    personal_code: Option<Personal<PersonalCode>>,
    /// Whether the personal code's check digit and date held when it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    personal_code_verified: Option<bool>,
}

impl Reporter {
    /// A reporter of whom at least one thing is known.
    ///
    /// # Errors
    /// Where nothing is known.
    pub fn try_new(
        name: Option<PersonName>,
        phone: Option<Phone>,
        personal_code: Option<PersonalCode>,
    ) -> Result<Self, ValueError> {
        if name.is_none() && phone.is_none() && personal_code.is_none() {
            return Err(ValueError::Empty { what: "reporter" });
        }
        Ok(Self {
            subject: None,
            name: name.map(Personal::Open),
            phone: phone.map(Personal::Open),
            personal_code: personal_code.map(Personal::Open),
            personal_code_verified: personal_code.map(PersonalCode::verified),
        })
    }

    /// The same, as that data subject where it names none.
    #[must_use]
    pub fn of_subject(self, subject: Uuid) -> Self {
        Self { subject: self.subject.or(Some(subject)), ..self }
    }

    /// The data subject.
    #[must_use]
    pub fn subject(&self) -> Option<Uuid> {
        self.subject
    }

    /// Name as given.
    #[must_use]
    pub fn name(&self) -> Option<&Personal<PersonName>> {
        self.name.as_ref()
    }

    /// Phone.
    #[must_use]
    pub fn phone(&self) -> Option<&Personal<Phone>> {
        self.phone.as_ref()
    }

    /// Personal code as given.
    #[must_use]
    pub fn personal_code(&self) -> Option<&Personal<PersonalCode>> {
        self.personal_code.as_ref()
    }

    /// Whether the personal code's check digit and date held when it was given; nothing where none was.
    #[must_use]
    pub fn personal_code_verified(&self) -> Option<bool> {
        self.personal_code_verified
    }
}

impl Reporter {
    /// A sealed reporter, for the example events.
    pub(crate) fn example() -> Self {
        use crate::examples::sealed;
        Self {
            subject: Some(crate::examples::id(7)),
            name: Some(sealed(1)),
            phone: Some(sealed(2)),
            personal_code: Some(sealed(3)),
            personal_code_verified: Some(true),
        }
    }
}

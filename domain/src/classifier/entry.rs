use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lang::Lang;
use crate::values::{AttributeName, AttributeValue, Code, Label};

/// An entry of a classifier: what a code means, and on which days it may be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// Stable code.
    pub code: Code,
    /// First day on which it may be used; from the beginning where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<NaiveDate>,
    /// First day on which it may be used no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<NaiveDate>,
    /// Latvian label.
    pub lv: Label,
    /// English label.
    pub en: Label,
    /// What else is known of it: codes of other systems (`iccs`, `apco`, `eido`) and what rules need (`class`, `city_minutes`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<AttributeName, AttributeValue>,
}

impl Entry {
    /// Whether it may be used on that day.
    #[must_use]
    pub fn holds_on(&self, day: NaiveDate) -> bool {
        self.valid_from.is_none_or(|from| from <= day) && self.valid_until.is_none_or(|until| day < until)
    }

    /// What people read.
    #[must_use]
    pub fn label(&self, lang: Lang) -> &str {
        match lang {
            Lang::Lv => self.lv.as_str(),
            Lang::En => self.en.as_str(),
        }
    }

    /// What is known under that name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known.as_str() == name);
        found.map(|(_, value)| value.as_str())
    }

    /// What an entry of a list is known by: no other has both.
    pub(super) fn key(&self) -> (&Code, Option<NaiveDate>) {
        (&self.code, self.valid_from)
    }

    /// Whether both hold on some day.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let before = |one: &Self, two: &Self| match (one.valid_until, two.valid_from) {
            (Some(until), Some(from)) => until <= from,
            _ => false,
        };
        !before(self, other) && !before(other, self)
    }
}

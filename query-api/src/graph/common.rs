//! What several parts of the graph share.

use async_graphql::{
    Context, ID, InputObject, InputValueError, InputValueResult, Scalar, ScalarType, SimpleObject, Value,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::classifier::CodeSystem;
use uuid::Uuid;

use super::terms::LocationSource;
use crate::error::QueryError;
use crate::lang::Lang;
use crate::snapshot::Given;

/// A code of a classifier with its label.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Code {
    system: CodeSystem,
    code: String,
}

impl Code {
    /// The code, with labels of that classifier.
    pub(crate) fn of(system: CodeSystem, code: &str) -> Self {
        Self { system, code: code.to_owned() }
    }

    /// The same where there is a code.
    pub(crate) fn maybe(system: CodeSystem, code: Option<&str>) -> Option<Self> {
        code.map(|code| Self::of(system, code))
    }

    /// The same of many.
    pub(crate) fn each<'a>(system: CodeSystem, codes: impl IntoIterator<Item = &'a String>) -> Vec<Self> {
        codes.into_iter().map(|code| Self::of(system, code)).collect()
    }
}

/// A code of a classifier (klasifikatora kods) with its label.
#[async_graphql::Object]
impl Code {
    /// The code: lower-case words with hyphens, stable for ever.
    async fn code(&self) -> &str {
        &self.code
    }

    /// What people read; the code itself where the present classifier no longer has it.
    async fn label(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Language of the label; that of the request where it is left out.")] lang: Option<Lang>,
    ) -> Result<String, QueryError> {
        let label = ctx.classifiers()?.label(self.system, &self.code, ctx.lang(lang).into());
        Ok(label.unwrap_or(&self.code).to_owned())
    }
}

/// A point on earth in WGS 84.
#[derive(SimpleObject, Debug, Clone, Copy, PartialEq)]
pub(crate) struct GeoPoint {
    /// Degrees north, to six decimals.
    pub(crate) latitude: f64,
    /// Degrees east, to six decimals.
    pub(crate) longitude: f64,
}

impl GeoPoint {
    /// The point of these micro-degrees, where both are known.
    pub(crate) fn of_e6(latitude: Option<i32>, longitude: Option<i32>) -> Option<Self> {
        Some(Self { latitude: f64::from(latitude?) / 1e6, longitude: f64::from(longitude?) / 1e6 })
    }
}

/// Where it is (notikuma vieta).
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct Place {
    /// Code of the address register.
    pub(crate) address_code: Option<String>,
    /// ATVK territory code, 7 digits.
    pub(crate) territory: Option<String>,
    /// As written.
    pub(crate) text: Option<String>,
    /// Point on earth.
    pub(crate) point: Option<GeoPoint>,
    /// Radius in metres within which the point is believed to be.
    pub(crate) uncertainty_m: Option<i32>,
    /// How the point was found.
    pub(crate) source: Option<LocationSource>,
}

/// The foreign system that a record was made in first.
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct Source {
    /// Name of the system, `sffd-cad`.
    pub(crate) system: String,
    /// Identifier of the record there.
    pub(crate) external_id: String,
}

/// The name that a record has in the system that it comes from.
#[derive(InputObject, Debug, Clone)]
pub(crate) struct SourceRef {
    /// Name of the system, `sffd-cad`.
    pub(crate) system: String,
    /// Identifier of the record there.
    pub(crate) external_id: String,
}

/// From a moment (included) until another (not included).
#[derive(InputObject, Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Period {
    /// First moment, RFC 3339 with an offset; open where it is left out.
    pub(crate) from: Option<DateTime<Utc>>,
    /// Moment after the last; open where it is left out.
    pub(crate) until: Option<DateTime<Utc>>,
}

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date(pub(crate) NaiveDate);

/// A day of the calendar, `2026-03-28`.
#[Scalar]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text.parse()?)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A record by one of its names.
#[derive(Debug, Clone)]
pub(crate) enum Named {
    Id(Uuid),
    Number(String),
    Source(SourceRef),
}

impl Named {
    /// Exactly one of them.
    pub(crate) fn one_of(
        id: Option<ID>,
        number: Option<String>,
        source: Option<SourceRef>,
    ) -> Result<Self, QueryError> {
        match (uuid("id", id)?, number, source) {
            (Some(id), None, None) => Ok(Self::Id(id)),
            (None, Some(number), None) => Ok(Self::Number(number)),
            (None, None, Some(source)) => Ok(Self::Source(source)),
            _ => {
                let reason = "give exactly one of id, number and source".into();
                Err(QueryError::BadInput { argument: "id", reason })
            }
        }
    }
}

impl Source {
    /// The source of a record that has one.
    pub(crate) fn of(system: Option<&str>, external_id: Option<&str>) -> Option<Self> {
        Some(Self { system: system?.to_owned(), external_id: external_id?.to_owned() })
    }
}

/// The place in the columns of a row.
macro_rules! place_of {
    ($row:expr) => {{
        let row = &$row;
        let place = $crate::graph::common::Place {
            address_code: row.address_code.clone(),
            territory: row.territory.clone(),
            text: row.place_text.clone(),
            point: $crate::graph::common::GeoPoint::of_e6(row.latitude_e6, row.longitude_e6),
            uncertainty_m: row.uncertainty_m,
            source: row.location_source.as_deref().map($crate::graph::terms::LocationSource::of_code).transpose()?,
        };
        Ok(place.is_known().then_some(place))
    }};
}
pub(crate) use place_of;

impl Place {
    /// Whether anything is known of it.
    pub(crate) fn is_known(&self) -> bool {
        self.address_code.is_some() || self.territory.is_some() || self.text.is_some() || self.point.is_some()
    }
}

/// An id as it is told.
pub(crate) fn id(id: Uuid) -> ID {
    ID(id.to_string())
}

/// An id as it is given.
pub(crate) fn uuid(argument: &'static str, id: Option<ID>) -> Result<Option<Uuid>, QueryError> {
    let parsed = id.map(|id| Uuid::try_parse(&id)).transpose();
    parsed.map_err(|_| QueryError::BadInput { argument, reason: "an id is a UUID".into() })
}

//! What several parts of the graph share.

use async_graphql::{Context, InputObject, OneofObject, SimpleObject};
use chrono::{DateTime, Utc};
use domain::classifier::Entry;
use uuid::Uuid;

use super::terms::LocationSource;
use crate::lang::Lang;
use crate::snapshot::Given;

/// A code of a classifier with its label.
pub(crate) struct Code {
    pub(crate) table: &'static [Entry],
    pub(crate) code: String,
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
    ) -> &str {
        match (self.table.iter().find(|entry| entry.code == self.code), ctx.lang(lang)) {
            (Some(entry), Lang::Lv) => entry.label_lv,
            (Some(entry), Lang::En) => entry.label_en,
            (None, _) => &self.code,
        }
    }
}

/// A point on earth in WGS 84.
#[derive(SimpleObject, Clone, Copy)]
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
#[derive(SimpleObject)]
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
#[derive(SimpleObject)]
pub(crate) struct Source {
    /// Name of the system, `sffd-cad`.
    pub(crate) system: String,
    /// Identifier of the record there.
    pub(crate) external_id: String,
}

/// The name that a record has in the system that it comes from.
#[derive(InputObject, Clone)]
pub(crate) struct SourceRef {
    /// Name of the system, `sffd-cad`.
    pub(crate) system: String,
    /// Identifier of the record there.
    pub(crate) external_id: String,
}

/// Which record is meant; exactly one of these.
#[derive(OneofObject, Clone)]
pub(crate) enum RecordRef {
    /// Its id, as a command's reply gave it.
    Id(Uuid),
    /// Its number: `VNR-2026-0000001` or `VEK-2026-0000001`.
    Number(String),
    /// Its name in the system that it comes from.
    Source(SourceRef),
}

/// From a moment (included) until another (not included).
#[derive(InputObject, Clone, Copy)]
pub(crate) struct Period {
    /// First moment, RFC 3339 with an offset; open where it is left out.
    pub(crate) from: Option<DateTime<Utc>>,
    /// Moment after the last; open where it is left out.
    pub(crate) until: Option<DateTime<Utc>>,
}

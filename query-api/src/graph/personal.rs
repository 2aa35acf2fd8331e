//! Personal data in the graph: shown to those who may see it, masked for others, gone when erased.

use async_graphql::{Context, SimpleObject};
use serde_json::Value;

use crate::error::QueryError;
use crate::loaders::Loaders;
use crate::personal::{PersonalValue, Sealed};
use crate::snapshot::Given;

/// A text with personal data.
#[derive(SimpleObject, Debug, Clone, Default, PartialEq)]
pub(crate) struct PersonalText {
    /// The text; null where it is masked or erased.
    pub(crate) value: Option<String>,
    /// Whether it is kept from this caller: their role and purpose do not let them see it.
    pub(crate) masked: bool,
    /// Whether it was erased for ever.
    pub(crate) erased: bool,
}

/// Who reported it or called (ziņotājs).
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct Reporter {
    /// Name as given.
    pub(crate) name: Option<PersonalText>,
    /// Phone, E.164 or a short number.
    pub(crate) phone: Option<PersonalText>,
    /// Latvian personal code (personas kods) as given.
    pub(crate) personal_code: Option<PersonalText>,
    /// Whether the personal code's check digit and date held when it was given; null where none was.
    pub(crate) personal_code_verified: Option<bool>,
}

/// The sealed fields of a reporter.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SealedReporter {
    pub(crate) name: Option<Sealed>,
    pub(crate) phone: Option<Sealed>,
    pub(crate) personal_code: Option<Sealed>,
    pub(crate) personal_code_verified: Option<bool>,
}

/// Shows a sealed text to the caller as far as they may see it; null where nothing was recorded.
pub(crate) async fn personal_text(
    ctx: &Context<'_>,
    sealed: Option<&Sealed>,
) -> Result<Option<PersonalText>, QueryError> {
    let Some(sealed) = sealed else { return Ok(None) };
    if !ctx.caller()?.sees_personal_data() {
        return Ok(Some(PersonalText { masked: true, ..PersonalText::default() }));
    }
    let loaders = ctx.data_opt::<Loaders>().ok_or_else(|| QueryError::internal("no loaders"))?;
    match loaders.personal.load_one(sealed.clone()).await.map_err(QueryError::Shared)? {
        Some(PersonalValue::Open(Value::String(value))) => {
            Ok(Some(PersonalText { value: Some(value), ..PersonalText::default() }))
        }
        Some(PersonalValue::Open(_)) => Err(QueryError::internal("a personal text is no text")),
        Some(PersonalValue::Erased) => Ok(Some(PersonalText { erased: true, ..PersonalText::default() })),
        None => Err(QueryError::internal("a personal text was not opened")),
    }
}

/// Shows a reporter as far as the caller may see them; null where nothing was recorded.
pub(crate) async fn reporter(
    ctx: &Context<'_>,
    sealed: Option<&SealedReporter>,
) -> Result<Option<Reporter>, QueryError> {
    let Some(sealed) = sealed else { return Ok(None) };
    let (name, phone, personal_code) = futures::try_join!(
        personal_text(ctx, sealed.name.as_ref()),
        personal_text(ctx, sealed.phone.as_ref()),
        personal_text(ctx, sealed.personal_code.as_ref()),
    )?;
    Ok(Some(Reporter { name, phone, personal_code, personal_code_verified: sealed.personal_code_verified }))
}

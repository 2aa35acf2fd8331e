//! Personal data in the graph: shown to those who may see it, masked for others, gone when erased.

use access::policy::{CodeShown, mask_personal_code};
use async_graphql::{Context, SimpleObject};
use domain::access_day::DataScope;
use domain::personal::{ERASED, SEALED};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::QueryError;
use crate::loaders::Loaders;
use crate::permits::{Guard, RecordPart};
use crate::personal::{PersonalValue, SealedText};
use crate::snapshot::Given;

/// A text with personal data.
#[derive(SimpleObject, Debug, Clone, Default, PartialEq)]
pub(crate) struct PersonalText {
    /// The text; null where it is kept from this caller or erased. A personal code that is masked keeps its date of birth:
    /// `DDMMYY-*****`.
    pub(crate) value: Option<String>,
    /// Whether it is kept from this caller, whole or in part: the access policies do not let them see it.
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

/// The sealed fields of a reporter, as read models hold them.
#[derive(Deserialize)]
struct SealedReporter {
    name: Option<Value>,
    phone: Option<Value>,
    personal_code: Option<Value>,
    personal_code_verified: Option<bool>,
}

impl Guard {
    /// Shows what was said, as far as the caller may see it; null where nothing was recorded. `json` is what the read model
    /// holds: `{"$sealed": …}`.
    pub(crate) async fn narrative(
        &self,
        ctx: &Context<'_>,
        json: Option<&str>,
    ) -> Result<Option<PersonalText>, QueryError> {
        let Some(json) = json else { return Ok(None) };
        let shown = if self.shows(RecordPart::Narrative) { Part::Whole } else { Part::Nothing };
        self.show(ctx, DataScope::Narrative, shown, Some(&parsed(json)?)).await
    }

    /// Shows a reporter, as far as the caller may see them; null where nothing was recorded.
    pub(crate) async fn reporter(&self, ctx: &Context<'_>, json: Option<&str>) -> Result<Option<Reporter>, QueryError> {
        let Some(json) = json else { return Ok(None) };
        let sealed: SealedReporter = parsed(json)?;
        let who = if self.shows(RecordPart::Reporter) { Part::Whole } else { Part::Nothing };
        let (code, scope) = match self.personal_code() {
            CodeShown::Full => (Part::Whole, DataScope::PersonalCode),
            // A date of birth says who somebody is, not more.
            CodeShown::Masked => (Part::BirthDate, DataScope::Reporter),
            CodeShown::Hidden => (Part::Nothing, DataScope::Reporter),
        };
        let (name, phone, personal_code) = futures::try_join!(
            self.show(ctx, DataScope::Reporter, who, sealed.name.as_ref()),
            self.show(ctx, DataScope::Reporter, who, sealed.phone.as_ref()),
            self.show(ctx, scope, code, sealed.personal_code.as_ref()),
        )?;
        Ok(Some(Reporter { name, phone, personal_code, personal_code_verified: sealed.personal_code_verified }))
    }

    async fn show(
        &self,
        ctx: &Context<'_>,
        scope: DataScope,
        part: Part,
        field: Option<&Value>,
    ) -> Result<Option<PersonalText>, QueryError> {
        let Some(field) = field else { return Ok(None) };
        if part == Part::Nothing {
            return Ok(Some(PersonalText { masked: true, ..PersonalText::default() }));
        }
        if field.get(ERASED).is_some() {
            return Ok(Some(PersonalText { erased: true, ..PersonalText::default() }));
        }
        let Some(sealed) = field.get(SEALED).and_then(Value::as_str) else {
            return Err(QueryError::internal("a read model holds a personal field that is not sealed"));
        };
        let loaders = ctx.data_opt::<Loaders>().ok_or_else(|| QueryError::internal("no loaders"))?;
        let key = SealedText { record: self.record, sealed: sealed.to_owned() };
        match loaders.personal.load_one(key).await.map_err(QueryError::Shared)? {
            Some(PersonalValue::Open(Value::String(value))) => {
                ctx.shows(self.record, scope)?;
                Ok(Some(match part {
                    Part::BirthDate => {
                        PersonalText { value: Some(mask_personal_code(&value)), masked: true, erased: false }
                    }
                    _ => PersonalText { value: Some(value), ..PersonalText::default() },
                }))
            }
            Some(PersonalValue::Open(_)) => Err(QueryError::internal("a personal text is no text")),
            Some(PersonalValue::Erased) => Ok(Some(PersonalText { erased: true, ..PersonalText::default() })),
            None => Err(QueryError::internal("the event that a personal text was sealed for was not found")),
        }
    }
}

/// How much of a field is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    /// Of a personal code, the date of birth in it.
    BirthDate,
    Nothing,
}

fn parsed<T: DeserializeOwned>(json: &str) -> Result<T, QueryError> {
    // The cause could quote what is personal.
    serde_json::from_str(json).map_err(|_| QueryError::internal("a read model holds a personal field of another form"))
}

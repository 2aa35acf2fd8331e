//! Personal data in the graph: shown to those who may see it, masked for others, gone when erased.

use access::policy::{CodeShown, mask_personal_code};
use async_graphql::{Context, SimpleObject};
use domain::access_day::DataScope;
use domain::personal::{ERASED, SEALED};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

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

/// Who a person is (persona), as far as is known.
#[derive(SimpleObject, Debug, Clone, Default, PartialEq)]
pub(crate) struct PersonIdentity {
    /// Name in Latvian letters, as given.
    pub(crate) name: Option<PersonalText>,
    /// Name as the person's document has it, in its own letters.
    pub(crate) name_original: Option<PersonalText>,
    /// Latvian personal code (personas kods) as given.
    pub(crate) personal_code: Option<PersonalText>,
    /// Date of birth, `1990-01-01`.
    pub(crate) birth_date: Option<PersonalText>,
    /// Phone, E.164 or a short number.
    pub(crate) phone: Option<PersonalText>,
    /// Where they live, as given.
    pub(crate) address: Option<PersonalText>,
}

/// The sealed fields of a person, as read models hold them.
#[derive(Deserialize)]
struct SealedIdentity {
    name: Option<Value>,
    name_original: Option<Value>,
    personal_code: Option<Value>,
    birth_date: Option<Value>,
    phone: Option<Value>,
    address: Option<Value>,
}

/// Whose sealed text it is, and as what showing it is told to the access log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    /// The record in whose events it was sealed: a seized item has events of its own.
    pub(crate) sealed_in: Uuid,
    /// As what.
    pub(crate) scope: DataScope,
}

impl Guard {
    /// Shows what was said, as far as the caller may see it; null where nothing was recorded. `json` is what the read model
    /// holds: `{"$sealed": …}`.
    pub(crate) async fn narrative(
        &self,
        ctx: &Context<'_>,
        json: Option<&str>,
    ) -> Result<Option<PersonalText>, QueryError> {
        let told = Told { sealed_in: self.record, scope: DataScope::Narrative };
        self.text(ctx, told, RecordPart::Narrative, json).await
    }

    /// Shows a text of a part, as far as the caller may see it; null where nothing was recorded.
    pub(crate) async fn text(
        &self,
        ctx: &Context<'_>,
        told: Told,
        part: RecordPart,
        json: Option<&str>,
    ) -> Result<Option<PersonalText>, QueryError> {
        let Some(json) = json else { return Ok(None) };
        let shown = if self.shows(part) { Part::Whole } else { Part::Nothing };
        self.show(ctx, told, shown, Some(&parsed(json)?)).await
    }

    /// Shows a person of that part, as far as the caller may see them.
    pub(crate) async fn identity(
        &self,
        ctx: &Context<'_>,
        part: RecordPart,
        json: &str,
    ) -> Result<PersonIdentity, QueryError> {
        let told = Told { sealed_in: self.record, scope: DataScope::Persons };
        match self.shows(part) {
            true => self.show_identity(ctx, json, (Part::Whole, told), self.code_shown(told)).await,
            false => self.show_identity(ctx, json, (Part::Nothing, told), (Part::Nothing, told)).await,
        }
    }

    /// Shows a person of a record that is seen whole or not at all; of the personal code, the date of birth.
    pub(crate) async fn seen_identity(&self, ctx: &Context<'_>, json: &str) -> Result<PersonIdentity, QueryError> {
        let told = Told { sealed_in: self.record, scope: DataScope::Persons };
        self.show_identity(ctx, json, (Part::Whole, told), (Part::BirthDate, told)).await
    }

    /// Shows a text of a record that is seen whole or not at all; null where nothing was recorded.
    pub(crate) async fn seen_text(
        &self,
        ctx: &Context<'_>,
        scope: DataScope,
        json: Option<&str>,
    ) -> Result<Option<PersonalText>, QueryError> {
        let Some(json) = json else { return Ok(None) };
        let told = Told { sealed_in: self.record, scope };
        let shown = if self.is_seen() { Part::Whole } else { Part::Nothing };
        self.show(ctx, told, shown, Some(&parsed(json)?)).await
    }

    async fn show_identity(
        &self,
        ctx: &Context<'_>,
        json: &str,
        (who, told): (Part, Told),
        (code, code_told): (Part, Told),
    ) -> Result<PersonIdentity, QueryError> {
        let sealed: SealedIdentity = parsed(json)?;
        let (name, name_original, personal_code, birth_date, phone, address) = futures::try_join!(
            self.show(ctx, told, who, sealed.name.as_ref()),
            self.show(ctx, told, who, sealed.name_original.as_ref()),
            self.show(ctx, code_told, code, sealed.personal_code.as_ref()),
            self.show(ctx, told, who, sealed.birth_date.as_ref()),
            self.show(ctx, told, who, sealed.phone.as_ref()),
            self.show(ctx, told, who, sealed.address.as_ref()),
        )?;
        Ok(PersonIdentity { name, name_original, personal_code, birth_date, phone, address })
    }

    /// How much of a personal code is shown, and as what that is told: of a masked one as what it belongs to.
    fn code_shown(&self, told: Told) -> (Part, Told) {
        match self.personal_code() {
            CodeShown::Full => (Part::Whole, Told { scope: DataScope::PersonalCode, ..told }),
            // A date of birth says who somebody is, not more.
            CodeShown::Masked => (Part::BirthDate, told),
            CodeShown::Hidden => (Part::Nothing, told),
        }
    }

    /// Shows a reporter, as far as the caller may see them; null where nothing was recorded.
    pub(crate) async fn reporter(&self, ctx: &Context<'_>, json: Option<&str>) -> Result<Option<Reporter>, QueryError> {
        let Some(json) = json else { return Ok(None) };
        let sealed: SealedReporter = parsed(json)?;
        let who = if self.shows(RecordPart::Reporter) { Part::Whole } else { Part::Nothing };
        let told = Told { sealed_in: self.record, scope: DataScope::Reporter };
        let (code, code_told) = self.code_shown(told);
        let (name, phone, personal_code) = futures::try_join!(
            self.show(ctx, told, who, sealed.name.as_ref()),
            self.show(ctx, told, who, sealed.phone.as_ref()),
            self.show(ctx, code_told, code, sealed.personal_code.as_ref()),
        )?;
        Ok(Some(Reporter { name, phone, personal_code, personal_code_verified: sealed.personal_code_verified }))
    }

    async fn show(
        &self,
        ctx: &Context<'_>,
        told: Told,
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
        match opened(ctx, told, sealed).await? {
            PersonalValue::Open(value) => {
                let value = text_of(value).ok_or_else(|| QueryError::internal("a personal text is no text"))?;
                ctx.shows(self.record, told.scope)?;
                Ok(Some(match part {
                    Part::BirthDate => {
                        PersonalText { value: Some(mask_personal_code(&value)), masked: true, erased: false }
                    }
                    _ => PersonalText { value: Some(value), ..PersonalText::default() },
                }))
            }
            PersonalValue::Erased => Ok(Some(PersonalText { erased: true, ..PersonalText::default() })),
        }
    }
}

/// What was sealed as one, whatever it is; nothing where it was erased. Whether the caller may see it was asked before.
pub(crate) async fn opened_whole(ctx: &Context<'_>, told: Told, json: &str) -> Result<Option<Value>, QueryError> {
    let field: Value = parsed(json)?;
    match field.get(SEALED).and_then(Value::as_str) {
        None if field.get(ERASED).is_some() => Ok(None),
        None => Err(QueryError::internal("a read model holds a personal field that is not sealed")),
        Some(sealed) => match opened(ctx, told, sealed).await? {
            PersonalValue::Open(value) => Ok(Some(value)),
            PersonalValue::Erased => Ok(None),
        },
    }
}

async fn opened(ctx: &Context<'_>, told: Told, sealed: &str) -> Result<PersonalValue, QueryError> {
    let loaders = ctx.data_opt::<Loaders>().ok_or_else(|| QueryError::internal("no loaders"))?;
    let key = SealedText { record: told.sealed_in, sealed: sealed.to_owned() };
    let opened = loaders.personal.load_one(key).await.map_err(QueryError::Shared)?;
    opened.ok_or_else(|| QueryError::internal("the event that a personal text was sealed for was not found"))
}

/// The text of a personal value. A plate is sealed with its country, which also stands beside it.
fn text_of(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Object(mut plate) => text_of(plate.remove("written")?),
        _ => None,
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

//! Incidents and cautions by what is sealed of them: a vehicle's plate, a person's code.

use std::collections::BTreeSet;

use access::policy::{Action, RecordKind};
use async_graphql::{Context, Enum, InputObject};
use domain::access_day::DataScope;
use domain::values::{PersonalCode, PlateNumber, SerialNumber, Vin};
use projections::case_search::IncidentFilter;
use projections::case_words::{WordPart, WordQuestion};
use projections::cautions::CautionFilter;
use projections::event::{CAUTION, INCIDENT};
use projections::lookups::{Lookup, LookupRow};
use uuid::Uuid;

use crate::error::QueryError;
use crate::snapshot::Given;

/// Incidents of one plate, or of one code, that are looked at: those that it was recorded in last.
const MOST: u32 = 500;

/// A vehicle's plate (numura zīme).
#[derive(InputObject, Clone, PartialEq)]
pub(crate) struct PlateFilter {
    /// As it is written, with or without separators.
    number: String,
    /// Its country, by two letters.
    #[graphql(default = "LV")]
    country: String,
}

/// A text of an incident that it is found by.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IncidentText {
    /// Names of persons who take part. For those who see persons, also those under suspicion.
    Persons,
    /// The place as it was written. For everybody who sees the incident.
    Place,
    /// Name of who reported it. For those who see reporters.
    Reporter,
    /// What happened. For those who see narratives.
    Narrative,
}

// No `Debug`: what is looked for may be a name.
/// Words that incidents are found by: all of them, in any form (`zādzībām` finds `zādzība`), with or without diacritics.
#[derive(InputObject, Clone, PartialEq)]
pub(crate) struct WordsFilter {
    /// The words, at most 12.
    text: String,
    /// In which texts; the words may stand in different ones.
    #[graphql(
        default_with = "vec![IncidentText::Persons, IncidentText::Place, IncidentText::Reporter, IncidentText::Narrative]"
    )]
    among: Vec<IncidentText>,
    /// Whether names may be misspelt: each word may also be one of the names that are most alike to it.
    #[graphql(default)]
    misspelt: bool,
}

/// Most words of a question.
const MOST_WORDS: usize = 12;

impl IncidentText {
    fn part(self) -> WordPart {
        match self {
            Self::Persons => WordPart::Person,
            Self::Place => WordPart::Place,
            Self::Reporter => WordPart::Reporter,
            Self::Narrative => WordPart::Narrative,
        }
    }

    /// What the caller must be let see of an incident that is found by it.
    fn needed(self) -> &'static [Action] {
        match self {
            Self::Persons => &[Action::ViewPersons, Action::ViewSuspects],
            Self::Place => &[],
            Self::Reporter => &[Action::ViewReporter],
            Self::Narrative => &[Action::ViewNarrative],
        }
    }

    /// What of the incident is told by its being found.
    fn scope(self) -> Option<DataScope> {
        match self {
            Self::Persons => Some(DataScope::Persons),
            Self::Place => None,
            Self::Reporter => Some(DataScope::Reporter),
            Self::Narrative => Some(DataScope::Narrative),
        }
    }
}

impl WordsFilter {
    /// As PostgreSQL searches it.
    async fn tsquery(&self, ctx: &Context<'_>) -> Result<String, QueryError> {
        let bad = |reason: &str| QueryError::BadInput { argument: "words", reason: reason.to_owned() };
        if self.text.split_whitespace().nth(MOST_WORDS).is_some() {
            return Err(bad("are at most 12"));
        }
        let (snapshot, parts) = (ctx.snapshot()?, self.among.iter().map(|text| text.part()).collect::<Vec<_>>());
        if parts.is_empty() {
            return Err(bad("are looked for in at least one text: name it in `among`"));
        }
        let personal = snapshot.personal();
        let master = personal.digests();
        let question = match self.misspelt {
            true => WordQuestion::forgiving(&mut *snapshot.read().await?, &self.text, master).await?,
            false => WordQuestion::of(&self.text, master),
        };
        let question = question.ok_or_else(|| bad("need one that is searched by: not `un`, `no` or `uz` alone"))?;
        Ok(question.tsquery(&parts))
    }
}

/// What incidents are looked up by; all of it is in each.
#[derive(Default)]
pub(crate) struct LookedUp {
    pub(super) words: Option<WordsFilter>,
    pub(super) plate: Option<PlateNumber>,
    pub(super) personal_code: Option<PersonalCode>,
    pub(super) vin: Option<Vin>,
    pub(super) document: Option<SerialNumber>,
}

/// A number as its maker or issuer writes it.
pub(crate) fn serial(argument: &'static str, number: Option<String>) -> Result<Option<SerialNumber>, QueryError> {
    let read = number.map(|number| SerialNumber::parse(&number)).transpose();
    let read = read.map_err(|error| QueryError::BadInput { argument, reason: error.to_string() })?;
    match read {
        Some(number) if number.compact().is_empty() => {
            Err(QueryError::BadInput { argument, reason: "has a letter or a digit".into() })
        }
        read => Ok(read),
    }
}

impl LookedUp {
    /// Reads the arguments. What is wrong with one is said without repeating it.
    pub(crate) fn of(plate: Option<PlateFilter>, personal_code: Option<String>) -> Result<Self, QueryError> {
        let plate = plate.map(|plate| PlateNumber::parse(&plate.number, &plate.country)).transpose();
        let code = personal_code.map(|code| PersonalCode::parse(&code)).transpose();
        Ok(Self {
            words: None,
            vin: None,
            document: None,
            plate: plate.map_err(|error| QueryError::BadInput { argument: "plate", reason: error.to_string() })?,
            personal_code: code
                .map_err(|error| QueryError::BadInput { argument: "personalCode", reason: error.to_string() })?,
        })
    }

    /// The same, and by numbers of vehicles and documents.
    pub(crate) fn and_numbers(self, vin: Option<String>, document: Option<String>) -> Result<Self, QueryError> {
        let vin = vin.map(|vin| Vin::parse(&vin)).transpose();
        let vin = vin.map_err(|error| QueryError::BadInput { argument: "vin", reason: error.to_string() })?;
        Ok(Self { vin, document: serial("documentNumber", document)?, ..self })
    }

    /// Whether it names a vehicle or a document.
    fn names_property(&self) -> bool {
        self.plate.is_some() || self.vin.is_some() || self.document.is_some()
    }

    /// The same, and by words.
    pub(crate) fn and_words(self, words: Option<WordsFilter>) -> Self {
        Self { words, ..self }
    }

    /// What the caller must be let see of an incident that is found by it: who may not see it must not find it out by asking either. A
    /// person may be under suspicion or not, so whoever looks for one must see both.
    fn needed(&self) -> impl Iterator<Item = Action> {
        let property = self.names_property().then_some(Action::ViewProperty).into_iter();
        let person = [Action::ViewPersons, Action::ViewSuspects, Action::ViewPersonalCodeMasked];
        let words = self.words.iter().flat_map(|words| &words.among).flat_map(|text| text.needed().iter().copied());
        property.chain(person.into_iter().filter(|_| self.personal_code.is_some())).chain(words)
    }

    /// Narrows a filter to what is found by it, as far as the caller reaches what it is about.
    pub(crate) async fn narrow(&self, ctx: &Context<'_>, filter: &mut IncidentFilter) -> Result<(), QueryError> {
        for action in self.needed() {
            filter.reached.push(ctx.reach(action, RecordKind::Incident).await?);
        }
        if let Some(found) = self.records(ctx, INCIDENT).await? {
            filter.ids = Some(found);
        }
        if let Some(words) = &self.words {
            filter.words = Some(words.tsquery(ctx).await?);
        }
        Ok(())
    }

    /// The same of cautions, which are seen whole or not at all.
    pub(crate) async fn narrow_cautions(
        &self,
        ctx: &Context<'_>,
        filter: &mut CautionFilter,
    ) -> Result<(), QueryError> {
        if let Some(found) = self.records(ctx, CAUTION).await? {
            filter.ids = Some(found);
        }
        Ok(())
    }

    /// Records of that type that are found by all of it; nothing where it names nothing.
    async fn records(&self, ctx: &Context<'_>, record_type: &str) -> Result<Option<Vec<Uuid>>, QueryError> {
        let person = self.personal_code.iter().map(Lookup::PersonalCode);
        let vehicle = self.plate.iter().map(Lookup::Plate).chain(self.vin.iter().map(Lookup::Vin));
        let document = self.document.iter().map(Lookup::Document);
        let mut all: Option<BTreeSet<Uuid>> = None;
        for lookup in vehicle.chain(person).chain(document) {
            let snapshot = ctx.snapshot()?;
            let digest = snapshot.personal().digest(lookup);
            let found = LookupRow::records_with(&mut *snapshot.read().await?, record_type, &digest, MOST).await?;
            let found: BTreeSet<Uuid> = found.into_iter().collect();
            all = Some(match all {
                Some(all) => all.intersection(&found).copied().collect(),
                None => found,
            });
        }
        Ok(all.map(|all| all.into_iter().collect()))
    }

    /// Notes that incidents were found by it, by who takes part, or by an item. That they were is part of the answer also where no more is asked for than how many there are:
    /// a number alone tells that somebody is known.
    pub(crate) fn found(
        &self,
        ctx: &Context<'_>,
        (by_person, by_item): (bool, bool),
        incidents: impl Iterator<Item = Uuid>,
    ) -> Result<(), QueryError> {
        for incident in incidents {
            if by_item || self.names_property() {
                ctx.shows(incident, DataScope::Property)?;
            }
            for text in self.words.iter().flat_map(|words| &words.among) {
                text.scope().map_or(Ok(()), |scope| ctx.shows(incident, scope))?;
            }
            if by_person {
                ctx.shows(incident, DataScope::Persons)?;
            }
            if self.personal_code.is_some() {
                ctx.shows(incident, DataScope::Persons)?;
                ctx.shows(incident, DataScope::PersonalCode)?;
            }
        }
        Ok(())
    }
}

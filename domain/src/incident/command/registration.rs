use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};
use uuid::Uuid;

use crate::classifier::{IncidentType, ResponseLimits, ResultCode};
use crate::personal::Personal;
use crate::terms::{Category, Channel, RaisedClass};
use crate::values::{CaseRef, InstitutionCode, LegacyNumber, Narrative, Place, Reason, RecordingRef, Reporter};

/// What the classifiers say of a type and a category, when they are given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TypeRules {
    /// Class that the type asks for.
    pub class: Option<RaisedClass>,
    /// How fast somebody has to be there.
    pub limits: Option<ResponseLimits>,
}

/// Registers an incident (notikuma reģistrācija).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterIncident {
    /// How it was reported.
    pub channel: Channel,
    /// What kind it is.
    pub type_code: IncidentType,
    /// How fast police must be there.
    pub category: Category,
    /// What the classifiers say of both.
    pub rules: TypeRules,
    /// Where.
    pub place: Option<Place>,
    /// When the unit that leads operations was told; when it happened by the envelope, where nothing is given.
    pub received_at: Option<DateTime<FixedOffset>>,
    /// When it began; when it happened by the envelope, where nothing is given.
    pub occurred_from: Option<DateTime<FixedOffset>>,
    /// When it ended, where it lasted.
    pub occurred_to: Option<DateTime<FixedOffset>>,
    /// What happened.
    pub narrative: Option<Personal<Narrative>>,
    /// Who reported it.
    pub reporter: Option<Reporter>,
    /// Institution that registers it: the caller's own.
    pub institution: InstitutionCode,
    /// The emergency card that it comes from.
    pub card: Option<Uuid>,
    /// Its number in the register that it comes from.
    pub legacy_number: Option<LegacyNumber>,
    /// The incident that it was part of until now.
    pub split_from: Option<Uuid>,
    /// Who forwarded the card, where this is how it came.
    pub forwarded_by: Option<InstitutionCode>,
    /// Where the recording of the call is kept.
    pub recording_ref: Option<RecordingRef>,
}

/// Adds to or replaces facts of an incident (papildināšana); what isn't given stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SupplementIncident {
    /// Why.
    pub reason: Option<Personal<Reason>>,
    /// New narrative, in place of the one before.
    pub narrative: Option<Personal<Narrative>>,
    /// New place.
    pub place: Option<Place>,
    /// New beginning.
    pub occurred_from: Option<DateTime<FixedOffset>>,
    /// New end.
    pub occurred_to: Option<DateTime<FixedOffset>>,
    /// New reporter.
    pub reporter: Option<Reporter>,
}

/// Puts right what was recorded wrongly (labošana), also in a closed incident; what isn't given stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectIncident {
    /// What was wrong, and why.
    pub reason: Personal<Reason>,
    /// Whether who corrects it answers for the work of others: only they may touch what is closed.
    pub by_supervisor: bool,
    /// How it was reported.
    pub channel: Option<Channel>,
    /// Narrative.
    pub narrative: Option<Personal<Narrative>>,
    /// Place.
    pub place: Option<Place>,
    /// When the unit that leads operations was told.
    pub received_at: Option<DateTime<FixedOffset>>,
    /// Beginning.
    pub occurred_from: Option<DateTime<FixedOffset>>,
    /// End.
    pub occurred_to: Option<DateTime<FixedOffset>>,
    /// Reporter.
    pub reporter: Option<Reporter>,
}

/// Changes type or category (pārkvalificēšana); what isn't given stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReclassifyIncident {
    /// New type.
    pub type_code: Option<IncidentType>,
    /// New category.
    pub category: Option<Category>,
    /// What the classifiers say of both.
    pub rules: TypeRules,
    /// Why.
    pub reason: Personal<Reason>,
}

/// Notes what its journal had said before what is known of it (agrākas versijas atzīmēšana): it came late, and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteEarlierVersion {
    /// Place of that version in the journal's own order.
    pub sequence: u64,
    /// When the journal recorded it.
    pub recorded_there: Option<DateTime<FixedOffset>>,
    /// When the journal recorded the version after it of those that were taken over here.
    pub superseded_at: Option<DateTime<FixedOffset>>,
    /// How it was reported.
    pub channel: Channel,
    /// Type.
    pub type_code: IncidentType,
    /// Category.
    pub category: Category,
    /// Where.
    pub place: Option<Place>,
    /// When the unit that leads operations was told.
    pub received_at: Option<DateTime<FixedOffset>>,
    /// When it began.
    pub occurred_from: Option<DateTime<FixedOffset>>,
    /// When it ended, where it lasted.
    pub occurred_to: Option<DateTime<FixedOffset>>,
    /// What happened.
    pub narrative: Option<Personal<Narrative>>,
    /// Who reported it.
    pub reporter: Option<Reporter>,
    /// How it was dealt with, and the numbers of the processes that it went on in.
    pub result: Option<(ResultCode, BTreeSet<CaseRef>)>,
}

//! Which record is meant. All but a number lead to an id by themselves; a number is looked up while the command is decided.

use std::fmt;

use access::Principal;
use domain::ids;
use domain::values::{CallSign, CardNumber, ExternalId, InstitutionCode, NationalNumber, SourceSystem};
use event_store::append::{Stop, Work};
use proto::command::v1 as pb;
use uuid::Uuid;

use super::{Path, Reader, Within};
use crate::status::UnknownRecord;

/// A record that a command names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RecordRef {
    Id(Uuid),
    Number(String),
}

impl RecordRef {
    /// The id, where the reference leads to it by itself.
    pub(crate) fn id(&self) -> Option<Uuid> {
        match self {
            RecordRef::Id(id) => Some(*id),
            RecordRef::Number(_) => None,
        }
    }
}

/// A unit that a command names.
#[derive(Debug)]
pub(crate) struct NamedUnit {
    /// The id that its name leads to, whether the register has such a unit or not.
    pub(crate) id: Uuid,
    given: pb::unit_ref::By,
}

/// As the sender named it, so that they find it among what they sent.
impl fmt::Display for NamedUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use pb::unit_ref::By;
        match &self.given {
            By::Id(id) => f.write_str(id.trim()),
            By::CallSign(named) if named.institution.is_empty() => f.write_str(named.call_sign.trim()),
            By::CallSign(named) => write!(f, "{}/{}", named.institution.trim(), named.call_sign.trim()),
        }
    }
}

impl Reader {
    /// A record of that type, that must be named.
    pub(crate) fn record(
        &mut self,
        path: impl Path,
        aggregate_type: &str,
        named: Option<pb::RecordRef>,
    ) -> Option<RecordRef> {
        if named.as_ref().is_none_or(|named| named.by.is_none()) {
            self.wrong(path, "is required: give id, number or external");
            return None;
        }
        self.optional_record(path, aggregate_type, named)
    }

    /// A record of that type, that may be named.
    pub(crate) fn optional_record(
        &mut self,
        path: impl Path,
        aggregate_type: &str,
        named: Option<pb::RecordRef>,
    ) -> Option<RecordRef> {
        use pb::record_ref::By;
        match named?.by? {
            By::Id(id) => self.required_uuid(Within(path, "id"), &id).map(RecordRef::Id),
            By::Number(number) => self
                .required(Within(path, "number"), &number, |number| {
                    let incident = NationalNumber::parse(number).map(|number| number.to_string());
                    incident
                        .or_else(|error| CardNumber::parse(number).map(|number| number.to_string()).map_err(|_| error))
                })
                .map(RecordRef::Number),
            By::External(external) => {
                let system = self.required(Within(path, "external.system"), &external.system, SourceSystem::parse);
                let id = self.required(Within(path, "external.external_id"), &external.external_id, ExternalId::parse);
                Some(RecordRef::Id(ids::of_source(aggregate_type, &system?, &id?)))
            }
        }
    }

    /// A unit, that must be named.
    pub(crate) fn unit(&mut self, path: impl Path, named: Option<pb::UnitRef>, principal: &Principal) -> Option<Uuid> {
        self.named_unit(path, named, principal).map(|unit| unit.id)
    }

    /// The same, with the name that it was given.
    pub(crate) fn named_unit(
        &mut self,
        path: impl Path,
        named: Option<pb::UnitRef>,
        principal: &Principal,
    ) -> Option<NamedUnit> {
        use pb::unit_ref::By;
        let Some(given) = named.and_then(|named| named.by) else {
            self.wrong(path, "is required: give id or call_sign");
            return None;
        };
        let id = match &given {
            By::Id(id) => self.required_uuid(Within(path, "id"), id)?,
            By::CallSign(named) => {
                let institution =
                    self.institution(Within(path, "call_sign.institution"), &named.institution, principal);
                let call_sign = self.required(Within(path, "call_sign.call_sign"), &named.call_sign, CallSign::parse);
                ids::of_unit(&institution?, &call_sign?)
            }
        };
        Some(NamedUnit { id, given })
    }

    /// An institution; the caller's own where none is given.
    pub(crate) fn institution(
        &mut self,
        path: impl Path,
        given: &str,
        principal: &Principal,
    ) -> Option<InstitutionCode> {
        let text = if given.is_empty() { principal.institution.as_str() } else { given };
        self.required(path, text, InstitutionCode::parse)
    }
}

/// The id of the record; a number is looked up.
///
/// # Errors
/// A stop, to be handed on: nobody has that number, or it must be looked up first.
pub(crate) fn resolve(work: &mut Work<'_>, record: &RecordRef) -> Result<Uuid, Stop> {
    match record {
        RecordRef::Id(id) => Ok(*id),
        RecordRef::Number(number) => {
            work.claimed("number", number)?.ok_or_else(|| Stop::refused(UnknownRecord { name: number.clone() }))
        }
    }
}

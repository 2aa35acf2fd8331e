//! Reading messages: every violation is found, with the path of its field, before anything is refused.

mod envelope;
mod path;
mod reference;
mod terms;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Datelike as _, FixedOffset, NaiveDate, Utc};
use domain::classifier::{Classifiers, Coded, IncidentType};
use domain::ids;
use domain::incident::TypeRules;
use domain::kernel::Violations;
use domain::personal::Personal;
use domain::terms::{Category, RaisedClass};
use domain::territory::Territories;
use domain::values::{
    AddressCode, GeoPoint, PersonName, PersonalCode, Phone, Place, PlaceParts, PlaceText, Reporter, TerritoryCode,
};
use proto::command::v1 as pb;
use uuid::Uuid;

pub(crate) use envelope::{Envelope, source_claim};
pub(crate) use path::{Item, Path, Within};
pub(crate) use reference::{NamedUnit, RecordRef, resolve};
pub(crate) use terms::Wire;

/// Most codes of one list.
const MOST_CODES: usize = 20;

/// Reads the fields of one message and gathers what is wrong with them.
///
/// A field that was not given is empty on the wire, so `text` and `required` take empty as absent.
#[derive(Debug)]
pub(crate) struct Reader {
    violations: Violations,
    classifiers: Arc<Classifiers>,
    /// Day of Riga's calendar on which it happened.
    day: Option<NaiveDate>,
}

impl Reader {
    /// Begins with nothing wrong; codes are checked by these lists.
    pub(crate) fn new(classifiers: Arc<Classifiers>) -> Self {
        Self { violations: Violations::new(), classifiers, day: None }
    }

    /// From now on codes have to be those of that day of Riga's calendar.
    pub(crate) fn occurred_at(&mut self, at: DateTime<FixedOffset>) {
        self.day = Some(ids::riga_day(&at));
    }

    /// The day on which it happened, where that is known.
    pub(crate) fn day(&self) -> Option<NaiveDate> {
        self.day
    }

    /// A code of a classifier, that may be absent: one that could be used when it happened.
    pub(crate) fn code<C: Coded>(&mut self, path: impl Path, value: &str) -> Option<C> {
        if value.is_empty() {
            return None;
        }
        // Without a time, which is told by itself, the code is only compared with what there is today.
        let day = self.day.unwrap_or_else(|| ids::riga_day(&Utc::now()));
        let code = self.classifiers.code(value, day);
        self.violations.take(path, code)
    }

    /// A code that must be there.
    pub(crate) fn required_code<C: Coded>(&mut self, path: impl Path, value: &str) -> Option<C> {
        if value.is_empty() {
            self.wrong(path, "is required");
        }
        self.code(path, value)
    }

    /// Codes of which at least one must be there.
    pub(crate) fn codes<C: Coded + Ord>(&mut self, path: &'static str, values: &[String]) -> Option<BTreeSet<C>> {
        if values.is_empty() {
            self.wrong(path, "is required: give at least one code");
        }
        let values = self.at_most(path, values, MOST_CODES).iter().enumerate();
        let codes: Vec<Option<C>> = values.map(|(index, value)| self.required_code(Item(path, index), value)).collect();
        codes.into_iter().collect()
    }

    /// How restricted what a code stands for is, where it is more than usual.
    pub(crate) fn class<C: Coded>(&self, code: &C) -> Option<RaisedClass> {
        self.classifiers.class(code, self.day?)
    }

    /// What the classifiers say of a type and a category that are given.
    pub(crate) fn rules(&self, type_code: Option<&IncidentType>, category: Option<Category>) -> TypeRules {
        let Some(day) = self.day else { return TypeRules::default() };
        TypeRules {
            class: type_code.and_then(|code| self.classifiers.class(code, day)),
            limits: category.and_then(|category| self.classifiers.response_limits(category, day)),
        }
    }

    /// An id within a record; one is chosen where none is given.
    pub(crate) fn part_id(&mut self, path: impl Path, value: &str) -> Option<Uuid> {
        if value.is_empty() { Some(Uuid::now_v7()) } else { self.uuid(path, value) }
    }

    /// A territory that there was when it happened.
    pub(crate) fn territory(&mut self, path: impl Path, value: &str) -> Option<TerritoryCode> {
        let code = self.text(path, value, TerritoryCode::parse)?;
        let territories = Territories::embedded();
        match self.day {
            Some(day) if territories.begins().is_some_and(|begins| begins <= day) => {
                self.violations.take(path, territories.on(&code, day).map(|_| code.clone()))
            }
            _ => Some(code),
        }
    }

    /// Reads a part whose paths begin with `prefix`.
    pub(crate) fn within<T>(&mut self, prefix: &str, read: impl FnOnce(&mut Reader) -> T) -> T {
        let mut part = Reader { day: self.day, ..Reader::new(Arc::clone(&self.classifiers)) };
        let value = read(&mut part);
        self.violations.nest(prefix, part.violations);
        value
    }

    /// Notes that the field at `path` is wrong.
    pub(crate) fn wrong(&mut self, path: impl Path, message: impl std::fmt::Display) {
        self.violations.add(path, message);
    }

    /// How many things are wrong so far.
    fn wrong_so_far(&self) -> usize {
        self.violations.iter().len()
    }

    /// At most `most` entries of a list; that it has more is one violation, whatever is in them.
    pub(crate) fn at_most<'l, T>(&mut self, path: impl Path, list: &'l [T], most: usize) -> &'l [T] {
        if list.len() > most {
            self.wrong(path, format!("has {} entries: at most {most} are taken", list.len()));
        }
        &list[..list.len().min(most)]
    }

    /// A UUID; one of zeros only was never chosen by anybody.
    pub(crate) fn uuid(&mut self, path: impl Path, value: &str) -> Option<Uuid> {
        self.text(path, value, |value| match Uuid::try_parse(value) {
            Ok(id) if id.is_nil() => Err("is all zeros: choose an id"),
            Ok(id) => Ok(id),
            Err(_) => Err("must be a UUID"),
        })
    }

    /// A UUID that must be there.
    pub(crate) fn required_uuid(&mut self, path: impl Path, value: &str) -> Option<Uuid> {
        if value.is_empty() {
            self.wrong(path, "is required");
        }
        self.uuid(path, value)
    }

    /// A text that may be absent.
    pub(crate) fn text<T, E: std::fmt::Display>(
        &mut self,
        path: impl Path,
        value: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if value.is_empty() { None } else { self.violations.take(path, parse(value)) }
    }

    /// A text that must be there.
    pub(crate) fn required<T, E: std::fmt::Display>(
        &mut self,
        path: impl Path,
        value: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if value.is_empty() {
            self.wrong(path, "is required");
            return None;
        }
        self.text(path, value, parse)
    }

    /// Personal text that may be absent.
    pub(crate) fn personal<T, E: std::fmt::Display>(
        &mut self,
        path: impl Path,
        value: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Personal<T>> {
        self.text(path, value, parse).map(Personal::Open)
    }

    /// A time with its offset, that may be absent.
    pub(crate) fn time(&mut self, path: impl Path, value: &str) -> Option<DateTime<FixedOffset>> {
        self.text(path, value, |value| {
            let time = DateTime::parse_from_rfc3339(value).ok().and_then(|time| kept(&time));
            time.filter(|time| (1900..=2200).contains(&time.year()))
                .ok_or("must be a time of RFC 3339 with an offset, `2026-03-29T03:59:59+03:00`")
        })
    }

    /// A time with its offset, that must be there.
    pub(crate) fn required_time(&mut self, path: impl Path, value: &str) -> Option<DateTime<FixedOffset>> {
        if value.is_empty() {
            self.wrong(path, "is required");
        }
        self.time(path, value)
    }

    /// A number that may be absent.
    pub(crate) fn number<T, E: std::fmt::Display>(
        &mut self,
        path: impl Path,
        value: Option<u32>,
        parse: impl FnOnce(u32) -> Result<T, E>,
    ) -> Option<T> {
        value.and_then(|value| self.violations.take(path, parse(value)))
    }

    /// A closed term that may be unspecified.
    pub(crate) fn term<W, T>(&mut self, path: impl Path, value: i32) -> Option<T>
    where
        W: TryFrom<i32> + terms::Term<T>,
    {
        match W::try_from(value) {
            Ok(wire) => wire.term(),
            Err(_) => {
                self.wrong(path, format!("{value} is not one of the values of this field"));
                None
            }
        }
    }

    /// A closed term that must be there.
    pub(crate) fn required_term<W, T>(&mut self, path: impl Path, value: i32) -> Option<T>
    where
        W: TryFrom<i32> + terms::Term<T>,
    {
        if value == 0 {
            self.wrong(path, "is required");
            return None;
        }
        self.term::<W, T>(path, value)
    }

    /// Closed terms, at most so many; none where none is given.
    pub(crate) fn terms<W, T: Ord>(&mut self, path: &'static str, values: &[i32], most: usize) -> BTreeSet<T>
    where
        W: TryFrom<i32> + terms::Term<T>,
    {
        let values = self.at_most(path, values, most).iter().enumerate();
        values.filter_map(|(index, value)| self.required_term::<W, T>(Item(path, index), *value)).collect()
    }

    /// A place that may be absent.
    pub(crate) fn place(&mut self, path: impl Path, place: Option<pb::Place>) -> Option<Place> {
        let place = place?;
        let at = |field| Within(path, field);
        let before = self.wrong_so_far();
        let parts = PlaceParts {
            address_code: self.text(at("address_code"), &place.address_code, AddressCode::parse),
            territory: self.territory(at("territory"), &place.territory),
            text: self.text(at("text"), &place.text, PlaceText::parse),
            point: place.point.and_then(|point| self.point(at("point"), point)),
            uncertainty_m: None,
            source: self.term::<pb::LocationSource, _>(at("source"), place.source),
        };
        if self.wrong_so_far() > before {
            // A place of which only the wrong is left must not be told to be empty as well.
            return None;
        }
        let known = self.violations.take(path, Place::try_new(parts.clone()))?;
        match place.uncertainty_m {
            None => Some(known),
            metres => {
                let uncertain = Place::try_new(PlaceParts { uncertainty_m: metres, ..parts });
                self.violations.take(at("uncertainty_m"), uncertain)
            }
        }
    }

    /// A point; each of its coordinates is told apart.
    pub(crate) fn point(&mut self, path: impl Path, point: pb::GeoPoint) -> Option<GeoPoint> {
        let latitude = GeoPoint::try_new(point.latitude_e6, 0);
        let longitude = GeoPoint::try_new(0, point.longitude_e6);
        let latitude = self.violations.take(Within(path, "latitude_e6"), latitude);
        let longitude = self.violations.take(Within(path, "longitude_e6"), longitude);
        GeoPoint::try_new(latitude?.latitude_e6(), longitude?.longitude_e6()).ok()
    }

    /// Who reported it; may be absent.
    pub(crate) fn reporter(&mut self, path: impl Path, reporter: Option<pb::Reporter>) -> Option<Reporter> {
        let reporter = reporter?;
        let at = |field| Within(path, field);
        let name = self.text(at("name"), &reporter.name, PersonName::parse);
        let phone = self.text(at("phone"), &reporter.phone, Phone::parse);
        let code = self.text(at("personal_code"), &reporter.personal_code, PersonalCode::parse);
        if reporter.name.is_empty() && reporter.phone.is_empty() && reporter.personal_code.is_empty() {
            return None;
        }
        let subject = self.uuid(at("subject_id"), &reporter.subject_id);
        // What was wrong with the parts is told already; a reporter of whom nothing is left is not a second violation.
        let reporter = Reporter::try_new(name, phone, code).ok()?;
        Some(match subject {
            Some(subject) => reporter.of_subject(subject),
            None => reporter,
        })
    }

    /// `command`, where nothing was wrong. Fields that must be there are options until then.
    pub(crate) fn finish<T>(self, command: Option<T>) -> Result<T, Violations> {
        if !self.violations.is_empty() {
            return Err(self.violations);
        }
        command.ok_or_else(|| {
            let mut violations = Violations::new();
            violations.add("", "the message is incomplete");
            violations
        })
    }
}

/// The time as the log keeps it: in microseconds, and with a leap second told as the second after it, which is what the
/// database would make of it.
fn kept(time: &DateTime<FixedOffset>) -> Option<DateTime<FixedOffset>> {
    let kept = DateTime::from_timestamp_micros(time.timestamp_micros())?;
    Some(kept.with_timezone(time.offset()))
}

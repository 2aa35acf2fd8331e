use chrono::TimeDelta;

use super::*;
use crate::classifier::CautionKind;
use crate::examples::{at, id, place, sealed, sure};
use crate::incident::Identity;
use crate::scenario::{Scenario, moment};
use crate::values::{CountryCode, Place, PlaceParts};

fn caution() -> Scenario<Caution> {
    Scenario::new().at("12:00:00")
}

fn until(days: i64) -> DateTime<FixedOffset> {
    at("12:00:00") + TimeDelta::days(days)
}

fn register(about: About, expires_at: DateTime<FixedOffset>) -> CautionCommand {
    CautionCommand::RegisterCaution(Box::new(RegisterCaution {
        institution: sure(InstitutionCode::parse("VP-RIGA")),
        kind: sure(CautionKind::parse("dog")),
        about,
        advice: Some(sealed(1)),
        class: Some(RaisedClass::Protected),
        incident: Some(id(1)),
        expires_at,
    }))
}

fn renew(expires_at: DateTime<FixedOffset>) -> CautionCommand {
    CautionCommand::RenewCaution(RenewCaution { expires_at, reason: None })
}

fn lift() -> CautionCommand {
    CautionCommand::LiftCaution(LiftCaution { reason: sealed(2) })
}

fn without_code() -> Place {
    sure(Place::try_new(PlaceParts { address_code: None, ..place().parts().clone() }))
}

#[test]
fn a_caution_holds_until_its_time_and_knows_where_its_address_is() {
    let caution = caution().after(register(About::Address(place()), until(30)));
    assert_eq!(caution.record.institution().map(ToString::to_string).as_deref(), Some("VP-RIGA"));
    assert_eq!(caution.record.class(), Some(RaisedClass::Protected));
    assert_eq!(caution.record.territory(), place().parts().territory.as_ref());
    assert!(caution.record.holds_at(until(29).into()));
    assert!(!caution.record.holds_at(until(30).into()), "not at the very time that it ends");
    let institution = sure(InstitutionCode::parse("VP-RIGA"));
    caution
        .when(register(About::Address(place()), until(30)))
        .refused_with([CautionError::AlreadyRegistered { institution }]);
}

#[test]
fn what_nobody_could_find_or_look_at_again_is_refused_with_all_reasons() {
    caution()
        .when(register(About::Address(without_code()), until(0)))
        .refused_with([CautionError::AddressWithoutCode, CautionError::ExpiresInPast]);
    caution()
        .when(register(About::Person(Identity::unknown(id(3))), until(MAX_DAYS + 1)))
        .refused_with([CautionError::PersonUnknown, CautionError::ExpiresTooLate]);
    let named = Identity { name: Some(sealed(3)), ..Identity::unknown(id(3)) };
    let coded = Identity { personal_code: Some(sealed(4)), ..Identity::unknown(id(3)) };
    let vehicle =
        CautionedVehicle { plate: sealed(5), plate_country: sure(CountryCode::parse("LV")), make: None, colour: None };
    for about in [About::Person(named), About::Person(coded), About::Vehicle(vehicle)] {
        let known = caution().after(register(about, until(MAX_DAYS)));
        assert_eq!(known.record.territory(), None);
    }
}

#[test]
fn a_caution_is_renewed_also_after_it_has_run_out() {
    let registered = caution().after(register(About::Address(place()), until(1)));
    registered.clone().when(renew(until(1))).changes_nothing();
    registered.clone().when(renew(until(-1))).refused_with([CautionError::ExpiresInPast]);
    registered.clone().when(renew(until(MAX_DAYS + 1))).refused_with([CautionError::ExpiresTooLate]);
    let mut later = registered;
    later.moment = Moment { recorded_at: until(5).into(), occurred_at: until(5), ..moment("12:00:00") };
    assert!(!later.record.holds_at(later.moment.recorded_at));
    let renewed = later.after(renew(until(40)));
    assert!(renewed.record.holds_at(until(39).into()));
}

#[test]
fn a_lifted_caution_stays_lifted() {
    caution().when(lift()).refused_with([CautionError::NotRegistered]);
    caution().when(renew(until(1))).refused_with([CautionError::NotRegistered]);
    let lifted = caution().after(register(About::Address(place()), until(30))).after(lift());
    assert!(!lifted.record.holds_at(until(1).into()));
    lifted.clone().when(lift()).changes_nothing();
    lifted.when(renew(until(60))).refused_with([CautionError::Lifted]);
}

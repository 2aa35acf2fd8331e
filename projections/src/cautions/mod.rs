//! Cautions (brīdinājumi): what is to be known of an address, a person or a vehicle, until when, and for whom.

mod rows;

use std::collections::BTreeSet;

use domain::caution::{About, CautionEvent};
use event_store::consumer::ApplyError;
use event_store::log::{LogName, StoredEvent};
use sqlx::PgConnection;

pub use self::rows::{CautionFilter, CautionRow, Met};
use crate::event::{CAUTION, DecodedEvent, RegisterEvent};
use crate::fact::{PlaceColumns, bigint, sealed_json, utc};
use crate::projection::Projection;
use crate::table::{Rows, Statements};

/// The projector of cautions.
#[derive(Debug)]
pub struct Cautions {
    cautions: Statements,
}

impl Projection for Cautions {
    const NAME: &'static str = "cautions";
    const VERSION: u32 = 1;
    const LOGS: &'static [LogName] = &[LogName::REGISTER];
    const AGGREGATES: &'static [&'static str] = &[CAUTION];
    const APART: &'static [&'static str] = Self::AGGREGATES;
    const TABLES: &'static [&'static str] = &["cautions"];
    const SCHEMA_SQL: &'static str = include_str!("schema.sql");

    fn new(schema: &str) -> Self {
        Self { cautions: Statements::new::<CautionRow>(schema, "id") }
    }

    async fn apply(&mut self, tx: &mut PgConnection, batch: &[DecodedEvent]) -> Result<(), ApplyError> {
        let later = batch.iter().map(|delivery| &delivery.stored).filter(|stored| stored.sequence > 1);
        let known: BTreeSet<_> = later.map(|stored| stored.aggregate_id).collect();
        let known: Vec<_> = known.into_iter().collect();
        let known = self.cautions.load::<CautionRow>(tx, &known).await?;
        let mut cautions = Rows::of(known.into_iter().map(|row| (row.id, row)));
        for DecodedEvent { stored, event } in batch {
            let RegisterEvent::Caution(event) = event else { continue };
            if let Some(row) = registered(stored, event)? {
                cautions.put(row.id, row);
                continue;
            }
            let row = cautions.get_mut(stored.aggregate_id).ok_or_else(|| ApplyError::Event {
                position: stored.position,
                reason: "the caution was not registered before".to_owned(),
            })?;
            take_in(row, stored, event)?;
        }
        self.cautions.upsert(tx, &cautions.changed()).await?;
        Ok(())
    }
}

/// The row of a caution that was just registered.
fn registered(stored: &StoredEvent, event: &CautionEvent) -> Result<Option<CautionRow>, ApplyError> {
    let CautionEvent::CautionRegistered { institution, kind, about, advice, class, incident, expires_at } = event
    else {
        return Ok(None);
    };
    let mut row = CautionRow {
        id: stored.aggregate_id,
        institution: institution.to_string(),
        kind: kind.to_string(),
        about: about.kind().code().to_owned(),
        class: class.map(|class| class.code().to_owned()),
        territory: None,
        address_code: None,
        place_text: None,
        latitude_e6: None,
        longitude_e6: None,
        subject: None,
        identity: None,
        plate: None,
        plate_country: None,
        make: None,
        colour: None,
        advice: advice.as_ref().map(|advice| sealed_json(stored, advice)).transpose()?,
        incident: *incident,
        registered_at: utc(stored.recorded_at),
        expires_at: utc(*expires_at),
        lifted_at: None,
        lifted_because: None,
        first_position: stored.position.as_i64(),
        last_position: stored.position.as_i64(),
        version: bigint(stored.sequence),
    };
    match about {
        About::Address(place) => {
            let place = PlaceColumns::of(Some(place));
            (row.territory, row.address_code, row.place_text) = (place.territory, place.address_code, place.text);
            (row.latitude_e6, row.longitude_e6) = (place.latitude_e6, place.longitude_e6);
        }
        About::Person(person) => {
            (row.subject, row.identity) = (Some(person.subject), Some(sealed_json(stored, person)?));
        }
        About::Vehicle(vehicle) => {
            row.plate = Some(sealed_json(stored, &vehicle.plate)?);
            row.plate_country = Some(vehicle.plate_country.to_string());
            row.make = vehicle.make.as_ref().map(ToString::to_string);
            row.colour = vehicle.colour.as_ref().map(ToString::to_string);
        }
    }
    Ok(Some(row))
}

fn take_in(row: &mut CautionRow, stored: &StoredEvent, event: &CautionEvent) -> Result<(), ApplyError> {
    match event {
        CautionEvent::CautionRegistered { .. } => {}
        CautionEvent::CautionRenewed { expires_at, reason: _ } => row.expires_at = utc(*expires_at),
        CautionEvent::CautionLifted { reason } => {
            row.lifted_at = Some(utc(stored.recorded_at));
            row.lifted_because = Some(sealed_json(stored, reason)?);
        }
    }
    row.last_position = stored.position.as_i64();
    row.version = bigint(stored.sequence);
    Ok(())
}

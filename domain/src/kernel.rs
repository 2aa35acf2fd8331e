use chrono::*; use crate::values::*;
pub struct Moment { pub recorded_at: DateTime<Utc>, pub occurred_at: DateTime<FixedOffset>, pub next_incident: NationalNumber, pub next_card: CardNumber }
#[derive(Clone,Copy,Debug,PartialEq,Eq)] pub enum Series { Incident, Card }
impl Series { pub fn prefix(self) -> &'static str { match self { Series::Incident => "VNR", Series::Card => "VEK" } } }
#[derive(Clone,Copy,Debug)] pub struct TakenNumber { pub series: Series, pub year: i32, pub ordinal: u64 }
pub trait RecordedEvent: cqrs_es::DomainEvent { fn taken_number(&self) -> Option<TakenNumber> { None } }
pub trait Decide: cqrs_es::Aggregate<Services = Moment, Event: RecordedEvent, Error: Send + Sync + 'static> + Clone + 'static {
  fn decide(&self, command: Self::Command, moment: &Moment) -> Result<Vec<Self::Event>, Self::Error>;
}

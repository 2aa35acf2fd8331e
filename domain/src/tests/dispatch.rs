//! Units and cards together, as the command API changes them: both or neither.

use std::collections::BTreeMap;

use cqrs_es::Aggregate;
use proptest::prelude::*;
use uuid::Uuid;

use crate::classifier::Disposition;
use crate::emergency_card::{AttachUnit, CardCommand, CardEvent, CardStatus, ClearUnit, CompleteCard, EmergencyCard};
use crate::examples::{id, sure};
use crate::kernel::Decide;
use crate::scenario::moment;
use crate::terms::UnitStatus;
use crate::unit::{Assign, Release, ReportStatus, Unit, UnitCommand, UnitEvent};

/// What a dispatcher does.
#[derive(Debug, Clone)]
enum Act {
    Attach { unit: Uuid, card: Uuid, divert: bool },
    Release { unit: Uuid },
    Report { unit: Uuid, status: UnitStatus },
    Complete { card: Uuid },
}

#[derive(Clone)]
struct Room {
    units: BTreeMap<Uuid, Unit>,
    cards: BTreeMap<Uuid, EmergencyCard>,
}

impl Room {
    fn new() -> Self {
        let mut unit = Unit::default();
        unit.apply(UnitEvent::examples()[0].clone());
        let mut card = EmergencyCard::default();
        card.apply(CardEvent::examples()[0].clone());
        Self {
            units: (0..3).map(|n| (id(n), unit.clone())).collect(),
            cards: (10..13).map(|n| (id(n), card.clone())).collect(),
        }
    }

    fn tell_unit(&mut self, id: Uuid, command: UnitCommand) -> Option<()> {
        decide(self.units.get_mut(&id)?, command)
    }

    fn tell_card(&mut self, id: Uuid, command: CardCommand) -> Option<()> {
        decide(self.cards.get_mut(&id)?, command)
    }

    /// The act as one transaction: nothing is kept where a part of it is refused.
    fn act(&mut self, act: &Act) -> Option<()> {
        let mut next = self.clone();
        match *act {
            Act::Attach { unit, card, divert } => {
                let other = next.units.get(&unit)?.card().filter(|other| divert && *other != card);
                if let Some(other) = other {
                    next.tell_unit(unit, UnitCommand::Release(Release { card: None, diverted_to: Some(card) }))?;
                    next.tell_card(other, CardCommand::ClearUnit(ClearUnit { unit, diverted: true }))?;
                }
                next.tell_card(card, CardCommand::AttachUnit(AttachUnit::unasked(unit)))?;
                next.tell_unit(unit, UnitCommand::Assign(Assign { card }))?;
            }
            Act::Release { unit } => {
                let card = next.units.get(&unit)?.card()?;
                next.tell_unit(unit, UnitCommand::Release(Release { card: Some(card), diverted_to: None }))?;
                next.tell_card(card, CardCommand::ClearUnit(ClearUnit { unit, diverted: false }))?;
            }
            Act::Report { unit, status } => {
                next.tell_unit(
                    unit,
                    UnitCommand::ReportStatus(ReportStatus { status, vendor_code: None, vendor_scheme: None }),
                )?;
            }
            Act::Complete { card } => {
                let disposition = sure(Disposition::parse("settled"));
                let complete = CompleteCard { disposition, source_disposition: None };
                next.tell_card(card, CardCommand::CompleteCard(complete))?;
            }
        }
        *self = next;
        Some(())
    }
}

fn decide<A: Decide>(record: &mut A, command: A::Command) -> Option<()> {
    let events = record.decide(command, &moment("21:45:00")).ok()?;
    events.into_iter().for_each(|event| record.apply(event));
    Some(())
}

fn any_act() -> impl Strategy<Value = Act> {
    let unit = || (0u128..3).prop_map(id);
    let card = || (10u128..13).prop_map(id);
    prop_oneof![
        4 => (unit(), card(), any::<bool>()).prop_map(|(unit, card, divert)| Act::Attach { unit, card, divert }),
        2 => unit().prop_map(|unit| Act::Release { unit }),
        2 => (unit(), prop::sample::select(UnitStatus::ALL.to_vec()))
            .prop_map(|(unit, status)| Act::Report { unit, status }),
        1 => card().prop_map(|card| Act::Complete { card }),
    ]
}

#[test]
fn a_diverted_unit_is_on_its_new_card_and_off_its_old_one() {
    let mut room = Room::new();
    let (unit, old, new) = (id(0), id(10), id(11));
    room.act(&Act::Attach { unit, card: old, divert: false }).unwrap();
    assert!(room.act(&Act::Attach { unit, card: new, divert: false }).is_none(), "not without diverting it");
    room.act(&Act::Attach { unit, card: new, divert: true }).unwrap();
    assert_eq!((room.cards[&old].units().count(), room.units[&unit].card()), (0, Some(new)));
}

proptest! {
    #[test]
    fn units_and_cards_always_agree_on_who_is_where(acts in prop::collection::vec(any_act(), 0..60)) {
        let mut room = Room::new();
        for act in &acts {
            let _ = room.act(act);
            for (id, unit) in &room.units {
                let on: Vec<_> = room.cards.iter().filter(|(_, card)| card.units().any(|unit| unit == *id)).collect();
                prop_assert!(on.len() <= 1);
                prop_assert_eq!(on.first().map(|(card, _)| **card), unit.card());
            }
            for card in room.cards.values() {
                prop_assert!(card.status() != Some(CardStatus::Completed) || card.units().count() == 0);
            }
        }
    }
}

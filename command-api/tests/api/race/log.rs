//! The log that came of it, read from its beginning: what stood after each position, and what must hold there.

use std::collections::BTreeMap;

use cqrs_es::Aggregate as _;
use domain::incident::{Assignee, Incident, IncidentEvent};
use domain::seized_item::{Custodian, SeizedItem, SeizedItemEvent};
use event_store::log::{LogPosition, StoredEvent};
use event_store::read::LogReader;
use uuid::Uuid;

use super::model::{Fact, State};

/// Most events that one reading takes: a race writes fewer.
const MOST: u32 = 100_000;

/// An event: whose, what it says, and which command wrote it.
pub(super) struct Entry {
    pub(super) record: Uuid,
    pub(super) fact: Fact,
    pub(super) command: Uuid,
}

/// The log as it was replayed.
pub(super) struct Replay {
    /// What stood after each position; the first is before all.
    pub(super) states: Vec<State>,
    pub(super) entries: Vec<Entry>,
}

impl Replay {
    /// Whether a command's events end there, so that somebody could have seen it.
    pub(super) fn is_between_commands(&self, position: usize) -> bool {
        position == 0
            || self.entries.get(position).is_none_or(|next| next.command != self.entries[position - 1].command)
    }
}

/// Reads all of it.
///
/// # Errors
/// What does not hold, with the position.
pub(super) async fn replay(reader: &LogReader) -> Result<Replay, String> {
    let events = reader.page(LogPosition::new(0), MOST).await.map_err(|error| error.to_string())?;
    let mut replay = Replay { states: vec![State::default()], entries: Vec::new() };
    let mut records = Records::default();
    for event in &events {
        let at = |wrong: String| format!("at {}, {}: {wrong}", event.position, event.event_type);
        let fact = records.take_in(event).map_err(at)?;
        let mut state = replay.states.last().cloned().unwrap_or_default();
        responsibility(&state, event.aggregate_id, &fact).map_err(at)?;
        custody(&state, event.aggregate_id, &fact).map_err(at)?;
        state.apply(event.aggregate_id, &fact).map_err(at)?;
        let command = event.metadata_map().map_err(|error| error.to_string())?.remove("command_id");
        let command = command.and_then(|id| Uuid::try_parse(&id).ok()).ok_or("an event without its command")?;
        replay.entries.push(Entry { record: event.aggregate_id, fact, command });
        records.agree(&state, event).map_err(at)?;
        replay.states.push(state);
    }
    for (position, state) in replay.states.iter().enumerate() {
        if replay.is_between_commands(position) {
            ties(state).map_err(|wrong| format!("after {position}: {wrong}"))?;
        }
    }
    Ok(replay)
}

/// The records as the domain makes them of their events.
#[derive(Default)]
struct Records {
    incidents: BTreeMap<Uuid, Incident>,
    items: BTreeMap<Uuid, SeizedItem>,
    /// What each was before it was merged.
    merged: BTreeMap<Uuid, Incident>,
    /// What each was before it absorbed another, and at which version it had done so: by both.
    absorbed: BTreeMap<(Uuid, Uuid), (Incident, u64)>,
}

impl Records {
    /// Takes an event in and says what it is. Here is checked that unmerging restores both exactly.
    fn take_in(&mut self, event: &StoredEvent) -> Result<Fact, String> {
        let id = event.aggregate_id;
        if event.aggregate_type == SeizedItem::TYPE {
            let happened: SeizedItemEvent = event.decode().map_err(|error| error.to_string())?;
            self.items.entry(id).or_default().apply(happened.clone());
            return Ok(fact_of_item(happened));
        }
        let happened: IncidentEvent = event.decode().map_err(|error| error.to_string())?;
        let incident = self.incidents.entry(id).or_default();
        let before = incident.clone();
        incident.apply(happened.clone());
        match &happened {
            IncidentEvent::IncidentMerged { .. } => {
                self.merged.insert(id, before);
            }
            IncidentEvent::IncidentUnmerged { .. } => {
                let was = self.merged.remove(&id).ok_or("it wasn't merged")?;
                same(&was, incident, "the one that was merged")?;
            }
            IncidentEvent::IncidentAbsorbed { other, .. } => {
                self.absorbed.insert((id, *other), (before, event.sequence));
            }
            IncidentEvent::IncidentReleased { other, .. } => {
                let (was, absorbed_at) = self.absorbed.remove(&(id, *other)).ok_or("it hadn't absorbed that one")?;
                // Where something happened to it meanwhile, that stays.
                if event.sequence == absorbed_at + 1 {
                    same(&was, incident, "the one that went on")?;
                }
            }
            _ => {}
        }
        fact_of_incident(happened)
    }

    /// Whether the domain's record is what the model has.
    fn agree(&self, state: &State, event: &StoredEvent) -> Result<(), String> {
        let id = event.aggregate_id;
        if let Some(item) = state.items.get(&id) {
            let known = self.items.get(&id).ok_or("the domain has no such item")?;
            let custodian = known.custodian().map(|custodian| pair(custodian.clone()));
            let expected = (!item.disposed).then(|| item.keeper.clone());
            let is_so = custodian == expected && known.incident() == Some(item.incident);
            return holds(is_so && event.sequence == item.version, || format!("{known:?} is not {item:?}"));
        }
        let (known, incident) = (&self.incidents[&id], &state.incidents[&id]);
        let formerly: Vec<&str> = known.formerly().map(|institution| institution.as_str()).collect();
        let is_so = known.status() == Some(incident.status)
            && known.responsible().map(|institution| institution.as_str()) == Some(&incident.responsible)
            && formerly == incident.formerly.iter().map(String::as_str).collect::<Vec<_>>()
            && known.offered_to().map(|institution| institution.as_str())
                == incident.offer.as_ref().map(|(_, to)| &**to)
            && known.merged_into() == incident.merged.map(|(into, _)| into)
            && incident.items.iter().all(|(item, ordinal)| known.seized_item(*item) == Some(*ordinal));
        holds(is_so && event.sequence == incident.version, || format!("{known:?} is not {incident:?}"))
    }
}

fn holds(is_so: bool, wrong: impl FnOnce() -> String) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(wrong()) }
}

fn same(was: &Incident, is: &Incident, which: &str) -> Result<(), String> {
    holds(was == is, || format!("{which} is {is:?}, and was {was:?}"))
}

/// Exactly one institution answers for an incident: who did before, until another accepts it or gives it back.
fn responsibility(state: &State, record: Uuid, fact: &Fact) -> Result<(), String> {
    let before = state.incidents.get(&record);
    let (responsible, offered) =
        (before.map(|it| it.responsible.as_str()), before.and_then(|it| it.offer.as_ref()).map(|(_, to)| to.as_str()));
    let is_so = match fact {
        Fact::Offered { from, to, .. } => responsible == Some(from) && from != to && offered.is_none(),
        Fact::Accepted { from, to, .. } => responsible == Some(from) && offered == Some(to),
        Fact::Rejected { to, .. } => offered == Some(to),
        Fact::Withdrawn { .. } => offered.is_some(),
        _ => true,
    };
    holds(is_so, || format!("{responsible:?} answers for it, it is offered to {offered:?}, and {fact:?}"))
}

/// Who hands an item on is who has it; nobody has it twice, or after custody has ended.
fn custody(state: &State, record: Uuid, fact: &Fact) -> Result<(), String> {
    let before = state.items.get(&record);
    let has = before.filter(|item| !item.disposed).map(|item| &item.keeper);
    let is_so = match fact {
        Fact::Seized { .. } => before.is_none(),
        Fact::HandedOn { from, .. } => has == Some(from),
        Fact::Disposed { .. } => has.is_some(),
        _ => true,
    };
    holds(is_so, || format!("{before:?} and then {fact:?}"))
}

/// What must hold between records whenever no command is half way.
fn ties(state: &State) -> Result<(), String> {
    for (id, incident) in &state.incidents {
        if let Some((into, _)) = incident.merged {
            let goes_on = &state.incidents[&into];
            holds(goes_on.absorbed.contains(id), || format!("{into} does not know that {id} goes on in it"))?;
            holds(goes_on.merged.is_none(), || format!("{id} goes on in {into}, which goes on in another"))?;
            holds(incident.absorbed.is_empty(), || format!("others go on in {id}, which is merged"))?;
        }
        for other in &incident.absorbed {
            let is_so = state.incidents[other].merged.is_some_and(|(into, _)| into == *id);
            holds(is_so, || format!("{other} does not go on in {id}, which has absorbed it"))?;
        }
        for part in &incident.parts {
            let is_so = state.incidents.get(part).is_some_and(|part| part.split_from == Some(*id));
            holds(is_so, || format!("{part} does not know that it is a part of {id}"))?;
        }
        if let Some(whole) = incident.split_from {
            let is_so = state.incidents[&whole].parts.contains(id);
            holds(is_so, || format!("{whole} does not know its part {id}"))?;
        }
        let mut ordinals: Vec<u32> = incident.items.values().copied().collect();
        ordinals.sort_unstable();
        let dense = ordinals.iter().zip(1..).all(|(ordinal, n)| *ordinal == n);
        holds(dense, || format!("items of {id} are numbered {ordinals:?}"))?;
    }
    for (id, item) in &state.items {
        let places: Vec<_> =
            state.incidents.iter().filter(|(_, incident)| incident.items.contains_key(id)).map(|(id, _)| *id).collect();
        holds(places == [item.incident], || format!("item {id} of {} is in {places:?}", item.incident))?;
    }
    let added: usize = state.incidents.values().map(|incident| incident.items.len()).sum();
    holds(added == state.items.len(), || format!("{added} items are in incidents, {} in custody", state.items.len()))
}

fn pair(custodian: Custodian) -> (String, String) {
    (custodian.institution.as_str().to_owned(), custodian.keeper.as_str().to_owned())
}

fn fact_of_item(event: SeizedItemEvent) -> Fact {
    match event {
        SeizedItemEvent::ItemSeized { incident, custodian, at, .. } => {
            Fact::Seized { incident, by: pair(custodian), at }
        }
        SeizedItemEvent::CustodyTransferred { from, to, at, .. } => {
            Fact::HandedOn { from: pair(from), to: pair(to), at }
        }
        SeizedItemEvent::ItemDisposed { at, .. } => Fact::Disposed { at },
    }
}

fn fact_of_incident(event: IncidentEvent) -> Result<Fact, String> {
    use IncidentEvent as Event;
    Ok(match event {
        Event::IncidentRegistered { institution, split_from, .. } => {
            Fact::Registered { by: institution.as_str().to_owned(), split_from }
        }
        Event::IncidentSupplemented { .. } => Fact::Supplemented,
        Event::IncidentAssigned { assignee: Assignee::Officer(officer) } => {
            Fact::Assigned { officer: officer.as_str().to_owned() }
        }
        Event::ResultRecorded { .. } => Fact::ResultRecorded,
        Event::IncidentClosed { .. } => Fact::Closed,
        Event::IncidentReopened { .. } => Fact::Reopened,
        Event::IncidentMerged { into, .. } => Fact::Merged { into },
        Event::IncidentAbsorbed { other, .. } => Fact::Absorbed { other },
        Event::IncidentUnmerged { from, status, .. } => Fact::Unmerged { from, status },
        Event::IncidentReleased { other, .. } => Fact::Released { other },
        Event::IncidentSplit { into, .. } => Fact::Split { into },
        Event::SeizedItemAdded { item, ordinal } => Fact::ItemAdded { item, ordinal },
        Event::TransferOffered { transfer, from, to, .. } => {
            Fact::Offered { transfer, from: from.as_str().to_owned(), to: to.as_str().to_owned() }
        }
        Event::TransferAccepted { transfer, from, to } => {
            Fact::Accepted { transfer, from: from.as_str().to_owned(), to: to.as_str().to_owned() }
        }
        Event::TransferRejected { transfer, to, .. } => Fact::Rejected { transfer, to: to.as_str().to_owned() },
        Event::TransferWithdrawn { transfer, .. } => Fact::Withdrawn { transfer },
        Event::TransferCompleted { transfer, responsible, .. } => {
            Fact::Completed { transfer, responsible: responsible.as_str().to_owned() }
        }
        other => return Err(format!("nobody asked for {other:?}")),
    })
}

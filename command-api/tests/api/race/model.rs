//! What incidents and seized items are, and what may be done with them: written down once more, apart from the domain, from
//! docs/INCIDENT_STATES.md and the words of docs/COMMANDS.md.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset};
use domain::incident::IncidentStatus as Status;
use uuid::Uuid;

use super::ask::{Ask, KEEPERS, Sent, service_number};

/// What happened to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fact {
    Registered { by: String, split_from: Option<Uuid> },
    Supplemented,
    Assigned { officer: String },
    ResultRecorded,
    Closed,
    Reopened,
    Merged { into: Uuid },
    Absorbed { other: Uuid },
    Unmerged { from: Uuid, status: Status },
    Released { other: Uuid },
    Split { into: Uuid },
    ItemAdded { item: Uuid, ordinal: u32 },
    Offered { transfer: Uuid, from: String, to: String },
    Accepted { transfer: Uuid, from: String, to: String },
    Rejected { transfer: Uuid, to: String },
    Withdrawn { transfer: Uuid },
    Completed { transfer: Uuid, responsible: String },
    Seized { incident: Uuid, by: (String, String), at: DateTime<FixedOffset> },
    HandedOn { from: (String, String), to: (String, String), at: DateTime<FixedOffset> },
    Disposed { at: DateTime<FixedOffset> },
}

#[derive(Debug, Clone)]
pub(super) struct Incident {
    pub(super) version: u64,
    registrar: String,
    pub(super) responsible: String,
    pub(super) formerly: BTreeSet<String>,
    pub(super) status: Status,
    officer: Option<String>,
    has_result: bool,
    /// The one that it goes on in, and where it stood before.
    pub(super) merged: Option<(Uuid, Status)>,
    pub(super) absorbed: BTreeSet<Uuid>,
    pub(super) parts: BTreeSet<Uuid>,
    pub(super) split_from: Option<Uuid>,
    pub(super) items: BTreeMap<Uuid, u32>,
    pub(super) offer: Option<(Uuid, String)>,
    /// A transfer that was accepted and goes on: from whom, to whom.
    accepted: Option<(Uuid, String, String)>,
}

#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) version: u64,
    pub(super) incident: Uuid,
    pub(super) keeper: (String, String),
    since: DateTime<FixedOffset>,
    pub(super) disposed: bool,
}

/// Everything as it stands after some position of the log.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) incidents: BTreeMap<Uuid, Incident>,
    pub(super) items: BTreeMap<Uuid, Item>,
}

/// What happens, or the names of the rules against it.
pub(super) type Answer = Result<Vec<(Uuid, Fact)>, Vec<String>>;

fn no<T>(rule: &str) -> Result<T, Vec<String>> {
    Err(vec![rule.to_owned()])
}

fn keeper(n: usize) -> (String, String) {
    (KEEPERS[n].0.to_owned(), KEEPERS[n].1.to_owned())
}

impl Incident {
    fn standing(&self) -> Result<&Self, Vec<String>> {
        if self.merged.is_some() { no("incident_merged") } else { Ok(self) }
    }

    fn open(&self) -> Result<&Self, Vec<String>> {
        if self.standing()?.status == Status::Closed { no("incident_closed") } else { Ok(self) }
    }

    fn not_offered(&self) -> Result<&Self, Vec<String>> {
        if self.offer.is_some() { no("transfer_pending") } else { Ok(self) }
    }

    /// The offer that somebody answers.
    fn offer_to(&self, institution: &str) -> Result<(Uuid, String), Vec<String>> {
        match &self.offer {
            None => no("no_transfer_pending"),
            Some((_, to)) if to != institution => no("not_your_transfer"),
            Some(offer) => Ok(offer.clone()),
        }
    }
}

impl State {
    /// Whether an institution may do something with an incident: it answers for it, did so, registered it, or answers an offer of it.
    fn permit(&self, institution: &str, incident: Uuid, answers_offer: bool) -> Result<&Incident, Vec<String>> {
        let Some(it) = self.incidents.get(&incident) else { return no("incident_not_registered") };
        let takes_part =
            it.responsible == institution || it.registrar == institution || it.formerly.contains(institution);
        let is_asked = answers_offer && it.offer.as_ref().is_some_and(|(_, to)| to == institution);
        if takes_part || is_asked { Ok(it) } else { no("PERMISSION_DENIED") }
    }

    /// What comes of a command in this state.
    pub(super) fn answer(&self, sent: &Sent) -> Answer {
        let me = sent.institution();
        let at_version = |version: u64| match sent.expected {
            Some(expected) if expected != version => no("VERSION_CONFLICT"),
            _ => Ok(()),
        };
        // An incident that the sender may change, at the version that they have seen.
        let mine = |incident, answers| {
            let it = self.permit(me, incident, answers)?;
            at_version(it.version)?;
            Ok::<&Incident, Vec<String>>(it)
        };
        let one = |incident, fact| Ok(vec![(incident, fact)]);
        match sent.what {
            Ask::Register { id } => one(id, Fact::Registered { by: me.to_owned(), split_from: None }),
            Ask::Supplement { incident } => {
                mine(incident, false)?.open()?;
                one(incident, Fact::Supplemented)
            }
            Ask::Assign { incident, officer } => {
                let (it, officer) = (mine(incident, false)?.open()?, service_number(officer));
                if it.officer.as_ref() == Some(&officer) {
                    return Ok(Vec::new());
                }
                one(incident, Fact::Assigned { officer })
            }
            Ask::Result { incident } => {
                let it = mine(incident, false)?.open()?;
                if it.status == Status::ResultRecorded { Ok(Vec::new()) } else { one(incident, Fact::ResultRecorded) }
            }
            Ask::Close { incident } => {
                let it = mine(incident, false)?.open()?.not_offered()?;
                if it.has_result { one(incident, Fact::Closed) } else { no("incident_has_no_result") }
            }
            Ask::Reopen { incident } => {
                let it = mine(incident, false)?.standing()?;
                if it.status == Status::Closed { one(incident, Fact::Reopened) } else { no("incident_not_closed") }
            }
            Ask::Merge { incident, into } => {
                let (it, goes_on) = (self.permit(me, incident, false)?, self.permit(me, into, false)?);
                if incident == into {
                    return no("incident_tied_to_itself");
                }
                at_version(it.version)?;
                if !it.standing()?.absorbed.is_empty() {
                    return no("incident_has_merged");
                }
                it.not_offered()?;
                goes_on.open()?;
                Ok(vec![(incident, Fact::Merged { into }), (into, Fact::Absorbed { other: incident })])
            }
            Ask::Unmerge { incident } => {
                let Some((from, status)) = mine(incident, false)?.merged else { return no("incident_not_merged") };
                self.permit(me, from, false)?;
                Ok(vec![(incident, Fact::Unmerged { from, status }), (from, Fact::Released { other: incident })])
            }
            Ask::Split { incident, part } => {
                mine(incident, false)?.open()?;
                let registered = Fact::Registered { by: me.to_owned(), split_from: Some(incident) };
                Ok(vec![(incident, Fact::Split { into: part }), (part, registered)])
            }
            Ask::Offer { .. }
            | Ask::Accept { .. }
            | Ask::Reject { .. }
            | Ask::Withdraw { .. }
            | Ask::Complete { .. } => self.answer_transfer(sent, mine),
            Ask::Seize { .. } | Ask::Hand { .. } | Ask::Dispose { .. } => self.answer_custody(sent, at_version),
        }
    }

    fn answer_transfer<'a>(
        &'a self,
        sent: &Sent,
        mine: impl Fn(Uuid, bool) -> Result<&'a Incident, Vec<String>>,
    ) -> Answer {
        let me = sent.institution();
        let one = |incident, fact| Ok(vec![(incident, fact)]);
        match sent.what {
            Ask::Offer { incident, transfer, to } => {
                let it = mine(incident, false)?.open()?.not_offered()?;
                if it.responsible == to {
                    return no("transfer_to_itself");
                }
                one(incident, Fact::Offered { transfer, from: it.responsible.clone(), to: to.to_owned() })
            }
            Ask::Accept { incident, officer } => {
                let it = mine(incident, true)?.open()?;
                let (transfer, to) = it.offer_to(me)?;
                let accepted = Fact::Accepted { transfer, from: it.responsible.clone(), to };
                let assigned = officer.map(|officer| Fact::Assigned { officer: service_number(officer) });
                Ok([Some(accepted), assigned].into_iter().flatten().map(|fact| (incident, fact)).collect())
            }
            Ask::Reject { incident } => {
                let (transfer, to) = mine(incident, true)?.standing()?.offer_to(me)?;
                one(incident, Fact::Rejected { transfer, to })
            }
            Ask::Withdraw { incident } => match mine(incident, false)?.standing()?.offer {
                Some((transfer, _)) => one(incident, Fact::Withdrawn { transfer }),
                None => no("no_transfer_pending"),
            },
            Ask::Complete { incident, back } => {
                let it = mine(incident, false)?;
                let it = if back { it.open()? } else { it.standing()? };
                let Some((transfer, from, to)) = it.accepted.clone() else { return no("no_transfer_accepted") };
                if to != me {
                    return no("not_your_transfer");
                }
                it.not_offered()?;
                let responsible = if back { from } else { it.responsible.clone() };
                one(incident, Fact::Completed { transfer, responsible })
            }
            _ => Ok(Vec::new()),
        }
    }

    fn answer_custody(&self, sent: &Sent, at_version: impl Fn(u64) -> Result<(), Vec<String>>) -> Answer {
        let (me, at) = (sent.institution(), sent.at);
        // An item is its incident's: who may change that may hand it on.
        let in_custody = |item: Uuid| {
            let known = self.items.get(&item);
            if let Some(known) = known {
                self.permit(me, known.incident, false)?;
            }
            at_version(known.map_or(0, |known| known.version))?;
            match known {
                None => no("item_not_seized"),
                Some(known) if known.disposed => no("custody_ended"),
                Some(known) => Ok(known),
            }
        };
        match sent.what {
            Ask::Seize { incident, item, keeper: by } => {
                let it = self.permit(me, incident, false)?;
                let known = self.items.get(&item);
                at_version(known.map_or(0, |known| known.version))?;
                it.open()?;
                if known.is_some() {
                    return no("item_already_seized");
                }
                let ordinal = it.items.len() as u32 + 1;
                let seized = Fact::Seized { incident, by: keeper(by), at };
                Ok(vec![(incident, Fact::ItemAdded { item, ordinal }), (item, seized)])
            }
            Ask::Hand { item, from, to } => {
                let known = in_custody(item)?;
                let (from, to) = (keeper(from), keeper(to));
                if known.keeper == to {
                    return Ok(Vec::new());
                }
                let other = (known.keeper != from).then_some("item_has_other_custodian");
                let early = (at < known.since).then_some("custody_before_last_handover");
                match [other, early].into_iter().flatten().map(str::to_owned).collect::<Vec<_>>() {
                    broken if broken.is_empty() => Ok(vec![(item, Fact::HandedOn { from, to, at })]),
                    broken => Err(broken),
                }
            }
            Ask::Dispose { item } => match in_custody(item)? {
                known if at < known.since => no("custody_before_last_handover"),
                _ => Ok(vec![(item, Fact::Disposed { at })]),
            },
            _ => Ok(Vec::new()),
        }
    }

    /// Takes in what happened to a record. What is not there is made by what begins it, and by nothing else.
    pub(super) fn apply(&mut self, record: Uuid, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::Registered { by, split_from } => {
                let new = Incident::registered(by, *split_from);
                return match self.incidents.insert(record, new) {
                    None => Ok(()),
                    Some(_) => Err(format!("{record} is registered twice")),
                };
            }
            Fact::Seized { incident, by, at } => {
                let (incident, keeper, since) = (*incident, by.clone(), *at);
                let new = Item { version: 1, incident, keeper, since, disposed: false };
                return match self.items.insert(record, new) {
                    None => Ok(()),
                    Some(_) => Err(format!("{record} is seized twice")),
                };
            }
            _ => {}
        }
        if let Some(item) = self.items.get_mut(&record) {
            item.version += 1;
            match fact {
                Fact::HandedOn { to, at, .. } => (item.keeper, item.since) = (to.clone(), *at),
                Fact::Disposed { .. } => item.disposed = true,
                _ => return Err(format!("an item has no {fact:?}")),
            }
            return Ok(());
        }
        let incident = self.incidents.get_mut(&record).ok_or_else(|| format!("{fact:?} of nothing"))?;
        incident.version += 1;
        incident.apply(fact)
    }
}

impl Incident {
    fn registered(by: &str, split_from: Option<Uuid>) -> Self {
        Self {
            version: 1,
            registrar: by.to_owned(),
            responsible: by.to_owned(),
            formerly: BTreeSet::new(),
            status: Status::Registered,
            officer: None,
            has_result: false,
            merged: None,
            absorbed: BTreeSet::new(),
            parts: BTreeSet::new(),
            split_from,
            items: BTreeMap::new(),
            offer: None,
            accepted: None,
        }
    }

    /// Nobody has been given it yet by who answers for it now; a result that was recorded stays.
    fn unassign(&mut self) {
        self.officer = None;
        if self.status == Status::Assigned {
            self.status = Status::Registered;
        }
    }

    fn apply(&mut self, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::Supplemented => {}
            Fact::Assigned { officer } => {
                self.officer = Some(officer.clone());
                if self.status == Status::Registered {
                    self.status = Status::Assigned;
                }
            }
            Fact::ResultRecorded => (self.has_result, self.status) = (true, Status::ResultRecorded),
            Fact::Closed => self.status = Status::Closed,
            Fact::Reopened => self.status = Status::InProgress,
            Fact::Merged { into } => {
                self.merged = Some((*into, self.status));
                self.status = Status::Merged;
            }
            Fact::Unmerged { status, .. } => (self.merged, self.status) = (None, *status),
            Fact::Absorbed { other } => {
                self.absorbed.insert(*other);
            }
            Fact::Released { other } => {
                self.absorbed.remove(other);
            }
            Fact::Split { into } => {
                self.parts.insert(*into);
            }
            Fact::ItemAdded { item, ordinal } => {
                self.items.insert(*item, *ordinal);
            }
            Fact::Offered { transfer, to, .. } => self.offer = Some((*transfer, to.clone())),
            Fact::Rejected { .. } | Fact::Withdrawn { .. } => self.offer = None,
            Fact::Accepted { transfer, from, to } => {
                self.offer = None;
                self.unassign();
                self.formerly.insert(from.clone());
                self.responsible = to.clone();
                self.accepted = Some((*transfer, from.clone(), to.clone()));
            }
            Fact::Completed { responsible, .. } => {
                let before = std::mem::replace(&mut self.responsible, responsible.clone());
                if before != *responsible {
                    self.unassign();
                    self.formerly.insert(before);
                }
                self.accepted = None;
            }
            other => return Err(format!("an incident has no {other:?}")),
        }
        Ok(())
    }
}

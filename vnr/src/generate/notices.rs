//! Notices that follow from what was registered: written with the rest, as the register would have issued and delivered them and their
//! recipients would have acknowledged them.
//!
//! They are no deeds of the nation's: a register that is sent its deeds issues them by itself. When each is delivered and acknowledged
//! follows from its id, so the same seed gives the same log.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use access::policy::Standing;
use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use command_api::Single;
use domain::access_day::DataScope;
use domain::ids;
use domain::notice::rule::{NoticeRules, Told};
use domain::notice::{DeliveryFailure, IssueNotice, NoticeService, RecordDelivery, RecordDeliveryFailure, RecordFetch};
use domain::values::{Actor, ContentDigest, ExternalId, InstitutionCode, SourceSystem, TerritoryCode, UserName};
use nation::Post;
use proto::command::v1 as pb;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::copy::{Command, Rules, Step};
use crate::failure::Failure;
use crate::notices::submission;

/// A notice is issued so long after what implies it was recorded.
const ISSUED_AFTER: TimeDelta = TimeDelta::seconds(1);
/// Of a hundred recipients so many do not answer at first.
const AWAY: u64 = 4;
/// Of a hundred so many have no system of their own, and fetch what they are told.
const FETCH: u64 = 10;
/// Of a hundred so many are late.
const LATE: u64 = 6;

/// What becomes of one notice, in order.
#[derive(Debug, Clone)]
enum Then {
    Issued(Box<IssueNotice>),
    Failed,
    Delivered,
    Fetched(InstitutionCode),
    Escalated,
    Acknowledged(InstitutionCode),
}

/// Notices of which something is still to come.
pub(super) struct Following {
    /// Until when something is written.
    until: DateTime<Utc>,
    /// What is next: when, of which notice, its place there.
    queue: BinaryHeap<Reverse<(DateTime<Utc>, Uuid, usize)>>,
    plans: HashMap<Uuid, Vec<(DateTime<Utc>, Then)>>,
    recipients: HashMap<InstitutionCode, Arc<Standing>>,
}

impl Following {
    pub(super) fn new(until: DateTime<Utc>) -> Self {
        Self { until, queue: BinaryHeap::new(), plans: HashMap::new(), recipients: HashMap::new() }
    }

    /// An incident is registered: plans what is told of it, where something is.
    pub(super) fn registered(
        &mut self,
        register: &pb::RegisterIncident,
        sender: &str,
        at: DateTime<Utc>,
        rules: &Rules<'_>,
    ) -> Result<(), Failure> {
        let Some(source) = register.envelope.as_ref().and_then(|envelope| envelope.source.as_ref()) else {
            return Ok(());
        };
        let system = SourceSystem::parse(&source.system).context("the name of a journal")?;
        let external = ExternalId::parse(&source.external_id).context("a record's name at its source")?;
        let responsible = InstitutionCode::parse(sender).context("a code of an institution")?;
        let territory = register.place.as_ref().map(|place| place.territory.as_str()).filter(|code| !code.is_empty());
        let territory = territory.map(TerritoryCode::parse).transpose().context("a code of a territory")?;
        let occurred = DateTime::parse_from_rfc3339(&register.occurred_from).context("a time")?;
        let told = Told {
            incident: ids::of_source("incident", &system, &external),
            type_code: &register.type_code,
            territory: territory.as_ref(),
            occurred_at: occurred.with_timezone(&Utc),
            recorded_at: at,
            responsible: &responsible,
        };
        for (notice, issue) in NoticeRules::embedded().implied(&told, &rules.classifiers).unwrap_or_default() {
            let plan = plan(notice, issue, at + ISSUED_AFTER, self.until);
            if let Some((first, _)) = plan.first() {
                self.queue.push(Reverse((*first, notice, 0)));
            }
            self.plans.insert(notice, plan);
        }
        Ok(())
    }

    /// What is due before `at`, in order of time.
    pub(super) fn due(&mut self, at: DateTime<Utc>, rules: &Rules<'_>) -> Result<Vec<Step>, Failure> {
        let at = at.min(self.until);
        let mut steps = Vec::new();
        while let Some(Reverse((when, notice, place))) = self.queue.peek().copied().filter(|next| next.0.0 < at) {
            self.queue.pop();
            let plan = self.plans.get(&notice).map(Vec::as_slice).unwrap_or_default();
            let Some((_, then)) = plan.get(place).cloned() else { continue };
            let next = plan.get(place + 1).map(|(next, _)| *next).filter(|next| *next < self.until);
            match next {
                Some(next) => self.queue.push(Reverse((next, notice, place + 1))),
                None => _ = self.plans.remove(&notice),
            }
            let command = self.command(notice, then, when, rules)?;
            let over = next.is_none().then_some(notice);
            steps.push(Step { at: when, matter: None, command: Some(command), id: notice, over });
        }
        Ok(steps)
    }

    fn command(&mut self, notice: Uuid, then: Then, at: DateTime<Utc>, rules: &Rules<'_>) -> Result<Command, Failure> {
        let master = rules.master;
        Ok(Command::Own(Box::new(match then {
            Then::Issued(issue) => submission::issue(notice, *issue, at, master),
            Then::Failed => {
                let failure = RecordDeliveryFailure { cause: DeliveryFailure::Unreachable, receipt: None };
                submission::failed(notice, 1, failure, at, master)
            }
            Then::Delivered => {
                let content = ContentDigest::of(Sha256::digest(notice.as_bytes()).into());
                let scopes = vec![DataScope::Summary, DataScope::Narrative, DataScope::Persons];
                submission::delivered(notice, RecordDelivery { receipt: 200, content, scopes }, at, master)
            }
            Then::Fetched(recipient) => {
                let user = UserName::parse(&self.standing(&recipient)?.principal.subject).context("who fetches it")?;
                let by = Actor { institution: recipient, user };
                let scopes = vec![DataScope::Summary, DataScope::Narrative, DataScope::Persons];
                submission::fetched(notice, RecordFetch { by, scopes }, at, master)
            }
            Then::Escalated => submission::escalate(notice, at, master),
            Then::Acknowledged(recipient) => {
                let standing = self.standing(&recipient)?;
                let message = pb::AcknowledgeNotice {
                    envelope: Some(pb::Envelope {
                        command_id: Uuid::new_v5(&notice, b"acknowledge").to_string(),
                        occurred_at: nation::local(at),
                        flags: vec!["simulated".to_owned()],
                        ..pb::Envelope::default()
                    }),
                    notice: notice.to_string(),
                    reference: String::new(),
                };
                let read = rules.read_single(Single::AcknowledgeNotice(message), &standing);
                let read = read.map_err(|status| anyhow::anyhow!("{recipient} acknowledges {notice}: {status}"))?;
                return Ok(Command::Read(read));
            }
        })))
    }

    fn standing(&mut self, recipient: &InstitutionCode) -> Result<Arc<Standing>, Failure> {
        if let Some(known) = self.recipients.get(recipient) {
            return Ok(Arc::clone(known));
        }
        let principal = super::principal(recipient.as_str(), Post::Officer, DateTime::<Utc>::MAX_UTC)?;
        let standing = Arc::new(Standing { principal, grants: Vec::new() });
        self.recipients.insert(recipient.clone(), Arc::clone(&standing));
        Ok(standing)
    }
}

/// What becomes of a notice, in order of time: all of it follows from its id, and from when the log ends.
///
/// Whoever serves the log does so later, and would have each notice escalated at once that waits for an answer when it ends. So what the
/// recipient would have answered after that is answered before.
fn plan(notice: Uuid, issue: IssueNotice, issued: DateTime<Utc>, until: DateTime<Utc>) -> Vec<(DateTime<Utc>, Then)> {
    let chance = notice.as_u64_pair().1;
    let (recipient, due) = (issue.recipient.clone(), TimeDelta::minutes(issue.within_minutes.into()));
    let service = issue.service;
    let mut plan = vec![(issued, Then::Issued(Box::new(issue)))];
    let mut at = issued + TimeDelta::seconds(20 + seconds(chance >> 8, 15));
    let fetches = (AWAY..AWAY + FETCH).contains(&(chance % 100));
    if chance % 100 < AWAY {
        plan.push((at, Then::Failed));
        at += TimeDelta::seconds(1 + seconds(chance >> 16, 600));
    }
    if !fetches {
        plan.push((at, Then::Delivered));
    }
    // A duty desk answers in minutes, an office when it has read its post.
    let usual = match service {
        NoticeService::MunicipalPolice => TimeDelta::seconds(60 + seconds(chance >> 24, 40 * 60)),
        NoticeService::SocialService => TimeDelta::seconds(300 + seconds(chance >> 24, 16 * 3_600)),
    };
    let late = (chance >> 4) % 100 < LATE || at + usual >= issued + due;
    let known = if late { issued + due + usual } else { at + usual };
    let (escalated, mut known) =
        (late.then(|| issued + due + TimeDelta::seconds(2)), known.max(issued + TimeDelta::seconds(60)));
    let escalated = escalated.filter(|escalated| *escalated < until);
    if escalated.is_none() && known >= until {
        let left = (until - at).num_seconds().max(1).unsigned_abs();
        known = at + TimeDelta::seconds(seconds(chance >> 24, left));
    }
    plan.extend(escalated.map(|escalated| (escalated, Then::Escalated)));
    if fetches {
        // Whoever opens it reads it first, and says so then.
        plan.push((known, Then::Fetched(recipient.clone())));
        known += TimeDelta::milliseconds(400);
    }
    plan.push((known, Then::Acknowledged(recipient)));
    plan
}

fn seconds(chance: u64, below: u64) -> i64 {
    i64::try_from(chance % below).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use domain::values::Code;

    use super::*;

    fn planned(n: u128, service: NoticeService, before_the_end: i64) -> (DateTime<Utc>, Vec<(DateTime<Utc>, Then)>) {
        let until = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let institution = |code| InstitutionCode::parse(code).unwrap();
        let issue = IssueNotice {
            incident: Uuid::from_u128(1),
            rule: Code::parse("family-violence").unwrap(),
            rule_version: 1,
            service,
            municipality: TerritoryCode::parse("0001000").unwrap(),
            recipient: institution("SD-RIGA"),
            escalate_to: institution("VP"),
            within_minutes: if service == NoticeService::SocialService { 1_440 } else { 240 },
        };
        let notice = Uuid::new_v5(&Uuid::nil(), &n.to_be_bytes());
        (until, plan(notice, issue, until - TimeDelta::seconds(before_the_end), until))
    }

    #[test]
    fn no_notice_is_left_for_whoever_serves_the_log_to_escalate() {
        for n in 0..400 {
            for service in [NoticeService::SocialService, NoticeService::MunicipalPolice] {
                for before_the_end in [700, 3_600, 20_000, 100_000, 1_000_000] {
                    let (until, plan) = planned(n, service, before_the_end);
                    let settled = plan
                        .iter()
                        .any(|(at, then)| *at < until && matches!(then, Then::Escalated | Then::Acknowledged(_)));
                    assert!(settled, "{plan:?}");
                    assert!(plan.is_sorted_by_key(|(at, _)| *at), "{plan:?}");
                    let delivered =
                        plan.iter().position(|(_, then)| matches!(then, Then::Delivered | Then::Fetched(_)));
                    let known = plan.iter().position(|(_, then)| matches!(then, Then::Acknowledged(_)));
                    assert!(delivered.is_some() && delivered < known, "{plan:?}");
                }
            }
        }
    }

    #[test]
    fn some_are_late_and_some_are_fetched() {
        let of = |is: fn(&Then) -> bool| {
            let plans = (0..1_000).map(|n| planned(n, NoticeService::SocialService, 10_000_000).1);
            plans.filter(|plan| plan.iter().any(|(_, then)| is(then))).count()
        };
        let late = of(|then| matches!(then, Then::Escalated));
        let fetched = of(|then| matches!(then, Then::Fetched(_)));
        assert!((20..400).contains(&late) && (50..200).contains(&fetched), "{late} {fetched}");
    }
}

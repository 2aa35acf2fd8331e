//! What may happen to an incident, over many of them.

use std::collections::{BTreeMap, BTreeSet};

use proto::command::v1::command_envelope::Command;

use super::kinds::KINDS;
use super::*;
use crate::deed::{Asked, Post};
use crate::institution::STATE_POLICE;

/// Many incidents of a force, each with all its deeds.
fn incidents(institution: usize, count: u64) -> impl Iterator<Item = Vec<Deed>> {
    let nation = Nation::new(7, 0.05);
    let at = nation.since();
    (0..count).map(move |n| incident(&nation, institution, n, at, None))
}

fn streamed(deeds: &[Deed]) -> impl Iterator<Item = (&Deed, &Command)> {
    deeds.iter().filter_map(|deed| Some((deed, deed.streamed()?)))
}

#[test]
fn the_same_number_is_the_same_incident_and_another_seed_makes_another() {
    let all = |seed| {
        let nation = Nation::new(seed, 0.05);
        (0..300).map(|n| incident(&nation, STATE_POLICE, n, nation.since(), None)).collect::<Vec<_>>()
    };
    assert_eq!(all(7), all(7));
    assert_ne!(all(7), all(8));
}

#[test]
fn deeds_of_a_matter_come_in_order_and_nothing_goes_by_stream_after_a_call() {
    for institution in [STATE_POLICE, 2, 5] {
        for deeds in incidents(institution, 3_000) {
            assert!(deeds.is_sorted_by_key(|deed| deed.at));
            assert!(deeds.is_sorted_by_key(|deed| deed.lane != Lane::Bulk), "{deeds:#?}");
            assert!(deeds.iter().all(|deed| deed.post == Post::System || deed.lane == Lane::Interactive));
        }
    }
}

#[test]
fn roles_fit_types_and_nobody_is_twice_in_one_incident() {
    let mut counts = BTreeMap::new();
    for deeds in incidents(STATE_POLICE, 6_000) {
        let mut kinds: BTreeMap<String, &str> = BTreeMap::new();
        let mut subjects = BTreeSet::new();
        let mut people = 0_u32;
        for (_, command) in streamed(&deeds) {
            let (record, register) = match command {
                Command::RegisterIncident(register) => (name_of_source(register.envelope.as_ref()), Some(register)),
                Command::SplitIncident(split) => (name_of_source(split.envelope.as_ref()), split.registration.as_ref()),
                _ => (String::new(), None),
            };
            if let Some(register) = register {
                kinds.insert(record, &register.type_code);
            }
            let Command::InvolvePerson(person) = command else { continue };
            let record = name(person.incident.as_ref());
            let kind = kinds[&record];
            let fits = |role: &str| {
                KINDS.iter().any(|known| known.code == kind && known.cast.iter().any(|part| part.role == role))
            };
            assert!(fits(&person.roles[0]), "{} in {kind}", person.roles[0]);
            assert!(subjects.insert((record, person.subject_id.clone())), "{person:?}");
            if person.roles[0] == "child" {
                assert_eq!(kind, "domestic-violence");
            }
            if person.roles[0] == "victim" && kind == "domestic-violence" {
                assert!(person.protections.contains(&(pb::Protection::ViolenceVictim as i32)));
            }
            people += 1;
        }
        assert!((1..=4 * kinds.len() as u32).contains(&people), "{deeds:#?}");
        *counts.entry(people).or_insert(0) += 1;
    }
    assert!(counts.keys().min() >= Some(&1) && counts[&2] > counts[&4], "{counts:?}");
}

fn name_of_source(envelope: Option<&pb::Envelope>) -> String {
    envelope.and_then(|envelope| envelope.source.as_ref()).map(|source| source.external_id.clone()).unwrap_or_default()
}

fn name(record: Option<&pb::RecordRef>) -> String {
    match record.and_then(|record| record.by.as_ref()) {
        Some(pb::record_ref::By::External(external)) => external.external_id.clone(),
        _ => String::new(),
    }
}

#[test]
fn a_chain_of_custody_has_no_gap_and_mostly_an_end() {
    let (mut seized, mut ended) = (0, 0);
    for institution in [STATE_POLICE, 2] {
        for deeds in incidents(institution, 6_000) {
            let mut holders: BTreeMap<&str, Option<&str>> = BTreeMap::new();
            for (_, command) in streamed(&deeds) {
                let keeper = |custodian: &'_ Option<pb::Custodian>| custodian.as_ref().map(|one| one.keeper.clone());
                match command {
                    Command::SeizeItem(item) => {
                        seized += 1;
                        let first = item.custodian.as_ref().map(|one| one.keeper.as_str());
                        assert_eq!(holders.insert(&item.id, first), None);
                    }
                    Command::TransferCustody(on) => {
                        let holder = holders.get_mut(on.id.as_str()).unwrap();
                        assert_eq!(keeper(&on.from).as_deref(), *holder);
                        *holder = on.to.as_ref().map(|one| one.keeper.as_str());
                    }
                    Command::DisposeItem(item) => {
                        assert!(holders.remove(item.id.as_str()).is_some());
                        ended += 1;
                    }
                    _ => {}
                }
            }
        }
    }
    assert!(seized > 150 && ended * 100 > seized * 80, "{ended} of {seized}");
}

#[test]
fn a_transfer_has_one_end_and_who_it_was_offered_to_answers() {
    let mut ends: BTreeMap<&str, u32> = BTreeMap::new();
    for deeds in incidents(STATE_POLICE, 30_000) {
        let Some(to) = streamed(&deeds).find_map(|(_, command)| match command {
            Command::OfferTransfer(offer) => Some(offer.to.clone()),
            _ => None,
        }) else {
            continue;
        };
        let mut answers = Vec::new();
        let mut complete = 0;
        for (deed, command) in streamed(&deeds) {
            match command {
                Command::AcceptTransfer(_) => answers.push(("accepted", deed)),
                Command::RejectTransfer(_) => answers.push(("rejected", deed)),
                Command::WithdrawTransfer(_) => {
                    assert_eq!(deed.sender.code, "VP");
                    *ends.entry("withdrawn").or_default() += 1;
                }
                Command::CompleteTransfer(_) => complete += 1,
                _ => {}
            }
        }
        assert!(answers.len() <= 1);
        for (answer, deed) in &answers {
            assert_eq!(deed.sender.code, to);
            *ends.entry(answer).or_default() += 1;
            assert_eq!(complete, u32::from(*answer == "accepted"));
        }
        *ends.entry("offered").or_default() += 1;
    }
    let offered = ends["offered"];
    assert!((600..1_200).contains(&offered), "about 3 of 100: {ends:?}");
    assert!(ends["accepted"] > offered * 3 / 4 && ends["rejected"] > 30 && ends["withdrawn"] > 10, "{ends:?}");
    let answered = ends["accepted"] + ends["rejected"] + ends["withdrawn"];
    assert!(answered < offered && answered * 100 > offered * 94, "few are never answered: {ends:?}");
}

#[test]
fn an_annulment_takes_two_persons_and_ends_what_was_annulled() {
    let (mut approved, mut rejected) = (0, 0);
    for institution in [STATE_POLICE, 2] {
        for deeds in incidents(institution, 20_000) {
            for (place, deed) in deeds.iter().enumerate() {
                match &deed.command {
                    Asked::RequestAnnulment(_) => assert_eq!(deed.post, Post::Officer),
                    Asked::ApproveAnnulment(_) => {
                        assert_eq!((deed.post, place + 1), (Post::Supervisor, deeds.len()));
                        approved += 1;
                    }
                    Asked::RejectAnnulment(_) => rejected += 1,
                    _ => {}
                }
            }
        }
    }
    assert!((80..170).contains(&approved) && rejected > 2, "3 of 1,000 incidents: {approved}, {rejected}");
}

#[test]
fn ties_name_two_incidents_that_are_there() {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for deeds in incidents(2, 12_000) {
        let mut there = BTreeSet::new();
        for (_, command) in streamed(&deeds) {
            let tied = match command {
                Command::RegisterIncident(register) => {
                    there.insert(name_of_source(register.envelope.as_ref()));
                    continue;
                }
                Command::SplitIncident(split) => {
                    *counts.entry("split").or_default() += 1;
                    assert!(there.contains(&name(split.incident.as_ref())));
                    there.insert(name_of_source(split.envelope.as_ref()));
                    continue;
                }
                Command::LinkIncidents(link) => ("linked", &link.incident, &link.other),
                Command::MergeIncident(merge) => ("merged", &merge.incident, &merge.into),
                Command::UnmergeIncident(unmerge) => ("unmerged", &unmerge.incident, &unmerge.incident),
                _ => continue,
            };
            let (what, one, other) = tied;
            *counts.entry(what).or_default() += 1;
            assert!(there.contains(&name(one.as_ref())) && there.contains(&name(other.as_ref())), "{what}");
        }
    }
    assert!((290..430).contains(&counts["linked"]), "{counts:?}");
    assert!((35..90).contains(&counts["merged"]) && counts["unmerged"] < counts["merged"] / 2, "{counts:?}");
    assert!(counts["split"] > 2, "{counts:?}");
}

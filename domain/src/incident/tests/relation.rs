//! Links, mergers, splits and seized items.

use super::*;
use crate::terms::{Confidence, LinkKind};

pub(super) fn link(other: u128, kind: LinkKind) -> IncidentCommand {
    let (other, confidence) = (id(other), Confidence::Probable);
    IncidentCommand::LinkIncidents(LinkIncidents { other, kind, confidence, reason: None })
}

fn unlink(other: u128) -> IncidentCommand {
    IncidentCommand::UnlinkIncidents(UnlinkIncidents { other: id(other), reason: why("Kļūda") })
}

fn merge(into: u128) -> IncidentCommand {
    IncidentCommand::MergeIncident(MergeIncident { into: id(into), reason: why("Tas pats notikums") })
}

fn absorb(other: u128) -> IncidentCommand {
    IncidentCommand::AbsorbIncident(AbsorbIncident { other: id(other), reason: why("Tas pats notikums") })
}

fn unmerge() -> IncidentCommand {
    IncidentCommand::UnmergeIncident(UnmergeIncident { reason: why("Nav tas pats") })
}

fn release(other: u128) -> IncidentCommand {
    IncidentCommand::ReleaseIncident(ReleaseIncident { other: id(other), reason: why("Nav tas pats") })
}

#[test]
fn a_link_is_seen_from_both_sides() {
    for kind in LinkKind::ALL {
        assert_eq!(kind.seen_from_the_other().seen_from_the_other(), *kind);
    }
    assert_eq!(LinkKind::Parent.seen_from_the_other(), LinkKind::Child);
}

#[test]
fn two_incidents_are_tied_in_one_way() {
    let tied = incident().registered().after(link(31, LinkKind::Related));
    tied.clone().when(link(31, LinkKind::Related)).changes_nothing();
    tied.clone().when(link(31, LinkKind::Parent)).accepted();
    let loose = tied.after(unlink(31));
    loose.when(unlink(31)).refused_with([IncidentError::NotLinked { number: number(), other: id(31) }]);
}

#[test]
fn a_closed_incident_can_be_tied_to_another() {
    incident().registered().with_result().closed().when(link(31, LinkKind::Series)).accepted();
}

#[test]
fn nothing_of_a_merged_incident_changes() {
    let merged = incident().registered().after(merge(33));
    assert_eq!((merged.record.status(), merged.record.merged_into()), (Some(IncidentStatus::Merged), Some(id(33))));
    for command in [
        supplement(|new| new.place = Some(place())),
        result("warning"),
        reopen(),
        merge(34),
        absorb(32),
        link(31, LinkKind::Related),
        correct(true, |command| command.channel = Some(Channel::Sms)),
    ] {
        merged.clone().when(command).refused_with([IncidentError::Merged { number: number(), into: id(33) }]);
    }
}

/// Invariant 8 of the domain.
#[test]
fn unmerge_restores_both_exactly() {
    for before in
        [incident().registered(), incident().registered().with_result(), incident().registered().with_result().closed()]
    {
        assert_eq!(before.clone().after(merge(33)).after(unmerge()).record, before.record);
    }
    let going_on = incident().registered().after(assign(officer("1")));
    assert_eq!(going_on.clone().after(absorb(32)).after(release(32)).record, going_on.record);
    going_on.clone().when(unmerge()).refused_with([IncidentError::NotMerged { number: number() }]);
    going_on.when(release(32)).refused_with([IncidentError::NotLinked { number: number(), other: id(32) }]);
}

#[test]
fn an_incident_that_took_the_place_of_another_is_not_merged_itself() {
    let going_on = incident().registered().after(absorb(32));
    going_on.clone().when(merge(33)).refused_with([IncidentError::HasMerged { number: number(), count: 1 }]);
    going_on.after(release(32)).when(merge(33)).accepted();
}

#[test]
fn a_closed_incident_takes_nobodys_place_but_lets_it_go() {
    let closed = incident().registered().after(absorb(32)).with_result().closed();
    closed.clone().when(absorb(34)).refused_with([IncidentError::Closed { number: number() }]);
    closed.when(release(32)).accepted();
}

#[test]
fn another_incident_is_parted_from_an_open_one() {
    let split = || IncidentCommand::SplitIncident(SplitIncident { into: id(34), reason: why("Divi notikumi") });
    incident().registered().when(split()).accepted();
    incident()
        .registered()
        .with_result()
        .closed()
        .when(split())
        .refused_with([IncidentError::Closed { number: number() }]);
}

#[test]
fn seized_items_are_numbered_within_their_incident() {
    let seize = |item| IncidentCommand::AddSeizedItem(AddSeizedItem { item: id(item) });
    let seized = incident().registered().after(seize(35)).after(seize(36));
    assert_eq!((seized.record.seized_item(id(35)), seized.record.seized_item(id(36))), (Some(1), Some(2)));
    seized.when(seize(35)).changes_nothing();
}

//! Whatever is asked in whatever order.

use super::involvement::{involve, roles};
use super::relation::link;
use super::*;
use crate::examples::actor;
use crate::terms::{LinkKind, RaisedClass, TransferOutcome};

fn institution(n: usize) -> InstitutionCode {
    sure(InstitutionCode::parse(["VP-RIGA", "PP-RIGA", "PP-LIEPAJA"][n % 3]))
}

fn command(kind: usize, n: usize) -> IncidentCommand {
    let (reason, by) = (why("x"), actor(["a.ozola", "p.kalnins"][n % 2]));
    let other = id(100 + n as u128);
    match kind {
        0 => register(),
        1 => supplement(|new| new.occurred_to = Some(at(&format!("21:3{n}:00")))),
        2 => correct(n.is_multiple_of(2), |new| new.channel = Some(Channel::ALL[n])),
        3 => reclassify(Some(["theft", "robbery"][n % 2]), None),
        4 => assign(officer(&n.to_string())),
        5 => result("warning"),
        6 => close(None),
        7 => reopen(),
        8 => IncidentCommand::RestrictIncident(RestrictIncident { class: RaisedClass::ALL[n % 2], reason }),
        9 => IncidentCommand::LiftRestriction(LiftRestriction { reason }),
        10 => IncidentCommand::RequestAnnulment(RequestAnnulment { reason, by }),
        11 => IncidentCommand::ApproveAnnulment(ApproveAnnulment { by }),
        12 => IncidentCommand::RejectAnnulment(RejectAnnulment { reason, by }),
        13 => involve(100 + n as u128, |person| person.minor = n.is_multiple_of(2)),
        14 => {
            let (subject, roles) = (other, roles(&["suspect"]));
            IncidentCommand::ChangePersonRoles(ChangePersonRoles { subject, roles, reason })
        }
        15 => IncidentCommand::WithdrawInvolvement(WithdrawInvolvement { involvement: other, reason }),
        16 => link(200 + n as u128, LinkKind::ALL[n % 4]),
        17 => IncidentCommand::MergeIncident(MergeIncident { into: other, reason }),
        18 => IncidentCommand::UnmergeIncident(UnmergeIncident { reason }),
        19 => IncidentCommand::AbsorbIncident(AbsorbIncident { other, reason }),
        20 => IncidentCommand::ReleaseIncident(ReleaseIncident { other, reason }),
        21 => super::transfer::offer(41 + n as u128, institution(n).as_str()),
        22 => IncidentCommand::AcceptTransfer(AcceptTransfer { by: institution(n), assignee: None }),
        23 => IncidentCommand::WithdrawTransfer(WithdrawTransfer { reason }),
        24 => {
            let outcome = TransferOutcome::ALL[n % 3];
            IncidentCommand::CompleteTransfer(CompleteTransfer { by: institution(n), outcome, note: None })
        }
        _ => IncidentCommand::AddSeizedItem(AddSeizedItem { item: other }),
    }
}

fn asked() -> impl Strategy<Value = Vec<(usize, usize)>> {
    // The commands that lead on come more often, so that long histories are met.
    let kind = prop_oneof![3 => 0usize..26, 1 => prop::sample::select(vec![4usize, 5, 21, 22])];
    prop::collection::vec((kind, 0usize..6), 0..60).prop_map(|mut asked| {
        asked.insert(0, (0, 0));
        asked
    })
}

proptest! {
    #[test]
    fn the_invariants_of_an_incident_hold_whatever_is_asked(asked in asked()) {
        let mut record = Incident::default();
        let (mut merged_from, mut requested) = (None, None);
        for (kind, n) in asked {
            let before = record.clone();
            let Ok(events) = record.decide(command(kind, n), &moment("21:40:00")) else { continue };
            for event in events {
                let stood = record.status();
                match &event {
                    IncidentEvent::IncidentMerged { .. } => merged_from = Some(record.clone()),
                    // 8: unmerging restores exactly what was.
                    IncidentEvent::IncidentUnmerged { .. } => {
                        let mut restored = record.clone();
                        restored.apply(event.clone());
                        prop_assert_eq!(Some(restored), merged_from.take());
                    }
                    IncidentEvent::AnnulmentRequested { by, .. } => requested = Some(by.clone()),
                    IncidentEvent::IncidentAnnulled { by, second } => {
                        prop_assert_ne!(by, second);
                        prop_assert_eq!(Some(by), requested.as_ref());
                    }
                    // 7: only who it was offered to becomes responsible.
                    IncidentEvent::TransferAccepted { from, to, .. } => {
                        prop_assert_eq!(record.offered_to(), Some(to));
                        prop_assert_eq!(record.responsible(), Some(from));
                    }
                    _ => {}
                }
                // 4: nothing of a closed incident changes but by what says so.
                if stood == Some(IncidentStatus::Closed) {
                    let allowed = matches!(
                        event,
                        IncidentEvent::IncidentReopened { .. } | IncidentEvent::IncidentCorrected { .. }
                            | IncidentEvent::IncidentRestricted { .. } | IncidentEvent::RestrictionLifted { .. }
                            | IncidentEvent::AnnulmentRequested { .. } | IncidentEvent::AnnulmentRejected { .. }
                            | IncidentEvent::IncidentAnnulled { .. } | IncidentEvent::IncidentLinked { .. }
                            | IncidentEvent::IncidentUnlinked { .. } | IncidentEvent::IncidentMerged { .. }
                            | IncidentEvent::IncidentReleased { .. } | IncidentEvent::TransferCompleted { .. }
                            | IncidentEvent::EarlierVersionNoted { .. }
                    );
                    prop_assert!(allowed, "{event:?}");
                }
                prop_assert!(stood != Some(IncidentStatus::Annulled), "{event:?}");
                record.apply(event);
            }
            if let Some(known) = &record.registered {
                // 8: nobody goes on in an incident that itself goes on in another.
                prop_assert!(known.merged.is_none() || known.absorbed.is_empty());
                prop_assert_eq!(known.merged.is_some(), known.status == IncidentStatus::Merged);
                // 18: minors raise the class.
                let minor = known.involved.values().any(|one| matches!(one, state::Involved::Person(p) if p.minor));
                prop_assert!(!minor || known.class() >= Some(RaisedClass::Protected));
                let ordinals: BTreeSet<u32> = known.seized.values().copied().collect();
                prop_assert_eq!(ordinals.len(), known.seized.len());
            }
            prop_assert!(before.number().is_none() || before.number() == record.number());
            let state = serde_json::to_string(&record).unwrap();
            prop_assert_eq!(serde_json::from_str::<Incident>(&state).unwrap(), record.clone());
        }
    }
}

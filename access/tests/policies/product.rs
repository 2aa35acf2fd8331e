//! Every cell: institution kind × role × purpose × class × relation × record × action, with and without what else counts.

use std::collections::BTreeSet;

use access::policy::{
    AccessProfile, Action, Class, Decision, InstitutionKind, Policies, PolicyId, RecordKind, RecordProfile, Relation,
};
use access::{Purpose, Role};

use crate::oracle::Case;
use crate::{INSTITUTIONS, code, policies};

impl Case {
    fn profiles(&self, institution: &str) -> (AccessProfile, RecordProfile) {
        let who = AccessProfile {
            institution: code(institution),
            kind: self.kind,
            roles: [self.role].into_iter().collect(),
            purpose: self.purpose,
            has_reference: self.reference,
            trained: self.trained,
        };
        let what = RecordProfile {
            kind: self.record,
            class: self.class,
            relation: self.relation,
            owner_kind: self.owner,
            granted: self.granted,
            broken_glass: self.glass,
            second_person: self.second,
        };
        (who, what)
    }
}

/// Who registered what isn't one's own: police, a rescue service, and one with a part of the access log of its own.
const OTHERS: [InstitutionKind; 3] =
    [InstitutionKind::StatePolice, InstitutionKind::EmergencyCentre, InstitutionKind::Security];

/// Reference, training, grant, broken glass, second person: the usual, and each difference from it that counts.
const SITUATIONS: [[bool; 5]; 6] = [
    [true, true, false, false, false],
    [false, true, false, false, false],
    [true, false, false, false, true],
    [true, true, true, false, true],
    [true, true, false, true, true],
    [false, true, true, true, false],
];

/// Every role, purpose, record, class and relation of an institution: all of them in the long form, else a third, so that three kinds of
/// institutions have each cell between them. Of who else registered it and of the unusual situations each cell has some, in turn; the long
/// form has them all.
fn cases(kind: InstitutionKind) -> Vec<Case> {
    let long = std::env::var_os("VNR_TEST_LONG").is_some();
    let mut cases = Vec::new();
    let mut cell = InstitutionKind::ALL.iter().position(|one| *one == kind).unwrap_or(0);
    for (role, purpose) in pairs(Role::ALL, Purpose::ALL) {
        for (record, (class, relation)) in pairs(RecordKind::ALL, &pairs(Class::ALL, Relation::ALL)) {
            cell += 1;
            let mixed = cell + cell / 12 + cell / 72;
            if !long && !mixed.is_multiple_of(3) {
                continue;
            }
            let turn = mixed / 3 % OTHERS.len();
            let owners = match relation {
                Relation::Own => vec![kind],
                _ if long => OTHERS.to_vec(),
                _ => vec![OTHERS[turn]],
            };
            let usual = |situation: usize| situation == 0 || long || (cell + situation).is_multiple_of(11);
            for (owner, (n, situation)) in pairs(&owners, &SITUATIONS.into_iter().enumerate().collect::<Vec<_>>()) {
                let [reference, trained, granted, glass, second] = situation;
                let case = Case {
                    kind,
                    role,
                    purpose,
                    reference,
                    trained,
                    record,
                    class,
                    relation,
                    owner,
                    granted,
                    glass,
                    second,
                };
                cases.extend(usual(n).then_some(case));
            }
        }
    }
    cases
}

fn pairs<A: Copy, B: Copy>(first: &[A], second: &[B]) -> Vec<(A, B)> {
    first.iter().flat_map(|a| second.iter().map(move |b| (*a, *b))).collect()
}

/// What was found when the cells of some institutions were compared.
#[derive(Default)]
struct Compared {
    cells: u64,
    allowed: u64,
    wrong: Vec<String>,
    counted: BTreeSet<PolicyId>,
    blind: Vec<Case>,
}

/// Whether a person may write in an incident or card that they may not see.
fn writes_blind(case: &Case, decisions: &[(Action, Decision)]) -> bool {
    let allowed = |action: Action| decisions.iter().any(|(one, decision)| *one == action && decision.allowed);
    let writes = allowed(Action::SupplementIncident) || allowed(Action::QualifyCard);
    writes && !allowed(Action::View) && case.role != Role::System
}

impl Compared {
    fn compare(&mut self, policies: &Policies, institution: &str, kind: InstitutionKind) {
        for case in cases(kind) {
            let (who, what) = case.profiles(institution);
            let decisions = policies.decisions(&who, &what);
            self.blind.extend(writes_blind(&case, &decisions).then_some(case));
            for (action, decision) in decisions {
                self.cells += 1;
                self.allowed += u64::from(decision.allowed);
                if decision.allowed != case.allows(action) && self.wrong.len() < 5 {
                    self.wrong.push(format!("{action} of {case:?}: policies say {decision:?}"));
                }
                self.counted.extend(
                    decision.reasons.iter().filter(|id| !self.counted.contains(*id)).cloned().collect::<Vec<_>>(),
                );
            }
        }
    }
}

#[test]
fn the_policies_decide_every_cell_as_the_table_says() {
    let policies = policies();
    let compare = |institutions: &[(&str, InstitutionKind)]| {
        let mut compared = Compared::default();
        institutions.iter().for_each(|(code, kind)| compared.compare(&policies, code, *kind));
        compared
    };
    let halves = std::thread::scope(|scope| {
        let halves: Vec<_> = INSTITUTIONS.chunks(7).map(|half| scope.spawn(|| compare(half))).collect();
        halves.into_iter().map(|half| half.join().expect("compared")).collect::<Vec<_>>()
    });
    let wrong: Vec<&String> = halves.iter().flat_map(|half| &half.wrong).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let cells: u64 = halves.iter().map(|half| half.cells).sum();
    let allowed: u64 = halves.iter().map(|half| half.allowed).sum();
    assert!(cells > 1_000_000, "{cells} cells");
    assert!(allowed > 10_000 && allowed < cells / 10, "{allowed} of {cells} cells allow something");
    let blind: Vec<_> = halves.iter().flat_map(|half| &half.blind).take(5).collect();
    assert!(blind.is_empty(), "they write in what they don't see: {blind:#?}");
    // A policy that never counts says nothing, or what it says is wrong.
    let counted = |id: &PolicyId| halves.iter().any(|half| half.counted.contains(id));
    let idle: Vec<_> = policies.texts().iter().map(|text| &text.id).filter(|id| !counted(id)).collect();
    assert!(idle.is_empty(), "never counted: {idle:?}");
}

#[test]
fn every_institution_of_the_product_is_of_the_kind_it_stands_for() {
    let policies = policies();
    for (institution, kind) in INSTITUTIONS {
        assert_eq!(policies.institutions().kind(&code(institution)), kind, "{institution}");
    }
    let kinds: Vec<_> = INSTITUTIONS.iter().map(|(_, kind)| *kind).collect();
    assert_eq!(kinds, InstitutionKind::ALL);
}

#[test]
fn every_command_of_the_contract_is_an_action() {
    let pool = proto::descriptor_pool();
    let ours = pool.services().filter(|service| service.full_name().starts_with("vnr.command.v1."));
    // Commands on rights are several to an action, which is none of them; so is what is done to the register as such.
    let is_right = |method: &prost_reflect::MethodDescriptor| {
        let of_journals = ["RegisterJournal", "AdoptMapping", "ChangeJournalPhase"].contains(&method.name());
        of_journals
            || ["AccessService", "ClassifierService", "ResponsePlanService"].contains(&method.parent_service().name())
    };
    let methods = ours.flat_map(|service| service.methods().collect::<Vec<_>>());
    let (rights, others): (Vec<_>, Vec<_>) = methods.partition(is_right);
    let commands = |methods: Vec<prost_reflect::MethodDescriptor>| -> Vec<String> {
        // What asks and writes nothing is answered to who may do what it asks about.
        let single = methods
            .into_iter()
            .filter(|method| !method.is_client_streaming() && method.output().name() == "CommandReply");
        single.map(|method| method.input().name().to_owned()).collect()
    };
    let (rights, mut commands) = (commands(rights), commands(others));
    assert!(
        rights.iter().all(|name| Action::of_command(name).is_some_and(|action| !action.is_command())),
        "{rights:?}"
    );
    commands.sort();
    let mut actions: Vec<&str> =
        Action::ALL.iter().filter(|action| action.is_command()).map(|action| action.name()).collect();
    actions.sort_unstable();
    assert_eq!(commands, actions);
    assert!(commands.iter().all(|name| Action::of_command(name).is_some()));
    assert_eq!(Action::of_command("view"), None);
}

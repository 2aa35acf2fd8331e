//! Asking Cedar.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use cedar_policy::{
    Authorizer, Context, Effect, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression, Schema,
};

use super::action::Action;
use super::error::PolicyError;
use super::profile::{AccessProfile, RecordProfile};
use super::resource::RecordKind;

/// Name of a policy (`@id`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyId(Arc<str>);

impl PolicyId {
    pub(super) fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PolicyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What was decided. What no policy permits is not allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Decision {
    /// Whether it may be done.
    pub allowed: bool,
    /// The policies that permitted it, or those that forbade it; none where none permitted.
    pub reasons: Arc<[PolicyId]>,
}

/// All decisions about one pair of profiles.
#[derive(Debug)]
pub(super) struct Row(Box<[Decision]>);

impl Row {
    pub(super) fn decision(&self, action: Action) -> &Decision {
        &self.0[action.place()]
    }
}

/// A policy by itself.
struct Single {
    id: PolicyId,
    permits: bool,
    set: PolicySet,
}

/// An action, and for each kind of record that it can be about the policies that can count there, by their places.
struct Prepared {
    uid: EntityUid,
    counting: [Option<Vec<usize>>; RecordKind::ALL.len()],
}

/// Policies made ready to be asked.
///
/// Whether a policy fits somebody and a record does not depend on the action, beyond the actions that it is about: [`Policies`] takes
/// none whose conditions speak of the action. So each is asked once for a pair of profiles, not once for each of 45 actions, and the
/// answers are put together as Cedar does: what is forbidden is refused, and so is what isn't permitted.
///
/// [`Policies`]: super::Policies
pub(super) struct Evaluator {
    policies: Vec<Single>,
    prepared: Vec<Prepared>,
    names: Names,
    /// The actions and their groups.
    actions: Entities,
    nobody: Arc<[PolicyId]>,
}

impl Evaluator {
    pub(super) fn new(schema: &Schema, policies: &PolicySet) -> Result<Self, PolicyError> {
        let names = Names::new()?;
        let actions = schema.action_entities().map_err(unfit)?;
        let mut prepared = Vec::with_capacity(Action::ALL.len());
        for action in Action::ALL {
            let uid = names.uid(&names.action, action.name());
            let types = schema.resources_for_action(&uid);
            let types: Vec<_> = types.ok_or_else(|| unfit(format!("it has no action {action}")))?.collect();
            let counting = RecordKind::ALL.iter().map(|kind| types.contains(&names.record(*kind)).then(Vec::new));
            let counting: Vec<_> = counting.collect();
            prepared.push(Prepared { uid, counting: counting.try_into().map_err(|_| unfit("its kinds of record"))? });
        }
        let mut singles = Vec::new();
        for policy in policies.policies() {
            for fits in policy.get_valid_request_envs(schema) {
                let action = prepared.iter_mut().find(|prepared| prepared.uid == *fits.action());
                let kind = names.records.iter().position(|record| record == fits.resource());
                if let (Some(action), Some(kind)) = (action, kind)
                    && let Some(counting) = &mut action.counting[kind]
                {
                    counting.push(singles.len());
                }
            }
            let (id, permits) = (PolicyId::new(policy.id().as_ref()), policy.effect() == Effect::Permit);
            singles.push(Single { id, permits, set: PolicySet::from_policies([policy.clone()]).map_err(unfit)? });
        }
        Ok(Self { policies: singles, prepared, actions, names, nobody: Arc::from([]) })
    }

    /// Every decision about a pair of profiles: what is asked about one action is soon asked about the others.
    pub(super) fn row(&self, who: &AccessProfile, what: &RecordProfile) -> Row {
        let mut asked = Asked::new(self, who, what);
        Row(Action::ALL.iter().map(|action| self.answer(asked.as_mut(), what.kind, *action)).collect())
    }

    pub(super) fn decide(&self, who: &AccessProfile, what: &RecordProfile, action: Action) -> Decision {
        self.answer(Asked::new(self, who, what).as_mut(), what.kind, action)
    }

    /// Nothing is allowed that can't be asked, and nothing where a policy could not be evaluated: what it would have forbidden isn't
    /// known.
    fn answer(&self, asked: Option<&mut Asked>, kind: RecordKind, action: Action) -> Decision {
        let refused = Decision { allowed: false, reasons: Arc::clone(&self.nobody) };
        let prepared = &self.prepared[action.place()];
        let (Some(asked), Some(counting)) = (asked, &prepared.counting[kind as usize]) else { return refused };
        let (mut permit, mut forbid) = (Vec::new(), Vec::new());
        for place in counting {
            let policy = &self.policies[*place];
            let fits = match asked.fits[*place] {
                Fits::Unasked => asked.ask(policy, &prepared.uid),
                known => known,
            };
            asked.fits[*place] = fits;
            match fits {
                Fits::Yes if policy.permits => permit.push(policy.id.clone()),
                Fits::Yes => forbid.push(policy.id.clone()),
                Fits::No => {}
                Fits::Unasked | Fits::Unknown => return refused,
            }
        }
        let allowed = forbid.is_empty() && !permit.is_empty();
        let mut reasons = if forbid.is_empty() { permit } else { forbid };
        reasons.sort_unstable();
        Decision { allowed, reasons: if reasons.is_empty() { refused.reasons } else { reasons.into() } }
    }
}

/// Whether a policy fits a pair of profiles.
#[derive(Clone, Copy)]
enum Fits {
    Unasked,
    Yes,
    No,
    Unknown,
}

/// A pair of profiles as Cedar wants it.
struct Asked {
    who: EntityUid,
    what: EntityUid,
    entities: Entities,
    context: Context,
    /// By the places of the policies.
    fits: Vec<Fits>,
}

impl Asked {
    /// None where Cedar doesn't take it, which no profile brings about.
    fn new(evaluator: &Evaluator, who: &AccessProfile, what: &RecordProfile) -> Option<Self> {
        let names = &evaluator.names;
        let one = |of: &EntityTypeName, name: &str| RestrictedExpression::new_entity_uid(names.uid(of, name));
        let truth = RestrictedExpression::new_bool;
        let actor = names.uid(&names.actor, "asker");
        let roles = who.roles.iter().map(|role| one(&names.role, role.name()));
        let attributes = [
            ("institution", RestrictedExpression::new_string(who.institution.as_str().to_owned())),
            ("kind", one(&names.kind, who.kind.name())),
            ("roles", RestrictedExpression::new_set(roles)),
            ("purpose", one(&names.purpose, who.purpose.name())),
            ("hasReference", truth(who.has_reference)),
            ("trained", truth(who.trained)),
        ];
        let actor_entity = Entity::new(actor.clone(), named(attributes), HashSet::new()).ok()?;
        let record = names.uid(names.record(what.kind), "record");
        let attributes = [
            ("class", one(&names.class, what.class.name())),
            ("relation", one(&names.relation, what.relation.name())),
            ("ownerKind", one(&names.kind, what.owner_kind.name())),
        ];
        let record_entity = Entity::new(record.clone(), named(attributes), HashSet::new()).ok()?;
        let situation = [
            ("granted", truth(what.granted)),
            ("brokenGlass", truth(what.broken_glass)),
            ("secondPerson", truth(what.second_person)),
        ];
        let entities = evaluator.actions.clone().add_entities([actor_entity, record_entity], None).ok()?;
        let context = Context::from_pairs(named(situation)).ok()?;
        Some(Self { who: actor, what: record, entities, context, fits: vec![Fits::Unasked; evaluator.policies.len()] })
    }

    /// Asks Cedar with one policy alone, which answers with that policy where it fits.
    fn ask(&self, policy: &Single, action: &EntityUid) -> Fits {
        let (who, what) = (self.who.clone(), self.what.clone());
        let Ok(request) = Request::new(who, action.clone(), what, self.context.clone(), None) else {
            return Fits::Unknown;
        };
        let response = Authorizer::new().is_authorized(&request, &policy.set, &self.entities);
        let said = response.diagnostics();
        match (said.errors().next(), said.reason().next()) {
            (Some(_), _) => Fits::Unknown,
            (None, Some(_)) => Fits::Yes,
            (None, None) => Fits::No,
        }
    }
}

fn named<const N: usize>(pairs: [(&str, RestrictedExpression); N]) -> HashMap<String, RestrictedExpression> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Names of the types of the schema, read once.
struct Names {
    action: EntityTypeName,
    actor: EntityTypeName,
    kind: EntityTypeName,
    role: EntityTypeName,
    purpose: EntityTypeName,
    class: EntityTypeName,
    relation: EntityTypeName,
    records: [EntityTypeName; RecordKind::ALL.len()],
}

impl Names {
    fn new() -> Result<Self, PolicyError> {
        let name = |name: &str| EntityTypeName::from_str(name).map_err(unfit);
        Ok(Self {
            action: name("Action")?,
            actor: name("Actor")?,
            kind: name("Kind")?,
            role: name("Role")?,
            purpose: name("Purpose")?,
            class: name("Class")?,
            relation: name("Relation")?,
            records: [
                name("Incident")?,
                name("EmergencyCard")?,
                name("Unit")?,
                name("Track")?,
                name("RetentionCase")?,
                name("Notice")?,
                name("Caution")?,
                name("Register")?,
            ],
        })
    }

    fn record(&self, kind: RecordKind) -> &EntityTypeName {
        &self.records[kind as usize]
    }

    fn uid(&self, of: &EntityTypeName, id: &str) -> EntityUid {
        EntityUid::from_type_name_and_id(of.clone(), EntityId::new(id))
    }
}

fn unfit(error: impl fmt::Display) -> PolicyError {
    PolicyError::Schema { reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use cedar_policy::Decision as CedarDecision;

    use super::*;
    use crate::policy::{Class, InstitutionKind, Relation, Roles};
    use crate::principal::{Institution, Purpose, Role};

    fn embedded() -> (Schema, PolicySet) {
        let schema = Schema::from_str(schema::POLICY_SCHEMA).expect("a schema");
        let mut policies = PolicySet::new();
        for file in schema::POLICIES.iter().filter(|file| file.name.ends_with(".cedar")) {
            for policy in PolicySet::from_str(file.text).expect("policies").policies() {
                let id = cedar_policy::PolicyId::new(policy.annotation("id").expect("an id"));
                policies.add(policy.new_id(id)).expect("a new one");
            }
        }
        (schema, policies)
    }

    /// Some of all pairs of profiles: each value of each attribute comes with many of the others.
    fn some_pairs() -> impl Iterator<Item = (AccessProfile, RecordProfile)> {
        (0..600_usize).map(|n| {
            let n = n * 7_919;
            let bit = |at: usize| (n / at).is_multiple_of(2);
            let roles = Roles::default().with(Role::ALL[n % 6]).with(Role::ALL[n / 6 % 6]);
            let who = AccessProfile {
                institution: Institution::parse("X").expect("a code"),
                kind: InstitutionKind::ALL[n % InstitutionKind::ALL.len()],
                roles,
                purpose: Purpose::ALL[n / 14 % 7],
                has_reference: bit(3),
                trained: bit(5),
            };
            let what = RecordProfile {
                kind: RecordKind::ALL[n / 11 % RecordKind::ALL.len()],
                class: Class::ALL[n / 66 % Class::ALL.len()],
                relation: Relation::ALL[n / 13 % 4],
                owner_kind: InstitutionKind::ALL[n / 17 % InstitutionKind::ALL.len()],
                granted: bit(19),
                broken_glass: bit(23),
                second_person: bit(29),
            };
            (who, what)
        })
    }

    #[test]
    fn what_is_put_together_is_what_cedar_decides_with_all_policies_at_once() {
        let (schema, policies) = embedded();
        let evaluator = Evaluator::new(&schema, &policies).expect("policies");
        let (mut allowed, mut forbidden) = (0, 0);
        for (who, what) in some_pairs() {
            let row = evaluator.row(&who, &what);
            let asked = Asked::new(&evaluator, &who, &what).expect("asked");
            for action in Action::ALL {
                let uid = evaluator.prepared[action.place()].uid.clone();
                let context = asked.context.clone();
                let request = Request::new(asked.who.clone(), uid, asked.what.clone(), context, Some(&schema));
                let decided = row.decision(*action);
                let Ok(request) = request else {
                    assert!(!decided.allowed, "{action} can't be asked of {what:?}");
                    continue;
                };
                let response = Authorizer::new().is_authorized(&request, &policies, &asked.entities);
                let mut reasons: Vec<&str> = response.diagnostics().reason().map(AsRef::as_ref).collect();
                reasons.sort_unstable();
                assert_eq!(decided.allowed, response.decision() == CedarDecision::Allow, "{action} {who:?} {what:?}");
                assert_eq!(decided.reasons.iter().map(PolicyId::as_str).collect::<Vec<_>>(), reasons, "{action}");
                assert_eq!(evaluator.decide(&who, &what, *action), *decided);
                allowed += usize::from(decided.allowed);
                forbidden += usize::from(!decided.allowed && !reasons.is_empty());
            }
        }
        assert!(allowed > 100 && forbidden > 100, "{allowed} allowed, {forbidden} forbidden");
    }
}

//! Asking Cedar.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use cedar_policy::{
    Authorizer, Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
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

/// An action, and for each kind of record that it can be about the policies that can count there.
struct Prepared {
    uid: EntityUid,
    policies: [Option<PolicySet>; RecordKind::ALL.len()],
}

/// Policies made ready to be asked.
pub(super) struct Evaluator {
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
            let policies = RecordKind::ALL.iter().map(|kind| types.contains(&names.record(*kind)).then(PolicySet::new));
            let policies: Vec<_> = policies.collect();
            let policies = policies.try_into().map_err(|_| unfit("its kinds of record"))?;
            prepared.push(Prepared { uid, policies });
        }
        for policy in policies.policies() {
            for fits in policy.get_valid_request_envs(schema) {
                let action = prepared.iter_mut().find(|prepared| prepared.uid == *fits.action());
                let kind = names.records.iter().position(|record| record == fits.resource());
                if let (Some(action), Some(kind)) = (action, kind)
                    && let Some(policies) = &mut action.policies[kind]
                {
                    policies.add(policy.clone()).map_err(unfit)?;
                }
            }
        }
        Ok(Self { prepared, actions, names, nobody: Arc::from([]) })
    }

    /// Every decision about a pair of profiles: what is asked about one action is soon asked about the others.
    pub(super) fn row(&self, who: &AccessProfile, what: &RecordProfile) -> Row {
        let asked = Asked::new(self, who, what);
        Row(Action::ALL.iter().map(|action| self.answer(asked.as_ref(), what.kind, *action)).collect())
    }

    pub(super) fn decide(&self, who: &AccessProfile, what: &RecordProfile, action: Action) -> Decision {
        self.answer(Asked::new(self, who, what).as_ref(), what.kind, action)
    }

    /// Nothing is allowed that can't be asked, and nothing where a policy could not be evaluated: what it would have forbidden isn't
    /// known.
    fn answer(&self, asked: Option<&Asked>, kind: RecordKind, action: Action) -> Decision {
        let refused = Decision { allowed: false, reasons: Arc::clone(&self.nobody) };
        let prepared = &self.prepared[action.place()];
        let (Some(asked), Some(policies)) = (asked, &prepared.policies[kind as usize]) else { return refused };
        let (who, what) = (asked.who.clone(), asked.what.clone());
        let Ok(request) = Request::new(who, prepared.uid.clone(), what, asked.context.clone(), None) else {
            return refused;
        };
        let response = Authorizer::new().is_authorized(&request, policies, &asked.entities);
        if response.diagnostics().errors().next().is_some() {
            return refused;
        }
        let mut reasons: Vec<PolicyId> =
            response.diagnostics().reason().map(|id| PolicyId(Arc::from(id.as_ref()))).collect();
        reasons.sort_unstable();
        Decision { allowed: response.decision() == cedar_policy::Decision::Allow, reasons: reasons.into() }
    }
}

/// A pair of profiles as Cedar wants it.
struct Asked {
    who: EntityUid,
    what: EntityUid,
    entities: Entities,
    context: Context,
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
        Some(Self { who: actor, what: record, entities, context: Context::from_pairs(named(situation)).ok()? })
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

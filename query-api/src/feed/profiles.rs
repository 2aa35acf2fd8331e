//! Who may see what of the roster: decided once for each change and access profile, however many of that profile follow.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use access::policy::{Grant, Policies, Standing};
use access::{Institution, Principal, Purpose, Role, Territory};
use projections::roster::RosterRow;
use uuid::Uuid;

use crate::permits::{Permits, UnitGuard};

/// What decisions depend on. Who has it in common may see the same. A right that one person was given is among it, so whoever has one
/// shares with nobody, or with those who were given the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Profile {
    /// Which version of the policies decides, by its place in memory: each view keeps its own, so no other takes that place.
    policies: usize,
    institution: Institution,
    roles: Vec<Role>,
    trained: bool,
    purpose: Purpose,
    has_reference: bool,
    territories: Vec<Territory>,
    grants: Vec<Grant>,
}

/// Views that somebody has.
#[derive(Default)]
pub(crate) struct Profiles(Mutex<HashMap<Profile, Weak<View>>>);

/// What those of one access profile may see.
pub(crate) struct View {
    policies: Arc<Policies>,
    grants: Vec<Grant>,
    permits: Permits,
    /// What was decided of each unit, and of which state of it.
    decided: Mutex<HashMap<Uuid, (Stamp, UnitGuard)>>,
}

/// State of a unit: positions of its last event and of its last point.
type Stamp = (i64, Option<i64>);

impl Profiles {
    /// The view of somebody with these rights by these policies, shared with all of the same profile.
    pub(crate) fn view(&self, policies: Arc<Policies>, caller: &Principal, grants: Vec<Grant>) -> Arc<View> {
        let profile = Profile {
            policies: Arc::as_ptr(&policies).addr(),
            institution: caller.institution.clone(),
            roles: caller.roles.clone(),
            trained: caller.trained,
            purpose: caller.purpose,
            has_reference: caller.reference.is_some(),
            territories: caller.territories.clone(),
            grants: grants.clone(),
        };
        let mut views = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(view) = views.get(&profile).and_then(Weak::upgrade) {
            return view;
        }
        let standing = Standing { principal: caller.clone(), grants: grants.clone() };
        let permits = Permits::of(Arc::clone(&policies), standing);
        let view = Arc::new(View { policies, grants, permits, decided: Mutex::default() });
        views.retain(|_, view| view.strong_count() > 0);
        views.insert(profile, Arc::downgrade(&view));
        view
    }
}

impl View {
    /// Whether it is still that of who has these rights by these policies.
    pub(crate) fn is_of(&self, policies: &Arc<Policies>, grants: &[Grant]) -> bool {
        Arc::ptr_eq(&self.policies, policies) && self.grants == grants
    }

    /// What is shown of each unit.
    pub(crate) fn of_units(&self, rows: Vec<Arc<RosterRow>>) -> Vec<(Arc<RosterRow>, UnitGuard)> {
        // Decided under the lock: of those who come at once with the same rows one decides, and the others find it.
        let mut decided = self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        let guarded = rows.into_iter().map(|row| {
            let stamp: Stamp = (row.unit.last_position, row.point.as_ref().map(|point| point.last_position));
            let guard = match decided.get(&row.unit.id) {
                Some((of, guard)) if *of == stamp => *guard,
                _ => {
                    let guard = self.permits.of_unit(&row);
                    decided.insert(row.unit.id, (stamp, guard));
                    guard
                }
            };
            (row, guard)
        });
        guarded.collect()
    }
}

#[cfg(test)]
mod tests {
    use access::policy::GrantScope;
    use chrono::{TimeDelta, Utc};

    use super::*;

    fn who(name: &str, institution: &str, role: Role) -> Principal {
        let institution = Institution::parse(institution).expect("a code");
        Principal::new(name, institution, vec![role], Purpose::Response, Utc::now() + TimeDelta::hours(1))
    }

    #[test]
    fn those_of_one_profile_share_a_view_and_whoever_differs_has_another() {
        let (profiles, policies) = (Profiles::default(), Arc::new(Policies::embedded().expect("sound policies")));
        let view = |who: &Principal, grants| profiles.view(Arc::clone(&policies), who, grants);
        let one = view(&who("a.ozola", "VUGD", Role::Dispatcher), Vec::new());
        let other = view(&who("b.liepa", "VUGD", Role::Dispatcher), Vec::new());
        assert!(Arc::ptr_eq(&one, &other), "another person, the same profile");
        let record = Grant::Named(GrantScope::Record(Uuid::from_u128(7)));
        let granted = view(&who("a.ozola", "VUGD", Role::Dispatcher), vec![record.clone()]);
        assert!(!Arc::ptr_eq(&one, &granted));
        assert!(granted.is_of(&policies, &[record]) && !granted.is_of(&policies, &[]));
        for different in [who("a.ozola", "VP", Role::Dispatcher), who("a.ozola", "VUGD", Role::Officer)] {
            assert!(!Arc::ptr_eq(&one, &view(&different, Vec::new())), "{different:?}");
        }
        let adopted = Arc::new(Policies::embedded().expect("sound policies"));
        let under_others = profiles.view(Arc::clone(&adopted), &who("a.ozola", "VUGD", Role::Dispatcher), Vec::new());
        assert!(!Arc::ptr_eq(&one, &under_others), "other policies are in force");
        assert!(!one.is_of(&adopted, &[]));
    }
}

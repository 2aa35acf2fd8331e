//! Who goes on reading while the register's database is away.

use crate::policy::{InstitutionKind, Institutions};
use crate::principal::{Principal, Purpose};

/// Whether somebody goes on reading, from a copy, while the register's database is away: who sends help, at the 112 centre and at the
/// services that it sends, for that purpose. All others wait. What they see is decided by the same policies as always.
pub fn goes_on(institutions: &Institutions, who: &Principal) -> bool {
    let sends_help = matches!(
        institutions.kind(&who.institution),
        InstitutionKind::EmergencyCentre | InstitutionKind::FireRescue | InstitutionKind::Ambulance
    );
    sends_help && who.purpose == Purpose::Response
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, Utc};

    use super::*;
    use crate::policy::Policies;
    use crate::principal::{Institution, Role};

    fn who(institution: &str, purpose: Purpose) -> Principal {
        let institution = Institution::parse(institution).expect("a code");
        Principal::new("a", institution, vec![Role::Dispatcher], purpose, Utc::now() + TimeDelta::hours(1))
    }

    #[test]
    fn who_sends_help_goes_on_for_that_purpose_and_nobody_else() {
        let policies = Policies::embedded().expect("sound");
        let goes_on = |institution, purpose| goes_on(policies.institutions(), &who(institution, purpose));
        for institution in ["112", "VKCP", "VUGD", "NMPD"] {
            assert!(goes_on(institution, Purpose::Response), "{institution}");
            assert!(!goes_on(institution, Purpose::Audit), "{institution}");
        }
        for institution in ["VP", "RPP", "PP-VALMIERA", "IC", "unknown"] {
            assert!(!goes_on(institution, Purpose::Response), "{institution}");
        }
    }
}

//! Who may do what: by role and purpose. Territory, class and relation to the case come with the policies.

use crate::error::AccessError;
use crate::principal::{Principal, Purpose, Role};

impl Principal {
    /// May record: dispatchers, officers, supervisors and connected systems.
    ///
    /// # Errors
    /// [`AccessError::NotAllowed`].
    pub fn check_command(&self) -> Result<(), AccessError> {
        let writes = |role: &Role| matches!(role, Role::Dispatcher | Role::Officer | Role::Supervisor | Role::System);
        self.require(self.roles.iter().any(writes), "send commands")
    }

    /// May have personal data erased, or kept: supervisors, for administration.
    ///
    /// # Errors
    /// [`AccessError::NotAllowed`].
    pub fn check_retention(&self) -> Result<(), AccessError> {
        let decides = self.roles.contains(&Role::Supervisor) && self.purpose == Purpose::Administration;
        self.require(decides, "decide on the erasure of personal data")
    }

    /// May look: every role there is; what is shown of persons is another question.
    ///
    /// # Errors
    /// [`AccessError::NotAllowed`].
    pub fn check_query(&self) -> Result<(), AccessError> {
        self.require(!self.roles.is_empty(), "query the register")
    }

    /// Whether narrative, caller, reporter and persons are shown: to those who work on cases, for a purpose that needs it.
    pub fn sees_personal_data(&self) -> bool {
        let works = |role: &Role| matches!(role, Role::Dispatcher | Role::Officer | Role::Supervisor);
        let needs = match self.purpose {
            Purpose::Response | Purpose::Investigation | Purpose::Prevention | Purpose::Administration => true,
            Purpose::Statistics | Purpose::Audit | Purpose::Operation => false,
        };
        needs && self.roles.iter().any(works)
    }

    fn require(&self, holds: bool, action: &'static str) -> Result<(), AccessError> {
        if holds {
            return Ok(());
        }
        let (roles, purpose) = (self.role_names(), self.purpose.to_string());
        Err(AccessError::NotAllowed { roles, purpose, action })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principal::Institution;

    fn principal(role: Role, purpose: Purpose) -> Principal {
        let institution = Institution::parse("VP").expect("a code");
        Principal::new("test", institution, vec![role], purpose, chrono::Utc::now())
    }

    #[test]
    fn only_those_who_act_send_commands() {
        let may = |role| principal(role, Purpose::Response).check_command().is_ok();
        let allowed: Vec<_> = Role::ALL.iter().copied().filter(|role| may(*role)).collect();
        assert_eq!(allowed, [Role::Dispatcher, Role::Officer, Role::Supervisor, Role::System]);
        let refused = principal(Role::Analyst, Purpose::Statistics).check_command().expect_err("an analyst");
        assert_eq!(refused.to_string(), "role analyst for purpose statistics may not send commands");
        assert!(!refused.is_unauthenticated());
    }

    #[test]
    fn personal_data_needs_both_a_role_and_a_purpose() {
        let sees = |role: Role| {
            let purposes = Purpose::ALL.iter().filter(move |purpose| principal(role, **purpose).sees_personal_data());
            purposes.map(|purpose| purpose.name()).collect::<Vec<_>>()
        };
        for role in [Role::Dispatcher, Role::Officer, Role::Supervisor] {
            assert_eq!(sees(role), ["response", "investigation", "prevention", "administration"], "{role}");
        }
        for role in [Role::Auditor, Role::Analyst, Role::System] {
            assert!(sees(role).is_empty(), "{role}");
        }
    }
}

//! What has to hold of a version of the policies before it is proposed, and how it is put in force.

use domain::access_policy::PolicyText;
use domain::values::ContentDigest;
use ring::digest::{SHA256, digest};
use schema::TextFile;

use super::action::Action;
use super::error::PolicyErrors;
use super::profile::{AccessProfile, RecordProfile, Roles};
use super::resource::{Class, RecordKind, Relation};
use super::set::Policies;
use crate::principal::{Institution, Purpose, Role};

/// Checks a text as this program would read it, and gives the digest that it is proposed and adopted under. What is proposed has to
/// pass, or else it is adopted and nobody can decide by it.
///
/// # Errors
/// All that is wrong, at once.
pub fn check(text: &PolicyText) -> Result<ContentDigest, PolicyErrors> {
    Policies::of(text).map(|policies| policies.digest().clone())
}

/// Digest of what policies may speak about: the Cedar schema that this program came with.
pub fn schema_digest() -> ContentDigest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, schema::POLICY_SCHEMA.as_bytes()).as_ref());
    ContentDigest::of(bytes)
}

impl Policies {
    /// The policies of a text that was proposed or adopted.
    ///
    /// # Errors
    /// All that is wrong, at once.
    pub fn of(text: &PolicyText) -> Result<Self, PolicyErrors> {
        let files: Vec<TextFile<'_>> =
            text.files().map(|(name, text)| TextFile { name: name.as_str(), text }).collect();
        Self::parse(&files)
    }

    /// Whether somebody could put another version in force: in some role of an institution of the table, for some purpose, with a
    /// reference, as the second person. Where nobody could, these policies would be the last.
    pub fn can_be_replaced(&self) -> bool {
        let institutions = self.institutions().entries().iter().filter_map(|entry| {
            let code = entry.code.as_ref().or(entry.prefix.as_ref())?;
            // What stands for several is asked for as one of them.
            let code = if entry.code.is_some() { code.clone() } else { format!("{code}X") };
            Some((Institution::parse(&code).ok()?, entry.kind))
        });
        institutions.into_iter().any(|(institution, kind)| {
            let what = RecordProfile {
                kind: RecordKind::Register,
                class: Class::default(),
                relation: Relation::Own,
                owner_kind: kind,
                granted: false,
                broken_glass: false,
                second_person: true,
            };
            Purpose::ALL.iter().any(|purpose| {
                Role::ALL.iter().any(|role| {
                    let who = AccessProfile {
                        institution: institution.clone(),
                        kind,
                        roles: Roles::default().with(*role),
                        purpose: *purpose,
                        has_reference: true,
                        trained: true,
                    };
                    self.decide_profile(&who, &what, Action::AdoptPolicy).allowed
                })
            })
        })
    }
}

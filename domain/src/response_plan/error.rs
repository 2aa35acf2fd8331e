use thiserror::Error;

use super::PlanContent;
use crate::kernel::Rule;
use crate::terms::{Service, UnitKind};
use crate::values::{Actor, Code, ContentDigest, InstitutionCode, Station};

/// Rules of a response plan that a command can break.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanError {
    /// The plan has another code: it is told by it, for ever.
    #[error("this plan is `{code}`: a plan keeps its code, propose another plan under another one")]
    OtherCode {
        /// Code of the plan.
        code: Code,
    },
    /// Another content waits.
    #[error("{by} has proposed a content of this plan already: approve or reject it first")]
    AlreadyProposed {
        /// Who.
        by: Actor,
    },
    /// Nothing waits.
    #[error("no content of this plan is proposed: propose one first, another person then approves it")]
    NotProposed,
    /// Another content than was read.
    #[error("the content that is proposed has the digest {proposed}: read it and decide on that one")]
    OtherContent {
        /// Digest of what is proposed.
        proposed: ContentDigest,
    },
    /// One person alone puts nothing into force.
    #[error("{by} has proposed this content: another person must approve it")]
    SamePerson {
        /// Who.
        by: Actor,
    },
    /// No version is in force.
    #[error("no version of this plan is in force: there is nothing to retire")]
    NotInForce,
    /// Another version than was meant.
    #[error("version {in_force} of this plan is in force, not {stated}: read that one and state it")]
    OtherVersion {
        /// The version in force.
        in_force: u32,
        /// The version that was stated.
        stated: u32,
    },
    /// Hours without a minute.
    #[error("the hours begin and end at minute {minute}: leave them out for the whole day")]
    NoHours {
        /// Where they begin and end.
        minute: u16,
    },
    /// Levels are 1, 2, 3 … without a gap.
    #[error(
        "the alarm levels are {levels:?}: state them in order from 1 on without a gap, {} at most",
        PlanContent::MOST_LEVELS
    )]
    Levels {
        /// As they were stated.
        levels: Vec<u8>,
    },
    /// A level that sends nobody, or everybody.
    #[error("alarm level {level} has {count} needs: it has at least one and at most {}", PlanContent::MOST_NEEDS)]
    Needs {
        /// Level.
        level: u8,
        /// How many.
        count: usize,
    },
    /// The same need twice in a level.
    #[error(
        "alarm level {level} needs {kind} of {service} twice with the same crew and equipment: state one need with the sum"
    )]
    NeedTwice {
        /// Level.
        level: u8,
        /// Service.
        service: Service,
        /// Kind of unit.
        kind: UnitKind,
    },
    /// A greater alarm sends fewer.
    #[error(
        "alarm level {level} sends fewer {kind} of {service} than the one below it: each level states all that is needed"
    )]
    LevelShrinks {
        /// The greater level.
        level: u8,
        /// Service.
        service: Service,
        /// Kind of unit.
        kind: UnitKind,
    },
    /// Too many lines on what must stay.
    #[error("{count} lines say what must stay: {} at most", PlanContent::MOST_COVERAGE)]
    TooMuchCoverage {
        /// How many.
        count: usize,
    },
    /// Two lines on what must stay at one place.
    #[error("what must stay of {kind} at {} is stated twice: state it once", at(institution, station.as_ref()))]
    CoverageTwice {
        /// Institution.
        institution: InstitutionCode,
        /// Station.
        station: Option<Station>,
        /// Kind of unit.
        kind: UnitKind,
    },
}

fn at(institution: &InstitutionCode, station: Option<&Station>) -> String {
    station.map_or_else(|| institution.to_string(), |station| format!("{station} of {institution}"))
}

impl Rule for PlanError {
    fn rule(&self) -> &'static str {
        match self {
            Self::OtherCode { .. } => "plan_has_other_code",
            Self::AlreadyProposed { .. } => "plan_already_proposed",
            Self::NotProposed => "plan_not_proposed",
            Self::OtherContent { .. } => "plan_has_other_content",
            Self::SamePerson { .. } => "plan_needs_two_persons",
            Self::NotInForce => "plan_not_in_force",
            Self::OtherVersion { .. } => "plan_has_other_version",
            Self::NoHours { .. } => "plan_hours_are_empty",
            Self::Levels { .. } => "plan_levels_have_gaps",
            Self::Needs { .. } => "plan_level_needs",
            Self::NeedTwice { .. } => "plan_need_stated_twice",
            Self::LevelShrinks { .. } => "plan_level_sends_fewer",
            Self::TooMuchCoverage { .. } => "plan_coverage_too_long",
            Self::CoverageTwice { .. } => "plan_coverage_stated_twice",
        }
    }
}

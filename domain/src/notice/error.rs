use chrono::{DateTime, FixedOffset};
use thiserror::Error;

use crate::kernel::Rule;
use crate::values::InstitutionCode;

/// Rules of a notice that a command can break.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoticeError {
    /// There is no such notice.
    #[error("there is no such notice: the register issues notices itself, see which there are")]
    NotIssued,
    /// It is for somebody else.
    #[error("this notice is for {recipient}: only they fetch and acknowledge it")]
    OtherRecipient {
        /// For whom.
        recipient: InstitutionCode,
    },
    /// It is not late yet.
    #[error("this notice may be acknowledged until {due_by}: it is not late yet")]
    NotDue {
        /// Until when.
        due_by: DateTime<FixedOffset>,
    },
}

impl Rule for NoticeError {
    fn rule(&self) -> &'static str {
        match self {
            Self::NotIssued => "notice_not_issued",
            Self::OtherRecipient { .. } => "notice_of_other_recipient",
            Self::NotDue { .. } => "notice_not_due",
        }
    }
}

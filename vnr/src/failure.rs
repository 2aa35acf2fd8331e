//! How a command ends when it does not end well.

use std::process::ExitCode;

use crate::settings::SettingsError;

/// Why a command did not do what it was asked, by exit code.
#[derive(Debug)]
pub enum Failure {
    /// 1: it could not.
    Failed(anyhow::Error),
    /// 2: it was asked wrongly.
    Usage(String),
    /// 3: it did, and what it checked is not right. It has said so already.
    CheckFailed,
}

impl Failure {
    /// The exit code.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Failed(_) => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
            Self::CheckFailed => ExitCode::from(3),
        }
    }

    /// What to tell: the sentence, and below it what it comes from.
    pub fn message(&self) -> Option<String> {
        match self {
            Self::Failed(error) => {
                let mut text = format!("vnr: {error}");
                let mut last = error.to_string();
                for cause in error.chain().skip(1) {
                    let cause = cause.to_string();
                    // A library that repeats its cause in its own message need not be heard twice.
                    if !last.contains(&cause) {
                        text.push_str(&format!("\n  because {cause}"));
                    }
                    last = cause;
                }
                Some(text)
            }
            Self::Usage(text) => Some(format!("vnr: {text}")),
            Self::CheckFailed => None,
        }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        match error.downcast::<SettingsError>() {
            Ok(wrong) => Self::Usage(wrong.to_string()),
            Err(error) => Self::Failed(error),
        }
    }
}

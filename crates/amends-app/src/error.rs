use crate::postmortem::{Finding, in_short};
use amends_model::{Action, FieldErrors, Resource};
use amends_store::StoreError;
use serde_json::Value as Json;

/// Everything a use case can answer besides its result. Closed: `web` turns each into one problem document or page, the
/// command line into one message and exit code.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Fields that were not understood; each with what to do.
    #[error("{0}")]
    Invalid(FieldErrors),
    /// There is none (or none that this caller may see).
    #[error("there is no {0} with this id")]
    NotFound(&'static str),
    /// Who is calling is not known.
    #[error("sign in or give a valid token first")]
    Unauthenticated,
    /// Who is calling may not do this.
    #[error(
        "this needs the right to {action} {}; ask an administrator for a role or token that has it", .resource.plural()
    )]
    Forbidden {
        /// What was tried.
        action: Action,
        /// On what.
        resource: Resource,
    },
    /// Somebody else changed it meanwhile. `current` is how it is now, so that nothing is overwritten unseen.
    #[error("somebody changed it meanwhile; look at how it is now, and save again")]
    Conflict {
        /// The resource as it is now.
        current: Box<Json>,
    },
    /// It cannot be done in the state that things are in; the text says why and what to do.
    #[error("{0}")]
    Refused(String),
    /// The linter found errors in a text that is to be published.
    #[error(
        "the linter finds errors in the text, so it is not published: {}; mend them, or publish it despite the findings with \
         a reason",
        in_short(.0)
    )]
    Findings(Vec<Finding>),
    /// Too often; when to try again.
    #[error("too many tries; try again in {seconds} seconds")]
    TooMany {
        /// Seconds until then.
        seconds: u64,
    },
    /// The database or another part cannot be reached just now. Nothing was changed.
    #[error("{0}; nothing was changed, try again in a moment")]
    Unavailable(String),
    /// The disk is full. What was known is shown; nothing was changed.
    #[error("{0}; nothing was changed, try again when there is room")]
    Full(String),
    /// A fault of ours. The text is for the log, not for the public.
    #[error("{0}")]
    Internal(String),
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::FolderInUse(_) => {
                AppError::Unavailable(error.to_string())
            }
            StoreError::Full => AppError::Full(error.to_string()),
            StoreError::Refused(text) => AppError::Refused(text),
            StoreError::Duplicate(_) => AppError::Refused(format!("{error}; choose another")),
            other => AppError::Internal(other.to_string()),
        }
    }
}

impl From<FieldErrors> for AppError {
    fn from(errors: FieldErrors) -> Self {
        AppError::Invalid(errors)
    }
}

impl AppError {
    /// One field that was wrong.
    pub fn field(field: &str, detail: impl Into<String>) -> Self {
        let mut errors = FieldErrors::default();
        errors.add(field, detail);
        AppError::Invalid(errors)
    }

    /// A conflict with the resource as it is now.
    pub fn conflict<T: serde::Serialize>(current: &T) -> Self {
        match serde_json::to_value(current) {
            Ok(current) => AppError::Conflict { current: Box::new(current) },
            Err(error) => AppError::Internal(error.to_string()),
        }
    }
}

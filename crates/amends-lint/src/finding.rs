//! What a rule says about a place in the text.

use serde::{Deserialize, Serialize};

use crate::read::span::Span;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth a look.
    Hint,
    /// To be mended, or waived with a reason.
    Warning,
    /// Stops publishing.
    Error,
}

impl Level {
    /// The word used in output and configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Hint => "hint",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// Another place that belongs to a finding: the fact that conflicts with the first one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Where.
    pub span: Span,
    /// What it says there.
    pub message: String,
}

/// One replacement of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty to insert.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

/// A change that mends the finding and cannot alter what the text means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as a command: "Write 13:55".
    pub title: String,
    /// The replacements; they do not overlap.
    pub edits: Vec<Edit>,
}

/// What a rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The code of the rule; filled in by the engine.
    pub rule: &'static str,
    /// How much it matters here. A rule may lower it for a place; the engine puts the rule's level over it.
    pub level: Level,
    /// The words it is about.
    pub span: Span,
    /// What is wrong, with the facts that conflict. One sentence.
    pub message: String,
    /// How to write it instead.
    pub instead: Option<String>,
    /// The other places.
    pub related: Vec<Related>,
    /// A machine-applicable change, where one is safe.
    pub fix: Option<Fix>,
}

impl Finding {
    /// A finding about the words at `span`.
    pub fn at(span: Span, message: impl Into<String>) -> Finding {
        Finding {
            rule: "",
            level: Level::Error,
            span,
            message: message.into(),
            instead: None,
            related: Vec::new(),
            fix: None,
        }
    }

    /// Lowers the level for this place: what the rule looks for is likely, or does little harm here.
    #[must_use]
    pub fn at_most(mut self, level: Level) -> Finding {
        self.level = self.level.min(level);
        self
    }

    /// Says how to write it instead.
    #[must_use]
    pub fn instead(mut self, instead: impl Into<String>) -> Finding {
        self.instead = Some(instead.into());
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn with(mut self, span: Span, message: impl Into<String>) -> Finding {
        self.related.push(Related { span, message: message.into() });
        self
    }

    /// Offers a change that is safe to make by machine.
    #[must_use]
    pub fn fix(mut self, title: impl Into<String>, edits: Vec<Edit>) -> Finding {
        self.fix = Some(Fix { title: title.into(), edits });
        self
    }

    /// Offers to replace the words of the finding.
    #[must_use]
    pub fn replace(self, title: impl Into<String>, text: impl Into<String>) -> Finding {
        let span = self.span;
        self.fix(title, vec![Edit { span, text: text.into() }])
    }

    /// What is wrong and how to write it instead, in one line.
    pub fn full_message(&self) -> String {
        match &self.instead {
            Some(instead) => format!("{} {instead}", self.message),
            None => self.message.clone(),
        }
    }
}

//! Findings and readings as people and programs want them: terminal text, JSON, SARIF, GitHub's annotations.

mod github;
mod json;
mod place;
mod reading;
mod sarif;
mod terminal;

use crate::finding::Finding;
use crate::read::Reading;
use crate::read::document::Document;
use crate::read::span::Span;

pub use github::github;
pub use json::json;
pub use place::{Place, sentence};
pub use reading::reading;
pub use sarif::sarif;
pub use terminal::terminal;

/// A text with its findings.
#[derive(Debug)]
pub struct Judged<'a> {
    /// The name that is shown.
    pub path: &'a str,
    /// The text as it was read.
    pub reading: &'a Reading<'a>,
    /// What was found in it.
    pub findings: &'a [Finding],
}

/// The sentence or row in which a span begins, with secrets struck out: what may be shown of a text.
pub fn shown(document: &Document<'_>, span: Span) -> String {
    crate::secret::hidden(&sentence(document, span)).into_owned()
}

//! From Markdown to typed facts.

mod about;
mod action;
mod cause;
pub mod clock;
pub mod cues;
pub mod document;
pub mod facts;
pub mod front;
mod measure;
mod milestone;
pub(crate) mod number;
pub mod section;
pub mod span;
pub mod strength;
pub mod text;
mod timeline;
pub mod zone;

pub use document::Document;
pub use facts::Facts;
pub(crate) use timeline::sentence_end;

/// A text to read.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The name of its file, if it has one. A date in it counts ("2022-01-27-slow-site.md").
    pub path: Option<&'a str>,
    /// The Markdown.
    pub text: &'a str,
}

/// A text that was read.
#[derive(Debug)]
pub struct Reading<'a> {
    /// Its blocks and sections.
    pub document: Document<'a>,
    /// What they say.
    pub facts: Facts,
}

/// Reads a postmortem. Any text can be read; what is not understood is absent from the facts. Time and memory
/// are linear in the length of the text.
pub fn read(source: Source<'_>) -> Reading<'_> {
    let document = Document::parse(source.text, source.path);
    let context = timeline::Context::of(&document);
    let moments = timeline::moments(&document, &context);
    let milestones = milestone::choose(&document, &moments);
    let (durations, quantities) = measure::read(&document);
    let facts = Facts {
        title: about::title(&document),
        audience: about::audience(&document),
        causes: cause::causes(&document),
        whys: cause::whys(&document),
        actions: action::read(&document, &context),
        date: context.date,
        time_zone: context.zone,
        moments,
        milestones,
        durations,
        quantities,
    };
    Reading { document, facts }
}

//! A mail as a person reads it, before it is text or HTML. Each kind becomes one of these; the two renderers know
//! nothing about kinds, so the text part and the HTML part cannot say different things.

use amends_model::ComponentStatus;

/// The parts of a mail from top to bottom.
#[derive(Debug, Clone, Default)]
pub(super) struct View {
    /// What mail programs show beside the subject.
    pub(super) opening: String,
    /// Who writes, above the title, with a link.
    pub(super) from: (String, String),
    /// Shape, words, tone.
    pub(super) state: Option<State>,
    pub(super) title: String,
    /// Small lines beneath the title.
    pub(super) facts: Vec<String>,
    /// Paragraphs before the text, as plain words.
    pub(super) lead: Vec<String>,
    /// Clean Markdown.
    pub(super) text: String,
    pub(super) components: Vec<(ComponentStatus, String)>,
    /// Lines that stand out after the text.
    pub(super) promises: Vec<String>,
    /// Words and address of the one thing to do.
    pub(super) button: Option<(String, String)>,
    /// Lines beneath the button.
    pub(super) remarks: Vec<String>,
    /// Why somebody gets this.
    pub(super) because: String,
    /// Whether the recipient's own links stand at the end.
    pub(super) subscribed: bool,
}

#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) shape: &'static str,
    /// `ok`, `degraded`, `partial`, `major`, `maintenance`.
    pub(super) tone: &'static str,
    pub(super) words: String,
}

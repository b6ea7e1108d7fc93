//! What people write, made safe for each place that shows it.

use amends_app::markdown;
use amends_model::text::is_deceptive;

/// Markdown as safe HTML blocks beneath a heading of the page's sections.
pub fn blocks(text: &str) -> String {
    markdown::html_under(text, 2).trim().to_owned()
}

/// A letter as safe HTML blocks: its own title is the heading above.
pub fn letter(text: &str) -> String {
    markdown::html_under(text, 1).trim().to_owned()
}

/// Markdown as one line of plain text of at most `max` characters, for descriptions and lists.
pub fn excerpt(text: &str, max: usize) -> String {
    markdown::line(text, max)
}

/// A line of text as it may stand in any document: without characters that cannot be seen or turn the direction.
pub fn line(text: &str) -> String {
    text.chars().map(|c| if c == '\n' || c == '\t' { ' ' } else { c }).filter(|c| !is_deceptive(*c)).collect()
}

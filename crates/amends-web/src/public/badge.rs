//! Small pictures of the state: the badge for other sites' pages, and the icon of the browser's tab.

use super::feeds::xml;
use super::markdown;
use super::sentence::sentence;
use amends_model::ComponentStatus;
use amends_model::page::PublicRecord;
use jiff::Timestamp;

const fn colour(state: ComponentStatus) -> &'static str {
    match state {
        ComponentStatus::Operational => "#19754a",
        ComponentStatus::UnderMaintenance => "#3454a4",
        ComponentStatus::DegradedPerformance => "#835800",
        ComponentStatus::PartialOutage => "#a84400",
        ComponentStatus::MajorOutage => "#b3261e",
    }
}

/// The word of the page's state on the badge. Never "operational" or "working" while an incident is open.
fn word(record: &PublicRecord, now: Timestamp) -> (ComponentStatus, &'static str) {
    let sentence = sentence(record, now);
    match sentence.state {
        ComponentStatus::Operational if sentence.open => (sentence.state, "Looking into it"),
        ComponentStatus::Operational => (sentence.state, "All working"),
        state => (state, state.label()),
    }
}

/// `badge.svg`: name, shape and word of the state. Its text has a width of its own, so that it fits in any font.
pub fn badge(record: &PublicRecord, now: Timestamp) -> Vec<u8> {
    let (state, word) = word(record, now);
    let name: String = markdown::line(&record.page.name).chars().take(32).collect();
    let (left, right) = (width(&name).max(8), width(word));
    let (split, total) = (left + 20, left + right + 54);
    let (name, fill) = (xml(&name), colour(state));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{total}\" height=\"24\" viewBox=\"0 0 {total} 24\" role=\"img\" \
         aria-label=\"{name}: {word}\"><title>{name}: {word}</title><rect width=\"{total}\" height=\"24\" rx=\"6\" \
         fill=\"{fill}\"/><path d=\"M6 0h{a}v24H6a6 6 0 0 1-6-6V6a6 6 0 0 1 6-6z\" fill=\"#2b3038\"/>{shape}<g fill=\"#fff\" \
         font-family=\"system-ui,-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif\" font-size=\"12\"><text x=\"10\" y=\"16\" \
         textLength=\"{left}\" lengthAdjust=\"spacingAndGlyphs\">{name}</text><text x=\"{b}\" y=\"16\" textLength=\"{right}\" \
         lengthAdjust=\"spacingAndGlyphs\">{word}</text></g></svg>",
        a = split - 6,
        b = split + 24,
        shape = shape(state, split as f64 + 14.0, 12.0, 5.0, "#fff"),
    )
    .into_bytes()
}

/// The icon of the tab: the shape of the state in its colour.
pub fn icon(state: ComponentStatus) -> Vec<u8> {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"><rect width=\"32\" height=\"32\" rx=\"8\" \
         fill=\"{}\"/>{}</svg>",
        colour(state),
        shape(state, 16.0, 16.0, 8.5, "#fff")
    )
    .into_bytes()
}

/// How wide a text is in the usual sans fonts at 12 px; `textLength` then makes it so.
fn width(text: &str) -> usize {
    let tenths = |c: char| match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 30,
        'f' | 'r' | 't' | '-' | '(' | ')' | ' ' | '"' => 42,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 101,
        'A'..='Z' | '&' => 82,
        '\0'..='\u{7f}' => 67,
        '\u{80}'..='\u{24f}' | '\u{370}'..='\u{5ff}' => 70,
        _ => 120,
    };
    text.chars().map(tenths).sum::<usize>() / 10
}

fn shape(state: ComponentStatus, x: f64, y: f64, r: f64, fill: &str) -> String {
    let ring = format!(
        "<circle cx=\"{x}\" cy=\"{y}\" r=\"{}\" fill=\"none\" stroke=\"{fill}\" stroke-width=\"{}\"/>",
        r * 0.88,
        r * 0.24
    );
    match state {
        ComponentStatus::Operational => format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\" fill=\"{fill}\"/>"),
        ComponentStatus::DegradedPerformance => {
            format!("{ring}<path d=\"M{x} {}a{r} {r} 0 0 0 0 {}z\" fill=\"{fill}\"/>", y - r, 2.0 * r)
        }
        ComponentStatus::PartialOutage => {
            format!("{ring}<path d=\"M{x} {}a{r} {r} 0 0 1 0 {}z\" fill=\"{fill}\"/>", y - r, 2.0 * r)
        }
        ComponentStatus::MajorOutage => {
            let (s, side) = (r * 0.9, r * 1.8);
            format!(
                "<rect x=\"{}\" y=\"{}\" width=\"{side}\" height=\"{side}\" fill=\"{fill}\"/>",
                x - s,
                y - s
            )
        }
        ComponentStatus::UnderMaintenance => format!(
            "<path d=\"M{x} {}l{r} {r}l-{r} {r}l-{r} -{r}z\" fill=\"none\" stroke=\"{fill}\" stroke-width=\"{}\"/>",
            y - r,
            r * 0.26
        ),
    }
}

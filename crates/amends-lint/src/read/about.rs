//! Title and audience.

use super::document::{Block, BlockKind, Document};
use super::facts::{Audience, Said};
use super::span::Span;

/// What the text is called: the first heading of the highest level, or the title of the front matter.
pub(super) fn title(document: &Document<'_>) -> Option<Said<String>> {
    let heading = |level: u8| {
        document
            .blocks
            .iter()
            .find(|block| block.kind == BlockKind::Heading(level) && !block.embedded && !block.quoted)
    };
    let names_section =
        |block: &Block| document.sections.get(block.section).is_some_and(|section| !section.own.is_none());
    let first = heading(1);
    let front = document.front.as_ref().and_then(|front| front.get("title"));
    // "# Timeline" is the name of a section, and a heading far down is that of an appendix, where front matter has a title.
    let opens = |block: &Block| {
        document
            .blocks
            .iter()
            .find(|other| matches!(other.kind, BlockKind::Heading(_)) && !other.embedded)
            .is_some_and(|other| other.span == block.span)
    };
    // Where every section has a heading of the first level, the first of them is no title.
    let titles = document
        .blocks
        .iter()
        .filter(|block| block.kind == BlockKind::Heading(1) && !block.embedded && !block.quoted);
    let sections = titles.filter(|block| names_section(block)).count() >= 2;
    let entitled = |block: &Block| match front {
        Some(_) => !names_section(block) && opens(block),
        None => !(sections && names_section(block)),
    };
    if let Some(block) = first.filter(|block| entitled(block)) {
        return Some(said(document, block));
    }
    if let Some(field) = document.front.as_ref().and_then(|front| front.get("title"))
        && !field.value.trim().is_empty()
    {
        let line = document.line(field.span.start);
        return Some(Said { value: field.value.trim().to_owned(), span: field.span, line });
    }
    // A report may begin with its title as a heading of the second level; a section's name is no title.
    let first = document
        .blocks
        .iter()
        .find(|block| matches!(block.kind, BlockKind::Heading(_)) && !block.embedded)?;
    (!names_section(first) && !is_field(first.text.as_str())).then(|| said(document, first))
}

/// "Owner: Ada" as a heading.
fn is_field(text: &str) -> bool {
    let fields = ["owner", "author", "date", "involved", "status", "severity", "meeting", "reviewers"];
    let key = text.split_once(':').map(|(key, _)| key.trim().to_lowercase());
    key.is_some_and(|key| fields.iter().any(|field| key.trim_end_matches('s') == field.trim_end_matches('s')))
}

fn said(document: &Document<'_>, block: &Block) -> Said<String> {
    let text = block.text.as_str().trim().trim_end_matches(['#', ' ']);
    let text = text.strip_prefix("Title:").unwrap_or(text).trim();
    let span = block.text.whole();
    Said { value: text.replace('\n', " "), span, line: document.line(span.start) }
}

/// For whom it is written, if front matter, a label or a sentence says so.
pub(super) fn audience(document: &Document<'_>) -> Option<Said<Audience>> {
    if let Some(field) = document.front.as_ref().and_then(|front| front.get("audience"))
        && let Some(value) = named(&field.value)
    {
        return Some(Said { value, span: field.span, line: document.line(field.span.start) });
    }
    document.blocks.iter().filter(|block| block.is_prose() && !block.quoted).find_map(|block| {
        let text = block.text.as_str();
        let label = text.find(':').filter(|at| *at <= 24 && text[..*at].eq_ignore_ascii_case("audience"));
        let labelled = label.and_then(|at| named(text.get(at + 1..)?.lines().next()?));
        let (value, start, end) = match labelled {
            Some(value) => (value, 0, text.lines().next().map_or(0, str::len)),
            None => thanked(text)?,
        };
        let span: Span = block.text.span(start, end);
        Some(Said { value, span, line: document.line(span.start) })
    })
}

fn named(value: &str) -> Option<Audience> {
    let value = value.to_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| value.contains(word));
    if any(&["internal", "company", "employees", "team", "engineering"]) {
        Some(Audience::Internal)
    } else if any(&["customer", "public", "external", "user", "everyone"]) {
        Some(Audience::Customers)
    } else {
        None
    }
}

/// Who is thanked for patience is a customer.
fn thanked(text: &str) -> Option<(Audience, usize, usize)> {
    const PHRASES: [&str; 7] = [
        "your patience",
        "your continued confidence",
        "your continued support",
        "our customers, we",
        "thank you for your understanding",
        "dear customer",
        "to all our customers",
    ];
    let lower = text.to_ascii_lowercase();
    PHRASES.iter().find_map(|phrase| {
        let at = lower.find(phrase)?;
        Some((Audience::Customers, at, at + phrase.len()))
    })
}

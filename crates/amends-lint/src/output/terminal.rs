//! Findings for the terminal: the source line with carets, the other places under it, and what to write instead.

use annotate_snippets::{AnnotationKind, Group, Level as Mark, Renderer, Snippet};

use super::Judged;
use crate::finding::{Finding, Level};
use crate::read::document::Document;
use crate::read::span::Span;
use crate::secret;

/// How much of a long line is shown before and after the words, in bytes.
const AROUND: usize = 160;

/// One block per finding. `colour` for a terminal that shows it.
pub fn terminal(file: &Judged<'_>, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    // What the terminal shows ends up in logs.
    let source = secret::hidden(file.reading.document.source);
    let mut out = String::new();
    for finding in file.findings {
        out.push_str(&renderer.render(&report(file.path, &file.reading.document, &source, finding)));
        out.push_str("\n\n");
    }
    out
}

fn report<'a>(
    path: &'a str,
    document: &'a Document<'_>,
    source: &'a str,
    finding: &'a Finding,
) -> Vec<Group<'a>> {
    let level = match finding.level {
        Level::Error => Mark::ERROR,
        Level::Warning => Mark::WARNING,
        Level::Hint => Mark::INFO.with_name(Some("hint")),
    };
    let mut group = level.primary_title(finding.message.as_str()).id(finding.rule).element(snippet(
        path,
        document,
        source,
        finding.span,
        AnnotationKind::Primary,
        "",
    ));
    for related in &finding.related {
        group = group.element(snippet(
            path,
            document,
            source,
            related.span,
            AnnotationKind::Context,
            &related.message,
        ));
    }
    let mut report = vec![group];
    if let Some(instead) = &finding.instead {
        report.push(Group::with_title(Mark::HELP.secondary_title(instead.as_str())));
    }
    report
}

/// The line in which the words begin, with a mark under them. What goes over the end of the line is left out.
fn snippet<'a>(
    path: &'a str,
    document: &'a Document<'_>,
    source: &'a str,
    span: Span,
    kind: AnnotationKind,
    label: &'a str,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let number = document.lines.line(span.start);
    let line = document.lines.span_of_line(source, number);
    let start = span.start.clamp(line.start, line.end);
    let end = span.end.clamp(start, line.end);
    let from = boundary(source, line.start.max(start.saturating_sub(AROUND)));
    let to = boundary(source, line.end.min(end.saturating_add(AROUND)).min(start + 4 * AROUND));
    let end = end.min(to.max(start));
    let shown = source.get(from..to.max(from)).unwrap_or_default();
    let mark = start.saturating_sub(from).min(shown.len())..end.saturating_sub(from).min(shown.len());
    let annotation = kind.span(mark);
    let annotation = if label.is_empty() { annotation } else { annotation.label(label) };
    Snippet::source(shown).path(path).line_start(number).annotation(annotation)
}

fn boundary(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

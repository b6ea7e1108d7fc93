//! Waivers in the text: `<!-- amends: allow T14 nobody was on call that night -->`.
//!
//! A waiver counts for its own line and for the block after it; after a heading for the section under it when it
//! stands before that heading, and for the whole text when it stands before everything. Several codes may be named,
//! with commas between them. A reason is needed: what is accepted should say why.

use crate::finding::Finding;
use crate::read::document::{BlockKind, Document};
use crate::read::span::Span;

/// A waiver as written.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// The comment.
    pub span: Span,
    /// The codes that it allows.
    pub codes: Vec<String>,
    /// Why.
    pub reason: String,
    /// Where it counts.
    scopes: Vec<Span>,
}

impl Waiver {
    /// True if the finding is allowed by it.
    pub fn covers(&self, finding: &Finding) -> bool {
        let here = |span: Span| {
            self.scopes
                .iter()
                .any(|scope| span.start < scope.end.max(scope.start + 1) && span.end >= scope.start)
        };
        !self.reason.is_empty()
            && self.codes.iter().any(|code| code == finding.rule)
            && (here(finding.span) || finding.related.iter().any(|related| here(related.span)))
    }
}

/// Every waiver of the document, in order.
pub fn waivers(document: &Document<'_>) -> Vec<Waiver> {
    document.comments.iter().filter_map(|comment| waiver(document, comment.span, &comment.text)).collect()
}

fn waiver(document: &Document<'_>, span: Span, text: &str) -> Option<Waiver> {
    let rest = text.trim().strip_prefix("amends:")?.trim_start();
    let rest = rest.strip_prefix("allow")?.trim_start();
    let mut codes = Vec::new();
    let mut reason = rest;
    while let Some(word) = reason.split_whitespace().next() {
        let code = word.trim_end_matches([',', ':']);
        let is_code = code.len() == 3
            && code.starts_with(|c: char| c.is_ascii_alphabetic())
            && code[1..].bytes().all(|byte| byte.is_ascii_digit());
        if !is_code {
            break;
        }
        codes.push(code.to_ascii_uppercase());
        reason = reason.trim_start()[word.len()..].trim_start();
    }
    let reason = reason.trim_matches(['-', '–', '—', ':', ' ', '\n']);
    // What editors put there to be replaced is no reason.
    let reason = if reason == PLACEHOLDER { String::new() } else { reason.to_owned() };
    Some(Waiver { span, codes, reason, scopes: scopes(document, span) })
}

/// Stands in a new waiver where the reason belongs.
const PLACEHOLDER: &str = "why";

/// A waiver for a finding that somebody is to give a reason for: where it goes and its text.
pub fn insertion(document: &Document<'_>, finding: &Finding) -> (usize, String) {
    let comment = format!("<!-- amends: allow {} {PLACEHOLDER} -->", finding.rule);
    // Front matter knows no comments of this kind; behind it the waiver counts for the whole text.
    if let Some(front) = document.front.as_ref().filter(|front| front.span.contains(finding.span.start)) {
        return (front.span.end, format!("\n\n{comment}"));
    }
    let line = document.lines.span_of_line(document.source, document.line(finding.span.start));
    let table = document.slice(line).trim_end().ends_with('|');
    if table {
        let end = line.start + document.slice(line).trim_end().len() - 1;
        return (end, format!("{comment} "));
    }
    (line.end, format!(" {comment}"))
}

fn scopes(document: &Document<'_>, span: Span) -> Vec<Span> {
    let line = document.lines.span_of_line(document.source, document.line(span.start));
    let mut scopes = vec![line];
    let next = document.blocks.partition_point(|block| block.span.start < span.end);
    let first = document.blocks.iter().all(|block| block.text.is_blank() || block.span.start >= span.end);
    if first {
        scopes.push(Span::new(0, document.source.len()));
        return scopes;
    }
    // A comment behind words on its line is about that line.
    let alone = document.source.get(line.start..span.start).is_some_and(|before| before.trim().is_empty());
    let Some(block) = document.blocks.get(next).filter(|_| alone) else { return scopes };
    let end = match block.kind {
        BlockKind::Heading(level) => document.blocks[next + 1..]
            .iter()
            .find(|later| matches!(later.kind, BlockKind::Heading(other) if other <= level))
            .map_or(document.source.len(), |later| later.span.start),
        _ => block.span.end,
    };
    scopes.push(Span::new(block.span.start, end));
    scopes
}

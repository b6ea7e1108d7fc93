//! Findings as JSON: one array of objects for all texts.

use serde::Serialize;

use super::place::Place;
use super::{Judged, shown};
use crate::finding::{Finding, Level};
use crate::read::document::Document;

#[derive(Serialize)]
struct Item<'a> {
    rule: &'static str,
    level: Level,
    path: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    message: String,
    text: String,
    related: Vec<Related<'a>>,
    fix: Option<Fix<'a>>,
}

#[derive(Serialize)]
struct Related<'a> {
    path: &'a str,
    line: usize,
    column: usize,
    text: String,
    message: &'a str,
}

#[derive(Serialize)]
struct Fix<'a> {
    title: &'a str,
    edits: Vec<Edit<'a>>,
}

#[derive(Serialize)]
struct Edit<'a> {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    text: &'a str,
}

/// An array of `{rule, level, path, line, column, end_line, end_column, message, text, related, fix}`. Lines and columns
/// count from 1, columns in characters; `text` is the sentence or row that the finding is about.
pub fn json(files: &[Judged<'_>]) -> String {
    let items: Vec<Item<'_>> = files
        .iter()
        .flat_map(|file| file.findings.iter().map(|finding| item(file.path, &file.reading.document, finding)))
        .collect();
    // Structs of strings and numbers can always be written.
    serde_json::to_string_pretty(&items).unwrap_or_default() + "\n"
}

fn item<'a>(path: &'a str, document: &Document<'_>, finding: &'a Finding) -> Item<'a> {
    let Place { line, column, end_line, end_column } = Place::of(document, finding.span);
    let related = finding.related.iter().map(|related| {
        let place = Place::of(document, related.span);
        let text = shown(document, related.span);
        Related { path, line: place.line, column: place.column, text, message: &related.message }
    });
    let fix = finding.fix.as_ref().map(|fix| Fix {
        title: &fix.title,
        edits: fix
            .edits
            .iter()
            .map(|edit| {
                let Place { line, column, end_line, end_column } = Place::of(document, edit.span);
                Edit { line, column, end_line, end_column, text: &edit.text }
            })
            .collect(),
    });
    Item {
        rule: finding.rule,
        level: finding.level,
        path,
        line,
        column,
        end_line,
        end_column,
        message: finding.full_message(),
        text: shown(document, finding.span),
        related: related.collect(),
        fix,
    }
}

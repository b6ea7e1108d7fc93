//! Findings as SARIF 2.1.0, which code hosts and editors read.

use serde_json::{Value, json};

use super::{Judged, Place};
use crate::finding::{Finding, Level};
use crate::read::document::Document;
use crate::read::span::Span;
use crate::rules;

/// A SARIF log with one run. `version` is that of the program.
pub fn sarif(files: &[Judged<'_>], version: &str) -> String {
    let catalogue: Vec<Value> = rules::ALL
        .iter()
        .map(|rule| {
            json!({
                "id": rule.code,
                "shortDescription": { "text": rule.title() },
                "help": { "text": rule.manual(), "markdown": rule.manual() },
                "defaultConfiguration": { "level": level(rule.level) },
            })
        })
        .collect();
    let results: Vec<Value> =
        files.iter().flat_map(|file| file.findings.iter().map(|finding| result(file, finding))).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "amends", "version": version, "rules": catalogue } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    // A value of strings and numbers can always be written.
    serde_json::to_string_pretty(&log).unwrap_or_default() + "\n"
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Hint => "note",
    }
}

fn result(file: &Judged<'_>, finding: &Finding) -> Value {
    let document = &file.reading.document;
    let related: Vec<Value> = finding
        .related
        .iter()
        .enumerate()
        .map(|(index, related)| {
            let mut location = location(file.path, document, related.span);
            location["id"] = json!(index + 1);
            location["message"] = json!({ "text": related.message });
            location
        })
        .collect();
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": rules::ALL.iter().position(|rule| rule.code == finding.rule),
        "level": level(finding.level),
        "message": { "text": finding.full_message() },
        "locations": [location(file.path, document, finding.span)],
        "relatedLocations": related,
    });
    if let Some(fix) = &finding.fix {
        let replacements: Vec<Value> = fix
            .edits
            .iter()
            .map(|edit| json!({ "deletedRegion": region(document, edit.span), "insertedContent": { "text": edit.text } }))
            .collect();
        result["fixes"] = json!([{
            "description": { "text": fix.title },
            "artifactChanges": [{ "artifactLocation": { "uri": uri(file.path) }, "replacements": replacements }],
        }]);
    }
    result
}

fn location(path: &str, document: &Document<'_>, span: Span) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(path) },
            "region": region(document, span),
        }
    })
}

fn region(document: &Document<'_>, span: Span) -> Value {
    let place = Place::of(document, span);
    json!({
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    })
}

/// The path as a relative reference: what is no plain character of a path is percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.replace('\\', "/").bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_' | b'~') {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

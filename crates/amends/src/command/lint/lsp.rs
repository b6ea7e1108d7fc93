//! The linter inside an editor: the Language Server Protocol over standard input and output.

use std::collections::BTreeMap;

use amends_lint::read::span::Span;
use amends_lint::{Config, Document, Finding, Level, Source, check, rules};
use clap::Args;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use serde_json::{Value, json};

use super::Judging;
use crate::cli::Failure;

/// Serve the linter to an editor (Language Server Protocol over standard input and output)
#[derive(Debug, Args)]
pub struct Lsp {
    #[command(flatten)]
    judging: Judging,
}

impl Lsp {
    pub fn run(self) -> Result<(), Failure> {
        let config = self.judging.config()?;
        let (connection, threads) = Connection::stdio();
        let abilities = json!({
            // Texts are sent whole at every change: they are short, and judging one takes milliseconds.
            "textDocumentSync": { "openClose": true, "change": 1, "save": false },
            "hoverProvider": true,
            "codeActionProvider": { "codeActionKinds": ["quickfix"] },
        });
        let lost = |e: &dyn std::fmt::Display| Failure::said_no(format!("the editor went away: {e}"));
        connection.initialize(abilities).map_err(|e| lost(&e))?;
        let mut server = Server { config, texts: BTreeMap::new() };
        for message in &connection.receiver {
            let answers = match message {
                Message::Request(request) => {
                    if connection.handle_shutdown(&request).map_err(|e| lost(&e))? {
                        break;
                    }
                    vec![Message::Response(server.answer(request))]
                }
                Message::Notification(notification) => server.hear(notification).into_iter().collect(),
                Message::Response(_) => Vec::new(),
            };
            for answer in answers {
                connection.sender.send(answer).map_err(|e| lost(&e))?;
            }
        }
        drop(connection);
        threads.join().map_err(|e| lost(&e))
    }
}

/// The texts that are open in the editor.
struct Server {
    config: Config,
    texts: BTreeMap<String, String>,
}

impl Server {
    /// Answers a request.
    fn answer(&self, request: Request) -> Response {
        let result = match request.method.as_str() {
            "textDocument/hover" => self.hover(&request.params),
            "textDocument/codeAction" => self.actions(&request.params),
            other => return unknown(request.id, other),
        };
        Response::new_ok(request.id, result)
    }

    /// Hears that a text was opened, changed or closed, and says what is found in it.
    fn hear(&mut self, notification: Notification) -> Option<Message> {
        let params = &notification.params;
        let uri = params["textDocument"]["uri"].as_str()?.to_owned();
        let diagnostics = match notification.method.as_str() {
            "textDocument/didOpen" => {
                let text = params["textDocument"]["text"].as_str()?.to_owned();
                self.texts.insert(uri.clone(), text);
                self.diagnostics(&uri)
            }
            "textDocument/didChange" => {
                let text = params["contentChanges"].as_array()?.last()?["text"].as_str()?.to_owned();
                self.texts.insert(uri.clone(), text);
                self.diagnostics(&uri)
            }
            "textDocument/didClose" => {
                self.texts.remove(&uri);
                Vec::new()
            }
            _ => return None,
        };
        let params = json!({ "uri": uri, "diagnostics": diagnostics });
        Some(Message::Notification(Notification::new("textDocument/publishDiagnostics".to_owned(), params)))
    }

    /// Judges an open text and hands document and findings on.
    fn judge<T>(&self, uri: &str, then: impl FnOnce(&Document<'_>, Vec<Finding>) -> T) -> Option<T> {
        let text = self.texts.get(uri)?;
        let reading = amends_lint::read(Source { path: Some(uri), text });
        let findings = check(&reading, &self.config, None);
        Some(then(&reading.document, findings))
    }

    fn diagnostics(&self, uri: &str) -> Vec<Value> {
        self.judge(uri, |document, findings| {
            findings.iter().map(|finding| diagnostic(document, uri, finding)).collect()
        })
        .unwrap_or_default()
    }

    /// The manual of the rules that found something where the pointer is.
    fn hover(&self, params: &Value) -> Value {
        let Some(uri) = params["textDocument"]["uri"].as_str() else { return Value::Null };
        let at = self.judge(uri, |document, findings| {
            let offset = offset(document, &params["position"])?;
            let here = |finding: &&Finding| finding.span.start <= offset && offset <= finding.span.end;
            let found: Vec<&Finding> = findings.iter().filter(here).collect();
            let first = found.first()?;
            let mut codes: Vec<&str> = found.iter().map(|finding| finding.rule).collect();
            codes.dedup();
            let pages = codes.into_iter().filter_map(rules::find).map(rules::page);
            let value = pages.collect::<Vec<_>>().join("\n---\n\n");
            Some(json!({
                "contents": { "kind": "markdown", "value": value },
                "range": range(document, first.span),
            }))
        });
        at.flatten().unwrap_or(Value::Null)
    }

    /// For the findings in a range: the safe change, where there is one, and a waiver.
    fn actions(&self, params: &Value) -> Value {
        let Some(uri) = params["textDocument"]["uri"].as_str() else { return json!([]) };
        let actions = self.judge(uri, |document, findings| {
            let from = offset(document, &params["range"]["start"]).unwrap_or(0);
            let to = offset(document, &params["range"]["end"]).unwrap_or(from);
            let mut actions = Vec::new();
            for finding in findings.iter().filter(|finding| finding.span.start <= to && finding.span.end >= from) {
                let offer = |title: &str, edits: Vec<Value>| {
                    json!({
                        "title": title,
                        "kind": "quickfix",
                        "diagnostics": [diagnostic(document, uri, finding)],
                        "edit": { "changes": { uri: edits } },
                    })
                };
                if let Some(fix) = &finding.fix {
                    let edit = |edit: &amends_lint::finding::Edit| {
                        json!({ "range": range(document, edit.span), "newText": edit.text })
                    };
                    actions.push(offer(&fix.title, fix.edits.iter().map(edit).collect()));
                }
                if !finding.rule.starts_with('W') {
                    let (at, text) = amends_lint::waiver::insertion(document, finding);
                    let edit = json!({ "range": range(document, Span::new(at, at)), "newText": text });
                    actions.push(offer(&format!("Allow {} here and say why", finding.rule), vec![edit]));
                }
            }
            actions
        });
        Value::Array(actions.unwrap_or_default())
    }
}

fn unknown(id: RequestId, method: &str) -> Response {
    Response::new_err(id, ErrorCode::MethodNotFound as i32, format!("{method} is not offered"))
}

fn diagnostic(document: &Document<'_>, uri: &str, finding: &Finding) -> Value {
    let severity = match finding.level {
        Level::Error => 1,
        Level::Warning => 2,
        Level::Hint => 4,
    };
    let related: Vec<Value> = finding
        .related
        .iter()
        .map(|related| {
            json!({ "location": { "uri": uri, "range": range(document, related.span) }, "message": related.message })
        })
        .collect();
    json!({
        "range": range(document, finding.span),
        "severity": severity,
        "code": finding.rule,
        "source": "amends",
        "message": finding.full_message(),
        "relatedInformation": related,
    })
}

/// Lines from 0 and columns in UTF-16, as the protocol has them.
fn range(document: &Document<'_>, span: Span) -> Value {
    let position = |at: usize| {
        let line = document.line(at);
        let start = document.lines.span_of_line(document.source, line).start;
        let before = document.source.get(start..at).unwrap_or_default();
        json!({ "line": line - 1, "character": before.encode_utf16().count() })
    };
    json!({ "start": position(span.start), "end": position(span.end) })
}

/// The byte at a position of the protocol; past the end of a line, the end of that line.
fn offset(document: &Document<'_>, position: &Value) -> Option<usize> {
    let line = usize::try_from(position["line"].as_u64()?).ok()?;
    let wanted = usize::try_from(position["character"].as_u64()?).ok()?;
    let span = document.lines.span_of_line(document.source, line + 1);
    let mut units = 0;
    for (at, c) in document.source.get(span.start..span.end)?.char_indices() {
        if units >= wanted {
            return Some(span.start + at);
        }
        units += c.len_utf16();
    }
    Some(span.end)
}

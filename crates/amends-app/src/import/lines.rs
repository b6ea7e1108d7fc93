//! JSON lines: one incident a line.

use serde_json::Value;

use super::{Parsed, Problem, json};

/// Reads the lines. A broken one is reported with its number; the rest goes in.
pub(super) fn read(bytes: &[u8]) -> Parsed {
    let mut parsed = Parsed { form: "JSON lines", ..Parsed::default() };
    for (i, raw) in bytes.split(|b| *b == b'\n').enumerate() {
        let line = i + 1;
        if raw.trim_ascii().is_empty() {
            continue;
        }
        let read = match std::str::from_utf8(raw) {
            Err(_) => Err("it holds bytes that are not UTF-8 text".to_owned()),
            Ok(text) => serde_json::from_str::<Value>(text)
                .map_err(|e| format!("it is not valid JSON ({})", plain(&e)))
                .and_then(|value| json::incident(&value, line)),
        };
        match read {
            Ok(incident) => parsed.incidents.push(incident),
            Err(what) => {
                parsed.problems.push(Problem { line, what: format!("this incident was left out: {what}") })
            }
        }
    }
    parsed
}

/// serde_json's message with the column only: the line is always 1 here and would contradict ours.
fn plain(e: &serde_json::Error) -> String {
    let text = e.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    format!("{what}, column {}", e.column())
}

//! Findings as GitHub's workflow commands, which it shows at the changed lines.

use super::{Judged, Place};
use crate::finding::Level;

/// One line per finding: `::error file=…,line=…,title=T08::message`.
pub fn github(files: &[Judged<'_>]) -> String {
    let mut out = String::new();
    for file in files {
        for finding in file.findings {
            let command = match finding.level {
                Level::Error => "error",
                Level::Warning => "warning",
                Level::Hint => "notice",
            };
            let place = Place::of(&file.reading.document, finding.span);
            // Columns are understood within one line only.
            let columns = if place.line == place.end_line && place.end_column > place.column {
                format!(",col={},endColumn={}", place.column, place.end_column - 1)
            } else {
                String::new()
            };
            out.push_str(&format!(
                "::{command} file={},line={},endLine={}{columns},title={}::{}\n",
                property(file.path),
                place.line,
                place.end_line,
                finding.rule,
                message(&finding.full_message())
            ));
        }
    }
    out
}

fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

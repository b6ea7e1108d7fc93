//! # Parts do not add up to the total
//!
//! A total beside its parts: ‘9,700 in total: 6,100 by post and 2,900 by mail’, a table whose row ‘Total’ is not the sum
//! of the rows above it.
//!
//! ## Why it matters
//!
//! Either a part is missing or the total is wrong. Both are looked at by the people who pay for it.
//!
//! ## Bad
//!
//! ```text
//! In total 9,700 customers were affected: 6,100 in Europe and 2,900 in Asia.
//! ```
//!
//! ## Good
//!
//! ```text
//! In total 9,000 customers were affected: 6,100 in Europe and 2,900 in Asia.
//! ```
//!
//! ## Source
//!
//! Arithmetic.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::prose::Sentence;
use crate::read::document::{Block, BlockKind};
use crate::read::number::{Number, numbers};
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("I13", Level::Error, include_str!("i13.rs"), check);

/// Most parts and rows that are added.
const MOST: usize = 40;

fn check(case: &Case<'_>) -> Vec<Finding> {
    let said = case.sentences().filter(|sentence| !sentence.is_heading() && sentence.text().contains(':'));
    let mut findings: Vec<Finding> = said.filter_map(|sentence| sum(case, &sentence)).take(5).collect();
    findings.extend(tables(case));
    findings
}

/// "In total 9,700 people: 6,100 … and 2,900 …".
fn sum(case: &Case<'_>, sentence: &Sentence<'_>) -> Option<Finding> {
    let text = sentence.text();
    let colon = text.find(": ")?;
    let (head, tail) = (text.get(..colon)?, text.get(colon + 2..)?);
    let lower = head.to_lowercase();
    if !["total", "altogether", "overall", "in all"].iter().any(|word| lower.contains(word)) {
        return None;
    }
    let before = numbers(head);
    let [total] = before.as_slice() else { return None };
    let parts = numbers(tail);
    let counted = parts.iter().all(|part| !part.percent && follows_word(tail, part));
    if !(2..=MOST).contains(&parts.len()) || !counted || total.percent || total.approximate {
        return None;
    }
    let added: f64 = parts.iter().map(|part| part.value).sum();
    let room: f64 = parts.iter().map(|part| if part.approximate { part.value * 0.1 } else { 0.0 }).sum();
    // Something quite different is another kind of list.
    let likely = added >= total.value * 0.6 && added <= total.value * 1.6;
    if !likely || (added - total.value).abs() <= room.max(0.5) {
        return None;
    }
    let message = format!("The parts add up to {added}, not to {}.", total.value);
    let block = &case.document().blocks[sentence.block].text;
    let span = block.span(sentence.start + total.start, sentence.start + total.end);
    let parts = block.span(sentence.start + colon + 2, sentence.end);
    Some(Finding::at(span, message).with(parts, "the parts").instead("Correct the total, or name the part that is missing."))
}

/// True if a noun or a place follows the number, not a unit of time or size.
fn follows_word(text: &str, number: &Number) -> bool {
    let behind = text.get(number.end..).unwrap_or_default();
    let word: String = behind.trim_start().chars().take_while(|c| c.is_alphabetic()).collect();
    let units = ["min", "minutes", "minute", "hours", "hour", "h", "m", "s", "ms", "seconds", "days", "GB", "MB", "am", "pm", "UTC"];
    behind.starts_with(char::is_whitespace) && !word.is_empty() && !units.contains(&word.as_str())
}

/// The rows of tables that are called a total.
fn tables(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut rows: Vec<&Block> = Vec::new();
    let mut current = None;
    for block in &case.document().blocks {
        let BlockKind::Row { table, header, .. } = &block.kind else { continue };
        if current != Some(*table) {
            (current, rows) = (Some(*table), Vec::new());
        }
        if *header {
            continue;
        }
        let named = block.cells().next().map(str::to_lowercase).unwrap_or_default();
        let total = matches!(named.trim_matches(['*', ':', ' ']), "total" | "sum" | "all" | "in total" | "overall");
        if total && (2..=MOST).contains(&rows.len()) {
            findings.extend(column(block, &rows));
        }
        rows.push(block);
    }
    findings
}

/// The first column of plain numbers whose sum is not what the last row says.
fn column(total: &Block, rows: &[&Block]) -> Option<Finding> {
    let plain = |cell: &str| match numbers(cell).as_slice() {
        [only] if !only.percent && cell.trim_matches(['*', ' ']).len() == only.end - only.start => Some(only.value),
        _ => None,
    };
    total.cells().enumerate().skip(1).find_map(|(at, cell)| {
        let said = plain(cell)?;
        let parts: Option<Vec<f64>> = rows.iter().map(|row| plain(row.cells().nth(at)?)).collect();
        let added: f64 = parts?.iter().sum();
        ((added - said).abs() > 0.5).then(|| {
            let finding = Finding::at(total.text.whole(), format!("The rows above add up to {added}, not to {said}."));
            let finding = rows.iter().fold(finding, |finding, row| finding.with(row.text.whole(), "a part"));
            finding.instead("Correct the total, or name the row that is missing.")
        })
    })
}

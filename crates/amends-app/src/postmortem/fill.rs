//! Fills placeholders into Markdown. Pure.
//!
//! A placeholder is `{{name}}`, `{{name:date}}`, `{{name:time}}` or `{{name..name}}`, outside of code. What does not
//! look like one (`{{ 3 of 4 }}`) is text; `\{{` never begins one.

use super::facts::{self, FACTS, Fact, Record, UNKNOWN};
use amends_model::Audience;
use jiff::tz::TimeZone;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde::Serialize;
use std::ops::Range;

/// Longest text between braces that is looked at, in bytes.
const LONGEST: usize = 60;

/// As many problems are told at once.
const MAX_PROBLEMS: usize = 100;

/// Something about a placeholder that the writer should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = TextProblem)]
pub struct Problem {
    /// What stands between the braces.
    pub name: String,
    /// Line in the text, from 1.
    pub line: usize,
    /// Column in the line, from 1, in characters.
    pub column: usize,
    /// What is wrong and what to do.
    pub message: String,
    /// True if the text cannot be published like this; false if a fact is only not known yet.
    pub blocking: bool,
}

/// A text with its facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// Markdown without placeholders; those that are not understood stay as they were written.
    pub markdown: String,
    /// What should be put right.
    pub problems: Vec<Problem>,
    /// Where values stand instead of placeholders, in order.
    pub values: Vec<Value>,
}

/// A value of the record in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// Where the placeholder stands in what was written.
    pub source: Range<usize>,
    /// Where the value stands in what is read.
    pub out: Range<usize>,
}

/// A placeholder as it stands in a text.
struct Found {
    /// With its braces.
    range: Range<usize>,
    /// Between the braces, without blanks, in lower case.
    name: String,
}

/// Fills in the facts for a reader in `zone`.
pub fn fill(text: &str, record: &Record, zone: &TimeZone, audience: Audience) -> Filled {
    fill_with(text, record, zone, audience, false)
}

/// The same, with each value between comments from which the placeholder can be restored; see [`restore`].
pub(super) fn fill_marked(text: &str, record: &Record, zone: &TimeZone, audience: Audience) -> Filled {
    fill_with(&text.replace(MARK, LITERAL), record, zone, audience, true)
}

/// How every comment of ours begins.
pub(super) const MARK: &str = "<!--amends:";
/// What stands for the same in a text of somebody else's.
const LITERAL: &str = "<!--amends:literal-->";
const END: &str = "<!--amends:end-->";

/// Takes the values of [`fill_marked`] out again and puts the placeholders back: the text as it was.
pub(super) fn restore(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(MARK) {
        out.push_str(before);
        let fact = after.strip_prefix("fact:").and_then(|after| {
            let (name, after) = after.split_once("-->")?;
            let (_, after) = after.split_once(END)?;
            Some((name, after))
        });
        rest = match (after.strip_prefix(&LITERAL[MARK.len()..]), fact) {
            (Some(after), _) => {
                out.push_str(MARK);
                after
            }
            (None, Some((name, after))) => {
                out.push_str(&format!("{{{{{name}}}}}"));
                after
            }
            (None, None) => {
                out.push_str(MARK);
                after
            }
        };
    }
    out.push_str(rest);
    out
}

fn fill_with(text: &str, record: &Record, zone: &TimeZone, audience: Audience, marked: bool) -> Filled {
    let mut out = String::with_capacity(text.len() + 256);
    let mut problems = Vec::new();
    let mut values = Vec::new();
    let mut done = 0;
    for found in placeholders(text) {
        let Range { start, end } = found.range.clone();
        let asked = match understand(&found.name, audience) {
            Ok(asked) => asked,
            Err(message) => {
                if problems.len() < MAX_PROBLEMS {
                    problems.push(problem(text, &found, message, true));
                }
                continue;
            }
        };
        let value = asked.value(record, zone);
        if value.is_none() && problems.len() < MAX_PROBLEMS {
            let message = format!("{}, or take {{{{{}}}}} out", unknown(asked.fact), found.name);
            problems.push(problem(text, &found, message, false));
        }
        let value = value.unwrap_or_else(|| UNKNOWN.to_owned());
        out.push_str(&text[done..start]);
        let before = out.len();
        let written = &text[start + 2..end - 2];
        match (asked.fact.block, marked) {
            (true, true) => {
                let indent = indent_of(text, start).unwrap_or_default();
                let value = value.replace('\n', &format!("\n{indent}"));
                out.push_str(&format!("{MARK}fact:{written}-->\n\n{indent}{value}\n\n{indent}{END}"));
            }
            (true, false) => put_block(&mut out, text, &found.range, &value),
            (false, true) => out.push_str(&format!("{MARK}fact:{written}-->{value}{END}")),
            (false, false) => out.push_str(&value),
        }
        // A table takes the blanks before it along.
        let from =
            before.min(out.len()) - indent_of(text, start).filter(|_| asked.fact.block).map_or(0, str::len);
        values.push(Value { source: found.range.clone(), out: from..out.len() });
        done = end;
    }
    out.push_str(&text[done..]);
    Filled { markdown: out, problems, values }
}

/// What to do about a fact that the record does not know.
fn unknown(fact: &Fact) -> String {
    match fact.name {
        "actions" => "no corrective action is promised yet; add one under the document".to_owned(),
        "said" => "customers were told nothing yet; tell them on the incident".to_owned(),
        name => format!("the record does not know ‘{name}’ yet; set it on the incident"),
    }
}

/// What is wrong with the placeholders of a text, whatever the record says.
pub fn check(text: &str, audience: Audience) -> Vec<Problem> {
    placeholders(text)
        .iter()
        .filter_map(|found| {
            let message = understand(&found.name, audience).err()?;
            Some(problem(text, found, message, true))
        })
        .take(MAX_PROBLEMS)
        .collect()
}

/// Makes every placeholder of a text mere text, for texts that come from elsewhere.
pub fn disarm(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut done = 0;
    for found in placeholders(text) {
        out.push_str(&text[done..found.range.start]);
        out.push('\\');
        done = found.range.start;
    }
    out.push_str(&text[done..]);
    out
}

/// What a placeholder asks for.
struct Asked<'n> {
    fact: &'static Fact,
    form: Option<&'n str>,
    until: Option<&'n str>,
}

impl Asked<'_> {
    fn value(&self, record: &Record, zone: &TimeZone) -> Option<String> {
        if self.fact.block {
            return record.block(self.fact.name, zone);
        }
        match (facts::milestone(self.fact.name), self.until) {
            (Some(from), Some(until)) => record.between(from, facts::milestone(until)?),
            (Some(milestone), None) => record.time(milestone, self.form, zone),
            (None, _) => record.inline(self.fact.name),
        }
    }
}

/// Errors: what is wrong and what to do.
fn understand(name: &str, audience: Audience) -> Result<Asked<'_>, String> {
    let (first, until) = match name.split_once("..") {
        Some((first, until)) => (first, Some(until)),
        None => (name, None),
    };
    let (first, form) = match first.split_once(':') {
        Some((first, form)) => (first, Some(form)),
        None => (first, None),
    };
    let known = |name: &str| {
        facts::find(name).ok_or_else(|| match nearest(name) {
            Some(near) => format!("there is no fact ‘{name}’; did you mean {{{{{near}}}}}?"),
            None => format!("there is no fact ‘{name}’; write \\{{{{ if you mean the braces themselves"),
        })
    };
    let fact = known(first)?;
    if let Some(until) = until {
        known(until)?;
        if facts::milestone(first).is_none() || facts::milestone(until).is_none() || form.is_some() {
            return Err(format!("‘{name}’ must name two milestones, such as {{{{started..resolved}}}}"));
        }
    }
    if let Some(form) = form
        && !(facts::milestone(first).is_some() && matches!(form, "date" | "time"))
    {
        return Err(format!("‘:{form}’ cannot follow ‘{first}’; a milestone takes :date or :time"));
    }
    let internal = fact.internal || until.and_then(facts::find).is_some_and(|fact| fact.internal);
    if internal && audience == Audience::Customers {
        return Err(format!("‘{name}’ is internal and cannot stand in a letter to customers"));
    }
    Ok(Asked { fact, form, until })
}

/// A fact whose name is written almost like this.
fn nearest(name: &str) -> Option<&'static str> {
    FACTS
        .iter()
        .map(|fact| (distance(name, fact.name), fact.name))
        .filter(|(distance, near)| *distance <= 1 + near.len() / 4)
        .min()
        .map(|(_, near)| near)
}

/// How many letters must be changed, added or left out (Levenshtein). Both are short.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

fn problem(text: &str, found: &Found, message: String, blocking: bool) -> Problem {
    let before = &text[..found.range.start];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Problem {
        name: found.name.clone(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        message,
        blocking,
    }
}

/// Puts a table or list where a placeholder stood, with empty lines around it and indented as the placeholder was.
fn put_block(out: &mut String, text: &str, range: &Range<usize>, value: &str) {
    let line_start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let indent = indent_of(text, range.start);
    let alone = indent.is_some();
    let indent = indent.unwrap_or_default();
    if !alone {
        out.push_str("\n\n");
    } else if !text[..line_start].trim_end_matches([' ', '\t']).ends_with("\n\n") && line_start > 0 {
        out.truncate(out.len() - indent.len());
        out.push('\n');
        out.push_str(indent);
    }
    out.push_str(&value.replace('\n', &format!("\n{indent}")));
    let rest = &text[range.end..];
    let line_end = rest.find('\n').unwrap_or(rest.len());
    if !rest[..line_end].trim().is_empty() {
        out.push_str("\n\n");
    } else if line_end < rest.len() && !rest[line_end + 1..].trim_start_matches([' ', '\t']).starts_with('\n')
    {
        out.push('\n');
    }
}

/// The blanks before a place, if nothing else stands before it on its line.
fn indent_of(text: &str, at: usize) -> Option<&str> {
    let line_start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    Some(&text[line_start..at]).filter(|indent| indent.chars().all(char::is_whitespace))
}

/// The placeholders of a text in order, without those in code.
fn placeholders(text: &str) -> Vec<Found> {
    if !text.contains("{{") {
        return Vec::new();
    }
    let mut code = code_ranges(text).into_iter().peekable();
    let mut found: Vec<Found> = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find("{{").map(|at| from + at) {
        from = at + 2;
        while code.peek().is_some_and(|range| range.end <= at) {
            code.next();
        }
        if let Some(range) = code.peek()
            && range.contains(&at)
        {
            from = range.end.max(from);
            continue;
        }
        // A backslash before it, itself not escaped.
        let slashes = text[..at].bytes().rev().take_while(|byte| *byte == b'\\').count();
        if slashes % 2 == 1 {
            continue;
        }
        let mut limit = (at + 2 + LONGEST).min(text.len());
        while !text.is_char_boundary(limit) {
            limit -= 1;
        }
        let Some(length) = text[at + 2..limit].find("}}") else { continue };
        let written = &text[at + 2..at + 2 + length];
        let name = written.trim();
        let plausible = !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '.' | ':'))
            && !written.contains('\n');
        if plausible {
            let end = at + 4 + length;
            found.push(Found { range: at..end, name: name.to_ascii_lowercase() });
            from = end;
        }
    }
    found
}

/// Where code stands, in order and without overlap.
fn code_ranges(text: &str) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut block = None;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Code(_) if block.is_none() => ranges.push(range),
            Event::Start(Tag::CodeBlock(_)) => block = Some(range),
            Event::End(TagEnd::CodeBlock) => ranges.extend(block.take()),
            _ => {}
        }
    }
    ranges
}

#[cfg(test)]
mod tests;

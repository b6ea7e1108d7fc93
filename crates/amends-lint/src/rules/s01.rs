//! # Personal data
//!
//! E-mail addresses and telephone numbers of people, in prose and in logs. Addresses of roles (support@,
//! security@), of examples and of machines are left alone.
//!
//! ## Why it matters
//!
//! A report is copied, forwarded and kept for years. Whoever is named in it did not agree to that.
//!
//! ## Bad
//!
//! ```text
//! The mail to maria.silva@corp-mail.example was rejected.
//! ```
//!
//! ## Good
//!
//! ```text
//! The mails to 12 customers were rejected.
//! ```
//!
//! ## Source
//!
//! Data protection law; common complaint.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::prose::Sentence;
use crate::read::facts::Audience;
use crate::read::span::Span;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("S01", Level::Warning, include_str!("s01.rs"), check).at_audience(Audience::Customers, Level::Error);

const ROLES: Group = Group::of("role-addresses");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let source = case.document().source;
    let mut findings = Vec::new();
    for (at, _) in source.match_indices('@') {
        if let Some((start, end)) = address(source, at)
            && is_personal(&source[start..end])
        {
            let message = format!("‘{}’ is the address of a person.", masked(&source[start..end]));
            let finding = Finding::at(Span::new(start, end), message);
            findings.push(finding.instead("Write a role or a number: ‘one customer’, ‘the on-call engineer’."));
        }
    }
    findings.extend(case.sentences().filter_map(|sentence| phone(case, &sentence)));
    findings
}

/// Where the address around the `@` begins and ends.
fn address(text: &str, at: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let local = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+');
    let host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let start = bytes[..at].iter().rev().take(64).take_while(|byte| local(**byte)).count();
    let end = bytes[at + 1..].iter().take(128).take_while(|byte| host(**byte)).count();
    let (start, mut end) = (at - start, at + 1 + end);
    while end > at && matches!(bytes[end - 1], b'.' | b'-') {
        end -= 1;
    }
    let (name, domain) = (&text[start..at], text.get(at + 1..end)?);
    let top = domain.rsplit('.').next().unwrap_or_default();
    let whole = name.len() >= 2 && domain.contains('.') && (2..=12).contains(&top.len());
    // `user@host:path` and `//user@host` are addresses of machines.
    let machine = text[end..].starts_with(':') || text[..start].ends_with('/') || text[..start].ends_with(':');
    (whole && !machine && top.bytes().all(|byte| byte.is_ascii_alphabetic())).then_some((start, end))
}

fn is_personal(address: &str) -> bool {
    let (name, domain) = address.split_once('@').unwrap_or_default();
    let (name, domain) = (name.to_ascii_lowercase(), domain.to_ascii_lowercase());
    let machine = domain.contains("noreply") || domain.contains("no-reply");
    let example = machine || ["example.com", "example.org", "example.net", "localhost"].contains(&domain.as_str())
        || [".test", ".invalid", ".local", ".internal"].iter().any(|end| domain.ends_with(end));
    let role = name.split(['.', '-', '_', '+']).any(|part| ROLES.has(part));
    !example && !role && name.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Enough to find it, not enough to write to it.
fn masked(address: &str) -> String {
    let (name, domain) = address.split_once('@').unwrap_or_default();
    let first: String = name.chars().take(1).collect();
    format!("{first}…@{domain}")
}

/// A number behind ‘phone’, ‘call’ or with a country code.
fn phone(case: &Case<'_>, sentence: &Sentence<'_>) -> Option<Finding> {
    let text = sentence.text();
    let at = text.find('+').filter(|at| text[at + 1..].starts_with(|c: char| c.is_ascii_digit()))?;
    let free = at == 0 || text[..at].ends_with([' ', '(', ':']);
    let number: String = text[at + 1..].chars().take_while(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')' | '/')).collect();
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let grouped = number.trim().contains([' ', '-', '/']);
    if !free || !(9..=15).contains(&digits) || !grouped {
        return None;
    }
    let block = &case.document().blocks[sentence.block];
    let lead = block.text.as_str()[sentence.start..].len() - block.text.as_str()[sentence.start..].trim_start().len();
    let start = sentence.start + lead + at;
    let span = block.text.span(start, start + 1 + number.trim_end().len());
    Some(Finding::at(span, "This looks like somebody's telephone number.").instead("Leave it out, or name the role."))
}

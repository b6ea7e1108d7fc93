//! Runs the rules over a text.

use crate::case::Case;
use crate::config::{Config, meant};
use crate::finding::{Finding, Level};
use crate::read::Reading;
use crate::record::Record;
use crate::rules;
use crate::waiver::{Waiver, waivers};

/// Judges a text: findings in the order of the text, without those that the text itself waives. `record` holds what
/// is known about the incident apart from the text.
pub fn check(reading: &Reading<'_>, config: &Config, record: Option<&Record>) -> Vec<Finding> {
    let case = Case::new(reading, config, record);
    let (tier, audience) = (case.tier(), case.audience());
    let level = |code: &str, usual: Option<Level>| match config.level_of(code) {
        Some(configured) => usual.and(configured),
        None => usual,
    };
    let mut findings = Vec::new();
    for rule in rules::ALL {
        let Some(level) = level(rule.code, rule.level_for(tier, audience)) else { continue };
        for mut finding in (rule.check)(&case) {
            finding.rule = rule.code;
            finding.level = finding.level.min(level);
            findings.push(finding);
        }
    }
    let waivers = waivers(&reading.document);
    let mut used = vec![0_usize; waivers.len()];
    findings.retain(|finding| {
        let waived = waivers.iter().position(|waiver| waiver.covers(finding));
        if let Some(index) = waived {
            used[index] += 1;
        }
        waived.is_none()
    });
    for (waiver, used) in waivers.iter().zip(used) {
        for (code, mut finding) in about(waiver, used) {
            let usual = rules::find(code).and_then(|rule| rule.level_for(tier, audience));
            let Some(level) = level(code, usual) else { continue };
            finding.rule = code;
            finding.level = level;
            findings.push(finding);
        }
    }
    findings.sort_by(|a, b| (a.span.start, a.rule, a.span.end).cmp(&(b.span.start, b.rule, b.span.end)));
    findings.dedup();
    findings
}

/// What is wrong with a waiver itself.
fn about(waiver: &Waiver, used: usize) -> Vec<(&'static str, Finding)> {
    if waiver.reason.is_empty() && !waiver.codes.is_empty() {
        let finding = Finding::at(waiver.span, "This waiver gives no reason, so it does not count.");
        return vec![("W01", finding.instead("Write why it is accepted behind the code."))];
    }
    let unknown: Vec<&String> = waiver.codes.iter().filter(|code| rules::find(code).is_none()).collect();
    if waiver.codes.is_empty() || !unknown.is_empty() {
        let message = match unknown.first() {
            Some(code) => {
                format!("There is no rule {code}{}.", meant(code, rules::ALL.iter().map(|rule| rule.code)))
            }
            None => "This waiver names no rule.".to_owned(),
        };
        let finding = Finding::at(waiver.span, message);
        return vec![("W03", finding.instead("Write <!-- amends: allow T14 why -->."))];
    }
    if used == 0 {
        let finding = Finding::at(waiver.span, format!("{} finds nothing here.", waiver.codes.join(", ")));
        return vec![("W02", finding.instead("Take the waiver out.").replace("Take the waiver out", ""))];
    }
    Vec::new()
}

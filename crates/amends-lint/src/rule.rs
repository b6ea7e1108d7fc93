//! A rule: what it is called, when it applies, what it checks, and its manual.
//!
//! Each rule has a file of its own in `src/rules/`, and the `//!` block at the top of that file is its manual:
//! `amends explain` prints it and `docs/rules/` is made of it. It holds, in this order:
//!
//! ```text
//! # What is wrong, in a few words
//!
//! What it detects.
//!
//! ## Why it matters
//! ## Bad
//! ## Good
//! ## Source
//! ```

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::Audience;

/// A rule of the catalogue.
pub struct Rule {
    /// A letter for its family and two digits.
    pub code: &'static str,
    /// The level at which it reports, where nothing else is said.
    pub level: Level,
    /// It applies from this tier on.
    pub from_tier: u8,
    /// From this tier on the level is another.
    pub at_tier: Option<(u8, Level)>,
    /// It applies to texts for this audience only.
    pub only_for: Option<Audience>,
    /// For this audience the level is another.
    pub at_audience: Option<(Audience, Level)>,
    source: &'static str,
    pub(crate) check: Check,
}

/// Looks for what the rule is about. Time must be linear in the length of the text.
pub type Check = fn(&Case<'_>) -> Vec<Finding>;

impl Rule {
    /// A rule with its default level; `source` is the rule's own file (`include_str!`).
    pub(crate) const fn new(code: &'static str, level: Level, source: &'static str, check: Check) -> Rule {
        Rule { code, level, from_tier: 0, at_tier: None, only_for: None, at_audience: None, source, check }
    }

    /// Below this tier the rule does not apply.
    pub(crate) const fn applies_from(mut self, tier: u8) -> Rule {
        self.from_tier = tier;
        self
    }

    /// From this tier on the rule reports at another level.
    pub(crate) const fn at_tier(mut self, tier: u8, level: Level) -> Rule {
        self.at_tier = Some((tier, level));
        self
    }

    /// The rule applies to texts for this audience only.
    pub(crate) const fn only_for(mut self, audience: Audience) -> Rule {
        self.only_for = Some(audience);
        self
    }

    /// In texts for this audience the rule reports at another level.
    pub(crate) const fn at_audience(mut self, audience: Audience, level: Level) -> Rule {
        self.at_audience = Some((audience, level));
        self
    }

    /// The level at which the rule reports for this tier and audience; none if it does not apply.
    pub fn level_for(&self, tier: u8, audience: Option<Audience>) -> Option<Level> {
        if tier < self.from_tier || self.only_for.is_some_and(|only| audience != Some(only)) {
            return None;
        }
        let by_tier = self.at_tier.filter(|(from, _)| tier >= *from).map(|(_, level)| level);
        let by_audience =
            self.at_audience.filter(|(whom, _)| audience == Some(*whom)).map(|(_, level)| level);
        Some(by_audience.or(by_tier).unwrap_or(self.level))
    }

    /// The manual in Markdown: title, what it detects, why it matters, bad and good, source.
    pub fn manual(&self) -> String {
        let lines = self.source.lines().take_while(|line| line.starts_with("//!"));
        let mut manual = String::new();
        for line in lines {
            let line = line.trim_start_matches("//!");
            manual.push_str(line.strip_prefix(' ').unwrap_or(line).trim_end());
            manual.push('\n');
        }
        manual
    }

    /// What is wrong, in a few words.
    pub fn title(&self) -> &'static str {
        let first = self.source.lines().next().unwrap_or_default();
        first.trim_start_matches("//!").trim_start_matches([' ', '#']).trim_end()
    }

    /// When it applies and at which level, in words.
    pub fn applies(&self) -> String {
        let mut words = format!("Level: {}.", self.level.as_str());
        if let Some((tier, level)) = self.at_tier {
            words.push_str(&format!(" From tier {tier} on: {}.", level.as_str()));
        }
        if let Some((audience, level)) = self.at_audience {
            words.push_str(&format!(" In a text for {}: {}.", whom(audience), level.as_str()));
        }
        if self.from_tier > 0 {
            words.push_str(&format!(" Applies from tier {} on.", self.from_tier));
        }
        if let Some(audience) = self.only_for {
            words.push_str(&format!(" Applies to texts for {} only.", whom(audience)));
        }
        words
    }
}

fn whom(audience: Audience) -> &'static str {
    match audience {
        Audience::Internal => "the company",
        Audience::Customers => "customers",
    }
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Rule").field(&self.code).finish()
    }
}

//! What is known about the incident apart from the text: facts of the record, to compare the text with.

use jiff::Timestamp;

use serde::Deserialize;

use crate::read::facts::{Amount, Audience, Facts, MilestoneKind};
use crate::topic;

/// Facts from the record of an incident. Everything may be unknown.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Record {
    /// Milestones with their instants.
    pub milestones: Vec<(MilestoneKind, Timestamp)>,
    /// Where the times of milestones are known from, in words: `(start, "set by Ada")`.
    pub sources: Vec<(MilestoneKind, String)>,
    /// Numbers with what they count: `(500.0, "emails")`, `(120.0, "customers")`.
    pub quantities: Vec<(f64, String)>,
    /// Numbers that another text about the same incident gives, such as the internal report for the letter.
    pub elsewhere: Vec<Elsewhere>,
    /// The components that were hurt, with how badly: `("Checkout", "major outage")`.
    pub components: Vec<(String, String)>,
    /// Every severity that the incident had, as numbers from 1.
    pub severities: Vec<u8>,
    /// When updates were published, the oldest first.
    pub updates: Vec<Timestamp>,
    /// How much process the incident deserves, 0 to 3.
    pub tier: Option<u8>,
    /// How much process what users felt deserves, and what that was: `(2, "a critical impact on customers")`.
    pub felt: Option<(u8, String)>,
    /// The widest audience that the incident itself may be seen by.
    pub visible_to: Option<Audience>,
    /// Names and numbers of incidents like this one that the record links or should link.
    pub similar: Vec<String>,
    /// Actions of earlier incidents that are still open: where they are from and what they say.
    pub open_actions: Vec<(String, String)>,
}

/// A number in another text about the same incident.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Elsewhere {
    /// How many.
    pub count: f64,
    /// Of what, in the words of that text.
    pub noun: String,
    /// Which text, and where: "the internal report, line 12".
    pub place: String,
}

impl Elsewhere {
    /// Every number of a text, with the words for where it stands: `place` is given its line.
    pub fn of(facts: &Facts, place: impl Fn(usize) -> String) -> Vec<Elsewhere> {
        let counts = facts.quantities.iter().filter_map(|quantity| match quantity.amount {
            Amount::Count(count) if !quantity.noun.is_empty() => {
                Some(Elsewhere { count, noun: quantity.noun.clone(), place: place(quantity.line) })
            }
            _ => None,
        });
        counts.collect()
    }
}

/// True if the titles of two incidents speak of the same: at least two words that carry meaning, and half of them.
pub fn alike(a: &str, b: &str) -> bool {
    let (a, b) = (topic::stems(a), topic::stems(b));
    let shared = a.intersection(&b).count();
    shared >= 2 && shared * 2 >= a.len().min(b.len())
}

impl Record {
    /// Where the time of a milestone is known from.
    pub fn source(&self, kind: MilestoneKind) -> Option<&str> {
        self.sources.iter().find(|(known, _)| *known == kind).map(|(_, source)| source.as_str())
    }

    /// The instant of a milestone.
    pub fn milestone(&self, kind: MilestoneKind) -> Option<Timestamp> {
        self.milestones.iter().find(|(known, _)| *known == kind).map(|(_, at)| *at)
    }
}

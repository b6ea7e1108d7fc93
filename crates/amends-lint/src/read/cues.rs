//! Words that tell what a time in a report is the time of.
//!
//! The patterns are data, in `words/cues.txt`: each stands for one milestone, with a weight. What comes after "not",
//! "no longer", "failed to" says the opposite and does not count.

use std::sync::LazyLock;

use super::facts::MilestoneKind as Kind;
use crate::phrase::{self, Scope};

/// For each kind the weight of the strongest phrase found; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cues {
    weights: [u8; 7],
    /// True if the words speak of a fault that users feel.
    pub effect: bool,
    /// True if the words speak only of a place that users do not see (staging, dev).
    pub rehearsal: bool,
}

impl Cues {
    /// The weight of one kind, 0 to 6.
    pub fn weight(&self, kind: Kind) -> u8 {
        self.weights[kind as usize]
    }

    /// True if the words say that it is the time of this kind.
    pub fn says(&self, kind: Kind) -> bool {
        self.weight(kind) >= 3
    }

    pub(super) fn raise(&mut self, kind: Kind, weight: u8) {
        let slot = &mut self.weights[kind as usize];
        *slot = (*slot).max(weight);
    }

    /// Reads the words of a row, a label or a sentence.
    pub fn of(text: &str) -> Cues {
        let mut cues = Cues::default();
        let mut live = false;
        for hit in phrase::find(Scope::Cue, text) {
            let means = MEANS.get(hit.number()).copied().flatten();
            // "Could not be reached" is an effect because of its "not".
            let denies = !matches!(means, Some(Means::Effect)) && denied(&text[hit.start..hit.end]);
            if negated(text, hit.start) || denies {
                continue;
            }
            match means {
                Some(Means::Kind(kind, weight)) => cues.raise(kind, weight),
                Some(Means::Effect) => cues.effect = true,
                Some(Means::Rehearsal) => cues.rehearsal = true,
                Some(Means::Live) => live = true,
                None => {}
            }
        }
        cues.rehearsal &= !live;
        cues
    }
}

/// What a group of the word file stands for.
#[derive(Clone, Copy)]
enum Means {
    Kind(Kind, u8),
    Effect,
    Rehearsal,
    Live,
}

/// What each group of the lexicon means, by its number.
static MEANS: LazyLock<Vec<Option<Means>>> =
    LazyLock::new(|| phrase::groups().iter().map(|group| means(group)).collect());

/// "start 6" → the start, said as plainly as can be.
fn means(group: &str) -> Option<Means> {
    match group {
        "effect" => return Some(Means::Effect),
        "rehearsal" => return Some(Means::Rehearsal),
        "live" => return Some(Means::Live),
        _ => {}
    }
    let (name, weight) = group.split_once(' ')?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str().replace('_', "-") == name)?;
    Some(Means::Kind(kind, weight.parse().ok().filter(|weight| (1..=6).contains(weight))?))
}

/// How far before a phrase words that deny it are looked for, in bytes.
const NEAR: usize = 64;

/// True if the words before say the opposite: "not", "no longer", "failed to", with at most one word between.
fn negated(text: &str, at: usize) -> bool {
    // "No data: alert triggered" denies nothing behind its colon.
    let mut from = at.saturating_sub(NEAR);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let head = text.get(from..at).unwrap_or_default();
    let head = head.rsplit([':', ';', '|', ']', '\n']).next().unwrap_or_default();
    let mut before = head.rsplit(|c: char| !is_inner(c)).filter(|word| !word.is_empty());
    let (one, two) = (before.next().unwrap_or_default(), before.next().unwrap_or_default());
    let no = |word: &str| {
        let word = word.to_lowercase();
        matches!(word.as_str(), "not" | "never" | "no" | "without" | "cannot" | "unable" | "nor")
            || word.ends_with("n't")
            || word.ends_with("n’t")
    };
    let vain = ["failed", "fails", "attempt", "attempts", "attempted", "tries", "trying"];
    no(one)
        || (one.eq_ignore_ascii_case("longer") && two.eq_ignore_ascii_case("no"))
        || (no(two) && !one.eq_ignore_ascii_case("but") && !one.eq_ignore_ascii_case("and"))
        || (one.eq_ignore_ascii_case("to") && vain.iter().any(|word| two.eq_ignore_ascii_case(word)))
}

/// True if the words that were found deny it themselves: "customers did not report".
fn denied(found: &str) -> bool {
    found.split(|c: char| !is_inner(c)).any(|word| {
        word.eq_ignore_ascii_case("not")
            || word.eq_ignore_ascii_case("never")
            || word.ends_with("n't")
            || word.ends_with("n’t")
    })
}

fn is_inner(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\'' | '’')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strongest(text: &str) -> Option<Kind> {
        let cues = Cues::of(text);
        Kind::ALL.into_iter().filter(|kind| cues.says(*kind)).max_by_key(|kind| cues.weight(*kind))
    }

    #[test]
    fn every_group_is_understood() {
        let cues = phrase::groups().iter().zip(MEANS.iter()).filter(|(group, _)| group.contains(' '));
        assert!(cues.clone().count() > 20);
        for (group, means) in cues {
            assert!(means.is_some(), "{group}");
        }
    }

    #[test]
    fn rows_say_what_they_are() {
        assert_eq!(strongest("Outage begins"), Some(Kind::Start));
        assert_eq!(strongest("100% restored and back online"), Some(Kind::Resolved));
        assert_eq!(strongest("Configuration pushed"), Some(Kind::Trigger));
        assert_eq!(strongest("DevOps team is alerted that it is full"), Some(Kind::Detected));
        assert_eq!(strongest("Incident declared: 3 people"), Some(Kind::Declared));
        assert_eq!(strongest("Posted on the status page."), Some(Kind::FirstWord));
        assert_eq!(strongest("Repaired"), Some(Kind::Mitigated));
        assert_eq!(strongest("Tea was made"), None);
    }

    #[test]
    fn the_opposite_does_not_count() {
        assert_eq!(strongest("It was not resolved"), None);
        assert_eq!(strongest("the issue isn't yet fixed"), None);
        assert!(Cues::of("[No data] alert triggered").says(Kind::Detected));
        assert!(!Cues::of("we failed to notice").says(Kind::Detected));
        assert!(Cues::of("not only slow but resolved").says(Kind::Resolved));
    }
}

//! How strong an action is: whether it makes the failure impossible, lets a machine stop or notice it, or leaves it to
//! people to remember.
//!
//! The classes are the hierarchy of controls of occupational safety, as the RCA² guideline took it over. The class is
//! told by the head verb and what it makes; the words are in `words/action.txt`.

use serde::Serialize;

use crate::phrase::{self, Hit, Scope};
use crate::prose::sentences;

/// What an action relies on, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// People being careful.
    Vigilance,
    /// People knowing and following: documents, training, reviews, decisions to come.
    Administrative,
    /// A machine that notices, or a second one that takes over.
    Detect,
    /// A machine that does it, limits it or refuses it.
    Enforce,
    /// Something safer in its place.
    Substitute,
    /// The cause is gone.
    Eliminate,
}

/// The three steps that people compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// Vigilance and administration.
    Weak,
    /// Detection.
    Medium,
    /// Enforcement, substitution, elimination.
    Strong,
}

impl Strength {
    /// The class, 0 to 5.
    pub fn class(self) -> u8 {
        self as u8
    }

    /// Weak, medium or strong.
    pub fn grade(self) -> Grade {
        match self {
            Strength::Vigilance | Strength::Administrative => Grade::Weak,
            Strength::Detect => Grade::Medium,
            Strength::Enforce | Strength::Substitute | Strength::Eliminate => Grade::Strong,
        }
    }
}

impl Grade {
    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Grade::Weak => "weak",
            Grade::Medium => "medium",
            Grade::Strong => "strong",
        }
    }
}

/// What was made of the words of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    pub strength: Strength,
    /// True if a reader could check that it was done.
    pub verifiable: bool,
}

/// Judges the words of an action.
pub(crate) fn judge(text: &str, tracked: bool) -> Judged {
    let text = body(text);
    let mut parts = sentences(text).into_iter().map(|(start, end)| &text[start..end]);
    let first = parts.next().map_or(NOTHING, sentence);
    // "Investigate why nobody was paged. Fix the alert." promises the second thing as well.
    let judged = match first.strength {
        Strength::Administrative if first.open => parts
            .take(4)
            .map(sentence)
            .filter(|other| other.headed)
            .max_by_key(|other| other.strength)
            .filter(|other| other.strength > first.strength)
            .unwrap_or(first),
        _ => first,
    };
    let verifiable = match judged.strength {
        Strength::Vigilance => false,
        Strength::Administrative => judged.paper && !judged.open,
        _ => !judged.open || tracked || judged.artefact,
    };
    Judged { strength: judged.strength, verifiable }
}

/// True if a text begins by saying what to do.
pub(crate) fn begins_with_verb(text: &str) -> bool {
    let text = body(text);
    let first = sentences(text).into_iter().next();
    first.is_some_and(|(start, end)| sentence(&text[start..end]).headed)
}

/// True if an action is told as something that was done: "Fixed the check", "The job has been added".
pub(crate) fn says_done(text: &str) -> bool {
    let text = body(text);
    let Some((start, end)) = sentences(text).into_iter().next() else { return false };
    let hits = find(&text[start..end]);
    let has = |group: &str| hits.iter().any(|hit| hit.is(group));
    has("done") && !has("to-come")
}

/// True if a text says what to do, or at least what should be: it begins with a verb, or holds one of the usual ones
/// behind its subject.
pub(crate) fn says_what_to_do(text: &str) -> bool {
    let promised = |hit: &Hit| {
        [
            "passive-strong",
            "passive-detect",
            "passive-paper",
            "purpose-detect",
            "condition",
            "lead",
            "ensure",
            "vigilance",
        ]
        .contains(&hit.group())
    };
    begins_with_verb(text) || find(body(text)).iter().any(promised)
}

/// The verb with which an action begins, if it only says that something will be tried or looked at, and whether the
/// action names something to look at all the same.
pub(crate) fn open_verb(text: &str) -> Option<(&str, bool)> {
    let text = body(text);
    let (start, end) = sentences(text).into_iter().next()?;
    let mut rest = &text[start..end];
    let artefact = find(rest).iter().any(|hit| hit.is("artefact"));
    for _ in 0..5 {
        let hits = find(rest);
        if let Some(hit) = at_start(&hits, rest, "unverifiable").or_else(|| at_start(&hits, rest, "ensure")) {
            return Some((rest.get(hit.start..hit.end)?, artefact));
        }
        rest = rest.get(at_start(&hits, rest, "lead")?.end..)?;
    }
    None
}

fn find(text: &str) -> Vec<Hit> {
    phrase::find(Scope::Action, text)
}

#[derive(Clone, Copy)]
struct Sentence {
    strength: Strength,
    /// The head verb only says that something will be tried or looked at.
    open: bool,
    /// It makes a document.
    paper: bool,
    /// It names something that one can look at, or a number.
    artefact: bool,
    /// It begins with a verb that is known.
    headed: bool,
}

const NOTHING: Sentence = Sentence {
    strength: Strength::Administrative,
    open: false,
    paper: false,
    artefact: false,
    headed: false,
};

/// The action itself: of "**Pin the version**: it was floating" the part before the colon, of "Short term: pin it"
/// the part behind it.
fn body(text: &str) -> &str {
    let text = text.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '"');
    let Some((before, after)) = text.split_once(": ") else { return text };
    if before.len() > 160 || before.contains(['.', '\n']) {
        return text;
    }
    let words = before.split_whitespace().count();
    let whole = words >= 3 || (words == 2 && head(&find(before), before).is_some());
    if whole || after.trim().is_empty() { before } else { after }
}

fn sentence(text: &str) -> Sentence {
    let (mut rest, mut ensured) = (text, false);
    let whole = find(text);
    // Leads can stand behind one another: "We should also continue to …".
    for _ in 0..5 {
        let hits = find(rest);
        let lead = at_start(&hits, rest, "lead").or_else(|| {
            let ensure = at_start(&hits, rest, "ensure");
            ensured |= ensure.is_some();
            ensure
        });
        match lead.and_then(|hit| rest.get(hit.end..)).filter(|rest| rest.chars().any(char::is_alphabetic)) {
            Some(shorter) => rest = shorter,
            None => break,
        }
    }
    let hits = find(rest);
    let has = |group: &str| whole.iter().any(|hit| hit.is(group));
    let artefact = has("artefact");
    let open = ensured
        || at_start(&find(text), text, "unverifiable").is_some()
        || at_start(&hits, rest, "unverifiable").is_some();
    if has("vigilance") {
        return Sentence { strength: Strength::Vigilance, open, artefact, ..NOTHING };
    }
    if let Some(condition) = at_start(&whole, text, "condition") {
        let then = text.get(condition.end..).map_or(NOTHING, sentence);
        let strength =
            if then.strength == Strength::Detect { Strength::Detect } else { Strength::Administrative };
        return Sentence { strength, paper: false, open, artefact, headed: false };
    }
    let thing = thing(&hits, rest);
    let paper = thing == Some(Thing::Paper);
    let (strength, headed) = match head(&hits, rest) {
        Some(head) => (headed_strength(head, thing, open, &whole, ensured), true),
        None => (unheaded_strength(rest, thing, ensured, &whole), false),
    };
    let written = at_start(&hits, rest, "paper-verb").is_some() || paper;
    Sentence { strength, open, paper: written, artefact, headed }
}

fn at_start<'h>(hits: &'h [Hit], text: &str, group: &str) -> Option<&'h Hit> {
    let first = text.find(char::is_alphanumeric)?;
    hits.iter().filter(|hit| hit.is(group) && hit.start <= first).max_by_key(|hit| hit.end)
}

#[derive(Clone, Copy, Default)]
struct Head {
    administrative: bool,
    build: bool,
    detect: bool,
    enforce: bool,
    substitute: bool,
    eliminate: bool,
}

/// What the first word is; a word may be several things ("raise an issue", "raise the limit").
fn head(hits: &[Hit], text: &str) -> Option<Head> {
    let is = |group: &str| at_start(hits, text, group).is_some();
    let head = Head {
        administrative: is("administrative"),
        build: is("build"),
        detect: is("detect"),
        enforce: is("enforce"),
        substitute: is("substitute"),
        eliminate: is("eliminate"),
    };
    let any =
        head.administrative || head.build || head.detect || head.enforce || head.substitute || head.eliminate;
    any.then_some(head)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thing {
    Paper,
    Detector,
    Control,
}

/// What the noun phrase after the head verb names: its last word that is known counts.
fn thing(hits: &[Hit], text: &str) -> Option<Thing> {
    let verb = text.find(char::is_alphanumeric).unwrap_or(0);
    let verb_end = text[verb..].find(char::is_whitespace).map_or(text.len(), |length| verb + length);
    let end = hits
        .iter()
        .filter(|hit| hit.is("phrase-end") && hit.start >= verb_end)
        .map(|hit| hit.start)
        .min()
        .unwrap_or(text.len());
    hits.iter()
        .filter(|hit| hit.start < end && hit.end <= end)
        .filter_map(|hit| {
            let thing = match hit.group() {
                "thing-paper" => Thing::Paper,
                "thing-detect" => Thing::Detector,
                "thing-strong" => Thing::Control,
                _ => return None,
            };
            Some((hit.end, thing == Thing::Control, thing))
        })
        .max_by_key(|(end, control, _)| (*end, *control))
        .map(|(_, _, thing)| thing)
}

fn headed_strength(head: Head, thing: Option<Thing>, open: bool, whole: &[Hit], ensured: bool) -> Strength {
    let has = |group: &str| whole.iter().any(|hit| hit.is(group));
    let by_thing = |otherwise: Strength| match thing {
        Some(Thing::Paper) => Strength::Administrative,
        Some(Thing::Detector) => Strength::Detect,
        Some(Thing::Control) => Strength::Enforce,
        None if has("purpose-paper") => Strength::Administrative,
        None if has("purpose-detect") => Strength::Detect,
        None => otherwise,
    };
    if head.eliminate {
        return if thing == Some(Thing::Paper) { Strength::Administrative } else { Strength::Eliminate };
    }
    if head.substitute {
        return if thing == Some(Thing::Paper) { Strength::Administrative } else { Strength::Substitute };
    }
    if has("substitute") && head.build && !head.administrative {
        return Strength::Substitute;
    }
    if head.detect {
        return if thing == Some(Thing::Paper) { Strength::Administrative } else { Strength::Detect };
    }
    if head.administrative && (head.build || head.enforce) {
        return by_thing(Strength::Administrative);
    }
    if head.administrative {
        return if has("machine") && !open && !has("people-verb") {
            Strength::Detect
        } else {
            Strength::Administrative
        };
    }
    let vague = open && !ensured && !has("machine");
    by_thing(if vague { Strength::Administrative } else { Strength::Enforce })
}

/// Sentences that say what should be instead of what to do, and noun phrases.
fn unheaded_strength(rest: &str, thing: Option<Thing>, ensured: bool, whole: &[Hit]) -> Strength {
    let has = |group: &str| whole.iter().any(|hit| hit.is(group));
    if has("passive-paper") || has("purpose-paper") {
        Strength::Administrative
    } else if has("passive-detect") || has("purpose-detect") {
        Strength::Detect
    } else if has("passive-strong") {
        Strength::Enforce
    } else {
        match thing {
            Some(Thing::Paper) => Strength::Administrative,
            Some(Thing::Detector) => Strength::Detect,
            Some(Thing::Control) => Strength::Enforce,
            None if ensured && !find(rest).iter().any(|hit| hit.is("people") && hit.start < 4) => {
                Strength::Enforce
            }
            None => Strength::Administrative,
        }
    }
}

#[cfg(test)]
mod tests;

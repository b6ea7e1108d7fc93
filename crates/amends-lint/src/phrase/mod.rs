//! Phrases of the English language that mean something in a postmortem: blame, vigilance, a repair, a vague time.
//!
//! What is looked for is data, in the files of `words/`. A file is a group of patterns; where it holds several, each has
//! its name in brackets. All files together are one lexicon: a text is taken apart once and searched for all of them at
//! once, in linear time.

use std::sync::LazyLock;

mod lexicon;
mod pattern;
#[cfg(test)]
mod tests;
mod token;

use lexicon::Lexicon;
use token::{Token, tokens};

/// Where the patterns of a file are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// In every sentence, for rules.
    Prose,
    /// In the words of an action, for its strength.
    Action,
    /// In the words beside a time, for what it is the time of.
    Cue,
}

macro_rules! files {
    ($($scope:ident: $($name:literal)*;)*) => {
        &[$($((Scope::$scope, $name, include_str!(concat!("../../words/", $name, ".txt")))),*),*]
    };
}

/// Every file with its scope. Lists of one are known in those after it, unless these have their own of that name.
const FILES: &[(Scope, &str, &str)] = files! {
    Prose: "people" "blame" "letters"
        "abbreviations" "accepted" "boilerplate" "changes" "common" "contacts" "costs" "crowds" "data"
        "detection-actions" "early-checks" "early-faults" "effects" "error-words" "errors" "exploit-details" "failed"
        "fates" "finders" "found-by-customers" "found-by-machines" "generic-titles" "hedges" "inner-hosts" "jargon"
        "late-checks" "late-notice" "lost" "lowers" "machine-rates" "methods" "open-question" "openers" "part-lengths"
        "partial" "parts" "placeholders" "predicates" "proofs" "protections" "raises" "reasons" "repairs" "restarts"
        "role-addresses" "rollbacks" "root-cause" "several-causes" "single-cause" "spared" "steps" "stop" "tells-why"
        "shares" "to-customers" "triggers" "unbounded" "undone" "unverified" "users" "vague-times" "went-through" "went-well" "whole-lengths" "working-hours"
        "why-not-caught" "why-not-seen" "why-so-long" "will-change";
    Action: "action";
    Cue: "cues";
};

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::of(FILES));

/// The patterns of one file of `words/`: its number in the lexicon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group(u16);

impl Group {
    /// The file of that name, without `.txt`. Where there is none, this does not compile.
    pub(crate) const fn of(name: &str) -> Group {
        let mut at = 0;
        while at < FILES.len() {
            if same(FILES[at].1.as_bytes(), name.as_bytes()) {
                #[allow(clippy::cast_possible_truncation)]
                return Group(at as u16);
            }
            at += 1;
        }
        panic!("no file of that name is in FILES")
    }

    /// True if one of its patterns is in a text.
    pub fn is_in(self, text: &str) -> bool {
        let mut room = Vec::new();
        tokens(&LEXICON, text, &mut room);
        LEXICON.holds(&room, self.0)
    }

    /// True if it holds this word, in lower case, by itself.
    pub fn has(self, word: &str) -> bool {
        LEXICON.alone(word) & (1 << self.0) != 0
    }

    /// The first of its phrases in a text.
    pub(crate) fn first_in(self, text: &str) -> Option<Hit> {
        find(Scope::Prose, text).into_iter().find(|hit| hit.of(self))
    }
}

/// True if one of these groups holds this word, in lower case, by itself.
pub(crate) fn any_has(groups: &[Group], word: &str) -> bool {
    let those = LEXICON.alone(word);
    those != 0 && groups.iter().any(|group| those & (1 << group.0) != 0)
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// A phrase that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    group: u16,
    /// Its first byte in the text.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
}

impl Hit {
    /// The name of the group that its pattern stands in.
    pub fn group(&self) -> &'static str {
        LEXICON.groups[usize::from(self.group)]
    }

    /// The number of that group.
    pub fn number(&self) -> usize {
        usize::from(self.group)
    }

    /// True if its pattern stands in the group of that name.
    pub fn is(&self, name: &str) -> bool {
        self.group() == name
    }

    /// True if its pattern stands in that file.
    pub fn of(&self, group: Group) -> bool {
        self.group == group.0
    }
}

/// The names of all groups, by their numbers.
pub(crate) fn groups() -> &'static [&'static str] {
    &LEXICON.groups
}

/// Every phrase in one sentence, in the order in which they begin. Of those of one group that begin at the same word
/// the longest counts, and none that lies inside of another.
pub(crate) fn find(scope: Scope, sentence: &str) -> Vec<Hit> {
    let mut finder = Finder::new(scope);
    finder.find(sentence).to_vec()
}

/// Looks through one sentence after the other.
pub(crate) struct Finder {
    lexicon: &'static Lexicon,
    scope: Scope,
    room: Vec<Token>,
    found: Vec<Hit>,
    /// For each group one more than the index of its last hit in `found`.
    last: Vec<usize>,
}

impl Finder {
    pub fn new(scope: Scope) -> Finder {
        let lexicon = &*LEXICON;
        Finder { lexicon, scope, room: Vec::new(), found: Vec::new(), last: vec![0; lexicon.groups.len()] }
    }

    /// What is in the next sentence.
    pub fn find(&mut self, sentence: &str) -> &[Hit] {
        for hit in self.found.drain(..) {
            self.last[usize::from(hit.group)] = 0;
        }
        tokens(self.lexicon, sentence, &mut self.room);
        let (room, found, last) = (&self.room, &mut self.found, &mut self.last);
        let mut exceptions = false;
        for at in 0..room.len() {
            self.lexicon.matching(self.scope, room, at, |group, end| {
                let hit = Hit { group, start: room[at].start, end: room[end - 1].end };
                let slot = &mut last[usize::from(group)];
                match slot.checked_sub(1).and_then(|index| found.get_mut(index)) {
                    Some(known) if known.end >= hit.end => {}
                    Some(known) if known.start == hit.start => known.end = hit.end,
                    _ => {
                        exceptions |= self.lexicon.denies[usize::from(group)].is_some();
                        found.push(hit);
                        *slot = found.len();
                    }
                }
            });
        }
        if exceptions {
            self.drop_exceptions();
        }
        &self.found
    }

    /// A group `!x` holds what is no `x`: where both are found at the same words, neither stays.
    fn drop_exceptions(&mut self) {
        let denied = |hit: &Hit| self.lexicon.denies[usize::from(hit.group)];
        let exceptions: Vec<(u16, Hit)> =
            self.found.iter().filter_map(|hit| Some((denied(hit)?, *hit))).collect();
        for (_, exception) in &exceptions {
            self.last[usize::from(exception.group)] = 0;
        }
        let last = &mut self.last;
        self.found.retain(|hit| {
            let meets =
                |(group, no): &(u16, Hit)| *group == hit.group && hit.start < no.end && no.start < hit.end;
            let stays = denied(hit).is_none() && !exceptions.iter().any(meets);
            if !stays {
                last[usize::from(hit.group)] = 0;
            }
            stays
        });
    }
}

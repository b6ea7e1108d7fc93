//! Words that tell what a time in a report is the time of.
//!
//! The phrases are data: each stands for one milestone, with a weight. A `*` at the end of a word stands for any
//! ending. A phrase after "not", "no longer", "failed to" says the opposite and does not count.

use super::facts::MilestoneKind as Kind;

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
        let words = words(text);
        let mut cues = Cues::default();
        let mut live = false;
        for at in 0..words.len() {
            let Some(first) = words[at].bytes().next() else { continue };
            for cue in by_letter(first) {
                if matches_at(&words, at, cue.phrase) && !negated(&words, at) {
                    match cue.means {
                        Means::Kind(kind, weight) => cues.raise(kind, weight),
                        Means::Effect => cues.effect = true,
                        Means::Rehearsal => cues.rehearsal = true,
                        Means::Live => live = true,
                    }
                }
            }
        }
        cues.rehearsal &= !live;
        cues
    }
}

#[derive(Clone, Copy)]
enum Means {
    Kind(Kind, u8),
    Effect,
    Rehearsal,
    Live,
}

struct Cue {
    phrase: &'static str,
    means: Means,
}

/// The words of a text in lower case, without marks.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’' | '%' | '-' | '.')))
        .map(|word| word.trim_matches(['\'', '’', '-', '.']).to_lowercase())
        .filter(|word| !word.is_empty())
        .collect()
}

fn matches_at(words: &[String], at: usize, phrase: &str) -> bool {
    phrase.split(' ').enumerate().all(|(offset, part)| {
        words.get(at + offset).is_some_and(|word| match part.strip_suffix('*') {
            Some(stem) => word.starts_with(stem),
            None => word == part,
        })
    })
}

fn negated(words: &[String], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).map_or("", |at| words[at].as_str());
    let no = |word: &str| {
        matches!(word, "not" | "never" | "no" | "without" | "cannot" | "unable" | "nor")
            || word.ends_with("n't")
            || word.ends_with("n’t")
    };
    no(before(1))
        || (before(1) == "longer" && before(2) == "no")
        || (no(before(2)) && !matches!(before(1), "but" | "and"))
        || (before(1) == "to"
            && matches!(
                before(2),
                "failed" | "fails" | "attempt" | "attempts" | "attempted" | "tries" | "trying"
            ))
}

fn by_letter(letter: u8) -> impl Iterator<Item = &'static Cue> {
    use std::sync::LazyLock;
    static BY_LETTER: LazyLock<Vec<Vec<&'static Cue>>> = LazyLock::new(|| {
        let mut all: Vec<Vec<&'static Cue>> = (0..=255).map(|_| Vec::new()).collect();
        for cue in CUES {
            if let Some(first) = cue.phrase.bytes().next() {
                all[usize::from(first)].push(cue);
            }
        }
        all
    });
    BY_LETTER[usize::from(letter)].iter().copied()
}

const fn kind(phrase: &'static str, kind: Kind, weight: u8) -> Cue {
    Cue { phrase, means: Means::Kind(kind, weight) }
}

const fn effect(phrase: &'static str) -> Cue {
    Cue { phrase, means: Means::Effect }
}

const fn live(phrase: &'static str) -> Cue {
    Cue { phrase, means: Means::Live }
}

const fn rehearsal(phrase: &'static str) -> Cue {
    Cue { phrase, means: Means::Rehearsal }
}

const CUES: &[Cue] = &[
    kind("outage begins", Kind::Start, 6),
    kind("outage began", Kind::Start, 6),
    kind("outage start*", Kind::Start, 6),
    kind("incident begins", Kind::Start, 6),
    kind("incident began", Kind::Start, 6),
    kind("incident start*", Kind::Start, 6),
    kind("start of incident", Kind::Start, 6),
    kind("start of the incident", Kind::Start, 6),
    kind("start of outage", Kind::Start, 6),
    kind("start of the outage", Kind::Start, 6),
    kind("start of impact", Kind::Start, 6),
    kind("beginning of the", Kind::Start, 4),
    kind("problem start*", Kind::Start, 6),
    kind("problem began", Kind::Start, 6),
    kind("problems start*", Kind::Start, 6),
    kind("problems begin", Kind::Start, 6),
    kind("issue start*", Kind::Start, 6),
    kind("issue began", Kind::Start, 6),
    kind("issues start*", Kind::Start, 5),
    kind("issues began", Kind::Start, 5),
    kind("impact start*", Kind::Start, 6),
    kind("impact begins", Kind::Start, 6),
    kind("impact began", Kind::Start, 6),
    kind("downtime start*", Kind::Start, 6),
    kind("downtime begins", Kind::Start, 6),
    kind("downtime began", Kind::Start, 6),
    kind("disruption start*", Kind::Start, 6),
    kind("disruption began", Kind::Start, 6),
    kind("disruption begins", Kind::Start, 6),
    kind("degradation start*", Kind::Start, 6),
    kind("degradation began", Kind::Start, 6),
    kind("degradation begins", Kind::Start, 6),
    kind("fault occurs", Kind::Start, 6),
    kind("fault occurred", Kind::Start, 6),
    kind("fault start*", Kind::Start, 6),
    kind("incident occurred", Kind::Start, 4),
    kind("it began", Kind::Start, 5),
    kind("start time", Kind::Start, 6),
    kind("starttime", Kind::Start, 6),
    kind("started at", Kind::Start, 5),
    kind("service starts degrading", Kind::Start, 6),
    kind("starts failing", Kind::Start, 5),
    kind("started failing", Kind::Start, 5),
    kind("start failing", Kind::Start, 5),
    kind("started to fail", Kind::Start, 5),
    kind("begin failing", Kind::Start, 5),
    kind("began failing", Kind::Start, 5),
    kind("begins to fail", Kind::Start, 5),
    kind("began to fail", Kind::Start, 5),
    kind("errors start*", Kind::Start, 5),
    kind("errors begin", Kind::Start, 5),
    kind("errors began", Kind::Start, 5),
    kind("began to see", Kind::Start, 3),
    kind("begins to drop", Kind::Start, 5),
    kind("starts rapidly", Kind::Start, 4),
    kind("went down", Kind::Start, 4),
    kind("goes down", Kind::Start, 4),
    kind("is hard down", Kind::Start, 4),
    kind("stalled", Kind::Start, 3),
    kind("fails", Kind::Start, 2),
    effect("fail*"),
    effect("error*"),
    effect("outage"),
    effect("down"),
    effect("downtime"),
    effect("offline"),
    effect("unavailable"),
    effect("unreachable"),
    effect("inaccessible"),
    effect("unresponsive"),
    effect("degrad*"),
    effect("disrupt*"),
    effect("crash*"),
    effect("stalled"),
    effect("stopped"),
    effect("stops"),
    effect("stuck"),
    effect("timing out"),
    effect("times out"),
    effect("timed out"),
    effect("time-out"),
    effect("timeout*"),
    effect("slow*"),
    effect("latency"),
    effect("out of memory"),
    effect("runs out"),
    effect("ran out"),
    effect("notready"),
    effect("rejected"),
    effect("interruption"),
    effect("affected"),
    effect("impacted"),
    effect("broken"),
    effect("broke"),
    effect("breaks"),
    effect("saturated"),
    effect("expired"),
    effect("resulted in"),
    effect("does not start"),
    effect("lost"),
    effect("incident"),
    effect("issue"),
    effect("blocked"),
    live("prod"),
    live("production"),
    live("mainnet"),
    rehearsal("staging"),
    rehearsal("dev"),
    rehearsal("non-production"),
    rehearsal("non-prod"),
    rehearsal("nonprod"),
    rehearsal("test environment"),
    rehearsal("testnet"),
    rehearsal("beta"),
    kind("deploy*", Kind::Trigger, 4),
    kind("deployment", Kind::Trigger, 4),
    kind("rolled out", Kind::Trigger, 4),
    kind("roll out", Kind::Trigger, 4),
    kind("rollout", Kind::Trigger, 4),
    kind("pushed", Kind::Trigger, 4),
    kind("released", Kind::Trigger, 4),
    kind("merged", Kind::Trigger, 3),
    kind("upgrade*", Kind::Trigger, 3),
    kind("updated", Kind::Trigger, 3),
    kind("migrat*", Kind::Trigger, 3),
    kind("changed", Kind::Trigger, 3),
    kind("applied", Kind::Trigger, 3),
    kind("drained", Kind::Trigger, 3),
    kind("renamed", Kind::Trigger, 3),
    kind("edit was made", Kind::Trigger, 3),
    kind("first detected", Kind::Detected, 6),
    kind("detected", Kind::Detected, 5),
    kind("detects", Kind::Detected, 5),
    kind("detection", Kind::Detected, 4),
    kind("time of detection", Kind::Detected, 6),
    kind("team aware", Kind::Detected, 6),
    kind("became aware", Kind::Detected, 5),
    kind("made aware", Kind::Detected, 5),
    kind("notice", Kind::Detected, 4),
    kind("notices", Kind::Detected, 5),
    kind("noticed", Kind::Detected, 5),
    kind("noticing", Kind::Detected, 5),
    kind("investigation* start*", Kind::Detected, 5),
    kind("investigation* began", Kind::Detected, 5),
    kind("investigation* begin*", Kind::Detected, 5),
    kind("start* investigat*", Kind::Detected, 5),
    kind("began investigat*", Kind::Detected, 5),
    kind("begin investigat*", Kind::Detected, 5),
    kind("begins investigat*", Kind::Detected, 5),
    kind("investigat*", Kind::Detected, 3),
    kind("alert discovered", Kind::Detected, 5),
    kind("alerted", Kind::Detected, 5),
    kind("paged", Kind::Detected, 5),
    kind("page*", Kind::Detected, 2),
    kind("pagerduty", Kind::Detected, 4),
    kind("is alerted", Kind::Detected, 5),
    kind("alert", Kind::Detected, 2),
    kind("alerts", Kind::Detected, 2),
    kind("alarm*", Kind::Detected, 2),
    kind("reported", Kind::Detected, 4),
    kind("report*", Kind::Detected, 3),
    kind("raised", Kind::Detected, 3),
    kind("complain*", Kind::Detected, 3),
    kind("confirms", Kind::Detected, 3),
    kind("confirmed", Kind::Detected, 2),
    kind("discovered", Kind::Detected, 3),
    kind("observed", Kind::Detected, 3),
    kind("identified", Kind::Detected, 2),
    kind("checked", Kind::Detected, 2),
    kind("contacted", Kind::Detected, 2),
    kind("started looking", Kind::Detected, 4),
    kind("looking into", Kind::Detected, 4),
    kind("on-call", Kind::Detected, 2),
    kind("incident declared", Kind::Declared, 6),
    kind("incident is declared", Kind::Declared, 6),
    kind("incident was declared", Kind::Declared, 6),
    kind("declare* an incident", Kind::Declared, 6),
    kind("declared incident", Kind::Declared, 6),
    kind("declares incident", Kind::Declared, 6),
    kind("declared", Kind::Declared, 4),
    kind("incident opened", Kind::Declared, 5),
    kind("incident created", Kind::Declared, 5),
    kind("war room", Kind::Declared, 3),
    kind("status page", Kind::FirstWord, 4),
    kind("statuspage", Kind::FirstWord, 4),
    kind("statuspage.io", Kind::FirstWord, 5),
    kind("status incident", Kind::FirstWord, 5),
    kind("status update", Kind::FirstWord, 4),
    kind("status.io", Kind::FirstWord, 4),
    kind("comms went", Kind::FirstWord, 5),
    kind("comms sent", Kind::FirstWord, 5),
    kind("first communication", Kind::FirstWord, 6),
    kind("communicat*", Kind::FirstWord, 3),
    kind("tweet*", Kind::FirstWord, 4),
    kind("twitter", Kind::FirstWord, 3),
    kind("announce*", Kind::FirstWord, 3),
    kind("notified customers", Kind::FirstWord, 5),
    kind("notified users", Kind::FirstWord, 5),
    kind("notify users", Kind::FirstWord, 5),
    kind("customers notified", Kind::FirstWord, 5),
    kind("users notified", Kind::FirstWord, 5),
    kind("customers were notified", Kind::FirstWord, 5),
    kind("customers were informed", Kind::FirstWord, 5),
    kind("users were informed", Kind::FirstWord, 5),
    kind("informed users", Kind::FirstWord, 5),
    kind("informed customers", Kind::FirstWord, 5),
    kind("emailed customers", Kind::FirstWord, 5),
    kind("first public", Kind::FirstWord, 5),
    kind("first word", Kind::FirstWord, 6),
    kind("maintenance message", Kind::FirstWord, 3),
    kind("officially confirm", Kind::FirstWord, 3),
    kind("mitigated", Kind::Mitigated, 6),
    kind("mitigation", Kind::Mitigated, 4),
    kind("mitigate*", Kind::Mitigated, 3),
    kind("repaired", Kind::Mitigated, 6),
    kind("workaround", Kind::Mitigated, 4),
    kind("temporarily", Kind::Mitigated, 3),
    kind("temporary", Kind::Mitigated, 3),
    kind("rollback complete*", Kind::Mitigated, 5),
    kind("rollback of * has completed", Kind::Mitigated, 5),
    kind("rollback to", Kind::Mitigated, 4),
    kind("rolled back", Kind::Mitigated, 4),
    kind("roll back complete*", Kind::Mitigated, 5),
    kind("reverted", Kind::Mitigated, 4),
    kind("revert to", Kind::Mitigated, 4),
    kind("reverts", Kind::Mitigated, 4),
    kind("has completed", Kind::Mitigated, 3),
    kind("is complete", Kind::Mitigated, 3),
    kind("restoration of", Kind::Mitigated, 2),
    kind("service is restored", Kind::Mitigated, 4),
    kind("returns to normal", Kind::Mitigated, 4),
    kind("returned to normal", Kind::Mitigated, 4),
    kind("back to normal", Kind::Mitigated, 3),
    kind("stabili*", Kind::Mitigated, 3),
    kind("new node is added", Kind::Mitigated, 3),
    kind("incident resolved", Kind::Resolved, 6),
    kind("incident is resolved", Kind::Resolved, 6),
    kind("incident was resolved", Kind::Resolved, 6),
    kind("incident closed", Kind::Resolved, 6),
    kind("incident is closed", Kind::Resolved, 6),
    kind("incident ends", Kind::Resolved, 6),
    kind("incident ended", Kind::Resolved, 6),
    kind("incident over", Kind::Resolved, 6),
    kind("incident is over", Kind::Resolved, 6),
    kind("end of incident", Kind::Resolved, 6),
    kind("end of the incident", Kind::Resolved, 6),
    kind("end of outage", Kind::Resolved, 6),
    kind("end of the outage", Kind::Resolved, 6),
    kind("outage ends", Kind::Resolved, 6),
    kind("outage ended", Kind::Resolved, 6),
    kind("outage over", Kind::Resolved, 6),
    kind("outage is over", Kind::Resolved, 6),
    kind("outage resolved", Kind::Resolved, 6),
    kind("end time", Kind::Resolved, 6),
    kind("endtime", Kind::Resolved, 6),
    kind("ended at", Kind::Resolved, 5),
    kind("declared resolved", Kind::Resolved, 6),
    kind("all clear", Kind::Resolved, 6),
    kind("issue is resolved", Kind::Resolved, 5),
    kind("issue was resolved", Kind::Resolved, 5),
    kind("issue resolved", Kind::Resolved, 5),
    kind("problem resolved", Kind::Resolved, 5),
    kind("issue is closed", Kind::Resolved, 5),
    kind("issue was closed", Kind::Resolved, 5),
    kind("issue closed", Kind::Resolved, 5),
    kind("verified operational", Kind::Resolved, 5),
    kind("systems operational", Kind::Resolved, 5),
    kind("fully operational", Kind::Resolved, 5),
    kind("seems fine", Kind::Resolved, 3),
    kind("works again", Kind::Resolved, 3),
    kind("working again", Kind::Resolved, 3),
    kind("problem solved", Kind::Resolved, 5),
    kind("fully resolved", Kind::Resolved, 5),
    kind("fully restored", Kind::Resolved, 5),
    kind("fully recovered", Kind::Resolved, 5),
    kind("fully operational", Kind::Resolved, 5),
    kind("fully functional", Kind::Resolved, 5),
    kind("100% restored", Kind::Resolved, 5),
    kind("resolved", Kind::Resolved, 4),
    kind("restored", Kind::Resolved, 4),
    kind("recovered", Kind::Resolved, 4),
    kind("recovers", Kind::Resolved, 4),
    kind("recovery", Kind::Resolved, 2),
    kind("service resumes", Kind::Resolved, 4),
    kind("service resumed", Kind::Resolved, 4),
    kind("resumed", Kind::Resolved, 3),
    kind("back online", Kind::Resolved, 4),
    kind("back up", Kind::Resolved, 4),
    kind("back to normal", Kind::Resolved, 4),
    kind("returned to normal", Kind::Resolved, 4),
    kind("returns to normal", Kind::Resolved, 4),
    kind("operating normally", Kind::Resolved, 4),
    kind("working normally", Kind::Resolved, 4),
    kind("working again", Kind::Resolved, 4),
    kind("running again", Kind::Resolved, 4),
    kind("available again", Kind::Resolved, 4),
    kind("online again", Kind::Resolved, 4),
    kind("again", Kind::Resolved, 2),
    kind("comes up", Kind::Resolved, 3),
    kind("came up", Kind::Resolved, 3),
    kind("came back", Kind::Resolved, 3),
    kind("comes back", Kind::Resolved, 3),
    kind("goes away", Kind::Resolved, 4),
    kind("went away", Kind::Resolved, 4),
    kind("confirmed to be functional", Kind::Resolved, 5),
    kind("restore the", Kind::Resolved, 3),
    kind("fixed", Kind::Resolved, 3),
    kind("fix deployed", Kind::Resolved, 4),
    kind("fix was deployed", Kind::Resolved, 4),
    kind("fix is deployed", Kind::Resolved, 4),
    kind("deployed a fix", Kind::Resolved, 4),
    kind("deploys a fixed", Kind::Resolved, 4),
    kind("switched back", Kind::Resolved, 3),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn strongest(text: &str) -> Option<Kind> {
        let cues = Cues::of(text);
        Kind::ALL.into_iter().filter(|kind| cues.says(*kind)).max_by_key(|kind| cues.weight(*kind))
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
        assert!(!Cues::of("we failed to notice").says(Kind::Detected));
        assert!(Cues::of("not only slow but resolved").says(Kind::Resolved));
    }
}

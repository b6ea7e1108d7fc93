//! What a section is about, told from the words of its heading.

use std::fmt;
use std::ops::BitOr;

/// A set of topics. A heading such as "Root cause and resolution" has two.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Kinds(u16);

impl Kinds {
    /// No topic known.
    pub const NONE: Kinds = Kinds(0);
    /// What happened in short.
    pub const SUMMARY: Kinds = Kinds(1);
    /// Who was hurt and how much.
    pub const IMPACT: Kinds = Kinds(1 << 1);
    /// Times and what happened at them.
    pub const TIMELINE: Kinds = Kinds(1 << 2);
    /// How it was found.
    pub const DETECTION: Kinds = Kinds(1 << 3);
    /// Why it happened.
    pub const CAUSE: Kinds = Kinds(1 << 4);
    /// How it was repaired.
    pub const FIX: Kinds = Kinds(1 << 5);
    /// What changes.
    pub const ACTIONS: Kinds = Kinds(1 << 6);
    /// What went well, badly, by luck.
    pub const LESSONS: Kinds = Kinds(1 << 7);
    /// What customers were told.
    pub const COMMUNICATION: Kinds = Kinds(1 << 8);
    /// Who took part or wrote it.
    pub const PEOPLE: Kinds = Kinds(1 << 9);
    /// Logs, chats, references.
    pub const APPENDIX: Kinds = Kinds(1 << 10);
    /// What stopped working (five questions).
    pub const STOPPED: Kinds = Kinds(1 << 11);
    /// Regret (the customers' letter).
    pub const REGRET: Kinds = Kinds(1 << 12);
    /// Figures such as "time to detection".
    pub const FIGURES: Kinds = Kinds(1 << 13);

    const NAMES: [(Kinds, &'static str); 14] = [
        (Kinds::SUMMARY, "summary"),
        (Kinds::IMPACT, "impact"),
        (Kinds::TIMELINE, "timeline"),
        (Kinds::DETECTION, "detection"),
        (Kinds::CAUSE, "cause"),
        (Kinds::FIX, "fix"),
        (Kinds::ACTIONS, "actions"),
        (Kinds::LESSONS, "lessons"),
        (Kinds::COMMUNICATION, "communication"),
        (Kinds::PEOPLE, "people"),
        (Kinds::APPENDIX, "appendix"),
        (Kinds::STOPPED, "stopped"),
        (Kinds::REGRET, "regret"),
        (Kinds::FIGURES, "figures"),
    ];

    /// True if any topic of `other` is in the set.
    pub fn has(self, other: Kinds) -> bool {
        self.0 & other.0 != 0
    }

    /// These without `other`.
    #[must_use]
    pub fn without(self, other: Kinds) -> Kinds {
        Kinds(self.0 & !other.0)
    }

    /// True if no topic is known.
    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The names of the topics, as used in output.
    pub fn names(self) -> Vec<&'static str> {
        Kinds::NAMES.iter().filter(|(kind, _)| self.has(*kind)).map(|(_, name)| *name).collect()
    }

    /// The topics that the words of a heading (or label) name.
    pub fn of_heading(title: &str) -> Kinds {
        let title = title.to_lowercase().replace(['’', '‘'], "'");
        let whole = title.trim_matches(|c: char| !c.is_alphanumeric());
        let named = WHOLE_HEADINGS.iter().filter(|(phrase, _)| whole == *phrase);
        let mut kinds = named.fold(Kinds::NONE, |all, (_, kind)| all | *kind);
        let mut inside = false;
        for (at, c) in title.char_indices() {
            // At the start of a word, or at a mark.
            if !inside {
                let rest = &title[at..];
                let named = HEADINGS.iter().filter(|(phrase, _)| rest.starts_with(phrase));
                kinds = named.fold(kinds, |all, (_, kind)| all | *kind);
            }
            inside = c.is_alphanumeric();
        }
        kinds
    }
}

impl BitOr for Kinds {
    type Output = Kinds;

    fn bitor(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }
}

impl fmt::Debug for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// Phrases in headings, in lower case. They begin with a word and may end inside of one.
const HEADINGS: &[(&str, Kinds)] = &[
    ("timeline", Kinds::TIMELINE),
    ("time line", Kinds::TIMELINE),
    ("chronolog", Kinds::TIMELINE),
    ("sequence of events", Kinds::TIMELINE),
    ("key events", Kinds::TIMELINE),
    ("key times", Kinds::TIMELINE),
    ("incident log", Kinds::TIMELINE),
    ("course of events", Kinds::TIMELINE),
    ("order of events", Kinds::TIMELINE),
    ("leadup", Kinds::TIMELINE),
    ("lead up", Kinds::TIMELINE),
    ("lead-up", Kinds::TIMELINE),
    ("event log", Kinds::TIMELINE),
    ("what happened when", Kinds::TIMELINE),
    ("summary", Kinds::SUMMARY),
    ("overview", Kinds::SUMMARY),
    ("abstract", Kinds::SUMMARY),
    ("tl;dr", Kinds::SUMMARY),
    ("tldr", Kinds::SUMMARY),
    ("background", Kinds::SUMMARY),
    ("incident description", Kinds::SUMMARY),
    ("what happened", Kinds::SUMMARY),
    ("incident overview", Kinds::SUMMARY),
    ("impact", Kinds::IMPACT),
    ("who was affected", Kinds::IMPACT),
    ("affected", Kinds::IMPACT),
    ("customer effect", Kinds::IMPACT),
    ("cost", Kinds::IMPACT),
    ("damage", Kinds::IMPACT),
    ("detection", Kinds::DETECTION),
    ("detected", Kinds::DETECTION),
    ("identified", Kinds::DETECTION),
    ("how was this discovered", Kinds::DETECTION),
    ("how did we find", Kinds::DETECTION),
    ("how did we notice", Kinds::DETECTION),
    ("how we found", Kinds::DETECTION),
    ("how we noticed", Kinds::DETECTION),
    ("how it was found", Kinds::DETECTION),
    ("how it was noticed", Kinds::DETECTION),
    ("how was it detected", Kinds::DETECTION),
    ("root cause", Kinds::CAUSE),
    ("cause", Kinds::CAUSE),
    ("contributing", Kinds::CAUSE),
    ("trigger", Kinds::CAUSE),
    ("why did", Kinds::CAUSE),
    ("why was", Kinds::CAUSE),
    ("what led to", Kinds::CAUSE),
    ("what went wrong", Kinds::CAUSE),
    ("what went wrong", Kinds::LESSONS),
    ("analysis", Kinds::CAUSE),
    ("five whys", Kinds::CAUSE),
    ("5 whys", Kinds::CAUSE),
    ("5-whys", Kinds::CAUSE),
    ("whys", Kinds::CAUSE),
    ("reason", Kinds::CAUSE),
    ("fault", Kinds::CAUSE),
    ("diagnosis", Kinds::CAUSE),
    ("findings", Kinds::CAUSE),
    ("technical detail", Kinds::CAUSE),
    ("extra factors", Kinds::CAUSE),
    ("resolution", Kinds::FIX),
    ("recovery", Kinds::FIX),
    ("mitigation", Kinds::FIX),
    ("how did we fix", Kinds::FIX),
    ("how was it fixed", Kinds::FIX),
    ("how was it resolved", Kinds::FIX),
    ("response", Kinds::FIX),
    ("repair", Kinds::FIX),
    ("the fix", Kinds::FIX),
    ("quick fix", Kinds::FIX),
    ("action", Kinds::ACTIONS),
    ("follow up", Kinds::ACTIONS),
    ("follow-up", Kinds::ACTIONS),
    ("followup", Kinds::ACTIONS),
    ("corrective", Kinds::ACTIONS),
    ("preventive", Kinds::ACTIONS),
    ("preventative", Kinds::ACTIONS),
    ("prevent", Kinds::ACTIONS),
    ("remediation", Kinds::ACTIONS),
    ("remedy", Kinds::ACTIONS),
    ("remedies", Kinds::ACTIONS),
    ("next step", Kinds::ACTIONS),
    ("what are we doing", Kinds::ACTIONS),
    ("what we are doing", Kinds::ACTIONS),
    ("what will we", Kinds::ACTIONS),
    ("what we will", Kinds::ACTIONS),
    ("what we're doing", Kinds::ACTIONS),
    ("going forward", Kinds::ACTIONS),
    ("looking forward", Kinds::ACTIONS),
    ("moving forward", Kinds::ACTIONS),
    ("what we have done", Kinds::ACTIONS),
    ("what we've done", Kinds::ACTIONS),
    ("what we did to prevent", Kinds::ACTIONS),
    ("what we are changing", Kinds::ACTIONS),
    ("what we're changing", Kinds::ACTIONS),
    ("what we changed", Kinds::ACTIONS),
    ("what are we changing", Kinds::ACTIONS),
    ("how we will", Kinds::ACTIONS),
    ("todo", Kinds::ACTIONS),
    ("to do", Kinds::ACTIONS),
    ("to-do", Kinds::ACTIONS),
    ("improvement", Kinds::ACTIONS),
    ("measures", Kinds::ACTIONS),
    ("recommendation", Kinds::ACTIONS),
    ("future plan", Kinds::ACTIONS),
    ("plan of action", Kinds::ACTIONS),
    ("short-term fix", Kinds::ACTIONS),
    ("medium-term fix", Kinds::ACTIONS),
    ("long-term fix", Kinds::ACTIONS),
    ("short term", Kinds::ACTIONS),
    ("medium term", Kinds::ACTIONS),
    ("long term", Kinds::ACTIONS),
    ("lessons", Kinds::LESSONS),
    ("lesson learned", Kinds::LESSONS),
    ("learnings", Kinds::LESSONS),
    ("what we learned", Kinds::LESSONS),
    ("takeaway", Kinds::LESSONS),
    ("went well", Kinds::LESSONS),
    ("went poorly", Kinds::LESSONS),
    ("went badly", Kinds::LESSONS),
    ("went less well", Kinds::LESSONS),
    ("didn't go so well", Kinds::LESSONS),
    ("could have been better", Kinds::LESSONS),
    ("could have gone", Kinds::LESSONS),
    ("got lucky", Kinds::LESSONS),
    ("were lucky", Kinds::LESSONS),
    ("luck", Kinds::LESSONS),
    ("communication", Kinds::COMMUNICATION),
    ("what we told", Kinds::COMMUNICATION),
    ("what was said", Kinds::COMMUNICATION),
    ("author", Kinds::PEOPLE),
    ("responders", Kinds::PEOPLE),
    ("attendees", Kinds::PEOPLE),
    ("participants", Kinds::PEOPLE),
    ("people involved", Kinds::PEOPLE),
    ("reviewers", Kinds::PEOPLE),
    ("appendix", Kinds::APPENDIX),
    ("logs", Kinds::APPENDIX),
    ("chat log", Kinds::APPENDIX),
    ("references", Kinds::APPENDIX),
    ("glossary", Kinds::APPENDIX),
    ("links", Kinds::APPENDIX),
    ("supporting information", Kinds::APPENDIX),
    ("relevant commit", Kinds::APPENDIX),
    ("what stopped working", Kinds::STOPPED),
    ("what stopped working", Kinds::IMPACT),
    ("what was broken", Kinds::STOPPED),
    ("what was broken", Kinds::IMPACT),
    ("regret", Kinds::REGRET),
    ("apology", Kinds::REGRET),
    ("we are sorry", Kinds::REGRET),
    ("stats", Kinds::FIGURES),
    ("metrics", Kinds::FIGURES),
    ("figures", Kinds::FIGURES),
    ("time to ", Kinds::FIGURES),
];

/// Headings that mean something by themselves only.
const WHOLE_HEADINGS: &[(&str, Kinds)] = &[
    ("next", Kinds::ACTIONS),
    ("what's next", Kinds::ACTIONS),
    ("what next", Kinds::ACTIONS),
    ("fixes", Kinds::ACTIONS),
    ("why", Kinds::CAUSE),
    ("what broke", Kinds::CAUSE),
    ("events", Kinds::TIMELINE),
    ("history", Kinds::TIMELINE),
    ("in short", Kinds::SUMMARY),
    ("in brief", Kinds::SUMMARY),
    ("narrative", Kinds::SUMMARY),
    ("description", Kinds::SUMMARY),
    ("scope", Kinds::IMPACT),
    ("conclusions", Kinds::LESSONS),
    ("conclusion", Kinds::LESSONS),
    ("discovery", Kinds::DETECTION),
    ("prevention", Kinds::ACTIONS),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_say_what_they_are_about() {
        let kinds = |title: &str| Kinds::of_heading(title).names();
        assert_eq!(kinds("Timeline (all times are Indian Standard Time)"), ["timeline"]);
        assert_eq!(kinds("Root Cause and Resolution"), ["cause", "fix"]);
        assert_eq!(kinds("Corrective and Preventative Measures"), ["actions"]);
        assert_eq!(kinds("What Are We Doing To Prevent Issues In The Future?"), ["actions"]);
        assert_eq!(kinds("How Did We Fix It?"), ["fix"]);
        assert_eq!(kinds(":eye: Detection"), ["detection"]);
        assert_eq!(kinds("What Stopped Working?"), ["impact", "stopped"]);
        assert_eq!(kinds("What didn’t go so well?"), ["lessons"]);
        assert!(kinds("Reaction of the press").is_empty());
    }
}

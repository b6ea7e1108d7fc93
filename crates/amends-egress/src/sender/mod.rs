//! What a domain says in DNS about the mail that carries its name, judged in plain words.
//!
//! Receivers of bulk mail want three things that agree: SPF (which servers may send), DKIM (a signature) and DMARC
//! (what the name in From stands for). A missing one is how 500 daily mails end as "rejected: unsigned". Everything
//! here is pure; [`crate::survey`] asks DNS.

pub mod dkim;
pub mod dmarc;
pub mod spf;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// As it should be.
    Good,
    /// Worth knowing; nothing to do.
    Note,
    /// Mail goes out, but some receivers will trust it less.
    Warning,
    /// Receivers will refuse or hide the mail.
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub level: Level,
    /// What was found, as a sentence.
    pub says: String,
    /// What to do about it, as a sentence; empty when there is nothing to do.
    pub remedy: String,
}

impl Finding {
    pub(crate) fn good(says: impl Into<String>) -> Self {
        Self { level: Level::Good, says: says.into(), remedy: String::new() }
    }

    pub(crate) fn note(says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: Level::Note, says: says.into(), remedy: remedy.into() }
    }

    pub(crate) fn warning(says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: Level::Warning, says: says.into(), remedy: remedy.into() }
    }

    pub(crate) fn bad(says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: Level::Bad, says: says.into(), remedy: remedy.into() }
    }
}

/// Text from DNS as it may be shown: printable, and not longer than a line.
pub(crate) fn shown(text: &str) -> String {
    let mut out: String = text.chars().filter(|c| !c.is_control()).take(120).collect();
    if text.chars().count() > 120 {
        out.push('…');
    }
    out
}

/// `name=value` pairs of a DKIM or DMARC record, in order. Parts without `=` are dropped.
pub(crate) fn tags(record: &str) -> Vec<(String, String)> {
    record
        .split(';')
        .filter_map(|part| part.split_once('='))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect()
}

pub(crate) fn tag<'a>(tags: &'a [(String, String)], name: &str) -> Option<&'a str> {
    tags.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}

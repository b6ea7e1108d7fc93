//! Which messages of a source are on the record already, which are new, and which were edited at the source.

use std::collections::{HashMap, HashSet};

use amends_model::{Actor, Event, EventBody, EventId, Subject, text};
use jiff::{SignedDuration, Timestamp};

use super::merge::last_told;
use super::{ForeignIncident, ForeignUpdate, kept_id, normalised};
use crate::incident::MAX_TEXT;

/// The id under which one message is kept: the same every time that it is imported. `nth` counts messages that say the
/// same in the same minute, from 0.
fn event_id(subject: &str, update: &ForeignUpdate, nth: usize) -> String {
    kept_id(&format!("{subject}/{}/{nth}/{}", minute(update.at), normalised(&update.body)))
}

/// What becomes of a source's messages.
#[derive(Default)]
pub(super) struct Told {
    /// To add.
    pub add: Vec<Event>,
    /// To replace: as they are, and as they are to be.
    pub replace: Vec<(Event, Event)>,
    /// On the record already.
    pub unchanged: usize,
}

impl Told {
    pub(super) fn changes(&self) -> bool {
        !self.add.is_empty() || !self.replace.is_empty()
    }
}

/// Compares the source's messages with those on the record. Two are the same when they were said in the same minute in
/// the same words, whatever the paragraphs; a page that said so twice is kept as it is, but a second source does not add
/// a repeat. One that stands alone in its minute on both sides, with other words, was edited at the source.
pub(super) fn tell(
    foreign: &ForeignIncident,
    subject: &Subject,
    known: &[Event],
    now: Timestamp,
    body: &dyn Fn(usize, String) -> EventBody,
) -> Told {
    let mut out = Told::default();
    let words_of = |e: &Event| normalised(e.body.text().unwrap_or_default());
    let mut free: Vec<&Event> = known.iter().collect();
    let mut used: HashSet<Timestamp> = known.iter().map(|e| e.at).collect();
    // How often each message was said so far, and whether the record had it.
    let mut said: HashMap<(i64, String), (usize, bool)> = HashMap::new();
    let mut left: Vec<(usize, usize, &ForeignUpdate)> = Vec::new();
    for (i, update) in foreign.updates.iter().enumerate() {
        let words = text::cleaned(&update.body, MAX_TEXT);
        let plain = normalised(&words);
        let (times, had) = said.entry((minute(update.at), plain.clone())).or_default();
        let nth = std::mem::replace(times, *times + 1);
        let id = event_id(subject.id(), update, nth);
        let found = free
            .iter()
            .position(|e| e.id.as_str() == id)
            .or_else(|| free.iter().position(|e| minute(e.at) == minute(update.at) && words_of(e) == plain));
        let Some(found) = found else {
            if *had {
                out.unchanged += 1;
            } else {
                left.push((i, nth, update));
            }
            continue;
        };
        *had = true;
        let old = free.swap_remove(found);
        // The same words with their paragraphs are better than without.
        let old_lines = old.body.text().unwrap_or_default().lines().count();
        if old.version == 1 && words_of(old) == plain && words.lines().count() > old_lines {
            out.replace.extend(reworded(old, words, now));
        } else {
            out.unchanged += 1;
        }
    }
    let newest_known = known.iter().map(|e| e.at).max();
    let source_is_newer = newest_known.is_none_or(|at| last_told(foreign) > at);
    for (i, nth, update) in &left {
        let words = text::cleaned(&update.body, MAX_TEXT);
        let alone = left.iter().filter(|(_, _, u)| minute(u.at) == minute(update.at)).count() == 1;
        let mut there = free.iter().filter(|e| minute(e.at) == minute(update.at));
        if let (Some(old), None, true) = (there.next(), there.next(), alone) {
            // Edited here, or the source is the older of the two: what is on the record stays.
            match reworded(old, words, now).filter(|_| old.version == 1 && source_is_newer) {
                Some(pair) => out.replace.push(pair),
                None => out.unchanged += 1,
            }
            continue;
        }
        let Ok(id) = event_id(subject.id(), update, *nth).parse::<EventId>() else { continue };
        // Events are ordered by time; those of one minute keep the source's order by a microsecond each.
        let mut at = update.at;
        while !used.insert(at) {
            at = at.checked_add(SignedDuration::from_micros(1)).unwrap_or(at);
        }
        out.add.push(Event {
            id,
            subject: subject.clone(),
            at,
            written_at: at,
            actor: Actor::system("import"),
            body: body(*i, words),
            edited_at: None,
            version: 1,
        });
    }
    out
}

fn reworded(old: &Event, words: String, now: Timestamp) -> Option<(Event, Event)> {
    let body = old.body.with_text(words)?;
    let new = Event { body, edited_at: Some(now), version: old.version + 1, ..old.clone() };
    Some((old.clone(), new))
}

fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

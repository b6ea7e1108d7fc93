//! From written times to moments: which day, which zone, which instant, and what happened then.

use std::sync::Arc;

use jiff::Span as Length;
use jiff::civil::{Date, DateTime, Time};

use super::clock::{self, Mention, WrittenDate};
use super::cues::Cues;
use super::document::{Block, BlockKind, Document};
use super::facts::{Dated, MilestoneKind as Kind, Moment, Origin, Said};
use super::section::Kinds;
use super::span::Span;
use super::zone::Zone;

mod context;
mod slips;
mod words;

pub(super) use context::Context;
pub(crate) use words::sentence_end;
use words::{Sentences, label_before, rest_of_row};

/// A row without a date that is this many hours before the row above it is on the next day; less is rather a
/// slip, which a rule will report.
const ROLL_HOURS: i64 = 6;

/// Reads every moment of the document, in the order of the text.
pub(super) fn moments(document: &Document<'_>, context: &Context) -> Vec<Moment> {
    let mut reader = Reader {
        document,
        context,
        moments: Vec::new(),
        row_date: None,
        last_row: None,
        prose: None,
        columns: None,
    };
    reader.front_matter();
    for (index, block) in document.blocks.iter().enumerate() {
        reader.block(index, block);
    }
    slips::correct(&mut reader.moments, context.date.as_ref().map(|said| said.value));
    reader.moments
}

struct Reader<'d, 'a> {
    document: &'d Document<'a>,
    context: &'d Context,
    moments: Vec<Moment>,
    /// The date that rows without one carry on.
    row_date: Option<Date>,
    last_row: Option<DateTime>,
    /// The last date in the sentences of a section.
    prose: Option<(usize, Date)>,
    /// The table that is read, and the zones that its columns are in.
    columns: Option<(usize, Vec<Option<Zone>>)>,
}

/// The words and the place of one moment.
struct Place {
    block: Option<usize>,
    origin: Origin,
    span: Span,
    text: Arc<str>,
    cues: Cues,
    section: usize,
    /// The zone that the head of its column names.
    column: Option<Zone>,
    /// True before "the next day".
    day_after: bool,
}

impl Reader<'_, '_> {
    fn front_matter(&mut self) {
        let Some(front) = &self.document.front else { return };
        let ends = front.fields.iter().any(|field| {
            let key = field.key.to_lowercase();
            let end = key.starts_with("resolved") || key.starts_with("end");
            end && clock::read_value(&field.value).is_some_and(|mention| mention.time.is_some())
        });
        for field in &front.fields {
            let key = field.key.to_lowercase();
            let timely =
                ["date", "start", "end", "resolved", "detect", "time", "mitigat", "published", "declared"];
            if !timely.iter().any(|word| key.contains(word)) {
                continue;
            }
            let Some(mention) = clock::read_value(&field.value) else { continue };
            let words = spaced(&field.key);
            let mut cues = Cues::of(&words);
            front_cues(&mut cues, &words);
            // Beside the time of its end a date with a time is the beginning; alone it is that of the text.
            if key == "date" && mention.time.is_some() && ends {
                cues.raise(Kind::Start, 5);
            }
            let origin = Origin::FrontMatter;
            self.add(
                &mention,
                Place {
                    block: None,
                    origin,
                    span: field.span,
                    text: words.into(),
                    cues,
                    section: 0,
                    column: None,
                    day_after: false,
                },
            );
        }
    }

    fn block(&mut self, index: usize, block: &Block) {
        if let BlockKind::Row { table, header: true, .. } = block.kind {
            self.columns = Some((table, block.cells().map(zone_of_column).collect()));
            return;
        }
        if let BlockKind::Code(language) = &block.kind {
            let plain = matches!(language.as_str(), "" | "text" | "txt" | "plain");
            if !plain || !block.kinds.has(Kinds::TIMELINE) {
                return;
            }
        }
        let text = block.text.as_str();
        let mentions = &block.mentions;
        let closes = |mention: &Mention| closes_row(block, mention);
        let opens: Vec<bool> = mentions.iter().map(|mention| opens_row(block, mention)).collect();
        let mut row_ends = vec![text.len(); mentions.len()];
        for at in (1..mentions.len()).rev() {
            row_ends[at - 1] = if opens[at] { mentions[at].start } else { row_ends[at] };
        }
        let title = matches!(block.kind, BlockKind::Heading(1));
        let mut sentences = Sentences::new(text);
        let mut zoned = false;
        for (at, mention) in mentions.iter().enumerate() {
            let column = self.column(block, mention);
            let label = || label_before(block, mention).filter(|_| !within_row(block, &opens[..at]));
            let (origin, said): (Origin, Option<Arc<str>>) = if title {
                (Origin::Title, None)
            } else if let (true, Some(label)) = (opens[at] && closes(mention), label()) {
                // "Incident start | 17:42" in a table of fields.
                (Origin::Label, Some(label.into()))
            } else if let (true, Some((start, end))) =
                (opens[at] && closes(mention), cell_before(block, mention))
            {
                // "The first error is seen | 17:42" in a timeline whose times come last.
                (Origin::Row, Some(text.get(start..end).unwrap_or_default().trim().into()))
            } else if opens[at] {
                // The same time again, in the zone of the next column.
                if column.is_some() && std::mem::replace(&mut zoned, column.is_some()) {
                    continue;
                }
                // Of "12:00 | 12:30 | Rollback" the words behind the last time are those of both.
                let silent = |next: &usize| {
                    opens[*next]
                        && !text[mentions[next - 1].end..mentions[*next].start].contains(char::is_alphabetic)
                };
                let last = (at + 1..mentions.len()).take_while(silent).last().unwrap_or(at);
                let rest = rest_of_row(self.document, index, &mentions[last], row_ends[last]);
                (Origin::Row, Some(rest.into()))
            } else if let Some(label) = label() {
                (Origin::Label, Some(label.into()))
            } else {
                (Origin::Prose, None)
            };
            let (said, cues) = match said {
                Some(said) => {
                    let mut cues = Cues::of(&said);
                    if origin == Origin::Label {
                        label_cues(&mut cues, &said);
                        // "Time: 12:08 PM to 1:30 PM" is the range in which something failed.
                        cues.effect |= mention.until.is_some() && names_window(&said);
                    }
                    (said, cues)
                }
                None => {
                    let said = sentences.around(mention.start);
                    let mut cues = match sentences.clause(mentions, at) {
                        Some(clause) => Cues::of(clause),
                        None => sentences.cues(),
                    };
                    // "Requests are refused since 17:53" tells when that began; "back to normal since" does not.
                    let over = cues.says(Kind::Resolved) || cues.says(Kind::Mitigated);
                    if cues.effect && !over && words::follows_since(text, mention.start) {
                        cues.raise(Kind::Start, 4);
                    }
                    (said, cues)
                }
            };
            let span = block.text.span(mention.start, mention.end);
            let day_after = says_day_after(text.get(mention.end..).unwrap_or_default());
            let place = Place {
                block: Some(index),
                origin,
                span,
                text: said,
                cues,
                section: block.section,
                column,
                day_after,
            };
            self.add(mention, place);
        }
    }

    /// The zone of the column in which a time of a table stands.
    fn column(&self, block: &Block, mention: &Mention) -> Option<Zone> {
        let BlockKind::Row { table, cells, .. } = &block.kind else { return None };
        let (_, zones) = self.columns.as_ref().filter(|(known, _)| known == table)?;
        let cell = cells.iter().rposition(|(start, _)| *start <= mention.start)?;
        zones.get(cell)?.clone()
    }

    fn add(&mut self, mention: &Mention, place: Place) {
        let (local, dated) = self.local(mention, &place);
        let until = mention.until.as_ref().and_then(|(date, time)| {
            let from = local?;
            let day = match date {
                Some(date) => self.context.resolve(*date, Some(from.date()))?,
                None => from.date(),
            };
            let mut until = on_day(day, time)?;
            if until < from && date.is_none() {
                until = until.checked_add(Length::new().days(1)).ok()?;
            }
            Some(until)
        });
        let own_zone = mention.zone.is_some();
        let zone = mention
            .zone
            .clone()
            .or(place.column)
            .or_else(|| self.context.zone.as_ref().map(|said| said.value.clone()));
        let has_time = mention.time.is_some();
        let instant = |local: Option<DateTime>| zone.as_ref()?.instant(local?);
        self.moments.push(Moment {
            line: self.document.line(place.span.start),
            span: place.span,
            block: place.block,
            origin: place.origin,
            at: instant(local.filter(|_| has_time)),
            until_at: instant(until),
            local,
            meant: local,
            has_time,
            until,
            dated,
            zone,
            own_zone,
            style: mention.time.map(|time| time.style),
            malformed: mention.time.is_some_and(|time| time.malformed),
            approximate: mention.approximate,
            cues: place.cues,
            text: place.text,
        });
    }

    /// The local time of a mention and how its date is known; what is learned about dates is kept for the next.
    fn local(&mut self, mention: &Mention, place: &Place) -> (Option<DateTime>, Dated) {
        let row = place.origin == Origin::Row;
        let near = if row { self.row_date } else { self.prose_date(place.section) };
        let written = mention.date.and_then(|date| self.context.resolve(date, near));
        let document = self.context.date.as_ref().map(|said| said.value);
        let (day, dated) = match (written, near, document) {
            (Some(day), ..) => (Some(day), Dated::Written),
            (None, Some(day), _) => (Some(day), Dated::Carried),
            (None, None, Some(day)) => (Some(day), Dated::Document),
            (None, None, None) => (None, Dated::Unknown),
        };
        let Some(day) = day else { return (None, Dated::Unknown) };
        let Some(time) = &mention.time else {
            self.keep(row, place.section, day, None);
            return (Some(day.to_datetime(Time::midnight())), dated);
        };
        let Some(mut local) = on_day(day, time) else { return (None, Dated::Unknown) };
        let mut dated = dated;
        if place.day_after
            && dated != Dated::Written
            && let Ok(next) = local.checked_add(Length::new().days(1))
        {
            (local, dated) = (next, Dated::Rolled);
        }
        if row
            && dated != Dated::Written
            && let Some(last) = self.last_row
            && last.date() == day
            && hours_between(local, last) >= ROLL_HOURS
            && let Ok(next) = local.checked_add(Length::new().days(1))
        {
            local = next;
            dated = Dated::Rolled;
        }
        self.keep(row, place.section, local.date(), Some(local));
        (Some(local), dated)
    }

    fn keep(&mut self, row: bool, section: usize, day: Date, local: Option<DateTime>) {
        if row {
            self.row_date = Some(day);
            self.last_row = local;
        } else {
            self.prose = Some((section, day));
        }
    }

    fn prose_date(&self, section: usize) -> Option<Date> {
        self.prose.filter(|(where_, _)| *where_ == section).map(|(_, day)| day)
    }
}

/// True if the mention stands where a row of a timeline begins.
fn opens_row(block: &Block, mention: &Mention) -> bool {
    match &block.kind {
        BlockKind::Row { cells, .. } => cells.iter().take(4).any(|(start, _)| {
            *start <= mention.start
                && words::is_lead_in(words::before(block.text.as_str(), *start, mention.start))
        }),
        BlockKind::Heading(1) => false,
        _ => {
            let text = block.text.as_str();
            // "## July 22" dates what stands under it, wherever the timeline has its heading.
            let day = matches!(block.kind, BlockKind::Heading(_))
                && mention.end - mention.start == text.trim().len();
            let timely = mention.time.is_some() || day || block.kinds.has(Kinds::TIMELINE);
            if block.kind == BlockKind::Paragraph && words::goes_on(text, mention.start) {
                return false;
            }
            let before = words::line_before(text, mention.start);
            // "At 11:19 a change was released" is a sentence; under the heading of a timeline it is a row.
            let sentence = block.kind == BlockKind::Paragraph
                && !block.kinds.has(Kinds::TIMELINE)
                && before.contains(|c: char| c.is_alphabetic());
            timely && !sentence && words::is_lead_in(before)
        }
    }
}

/// True if nothing stands behind the mention in its row of a table, and words before it.
fn closes_row(block: &Block, mention: &Mention) -> bool {
    let BlockKind::Row { .. } = &block.kind else { return false };
    let text = block.text.as_str();
    let behind = text.get(mention.end..).unwrap_or_default();
    !behind.contains(char::is_alphanumeric) && cell_before(block, mention).is_some()
}

/// The first cell before that of a mention, if it says something.
fn cell_before(block: &Block, mention: &Mention) -> Option<(usize, usize)> {
    let BlockKind::Row { cells, .. } = &block.kind else { return None };
    let text = block.text.as_str();
    let words = |(start, end): &(usize, usize)| {
        text.get(*start..*end).is_some_and(|cell| cell.contains(char::is_alphabetic))
    };
    let (start, end) = *cells.first().filter(|cell| words(cell))?;
    // What begins with a time of its own is no name for the one behind it.
    let timed = block.mentions.first().is_some_and(|first| first.start < end);
    (!timed && end <= mention.start).then_some((start, end))
}

/// True for a time in the words of a row: "01:15: reports of 01:00 are sent".
fn within_row(block: &Block, opened: &[bool]) -> bool {
    !matches!(block.kind, BlockKind::Row { .. }) && opened.contains(&true)
}

/// The zone that the head of a column is, or holds in brackets: "UTC", "Time (CEST)".
fn zone_of_column(head: &str) -> Option<Zone> {
    const LONGEST: usize = 32;
    if head.len() > LONGEST {
        return None;
    }
    crate::read::zone::find(head).map(|(zone, ..)| zone)
}

/// How many hours `earlier` is before `later`; negative if it is not.
fn hours_between(earlier: DateTime, later: DateTime) -> i64 {
    later.duration_since(earlier).as_hours()
}

fn on_day(day: Date, time: &clock::WrittenTime) -> Option<DateTime> {
    let day = if time.next_day { day.tomorrow().ok()? } else { day };
    Some(day.to_datetime(time.time))
}

/// `resolvedWhen` → `resolved When`: a key as words.
fn spaced(key: &str) -> String {
    let mut words = String::with_capacity(key.len() + 4);
    let mut lower = false;
    for c in key.chars() {
        if c.is_uppercase() && lower {
            words.push(' ');
        }
        lower = c.is_lowercase();
        words.push(if matches!(c, '_' | '-' | '.') { ' ' } else { c });
    }
    words
}

/// True for what follows the time in "2:30 AM the next day", "01:15 (next morning)".
fn says_day_after(behind: &str) -> bool {
    let words = behind.trim_start_matches([' ', ',', '(', '*']);
    let words = words.strip_prefix("on ").unwrap_or(words);
    let words = words.strip_prefix("the ").unwrap_or(words);
    ["next day", "following day", "next morning", "following morning", "day after,"]
        .iter()
        .any(|said| words.starts_with(said))
}

/// A label of one word says more than the same word in a sentence.
fn label_cues(cues: &mut Cues, label: &str) {
    match label.to_lowercase().as_str() {
        "start" | "started" | "begin" | "began" | "beginning" => cues.raise(Kind::Start, 6),
        "end" | "ended" | "finished" | "over" | "resolved" | "closed" => cues.raise(Kind::Resolved, 6),
        _ => {}
    }
}

/// True for a label that names the incident as a whole: "Time (PDT)", "Duration of the outage", "When".
fn names_window(label: &str) -> bool {
    let of =
        ["the", "of", "and", "incident", "outage", "event", "service", "impact", "disruption", "utc", "date"];
    let named =
        ["time", "times", "when", "duration", "window", "period", "downtime", "outage", "incident", "impact"];
    let outside = label.split('(').next().unwrap_or(label).to_lowercase();
    let mut words = outside.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).peekable();
    let mut names = false;
    words.peek().is_some()
        && words.all(|word| {
            names |= named.contains(&word);
            of.contains(&word) || named.contains(&word)
        })
        && names
}

/// The names of fields are clearer than words in a sentence.
fn front_cues(cues: &mut Cues, key: &str) {
    let key = key.to_lowercase();
    let starts = [
        ("start", Kind::Start),
        ("end", Kind::Resolved),
        ("resolved", Kind::Resolved),
        ("detect", Kind::Detected),
    ];
    for (word, kind) in starts {
        if key.split(' ').any(|part| part.starts_with(word)) {
            cues.raise(kind, 6);
        }
    }
    if key.contains("mitigat") {
        cues.raise(Kind::Mitigated, 6);
    }
    if key.contains("first word") {
        cues.raise(Kind::FirstWord, 6);
    }
    if key.contains("declared") {
        cues.raise(Kind::Declared, 6);
    }
    // A status page post is dated by when it began.
    if key == "date" {
        cues.raise(Kind::Start, 1);
    }
}

/// What is said about the zone, for [`Context`] and for output.
pub(super) fn said_zone(document: &Document<'_>, span: Span, value: Zone) -> Said<Zone> {
    Said { value, line: document.line(span.start), span }
}

/// A date as part of a mention.
pub(super) fn written_date(mention: &Mention) -> Option<WrittenDate> {
    mention.date.filter(|date| !matches!(date, WrittenDate::Weekday(_)))
}

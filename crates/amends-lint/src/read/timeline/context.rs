//! What a document says about its times as a whole: its day, its year, its zone.

use jiff::civil::{Date, Weekday};

use super::{said_zone, written_date};
use crate::read::clock::{self, WrittenDate};
use crate::read::document::{Block, BlockKind, Document};
use crate::read::facts::Said;
use crate::read::section::Kinds;
use crate::read::span::Span;
use crate::read::zone::{self, Zone};

/// The day, year and zone for times that do not say theirs.
#[derive(Debug, Default)]
pub struct Context {
    /// The day of the incident.
    pub date: Option<Said<Date>>,
    /// The zone of the times.
    pub zone: Option<Said<Zone>>,
    /// A day in the year of the incident, to read dates without a year.
    hint: Option<Date>,
}

/// Longest sentence, in bytes, that may say the zone of all times.
const ZONE_SENTENCE: usize = 240;
/// A report that is dated by its publication says the day of the incident within this many blocks.
const OPENING: usize = 8;
/// How long after an incident, in days, a report about it is dated at most.
const WRITTEN_WITHIN: i32 = 60;

impl Context {
    /// Looks through the document once.
    pub fn of(document: &Document<'_>) -> Context {
        let mut context = Context { zone: stated_zone(document), ..Context::default() };
        let front = front_date(document);
        let path = path_date(document);
        let title = document.blocks.iter().find(|block| matches!(block.kind, BlockKind::Heading(1 | 2)));
        let title = title.and_then(first_date);
        let front_title = document.front.as_ref().and_then(|front| front.get("title")).and_then(|field| {
            let mention = clock::mentions(&field.value).into_iter().find_map(|m| written_date(&m))?;
            Some((mention, field.span))
        });
        let named = title.or(front_title);
        let in_text: Vec<(WrittenDate, Span)> =
            document.blocks.iter().filter_map(first_date).take(64).collect();
        let opening: Vec<(WrittenDate, Span)> =
            document.blocks.iter().take(OPENING).filter_map(first_date).collect();
        let full = |(date, span): &(WrittenDate, Span)| match date {
            WrittenDate::Full(date) => Some((*date, *span)),
            _ => None,
        };
        context.hint = named
            .as_ref()
            .and_then(full)
            .map(|(date, _)| date)
            .or(front.as_ref().map(|said| said.value))
            .or(path)
            .or_else(|| in_text.iter().find_map(full).map(|(date, _)| date));
        let said = |date: Date, span: Span| Said { value: date, span, line: document.line(span.start) };
        let resolved = |(date, span): (WrittenDate, Span)| Some(said(context.resolve(date, None)?, span));
        let timeline = timeline_date(document);
        let start = start_field(document);
        let near_front = || {
            let front = front.as_ref()?;
            opening.iter().find_map(|(date, span)| {
                let day = context.resolve(*date, None)?;
                let days = front.value.since(day).ok()?.get_days();
                (0..=WRITTEN_WITHIN).contains(&days).then(|| said(day, *span))
            })
        };
        let date = named
            .and_then(resolved)
            .or_else(|| timeline.and_then(resolved))
            .or(start)
            .or_else(|| path.map(|date| Said { value: date, span: Span::default(), line: 0 }))
            .or_else(near_front)
            .or_else(|| front.clone())
            .or_else(|| in_text.iter().copied().find_map(resolved));
        context.date = date;
        if context.zone.is_none() {
            context.zone = first_own_zone(document);
        }
        context
    }

    /// The day that a written date means: without a year the one nearest to what else is known, for a weekday the
    /// next one from `near` on.
    pub fn resolve(&self, date: WrittenDate, near: Option<Date>) -> Option<Date> {
        let hint = near.or(self.date.as_ref().map(|said| said.value)).or(self.hint);
        match date {
            WrittenDate::Full(date) => Some(date),
            WrittenDate::MonthDay(month, day) => {
                let hint = hint?;
                (hint.year() - 1..=hint.year() + 1)
                    .filter_map(|year| Date::new(year, month, day).ok())
                    .min_by_key(|date| hint.since(*date).map_or(i32::MAX, |span| span.get_days().abs()))
            }
            WrittenDate::Weekday(day) => next_weekday(hint?, day),
        }
    }
}

fn next_weekday(from: Date, day: Weekday) -> Option<Date> {
    (0..7)
        .filter_map(|ahead| from.checked_add(jiff::Span::new().days(ahead)).ok())
        .find(|date| date.weekday() == day)
}

fn first_date(block: &Block) -> Option<(WrittenDate, Span)> {
    if matches!(block.kind, BlockKind::Code(_)) || block.quoted || block.kinds.has(Kinds::APPENDIX) {
        return None;
    }
    let (date, mention) =
        block.mentions.iter().find_map(|mention| Some((written_date(mention)?, mention)))?;
    Some((date, block.text.span(mention.start, mention.end)))
}

/// The date of the front matter that says when it was, or when it was written.
fn front_date(document: &Document<'_>) -> Option<Said<Date>> {
    front_field(document, &["date", "incident_date", "published", "created", "day"])
}

fn start_field(document: &Document<'_>) -> Option<Said<Date>> {
    front_field(document, &["started", "start_time", "start", "starttime", "incident_date", "startedat"])
}

fn front_field(document: &Document<'_>, keys: &[&str]) -> Option<Said<Date>> {
    let front = document.front.as_ref()?;
    keys.iter().find_map(|key| {
        let field = front.get(key)?;
        match clock::read_value(&field.value)?.date? {
            WrittenDate::Full(date) => {
                Some(Said { value: date, span: field.span, line: document.line(field.span.start) })
            }
            _ => None,
        }
    })
}

/// A date at the start of the file name: `2022-01-27-prime-version.md`, `20220127.md`.
fn path_date(document: &Document<'_>) -> Option<Date> {
    let name = document.path?.rsplit(['/', '\\']).next()?;
    let name = name.replace('_', "-");
    let digits: Vec<&str> =
        name.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let number = |text: &str| text.parse::<i16>().ok();
    let date = |y: i16, m: i16, d: i16| {
        (1970..2200)
            .contains(&y)
            .then(|| Date::new(y, i8::try_from(m).ok()?, i8::try_from(d).ok()?).ok())
            .flatten()
    };
    digits
        .windows(3)
        .filter(|parts| parts[0].len() == 4 && parts[1].len() == 2 && parts[2].len() == 2)
        .find_map(|parts| date(number(parts[0])?, number(parts[1])?, number(parts[2])?))
        .or_else(|| {
            digits
                .iter()
                .filter(|part| part.len() == 8)
                .find_map(|part| date(number(&part[..4])?, number(&part[4..6])?, number(&part[6..])?))
        })
}

/// The date in the heading of the timeline, or in the first sentence under it that is about all its times.
fn timeline_date(document: &Document<'_>) -> Option<(WrittenDate, Span)> {
    let blocks = || document.blocks.iter().filter(|block| block.kinds.has(Kinds::TIMELINE) && !block.quoted);
    let heading = blocks().find(|block| matches!(block.kind, BlockKind::Heading(_)));
    let heading = heading.and_then(first_date);
    heading.or_else(|| {
        let statement = blocks()
            .take(4)
            .find(|block| block.kind == BlockKind::Paragraph && speaks_of_all_times(block.text.as_str()))?;
        first_date(statement)
    })
}

fn speaks_of_all_times(text: &str) -> bool {
    let lower = text.to_lowercase();
    text.len() <= ZONE_SENTENCE
        && ["all times", "times are", "times in", "time zone", "timezone", "timestamps", "all dates"]
            .iter()
            .any(|words| lower.contains(words))
}

/// True for a paragraph that is nothing but a bracket, as "(Paris, UTC+1)" under the heading of a timeline.
fn bracketed(text: &str) -> bool {
    let inner = text.trim().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    inner.is_some_and(|inner| inner.len() <= 40 && !inner.contains(['(', ')', ':']))
}

/// The zone that a heading, a sentence ("All times in UTC."), a label or the head of a column says.
fn stated_zone(document: &Document<'_>) -> Option<Said<Zone>> {
    if let Some(field) =
        document.front.as_ref().and_then(|front| front.get("time_zone").or_else(|| front.get("timezone")))
        && let Some((zone, _)) = zone::read(&field.value, 0)
    {
        return Some(said_zone(document, field.span, zone));
    }
    let found = |block: &Block| {
        let text = block.text.as_str();
        let (zone, start, end) = zone::find(text)?;
        Some(said_zone(document, block.text.span(start, end), zone))
    };
    let statements = document.blocks.iter().filter(|block| {
        let text = block.text.as_str();
        match &block.kind {
            BlockKind::Heading(_) => {
                block.kinds.has(Kinds::TIMELINE)
                    && block.mentions.iter().all(|mention| mention.time.is_none())
            }
            BlockKind::Row { header, .. } => *header && text.to_lowercase().contains("time"),
            BlockKind::Paragraph if bracketed(text) => block.kinds.has(Kinds::TIMELINE),
            BlockKind::Paragraph | BlockKind::Item => speaks_of_all_times(text),
            BlockKind::Code(_) => false,
        }
    });
    let mut statements = statements.filter(|block| !block.quoted);
    statements.find_map(found)
}

/// The first zone that is written with a time.
fn first_own_zone(document: &Document<'_>) -> Option<Said<Zone>> {
    let blocks = document.blocks.iter().filter(|block| {
        !matches!(block.kind, BlockKind::Code(_)) && !block.quoted && !block.kinds.has(Kinds::APPENDIX)
    });
    let from_text = blocks.flat_map(|block| {
        block.mentions.iter().filter_map(|mention| {
            let zone = mention.zone.clone()?;
            Some((said_zone(document, block.text.span(mention.start, mention.end), zone), block.kinds))
        })
    });
    let mut first = None;
    for (zone, kinds) in from_text {
        // The timeline knows best.
        if kinds.has(Kinds::TIMELINE) {
            return Some(zone);
        }
        first = first.or(Some(zone));
    }
    first.or_else(|| {
        let front = document.front.as_ref()?;
        front.fields.iter().find_map(|field| {
            let zone = clock::read_value(&field.value)?.zone?;
            Some(said_zone(document, field.span, zone))
        })
    })
}

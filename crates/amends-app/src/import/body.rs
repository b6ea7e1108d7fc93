//! The HTML of an entry in a Statuspage feed: a header line per update, then its text.

use jiff::Timestamp;

use super::zone::{Yearless, offset_minutes};
use super::{ForeignStatus, ForeignUpdate};

/// What an entry's body holds.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Body {
    /// Oldest first.
    pub updates: Vec<ForeignUpdate>,
    /// The planned window, when it says "THIS IS A SCHEDULED EVENT".
    pub window: Option<(Timestamp, Timestamp)>,
}

/// Reads the body of a feed entry. `newest` is the entry's `published` (or `pubDate`): the time of the newest update,
/// which supplies the year that the printed times lack.
pub(super) fn read(html: &str, newest: Timestamp) -> Result<Body, String> {
    let mut updates = Vec::new();
    let mut limit = newest;
    let heads: Vec<Head> = heads(html)?;
    let Some(first) = heads.first() else {
        return Err("its text holds no update in Statuspage's form".to_owned());
    };
    let window = window(&html[..first.begin], newest);
    // A planned maintenance is published under its planned start: its newest update lies before that, so the newest
    // printed time is searched around `published` in both directions.
    let planned = window.is_some();
    for (i, head) in heads.iter().enumerate() {
        let offset = offset_minutes(&head.zone)
            .or_else(|| heads[0].clock.offset_from(newest))
            .ok_or_else(|| format!("the zone \"{}\" is not known", head.zone))?;
        let at = if i == 0 && !planned {
            // Editing an old update moves neither time far; a day of slack covers a page that was backdated.
            head.clock.at_or_before(limit, 24 * 60, offset)
        } else {
            head.clock.at_or_before(limit, 1, offset)
        }
        .ok_or_else(|| "one of its updates has a day that does not exist".to_owned())?;
        limit = limit.min(at);
        let end = heads.get(i + 1).map_or(html.len(), |next| next.begin);
        updates.push(ForeignUpdate { at, status: head.status, body: text(&html[head.end..end]) });
    }
    updates.reverse();
    Ok(Body { updates, window })
}

/// One header: `<p><small>Aug <var data-var='date'>21</var>, <var data-var='time'>00:37</var> UTC</small><br>
/// <strong>Resolved</strong> - `.
struct Head {
    begin: usize,
    end: usize,
    clock: Yearless,
    zone: String,
    status: ForeignStatus,
}

fn heads(html: &str) -> Result<Vec<Head>, String> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = html[from..].find("<small>").map(|i| i + from) {
        from = at + "<small>".len();
        let Some((inside, after)) = html[from..].split_once("</small>") else { break };
        let Some(clock) = clock(inside) else { continue };
        let rest = after.trim_start();
        let rest = ["<br>", "<br/>", "<br />"]
            .iter()
            .find_map(|b| rest.strip_prefix(b))
            .unwrap_or(rest)
            .trim_start();
        let Some((word, text)) = rest.strip_prefix("<strong>").and_then(|r| r.split_once("</strong>")) else {
            continue;
        };
        let status = ForeignStatus::read(&plain(word))
            .ok_or_else(|| format!("one of its updates has the unknown state \"{}\"", plain(word).trim()))?;
        let text = text.trim_start().strip_prefix('-').unwrap_or(text);
        let end = html.len() - text.len();
        let begin = html[..at].trim_end().strip_suffix("<p>").map_or(at, str::len);
        found.push(Head { begin, end, clock: clock.0, zone: clock.1, status });
        from = end;
    }
    Ok(found)
}

/// Reads "Aug 21, 00:37 UTC", tags removed.
fn clock(html: &str) -> Option<(Yearless, String)> {
    let words = plain(html).replace(',', " ");
    let mut words = words.split_whitespace();
    let (month, day, time, zone) = (words.next()?, words.next()?, words.next()?, words.next()?);
    if words.next().is_some() {
        return None;
    }
    Some((Yearless::read(month, day, time)?, zone.to_owned()))
}

/// Reads "THIS IS A SCHEDULED EVENT Jan 16, 12:00 - 16:00 GMT" and "… Jan 16, 22:00 - Jan 17, 02:00 GMT".
fn window(html: &str, near: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let text = plain(html).replace(',', " ");
    let (_, rest) = text.split_once("THIS IS A SCHEDULED EVENT")?;
    let words: Vec<&str> = rest.split_whitespace().take(8).collect();
    let (from, until, zone) = match words.as_slice() {
        [m, d, t, "-" | "–", t2, zone, ..] if t2.contains(':') => {
            (Yearless::read(m, d, t)?, Yearless::read(m, d, t2)?, *zone)
        }
        [m, d, t, "-" | "–", m2, d2, t2, zone, ..] => {
            (Yearless::read(m, d, t)?, Yearless::read(m2, d2, t2)?, *zone)
        }
        _ => return None,
    };
    let offset = offset_minutes(zone)?;
    let from = from.nearest(near, offset)?;
    let until = until.nearest(from, offset)?;
    (until >= from).then_some((from, until))
}

/// A time range of `/history.json`: "Aug 10, 00:17 - 01:30 UTC", "Nov 19, 16:13 - Nov 21, 00:22 UTC" or one time alone.
pub(super) fn range(html: &str, year: i16, month: i8) -> Option<(Timestamp, Option<Timestamp>)> {
    let text = plain(html).replace(',', " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let (from, until, zone) = match words.as_slice() {
        [m, d, t, zone] => (Yearless::read(m, d, t)?, None, *zone),
        [m, d, t, "-" | "–", t2, zone] => {
            (Yearless::read(m, d, t)?, Some(Yearless::read(m, d, t2)?), *zone)
        }
        [m, d, t, "-" | "–", m2, d2, t2, zone] => {
            (Yearless::read(m, d, t)?, Some(Yearless::read(m2, d2, t2)?), *zone)
        }
        _ => return None,
    };
    let offset = offset_minutes(zone)?;
    // An incident is listed under the month in which it began; one from December that is listed in January began
    // the year before.
    let year = if from.month > month && from.month - month > 6 { year - 1 } else { year };
    let from = from.in_year(year, offset)?;
    let until = match until {
        None => None,
        Some(u) => Some(u.nearest(from, offset).filter(|t| *t >= from)?),
    };
    Some((from, until))
}

/// HTML to plain text: line breaks and paragraphs become line breaks, links keep their address, entities are decoded.
pub(super) fn text(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut link: Option<String> = None;
    let mut link_from = 0;
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.push_str(&decode(&flat(&rest[..at])));
        let tail = &rest[at..];
        let name_ok = tail[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        let Some(close) = tail.find('>').filter(|_| name_ok) else {
            out.push('<');
            rest = &tail[1..];
            continue;
        };
        let tag = &tail[1..close];
        rest = &tail[close + 1..];
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        match (name.as_str(), tag.starts_with('/')) {
            ("br", _) => out.push('\n'),
            ("p" | "div" | "ul" | "ol" | "h1" | "h2" | "h3" | "h4" | "blockquote", _) => out.push_str("\n\n"),
            ("li", false) => out.push_str("\n- "),
            ("a", false) => {
                link = attribute(tag, "href").map(|h| decode(&h).into_owned());
                link_from = out.len();
            }
            ("a", true) => {
                if let Some(address) = link.take().filter(|a| !out[link_from..].contains(a.as_str())) {
                    out.push_str(&format!(" ({address})"));
                }
            }
            _ => {}
        }
    }
    out.push_str(&decode(&flat(rest)));
    tidy(&out)
}

/// Raw line breaks in HTML are spaces.
fn flat(text: &str) -> String {
    text.replace(['\n', '\r', '\t'], " ")
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let at = tag.find(&format!("{name}="))? + name.len() + 1;
    let quote = tag[at..].chars().next().filter(|c| *c == '"' || *c == '\'')?;
    tag[at + 1..].split(quote).next().map(str::to_owned)
}

/// Tags removed, nothing else.
fn plain(html: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    decode(&out).into_owned()
}

/// Decodes the entities that Rails writes and numeric ones; an unknown one stays as it is.
fn decode(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains('&') {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity = rest[1..].find(';').filter(|n| *n <= 10).map(|n| &rest[1..=n]);
        match entity.and_then(character) {
            Some(c) => {
                out.push(c);
                rest = &rest[entity.map_or(1, str::len) + 2..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out.into()
}

fn character(entity: &str) -> Option<char> {
    Some(match entity {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "hellip" => '…',
        "ndash" => '–',
        "mdash" => '—',
        "rsquo" => '’',
        "lsquo" => '‘',
        "ldquo" => '“',
        "rdquo" => '”',
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            // Control characters have no business in a text to customers.
            char::from_u32(code).filter(|c| !c.is_control() || *c == '\n' || *c == '\t')?
        }
    })
}

/// Single spaces within lines, at most one blank line between paragraphs, nothing at either end.
pub(super) fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = 0;
    for line in text.lines() {
        let mut words = line.split_whitespace().peekable();
        if words.peek().is_none() {
            blank += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if blank > 0 { "\n\n" } else { "\n" });
        }
        blank = 0;
        for (i, word) in words.enumerate() {
            if i > 0 {
                out.push(' ');
            }
            out.push_str(word);
        }
    }
    out
}

/// A text without the differences that sources introduce: paragraphs, double and non-breaking spaces. Two updates of
/// the same minute with equal normalised text are one update.
pub fn normalised(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (i, word) in text.split_whitespace().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

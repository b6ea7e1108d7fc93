//! Planned work as a calendar to subscribe to: iCalendar (RFC 5545) with the properties of RFC 7986.

use super::feeds::feed_name;
use super::markdown;
use amends_model::maintenance::MaintenanceState;
use amends_model::page::{PublicMaintenance, PublicRecord};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// `maintenance.ics`: every public maintenance of the record.
pub fn calendar(record: &PublicRecord) -> Vec<u8> {
    let url = &record.page.url;
    let name = format!("{}: planned work", feed_name(record));
    let mut out = Lines(String::with_capacity(16 * 1024));
    out.raw("BEGIN", "VCALENDAR");
    out.raw("VERSION", "2.0");
    out.raw("PRODID", "-//Amends//Status page//EN");
    out.raw("CALSCALE", "GREGORIAN");
    out.raw("METHOD", "PUBLISH");
    out.text("NAME", &name);
    out.text("X-WR-CALNAME", &name);
    out.raw("REFRESH-INTERVAL;VALUE=DURATION", "PT1H");
    out.raw("X-PUBLISHED-TTL", "PT1H");
    out.raw("SOURCE;VALUE=URI", &uri(&format!("{url}/maintenance.ics")));
    for maintenance in &record.maintenances {
        event(&mut out, maintenance, url);
    }
    out.raw("END", "VCALENDAR");
    out.0.into_bytes()
}

fn event(out: &mut Lines, m: &PublicMaintenance, url: &str) {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', ':']).next().unwrap_or("");
    let link = format!("{url}/incidents/{}", m.id);
    out.raw("BEGIN", "VEVENT");
    out.raw("UID", &uri(&format!("maintenance-{}@{host}", m.id)));
    // For a published calendar this is when the event last changed, so that the bytes stay the same until it does.
    out.raw("DTSTAMP", &instant(m.updated_at));
    out.raw("CREATED", &instant(m.created_at));
    out.raw("LAST-MODIFIED", &instant(m.updated_at));
    out.raw("SEQUENCE", &m.sequence.max(0).to_string());
    let from = if m.state == MaintenanceState::Scheduled { None } else { m.started_at };
    let (from, until) = (from.unwrap_or(m.scheduled_for), m.completed_at.unwrap_or(m.scheduled_until));
    out.raw("DTSTART", &instant(from));
    out.raw("DTEND", &instant(until.max(from)));
    out.text("SUMMARY", &markdown::line(&m.title));
    let mut words = format!("{}.", m.state.label());
    if !m.components.is_empty() {
        let names: Vec<String> = m.components.iter().map(|c| markdown::line(&c.name)).collect();
        words.push_str(&format!("\nAffects: {}.", names.join(", ")));
    }
    if let Some(update) = m.updates.first() {
        words.push_str(&format!("\n\n{}", markdown::excerpt(&update.text, 600)));
    }
    words.push_str(&format!("\n\n{link}"));
    out.text("DESCRIPTION", &words);
    out.raw("URL;VALUE=URI", &uri(&link));
    // Over before it was to begin, and never begun: it was called off.
    let off = m.started_at.is_none() && m.completed_at.is_some_and(|at| at < m.scheduled_for);
    out.raw("STATUS", if off { "CANCELLED" } else { "CONFIRMED" });
    out.raw("TRANSP", "TRANSPARENT");
    out.raw("CATEGORIES", "MAINTENANCE");
    out.raw("END", "VEVENT");
}

fn instant(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// An address or identifier: a value that is not text, so nothing in it may end the line.
fn uri(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect()
}

struct Lines(String);

impl Lines {
    /// A property with a TEXT value: escaped (RFC 5545 §3.3.11), then folded.
    fn text(&mut self, name: &str, value: &str) {
        let mut escaped = String::with_capacity(value.len() + 8);
        for c in value.chars() {
            match c {
                '\\' | ';' | ',' => escaped.extend(['\\', c]),
                '\n' => escaped.push_str("\\n"),
                c if c.is_control() => {}
                c => escaped.push(c),
            }
        }
        self.raw(name, &escaped);
    }

    /// A content line, folded so that none is longer than 75 octets and no character is cut (RFC 5545 §3.1).
    fn raw(&mut self, name: &str, value: &str) {
        let mut width = 0;
        for c in name.chars().chain([':']).chain(value.chars()) {
            if width + c.len_utf8() > 75 {
                self.0.push_str("\r\n ");
                width = 1;
            }
            self.0.push(c);
            width += c.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fold_at_75_octets_without_cutting_characters() {
        let mut lines = Lines(String::new());
        lines.text("SUMMARY", &"Überlänge, größer; 日本語\\ \n".repeat(12));
        for line in lines.0.split_terminator("\r\n") {
            assert!(line.len() <= 75, "{} octets: {line}", line.len());
        }
        let unfolded = lines.0.replace("\r\n ", "");
        assert!(unfolded.starts_with("SUMMARY:Überlänge\\, größer\\; 日本語\\\\ \\n"));
    }
}

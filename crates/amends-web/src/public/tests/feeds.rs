//! Feeds that readers understand, in the form that they search.

use super::{body, rendered, sample};
use amends_model::MaintenanceState;
use quick_xml::events::Event;
use quick_xml::reader::Reader;
use std::collections::BTreeMap;

/// The text of each element by path, after checking that the document is well formed.
pub(super) fn elements(xml: &str) -> BTreeMap<String, Vec<String>> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let (mut path, mut found) = (Vec::<String>::new(), BTreeMap::<String, Vec<String>>::new());
    loop {
        match reader.read_event().expect("well formed") {
            Event::Start(tag) => {
                path.push(tag.name().as_ref().to_owned());
                for attribute in tag.attributes() {
                    attribute.expect("attribute");
                }
                found.entry(path.join("/")).or_default().push(String::new());
            }
            Event::Text(text) => {
                let text = text.to_string();
                if let Some(last) = found.get_mut(&path.join("/")).and_then(|l| l.last_mut()) {
                    last.push_str(&text);
                }
            }
            Event::GeneralRef(name) => {
                let name = name.to_string();
                let text = match name.as_str() {
                    "lt" => "<",
                    "gt" => ">",
                    "amp" => "&",
                    "quot" => "\"",
                    "apos" => "'",
                    other => panic!("entity {other} is not of XML"),
                };
                if let Some(last) = found.get_mut(&path.join("/")).and_then(|l| l.last_mut()) {
                    last.push_str(text);
                }
            }
            Event::End(_) => {
                path.pop();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(path.is_empty());
    found
}

#[test]
fn the_body_of_an_update_keeps_its_form_to_the_byte() {
    let rendered = rendered(sample::calm());
    let atom = elements(&body(&rendered, "/history.atom"));
    let newest = &atom["feed/entry/content"][1];
    assert_eq!(atom["feed/entry/title"][1], "Some bookings were confirmed twice");
    assert_eq!(
        newest,
        "<p><small>Nov <var data-var='date'>14</var>, <var data-var='time'>08:59</var> UTC</small><br><strong>Resolved\
         </strong> - A retry created a second booking when the first answer was late. All 212 doubles are cancelled and \
         nobody was charged twice.</p><p><small>Nov <var data-var='date'>14</var>, <var data-var='time'>08:18</var> UTC\
         </small><br><strong>Investigating</strong> - We see the problem and are looking into it.</p>"
    );
    let digits = "Sep <var data-var='date'> 7</var>, <var data-var='time'>05:06</var> UTC";
    assert!(
        atom["feed/entry/content"].iter().any(|c| c.contains(digits)),
        "one digit is padded with a blank"
    );
}

#[test]
fn atom_has_what_rfc_4287_asks_for() {
    let atom = elements(&body(&rendered(sample::record()), "/history.atom"));
    assert_eq!(atom["feed/id"], ["tag:status.harbour.example,2005:/history"]);
    assert_eq!(atom["feed/title"], ["Harbour Status - Incident History"]);
    assert_eq!(atom["feed/updated"], ["2026-11-20T15:19:44Z"]);
    assert_eq!(atom["feed/author/name"], ["Harbour"]);
    let count = atom["feed/entry"].len();
    assert_eq!(count, 15);
    for field in ["id", "title", "updated", "published", "content"] {
        assert_eq!(atom[&format!("feed/entry/{field}")].len(), count, "{field}");
    }
    assert_eq!(atom["feed/entry/id"][0], "tag:status.harbour.example,2005:Incident/42");
    assert_eq!(atom["feed/entry/published"][0], "2026-11-20T15:19:44Z", "the newest update");
    let unique: std::collections::BTreeSet<_> = atom["feed/entry/id"].iter().collect();
    assert_eq!(unique.len(), count);
}

#[test]
fn rss_is_in_the_form_of_statuspage() {
    let text = body(&rendered(sample::record_in("America/New_York")), "/history.rss");
    let rss = elements(&text);
    assert_eq!(rss["rss/channel/title"], ["Harbour Status - Incident History"]);
    assert_eq!(rss["rss/channel/description"], ["Statuspage"]);
    assert_eq!(rss["rss/channel/pubDate"], ["Fri, 20 Nov 2026 10:19:44 -0500"]);
    assert_eq!(rss["rss/channel/item/guid"], rss["rss/channel/item/link"]);
    let planned =
        rss["rss/channel/item/title"].iter().position(|t| t.starts_with("Reports move")).expect("item");
    assert_eq!(rss["rss/channel/item/pubDate"][planned], "Sun, 29 Nov 2026 00:00:00 -0500");
    assert_eq!(rss["rss/channel/item/maintenanceEndDate"][0], "Sun, 29 Nov 2026 00:30:00 -0500");
    assert!(rss["rss/channel/item/description"][planned].trim_start().starts_with(
        "<p><strong>THIS IS A SCHEDULED EVENT Nov <var data-var='date'>29</var>, <var data-var='time'>00:00</var> - \
         <var data-var='time'>00:30</var> EST</strong></p><p><small>Nov <var data-var='date'>16</var>"
    ));
    let order = ["<title>", "<description>", "<pubDate>", "<maintenanceEndDate>", "<link>", "<guid>"];
    let item = text.split("<item>").find(|i| i.contains("maintenanceEndDate")).expect("item");
    assert!(order.map(|o| item.find(o).expect(o)).is_sorted());
}

#[test]
fn a_repeated_phase_is_called_update() {
    let atom = elements(&body(&rendered(sample::record()), "/history.atom"));
    let tracking = atom["feed/entry/content"].iter().find(|c| c.contains("map servers")).expect("entry");
    let labels: Vec<&str> =
        tracking.split("<strong>").skip(1).filter_map(|p| p.split("</strong>").next()).collect();
    assert_eq!(labels, ["Monitoring", "Identified", "Update", "Investigating"]);
}

#[test]
fn the_json_feed_has_what_1_1_asks_for() {
    let feed: serde_json::Value =
        serde_json::from_str(&body(&rendered(sample::record()), "/history.feed.json")).expect("JSON");
    assert_eq!(feed["version"], "https://jsonfeed.org/version/1.1");
    assert_eq!(feed["feed_url"], "https://status.harbour.example/history.feed.json");
    for item in feed["items"].as_array().expect("items") {
        assert!(item["id"].is_string() && item["content_html"].is_string());
        for date in ["date_published", "date_modified"] {
            item[date].as_str().expect("date").parse::<jiff::Timestamp>().expect("RFC 3339");
        }
    }
}

#[test]
fn the_calendar_is_one_that_programs_read() {
    let text = body(&rendered(sample::record()), "/maintenance.ics");
    assert!(text.split_inclusive("\r\n").all(|l| l.len() <= 77 && l.ends_with("\r\n")));
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
    let unfolded = text.replace("\r\n ", "");
    for line in [
        "UID:maintenance-m00000000002@status.harbour.example",
        "DTSTART:20261129T050000Z",
        "DTEND:20261129T053000Z",
        "SEQUENCE:2",
        "TRANSP:TRANSPARENT",
        "STATUS:CONFIRMED",
        "SUMMARY:Reports move to a larger database",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "SOURCE;VALUE=URI:https://status.harbour.example/maintenance.ics",
    ] {
        assert!(unfolded.lines().any(|l| l == line), "{line} in\n{unfolded}");
    }
    assert_eq!(unfolded.matches("BEGIN:VEVENT").count(), unfolded.matches("END:VEVENT").count());
}

#[test]
fn work_that_was_called_off_is_cancelled_in_calendars() {
    let mut record = sample::record();
    let planned = &mut record.maintenances[0];
    (planned.state, planned.started_at) = (MaintenanceState::Completed, None);
    planned.completed_at = Some(planned.scheduled_for - jiff::SignedDuration::from_hours(1));
    let text = body(&rendered(record), "/maintenance.ics");
    assert_eq!(text.matches("STATUS:CANCELLED").count(), 1, "{text}");
}

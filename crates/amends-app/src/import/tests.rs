use std::path::PathBuf;

use jiff::Timestamp;

use super::*;

fn t(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The workplace's shared data, or `None` (said aloud) when it is not there.
fn shared(file: &str) -> Option<Vec<u8>> {
    let root = std::env::var_os("AMENDS_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let path = root.join("data").join(file);
    let bytes = std::fs::read(&path).ok();
    if bytes.is_none() {
        eprintln!("SKIPPED: {} is not there", path.display());
    }
    bytes
}

fn names(one: &ForeignIncident) -> Vec<&str> {
    one.components.iter().map(|c| c.name.as_str()).collect()
}

const HEAD: &str = "<p><small>Aug <var data-var='date'>21</var>, <var data-var='time'>00:37</var> UTC</small><br>\
    <strong>Resolved</strong> - All <b>fixed</b> &amp; well.<br /><br />See <a href=\"https://example.com/a?b=1&amp;c=2\">\
    here</a>.</p><p><small>Aug <var data-var='date'>20</var>, <var data-var='time'>23:10</var> UTC</small><br>\
    <strong>Investigating</strong> - Looking at a &lt; b</p>";

fn atom(entries: &[(&str, &str)]) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n<title>X</title>\n",
    );
    for (id, html) in entries {
        let html = quick_xml::escape::escape(*html);
        out.push_str(&format!(
            "<entry>\n<id>tag:x,2005:Incident/1</id>\n<published>2026-08-21T00:37:20Z</published>\n\
             <updated>2026-08-22T10:00:00Z</updated>\n<link rel=\"alternate\" href=\"https://x.example/incidents/{id}\"/>\n\
             <title>Orders &amp; more</title>\n<content type=\"html\">{html}</content>\n</entry>\n"
        ));
    }
    out.push_str("</feed>\n");
    out
}

#[test]
fn an_atom_entry_becomes_an_incident_with_years_and_paragraphs() {
    let parsed = read(atom(&[("bhbcjn4n3jzp", HEAD)]).as_bytes());
    assert_eq!(parsed.problems, []);
    let [one] = parsed.incidents.as_slice() else { panic!("one incident") };
    assert_eq!(one.id, "bhbcjn4n3jzp");
    assert_eq!(one.title, "Orders & more");
    assert_eq!(one.kind, ForeignKind::Incident);
    assert_eq!(one.impact, None);
    assert_eq!(one.started_at, t("2026-08-20T23:10:00Z"));
    assert_eq!(one.resolved_at, Some(t("2026-08-21T00:37:00Z")));
    assert_eq!(one.updates.len(), 2);
    assert_eq!(one.updates[0].body, "Looking at a < b");
    assert_eq!(one.updates[1].status, ForeignStatus::Resolved);
    assert_eq!(one.updates[1].body, "All fixed & well.\n\nSee here (https://example.com/a?b=1&c=2).");
}

#[test]
fn a_broken_entry_costs_only_itself_and_is_named_by_its_line() {
    let mut feed = atom(&[("aaaaaaaaaaaa", HEAD), ("bbbbbbbbbbbb", HEAD), ("cccccccccccc", HEAD)]);
    let second = feed.find("bbbbbbbbbbbb").unwrap();
    let end = feed[second..].find("</title>").unwrap() + second;
    feed.replace_range(end..end + 8, "</tilte>");
    let parsed = read(feed.as_bytes());
    let ids: Vec<_> = parsed.incidents.iter().map(|i| i.id.as_str()).collect();
    assert_eq!(ids, ["aaaaaaaaaaaa", "cccccccccccc"]);
    assert_eq!(parsed.problems.len(), 1);
    assert_eq!(parsed.problems[0].line, 12);
    assert!(parsed.problems[0].what.contains("not well-formed"), "{}", parsed.problems[0]);

    // Cut off in the middle, as an interrupted download is.
    let whole = atom(&[("aaaaaaaaaaaa", HEAD), ("bbbbbbbbbbbb", HEAD)]);
    let parsed = read(&whole.as_bytes()[..whole.len() - 60]);
    assert_eq!(parsed.incidents.len(), 1);
    assert_eq!(parsed.problems.len(), 1);
}

#[test]
fn a_year_is_found_across_new_year_and_zones_are_honoured() {
    let html = "<p><small>Jan <var data-var='date'> 1</var>, <var data-var='time'>00:20</var> PST</small><br>\
        <strong>Resolved</strong> - Done.</p>\
        <p><small>Dec <var data-var='date'>31</var>, <var data-var='time'>22:05</var> PST</small><br>\
        <strong>Investigating</strong> - Looking.</p>";
    let body = body::read(html, t("2025-01-01T08:20:31Z")).unwrap();
    assert_eq!(body.updates[0].at, t("2025-01-01T06:05:00Z"));
    assert_eq!(body.updates[1].at, t("2025-01-01T08:20:00Z"));

    // An abbreviation that no list knows: the newest update's exact time tells the offset.
    let html = html.replace("PST", "XYZT");
    let body = body::read(&html, t("2024-12-31T18:35:31Z")).unwrap();
    assert_eq!(body.updates[1].at, t("2024-12-31T18:35:00Z"));
}

#[test]
fn planned_work_in_a_feed_keeps_its_window() {
    let html = "<p><strong>THIS IS A SCHEDULED EVENT Jan <var data-var='date'>16</var>, <var data-var='time'>22:00</var>\
        - Jan <var data-var='date'>17</var>, <var data-var='time'>02:00</var> GMT</strong></p>\
        <p><small>Jan <var data-var='date'> 8</var>, <var data-var='time'>16:20</var> GMT</small><br>\
        <strong>Scheduled</strong> - Some work.</p>"
        .replace("</var>- ", "</var> - ");
    let parsed = read(
        atom(&[("aaaaaaaaaaaa", &html)]).replace("2026-08-21T00:37:20Z", "2026-01-16T22:00:00Z").as_bytes(),
    );
    assert_eq!(parsed.problems, []);
    let one = &parsed.incidents[0];
    assert_eq!(one.kind, ForeignKind::Maintenance);
    assert_eq!(one.scheduled_for, Some(t("2026-01-16T22:00:00Z")));
    assert_eq!(one.scheduled_until, Some(t("2026-01-17T02:00:00Z")));
    assert_eq!(one.started_at, t("2026-01-16T22:00:00Z"));
    assert_eq!(one.updates[0].at, t("2026-01-08T16:20:00Z"));
    assert!(one.is_open());
}

#[test]
fn rss_is_read_like_atom() {
    let feed = format!(
        "<rss version=\"2.0\"><channel><title>X</title><item><title>Broken</title>\
         <description><![CDATA[{HEAD}]]></description><pubDate>Fri, 21 Aug 2026 00:37:20 +0000</pubDate>\
         <link>https://x.example/incidents/abcabcabcabc</link><guid>https://x.example/incidents/abcabcabcabc</guid>\
         </item></channel></rss>"
    );
    let parsed = read(feed.as_bytes());
    assert_eq!(parsed.problems, []);
    assert_eq!(parsed.form, "RSS feed");
    assert_eq!(parsed.incidents[0].id, "abcabcabcabc");
    assert_eq!(parsed.incidents[0].updates.len(), 2);
}

const LINE: &str = r#"{"id": "9", "title": "Slow", "url": "https://x.example/incidents/5jfkz8q1mlql", "started_at": "2022-03-26T01:43:00Z", "resolved_at": "2022-03-26T03:35:00Z", "impact": "minor", "components": ["Web", "Web", "API"], "updates": [{"at": "2022-03-26T01:43:00Z", "status": "Investigating", "message": "a"}, {"at": "2022-03-26T03:35:00Z", "status": "Resolved", "message": "b"}]}"#;

#[test]
fn a_broken_line_in_the_middle_is_reported_with_its_number_and_the_rest_goes_in() {
    let cut = &LINE[..120];
    let odd = LINE.replace(
        "2022-03-26T03:35:00Z\", \"status\": \"Resolved",
        "half past three\", \"status\": \"Resolved",
    );
    let mut file = format!("{LINE}\n\n{cut}\n{odd}\n{LINE}\r\n[]\n").into_bytes();
    file.extend_from_slice(b"{\"title\": \"\xff\xfe\"}\n");
    file.extend_from_slice(LINE.as_bytes());
    let parsed = read(&file);
    assert_eq!(parsed.form, "JSON lines");
    assert_eq!(parsed.incidents.iter().map(|i| i.line).collect::<Vec<_>>(), [1, 5, 8]);
    let said: Vec<String> = parsed.problems.iter().map(ToString::to_string).collect();
    assert_eq!(parsed.problems.iter().map(|p| p.line).collect::<Vec<_>>(), [3, 4, 6, 7], "{said:#?}");
    assert!(said[0].contains("not valid JSON"), "{said:#?}");
    assert!(said[1].contains("update 2: \"at\" is \"half past three\""), "{said:#?}");
    assert!(said[3].contains("UTF-8"), "{said:#?}");
    assert_eq!(names(&parsed.incidents[0]), ["Web", "API"]);
    assert_eq!(parsed.incidents[0].impact, Some(Impact::Minor));

    // A broken first line does not turn the file into something else.
    let parsed = read(format!("{cut}\n{LINE}\n{LINE}\n").as_bytes());
    assert_eq!((parsed.incidents.len(), parsed.problems.len()), (2, 1));
}

#[test]
fn statuspage_api_bodies_are_read() {
    let body = r#"{
  "page": {"id": "p", "name": "X"},
  "incidents": [
    {"id": "x0ljvc9m1wxj", "name": "Trouble", "status": "resolved", "impact": "major", "shortlink": "http://stspg.io/7a0d3a4d2",
     "created_at": "2019-02-20T12:00:19.418-06:00", "resolved_at": "2019-02-20T13:40:58.572-06:00", "monitoring_at": null,
     "components": [{"id": "c", "name": "Sending", "group": false}, {"id": "g", "name": "Group", "group": true}],
     "incident_updates": [
       {"status": "resolved", "body": "Over.", "display_at": "2019-02-20T13:40:58.572-06:00", "affected_components": null},
       {"status": "investigating", "body": "Looking.", "display_at": "2019-02-20T12:00:19.418-06:00",
        "affected_components": [{"code": "d", "name": "Mail - Receiving", "old_status": "operational", "new_status": "major_outage"}]}]},
    {"id": "brokenbroken", "name": "No time", "impact": "minor", "incident_updates": []}
  ],
  "scheduled_maintenances": null
}"#;
    let parsed = read(body.as_bytes());
    let one = &parsed.incidents[0];
    assert_eq!(one.id, "x0ljvc9m1wxj");
    assert_eq!(names(one), ["Sending", "Receiving"]);
    assert_eq!(one.components[1].status, Some(ComponentStatus::MajorOutage));
    assert_eq!(one.updates[0].status, ForeignStatus::Investigating);
    assert_eq!(one.resolved_at, Some(t("2019-02-20T19:40:58.572Z")));
    assert_eq!(parsed.problems.len(), 1);
    assert_eq!(parsed.problems[0].line, 11);

    let work = r#"{"page": {}, "scheduled_maintenances": [{"id": "aaaaaaaaaaaa", "name": "Work", "status": "scheduled",
      "impact": "maintenance", "created_at": "2026-01-01T00:00:00.000Z", "scheduled_for": "2026-02-01T22:00:00.000Z",
      "scheduled_until": "2026-02-01T23:00:00.000Z", "incident_updates": [
      {"status": "scheduled", "body": "Soon.", "display_at": "2026-01-01T00:00:00.000Z"}]}]}"#;
    let parsed = read(work.as_bytes());
    assert_eq!(parsed.problems, []);
    assert_eq!(parsed.incidents[0].kind, ForeignKind::Maintenance);
    assert_eq!(parsed.incidents[0].started_at, t("2026-02-01T22:00:00Z"));
    assert!(parsed.incidents[0].is_open());
}

#[test]
fn statuspage_history_gives_outlines() {
    let body = r#"{"components": [], "months": [{"name": "January", "year": 2026, "starts_on": 4, "days": 31, "incidents": [
      {"code": "8tnqgcg1qkk1", "name": "Slow", "message": "This is <b>over</b>.", "impact": "minor",
       "timestamp": "Jan <var data-var='date'>10</var>, <var data-var='time'>23:17</var> - Jan <var data-var='date'>11</var>, <var data-var='time'>01:30</var> UTC"},
      {"code": "8tnqgcg1qkk2", "name": "One", "message": "x", "impact": "none", "timestamp": "Jan <var data-var='date'>9</var>, <var data-var='time'>10:00</var> UTC"},
      {"code": "8tnqgcg1qkk3", "name": "Odd", "message": "x", "impact": "none", "timestamp": "lately"}]}]}"#;
    let parsed = read(body.as_bytes());
    assert_eq!(parsed.form, "Statuspage history");
    assert_eq!(parsed.incidents[0].started_at, t("2026-01-10T23:17:00Z"));
    assert_eq!(parsed.incidents[0].resolved_at, Some(t("2026-01-11T01:30:00Z")));
    assert_eq!(parsed.incidents[0].updates[0].body, "This is over.");
    assert_eq!(parsed.incidents[0].detail, Detail::Outline);
    assert_eq!(parsed.incidents.len(), 2);
    assert!(
        parsed.problems[0].to_string().starts_with("line 5: \"Odd\" was left out"),
        "{:?}",
        parsed.problems
    );
}

#[test]
fn what_is_no_history_is_said_plainly() {
    for file in [
        "",
        "   \n",
        "hello",
        "<html></html>",
        "{\"a\": 1}",
        "[1, 2]",
        "{",
        "<feed></feed>",
        "\"x\"",
        "<rss><item",
    ] {
        let parsed = read(file.as_bytes());
        assert_eq!(parsed.incidents, [], "{file}");
        assert!(!parsed.problems.is_empty(), "{file}");
    }
}

#[test]
fn ids_are_kept_or_derived_the_same_every_time() {
    assert_eq!(kept_id("bhbcjn4n3jzp"), "bhbcjn4n3jzp");
    let derived = kept_id("01HQZX3V9K7M2N4P6R8T0W1Y3Z");
    assert_eq!(derived, kept_id(" 01HQZX3V9K7M2N4P6R8T0W1Y3Z "));
    assert_eq!(derived, kept_id(&derived));
    assert_ne!(derived, kept_id("01HQZX3V9K7M2N4P6R8T0W1Y40"));
}

#[test]
fn a_real_history_of_819_incidents_is_read_whole() {
    let Some(bytes) = shared("github-incidents.jsonl") else { return };
    let parsed = read(&bytes);
    assert_eq!(parsed.problems, []);
    assert_eq!(parsed.incidents.len(), 819);
    assert_eq!(parsed.incidents.iter().map(|i| i.updates.len()).sum::<usize>(), 4570);
    let works = parsed.incidents.iter().filter(|i| i.kind == ForeignKind::Maintenance).count();
    assert_eq!(works, 18);
    assert!(parsed.incidents.iter().all(|i| !i.is_open()));
    assert!(parsed.incidents.iter().all(|i| i.id.len() == 12));
    assert!(parsed.incidents.iter().all(|i| i.impact.is_some() || i.kind == ForeignKind::Maintenance));
}

#[test]
fn a_real_feed_tells_the_same_story_as_the_lines() {
    let (Some(feed), Some(lines)) = (shared("github-status-history.atom"), shared("github-incidents.jsonl"))
    else {
        return;
    };
    let (feed, lines) = (read(&feed), read(&lines));
    assert_eq!(feed.problems, []);
    assert_eq!(feed.incidents.len(), 25);
    for one in &feed.incidents {
        let other = lines.incidents.iter().find(|o| o.id == one.id).expect("both files hold it");
        assert_eq!(one.title, other.title);
        assert_eq!(one.kind, other.kind);
        assert_eq!(one.started_at, other.started_at, "{}", one.id);
        assert_eq!(one.resolved_at, other.resolved_at, "{}", one.id);
        let said = |i: &ForeignIncident| -> std::collections::BTreeSet<(Timestamp, String)> {
            i.updates.iter().map(|u| (u.at, normalised(&u.body))).collect()
        };
        assert_eq!(said(one), said(other), "{}", one.id);
    }
}

#[test]
fn no_prefix_or_mutation_of_a_file_makes_the_reader_panic() {
    let feed = atom(&[("bhbcjn4n3jzp", HEAD)]);
    for file in [
        feed.as_str(),
        LINE,
        "{\"months\": [{\"name\": \"May\", \"year\": 1, \"incidents\": [{\"code\": \"é\"}]}]}",
    ] {
        for end in 0..file.len() {
            read(&file.as_bytes()[..end]);
            let mut odd = file.as_bytes().to_vec();
            odd[end] = 0xc3;
            read(&odd);
            odd[end] = b'<';
            read(&odd);
            odd[end] = b'&';
            read(&odd);
        }
    }
}

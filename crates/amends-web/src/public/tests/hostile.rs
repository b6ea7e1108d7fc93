//! Whatever people write, nothing of it becomes markup, script, a header or another line in any output.

use super::feeds::elements;
use super::{Rendered, body, rendered, sample};
use amends_model::text::is_deceptive;

fn everything() -> Rendered {
    rendered(sample::hostile())
}

/// Start tags of an HTML text with their attributes, read as a browser reads them.
fn tags(html: &str) -> Vec<String> {
    let (mut found, mut rest) = (vec![], html);
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let mut quote = None;
        let end = rest
            .char_indices()
            .find(|(_, c)| {
                match (quote, c) {
                    (None, '"' | '\'') => quote = Some(*c),
                    (Some(q), c) if q == *c => quote = None,
                    (None, '>') => return true,
                    _ => {}
                }
                false
            })
            .map_or(rest.len(), |(n, _)| n);
        found.push(rest[..end].to_owned());
        let name = found.last().map(|t| t.split([' ', '>']).next().unwrap_or("").to_owned());
        rest = &rest[end..];
        if let Some(name @ ("style" | "script")) = name.as_deref() {
            rest = rest.find(&format!("</{name}")).map_or("", |n| &rest[n..]);
        }
    }
    found
}

#[test]
fn no_page_holds_markup_that_people_wrote() {
    let rendered = everything();
    let pages = rendered.documents.keys().filter(|p| !p.contains('.') && !p.starts_with("/static"));
    let mut seen = 0;
    for path in pages {
        let html = body(&rendered, path);
        seen += 1;
        for tag in tags(&html) {
            let lower = tag.to_ascii_lowercase();
            let name = lower.split(' ').next().unwrap_or("");
            let allowed_script = tag.starts_with("script async src=\"/static/public-")
                || tag == "script async src=\"/embed/script.js\"";
            assert!(name != "script" || allowed_script, "{path}: <{tag}>");
            assert!(name != "img" || tag.starts_with("img src=\"/badge.svg\""), "{path}: <{tag}>");
            assert!(!["svg", "iframe", "object", "embed", "base"].contains(&name), "{path}: <{tag}>");
            assert!(
                !lower.contains(" style=")
                    && !lower.split('"').step_by(2).any(|outside| outside.contains(" on")),
                "{path}: <{tag}>"
            );
            for scheme in ["javascript:", "data:", "vbscript:"] {
                let link = lower.split(&format!("href=\"{scheme}")).count()
                    + lower.split(&format!("src=\"{scheme}")).count();
                assert_eq!(link, 2, "{path}: <{tag}>");
            }
        }
        assert!(
            html.starts_with("<!doctype html>\n<html lang=\"en&#34; onload=&#34;alert(5)\""),
            "{}",
            &html[..120]
        );
    }
    assert!(seen > 15, "{seen} pages");
}

#[test]
fn no_output_holds_characters_that_deceive() {
    let rendered = everything();
    for path in rendered.documents.keys() {
        let text = body(&rendered, path);
        let bad = text.chars().find(|c| is_deceptive(*c) && *c != '\r');
        assert_eq!(bad, None, "{path}");
        assert!(!text.contains('\r') || path.ends_with(".ics"), "{path}");
    }
}

#[test]
fn feeds_stay_well_formed_and_their_html_safe() {
    let rendered = everything();
    let (atom, rss) =
        (elements(&body(&rendered, "/history.atom")), elements(&body(&rendered, "/history.rss")));
    let feed: serde_json::Value = serde_json::from_str(&body(&rendered, "/history.feed.json")).expect("JSON");
    let items = feed["items"].as_array().expect("items").iter().filter_map(|i| i["content_html"].as_str());
    let bodies =
        atom["feed/entry/content"].iter().chain(&rss["rss/channel/item/description"]).map(String::as_str);
    for html in bodies.chain(items) {
        for tag in tags(html) {
            let name = tag.split(' ').next().unwrap_or("");
            let known = [
                "p", "small", "var", "br", "strong", "ul", "ol", "li", "h3", "h4", "table", "thead", "tbody",
                "tr", "th", "td", "a", "em", "code",
            ];
            assert!(known.contains(&name), "<{tag}> in {html}");
            assert!(!tag.contains("javascript:") && !tag.contains(" on"), "<{tag}>");
        }
    }
    assert_eq!(atom["feed/entry"].len(), 15);
    elements(&body(&rendered, "/badge.svg"));
}

#[test]
fn the_calendar_gains_no_lines() {
    let evil = body(&everything(), "/maintenance.ics").replace("\r\n ", "");
    let names = |text: &str| -> Vec<String> {
        text.split("\r\n").map(|l| l.split([':', ';']).next().unwrap_or("").to_owned()).collect()
    };
    let tame = body(&rendered(sample::record()), "/maintenance.ics").replace("\r\n ", "");
    assert_eq!(names(&evil), names(&tame));
}

#[test]
fn sizes_hold() {
    let rendered = rendered(sample::record());
    let page = rendered.documents["/"].gzip_length();
    let with = |names: &[&str]| -> usize {
        names.iter().filter_map(|n| crate::assets::find(crate::assets::url(n))).map(|d| d.gzip_length()).sum()
    };
    let all = page + with(&["public.js", "fonts/inter-core.woff2", "fonts/marks.woff2"]);
    assert!(all < 30_000, "page, script and fonts are {all} bytes over the wire");
    for (path, document) in &rendered.documents {
        assert!(document.gzip_length() < 20_000, "{path}: {}", document.gzip_length());
    }
    assert!(rendered.documents["/embed/script.js"].body().len() < 5_000);
    // A company four times as large, in a bad hour, stays small, too.
    let mut large = sample::down();
    let days: Vec<_> = (0..4).flat_map(|_| large.days.clone()).collect();
    let more: Vec<_> = (0..4).flat_map(|_| large.components.clone()).collect();
    (large.days, large.components) = (days, more);
    let large = super::rendered(large);
    assert!(large.documents["/"].gzip_length() < 30_000, "{}", large.documents["/"].gzip_length());
}

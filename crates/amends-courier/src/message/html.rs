//! The HTML part: one column, tables for old mail programs, every style on its element, a dark theme for those that
//! ask for one. No pictures, no fonts, nothing that is fetched.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::clean::{MANAGE, UNSUBSCRIBE};
use super::markdown::{escaped, html};
use super::view::View;

/// Tone, ink and tint, light and dark; the same tokens as the page.
const TONES: [(&str, &str, &str, &str, &str); 6] = [
    ("ok", "#1d7a4c", "#e6f2eb", "#5cc48d", "#14271d"),
    ("degraded", "#8a5f00", "#f8efd8", "#e0b04a", "#2a2310"),
    ("partial", "#b04a00", "#fbe9dc", "#f0935a", "#2d1d12"),
    ("major", "#b3261e", "#fae5e3", "#ff8a80", "#301817"),
    ("maintenance", "#3557a7", "#e6ebf7", "#9ab2f0", "#182036"),
    ("note", "#565e6a", "#f0f0ee", "#a2aab5", "#23272d"),
];

const SANS: &str = "system-ui,'Segoe UI',Roboto,Arial,sans-serif";

fn tone(name: &str) -> (&'static str, &'static str) {
    TONES.iter().find(|t| t.0 == name).map_or(("#565e6a", "#e4e5e2"), |t| (t.1, t.2))
}

/// What classes mean where a dark theme is asked for, besides the tones.
const DARK: [(&str, &str); 7] = [
    ("paper", "background:#111317!important"),
    ("frame", "background:#181b20!important;border-color:#2a2e35!important"),
    ("ink", "color:#eceef1!important"),
    ("soft", "color:#a2aab5!important"),
    ("line", "border-color:#2a2e35!important"),
    ("accent", "color:#8ea6ff!important"),
    ("button", "background:#8ea6ff!important;color:#0e1220!important"),
];

/// What styles on the elements cannot say. Only of classes that the body has: every byte goes to every recipient.
fn style(body: &str) -> String {
    let used: BTreeSet<&str> = body
        .split("class=\"")
        .skip(1)
        .filter_map(|rest| rest.split_once('"'))
        .flat_map(|(classes, _)| classes.split(' '))
        .collect();
    let mut out = String::from(
        "a{text-underline-offset:3px}\n\
         @media (max-width:480px){.card{padding:24px 16px!important}.outer{padding:0!important}.frame{border-radius:0!important}}\n\
         @media (prefers-color-scheme:dark){",
    );
    for (class, rule) in DARK.into_iter().filter(|(class, _)| used.contains(class)) {
        let _ = write!(out, ".{class}{{{rule}}}");
    }
    for (name, _, _, ink, tint) in TONES.into_iter().filter(|tone| used.contains(tone.0)) {
        let _ = write!(out, ".{name}{{color:{ink}!important}}");
        if used.contains(format!("{name}-tint").as_str()) {
            let _ = write!(out, ".{name}-tint{{background:{tint}!important}}");
        }
    }
    out.push_str("}\n");
    out
}

pub(super) fn render(view: &View, language: &str) -> String {
    let mut body = format!(
        "<body class=\"paper\" style=\"margin:0;background:#fbfbfa\">\n\
         <div style=\"display:none;max-height:0;overflow:hidden\">{}</div>\n\
         <table role=\"presentation\" class=\"paper\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" style=\"background:#fbfbfa\"><tr>\
         <td class=\"outer\" align=\"center\" style=\"padding:24px 12px\">\n\
         <table role=\"presentation\" class=\"frame\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" \
         style=\"max-width:600px;background:#fff;border:1px solid #e4e5e2;border-radius:12px\"><tr>\n\
         <td class=\"card ink\" style=\"padding:32px;font:16px/1.5 {SANS};color:#14171c;text-align:start\">\n",
        escaped(&view.opening)
    );
    put_card(view, &mut body);
    body.push_str("</td></tr></table>\n");
    put_foot(view, &mut body);
    body.push_str("</td></tr></table>\n</body>\n</html>\n");
    format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n<style>\n{}</style>\n</head>\n{body}",
        escaped(language),
        escaped(&view.title),
        style(&body)
    )
}

fn put_card(view: &View, out: &mut String) {
    let (from, url) = &view.from;
    let _ = writeln!(
        out,
        "<p style=\"margin:0 0 16px;font-size:14px\"><a class=\"soft\" href=\"{}\" dir=\"auto\" style=\"color:#565e6a;text-decoration:none\">{}</a></p>",
        escaped(url),
        escaped(from)
    );
    if let Some(state) = &view.state {
        let (ink, tint) = tone(state.tone);
        let _ = writeln!(
            out,
            "<p style=\"margin:0 0 12px\"><span class=\"{0} {0}-tint\" style=\"display:inline-block;padding:4px 12px;border-radius:6px;\
             background:{tint};color:{ink};font-size:14px;font-weight:600\">{1} {2}</span></p>",
            state.tone,
            state.shape,
            escaped(&state.words)
        );
    }
    let _ = writeln!(
        out,
        "<h1 dir=\"auto\" style=\"margin:0 0 16px;font-size:20px;line-height:1.35;font-weight:650\">{}</h1>",
        escaped(&view.title)
    );
    for fact in &view.facts {
        let _ = writeln!(
            out,
            "<p class=\"soft\" style=\"margin:0 0 4px;font-size:14px;color:#565e6a\">{}</p>",
            escaped(fact)
        );
    }
    if !view.facts.is_empty() {
        out.push_str("<div style=\"height:12px\"></div>\n");
    }
    for paragraph in &view.lead {
        let _ = writeln!(out, "<p dir=\"auto\" style=\"margin:0 0 16px\">{}</p>", escaped(paragraph));
    }
    let text = html(&view.text);
    if !text.is_empty() {
        out.push_str(&text);
        out.push('\n');
    }
    if !view.components.is_empty() {
        out.push_str("<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" style=\"margin:8px 0 16px;font-size:14px\">\n");
        for (status, name) in &view.components {
            let (ink, _) = tone(status.tone());
            let _ = writeln!(
                out,
                "<tr><td class=\"line\" dir=\"auto\" style=\"padding:8px 8px 8px 0;border-top:1px solid #e4e5e2\">{}</td>\
                 <td class=\"line {}\" align=\"right\" style=\"padding:8px 0;border-top:1px solid #e4e5e2;color:{ink};white-space:nowrap\">{} {}</td></tr>",
                escaped(name),
                status.tone(),
                status.shape(),
                status.label()
            );
        }
        out.push_str("</table>\n");
    }
    for promise in &view.promises {
        let _ = writeln!(out, "<p style=\"margin:0 0 8px;font-weight:600\">{}</p>", escaped(promise));
    }
    if let Some((words, url)) = &view.button {
        let _ = writeln!(
            out,
            "<p style=\"margin:24px 0 8px\"><a class=\"button\" href=\"{}\" style=\"display:inline-block;padding:10px 20px;border-radius:6px;\
             background:#2348c6;color:#fff;font-weight:600;text-decoration:none\">{}</a></p>",
            escaped(url),
            escaped(words)
        );
    }
    for remark in &view.remarks {
        let _ = writeln!(
            out,
            "<p class=\"soft\" dir=\"auto\" style=\"margin:16px 0 0;font-size:14px;color:#565e6a;overflow-wrap:anywhere\">{}</p>",
            escaped(remark)
        );
    }
}

fn put_foot(view: &View, out: &mut String) {
    let _ = write!(
        out,
        "<p class=\"soft\" dir=\"auto\" style=\"max-width:600px;margin:16px auto 0;padding:0 16px;font:12px/1.5 {SANS};color:#565e6a;text-align:center\">{}",
        escaped(&view.because)
    );
    if view.subscribed {
        let _ = write!(
            out,
            "<br>\n<a class=\"soft\" href=\"{MANAGE}\" style=\"color:#565e6a\">Change what you hear</a> · \
             <a class=\"soft\" href=\"{UNSUBSCRIBE}\" style=\"color:#565e6a\">Unsubscribe</a>"
        );
    }
    out.push_str("</p>\n");
}

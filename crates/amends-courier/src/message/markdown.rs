//! Markdown as it may stand in a mail: text, emphasis, lists, quotes, code, tables and links to the web. HTML in it is
//! shown as it was typed, pictures become links, and every style is on its element, because mail programs drop the
//! rest.

use std::fmt::Write;

use pulldown_cmark::{Alignment, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd};

use super::clean;

/// Escapes text for HTML, attribute values included.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Only links that a customer can follow safely.
fn target(url: &str, kind: LinkType) -> Option<String> {
    if kind == LinkType::Email {
        return Some(format!("mailto:{}", clean::url(url)));
    }
    let lower = url.trim().to_ascii_lowercase();
    let ok = ["https://", "http://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme));
    ok.then(|| clean::url(url.trim()).into())
}

const P: &str = "margin:0 0 16px";
const CODE: &str = "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:14px";

/// HTML of clean Markdown, every element with its style. Quadratic input is cut off by the callers' length limits.
pub(super) fn html(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut out = String::with_capacity(markdown.len() * 2);
    let mut links: Vec<bool> = Vec::new();
    let mut aligned: Vec<Alignment> = Vec::new();
    let (mut cell, mut in_head) = (0, false);
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => out.push_str(&escaped(&text)),
            Event::InlineMath(text) | Event::DisplayMath(text) => out.push_str(&escaped(&text)),
            Event::Code(text) => {
                let _ = write!(out, "<code style=\"{CODE}\">{}</code>", escaped(&text));
            }
            Event::SoftBreak => out.push('\n'),
            Event::HardBreak => out.push_str("<br>\n"),
            Event::Rule => out.push_str("<hr class=\"line\" style=\"border:0;border-top:1px solid #e4e5e2;margin:24px 0\">\n"),
            Event::TaskListMarker(done) => out.push_str(if done { "☑ " } else { "☐ " }),
            Event::FootnoteReference(name) => out.push_str(&escaped(&name)),
            Event::Start(tag) => match tag {
                Tag::Paragraph => {
                    let _ = write!(out, "<p dir=\"auto\" style=\"{P}\">");
                }
                Tag::Heading { level, .. } => {
                    let size = if level == HeadingLevel::H1 { 20 } else { 16 };
                    let _ = write!(out, "<h2 dir=\"auto\" style=\"margin:24px 0 8px;font-size:{size}px;line-height:1.4\">");
                }
                Tag::BlockQuote(_) => out.push_str(
                    "<blockquote class=\"soft line\" style=\"margin:0 0 16px;padding:0 0 0 16px;border-left:3px solid #e4e5e2;color:#565e6a\">",
                ),
                Tag::CodeBlock(_) => {
                    let _ = write!(out, "<pre class=\"line\" style=\"margin:0 0 16px;padding:12px;border:1px solid #e4e5e2;border-radius:6px;white-space:pre-wrap;{CODE}\">");
                }
                Tag::List(None) => out.push_str("<ul style=\"margin:0 0 16px;padding:0 0 0 24px\">\n"),
                Tag::List(Some(1)) => out.push_str("<ol style=\"margin:0 0 16px;padding:0 0 0 24px\">\n"),
                Tag::List(Some(n)) => {
                    let _ = writeln!(out, "<ol start=\"{n}\" style=\"margin:0 0 16px;padding:0 0 0 24px\">");
                }
                Tag::Item => out.push_str("<li dir=\"auto\" style=\"margin:0 0 4px\">"),
                Tag::Emphasis => out.push_str("<em>"),
                Tag::Strong => out.push_str("<strong>"),
                Tag::Strikethrough => out.push_str("<s>"),
                Tag::Link { link_type, dest_url, .. } => {
                    let to = target(&dest_url, link_type);
                    if let Some(to) = &to {
                        let _ = write!(out, "<a class=\"accent\" href=\"{}\" style=\"color:#2348c6\">", escaped(to));
                    }
                    links.push(to.is_some());
                }
                Tag::Image { link_type, dest_url, .. } => {
                    let to = target(&dest_url, link_type);
                    match &to {
                        Some(to) => {
                            let _ = write!(out, "<a class=\"accent\" href=\"{}\" style=\"color:#2348c6\">Picture: ", escaped(to));
                        }
                        None => out.push_str("Picture: "),
                    }
                    links.push(to.is_some());
                }
                Tag::Table(columns) => {
                    aligned = columns;
                    out.push_str("<table style=\"border-collapse:collapse;margin:0 0 16px;font-size:14px\">\n");
                }
                Tag::TableHead => {
                    (in_head, cell) = (true, 0);
                    out.push_str("<tr>");
                }
                Tag::TableRow => {
                    cell = 0;
                    out.push_str("<tr>");
                }
                Tag::TableCell => {
                    let align = match aligned.get(cell) {
                        Some(Alignment::Right) => "right",
                        Some(Alignment::Center) => "center",
                        _ => "left",
                    };
                    let name = if in_head { "th" } else { "td" };
                    let _ = write!(out, "<{name} class=\"line\" dir=\"auto\" style=\"padding:4px 12px 4px 0;border-bottom:1px solid #e4e5e2;text-align:{align}\">");
                    cell += 1;
                }
                _ => {}
            },
            Event::End(tag) => match tag {
                TagEnd::Paragraph => out.push_str("</p>\n"),
                TagEnd::Heading(_) => out.push_str("</h2>\n"),
                TagEnd::BlockQuote(_) => out.push_str("</blockquote>\n"),
                TagEnd::CodeBlock => out.push_str("</pre>\n"),
                TagEnd::List(false) => out.push_str("</ul>\n"),
                TagEnd::List(true) => out.push_str("</ol>\n"),
                TagEnd::Item => out.push_str("</li>\n"),
                TagEnd::Emphasis => out.push_str("</em>"),
                TagEnd::Strong => out.push_str("</strong>"),
                TagEnd::Strikethrough => out.push_str("</s>"),
                TagEnd::Link | TagEnd::Image => {
                    out.push_str(if links.pop() == Some(true) { "</a>" } else { "" });
                }
                TagEnd::Table => out.push_str("</table>\n"),
                TagEnd::TableHead => {
                    in_head = false;
                    out.push_str("</tr>\n");
                }
                TagEnd::TableRow => out.push_str("</tr>\n"),
                TagEnd::TableCell => out.push_str(if in_head { "</th>" } else { "</td>" }),
                _ => {}
            },
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// The first words of clean Markdown without its marks, for the line that mail programs show beside the subject.
pub(super) fn opening(markdown: &str, most: usize) -> String {
    let mut text = String::new();
    for event in Parser::new(markdown) {
        match event {
            Event::Text(t) | Event::Code(t) => text.push_str(&t),
            Event::SoftBreak | Event::HardBreak | Event::End(_) if !text.ends_with(' ') => text.push(' '),
            _ => {}
        }
        if text.len() > most * 4 {
            break;
        }
    }
    // A mark inside a word ends as " ,": the space before punctuation goes.
    let text = text.replace(" ,", ",").replace(" .", ".");
    clean::line(&text, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_people_type_becomes_markup_of_theirs() {
        for hostile in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "![x](data:text/html;base64,AAAA)",
            "[x](https://a.b/\"onmouseover=alert(1))",
            "<a href='javascript:x'>y</a>",
            "[x]: javascript:x\n\n[x]",
            "<style>*{display:none}</style>",
            "`<b>`",
            "    <b>code</b>",
            "|<b>|\n|-|\n|<i>|",
            "<!-- comment -->",
        ] {
            let out = html(hostile);
            let mut rest = out.as_str();
            while let Some(at) = rest.find('<') {
                let tag = &rest[at..rest[at..].find('>').map_or(rest.len(), |e| at + e)];
                let name = tag.trim_start_matches(['<', '/']).split([' ', '>']).next().unwrap();
                assert!(
                    [
                        "p",
                        "h2",
                        "a",
                        "code",
                        "pre",
                        "em",
                        "strong",
                        "ul",
                        "ol",
                        "li",
                        "table",
                        "tr",
                        "td",
                        "th",
                        "br",
                        "hr",
                        "s",
                        "blockquote"
                    ]
                    .contains(&name),
                    "{hostile} → {out}"
                );
                assert!(
                    !tag.to_ascii_lowercase().contains("javascript:") && !tag.contains(" on"),
                    "{hostile} → {out}"
                );
                rest = &rest[at + tag.len()..];
            }
        }
    }

    #[test]
    fn usual_markdown_looks_right() {
        let out = html(
            "We are **looking** into it, see [the page](https://status.acme.example/?a=1&b=2).\n\n- one\n- two",
        );
        assert!(
            out.contains("<strong>looking</strong>") && out.contains("?a=1&amp;b=2\"") && out.contains("<li"),
            "{out}"
        );
        assert_eq!(opening("# Title\n\nWe *are* `on` it.\n\n- one", 100), "Title We are on it. one");
    }
}

//! What people write, Markdown, as safe HTML and as plain text. Pure.
//!
//! HTML in the source is shown as it was typed, comments in it are dropped, pictures become links, and only links to
//! the web and to mail addresses work. What pulldown-cmark makes of the rest goes through ammonia all the same, so that
//! a fault in one of the two is not yet a hole.

use ammonia::{Builder, UrlRelative};
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html as writer};
use std::sync::LazyLock;

/// Markdown as HTML for a page on which `<h1>` is taken: the first level becomes `<h2>`, and so on.
pub fn html(markdown: &str) -> String {
    html_under(markdown, 1)
}

/// Markdown as HTML under a heading of level `above` (1 to 5): the first level becomes the one after it.
pub fn html_under(markdown: &str, above: u8) -> String {
    let mut events = Vec::new();
    let mut comment = false;
    for event in Parser::new_ext(markdown, options()) {
        match event {
            Event::Html(raw) | Event::InlineHtml(raw) => {
                let shown = without_comments(&raw, &mut comment);
                if !shown.trim().is_empty() {
                    events.push(Event::Text(CowStr::from(shown)));
                }
            }
            // An HTML block becomes a paragraph of what was typed.
            Event::Start(Tag::HtmlBlock) => {
                comment = false;
                events.push(Event::Start(Tag::Paragraph));
            }
            Event::End(TagEnd::HtmlBlock) => events.push(Event::End(TagEnd::Paragraph)),
            Event::Start(Tag::Heading { level, .. }) => {
                let level = lower(level, above);
                events.push(Event::Start(Tag::Heading { level, id: None, classes: vec![], attrs: vec![] }));
            }
            Event::End(TagEnd::Heading(level)) => {
                events.push(Event::End(TagEnd::Heading(lower(level, above))));
            }
            Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
                events.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
            }
            Event::End(TagEnd::Image) => events.push(Event::End(TagEnd::Link)),
            Event::TaskListMarker(done) => {
                events.push(Event::Text(CowStr::from(if done { "☑ " } else { "☐ " })));
            }
            other => events.push(other),
        }
    }
    let mut out = String::with_capacity(markdown.len() * 3 / 2);
    writer::push_html(&mut out, events.into_iter());
    CLEANER.clean(&out).to_string().replace("<p dir=\"auto\"></p>\n", "")
}

/// Markdown as text that reads well in a mail or a terminal: no markup, links with their address behind them.
pub fn text(markdown: &str) -> String {
    let mut out = Plain::default();
    let mut comment = false;
    for event in Parser::new_ext(markdown, options()) {
        match event {
            Event::Start(tag) => out.start(tag),
            Event::End(tag) => out.end(tag),
            Event::Text(text) | Event::Code(text) => out.push(&text),
            Event::Html(raw) | Event::InlineHtml(raw) => {
                let shown = without_comments(&raw, &mut comment);
                out.push(shown.trim_end_matches('\n'));
            }
            Event::SoftBreak => out.push(" "),
            Event::HardBreak => out.line(),
            Event::Rule => {
                out.block();
                out.push("* * *");
            }
            Event::TaskListMarker(done) => out.push(if done { "[x] " } else { "[ ] " }),
            Event::FootnoteReference(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {}
        }
    }
    out.text.trim().to_owned()
}

/// Markdown as one line of plain text of at most `max` characters, for lists and previews.
pub fn line(markdown: &str, max: usize) -> String {
    let text = text(markdown);
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() > max {
        words = words.chars().take(max.saturating_sub(1)).collect::<String>().trim_end().to_owned();
        words.push('…');
    }
    words
}

/// Markdown without the comments in it, which are remarks of its writers and not for readers. A line that held nothing else
/// goes as well; code stays as it is.
pub fn without_remarks(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut done = 0;
    for remark in remarks(markdown) {
        let line = markdown[..remark.start].rfind('\n').map_or(0, |end| end + 1);
        let after = &markdown[remark.end..];
        let rest = after.find('\n').map_or(after, |end| &after[..end]);
        let alone = line >= done && markdown[line..remark.start].trim().is_empty() && rest.trim().is_empty();
        let (start, end) = if alone {
            // With the empty lines after it, as those before it stay.
            let below = after.len() - after.trim_start_matches([' ', '\t', '\r', '\n']).len();
            (line, remark.end + below)
        } else {
            (done + markdown[done..remark.start].trim_end_matches(' ').len(), remark.end)
        };
        out.push_str(&markdown[done..start.max(done)]);
        done = end;
    }
    out.push_str(&markdown[done..]);
    if done > 0 {
        out.truncate(out.trim_end().len());
    }
    out
}

/// Where comments stand, in order. One that is never closed goes on to the end of its block.
fn remarks(markdown: &str) -> Vec<std::ops::Range<usize>> {
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    let mut open: Option<usize> = None;
    for (event, range) in Parser::new_ext(markdown, options()).into_offset_iter() {
        match event {
            Event::Html(_) | Event::InlineHtml(_) => {}
            Event::Start(Tag::HtmlBlock) => continue,
            // A comment that nobody closed ends with its block.
            Event::End(TagEnd::HtmlBlock) => {
                found.extend(open.take().map(|start| start..range.end));
                continue;
            }
            _ => continue,
        }
        let mut at = range.start;
        loop {
            let rest = &markdown[at..range.end];
            let mark = if open.is_some() { "-->" } else { "<!--" };
            let Some(next) = rest.find(mark).map(|next| at + next) else { break };
            at = next + mark.len();
            match open.take() {
                Some(start) => found.push(start..at),
                None => open = Some(next),
            }
        }
    }
    found
}

/// The text behind [`escape`], which has a backslash before nothing but marks.
pub fn unescape(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut chars = markdown.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(next)) if next.is_ascii_punctuation() => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    out
}

/// Makes text stand in Markdown as it is, on one line: every character that could mean something is escaped.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    // What only means something at the start of a line or before its first blank.
    let first = out.trim_start();
    let numbered = first.trim_start_matches(|c: char| c.is_ascii_digit());
    if first.starts_with(['-', '+', '=']) {
        return format!("\\{first}");
    }
    if numbered.len() < first.len() && numbered.starts_with(['.', ')']) {
        let digits = first.len() - numbered.len();
        return format!("{}\\{}", &first[..digits], numbered);
    }
    first.to_owned()
}

fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS
}

fn lower(level: HeadingLevel, above: u8) -> HeadingLevel {
    let level = (level as usize + usize::from(above)).clamp(1, 6);
    HeadingLevel::try_from(level).unwrap_or(HeadingLevel::H6)
}

/// What remains of raw HTML when comments are taken out; `inside` remembers a comment that goes on in the next piece.
fn without_comments(raw: &str, inside: &mut bool) -> String {
    let mut out = String::new();
    let mut rest = raw;
    loop {
        if *inside {
            match rest.split_once("-->") {
                Some((_, after)) => (rest, *inside) = (after, false),
                None => return out,
            }
        }
        match rest.split_once("<!--") {
            Some((before, after)) => {
                out.push_str(before);
                (rest, *inside) = (after, true);
            }
            None => {
                out.push_str(rest);
                return out;
            }
        }
    }
}

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let tags = [
        "p",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "blockquote",
        "pre",
        "code",
        "em",
        "strong",
        "del",
        "a",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "hr",
        "br",
    ];
    let mut builder = Builder::new();
    builder
        .tags(tags.into_iter().collect())
        .generic_attributes(["dir"].into_iter().collect())
        .tag_attributes(
            [("a", ["href"].into_iter().collect()), ("ol", ["start"].into_iter().collect())]
                .into_iter()
                .collect(),
        )
        .url_schemes(["http", "https", "mailto"].into_iter().collect())
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("nofollow noopener noreferrer"))
        .strip_comments(true);
    // Text in any direction reads right beside text in another.
    for tag in ["p", "h2", "h3", "h4", "h5", "h6", "li", "blockquote", "th", "td"] {
        builder.set_tag_attribute_value(tag, "dir", "auto");
    }
    builder
});

/// Gathers plain text.
#[derive(Default)]
struct Plain {
    text: String,
    /// What stands before each line: quotes and the indentation of lists.
    prefix: Vec<String>,
    /// The next number of each open list; none for bullets.
    lists: Vec<Option<u64>>,
    links: Vec<(usize, String)>,
    code: bool,
    cells: usize,
    /// True after what begins a line: nothing, a bullet, a quote's mark.
    fresh: bool,
}

impl Plain {
    fn push(&mut self, text: &str) {
        self.fresh &= text.is_empty();
        if self.code {
            for (n, line) in text.split('\n').enumerate() {
                if n > 0 {
                    self.line();
                }
                self.text.push_str(line);
            }
        } else {
            self.text.push_str(text);
        }
    }

    fn line(&mut self) {
        while self.text.ends_with(' ') {
            self.text.pop();
        }
        self.text.push('\n');
        for prefix in &self.prefix {
            self.text.push_str(prefix);
        }
    }

    /// Begins a block: an empty line above it, unless nothing or only a bullet stands there.
    fn block(&mut self) {
        if !self.fresh && !self.text.is_empty() {
            self.line();
            self.line();
        }
        self.fresh = true;
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::Heading { .. } | Tag::HtmlBlock | Tag::Table(_) => self.block(),
            Tag::BlockQuote(_) => {
                self.block();
                self.prefix.push("> ".to_owned());
                self.text.push_str("> ");
            }
            Tag::CodeBlock(_) => {
                self.block();
                self.prefix.push("    ".to_owned());
                self.text.push_str("    ");
                self.code = true;
            }
            Tag::List(start) => {
                if self.lists.is_empty() {
                    self.block();
                }
                self.lists.push(start);
            }
            Tag::Item => {
                let first = self.text.rsplit('\n').next().unwrap_or_default().trim().is_empty();
                if !first {
                    self.line();
                }
                let mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "- ".to_owned(),
                };
                self.prefix.push(" ".repeat(mark.len()));
                self.text.push_str(&mark);
                self.fresh = true;
            }
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push((self.text.len(), dest_url.into_string()));
            }
            Tag::TableHead | Tag::TableRow => self.cells = 0,
            Tag::TableCell => {
                if self.cells > 0 {
                    self.text.push_str(" | ");
                }
                self.cells += 1;
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::BlockQuote(_) | TagEnd::Item => {
                self.prefix.pop();
            }
            TagEnd::CodeBlock => {
                self.code = false;
                self.prefix.pop();
                let kept = self.text.trim_end().len();
                self.text.truncate(kept);
            }
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::TableHead | TagEnd::TableRow => self.line(),
            TagEnd::Link | TagEnd::Image => {
                if let Some((from, url)) = self.links.pop() {
                    let shown = self.text.get(from..).unwrap_or_default();
                    let same = shown == url || url.strip_prefix("mailto:") == Some(shown);
                    let web = ["http://", "https://", "mailto:"].iter().any(|scheme| url.starts_with(scheme));
                    if !same && web {
                        self.text.push_str(" (");
                        self.text.push_str(&url);
                        self.text.push(')');
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_becomes_html() {
        let shown = html(
            "# A *b*\n\n- x\n- [ ] y\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[w](https://x.example/?a=1&b=2) `c<d`",
        );
        for part in [
            "<h2 dir=\"auto\">A <em>b</em></h2>",
            "<li dir=\"auto\">x</li>",
            "☐ y",
            "<td dir=\"auto\">1</td>",
            "<a href=\"https://x.example/?a=1&amp;b=2\" rel=\"nofollow noopener noreferrer\">w</a>",
            "<code>c&lt;d</code>",
        ] {
            assert!(shown.contains(part), "{part}\n{shown}");
        }
        assert!(html_under("# a", 3).starts_with("<h4"));
        assert!(html_under("###### a", 3).starts_with("<h6"));
    }

    #[test]
    fn nothing_hostile_comes_through() {
        for hostile in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[a](javascript:alert(1))",
            "[a](JaVaScRiPt:alert(1))",
            "[a](data:text/html;base64,PHNjcmlwdD4=)",
            "![a](javascript:alert(1))",
            "<a href=\"https://x\" onclick=\"alert(1)\">x</a>",
            "a <svg/onload=alert(1)> b",
            "[a](https://x \"\\\" onmouseover=alert(1)\")",
            "<style>body{display:none}</style>",
            "<iframe src=https://x></iframe>",
            "<!-- --><script>alert(1)</script> -->",
            "<<script>script>alert(1)</script>",
            "<math><mi//xlink:href=\"data:x,<script>alert(4)</script>\">",
            "`</code><script>alert(1)</script>`",
            "| a |\n|---|\n| <script>x</script> |",
        ] {
            let shown = html(hostile).to_lowercase();
            // Every tag that is left is one of ours, with attributes of ours.
            for tag in shown.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag) {
                let name = tag.trim_start_matches('/').split(' ').next().unwrap();
                assert!(
                    ["p", "a", "code", "h2", "table", "thead", "tbody", "tr", "td", "th", "strong", "em"]
                        .contains(&name),
                    "{hostile} → {shown}"
                );
                assert!(
                    !tag.contains(" on") && !tag.contains("script") && !tag.contains("data:"),
                    "{hostile} → {shown}"
                );
            }
        }
        assert_eq!(html("a <!-- hint --> b\n\n<!-- a\n\nb -->\n\nc").matches("hint").count(), 0);
    }

    #[test]
    fn comments_are_hints_and_not_shown() {
        assert_eq!(html("<!-- Say who.\nAnd how. -->\n\nNobody."), "<p dir=\"auto\">Nobody.</p>\n");
        assert_eq!(text("<!-- Say who.\nAnd how. -->\n\nNobody."), "Nobody.");
    }

    #[test]
    fn plain_text_reads_well() {
        let markdown = "## Why\n\nIt *broke* at\nnoon, see [the log](https://x.example/1) and <https://y.example>.\n\n1. one\n2. two\n   - deep\n\n> said\n> so\n\n```\na\n  b\n```\n\n| T | E |\n|---|---|\n| 1 | 2 |\n";
        assert_eq!(
            text(markdown),
            "Why\n\nIt broke at noon, see the log (https://x.example/1) and https://y.example.\n\n1. one\n2. two\n   - deep\n\n> said so\n\n    a\n      b\n\nT | E\n1 | 2"
        );
        assert_eq!(line("# A\n\nb *c* d", 5), "A b…");
        assert_eq!(line("", 5), "");
    }

    #[test]
    fn escaped_text_means_itself() {
        for raw in [
            "a *b* _c_ [d](e) <f> `g` #h | i ~j~ & k!",
            "# not a heading",
            "- not a list",
            "12. not a list",
            "1) neither",
            "+ nor this",
            "===",
            "a\\*b",
            "&amp; &lt;",
            "{{title}}",
            "> no quote",
            "![x](y)",
        ] {
            assert_eq!(text(&escape(raw)), raw, "{raw}");
        }
        assert_eq!(escape("a\nb"), "a b");
    }
}

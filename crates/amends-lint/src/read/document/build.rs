//! From Markdown events to blocks and sections.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::{Block, BlockKind, Comment, Document, ItemPlace, Section};
use crate::read::clock;
use crate::read::section::Kinds;
use crate::read::span::Span;
use crate::read::text::Text;

/// Longest line in bold, in bytes, that may serve as a heading.
const BOLD_HEADING: usize = 80;

/// Reads the document's source from `start` on.
pub(super) fn build(document: &mut Document<'_>, start: usize) {
    let mut embedded = Vec::new();
    let mut builder = Builder::new(document, false);
    builder.run(start, document_end(builder.document), &mut embedded);
    for range in embedded {
        let mut builder = Builder::new(document, true);
        builder.open_section(7, None, String::new());
        builder.run(range.start, range.end, &mut Vec::new());
    }
}

fn document_end(document: &Document<'_>) -> usize {
    document.source.len()
}

struct Builder<'d, 'a> {
    document: &'d mut Document<'a>,
    embedded: bool,
    base: usize,
    section: usize,
    items: Vec<OpenItem>,
    lists: Vec<OpenList>,
    list_count: usize,
    table_count: usize,
    quotes: usize,
    open: Option<Open>,
    /// The last block, if it is a paragraph at the same depth that may introduce a list.
    intro: Option<usize>,
    strong: usize,
    silent: usize,
    html: Option<Span>,
}

struct OpenItem {
    block: Option<usize>,
    checked: Option<bool>,
    kinds: Kinds,
}

struct OpenList {
    id: usize,
    intro: Option<usize>,
    kinds: Kinds,
}

/// A block whose text is still being gathered.
struct Open {
    kind: BlockKind,
    text: Text,
    span: Span,
    all_strong: bool,
}

impl<'d, 'a> Builder<'d, 'a> {
    fn new(document: &'d mut Document<'a>, embedded: bool) -> Builder<'d, 'a> {
        let list_count =
            document.blocks.iter().filter_map(|block| block.item).map(|item| item.list + 1).max();
        let table_count = document.blocks.iter().filter_map(|block| match block.kind {
            BlockKind::Row { table, .. } => Some(table + 1),
            _ => None,
        });
        let table_count = table_count.max();
        Builder {
            document,
            embedded,
            base: 0,
            section: 0,
            items: Vec::new(),
            lists: Vec::new(),
            list_count: list_count.unwrap_or(0),
            table_count: table_count.unwrap_or(0),
            quotes: 0,
            open: None,
            intro: None,
            strong: 0,
            silent: 0,
            html: None,
        }
    }

    fn run(&mut self, start: usize, end: usize, embedded: &mut Vec<Range<usize>>) {
        self.base = start;
        let source: &'a str = self.document.source;
        let Some(body) = source.get(start..end) else { return };
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
        for (event, range) in Parser::new_ext(body, options).into_offset_iter() {
            let span = Span::new(start + range.start, start + range.end);
            self.event(event, span, embedded);
        }
        self.close();
    }

    fn event(&mut self, event: Event<'_>, span: Span, embedded: &mut Vec<Range<usize>>) {
        match event {
            Event::Start(tag) => self.start(tag, span),
            Event::End(tag) => self.end(tag, span, embedded),
            Event::Text(text) | Event::Code(text) => self.text(&text, span),
            Event::SoftBreak | Event::HardBreak => self.text("\n", span),
            Event::Html(_) => self.html = Some(self.html.map_or(span, |html| html.join(span))),
            Event::InlineHtml(_) => self.inline_html(span),
            Event::TaskListMarker(checked) => {
                if let Some(item) = self.items.last_mut() {
                    item.checked = Some(checked);
                }
            }
            Event::Rule => {
                self.close();
                self.intro = None;
            }
            Event::FootnoteReference(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, span: Span) {
        match tag {
            Tag::Paragraph => {
                let kind = if self.item_waits() { BlockKind::Item } else { BlockKind::Paragraph };
                self.open(kind, span);
            }
            Tag::Heading { level, .. } => self.open(BlockKind::Heading(level_number(level)), span),
            Tag::BlockQuote(_) => {
                self.close();
                self.quotes += 1;
            }
            Tag::CodeBlock(kind) => {
                let language = match kind {
                    CodeBlockKind::Fenced(info) => {
                        info.split_whitespace().next().unwrap_or_default().to_lowercase()
                    }
                    CodeBlockKind::Indented => String::new(),
                };
                self.open(BlockKind::Code(language), span);
            }
            Tag::HtmlBlock => {
                self.close();
                self.html = None;
            }
            Tag::List(_) => self.open_list(),
            Tag::Item => self.items.push(OpenItem { block: None, checked: None, kinds: self.context() }),
            Tag::Table(_) => {
                self.close();
                self.intro = None;
            }
            Tag::TableHead => self.open_row(true, span),
            Tag::TableRow => self.open_row(false, span),
            Tag::TableCell => {
                if let Some(open) = &mut self.open
                    && let BlockKind::Row { cells, .. } = &mut open.kind
                {
                    let at = open.text.as_str().len();
                    cells.push((at, at));
                }
            }
            Tag::Strong => self.strong += 1,
            Tag::Image { .. } => self.silent += 1,
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, span: Span, embedded: &mut Vec<Range<usize>>) {
        match tag {
            TagEnd::Paragraph | TagEnd::Heading(_) => self.close(),
            TagEnd::BlockQuote(_) => {
                self.close();
                self.quotes = self.quotes.saturating_sub(1);
            }
            TagEnd::CodeBlock => self.close_code(embedded),
            TagEnd::HtmlBlock => self.close_html(),
            TagEnd::List(_) => {
                self.close();
                self.lists.pop();
                self.intro = None;
            }
            TagEnd::Item => {
                self.close();
                self.items.pop();
            }
            TagEnd::TableHead | TagEnd::TableRow => self.close(),
            TagEnd::Table => {
                self.close();
                self.table_count += 1;
            }
            TagEnd::TableCell => {
                if let Some(open) = &mut self.open
                    && let BlockKind::Row { cells, .. } = &mut open.kind
                {
                    if let Some(cell) = cells.last_mut() {
                        cell.1 = open.text.as_str().len();
                    }
                    open.text.push(" | ", Span::new(span.end, span.end));
                }
            }
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            TagEnd::Image => self.silent = self.silent.saturating_sub(1),
            _ => {}
        }
    }

    fn text(&mut self, text: &str, span: Span) {
        if self.silent > 0 {
            return;
        }
        if self.open.is_none() {
            let kind = if self.item_waits() { BlockKind::Item } else { BlockKind::Paragraph };
            self.open(kind, span);
        }
        let strong = self.strong > 0;
        if let Some(open) = &mut self.open {
            open.all_strong &= strong || text.trim_matches([':', ' ', '\n']).is_empty();
            open.span = open.span.join(span);
            open.text.push(text, span);
        }
    }

    fn item_waits(&self) -> bool {
        self.items.last().is_some_and(|item| item.block.is_none())
    }

    fn context(&self) -> Kinds {
        let item = self.items.last().map_or(Kinds::NONE, |item| item.kinds);
        let list = self.lists.last().map_or(Kinds::NONE, |list| list.kinds);
        let section = self.document.sections.get(self.section).map_or(Kinds::NONE, |section| section.kinds);
        [item, list].into_iter().find(|kinds| !kinds.is_none()).unwrap_or(section)
    }

    fn open(&mut self, kind: BlockKind, span: Span) {
        self.close();
        self.open = Some(Open { kind, text: Text::default(), span, all_strong: true });
    }

    fn open_row(&mut self, header: bool, span: Span) {
        self.open(BlockKind::Row { table: self.table_count, header, cells: Vec::new() }, span);
    }

    fn open_list(&mut self) {
        self.close();
        let intro = self.intro.take();
        // What the sentence before a list promises ("we will change:") is what its items are about.
        let said = intro.and_then(|at| self.document.blocks.get(at)).map_or(Kinds::NONE, |block| {
            let text = block.text.as_str();
            let last = text.trim_end().rfind(['.', '!', '?']).map_or(text, |at| &text[at..]);
            Kinds::of_heading(last)
        });
        let section = self.document.sections.get(self.section).map_or(Kinds::NONE, |section| section.kinds);
        let kinds = if section.has(Kinds::TIMELINE) { Kinds::NONE } else { said };
        self.lists.push(OpenList { id: self.list_count, intro, kinds });
        self.list_count += 1;
    }

    fn open_section(&mut self, level: u8, heading: Option<usize>, title: String) {
        let own = Kinds::of_heading(&title);
        // "# Kibana no longer receives logs" names the incident, not an appendix.
        let names = level == 1 && title.split_whitespace().count() > 3;
        let own = if names { own.without(Kinds::APPENDIX | Kinds::PEOPLE) } else { own };
        let mut parent = if self.document.sections.len() > 1 { Some(self.section) } else { None };
        while let Some(at) = parent {
            let section = &self.document.sections[at];
            if section.level < level && section.embedded == self.embedded {
                break;
            }
            parent = section.parent;
        }
        let inherited = parent.map_or(Kinds::NONE, |at| self.document.sections[at].kinds);
        let kinds = if own.is_none() { inherited } else { own };
        // "## May 13" and "## 13:20" after a timeline go on with it, also as its neighbours.
        let told =
            self.document.sections.get(self.section).is_some_and(|before| before.kinds.has(Kinds::TIMELINE));
        let dated = || clock::mentions(&title).first().is_some_and(|mention| mention.start == 0);
        let kinds = if kinds.is_none() && told && dated() { Kinds::TIMELINE } else { kinds };
        let embedded = self.embedded;
        self.document.sections.push(Section { level, heading, title, own, kinds, parent, embedded });
        self.section = self.document.sections.len() - 1;
    }

    /// Finishes the block that is open, if it says anything.
    fn close(&mut self) {
        let Some(mut open) = self.open.take() else { return };
        if open.text.is_blank() {
            return;
        }
        let plain = open.text.as_str().trim();
        let serves_as_heading = open.kind == BlockKind::Paragraph
            && open.all_strong
            && self.items.is_empty()
            && self.quotes == 0
            && plain.len() <= BOLD_HEADING
            && !plain.contains('\n')
            && !plain.ends_with(['.', '!']);
        if serves_as_heading {
            open.kind = BlockKind::Heading(7);
        }
        let index = self.document.blocks.len();
        if let BlockKind::Heading(level) = open.kind
            && self.items.is_empty()
            && self.quotes == 0
        {
            let title = plain.trim_end_matches(['#', ' ', ':']).to_owned();
            self.open_section(level, Some(index), title);
        }
        let place = self.items.last().map(|item| ItemPlace {
            list: self.lists.last().map_or(0, |list| list.id),
            depth: self.items.len() - 1,
            parent: match open.kind {
                BlockKind::Item => self.items.iter().rev().nth(1).and_then(|outer| outer.block),
                _ => item.block,
            },
            intro: self.lists.last().and_then(|list| list.intro),
            checked: item.checked,
        });
        if open.kind == BlockKind::Item {
            let label = Kinds::of_heading(label_of(open.text.as_str()));
            if let Some(item) = self.items.last_mut() {
                item.block = Some(index);
                if !label.is_none() {
                    item.kinds = label;
                }
            }
        }
        let kinds = self.context();
        self.intro = match open.kind {
            BlockKind::Paragraph if plain_introduces(open.text.as_str().trim()) => Some(index),
            _ => None,
        };
        self.document.blocks.push(Block {
            kind: open.kind,
            mentions: clock::mentions(open.text.as_str()),
            text: open.text,
            span: open.span,
            section: self.section,
            kinds,
            item: place,
            quoted: self.quotes > 0,
            embedded: self.embedded,
        });
    }

    fn close_code(&mut self, embedded: &mut Vec<Range<usize>>) {
        if let Some(open) = &self.open
            && let BlockKind::Code(language) = &open.kind
            && matches!(language.as_str(), "md" | "markdown")
            && !self.embedded
        {
            let span = open.text.whole();
            // Only what stands in the source as it is (not inside a quote or an indented list) can be read.
            if self.document.slice(span) == open.text.as_str() {
                embedded.push(span.start..span.end);
            }
        }
        self.close();
    }

    fn close_html(&mut self) {
        if let Some(span) = self.html.take() {
            self.strip_html(span);
            self.close();
        }
    }

    fn inline_html(&mut self, span: Span) {
        let raw = self.document.slice(span);
        if raw.starts_with("<br") {
            self.text(" ", span);
        } else if raw.starts_with("<!--") {
            self.comment(span);
        }
    }

    fn comment(&mut self, span: Span) {
        let raw = self.document.slice(span);
        let text = raw.trim_start_matches("<!--").trim_end_matches("-->").trim().to_owned();
        self.document.comments.push(Comment { span, text });
    }

    /// Keeps the words of an HTML block and its comments.
    fn strip_html(&mut self, span: Span) {
        let raw: &'a str = self.document.slice(span);
        let mut at = 0;
        while at < raw.len() {
            let rest = &raw[at..];
            let next = if rest.starts_with("<!--") {
                let end = rest.find("-->").map_or(raw.len(), |end| at + end + 3);
                self.comment(Span::new(span.start + at, span.start + end));
                end
            } else if rest.starts_with('<') {
                rest.find('>').map_or(raw.len(), |end| at + end + 1)
            } else {
                let end = rest.find('<').map_or(raw.len(), |end| at + end);
                self.text(&raw[at..end], Span::new(span.start + at, span.start + end));
                end
            };
            at = next;
        }
    }
}

/// True for "We will do:", and for "Action items" on a line of its own that is no heading.
fn plain_introduces(text: &str) -> bool {
    let label = text.len() <= 40 && text.ends_with(char::is_alphabetic) && !text.contains('\n');
    text.ends_with(':') || (label && !Kinds::of_heading(text).is_none())
}

/// What stands before the colon of "Impact: nobody could log in", or the whole of a short item that ends in one.
/// A label holds no digits, so that times are none.
fn label_of(text: &str) -> &str {
    let first = text.lines().next().unwrap_or_default();
    let label = first.split_once(':').map_or("", |(label, _)| label);
    let label = if label.is_empty() && first.len() <= 40 { first } else { label };
    let few_words = label.split_whitespace().count() <= 5;
    if few_words && !label.contains(|c: char| c.is_ascii_digit()) { label } else { "" }
}

fn level_number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

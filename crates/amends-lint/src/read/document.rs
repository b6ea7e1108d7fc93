//! A Markdown text as blocks and sections, each with its place in the source.
//!
//! This is the ground that facts and rules stand on: no rule needs to look at Markdown syntax again. Code blocks
//! that hold Markdown (a report quoted inside an article) are read as well and marked `embedded`.

use super::clock::Mention;
use super::front::{self, FrontMatter};
use super::section::Kinds;
use super::span::{LineIndex, Span};
use super::text::Text;

mod build;

/// A text that was taken apart.
#[derive(Debug)]
pub struct Document<'a> {
    /// The whole text, front matter included.
    pub source: &'a str,
    /// The name of the file, if it has one; a date in it counts.
    pub path: Option<&'a str>,
    /// Lines of `source`.
    pub lines: LineIndex,
    /// Front matter, if there is any.
    pub front: Option<FrontMatter>,
    /// Sections in the order of the text. The first one holds what stands before any heading.
    pub sections: Vec<Section>,
    /// Blocks in the order of the text.
    pub blocks: Vec<Block>,
    /// HTML comments in the order of the text (waivers are written in them).
    pub comments: Vec<Comment>,
}

/// A heading and what stands under it, up to the next heading.
#[derive(Debug)]
pub struct Section {
    /// 0 before the first heading, 1 to 6 for headings, 7 for a line in bold that serves as one.
    pub level: u8,
    /// The block that is the heading.
    pub heading: Option<usize>,
    /// The words of the heading.
    pub title: String,
    /// What the heading itself says that the section is about.
    pub own: Kinds,
    /// What the section is about: its own kinds, or else those of the section that it is in.
    pub kinds: Kinds,
    /// The section that it is in.
    pub parent: Option<usize>,
    /// True inside a code block that holds Markdown.
    pub embedded: bool,
}

/// A piece of text that stands by itself.
#[derive(Debug)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Its words.
    pub text: Text,
    /// The times and dates in its words.
    pub mentions: Vec<Mention>,
    /// Where it stands.
    pub span: Span,
    /// The index of its section.
    pub section: usize,
    /// What it is about: from the list item or introduction that it belongs to, or else from its section.
    pub kinds: Kinds,
    /// Its place in a list.
    pub item: Option<ItemPlace>,
    /// True inside a block quote.
    pub quoted: bool,
    /// True inside a code block that holds Markdown.
    pub embedded: bool,
}

/// What a block is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// A heading with its level (7: a line in bold that serves as one).
    Heading(u8),
    /// A paragraph, also one that belongs to a list item, and the text of an HTML block.
    Paragraph,
    /// The first text of a list item.
    Item,
    /// A row of a table.
    Row {
        /// Counts the tables of the document from 0.
        table: usize,
        /// True for the row of column names.
        header: bool,
        /// The cells as byte ranges in the block's plain text.
        cells: Vec<(usize, usize)>,
    },
    /// A code block with its language.
    Code(String),
}

/// Where a block stands in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemPlace {
    /// Counts the lists of the document from 0.
    pub list: usize,
    /// 0 for the outermost list.
    pub depth: usize,
    /// The block of the list item that this list item is nested in. For a further paragraph of an item: the
    /// item's own block.
    pub parent: Option<usize>,
    /// The paragraph that introduces the list, as "we will do the following:".
    pub intro: Option<usize>,
    /// The state of its check box, if it has one.
    pub checked: Option<bool>,
}

/// An HTML comment.
#[derive(Clone, Debug)]
pub struct Comment {
    /// With its delimiters.
    pub span: Span,
    /// Without its delimiters, trimmed.
    pub text: String,
}

impl<'a> Document<'a> {
    /// Takes `source` apart. Never fails: everything is some document.
    pub fn parse(source: &'a str, path: Option<&'a str>) -> Document<'a> {
        let (front, start) = front::read(source);
        let mut document = Document {
            source,
            path,
            lines: LineIndex::new(source),
            front,
            sections: vec![Section {
                level: 0,
                heading: None,
                title: String::new(),
                own: Kinds::NONE,
                kinds: Kinds::NONE,
                parent: None,
                embedded: false,
            }],
            blocks: Vec::new(),
            comments: Vec::new(),
        };
        build::build(&mut document, start);
        document
    }

    /// The line, from 1, of a byte offset.
    pub fn line(&self, offset: usize) -> usize {
        self.lines.line(offset)
    }

    /// The source text of a span.
    pub fn slice(&self, span: Span) -> &'a str {
        self.source.get(span.start..span.end).unwrap_or_default()
    }
}

impl Block {
    /// The cells of a table row; nothing for other blocks.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        let cells: &[(usize, usize)] = match &self.kind {
            BlockKind::Row { cells, .. } => cells,
            _ => &[],
        };
        cells.iter().map(|(start, end)| self.text.as_str().get(*start..*end).unwrap_or_default().trim())
    }

    /// True for text that people wrote as prose, a list or a table (not code, not a heading).
    pub fn is_prose(&self) -> bool {
        matches!(self.kind, BlockKind::Paragraph | BlockKind::Item | BlockKind::Row { .. })
    }
}

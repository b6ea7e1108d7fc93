//! Causes: the sentences of the sections that are about causes, and sentences elsewhere that name one. And why trees.

use super::document::{BlockKind, Document};
use super::facts::{Said, Why};
use super::section::Kinds;
use super::timeline::sentence_end;

/// Longest answer or question of a why tree that is kept, in bytes.
const WHY_LIMIT: usize = 2_000;

const PHRASES: [&str; 16] = [
    "root cause",
    "caused by",
    "the cause of",
    "was because",
    "because of",
    "due to",
    "triggered by",
    "contributing factor",
    "resulted from",
    "as a result of",
    "attributed to",
    "stemmed from",
    "led to",
    "which caused",
    "this caused",
    "the reason",
];

/// The sentences that name a cause.
pub(super) fn causes(document: &Document<'_>) -> Vec<Said<String>> {
    let mut causes = Vec::new();
    for block in document.blocks.iter().filter(|block| block.is_prose() && !block.quoted) {
        if block.kinds.has(Kinds::APPENDIX | Kinds::PEOPLE | Kinds::ACTIONS) || header(&block.kind) {
            continue;
        }
        let inside = block.kinds.has(Kinds::CAUSE);
        let text = block.text.as_str();
        let mut start = 0;
        while start < text.len() {
            let end = sentence_end(text, start);
            let sentence = text.get(start..end).unwrap_or_default();
            let named = inside || {
                let lower = sentence.to_ascii_lowercase();
                PHRASES.iter().any(|phrase| lower.contains(phrase))
            };
            if named && sentence.chars().any(char::is_alphabetic) {
                let lead = sentence.len() - sentence.trim_start().len();
                let span = block.text.span(start + lead, start + sentence.trim_end().len().max(lead));
                causes.push(Said {
                    value: sentence.trim().replace('\n', " "),
                    line: document.line(span.start),
                    span,
                });
            }
            start = end;
        }
    }
    causes
}

fn header(kind: &BlockKind) -> bool {
    matches!(kind, BlockKind::Row { header: true, .. })
}

/// The why trees: lists in which items ask "why", with their answers nested under them or beside them.
pub(super) fn whys(document: &Document<'_>) -> Vec<Why> {
    let asks = |text: &str| {
        let text = text.trim_start_matches(['"', '“', '_', '*', ' ']);
        text.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("why")) && text.contains('?')
    };
    // Which outermost lists ask at least twice, or once with something nested below.
    let mut questions: Vec<u32> = Vec::new();
    let mut nested: Vec<bool> = Vec::new();
    let mut root_of_block: Vec<Option<usize>> = vec![None; document.blocks.len()];
    for (index, block) in document.blocks.iter().enumerate() {
        let Some(item) = block.item.filter(|_| block.kind == BlockKind::Item) else { continue };
        let root = match item.parent {
            Some(parent) => root_of_block.get(parent).copied().flatten().unwrap_or(item.list),
            None => item.list,
        };
        root_of_block[index] = Some(root);
        if questions.len() <= root {
            questions.resize(root + 1, 0);
            nested.resize(root + 1, false);
        }
        if asks(block.text.as_str()) {
            questions[root] += 1;
        } else if item
            .parent
            .is_some_and(|parent| document.blocks.get(parent).is_some_and(|up| asks(up.text.as_str())))
        {
            nested[root] = true;
        }
    }
    let mut node_of_block: Vec<Option<usize>> = vec![None; document.blocks.len()];
    let mut whys: Vec<Why> = Vec::new();
    for (index, block) in document.blocks.iter().enumerate() {
        let (Some(item), Some(root)) = (block.item, root_of_block[index]) else { continue };
        let text = block.text.as_str();
        let question = asks(text);
        let count = questions.get(root).copied().unwrap_or(0);
        let tree = count >= 2 || (count == 1 && nested.get(root).copied().unwrap_or(false));
        let parent = item.parent.and_then(|parent| node_of_block.get(parent).copied().flatten());
        if !tree || (!question && parent.is_none()) {
            continue;
        }
        let mut end = text.len().min(WHY_LIMIT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let span = block.text.whole();
        node_of_block[index] = Some(whys.len());
        let depth = parent.and_then(|parent: usize| whys.get(parent)).map_or(0, |up| up.depth + 1);
        whys.push(Why {
            text: text[..end].trim().replace('\n', " "),
            line: document.line(span.start),
            span,
            parent,
            depth,
            question,
        });
    }
    whys
}

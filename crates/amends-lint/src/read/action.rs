//! What was promised: items and rows of the sections about actions, with owner, due date and ticket.

use super::clock::{self, WrittenDate};
use super::document::{Block, BlockKind, Document};
use super::facts::Action;
use super::section::Kinds;
use super::strength::{self, Strength};
use super::timeline::Context;

/// Longest action that is kept, in bytes.
const LIMIT: usize = 4_000;

/// Reads the actions in the order of the text.
pub(super) fn read(document: &Document<'_>, context: &Context) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut columns: (usize, Vec<Column>) = (usize::MAX, Vec::new());
    let has_children = children(document);
    let listed = sections_with_lists(document);
    let tabled = sections_with_tables(document);
    for (index, block) in document.blocks.iter().enumerate() {
        // "Follow-up timeline" tells what happened, not what is promised.
        if !block.kinds.has(Kinds::ACTIONS) || block.kinds.has(Kinds::TIMELINE) || block.quoted {
            continue;
        }
        // Beside a table of actions a list explains its columns.
        let beside = tabled.get(block.section).copied().unwrap_or(false);
        if (beside && !matches!(block.kind, BlockKind::Row { .. })) || advises_others(block.text.as_str()) {
            continue;
        }
        match &block.kind {
            BlockKind::Row { table, header: true, .. } => {
                columns = (*table, block.cells().map(Column::of).collect());
            }
            BlockKind::Row { table, .. } => {
                let columns = if columns.0 == *table { columns.1.as_slice() } else { &[] };
                actions.extend(from_row(document, context, block, columns));
            }
            BlockKind::Item => {
                // "In future:" above a nested list is no promise by itself.
                let label = has_children[index] && block.text.as_str().trim_end().ends_with([':', '：']);
                let inside =
                    block.item.and_then(|item| item.parent).and_then(|parent| document.blocks.get(parent));
                let detail = inside.is_some_and(|parent| {
                    parent.kinds.has(Kinds::ACTIONS)
                        && !parent.text.as_str().trim_end().ends_with([':', '：'])
                });
                // What is nested in an action explains it, unless it says itself what to do.
                let detail = detail && !strength::begins_with_verb(block.text.as_str());
                if !label && !detail && !is_heading_like(block) {
                    actions.push(from_text(document, context, block));
                }
            }
            BlockKind::Paragraph
                if block.item.is_none()
                    && !listed.get(block.section).copied().unwrap_or(true)
                    && !block.text.as_str().trim_end().ends_with(':') =>
            {
                actions.push(from_text(document, context, block));
            }
            _ => {}
        }
    }
    actions.retain(|action: &Action| action.text.chars().filter(|c| c.is_alphabetic()).count() >= 3);
    for action in &mut actions {
        action.done |= taken(document, action);
        let judged = strength::judge(&action.text, action.tracker.is_some());
        (action.strength, action.verifiable) = (judged.strength, judged.verifiable);
    }
    actions
}

/// "Package maintainers should use a second factor": advice to readers, not a promise.
fn advises_others(text: &str) -> bool {
    const LEAD: usize = 60;
    let head = clip(text, LEAD).to_lowercase();
    let Some(at) = head.find(" should ") else { return false };
    let whom = ["users", "customers", "maintainers", "consumers", "subscribers", "you", "everyone", "people"];
    head[..at].split_whitespace().last().is_some_and(|last| whom.contains(&last))
}

/// True under a heading such as "Actions taken".
fn taken(document: &Document<'_>, action: &Action) -> bool {
    let after = document.blocks.partition_point(|block| block.span.start <= action.span.start);
    let block = after.checked_sub(1).and_then(|at| document.blocks.get(at));
    let title = block
        .and_then(|block| document.sections.get(block.section))
        .map(|section| section.title.to_lowercase());
    title.is_some_and(|title| ["taken", "already done", "completed"].iter().any(|word| title.contains(word)))
}

/// For each section whether it holds a table with a column of actions.
fn sections_with_tables(document: &Document<'_>) -> Vec<bool> {
    let mut tabled = vec![false; document.sections.len()];
    for block in &document.blocks {
        if let (BlockKind::Row { header: true, .. }, Some(slot)) =
            (&block.kind, tabled.get_mut(block.section))
        {
            *slot |= block.cells().map(Column::of).any(|column| column == Column::Text);
        }
    }
    tabled
}

/// An item that only names what is nested in it: "**Review actions**:".
fn is_heading_like(block: &Block) -> bool {
    let text = block.text.as_str().trim();
    text.len() <= 60 && text.ends_with(':')
}

fn children(document: &Document<'_>) -> Vec<bool> {
    let mut has = vec![false; document.blocks.len()];
    for block in document.blocks.iter().filter(|block| block.kind == BlockKind::Item) {
        if let Some(slot) = block.item.and_then(|item| item.parent).and_then(|parent| has.get_mut(parent)) {
            *slot = true;
        }
    }
    has
}

/// For each section whether it holds a list or a table; there, paragraphs are only introductions.
fn sections_with_lists(document: &Document<'_>) -> Vec<bool> {
    let mut listed = vec![false; document.sections.len()];
    for block in &document.blocks {
        if matches!(block.kind, BlockKind::Item | BlockKind::Row { .. })
            && let Some(slot) = listed.get_mut(block.section)
        {
            *slot = true;
        }
    }
    listed
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Text,
    Owner,
    Due,
    State,
    Tracker,
    Other,
}

impl Column {
    fn of(name: &str) -> Column {
        let name = name.to_lowercase();
        let any = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if any(&["owner", "assignee", "assigned", "dri", "who", "responsible", "lead"]) {
            Column::Owner
        } else if any(&["due", "deadline", "eta", "when", "target date", "until"]) {
            Column::Due
        } else if any(&["status", "state", "done"]) {
            Column::State
        } else if any(&["ticket", "issue", "bug", "tracker", "link", "jira", "pr"])
            && !any(&["priority", "prevent"])
        {
            Column::Tracker
        } else if any(&[
            "action",
            "task",
            "item",
            "what",
            "description",
            "measure",
            "todo",
            "remed",
            "improvement",
        ]) {
            Column::Text
        } else {
            Column::Other
        }
    }
}

fn from_row(document: &Document<'_>, context: &Context, block: &Block, columns: &[Column]) -> Option<Action> {
    let cells: Vec<&str> = block.cells().collect();
    let cell = |column: Column| {
        let at = columns.iter().position(|other| *other == column)?;
        cells.get(at).map(|cell| cell.trim()).filter(|cell| !cell.is_empty() && !is_blank_mark(cell))
    };
    let text = cell(Column::Text).or_else(|| {
        (!columns.contains(&Column::Text))
            .then(|| cells.iter().copied().max_by_key(|cell| cell.len()))
            .flatten()
    })?;
    let span = block.text.whole();
    let mut action = Action {
        text: clipped(text),
        line: document.line(span.start),
        span,
        owner: cell(Column::Owner).map(str::to_owned),
        due: cell(Column::Due).map(str::to_owned),
        due_date: None,
        tracker: cell(Column::Tracker)
            .map(str::to_owned)
            .or_else(|| tracker(text))
            .or_else(|| link(document.slice(block.span))),
        done: cell(Column::State).is_some_and(says_done),
        strength: Strength::Administrative,
        verifiable: false,
    };
    action.due_date = action.due.as_deref().and_then(|due| date_in(context, due));
    Some(action)
}

fn is_blank_mark(cell: &str) -> bool {
    matches!(cell.to_lowercase().as_str(), "-" | "–" | "n/a" | "none" | "tbd" | "?")
}

fn says_done(text: &str) -> bool {
    let text = text.to_lowercase();
    ["done", "complete", "closed", "fixed", "shipped", "✅", "✔", "yes"]
        .iter()
        .any(|word| text.starts_with(word))
}

fn from_text(document: &Document<'_>, context: &Context, block: &Block) -> Action {
    let text = block.text.as_str().trim();
    let span = block.text.whole();
    let lower = text.to_ascii_lowercase();
    let checked = block.item.and_then(|item| item.checked) == Some(true);
    let done = checked || ["(done", "[done", "**done", "done:", "✅"].iter().any(|mark| lower.contains(mark));
    let closing = closing(context, text);
    let due = labelled(text, &lower, &["due:", "due by", "due", "deadline:", "eta:", "until", "by"])
        .filter(|value| date_in(context, value).is_some())
        .or_else(|| closing.due.map(str::to_owned));
    Action {
        text: clipped(text),
        line: document.line(span.start),
        span,
        owner: labelled(text, &lower, &["owner:", "assignee:", "assigned to", "responsible:", "dri:"])
            .map(|owner| person(context, &owner).to_owned())
            .or_else(|| handle(text))
            .or_else(|| closing.owner.map(str::to_owned)),
        due_date: due.as_deref().and_then(|due| date_in(context, due)),
        due,
        tracker: tracker(text).or_else(|| link(document.slice(block.span))),
        done: done || strength::says_done(text),
        strength: Strength::Administrative,
        verifiable: false,
    }
}

/// Who and until when, where they close an action without labels: "(Jonas, 30 May)", "— Carla — 2025-09-05", "Hanna, by
/// 12 December".
#[derive(Clone, Copy, Debug, Default)]
struct Closing<'t> {
    owner: Option<&'t str>,
    due: Option<&'t str>,
}

/// Most parts that close an action.
const PARTS: usize = 4;

fn closing<'t>(context: &Context, text: &'t str) -> Closing<'t> {
    let line = text.trim_end_matches(['.', ' ']);
    let inside = line.strip_suffix(')').and_then(|line| line.rsplit_once('(')).map(|(_, inside)| inside);
    let parts: Vec<&str> = match inside {
        Some(inside) => inside.split([',', ';']).collect(),
        None => {
            let dash = [" — ", " – ", " - "].into_iter().find(|dash| line.contains(dash));
            let dashed: Vec<&str> = dash.map(|dash| line.split(dash).skip(1).collect()).unwrap_or_default();
            if dashed.is_empty() {
                let last =
                    line.rsplit(". ").next().filter(|last| last.len() < line.len()).unwrap_or_default();
                last.split(',').collect()
            } else {
                dashed
            }
        }
    };
    if parts.is_empty() || parts.len() > PARTS {
        return Closing::default();
    }
    let parts =
        parts.into_iter().map(|part| part.trim().trim_start_matches("by ").trim_start_matches("due "));
    let mut closing = Closing::default();
    for part in parts {
        if date_in(context, part).is_some() && part.len() <= 24 {
            closing.due = closing.due.or(Some(part));
        } else if is_name(part) {
            closing.owner = closing.owner.or(Some(part));
        }
    }
    // A name alone may be anything; with a date it is the owner.
    if closing.due.is_some() { closing } else { Closing::default() }
}

/// One to three words with a capital each, and nothing else: "Ada", "Ada Lovelace", "D. Okafor".
fn is_name(part: &str) -> bool {
    let words = part.split_whitespace();
    let named = |word: &str| {
        word.starts_with(char::is_uppercase)
            && word.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | '-' | '\'' | '’'))
            && !word.chars().skip(1).all(char::is_uppercase)
    };
    (1..=3).contains(&words.clone().count()) && words.clone().all(named)
}

/// The name before ", due 2024-10-20" or ". Due 3 July".
fn person<'t>(context: &Context, owner: &'t str) -> &'t str {
    let end = owner
        .match_indices([',', '.', '—', '–'])
        .find(|(at, mark)| {
            let rest = owner[at + mark.len()..].trim_start();
            let lower = rest.to_lowercase();
            ["due", "by ", "until", "deadline", "eta"].iter().any(|word| lower.starts_with(word))
                || date_in(context, clip(rest, 24)).is_some()
        })
        .map_or(owner.len(), |(at, _)| at);
    owner[..end].trim()
}

fn clipped(text: &str) -> String {
    clip(text, LIMIT).trim().to_owned()
}

/// The first bytes of a text, up to the end of a character.
fn clip(text: &str, length: usize) -> &str {
    let mut end = text.len().min(length);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// What follows one of the labels up to the next mark. Labels must begin a word.
fn labelled(text: &str, lower: &str, labels: &[&str]) -> Option<String> {
    labels.iter().find_map(|label| {
        let at = lower.match_indices(label).map(|(at, _)| at).find(|at| {
            let before = lower[..*at].chars().next_back();
            let after = lower[at + label.len()..].chars().next();
            let inside_word = before.is_some_and(char::is_alphanumeric)
                || (label.ends_with(char::is_alphabetic) && after.is_some_and(char::is_alphabetic));
            !inside_word
        })?;
        let rest = text.get(at + label.len()..)?.trim_start_matches([' ', ':']);
        let end = rest.find([';', ')', ']', '\n', '|']).unwrap_or(rest.len()).min(80);
        let mut end = end;
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let value = rest[..end].trim().trim_end_matches(['.', ',']);
        (!value.is_empty()).then(|| value.to_owned())
    })
}

/// `@ada` at the start or the end, or in brackets.
fn handle(text: &str) -> Option<String> {
    let at = text.find('@')?;
    let before = text[..at].chars().next_back();
    if before.is_some_and(|c| c.is_alphanumeric()) {
        return None;
    }
    let name: String =
        text[at + 1..].chars().take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.')).collect();
    let edge = at <= 2 || at + 1 + name.len() + 2 >= text.len() || matches!(before, Some('(' | '['));
    (edge && !name.is_empty()).then(|| format!("@{}", name.trim_end_matches('.')))
}

fn tracker(text: &str) -> Option<String> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | '<' | '>' | ',' | ';'))
        .map(|word| word.trim_end_matches(['.', ':']))
        .find(|word| {
            let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            word.starts_with("https://")
                || word.starts_with("http://")
                || word.strip_prefix('#').is_some_and(number)
                || word.split_once('-').is_some_and(|(key, digits)| {
                    (2..=10).contains(&key.len())
                        && key.bytes().all(|byte| byte.is_ascii_uppercase())
                        && number(digits)
                })
        })
        .map(str::to_owned)
}

/// The target of the first link in the source of an action: `[issue](https://…)`, `[issue][412]`.
fn link(source: &str) -> Option<String> {
    let (at, open) =
        [("](http", 2), ("][", 2)].iter().find_map(|(mark, open)| Some((source.find(mark)?, *open)))?;
    let target: String = source[at + open..]
        .chars()
        .take_while(|c| !c.is_whitespace() && !matches!(c, ')' | ']'))
        .take(400)
        .collect();
    (!target.is_empty()).then_some(target)
}

fn date_in(context: &Context, text: &str) -> Option<jiff::civil::Date> {
    let mention = clock::mentions(text).into_iter().next()?;
    match mention.date? {
        WrittenDate::Weekday(_) => None,
        date => context.resolve(date, None),
    }
}

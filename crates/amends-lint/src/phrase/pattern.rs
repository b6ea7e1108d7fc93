//! Patterns over the words of a sentence, and the data files that they are written in.
//!
//! A file holds lists and groups of patterns, one pattern on a line:
//!
//! ```text
//! # a comment
//! @people: engineer engineers operator
//!   developer                       a list goes on where a line is indented
//! [failure]                         a group: what its patterns mean
//! @people also|simply? failed to
//! ```
//!
//! A pattern is a row of elements. `a|b|@list` stands for one of several words, `verb~` for a regular verb in all
//! its forms, `%handle`, `%name`, `%number`, `%word` and `%mark` for anything of that sort. With `?` behind it an element may
//! be absent. `..3` are up to three words, `...3` up to three words or marks. `!a|b`: the next word is none of these;
//! `<!a|b`: the word before is none of these. `^` and `$` are the ends of the sentence.

use std::collections::HashMap;

use super::token::{Token, class};

/// One of several words or sorts of word.
#[derive(Clone, Debug, Default)]
pub(super) struct Set {
    pub ids: Vec<u32>,
    pub classes: u8,
}

impl Set {
    fn holds(&self, token: &Token) -> bool {
        token.class & self.classes != 0 || (token.id != 0 && self.ids.binary_search(&token.id).is_ok())
    }
}

#[derive(Clone, Debug)]
enum Element {
    One { set: Set, optional: bool },
    Gap { most: usize, marks: bool },
    NotNext(Set),
    NotBefore(Set),
    Start,
    End,
}

/// What is looked for.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub group: usize,
    elements: Vec<Element>,
}

impl Pattern {
    /// The words with which it can begin.
    pub fn first(&self) -> Option<&Set> {
        self.elements.iter().find_map(|element| match element {
            Element::One { set, optional: false } => Some(set),
            _ => None,
        })
    }

    /// Where it ends, if it begins at token `at`.
    pub fn ends(&self, tokens: &[Token], at: usize) -> Option<usize> {
        matches(&self.elements, tokens, at)
    }
}

fn matches(elements: &[Element], tokens: &[Token], at: usize) -> Option<usize> {
    let Some((first, rest)) = elements.split_first() else { return Some(at) };
    match first {
        Element::One { set, optional } => {
            if tokens.get(at).is_some_and(|token| set.holds(token))
                && let Some(end) = matches(rest, tokens, at + 1)
            {
                return Some(end);
            }
            if *optional { matches(rest, tokens, at) } else { None }
        }
        Element::Gap { most, marks } => {
            for skip in 0..=*most {
                if let Some(end) = matches(rest, tokens, at + skip) {
                    return Some(end);
                }
                let passed = tokens.get(at + skip)?;
                if passed.class & class::MARK != 0 && !marks {
                    return None;
                }
            }
            None
        }
        Element::NotNext(set) => {
            let next = tokens.get(at).is_some_and(|token| set.holds(token));
            if next { None } else { matches(rest, tokens, at) }
        }
        Element::NotBefore(set) => {
            let before =
                at.checked_sub(1).and_then(|at| tokens.get(at)).is_some_and(|token| set.holds(token));
            if before { None } else { matches(rest, tokens, at) }
        }
        Element::Start => {
            if begins(tokens, at) {
                matches(rest, tokens, at)
            } else {
                None
            }
        }
        Element::End => {
            let over =
                tokens.get(at..).unwrap_or_default().iter().all(|token| token.class & class::MARK != 0);
            if over { matches(rest, tokens, at) } else { None }
        }
    }
}

/// True if only marks, check boxes and the like stand before.
fn begins(tokens: &[Token], at: usize) -> bool {
    tokens.get(..at).unwrap_or_default().iter().all(|token| token.class & class::MARK != 0)
}

/// What the data files say, before words have numbers.
#[derive(Default)]
pub(super) struct Reader {
    pub vocabulary: HashMap<String, u32, crate::words::Quick>,
    pub groups: Vec<&'static str>,
    pub patterns: Vec<Pattern>,
    pub errors: Vec<String>,
    lists: HashMap<&'static str, Set>,
}

impl Reader {
    /// Reads one file. What is wrong in it is kept in `errors`, which a test wants empty.
    pub fn read(&mut self, file: &'static str) {
        let mut list: Option<&'static str> = None;
        let mut group: Option<usize> = None;
        for line in file.lines() {
            let line = line.split_once(" #").map_or(line, |(before, _)| before);
            let text = line.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let indented = line.starts_with([' ', '\t']);
            if let Some(name) = list
                && indented
            {
                self.extend(name, text);
            } else if let Some((name, words)) = text.strip_prefix('@').and_then(|rest| rest.split_once(':')) {
                list = Some(name);
                self.extend(name, words);
            } else if let Some(name) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                list = None;
                group = Some(self.group(name));
            } else if let Some(group) = group {
                list = None;
                let elements: Option<Vec<Element>> =
                    text.split_whitespace().map(|part| self.element(part)).collect();
                let pattern = elements.map(|elements| Pattern { group, elements });
                match pattern.filter(|pattern| pattern.first().is_some()) {
                    Some(pattern) => self.patterns.push(pattern),
                    None => self.errors.push(format!("not understood, or begins with no word: {text}")),
                }
            } else {
                self.errors.push(format!("outside of any group: {text}"));
            }
        }
    }

    fn group(&mut self, name: &'static str) -> usize {
        self.groups.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.groups.push(name);
            self.groups.len() - 1
        })
    }

    fn extend(&mut self, name: &'static str, words: &'static str) {
        for word in words.split_whitespace() {
            match self.set(word) {
                Some(set) => join(self.lists.entry(name).or_default(), set),
                None => self.errors.push(format!("@{name}: unknown {word}")),
            }
        }
    }

    fn element(&mut self, part: &'static str) -> Option<Element> {
        match part {
            "^" => return Some(Element::Start),
            "$" => return Some(Element::End),
            _ => {}
        }
        if let Some(most) = part.strip_prefix("...") {
            return Some(Element::Gap { most: most.parse().ok()?, marks: true });
        }
        if let Some(most) = part.strip_prefix("..") {
            return Some(Element::Gap { most: most.parse().ok()?, marks: false });
        }
        if let Some(set) = part.strip_prefix("<!") {
            return Some(Element::NotBefore(self.set(set)?));
        }
        if let Some(set) = part.strip_prefix('!').filter(|set| !set.is_empty()) {
            return Some(Element::NotNext(self.set(set)?));
        }
        let (words, optional) = part.strip_suffix('?').map_or((part, false), |words| (words, true));
        Some(Element::One { set: self.set(words)?, optional })
    }

    fn set(&mut self, words: &'static str) -> Option<Set> {
        let mut all = Set::default();
        for word in words.split('|').filter(|word| !word.is_empty()) {
            if let Some(list) = word.strip_prefix('@') {
                join(&mut all, self.lists.get(list)?.clone());
            } else if let Some(sort) = word.strip_prefix('%') {
                all.classes |= match sort {
                    "handle" => class::HANDLE,
                    "name" => class::NAME,
                    "number" => class::NUMBER,
                    "mark" => class::MARK,
                    "word" => class::WORD | class::NUMBER | class::HANDLE,
                    _ => return None,
                };
            } else if let Some(verb) = word.strip_suffix('~') {
                for form in forms(verb) {
                    let id = self.word(form);
                    join(&mut all, Set { ids: vec![id], classes: 0 });
                }
            } else {
                let id = self.word(word.to_owned());
                join(&mut all, Set { ids: vec![id], classes: 0 });
            }
        }
        (!all.ids.is_empty() || all.classes != 0).then_some(all)
    }

    fn word(&mut self, word: String) -> u32 {
        let next = u32::try_from(self.vocabulary.len() + 1).unwrap_or(u32::MAX);
        *self.vocabulary.entry(word).or_insert(next)
    }
}

fn join(all: &mut Set, more: Set) {
    all.classes |= more.classes;
    all.ids.extend(more.ids);
    all.ids.sort_unstable();
    all.ids.dedup();
}

/// A regular verb in all its forms: notice, notices, noticed, noticing.
fn forms(verb: &str) -> Vec<String> {
    let mut forms = vec![verb.to_owned()];
    if let Some(stem) = verb.strip_suffix('e') {
        forms.extend([format!("{verb}s"), format!("{verb}d"), format!("{stem}ing")]);
        return forms;
    }
    if let Some(stem) = verb.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u'])) {
        forms.extend([format!("{stem}ies"), format!("{stem}ied"), format!("{verb}ing")]);
        return forms;
    }
    let hissing = ["s", "x", "z", "ch", "sh"].iter().any(|end| verb.ends_with(end));
    forms.push(if hissing { format!("{verb}es") } else { format!("{verb}s") });
    forms.extend([format!("{verb}ed"), format!("{verb}ing")]);
    // stop, stopped, stopping
    if let Some(last) = verb.chars().last().filter(|c| c.is_ascii_lowercase() && !"aeiouwxy".contains(*c)) {
        forms.extend([format!("{verb}{last}ed"), format!("{verb}{last}ing")]);
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::forms;

    #[test]
    fn verbs_have_forms() {
        let all = |verb: &str| forms(verb).join(" ");
        assert_eq!(all("notice"), "notice notices noticed noticing");
        assert_eq!(all("verify"), "verify verifies verified verifying");
        assert_eq!(all("deploy"), "deploy deploys deployed deploying");
        assert_eq!(all("stop"), "stop stops stoped stoping stopped stopping");
        assert_eq!(all("push"), "push pushes pushed pushing pushhed pushhing");
    }
}

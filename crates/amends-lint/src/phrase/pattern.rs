//! Patterns over the words of a sentence, and the data files that they are written in.
//!
//! A file holds patterns, one on a line; most hold nothing else. There may be lists of words for use in patterns, and
//! groups with a name of their own:
//!
//! ```text
//! # a comment
//! a number of
//! @people: engineer engineers operator
//!   developer                       a list goes on where a line is indented
//! [failure]                         a group: what the patterns below mean
//! @people also|simply? failed to
//! ```
//!
//! A pattern is a row of elements. `a|b|@list` stands for one of several words, `verb~` for a regular verb in all
//! its forms, `stem*` for any word that begins so, `%handle`, `%name`, `%number`, `%word` and `%mark` for anything of that
//! sort. With `?` behind it an element may be absent. `..3` are up to three words, `...3` up to three words or marks.
//! `!a|b`: the next word is none of these; `<!a|b`: the word before is none of these. `^` and `$` are the ends of the
//! sentence.

use std::collections::HashMap;

use super::Scope;
use super::lexicon::Quick;
use super::token::{Token, class};

/// One of several words or sorts of word, as a file is read.
#[derive(Clone, Debug, Default)]
struct Set {
    ids: Vec<u32>,
    classes: u8,
    /// True if a stem is among the words.
    stem: bool,
}

/// The same, ready to be asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Test {
    words: Words,
    classes: u8,
}

#[derive(Clone, Copy, Debug)]
enum Words {
    None,
    One(u32),
    /// The number of a set of words.
    Set(u32),
}

impl Test {
    /// The sorts of word that it takes.
    pub fn classes(self) -> u8 {
        self.classes
    }

    fn holds(self, sets: &Sets, token: &Token) -> bool {
        token.class & self.classes != 0
            || match self.words {
                Words::None => false,
                Words::One(id) => token.id == id,
                Words::Set(set) => sets.hold(set, token.id),
            }
    }
}

/// Sets of words. Each word has a row of bits, one for each set.
#[derive(Debug, Default)]
pub(super) struct Sets {
    members: Vec<Vec<u32>>,
    known: HashMap<Vec<u32>, u32>,
    bits: Vec<u64>,
    row: usize,
}

impl Sets {
    fn test(&mut self, set: Set) -> Test {
        let words = match set.ids.as_slice() {
            [] => Words::None,
            [one] if !set.stem => Words::One(*one),
            _ => {
                let next = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
                let number = *self.known.entry(set.ids.clone()).or_insert(next);
                if number == next {
                    self.members.push(set.ids);
                }
                Words::Set(number)
            }
        };
        Test { words, classes: set.classes }
    }

    /// Adds the words that begin with the stems, once all of them are known, and readies the bits.
    pub fn close(&mut self, begin: &HashMap<u32, Vec<u32>>, words: usize) {
        self.known.clear();
        self.row = self.members.len().div_ceil(64);
        self.bits = vec![0; self.row * words];
        for (set, members) in self.members.iter_mut().enumerate() {
            let more: Vec<u32> = members.iter().filter_map(|id| begin.get(id)).flatten().copied().collect();
            members.extend(more);
            members.sort_unstable();
            members.dedup();
            for id in members {
                self.bits[*id as usize * self.row + set / 64] |= 1 << (set % 64);
            }
        }
    }

    fn hold(&self, set: u32, id: u32) -> bool {
        self.bits[id as usize * self.row + (set / 64) as usize] >> (set % 64) & 1 == 1
    }

    /// The words that a test takes.
    pub fn words(&self, test: Test) -> Vec<u32> {
        match test.words {
            Words::None => Vec::new(),
            Words::One(id) => vec![id],
            Words::Set(set) => self.members[set as usize].clone(),
        }
    }
}

#[derive(Clone, Debug)]
enum Element {
    One { test: Test, optional: bool },
    Gap { most: usize, marks: bool },
    NotNext(Test),
    NotBefore(Test),
    Start,
    End,
}

/// What is looked for.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub scope: Scope,
    pub group: u16,
    elements: Vec<Element>,
}

impl Pattern {
    /// The word that it is, if it is a single one.
    pub fn alone(&self) -> Option<Test> {
        match self.elements.as_slice() {
            [Element::One { test, optional: false }] => Some(*test),
            _ => None,
        }
    }

    /// The words with which it can begin.
    pub fn first(&self) -> Option<Test> {
        self.elements.iter().find_map(|element| match element {
            Element::One { test, optional: false } => Some(*test),
            _ => None,
        })
    }

    /// Where it ends, if it begins at token `at`.
    pub fn ends(&self, sets: &Sets, tokens: &[Token], at: usize) -> Option<usize> {
        matches(&self.elements, sets, tokens, at)
    }
}

fn matches(elements: &[Element], sets: &Sets, tokens: &[Token], at: usize) -> Option<usize> {
    let Some((first, rest)) = elements.split_first() else { return Some(at) };
    match first {
        Element::One { test, optional } => {
            if tokens.get(at).is_some_and(|token| test.holds(sets, token))
                && let Some(end) = matches(rest, sets, tokens, at + 1)
            {
                return Some(end);
            }
            if *optional { matches(rest, sets, tokens, at) } else { None }
        }
        Element::Gap { most, marks } => {
            for skip in 0..=*most {
                if let Some(end) = matches(rest, sets, tokens, at + skip) {
                    return Some(end);
                }
                let passed = tokens.get(at + skip)?;
                if passed.class & class::MARK != 0 && !marks {
                    return None;
                }
            }
            None
        }
        Element::NotNext(test) => {
            let next = tokens.get(at).is_some_and(|token| test.holds(sets, token));
            if next { None } else { matches(rest, sets, tokens, at) }
        }
        Element::NotBefore(test) => {
            let before =
                at.checked_sub(1).and_then(|at| tokens.get(at)).is_some_and(|token| test.holds(sets, token));
            if before { None } else { matches(rest, sets, tokens, at) }
        }
        Element::Start => {
            if begins(tokens, at) {
                matches(rest, sets, tokens, at)
            } else {
                None
            }
        }
        Element::End => {
            let over =
                tokens.get(at..).unwrap_or_default().iter().all(|token| token.class & class::MARK != 0);
            if over { matches(rest, sets, tokens, at) } else { None }
        }
    }
}

/// True if only marks, check boxes and the like stand before.
fn begins(tokens: &[Token], at: usize) -> bool {
    tokens.get(..at).unwrap_or_default().iter().all(|token| token.class & class::MARK != 0)
}

/// What the data files say, while they are read.
#[derive(Default)]
pub(super) struct Reader {
    pub vocabulary: HashMap<String, u32, Quick>,
    pub groups: Vec<&'static str>,
    pub patterns: Vec<Pattern>,
    pub sets: Sets,
    pub errors: Vec<String>,
    lists: HashMap<&'static str, Set>,
}

impl Reader {
    /// Each file is a group.
    pub fn new(files: Vec<&'static str>) -> Reader {
        Reader { groups: files, ..Reader::default() }
    }

    /// Reads one file. What is wrong in it is kept in `errors`, which a test wants empty.
    pub fn read(&mut self, scope: Scope, number: usize, file: &'static str) {
        let name = self.groups[number];
        let mut list: Option<&'static str> = None;
        let mut group = number;
        for line in file.lines() {
            let line = line.split_once(" #").map_or(line, |(before, _)| before);
            let text = line.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let indented = line.starts_with([' ', '\t']);
            if let Some(list) = list
                && indented
            {
                self.extend(list, text);
            } else if let Some((name, words)) = text.strip_prefix('@').and_then(|rest| rest.split_once(':')) {
                list = Some(name);
                self.lists.insert(name, Set::default());
                self.extend(name, words);
            } else if let Some(name) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                list = None;
                group = self.group(name);
            } else {
                list = None;
                let elements: Option<Vec<Element>> =
                    text.split_whitespace().map(|part| self.element(part)).collect();
                let group = u16::try_from(group).unwrap_or(u16::MAX);
                let pattern = elements.map(|elements| Pattern { scope, group, elements });
                match pattern.filter(|pattern| pattern.first().is_some()) {
                    Some(pattern) => self.patterns.push(pattern),
                    None => {
                        self.errors.push(format!("{name}: not understood, or begins with no word: {text}"))
                    }
                }
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
            return Some(Element::NotBefore(self.test(set)?));
        }
        if let Some(set) = part.strip_prefix('!').filter(|set| !set.is_empty()) {
            return Some(Element::NotNext(self.test(set)?));
        }
        let (words, optional) = part.strip_suffix('?').map_or((part, false), |words| (words, true));
        Some(Element::One { test: self.test(words)?, optional })
    }

    fn test(&mut self, words: &'static str) -> Option<Test> {
        let set = self.set(words)?;
        Some(self.sets.test(set))
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
                    all.ids.push(id);
                }
            } else {
                all.stem |= word.ends_with('*');
                let id = self.word(word.to_owned());
                all.ids.push(id);
            }
        }
        all.ids.sort_unstable();
        all.ids.dedup();
        (!all.ids.is_empty() || all.classes != 0).then_some(all)
    }

    fn word(&mut self, word: String) -> u32 {
        let next = u32::try_from(self.vocabulary.len() + 1).unwrap_or(u32::MAX);
        *self.vocabulary.entry(word).or_insert(next)
    }
}

fn join(all: &mut Set, more: Set) {
    all.classes |= more.classes;
    all.stem |= more.stem;
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

//! All patterns of all files, ready to be looked for.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::Scope;
use super::pattern::{Pattern, Reader, Sets};
use super::token::{CLASSES, Token};

/// The patterns of some files.
pub(crate) struct Lexicon {
    vocabulary: Vocabulary,
    /// The names of the groups. The first ones are the files themselves.
    pub groups: Vec<&'static str>,
    /// For a group `!x` the number of `x`.
    pub denies: Vec<Option<u16>>,
    patterns: Vec<Pattern>,
    sets: Sets,
    /// For each scope the patterns by how they begin.
    starts: [Starts; 3],
    /// For each word the files that hold it by itself, a bit for each.
    alone: Vec<u128>,
    #[cfg(test)]
    pub errors: Vec<String>,
}

/// Which patterns can begin with a word.
#[derive(Default)]
struct Starts {
    /// For each word a range of `patterns`.
    words: Vec<(u32, u32)>,
    patterns: Vec<u32>,
    /// For each class the patterns that can begin with it.
    classes: [Vec<u32>; CLASSES],
}

impl Lexicon {
    /// Reads word files; lists of one are known in those after it.
    pub fn of(files: &[(Scope, &'static str, &'static str)]) -> Lexicon {
        let mut reader = Reader::new(files.iter().map(|(_, name, _)| *name).collect());
        for (number, (scope, _, text)) in files.iter().enumerate() {
            reader.read(*scope, number, text);
        }
        let Reader { vocabulary, groups, patterns, mut sets, .. } = reader;
        let mut vocabulary = Vocabulary { words: vocabulary, ..Vocabulary::default() };
        let widened = vocabulary.widen();
        sets.close(&widened, vocabulary.words.len() + 1);
        let starts = [Scope::Prose, Scope::Action, Scope::Cue]
            .map(|scope| Starts::of(scope, &patterns, &sets, vocabulary.words.len() + 1));
        let mut alone = vec![0_u128; vocabulary.words.len() + 1];
        for pattern in patterns.iter().filter(|pattern| usize::from(pattern.group) < files.len()) {
            for id in pattern.alone().map(|test| sets.words(test)).unwrap_or_default() {
                alone[id as usize] |= 1 << pattern.group;
            }
        }
        let denies = groups
            .iter()
            .map(|group| {
                let denied = group.strip_prefix('!')?;
                u16::try_from(groups.iter().position(|known| *known == denied)?).ok()
            })
            .collect();
        Lexicon {
            vocabulary,
            groups,
            denies,
            patterns,
            sets,
            starts,
            alone,
            #[cfg(test)]
            errors: reader.errors,
        }
    }

    /// The number of a word in lower case; 0 if no pattern knows it.
    pub fn id(&self, word: &str) -> u32 {
        self.vocabulary.id(word)
    }

    /// The files that hold a word by itself, a bit for each.
    pub fn alone(&self, word: &str) -> u128 {
        self.alone[self.id(word) as usize]
    }

    /// The number of a mark of one byte.
    pub fn mark(&self, byte: u8) -> u32 {
        self.vocabulary.marks.get(usize::from(byte)).copied().unwrap_or(0)
    }

    /// Tells the group of each pattern that begins at a token, and the token behind it.
    pub fn matching(&self, scope: Scope, room: &[Token], at: usize, mut tell: impl FnMut(u16, usize)) {
        self.starts[scope as usize].each(&room[at], |index| {
            let pattern = &self.patterns[index as usize];
            if let Some(end) = pattern.ends(&self.sets, room, at).filter(|end| *end > at) {
                tell(pattern.group, end);
            }
            false
        });
    }

    /// True if a pattern of a group is somewhere.
    pub fn holds(&self, room: &[Token], group: u16) -> bool {
        (0..room.len()).any(|at| {
            self.starts[Scope::Prose as usize].each(&room[at], |index| {
                let pattern = &self.patterns[index as usize];
                pattern.group == group && pattern.ends(&self.sets, room, at).is_some_and(|end| end > at)
            })
        })
    }

    /// How many patterns there are.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.patterns.len()
    }
}

impl Starts {
    fn of(scope: Scope, patterns: &[Pattern], sets: &Sets, words: usize) -> Starts {
        let mut by_word: Vec<Vec<u32>> = vec![Vec::new(); words];
        let mut starts = Starts::default();
        for (index, pattern) in (0_u32..).zip(patterns).filter(|(_, pattern)| pattern.scope == scope) {
            let Some(first) = pattern.first() else { continue };
            for id in sets.words(first) {
                if let Some(list) = by_word.get_mut(id as usize) {
                    list.push(index);
                }
            }
            for (class, list) in starts.classes.iter_mut().enumerate() {
                if first.classes() & (1 << class) != 0 {
                    list.push(index);
                }
            }
        }
        for list in by_word {
            let from = starts.patterns.len();
            starts.patterns.extend(list);
            let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            starts.words.push((place(from), place(starts.patterns.len())));
        }
        starts
    }

    /// Calls `is_it` with each pattern that can begin with a token, until it says yes.
    fn each(&self, token: &Token, mut is_it: impl FnMut(u32) -> bool) -> bool {
        let (from, to) = self.words.get(token.id as usize).copied().unwrap_or_default();
        if self.patterns[from as usize..to as usize].iter().any(|index| is_it(*index)) {
            return true;
        }
        let mut classes = token.class;
        while classes != 0 {
            let class = classes.trailing_zeros() as usize;
            classes &= classes - 1;
            if self.classes[class].iter().any(|index| is_it(*index)) {
                return true;
            }
        }
        false
    }
}

/// The words that patterns know. A word with `*` at its end is a stem and stands for any ending.
#[derive(Default)]
struct Vocabulary {
    words: HashMap<String, u32, Quick>,
    /// The stems in their order, each with its number and the index of the longest stem that it begins with itself.
    stems: Vec<(String, u32, Option<usize>)>,
    /// For each first byte the stems that begin with it.
    by_byte: Vec<(usize, usize)>,
    marks: Vec<u32>,
}

impl Vocabulary {
    fn id(&self, word: &str) -> u32 {
        if let Some(id) = self.words.get(word) {
            return *id;
        }
        let Some((from, to)) = word.bytes().next().and_then(|byte| self.by_byte.get(usize::from(byte)))
        else {
            return 0;
        };
        let after = from + self.stems[*from..*to].partition_point(|(stem, ..)| stem.as_str() <= word);
        let mut at = after.checked_sub(1).filter(|at| at >= from);
        while let Some((stem, id, shorter)) = at.and_then(|at| self.stems.get(at)) {
            if word.starts_with(stem.as_str()) {
                return *id;
            }
            at = *shorter;
        }
        0
    }

    /// Readies the stems. What comes back says for each stem's number which words and longer stems begin with it.
    fn widen(&mut self) -> HashMap<u32, Vec<u32>> {
        let stem_of = |(word, id): (&String, &u32)| Some((word.strip_suffix('*')?.to_owned(), *id, None));
        self.stems = self.words.iter().filter_map(stem_of).collect();
        self.stems.sort();
        for at in 1..self.stems.len() {
            let mut shorter = Some(at - 1);
            while let Some(index) = shorter {
                if self.stems[at].0.starts_with(&self.stems[index].0) {
                    break;
                }
                shorter = self.stems[index].2;
            }
            self.stems[at].2 = shorter;
        }
        let place = |byte: u8| self.stems.partition_point(|(stem, ..)| stem.as_bytes() < [byte].as_slice());
        let range = |byte: u8| (place(byte), byte.checked_add(1).map_or(self.stems.len(), place));
        self.by_byte = (0..=u8::MAX).map(range).collect();
        self.marks = (0..128_u8).map(|byte| self.id(char::from(byte).encode_utf8(&mut [0; 4]))).collect();
        let wider = |(stem, id, _): &(String, u32, Option<usize>)| {
            let begins = |(word, _): &(&String, &u32)| word.starts_with(stem.as_str());
            (*id, self.words.iter().filter(begins).map(|(_, id)| *id).collect())
        };
        self.stems.iter().map(wider).collect()
    }
}

/// A hash that is quick for short words. Who writes a text cannot choose what is in the lists, so it need not be secret.
pub(super) type Quick = BuildHasherDefault<Fnv>;

/// Fowler, Noll and Vo's hash, in the variant 1a.
pub(super) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

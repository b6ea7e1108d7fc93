//! Which records answer best, and in which order.
//!
//! Each sought word's postings are read once, one after the other, into a board with one place for each record: its
//! score and which words it has. The work is the length of the postings and nothing else, whatever is asked; the open
//! ends (words still being typed, typing errors) have a budget on top. With a board it costs nothing to know that all
//! words were found in a record, wherever in it they stand.

use crate::ask::{Ask, Group, Sought};
use crate::fields::{AT, Fields, KEY, PARTS};
use crate::phrase;
use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashSet};
use std::sync::Arc;
use tantivy::postings::TermInfo;
use tantivy::query::{AutomatonWeight, DfaWrapper, FuzzyTermQuery};
use tantivy::schema::{Field, IndexRecordOption, Term};
use tantivy::{DocId, InvertedIndexReader, Searcher, SegmentReader};

/// How closely a record answers.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Closeness {
    /// It has some of the words. Only when no record has all.
    Some,
    /// It has all words, if typing errors are forgiven.
    Similar,
    /// It has all words.
    All,
}

/// A record that answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ranked {
    /// Kind and id.
    pub key: String,
    /// How closely.
    pub closeness: Closeness,
}

/// As many postings as are read for words that are still being typed and for typing errors, in all.
const BUDGET: u64 = 250_000;
/// As many words as one beginning, or a word with a typing error, stands for in a field of a segment. Looking one up costs as
/// much as reading hundreds of postings; who types on gets the others.
const BEGINNINGS: usize = 200;
/// A word that so many records have is spelt right: typing errors are not looked for.
const KNOWN: u32 = 3;
/// As many words are looked for with a typing error.
const MOST_NEAR: usize = 3;
/// Shorter beginnings are looked for in titles only.
const SHORT: usize = 3;
/// What a word counts because it is there at all, beside its rarity: half of it when only its beginning is known.
const PRESENCE: f32 = 0.3;
/// How much newer records come before older ones among equals, and the age at which half of that is gone, in days.
const RECENCY: f32 = 0.25;
const HALF_LIFE: f32 = 120.0;
/// The parameters of BM25.
const K1: f32 = 1.2;
const B: f32 = 0.75;

/// What is known of every record of a segment.
struct Board {
    score: Vec<f32>,
    /// A bit for each group that was found as typed.
    exact: Vec<u8>,
    /// A bit for each group that was found at least with a typing error.
    near: Vec<u8>,
}

impl Board {
    fn new(segment: &SegmentReader) -> Self {
        let places = segment.max_doc() as usize;
        Board { score: vec![0.0; places], exact: vec![0; places], near: vec![0; places] }
    }

    /// The groups of a record that were found, typing errors forgiven.
    fn found(&self, place: usize) -> u8 {
        self.exact[place] | self.near[place]
    }

    /// The places of the records of a closeness that are not of a better one.
    fn of(&self, closeness: Closeness, full: u8) -> Box<dyn Iterator<Item = usize> + '_> {
        let places = 0..self.exact.len();
        match closeness {
            // Most questions end here, and most records do not have all words.
            Closeness::All => Box::new(memchr::memchr_iter(full, &self.exact)),
            Closeness::Similar => {
                Box::new(places.filter(move |n| self.found(*n) == full && self.exact[*n] != full))
            }
            Closeness::Some => Box::new(places.filter(|n| self.found(*n) != 0)),
        }
    }
}

/// One field that may be looked into.
struct Place {
    part: usize,
    field: Field,
    /// Words in a record's text on average.
    length: f32,
    records: f32,
    /// Of each segment.
    indexes: Vec<Arc<InvertedIndexReader>>,
}

/// Answers the best records, best first. `now` is in microseconds.
pub(crate) fn rank(
    searcher: &Searcher,
    fields: &Fields,
    visible: &[usize],
    ask: &Ask,
    now: i64,
    limit: usize,
) -> tantivy::Result<Vec<Ranked>> {
    if ask.groups.is_empty() || visible.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let mut search = Search::new(searcher, fields, visible)?;
    for (n, group) in ask.groups.iter().enumerate() {
        match group {
            Group::Word(word) => search.word(n, word)?,
            Group::Phrase(words) => search.phrase(n, words)?,
        }
    }
    let full = u8::MAX >> (8 - ask.groups.len().min(8));
    let mut found = search.select(Closeness::All, full, now, limit)?;
    if found.len() < limit {
        let known = search.known();
        let doubtful = ask.groups.iter().enumerate().filter_map(|(n, group)| match group {
            Group::Word(word) if word.forgives() && known[n] < KNOWN => Some((n, word)),
            _ => None,
        });
        for (n, word) in doubtful.take(MOST_NEAR) {
            search.near(n, word)?;
        }
        found.extend(search.select(Closeness::Similar, full, now, limit - found.len())?);
    }
    if found.is_empty() {
        // A phrase that nobody wrote is still a question about its words.
        for (n, word) in ask.words() {
            if matches!(ask.groups[n], Group::Phrase(_)) {
                search.word(n, word)?;
            }
        }
        found = search.select(Closeness::Some, full, now, limit)?;
    }
    search.name(found)
}

struct Search<'a> {
    segments: &'a [SegmentReader],
    places: Vec<Place>,
    boards: Vec<Board>,
    budget: u64,
}

/// A record on a board. Better ones are less: they come first.
struct Found {
    segment: usize,
    doc: DocId,
    matched: u32,
    score: f32,
    at: i64,
    closeness: Closeness,
}

impl Ord for Found {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.matched.cmp(&self.matched))
            .then(other.score.total_cmp(&self.score))
            .then(other.at.cmp(&self.at))
            .then(self.segment.cmp(&other.segment))
            .then(self.doc.cmp(&other.doc))
    }
}

impl PartialOrd for Found {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Found {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Found {}

impl<'a> Search<'a> {
    fn new(searcher: &'a Searcher, fields: &Fields, visible: &[usize]) -> tantivy::Result<Self> {
        let segments = searcher.segment_readers();
        let records: f32 = segments.iter().map(|s| s.max_doc() as f32).sum();
        let mut places = Vec::new();
        for part in visible {
            let field = fields.parts[*part];
            let indexes = segments.iter().map(|s| s.inverted_index(field)).collect::<Result<Vec<_>, _>>()?;
            let words: u64 = indexes.iter().map(|index| index.total_num_tokens()).sum();
            if words > 0 {
                places.push(Place { part: *part, field, length: words as f32 / records, records, indexes });
            }
        }
        let boards = segments.iter().map(Board::new).collect();
        Ok(Search { segments, places, boards, budget: BUDGET })
    }

    /// Marks the records that have the word.
    fn word(&mut self, group: usize, word: &Sought) -> tantivy::Result<()> {
        for place in &self.places {
            let term = Term::from_field_text(place.field, &word.stem);
            let mut infos = Vec::with_capacity(self.segments.len());
            for index in &place.indexes {
                infos.push(index.get_term_info(&term)?);
            }
            let having: u64 = infos.iter().flatten().map(|info| u64::from(info.doc_freq)).sum();
            let rarity = place.rarity(having);
            for (n, info) in infos.iter().enumerate() {
                if let Some(info) = info {
                    mark_exact(&self.segments[n], &mut self.boards[n], (place, n), info, group, rarity)?;
                }
            }
        }
        if word.open { self.beginnings(group, word) } else { Ok(()) }
    }

    /// Marks the records that have a word which begins so.
    fn beginnings(&mut self, group: usize, word: &Sought) -> tantivy::Result<()> {
        let short = word.written.chars().count() < SHORT;
        for place in self.places.iter().filter(|place| PARTS[place.part].heading || !short) {
            for (index, board) in place.indexes.iter().zip(&mut self.boards) {
                let mut range = index.terms().range().ge(&word.written);
                let mut end = word.written.clone().into_bytes();
                if let Some(last) = end.last_mut() {
                    // The last byte of UTF-8 is never 0xff.
                    *last += 1;
                    range = range.lt(&end);
                }
                let mut terms = range.into_stream()?;
                let mut infos = Vec::new();
                while infos.len() < BEGINNINGS && terms.advance() {
                    infos.push(terms.value().clone());
                }
                let score = PRESENCE / 2.0 * PARTS[place.part].weight;
                mark_loosely(index, board, &infos, group, score, false, &mut self.budget)?;
            }
        }
        Ok(())
    }

    /// Marks the records that have all these words in this order.
    fn phrase(&mut self, group: usize, words: &[(usize, Sought)]) -> tantivy::Result<()> {
        for place in &self.places {
            for (segment, board) in self.segments.iter().zip(&mut self.boards) {
                let weight = PARTS[place.part].weight;
                let norms = segment.get_fieldnorms_reader(place.field)?;
                phrase::each(segment, place.field, words, &mut self.budget, |doc, times, having| {
                    let rarity = place.rarity(u64::from(having)) * words.len() as f32;
                    let length = norms.fieldnorm(doc) as f32;
                    let score = rarity * saturation(times as f32, length, place.length);
                    board.score[doc as usize] += weight * (PRESENCE + score);
                    board.exact[doc as usize] |= 1 << group;
                })?;
            }
        }
        Ok(())
    }

    /// How many records have each group.
    fn known(&self) -> [u32; 8] {
        let mut known = [0; 8];
        for exact in self.boards.iter().flat_map(|board| &board.exact).filter(|exact| **exact != 0) {
            for (n, count) in known.iter_mut().enumerate() {
                *count += u32::from(exact >> n & 1);
            }
        }
        known
    }

    /// Marks the records that have a word which is the sought one with a typing error.
    fn near(&mut self, group: usize, word: &Sought) -> tantivy::Result<()> {
        let any_field = Field::from_field_id(0);
        let term = Term::from_field_text(any_field, &word.written);
        let query = if word.open {
            FuzzyTermQuery::new_prefix(term, 1, true)
        } else {
            FuzzyTermQuery::new(term, 1, true)
        };
        // It does not depend on the field, and takes longer to make than to use.
        let automaton = Arc::new(query.automaton()?);
        for place in &self.places {
            let weight = AutomatonWeight::<DfaWrapper>::new(place.field, automaton.clone());
            for (n, board) in self.boards.iter_mut().enumerate() {
                let mut infos = weight.get_match_term_infos(&self.segments[n])?;
                infos.truncate(BEGINNINGS);
                let score = PRESENCE / 4.0 * PARTS[place.part].weight;
                mark_loosely(&place.indexes[n], board, &infos, group, score, true, &mut self.budget)?;
            }
        }
        Ok(())
    }

    /// The best records of a closeness that are not of a better one.
    fn select(&self, closeness: Closeness, full: u8, now: i64, limit: usize) -> tantivy::Result<Vec<Found>> {
        // The worst of the best on top: most records need not be looked at further than their score.
        let mut best: BinaryHeap<Found> = BinaryHeap::with_capacity(limit + 1);
        for (n, (segment, board)) in self.segments.iter().zip(&self.boards).enumerate() {
            let at = segment.fast_fields().i64(AT)?;
            for place in board.of(closeness, full) {
                let doc = place as DocId;
                let matched = if closeness == Closeness::Some { board.found(place).count_ones() } else { 0 };
                let at_most = board.score[place] * (1.0 + RECENCY);
                let hopeless = |worst: &Found| (matched, at_most) < (worst.matched, worst.score);
                if best.len() == limit && best.peek().is_some_and(hopeless) || segment.is_deleted(doc) {
                    continue;
                }
                let at = at.first(doc).unwrap_or(0);
                let days = now.saturating_sub(at).max(0) as f32 / 86_400_000_000.0;
                let score = board.score[place] * (1.0 + RECENCY * (-days / HALF_LIFE).exp2());
                best.push(Found { segment: n, doc, matched, score, at, closeness });
                if best.len() > limit {
                    best.pop();
                }
            }
        }
        Ok(best.into_sorted_vec())
    }

    /// Looks up which records were found.
    fn name(&self, found: Vec<Found>) -> tantivy::Result<Vec<Ranked>> {
        let mut named = Vec::with_capacity(found.len());
        let mut seen = HashSet::new();
        for record in found {
            let keys = self.segments[record.segment].fast_fields().str(KEY)?;
            let mut key = String::new();
            let Some(keys) = keys else { continue };
            let Some(ord) = keys.term_ords(record.doc).next() else { continue };
            if keys.ord_to_str(ord, &mut key)? && seen.insert(key.clone()) {
                named.push(Ranked { key, closeness: record.closeness });
            }
        }
        Ok(named)
    }
}

impl Place {
    /// How much rarer words count.
    fn rarity(&self, having: u64) -> f32 {
        let having = having as f32;
        (1.0 + (self.records - having + 0.5).max(0.0) / (having + 0.5)).ln()
    }
}

/// How much a word that is there `times` times counts in a text of this length.
fn saturation(times: f32, length: f32, average: f32) -> f32 {
    times * (K1 + 1.0) / (times + K1 * (1.0 - B + B * length / average))
}

fn mark_exact(
    segment: &SegmentReader,
    board: &mut Board,
    (place, n): (&Place, usize),
    info: &TermInfo,
    group: usize,
    rarity: f32,
) -> tantivy::Result<()> {
    let weight = PARTS[place.part].weight;
    let norms = segment.get_fieldnorms_reader(place.field)?;
    // There are 256 classes of lengths; what a length means is worked out once for each.
    let lengths: Vec<f32> = (0..=u8::MAX)
        .map(|id| {
            let length = tantivy::fieldnorm::FieldNormReader::id_to_fieldnorm(id) as f32;
            K1 * (1.0 - B + B * length / place.length)
        })
        .collect();
    let mut postings =
        place.indexes[n].read_block_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?;
    loop {
        let docs = postings.docs();
        if docs.is_empty() {
            return Ok(());
        }
        for (doc, times) in docs.iter().zip(postings.freqs()) {
            let times = *times as f32;
            let length = lengths[usize::from(norms.fieldnorm_id(*doc))];
            let score = rarity * times * (K1 + 1.0) / (times + length);
            let doc = *doc as usize;
            board.score[doc] += weight * (PRESENCE + score);
            board.exact[doc] |= 1 << group;
        }
        postings.advance();
    }
}

/// Marks records that have any of these words, unless they have the group already.
fn mark_loosely(
    index: &InvertedIndexReader,
    board: &mut Board,
    infos: &[TermInfo],
    group: usize,
    score: f32,
    near: bool,
    budget: &mut u64,
) -> tantivy::Result<()> {
    let bit = 1 << group;
    for info in infos {
        if u64::from(info.doc_freq) > *budget {
            continue;
        }
        *budget -= u64::from(info.doc_freq);
        let mut postings = index.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
        loop {
            let docs = postings.docs();
            if docs.is_empty() {
                break;
            }
            for doc in docs {
                let doc = *doc as usize;
                if (board.exact[doc] | board.near[doc]) & bit == 0 {
                    board.score[doc] += score;
                    let marks = if near { &mut board.near } else { &mut board.exact };
                    marks[doc] |= bit;
                }
            }
            postings.advance();
        }
    }
    Ok(())
}

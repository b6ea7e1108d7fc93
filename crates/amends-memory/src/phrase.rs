//! Words that stand next to each other.

use crate::ask::Sought;
use tantivy::postings::{Postings, SegmentPostings};
use tantivy::schema::{Field, IndexRecordOption, Term};
use tantivy::{DocId, DocSet, SegmentReader, TERMINATED};

/// As many words as the open end of a phrase stands for.
const BEGINNINGS: usize = 64;

/// Reading the places of the words in one record costs more than passing by many records.
const PLACES: u64 = 24;

/// The places of one word of the phrase: of several words, if it is still being typed.
struct Lists {
    lists: Vec<SegmentPostings>,
    /// What is added to a word's place, so that all words of one occurrence are at the same place.
    shift: u32,
    having: u32,
}

/// Calls `each` with every record of a segment whose `field` holds the words in this order, how often it does, and how
/// many records have the rarest of the words. Gives up when `budget` (records and places looked at) is used up.
pub(crate) fn each(
    segment: &SegmentReader,
    field: Field,
    words: &[(usize, Sought)],
    budget: &mut u64,
    mut each: impl FnMut(DocId, usize, u32),
) -> tantivy::Result<()> {
    let last = words.iter().map(|(place, _)| *place).max().unwrap_or(0);
    let mut all = Vec::with_capacity(words.len());
    for (place, word) in words {
        let lists = lists_of(segment, field, word)?;
        let having = lists.iter().fold(0u32, |sum, list| sum.saturating_add(list.doc_freq()));
        if having == 0 {
            return Ok(());
        }
        all.push(Lists { lists, shift: (last - place) as u32, having });
    }
    // The rarest word leads; one with several lists cannot.
    all.sort_by_key(|lists| (lists.lists.len() > 1, lists.having));
    let Some((lead, others)) = all.split_first_mut() else { return Ok(()) };
    let Some(leader) = lead.lists.first_mut() else { return Ok(()) };
    let (mut places, mut other, mut both) = (Vec::new(), Vec::new(), Vec::new());
    let mut doc = leader.doc();
    while doc != TERMINATED && *budget > 0 {
        *budget -= 1;
        // Looking for the record in all lists is cheap beside reading places.
        let here = others.iter_mut().all(|lists| {
            let mut any = false;
            for list in &mut lists.lists {
                any |= (list.doc() == doc) || (list.doc() < doc && list.seek(doc) == doc);
            }
            any
        });
        if here {
            *budget = budget.saturating_sub(PLACES);
            leader.positions_with_offset(lead.shift, &mut places);
            for lists in others.iter_mut() {
                both.clear();
                for list in lists.lists.iter_mut().filter(|list| list.doc() == doc) {
                    list.positions_with_offset(lists.shift, &mut other);
                    *budget = budget.saturating_sub(other.len() as u64 / 4);
                    meet(&places, &other, &mut both);
                }
                both.sort_unstable();
                both.dedup();
                std::mem::swap(&mut places, &mut both);
                if places.is_empty() {
                    break;
                }
            }
            if !places.is_empty() {
                each(doc, places.len(), lead.having);
            }
        }
        doc = leader.advance();
    }
    Ok(())
}

fn lists_of(segment: &SegmentReader, field: Field, word: &Sought) -> tantivy::Result<Vec<SegmentPostings>> {
    let index = segment.inverted_index(field)?;
    let option = IndexRecordOption::WithFreqsAndPositions;
    let mut lists = Vec::new();
    lists.extend(index.read_postings(&Term::from_field_text(field, &word.stem), option)?);
    if word.open {
        let mut end = word.written.clone().into_bytes();
        if let Some(last) = end.last_mut() {
            *last += 1;
        }
        let mut terms = index.terms().range().ge(&word.written).lt(&end).into_stream()?;
        while lists.len() < BEGINNINGS && terms.advance() {
            if terms.key() != word.stem.as_bytes() {
                lists.push(index.read_postings_from_terminfo(terms.value(), option)?);
            }
        }
    }
    Ok(lists)
}

/// Adds what two sorted lists have in common to `both`.
fn meet(a: &[u32], b: &[u32], both: &mut Vec<u32>) {
    let (mut i, mut j) = (0, 0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                both.push(*x);
                (i, j) = (i + 1, j + 1);
            }
        }
    }
}

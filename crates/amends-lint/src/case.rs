//! What a rule is given: the text as it was read, the configuration, and what the record knows.

use std::cell::OnceCell;
use std::collections::HashMap;

use crate::config::Config;
use crate::phrase::{self, Phrase};
use crate::prose::{Prose, Sentence};
use crate::read::Reading;
use crate::read::document::{Block, BlockKind, Document};
use crate::read::facts::{Audience, Facts, Milestone, MilestoneKind};
use crate::read::section::Kinds;
use crate::read::span::Span;
use crate::record::Record;

/// One text to be judged.
pub struct Case<'a> {
    /// The text as it was read.
    pub reading: &'a Reading<'a>,
    /// The configuration.
    pub config: &'a Config,
    /// What the record knows, if the text belongs to one.
    pub record: Option<&'a Record>,
    prose: OnceCell<Prose>,
    phrases: OnceCell<Phrases>,
}

/// The phrases of a text in its order, and where those of each group are among them.
struct Phrases {
    all: Vec<Phrase>,
    by_group: HashMap<&'static str, Vec<usize>>,
}

impl Phrases {
    fn of(document: &Document<'_>) -> Phrases {
        let all = phrase::phrases(document);
        let mut by_group: HashMap<&'static str, Vec<usize>> = HashMap::new();
        for (at, phrase) in all.iter().enumerate() {
            by_group.entry(phrase.group).or_default().push(at);
        }
        Phrases { all, by_group }
    }
}

impl<'a> Case<'a> {
    /// Brings together what rules look at.
    pub fn new(reading: &'a Reading<'a>, config: &'a Config, record: Option<&'a Record>) -> Case<'a> {
        Case { reading, config, record, prose: OnceCell::new(), phrases: OnceCell::new() }
    }

    /// Blocks and sections.
    pub fn document(&self) -> &'a Document<'a> {
        &self.reading.document
    }

    /// What the text says.
    pub fn facts(&self) -> &'a Facts {
        &self.reading.facts
    }

    /// How much process the incident deserves: what was asked for, or else what the text's front matter, the record or
    /// the configuration says; 1 if none of them does.
    pub fn tier(&self) -> u8 {
        let front = || {
            let field = self.document().front.as_ref()?.get("tier")?;
            field.value.trim().parse().ok().filter(|tier| *tier <= 3)
        };
        self.config
            .asked_tier
            .or_else(front)
            .or_else(|| self.record.and_then(|record| record.tier))
            .or(self.config.tier)
            .unwrap_or(1)
    }

    /// For whom the text is written: what was asked for, or else what the text or the configuration says.
    pub fn audience(&self) -> Option<Audience> {
        let said = || self.facts().audience.as_ref().map(|said| said.value);
        self.config.asked_audience.or_else(said).or(self.config.audience)
    }

    /// Every sentence of the text, headings and column names included; code and quotations are not.
    pub fn sentences(&self) -> impl Iterator<Item = Sentence<'_>> {
        let document = self.document();
        self.prose.get_or_init(|| Prose::of(document)).sentences(document)
    }

    /// The phrases of any of these groups of the word files, in the order of the text.
    pub fn phrases<'g>(&self, groups: &'g [&'g str]) -> impl Iterator<Item = &Phrase> + use<'_, 'g> {
        let phrases = self.all_phrases();
        let mut places: Vec<usize> =
            groups.iter().filter_map(|group| phrases.by_group.get(group)).flatten().copied().collect();
        if groups.len() > 1 {
            places.sort_unstable();
        }
        places.into_iter().filter_map(|at| phrases.all.get(at))
    }

    fn all_phrases(&self) -> &Phrases {
        self.phrases.get_or_init(|| Phrases::of(self.document()))
    }

    /// True if a phrase of one of these groups stands in the same sentence.
    pub fn has_beside(&self, phrase: &Phrase, groups: &[&str]) -> bool {
        // The phrases of one sentence stand together.
        let all = &self.all_phrases().all;
        let from = all.partition_point(|other| other.sentence.start < phrase.sentence.start);
        all[from..]
            .iter()
            .take_while(|other| other.sentence.start == phrase.sentence.start)
            .any(|other| groups.contains(&other.group))
    }

    /// The sentences, without headings, of sections that are about any of `kinds`.
    pub fn sentences_about(&self, kinds: Kinds) -> impl Iterator<Item = Sentence<'_>> {
        self.sentences().filter(move |sentence| {
            sentence.kinds().has(kinds) && !sentence.is_heading() && !sentence.is_column_names()
        })
    }

    /// The chosen milestone of a kind.
    pub fn milestone(&self, kind: MilestoneKind) -> Option<&'a Milestone> {
        self.facts().milestones.iter().find(|milestone| milestone.kind == kind)
    }

    /// The block in which a byte of the source lies.
    pub fn block_at(&self, offset: usize) -> Option<&'a Block> {
        let blocks = &self.document().blocks;
        let after = blocks.partition_point(|block| block.span.start <= offset);
        blocks.get(after.checked_sub(1)?).filter(|block| offset <= block.span.end)
    }

    /// The topics of the place where a byte of the source lies.
    pub fn kinds_at(&self, offset: usize) -> Kinds {
        self.block_at(offset).map_or(Kinds::NONE, |block| block.kinds)
    }

    /// The heading of the first section that is about `kinds` itself.
    pub fn heading_of(&self, kinds: Kinds) -> Option<Span> {
        let document = self.document();
        let section = document.sections.iter().find(|section| section.own.has(kinds))?;
        document.blocks.get(section.heading?).map(|block| block.text.whole())
    }

    /// True if a section is about any of `kinds`.
    pub fn has_section(&self, kinds: Kinds) -> bool {
        self.document().sections.iter().any(|section| section.own.has(kinds))
            || self.document().blocks.iter().any(|block| block.kinds.has(kinds))
    }

    /// Where a finding about the text as a whole is shown: its title, or else its first words.
    pub fn title_span(&self) -> Span {
        if let Some(title) = &self.facts().title {
            return title.span;
        }
        let document = self.document();
        let first = document.blocks.iter().find(|block| !block.text.is_blank());
        first.map_or(Span::default(), |block| {
            document.lines.span_of_line(document.source, document.line(block.span.start))
        })
    }

    /// True if the text looks like a postmortem at all: it has a timeline, milestones, causes or actions of its own.
    /// Rules that miss something ask this first, so that a README in the same folder stays quiet.
    pub fn is_postmortem(&self) -> bool {
        let facts = self.facts();
        let told =
            Kinds::TIMELINE | Kinds::CAUSE | Kinds::IMPACT | Kinds::ACTIONS | Kinds::STOPPED | Kinds::FIX;
        let named = |kind: Kinds| self.has_section(kind);
        let sections = [
            Kinds::SUMMARY,
            Kinds::TIMELINE,
            Kinds::CAUSE,
            Kinds::IMPACT | Kinds::STOPPED,
            Kinds::ACTIONS,
            Kinds::FIX,
            Kinds::DETECTION,
            Kinds::LESSONS,
        ];
        let count = sections.into_iter().filter(|kind| named(*kind)).count();
        count >= 2
            || (count == 1 && named(told) && facts.milestones.len() >= 2)
            || facts.milestones.len() >= 3
    }

    /// True for a list item or table row.
    pub fn is_row(&self, offset: usize) -> bool {
        self.block_at(offset)
            .is_some_and(|block| matches!(block.kind, BlockKind::Item | BlockKind::Row { .. }))
    }
}

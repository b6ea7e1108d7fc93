//! What a rule is given: the text as it was read, the configuration, and what the record knows.

use std::cell::OnceCell;

use crate::config::Config;
use crate::events::{self, Event};
use crate::prose::{Phrase, Prose, Sentence};
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
    events: OnceCell<Vec<Event<'a>>>,
}

impl<'a> Case<'a> {
    /// Brings together what rules look at.
    pub fn new(reading: &'a Reading<'a>, config: &'a Config, record: Option<&'a Record>) -> Case<'a> {
        Case { reading, config, record, prose: OnceCell::new(), events: OnceCell::new() }
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

    fn prose(&self) -> &Prose {
        self.prose.get_or_init(|| Prose::of(self.document()))
    }

    /// Every sentence of the text, headings and column names included; code and quotations are not.
    pub fn sentences(&self) -> impl Iterator<Item = Sentence<'_>> {
        self.prose().sentences(self.document())
    }

    /// What the text says that happened, with its times.
    pub(crate) fn events(&self) -> &[Event<'a>] {
        self.events.get_or_init(|| events::events(self))
    }

    /// The phrases of any of these groups of the word files, in the order of the text.
    pub fn phrases(&self, groups: &[&str]) -> impl Iterator<Item = Phrase> {
        self.prose().phrases(self.document(), groups)
    }

    /// True if a phrase of one of these groups stands in the same sentence.
    pub fn has_beside(&self, phrase: &Phrase, groups: &[&str]) -> bool {
        self.prose().beside(phrase).any(|group| groups.contains(&group))
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

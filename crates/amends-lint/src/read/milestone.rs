//! Which of the times of a text is the start, the detection, the end.
//!
//! Every moment has cues from its words; here the text as a whole is weighed: rows of a timeline and labelled
//! times before sentences, strong words before weak ones, and an order that can be (nothing is detected before it
//! starts). What does not fit stays in [`Facts::moments`](super::Facts) for rules to compare.

use jiff::civil::DateTime;

use super::document::{BlockKind, Document};
use super::facts::{Milestone, MilestoneKind as Kind, Moment, Origin};
use super::section::Kinds;

/// One end of a moment that may be a milestone.
#[derive(Clone, Copy, Debug)]
struct Candidate<'m> {
    index: usize,
    moment: &'m Moment,
    local: DateTime,
    /// True for the far end of a range.
    far: bool,
}

impl Candidate<'_> {
    fn weight(&self, kind: Kind) -> u8 {
        self.moment.cues.weight(kind)
    }

    fn tabled(&self) -> bool {
        matches!(self.moment.origin, Origin::Row | Origin::Label)
    }

    /// True if it does not come before `other`: for rows the order on the page counts, because clocks are mistyped.
    fn not_before(&self, other: &Candidate<'_>) -> bool {
        if self.moment.origin == Origin::Row && other.moment.origin == Origin::Row {
            self.index >= other.index
        } else {
            self.local >= other.local
        }
    }
}

/// Chooses at most one moment per kind.
pub(super) fn choose(document: &Document<'_>, moments: &[Moment]) -> Vec<Milestone> {
    let candidates: Vec<Candidate<'_>> = moments
        .iter()
        .enumerate()
        .filter(|(_, moment)| counts(document, moment))
        .filter_map(|(index, moment)| Some(Candidate { index, moment, local: moment.meant?, far: false }))
        .collect();
    let rows: Vec<Candidate<'_>> = candidates.iter().copied().filter(Candidate::tabled).collect();
    let rows = main_run(document, rows);
    let prose: Vec<Candidate<'_>> =
        candidates.iter().copied().filter(|c| c.moment.origin == Origin::Prose).collect();
    let front: Vec<Candidate<'_>> =
        candidates.iter().copied().filter(|c| c.moment.origin == Origin::FrontMatter).collect();
    let chooser = Chooser { rows: &rows, prose: &prose, front: &front };

    let declared = strongest_first(&rows, Kind::Declared, 4);
    let start = chooser.start(chooser.known(None, declared));
    let detected = chooser.known(start, declared);
    let resolved = chooser.resolved(start);
    let mitigated = chooser.mitigated(start, resolved);
    let first_word =
        strongest_first(&rows, Kind::FirstWord, 3).or_else(|| strongest_first(&prose, Kind::FirstWord, 4));
    let trigger = chooser.trigger(start);
    [
        (Kind::Trigger, trigger),
        (Kind::Start, start),
        (Kind::Detected, detected),
        (Kind::Declared, declared),
        (Kind::FirstWord, first_word),
        (Kind::Mitigated, mitigated),
        (Kind::Resolved, resolved),
    ]
    .into_iter()
    .filter_map(|(kind, candidate)| {
        candidate.map(|candidate| milestone(kind, as_told(candidate, &candidates)))
    })
    .collect()
}

/// The same instant as the text tells it, for a time of the front matter, which is often in another zone than the text.
fn as_told<'m>(chosen: Candidate<'m>, candidates: &[Candidate<'m>]) -> Candidate<'m> {
    if chosen.moment.origin != Origin::FrontMatter || chosen.moment.at.is_none() {
        return chosen;
    }
    let told =
        candidates.iter().filter(|other| other.moment.origin != Origin::FrontMatter).find_map(|other| {
            if other.moment.at == chosen.moment.at {
                return Some(*other);
            }
            let until = other.moment.until.filter(|_| other.moment.until_at == chosen.moment.at)?;
            Some(Candidate { local: until, far: true, ..*other })
        });
    told.unwrap_or(chosen)
}

fn milestone(kind: Kind, candidate: Candidate<'_>) -> Milestone {
    let moment = candidate.moment;
    Milestone {
        kind,
        moment: candidate.index,
        local: Some(candidate.local),
        at: if candidate.far { moment.until_at } else { moment.at },
        span: moment.span,
        line: moment.line,
        text: moment.text.clone(),
    }
}

/// Times in chats, logs and lists of people are no milestones, nor are those in what is planned.
fn counts(document: &Document<'_>, moment: &Moment) -> bool {
    let Some(block) = moment.block.and_then(|index| document.blocks.get(index)) else {
        return moment.has_time;
    };
    let aside = Kinds::APPENDIX | Kinds::PEOPLE;
    let planned = Kinds::ACTIONS | Kinds::LESSONS;
    let tabled = matches!(moment.origin, Origin::Row | Origin::Label);
    moment.has_time
        && !block.quoted
        && (!block.kinds.has(aside) || block.kinds.has(Kinds::TIMELINE))
        && (!block.kinds.has(planned)
            || block.kinds.has(Kinds::CAUSE)
            || (tabled && !block.kinds.has(Kinds::ACTIONS)))
}

/// The rows under a heading that says "timeline" are the timeline, if there are any; others count as well only if
/// they have labels.
fn main_run<'m>(document: &Document<'_>, rows: Vec<Candidate<'m>>) -> Vec<Candidate<'m>> {
    let in_timeline = |candidate: &Candidate<'_>| {
        candidate
            .moment
            .block
            .and_then(|index| document.blocks.get(index))
            .is_some_and(|block| block.kinds.has(Kinds::TIMELINE))
    };
    let timed = rows.iter().filter(|row| in_timeline(row)).count();
    if timed < 2 {
        return rows;
    }
    let structured = |candidate: &Candidate<'_>| {
        let block = candidate.moment.block.and_then(|index| document.blocks.get(index));
        block.is_some_and(|block| matches!(block.kind, BlockKind::Item | BlockKind::Row { .. }))
    };
    rows.into_iter()
        .filter(|row| in_timeline(row) || structured(row) || row.moment.origin == Origin::Label)
        .collect()
}

/// The first of those with the highest weight, which must be at least `least`.
fn strongest_first<'m>(candidates: &[Candidate<'m>], kind: Kind, least: u8) -> Option<Candidate<'m>> {
    let best =
        candidates.iter().map(|candidate| candidate.weight(kind)).max().filter(|weight| *weight >= least)?;
    candidates.iter().find(|candidate| candidate.weight(kind) == best).copied()
}

struct Chooser<'c, 'm> {
    rows: &'c [Candidate<'m>],
    prose: &'c [Candidate<'m>],
    front: &'c [Candidate<'m>],
}

impl<'m> Chooser<'_, 'm> {
    fn start(&self, detected: Option<Candidate<'m>>) -> Option<Candidate<'m>> {
        let public = |candidate: &&Candidate<'m>| !candidate.moment.cues.rehearsal;
        let rows: Vec<Candidate<'m>> = self.rows.iter().filter(public).copied().collect();
        // Nothing is noticed before it starts; where the words insist, the reading does not.
        let before =
            |candidate: &Candidate<'m>| detected.is_none_or(|detected| detected.not_before(candidate));
        let earlier: Vec<Candidate<'m>> = rows.iter().copied().filter(before).collect();
        let said =
            strongest_first(&earlier, Kind::Start, 5).or_else(|| strongest_first(&rows, Kind::Start, 6));
        let felt = || {
            rows.iter().copied().find(|candidate| {
                let cues = candidate.moment.cues;
                let other = cues.weight(Kind::Detected) >= 4
                    // What was declared had begun, unless the timeline begins with it.
                    || (cues.weight(Kind::Declared) >= 4 && rows.iter().any(|row| row.index < candidate.index))
                    || cues.says(Kind::Resolved)
                    || cues.says(Kind::FirstWord);
                before(candidate) && (cues.effect || cues.weight(Kind::Start) >= 3) && !other
            })
        };
        let changed = || strongest_first(&earlier, Kind::Trigger, 3);
        let range = || self.range().map(|(start, _)| start);
        // Where no row says so outright, the one at which the range of the summary begins is it.
        let agreed = || {
            let start = range().filter(|start| start.moment.origin != Origin::Row)?;
            let row = rows.iter().copied().find(|row| row.local == start.local)?;
            (row.weight(Kind::Detected) < 4).then_some(row)
        };
        let outright = strongest_first(&earlier, Kind::Start, 6);
        let ranged = || range().filter(|start| start.moment.origin != Origin::Row);
        outright
            .or_else(agreed)
            .or(said)
            .or_else(|| strongest_first(self.front, Kind::Start, 5))
            .or_else(felt)
            .or_else(|| strongest_first(self.prose, Kind::Start, 5))
            .or_else(ranged)
            .or_else(changed)
            .or_else(|| strongest_first(self.prose, Kind::Start, 4))
            .or_else(range)
            .or_else(|| strongest_first(self.front, Kind::Start, 1))
            .or_else(|| detected.filter(|detected| detected.moment.origin == Origin::Label))
            .or_else(|| {
                let first = rows.iter().copied().min_by_key(|row| row.local);
                first.filter(|first| first.weight(Kind::Detected) < 4)
            })
            .or_else(|| strongest_first(self.prose, Kind::Trigger, 3))
            .or_else(|| self.first_told(detected))
    }

    /// Where no words say what began when, the first time of a story whose end is told.
    fn first_told(&self, detected: Option<Candidate<'m>>) -> Option<Candidate<'m>> {
        let end = detected.or_else(|| strongest_first(self.prose, Kind::Resolved, 4))?;
        let first = self.prose.iter().copied().min_by_key(|candidate| candidate.local)?;
        (first.local < end.local
            && end.local.date() == first.local.date()
            && end.moment.origin == Origin::Prose)
            .then_some(first)
    }

    fn detected(&self, start: Option<Candidate<'m>>) -> Option<Candidate<'m>> {
        let after = |candidate: &&Candidate<'m>| start.is_none_or(|start| candidate.not_before(&start));
        let label = self.rows.iter().filter(after).find(|candidate| {
            candidate.moment.origin == Origin::Label && candidate.weight(Kind::Detected) >= 5
        });
        let row = |least: u8| {
            self.rows
                .iter()
                .filter(after)
                .find(|candidate| {
                    let weight = candidate.weight(Kind::Detected);
                    // "We are looking into it" is what others were told, later than it was noticed.
                    weight >= least && (weight >= 5 || candidate.weight(Kind::FirstWord) < 4)
                })
                .copied()
        };
        label
            .copied()
            .or_else(|| row(4))
            .or_else(|| row(3))
            .or_else(|| row(2))
            .or_else(|| strongest_first(self.front, Kind::Detected, 4))
            .or_else(|| {
                let later: Vec<Candidate<'m>> = self.prose.iter().filter(after).copied().collect();
                strongest_first(&later, Kind::Detected, 4)
            })
    }

    /// The detection; what was declared was known by then.
    fn known(&self, start: Option<Candidate<'m>>, declared: Option<Candidate<'m>>) -> Option<Candidate<'m>> {
        match (self.detected(start), declared) {
            (Some(detected), Some(declared)) if detected.not_before(&declared) => {
                self.hinted(start, declared).or(Some(declared))
            }
            (detected, declared) => detected.or(declared),
        }
    }

    /// The first row before the declaration whose words may tell a detection, however softly: "Alert triggered".
    fn hinted(&self, start: Option<Candidate<'m>>, declared: Candidate<'m>) -> Option<Candidate<'m>> {
        let within = |row: &&Candidate<'m>| {
            start.is_none_or(|start| row.not_before(&start)) && !row.not_before(&declared)
        };
        self.rows.iter().filter(within).find(|row| row.weight(Kind::Detected) >= 3).copied()
    }

    fn resolved(&self, start: Option<Candidate<'m>>) -> Option<Candidate<'m>> {
        let after = |candidate: &&Candidate<'m>| start.is_none_or(|start| candidate.not_before(&start));
        let rows: Vec<Candidate<'m>> =
            self.rows.iter().filter(after).filter(|row| !row.moment.cues.rehearsal).copied().collect();
        let label = rows
            .iter()
            .find(|row| row.moment.origin == Origin::Label && row.weight(Kind::Resolved) >= 4)
            .copied();
        // Of several that say so equally, the last one: what was resolved came back.
        let said = rows.iter().copied().filter(|row| row.weight(Kind::Resolved) >= 5);
        let said = said.max_by_key(|row| row.weight(Kind::Resolved));
        let last = |least: u8| rows.iter().rev().find(|row| row.weight(Kind::Resolved) >= least).copied();
        let prose: Vec<Candidate<'m>> = self.prose.iter().filter(after).copied().collect();
        label
            .or(said)
            .or_else(|| strongest_first(self.front, Kind::Resolved, 5))
            .or_else(|| last(3))
            .or_else(|| last(2))
            .or_else(|| {
                // What was back first is a part of it: of those that say it equally, the latest.
                let strongest = strongest_first(&prose, Kind::Resolved, 4)?.weight(Kind::Resolved);
                let equal = prose.iter().filter(|candidate| candidate.weight(Kind::Resolved) == strongest);
                equal.copied().max_by_key(|candidate| candidate.local)
            })
            .or_else(|| self.range().map(|(_, end)| end))
    }

    fn mitigated(
        &self,
        start: Option<Candidate<'m>>,
        resolved: Option<Candidate<'m>>,
    ) -> Option<Candidate<'m>> {
        let within = |candidate: &&Candidate<'m>| {
            start.is_none_or(|start| candidate.not_before(&start))
                && resolved.is_none_or(|resolved| {
                    candidate.local < resolved.local || candidate.weight(Kind::Mitigated) >= 6
                })
        };
        let rows: Vec<Candidate<'m>> = self.rows.iter().filter(within).copied().collect();
        strongest_first(&rows, Kind::Mitigated, 4)
            .or_else(|| rows.iter().rev().find(|row| row.weight(Kind::Resolved) >= 4).copied())
            .or_else(|| rows.iter().rev().find(|row| row.weight(Kind::Mitigated) >= 3).copied())
            .or_else(|| strongest_first(self.front, Kind::Mitigated, 5))
            .or_else(|| {
                let later: Vec<Candidate<'m>> = self.prose.iter().filter(within).copied().collect();
                strongest_first(&later, Kind::Mitigated, 5)
            })
    }

    fn trigger(&self, start: Option<Candidate<'m>>) -> Option<Candidate<'m>> {
        let earlier: Vec<Candidate<'m>> = self
            .rows
            .iter()
            .chain(self.prose)
            .filter(|candidate| {
                start.is_none_or(|start| start.not_before(candidate)) && !candidate.moment.cues.rehearsal
            })
            .copied()
            .collect();
        earlier.iter().rev().find(|candidate| candidate.weight(Kind::Trigger) >= 3).copied()
    }

    /// "Between 21:27 and 07:27 the site could not be reached": both ends.
    fn range(&self) -> Option<(Candidate<'m>, Candidate<'m>)> {
        let effect = |candidate: &&Candidate<'m>| candidate.moment.cues.effect;
        let long = |candidate: &Candidate<'m>| Some((*candidate, candidate.moment.until?));
        let (start, until) = self.prose.iter().chain(self.rows).filter(effect).find_map(long)?;
        Some((start, Candidate { local: until, far: true, ..start }))
    }
}

//! What rules about times share: which moments say the time of a milestone, and how a time is told.

use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::case::Case;
use crate::phrase::Group;
use crate::read::document::BlockKind;
use crate::read::facts::{MilestoneKind, Moment, Origin};
use crate::read::section::Kinds;

/// Words of sentences that speak of a part of the incident.
const PARTIAL: Group = Group::of("partial");

/// A moment that says the time of a milestone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim<'c> {
    /// The milestone.
    pub kind: MilestoneKind,
    /// The moment.
    pub moment: &'c Moment,
    /// The time that it says.
    pub local: DateTime,
    /// Its instant, if zone and date are known.
    pub at: Option<Timestamp>,
}

/// Weight from which words say plainly what a time is the time of.
const PLAIN: u8 = 5;
/// The highest weight.
const PLAINEST: u8 = 6;

/// Every moment that plainly says the time of a milestone of this kind, in the order of the text.
pub(crate) fn claims<'c>(case: &Case<'c>, kind: MilestoneKind) -> Vec<Claim<'c>> {
    let moments: Vec<&Moment> =
        case.facts().moments.iter().filter(|moment| counts(case, moment) && moment.local.is_some()).collect();
    let mut claims = Vec::new();
    for (index, moment) in moments.iter().copied().enumerate() {
        let Some(local) = moment.local else { continue };
        let here = Claim { kind, moment, local, at: moment.at };
        if moment.origin == Origin::Title && kind == MilestoneKind::Start {
            claims.push(here);
            continue;
        }
        if kind == MilestoneKind::Start && backdated(case, moment) {
            claims.push(here);
        } else if moment.origin == Origin::Prose {
            claims.extend(in_prose(case, kind, here, &moments, index));
        } else if moment.cues.weight(kind) >= PLAIN && !moment.cues.rehearsal {
            claims.push(here);
        }
    }
    claims
}

/// "The status page was backdated to 00:25" tells a start.
fn backdated(case: &Case<'_>, moment: &Moment) -> bool {
    let before = case.document().source.get(..moment.span.start).unwrap_or_default();
    moment.origin == Origin::Prose
        && before.trim_end().strip_suffix("to").is_some_and(|words| words.trim_end().ends_with("backdated"))
}

/// What a sentence says: a range in which something failed has both ends; another time counts only where the sentence
/// has no second one, because its words then speak of one time.
fn in_prose<'c>(
    case: &Case<'c>,
    kind: MilestoneKind,
    here: Claim<'c>,
    moments: &[&Moment],
    index: usize,
) -> Option<Claim<'c>> {
    let moment = here.moment;
    let same = |other: &&Moment| std::sync::Arc::ptr_eq(&other.text, &moment.text) && other.has_time;
    let beside = |at: Option<usize>| at.and_then(|at| moments.get(at)).is_some_and(same);
    let alone = !beside(index.checked_sub(1)) && !beside(Some(index + 1));
    if !alone || moment.cues.rehearsal || PARTIAL.is_in(&moment.text) {
        return None;
    }
    if let Some(until) = moment.until.filter(|_| moment.cues.effect) {
        return match kind {
            MilestoneKind::Start => Some(here),
            MilestoneKind::Resolved => Some(Claim { local: until, at: moment.until_at, ..here }),
            _ => None,
        };
    }
    let summed = case.kinds_at(moment.span.start).has(Kinds::SUMMARY) && kind == MilestoneKind::Resolved;
    let least = if summed { 3 } else { PLAIN };
    (moment.cues.weight(kind) >= least).then_some(here)
}

/// True for times of the incident: not those in quotations, chats, lists of people, or plans.
pub(crate) fn counts(case: &Case<'_>, moment: &Moment) -> bool {
    let Some(block) = moment.block.and_then(|index| case.document().blocks.get(index)) else {
        return moment.has_time;
    };
    moment.has_time
        && !block.quoted
        && !matches!(block.kind, BlockKind::Code(_))
        && !block.kinds.has(Kinds::APPENDIX | Kinds::PEOPLE | Kinds::ACTIONS)
}

/// The rows of the timeline in the order of the text, with their indices: times that open a list item, table row or
/// heading of the section that holds most of them.
pub(crate) fn rows<'c>(case: &Case<'c>) -> Vec<&'c Moment> {
    let rows = case
        .facts()
        .moments
        .iter()
        .filter(|moment| moment.origin == Origin::Row && moment.has_time && counts(case, moment));
    let rows: Vec<&Moment> = rows.collect();
    let told = |moment: &Moment| case.kinds_at(moment.span.start).has(Kinds::TIMELINE);
    if rows.iter().filter(|moment| told(moment)).count() >= 2 {
        return rows.into_iter().filter(|moment| told(moment)).collect();
    }
    rows
}

/// Whole minutes of a length, the nearest.
pub(crate) fn minutes(length: jiff::SignedDuration) -> i64 {
    (length.as_secs() + 30).div_euclid(60)
}

/// How far two times may be apart before they contradict each other, in minutes: a word such as "about" gives a
/// quarter of an hour.
pub(crate) fn tolerance(a: &Moment, b: &Moment) -> i64 {
    if a.approximate || b.approximate { 15 } else { 0 }
}

/// `11:19`, with the date where it matters.
pub(crate) fn told(local: DateTime, beside: DateTime) -> String {
    if local.date() == beside.date() {
        local.strftime("%H:%M").to_string()
    } else {
        local.strftime("%Y-%m-%d %H:%M").to_string()
    }
}

/// `3 h 6 min`, `45 min`, `2 days 4 h`.
pub(crate) fn length(minutes: i64) -> String {
    let (days, hours, rest) = (minutes / 1440, minutes % 1440 / 60, minutes % 60);
    let days = match days {
        0 => String::new(),
        1 => "1 day ".to_owned(),
        many => format!("{many} days "),
    };
    let hours = if hours > 0 { format!("{hours} h ") } else { String::new() };
    let rest =
        if rest > 0 || (days.is_empty() && hours.is_empty()) { format!("{rest} min") } else { String::new() };
    format!("{days}{hours}{rest}").trim().to_owned()
}

/// The words of a row, label or sentence, shortened.
pub(crate) fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    let mut end = line.char_indices().nth(70).map_or(line.len(), |(at, _)| at);
    if end < line.len() {
        end = line[..end].rfind(' ').unwrap_or(end);
        return format!("{}…", &line[..end]);
    }
    line.to_owned()
}

/// Two places that give a milestone two times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mismatch<'c> {
    /// Outside the timeline.
    pub stated: Claim<'c>,
    /// In the timeline, or the place before.
    pub other: Claim<'c>,
    /// How far apart they are.
    pub minutes: i64,
}

/// Places outside the timeline that give one of these milestones another time than every row that gives it one.
pub(crate) fn mismatches<'c>(case: &Case<'c>, kinds: &[MilestoneKind]) -> Vec<Mismatch<'c>> {
    let mut found: Vec<Mismatch<'c>> = Vec::new();
    for kind in kinds {
        let (mut rows, stated): (Vec<Claim<'c>>, Vec<Claim<'c>>) =
            claims(case, *kind).into_iter().partition(|claim| claim.moment.origin == Origin::Row);
        // The row that the reading settled on, also with weaker words.
        if rows.is_empty()
            && let Some(chosen) = case.milestone(*kind)
            && let Some(moment) = case.facts().moments.get(chosen.moment)
            && moment.origin == Origin::Row
            && moment.cues.weight(*kind) >= 3
            && let Some(local) = moment.local
        {
            rows.push(Claim { kind: *kind, moment, local, at: moment.at });
        }
        let mut told: Vec<Claim<'c>> = Vec::new();
        let mut prose = 0;
        for claim in stated.into_iter().filter(|claim| speaks_of_all(case, claim)) {
            if claim.moment.origin == Origin::Prose {
                prose += 1;
                // The first sentence speaks of the whole; later ones tell its parts.
                if prose > 1 {
                    continue;
                }
            }
            let against: &[Claim<'c>] = if rows.is_empty() { &told } else { &rows };
            let apart = |other: &&Claim<'c>| claim_apart(&claim, other);
            let nearest = against.iter().min_by_key(apart).copied();
            if let Some(other) = nearest {
                let minutes = claim_apart(&claim, &other);
                let known = found.iter().any(|earlier| earlier.stated.moment.span == claim.moment.span);
                let apart = minutes > tolerance(claim.moment, other.moment);
                // A row that is as plain as the label is not excused by a softer one.
                let plain = |claim: &Claim<'_>| claim.moment.cues.weight(*kind) == PLAINEST;
                let labels = claim.moment.origin == Origin::Label && plain(&claim) && plain(&other);
                let excused = !labels && near_by(case, *kind, &claim);
                if apart && !known && !excused && !within(case, claim.moment) {
                    found.push(Mismatch { stated: claim, other, minutes });
                }
            }
            if claim.moment.origin != Origin::Prose {
                told.push(claim);
            }
        }
    }
    found
}

/// Minutes between two claims, as instants or as clocks on a wall, whichever is less: zones are often left out. Where
/// a date is only assumed, the minutes between the clocks.
fn claim_apart(a: &Claim<'_>, b: &Claim<'_>) -> i64 {
    use crate::read::facts::Dated;
    let assumed = a.moment.dated != Dated::Written || b.moment.dated != Dated::Written;
    let apart = |minutes: i64| {
        let minutes = minutes.abs();
        if assumed { (minutes % 1440).min(1440 - minutes % 1440) } else { minutes }
    };
    let clocks = apart(minutes(a.local.duration_since(b.local)));
    match (a.at, b.at) {
        (Some(a), Some(b)) => clocks.min(apart(minutes(a.duration_since(b)))),
        _ => clocks,
    }
}

/// True for a range of a sentence that lies inside the incident at both ends: it tells a part of it.
fn within(case: &Case<'_>, moment: &Moment) -> bool {
    let time = |kind| case.milestone(kind).and_then(|milestone| milestone.local);
    let (Some(from), Some(until)) = (moment.local, moment.until) else { return false };
    let (Some(start), Some(end)) = (time(MilestoneKind::Start), time(MilestoneKind::Resolved)) else {
        return false;
    };
    const PART: i64 = 15;
    minutes(from.duration_since(start)) > PART && minutes(end.duration_since(until)) > PART
}

/// True where a time is about the incident as a whole: a label, the title, front matter, or a sentence of the summary,
/// the impact, or the opening.
fn speaks_of_all(case: &Case<'_>, claim: &Claim<'_>) -> bool {
    match claim.moment.origin {
        Origin::Label | Origin::Title | Origin::FrontMatter => true,
        Origin::Row => false,
        Origin::Prose if backdated(case, claim.moment) => true,
        Origin::Prose => {
            let block = claim.moment.block.and_then(|index| case.document().blocks.get(index));
            block.is_some_and(|block| {
                block.kinds.has(Kinds::SUMMARY | Kinds::IMPACT | Kinds::STOPPED | Kinds::REGRET)
                    || (block.kinds.is_none() && claim.moment.block.is_some_and(|index| index < 6))
            })
        }
    }
}

/// True if a row with weaker words agrees: what set it off for a start, the relief for an end.
fn near_by(case: &Case<'_>, kind: MilestoneKind, claim: &Claim<'_>) -> bool {
    let also: &[MilestoneKind] = match kind {
        MilestoneKind::Start => &[MilestoneKind::Trigger],
        MilestoneKind::Resolved => &[MilestoneKind::Mitigated],
        MilestoneKind::Mitigated => &[MilestoneKind::Resolved],
        _ => &[],
    };
    rows(case).into_iter().any(|row| {
        let says = also.iter().chain([&kind]).any(|kind| row.cues.weight(*kind) >= 3);
        let effect =
            kind == MilestoneKind::Start && row.cues.effect && row.cues.weight(MilestoneKind::Detected) < 2;
        let Some(local) = row.local.filter(|_| says || effect) else { return false };
        let other = Claim { kind, moment: row, local, at: row.at };
        claim_apart(claim, &other) <= tolerance(claim.moment, row)
    })
}

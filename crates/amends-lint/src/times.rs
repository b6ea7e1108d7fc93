//! What rules about times share: which moments say the time of a milestone, and how a time is told.

use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::case::Case;
use crate::read::document::BlockKind;
use crate::read::facts::{MilestoneKind, Moment, Origin};
use crate::read::section::Kinds;

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

/// Every moment that plainly says the time of a milestone of this kind, in the order of the text.
pub(crate) fn claims<'c>(case: &Case<'c>, kind: MilestoneKind) -> Vec<Claim<'c>> {
    let mut claims = Vec::new();
    for moment in case.facts().moments.iter().filter(|moment| counts(case, moment)) {
        let Some(local) = moment.local else { continue };
        let weight = moment.cues.weight(kind);
        let range = moment.until.filter(|_| moment.cues.effect && !moment.cues.rehearsal);
        let here = Claim { kind, moment, local, at: moment.at };
        let far = |until: DateTime| Claim { local: until, at: moment.until_at, ..here };
        match (kind, range) {
            (MilestoneKind::Start, Some(_)) => claims.push(here),
            (MilestoneKind::Resolved, Some(until)) => claims.push(far(until)),
            (_, None) if weight >= PLAIN && !moment.cues.rehearsal => claims.push(here),
            _ => {}
        }
    }
    claims
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
        for claim in stated.into_iter().filter(|claim| speaks_of_all(case, claim)) {
            let against: &[Claim<'c>] = if rows.is_empty() { &told } else { &rows };
            let apart = |other: &&Claim<'c>| claim_apart(&claim, other);
            let nearest = against.iter().min_by_key(apart).copied();
            if let Some(other) = nearest {
                let minutes = claim_apart(&claim, &other);
                let known = found.iter().any(|earlier| earlier.stated.moment.span == claim.moment.span);
                if minutes > tolerance(claim.moment, other.moment) && !known && !near_by(case, *kind, &claim)
                {
                    found.push(Mismatch { stated: claim, other, minutes });
                }
            }
            told.push(claim);
        }
    }
    found
}

/// Minutes between two claims; where a date is only assumed, those between the clocks.
fn claim_apart(a: &Claim<'_>, b: &Claim<'_>) -> i64 {
    use crate::read::facts::Dated;
    if let (Some(left), Some(right), true) = (a.at, b.at, a.moment.own_zone && b.moment.own_zone) {
        return minutes(left.duration_since(right)).abs();
    }
    let apart = minutes(a.local.duration_since(b.local)).abs();
    let assumed = |claim: &Claim<'_>| claim.moment.dated != Dated::Written;
    if assumed(a) || assumed(b) { (apart % 1440).min(1440 - apart % 1440) } else { apart }
}

/// True where a time is about the incident as a whole: a label, the title, front matter, or a sentence of the summary,
/// the impact, or the opening.
fn speaks_of_all(case: &Case<'_>, claim: &Claim<'_>) -> bool {
    match claim.moment.origin {
        Origin::Label | Origin::Title | Origin::FrontMatter => true,
        Origin::Row => false,
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
            kind == MilestoneKind::Start && row.cues.effect && row.cues.weight(MilestoneKind::Detected) < 3;
        let Some(local) = row.local.filter(|_| says || effect) else { return false };
        let other = Claim { kind, moment: row, local, at: row.at };
        claim_apart(claim, &other) <= tolerance(claim.moment, row)
    })
}

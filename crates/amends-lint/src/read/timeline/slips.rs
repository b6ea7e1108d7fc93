//! Dates and hours that were mistyped in a timeline, and what was meant.
//!
//! People copy a row and forget to change its date, or go on in another hour or zone. A careful reader sees it: the clock
//! goes on while the date jumps back, or the minutes while the hours do. What is written stays in [`Moment::local`]; what was meant goes to [`Moment::meant`].

use jiff::Span as Length;
use jiff::civil::{Date, DateTime};

use crate::read::facts::{Dated, Moment, Origin};

/// A row this many hours after the one below it was on the day before.
const EVENING_HOURS: i64 = 12;

/// A row at least this many hours before the one above it is no slip of the hour.
const SLIP_HOURS: i64 = 4;

/// Sets `meant` where the row before makes it plain.
pub(super) fn correct(moments: &mut [Moment], document_date: Option<Date>) {
    let rows: Vec<usize> = (0..moments.len())
        .filter(|at| {
            moments[*at].origin == Origin::Row && moments[*at].has_time && moments[*at].local.is_some()
        })
        .collect();
    // "23:04" and below it "02:50", both dated with the day of the incident: the first was the evening before.
    let turn = rows.windows(2).position(|pair| {
        let (a, b) = (&moments[pair[0]], &moments[pair[1]]);
        let (Some(before), Some(after)) = (a.local, b.local) else { return false };
        before.date() == after.date()
            && Some(before.date()) == document_date
            && b.dated == Dated::Written
            && before.duration_since(after).as_hours() >= EVENING_HOURS
    });
    if let Some(turn) = turn {
        for at in &rows[..=turn] {
            if let Some(local) = moments[*at].local
                && Some(local.date()) == document_date
                && let Ok(day_before) = local.checked_sub(Length::new().days(1))
            {
                mean(&mut moments[*at], day_before);
            }
        }
    }
    let mut last: Option<DateTime> = None;
    for at in rows.iter().copied() {
        let Some(local) = moments[at].meant else { continue };
        if let Some(last) = last
            && local.date() < last.date()
            && local.time() >= last.time()
            && moments[at].dated != Dated::Unknown
        {
            mean(&mut moments[at], last.date().to_datetime(local.time()));
        }
        last = moments[at].meant;
    }
    hours(moments, &rows);
}

/// "23:21" and below it "21:31", "21:41" to the end: the rest is told in another hour. One row above later ones is no
/// slip, nor is a timeline with the newest row first.
fn hours(moments: &mut [Moment], rows: &[usize]) {
    let meant = |at: usize| moments[at].meant;
    let mut back = rows.windows(2).filter(|pair| meant(pair[1]) < meant(pair[0]));
    let (Some(turn), None) = (back.next(), back.next()) else { return };
    let (Some(last), Some(first)) = (meant(turn[0]), meant(turn[1])) else { return };
    let apart = last.duration_since(first);
    let rest: Vec<usize> = rows.iter().copied().skip_while(|at| *at != turn[1]).collect();
    let behind = rest.iter().all(|at| meant(*at).is_some_and(|local| local < last));
    if !behind || rest.len() < 2 || last.date() != first.date() || apart.as_hours() >= SLIP_HOURS {
        return;
    }
    let added = Length::new().hours(apart.as_hours() + 1);
    for at in rest {
        if let Some(local) = moments[at].meant.and_then(|local| local.checked_add(added).ok()) {
            mean(&mut moments[at], local);
        }
    }
}

fn mean(moment: &mut Moment, local: DateTime) {
    moment.meant = Some(local);
    moment.at = moment.zone.as_ref().and_then(|zone| zone.instant(local));
}

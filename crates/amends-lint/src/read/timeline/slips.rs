//! Dates that were mistyped in a timeline, and what was meant.
//!
//! People copy a row and forget to change its date. A careful reader sees it: the clock goes on while the date jumps
//! back. What is written stays in [`Moment::local`]; what was meant goes to [`Moment::meant`].

use jiff::Span as Length;
use jiff::civil::{Date, DateTime};

use crate::read::facts::{Dated, Moment, Origin};

/// A row this many hours after the one below it was on the day before.
const EVENING_HOURS: i64 = 12;

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
    for at in rows {
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
}

fn mean(moment: &mut Moment, local: DateTime) {
    moment.meant = Some(local);
    moment.at = moment.zone.as_ref().and_then(|zone| zone.instant(local));
}

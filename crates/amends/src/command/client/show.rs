//! How resources read in a terminal.

use amends_model::broadcast::grouped;
use amends_model::local_time;
use serde_json::Value as Json;

/// A field as text; `-` when there is nothing.
pub fn text(resource: &Json, field: &str) -> String {
    match &resource[field] {
        Json::Null => "-".into(),
        Json::String(text) => clean(text),
        other => other.to_string(),
    }
}

/// A time field in this machine's zone.
pub fn time(resource: &Json, field: &str) -> String {
    let zone = crate::node::zone();
    let at = resource[field].as_str().and_then(|t| t.parse().ok());
    at.map_or_else(|| "-".into(), |at| local_time::show_with_zone(at, &zone))
}

/// What would be sent, and to how many.
pub fn outgoing(preview: &Json) -> String {
    let recipients = preview["recipients"].as_array().into_iter().flatten();
    let count: u64 = recipients.filter_map(|r| r["count"].as_u64()).sum();
    let who = if count == 1 { "subscriber" } else { "subscribers" };
    let mut words = format!("Subject: {}\nTo: {} {who}", text(preview, "subject"), grouped(count));
    match preview["suppressed"].as_u64() {
        Some(1) => words += "; 1 more is suppressed",
        Some(left_out) if left_out > 1 => words += &format!("; {} more are suppressed", grouped(left_out)),
        _ => {}
    }
    if preview["held"].is_string() {
        words += &format!("\nHeld for now: {}", text(preview, "held"));
    }
    format!("{words}\n\n{}\n", text(preview, "text"))
}

/// Text without control characters: what others wrote must not steer the terminal.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if amends_model::text::is_deceptive(c) { '\u{fffd}' } else { c }).collect()
}

/// A table: a line of headings and one line an item, columns as wide as they need to be.
pub fn table(headings: &[&str], mut rows: Vec<Vec<String>>, empty: &str) -> String {
    if rows.is_empty() {
        return format!("{empty}\n");
    }
    // A text of several lines stands in one.
    for cell in rows.iter_mut().flatten() {
        *cell = cell.split(['\n', '\t']).collect::<Vec<_>>().join(" ");
    }
    let widths: Vec<usize> = (0..headings.len())
        .map(|n| {
            rows.iter().map(|r| r[n].chars().count()).chain([headings[n].chars().count()]).max().unwrap_or(0)
        })
        .collect();
    let line = |cells: Vec<String>| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width.saturating_sub(cell.chars().count()))))
            .collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let head = line(headings.iter().map(|h| (*h).to_owned()).collect());
    head + &rows.into_iter().map(line).collect::<String>()
}

/// The items of a list.
pub fn items(list: &Json) -> Vec<Json> {
    list["items"].as_array().cloned().unwrap_or_default()
}

/// A table of a list's items; `cells` makes a line of each.
pub fn list(list: &Json, headings: &[&str], empty: &str, cells: impl Fn(&Json) -> Vec<String>) -> String {
    let mut shown = table(headings, items(list).iter().map(cells).collect(), empty);
    if list["next_cursor"].is_string() {
        shown += "There are more; see them with --limit.\n";
    }
    shown
}

//! The last gate before the public: characters that cannot be seen, or that turn the direction of what follows, leave
//! every text of the record. Input refuses them already; this holds for whatever came in another way.

use amends_model::event::ComponentChange;
use amends_model::page::{
    HistoryItem, PublicAffected, PublicIncident, PublicMaintenance, PublicRecord, PublicUpdate,
};
use amends_model::text::is_deceptive;

/// One line: blanks instead of line ends.
fn line(text: &mut String) {
    if text.chars().any(|c| is_deceptive(c) || matches!(c, '\n' | '\t')) {
        *text = super::markdown::line(text);
    }
}

/// Several lines.
fn prose(text: &mut String) {
    if text.chars().any(is_deceptive) {
        text.retain(|c| !is_deceptive(c));
    }
}

/// Cleans a record.
pub fn record(record: &mut PublicRecord) {
    let page = &mut record.page;
    [&mut page.name, &mut page.url, &mut page.time_zone, &mut page.language].into_iter().for_each(line);
    page.description.iter_mut().chain(&mut page.support_url).for_each(line);
    for component in &mut record.components {
        line(&mut component.name);
        component.description.iter_mut().for_each(line);
    }
    record.incidents.iter_mut().for_each(incident);
    record.maintenances.iter_mut().for_each(maintenance);
    let days = record.days.iter_mut().flat_map(|d| &mut d.days);
    days.flat_map(|d| &mut d.causes).for_each(|(_, title)| line(title));
}

/// Cleans one part of the history.
pub fn item(item: &mut HistoryItem) {
    match item {
        HistoryItem::Incident(i) => incident(i),
        HistoryItem::Maintenance(m) => maintenance(m),
    }
}

fn incident(i: &mut PublicIncident) {
    line(&mut i.title);
    affected(&mut i.components);
    updates(&mut i.updates);
    if let Some(letter) = &mut i.letter {
        line(&mut letter.title);
        prose(&mut letter.text);
    }
}

fn maintenance(m: &mut PublicMaintenance) {
    line(&mut m.title);
    affected(&mut m.components);
    updates(&mut m.updates);
}

fn affected(components: &mut [PublicAffected]) {
    components.iter_mut().for_each(|c| line(&mut c.name));
}

fn updates<S>(updates: &mut [PublicUpdate<S>]) {
    for update in updates {
        prose(&mut update.text);
        let changes: &mut [ComponentChange] = &mut update.components;
        changes.iter_mut().for_each(|c| line(&mut c.name));
    }
}

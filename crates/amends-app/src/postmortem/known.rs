//! What the record knows, in the linter's words: it compares the text with it. Pure.

use super::facts::Record;
use amends_lint::read::facts::{Audience, MilestoneKind};
use amends_lint::record::Elsewhere;
use amends_lint::{Source, read};
use amends_model::{EventBody, Impact, Incident, Milestone, Severity, Visibility};

/// The other text about the same incident, with what it is called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Other<'a> {
    pub text: &'a str,
    pub name: &'static str,
}

/// What the linter may know of an incident.
pub(super) fn known(record: &Record, other: Option<Other<'_>>) -> amends_lint::Record {
    let incident = record.incident.as_ref();
    // A time that stands for one that nobody noted is nothing to hold a text against.
    let times = || {
        let known = record.milestones.iter().filter_map(|(kind, time)| Some((kind_of(kind)?, time?)));
        known.filter(|(_, time)| !time.is_latest_possible())
    };
    let public = incident.is_some_and(|incident| incident.visibility == Visibility::Public);
    let updates =
        record.events.iter().filter(|event| public && matches!(event.body, EventBody::Update { .. }));
    let mut updates: Vec<_> = updates.map(|event| event.at).collect();
    updates.sort_unstable();
    amends_lint::Record {
        milestones: times().map(|(kind, time)| (kind, time.at)).collect(),
        sources: times().map(|(kind, time)| (kind, time.source.clone())).collect(),
        updates,
        elsewhere: other.map(told).unwrap_or_default(),
        components: record
            .components
            .iter()
            .map(|(name, status)| (name.clone(), status.label().to_lowercase()))
            .collect(),
        severities: severities(record),
        tier: incident.map(|incident| tier(incident.severity)),
        felt: incident.and_then(felt),
        visible_to: incident.map(|_| if public { Audience::Customers } else { Audience::Internal }),
        ..amends_lint::Record::default()
    }
}

/// How much process an incident of a severity deserves: the whole form where everything stopped, five lines where
/// little did.
pub(super) const fn tier(severity: Severity) -> u8 {
    match severity {
        Severity::Sev1 => 2,
        Severity::Sev2 | Severity::Sev3 => 1,
        Severity::Sev4 => 0,
    }
}

/// How much process what customers felt deserves, and what that was.
fn felt(incident: &Incident) -> Option<(u8, String)> {
    let impact = incident.shown_impact();
    let tier = match impact {
        Impact::Critical => 2,
        Impact::Major => 1,
        Impact::Minor | Impact::None => return None,
    };
    Some((tier, format!("a {impact} impact on customers")))
}

/// The earlier incidents that are like this one: their title speaks of the same, and they hurt one of its components if
/// both say which.
pub(super) fn similar(incident: &Incident, earlier: &[Incident]) -> Vec<String> {
    let touches = |other: &Incident| {
        let hit = |id| other.components.iter().any(|affected| affected.component_id == id);
        incident.components.is_empty()
            || other.components.is_empty()
            || incident.components.iter().any(|affected| hit(affected.component_id.clone()))
    };
    let like = earlier.iter().filter(|other| {
        other.id != incident.id && touches(other) && amends_lint::record::alike(&incident.title, &other.title)
    });
    like.take(SIMILAR).map(Incident::name).collect()
}

/// So many earlier incidents are named at most.
const SIMILAR: usize = 3;

fn kind_of(milestone: Milestone) -> Option<MilestoneKind> {
    Some(match milestone {
        Milestone::Started => MilestoneKind::Start,
        Milestone::Detected => MilestoneKind::Detected,
        Milestone::Declared => MilestoneKind::Declared,
        Milestone::FirstWord => MilestoneKind::FirstWord,
        Milestone::Mitigated => MilestoneKind::Mitigated,
        Milestone::Resolved => MilestoneKind::Resolved,
        Milestone::Learned => return None,
    })
}

/// Every severity that the incident had, in order.
fn severities(record: &Record) -> Vec<u8> {
    let changes = record.events.iter().filter_map(|event| match &event.body {
        EventBody::Declared { severity } => Some(*severity),
        EventBody::Severity { to, .. } => Some(*to),
        _ => None,
    });
    let mut all: Vec<u8> = Vec::new();
    for severity in changes.chain(record.incident.as_ref().map(|incident| incident.severity)) {
        let number = severity as u8 + 1;
        if !all.contains(&number) {
            all.push(number);
        }
    }
    all
}

fn told(other: Other<'_>) -> Vec<Elsewhere> {
    let reading = read(Source { path: None, text: other.text });
    Elsewhere::of(&reading.facts, |line| format!("{}, line {line},", other.name))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{at, record};
    use super::*;

    #[test]
    fn the_record_is_told_in_the_linters_words() {
        let other = Other { text: "We counted.\n\n1,240 orders were lost.", name: "the internal document" };
        let known = known(&record(), Some(other));
        assert_eq!(known.milestone(MilestoneKind::Start), Some(at("14:58")));
        assert_eq!(known.source(MilestoneKind::Detected), Some("alert from pager"));
        assert_eq!(known.updates, [at("15:10"), at("17:03")]);
        assert_eq!((known.severities.as_slice(), known.tier), ([2].as_slice(), Some(1)));
        assert_eq!(known.visible_to, Some(Audience::Customers));
        assert_eq!(known.components, [("Shop - Checkout".to_owned(), "partial outage".to_owned())]);
        assert_eq!(known.felt, Some((1, "a major impact on customers".to_owned())));
        assert_eq!(
            (known.elsewhere[0].count, known.elsewhere[0].place.as_str()),
            (1240.0, "the internal document, line 3,")
        );
        let mut inside = record();
        if let Some(incident) = &mut inside.incident {
            incident.visibility = Visibility::Internal;
        }
        let inside = super::known(&inside, None);
        assert_eq!((inside.visible_to, inside.updates.len()), (Some(Audience::Internal), 0));
    }
    #[test]
    fn earlier_incidents_of_the_same_kind_are_known() {
        let here = record().incident.unwrap();
        let like = |number: i64, title: &str| {
            let (mut other, id) = (here.clone(), u8::try_from(number).unwrap());
            other.id = amends_model::IncidentId::from_random([id; 12]);
            (other.number, other.title) = (number, title.to_owned());
            other
        };
        let mut elsewhere = like(4, "Users cannot pay by card");
        elsewhere.components[0].component_id = amends_model::ComponentId::from_random([9; 12]);
        let earlier =
            [here.clone(), like(2, "Users cannot pay"), like(3, "Users cannot read mails"), elsewhere];
        assert_eq!(similar(&here, &earlier), ["INC-2"]);
    }
}

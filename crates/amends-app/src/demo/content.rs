//! The data files, embedded and read into typed values. References (people, components) are checked here.

use std::collections::BTreeMap;

use amends_model::{ComponentStatus, Impact, Role, Severity, Visibility};
use serde::Deserialize;

use super::ContentError;
use super::clock::Anchor;
use super::postmortem::{self, Writing};
use super::timeline::{self, Line};

/// Everything that the demo shows.
#[derive(Debug, Clone)]
pub struct Company {
    /// The page.
    pub page: PageWriting,
    /// Who signs in.
    pub people: Vec<PersonWriting>,
    /// Component groups in the order of the page.
    pub groups: Vec<GroupWriting>,
    /// Newest first.
    pub incidents: Vec<Story>,
    /// Planned work, ahead and over.
    pub works: Vec<Work>,
    /// By the key of their incident.
    pub postmortems: BTreeMap<String, Writing>,
}

/// The page's settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageWriting {
    /// Name of the company.
    pub name: String,
    /// What it does, in one line.
    pub description: String,
    /// IANA name.
    pub time_zone: String,
}

/// Somebody who signs in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonWriting {
    /// How the other files call them.
    pub key: String,
    /// Name.
    pub name: String,
    /// Address at a reserved domain.
    pub email: String,
    /// What they may do.
    pub role: Role,
}

/// A component group.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupWriting {
    /// Name.
    pub name: String,
    /// Its components.
    pub component: Vec<ComponentWriting>,
}

/// A component.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComponentWriting {
    /// How the other files call it.
    pub key: String,
    /// Name.
    pub name: String,
    /// One line of explanation.
    pub description: String,
}

/// An incident.
#[derive(Debug, Clone)]
pub struct Story {
    /// How the other files call it.
    pub key: String,
    /// What users could not do.
    pub title: String,
    /// The same in a few sentences; may name times in braces.
    pub summary: String,
    /// Internal severity.
    pub severity: Severity,
    /// Public unless said otherwise.
    pub visibility: Visibility,
    /// Impact set by hand, if it is not what the components say.
    pub impact: Option<Impact>,
    /// Components touched, with their status while it lasted.
    pub components: Vec<(String, ComponentStatus)>,
    /// From where its times count.
    pub anchor: Anchor,
    /// Minutes from now until the promised next word, for an open one.
    pub next_word: Option<i64>,
    /// The record, in order.
    pub lines: Vec<Line>,
}

/// Planned work.
#[derive(Debug, Clone)]
pub struct Work {
    /// How the other files call it.
    pub key: String,
    /// What is done.
    pub title: String,
    /// Components under maintenance meanwhile.
    pub components: Vec<String>,
    /// Midnight of its day.
    pub anchor: Anchor,
    /// Planned start and end, minutes of that day.
    pub window: (i64, i64),
    /// Days before that on which it was announced.
    pub announced: i64,
    /// Minutes before the start at which subscribers are reminded.
    pub remind_before_minutes: Option<i64>,
    /// The record, the announcement first.
    pub lines: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CompanyFile {
    page: PageWriting,
    person: Vec<PersonWriting>,
    group: Vec<GroupWriting>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IncidentFile {
    incident: Vec<IncidentWriting>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IncidentWriting {
    key: String,
    minutes_ago: Option<i64>,
    days_ago: Option<i64>,
    title: String,
    summary: String,
    severity: Severity,
    visibility: Option<Visibility>,
    impact: Option<Impact>,
    components: BTreeMap<String, ComponentStatus>,
    next_word: Option<i64>,
    timeline: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaintenanceFile {
    maintenance: Vec<MaintenanceWriting>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaintenanceWriting {
    key: String,
    in_days: Option<i64>,
    days_ago: Option<i64>,
    from: String,
    until: String,
    announced: i64,
    title: String,
    components: Vec<String>,
    remind_before_minutes: Option<i64>,
    timeline: String,
}

macro_rules! embedded {
    ($folder:literal, $ending:literal: $($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../demo/", $folder, $name, $ending)))),+]
    };
}

impl Company {
    /// Reads the embedded files.
    ///
    /// # Errors
    /// What is wrong with them; tests make sure that nothing is.
    pub fn load() -> Result<Company, ContentError> {
        let [(_, company)] = embedded!("", ".toml": "company");
        let file: CompanyFile =
            toml::from_str(company).map_err(|e| ContentError::new("company.toml", e.to_string()))?;
        let mut out = Company {
            page: file.page,
            people: file.person,
            groups: file.group,
            incidents: Vec::new(),
            works: Vec::new(),
            postmortems: BTreeMap::new(),
        };
        for (name, text) in embedded!("incidents/", ".toml": "01-open", "02", "03", "04", "05", "06") {
            let place = format!("incidents/{name}.toml");
            let file: IncidentFile =
                toml::from_str(text).map_err(|e| ContentError::new(&place, e.to_string()))?;
            for incident in file.incident {
                let place = format!("{place}, {}", incident.key);
                out.incidents.push(out.story(incident).map_err(|what| ContentError::new(place, what))?);
            }
        }
        let [(_, works)] = embedded!("", ".toml": "maintenance");
        let file: MaintenanceFile =
            toml::from_str(works).map_err(|e| ContentError::new("maintenance.toml", e.to_string()))?;
        for work in file.maintenance {
            let place = format!("maintenance.toml, {}", work.key);
            out.works.push(out.work(work).map_err(|what| ContentError::new(place, what))?);
        }
        for (name, text) in POSTMORTEMS {
            let place = || format!("postmortems/{name}.md");
            let writing = postmortem::read(name, text).map_err(|what| ContentError::new(place(), what))?;
            out.check_writing(&writing).map_err(|what| ContentError::new(place(), what))?;
            out.postmortems.insert((*name).to_owned(), writing);
        }
        Ok(out)
    }

    /// Keys of all components in the order of the page.
    pub fn component_keys(&self) -> Vec<&str> {
        self.groups.iter().flat_map(|g| &g.component).map(|c| c.key.as_str()).collect()
    }

    fn story(&self, w: IncidentWriting) -> Result<Story, String> {
        let anchor = match (w.minutes_ago, w.days_ago) {
            (Some(minutes), None) => Anchor::MinutesAgo(minutes),
            (None, Some(days)) => Anchor::DaysAgo(days),
            _ => return Err("one of minutes_ago and days_ago".to_owned()),
        };
        let lines = timeline::read(&w.timeline)?;
        self.check_lines(&lines)?;
        let known = self.component_keys();
        if let Some(key) = w.components.keys().find(|k| !known.contains(&k.as_str())) {
            return Err(format!("component \"{key}\" is not in company.toml"));
        }
        Ok(Story {
            key: w.key,
            title: w.title,
            summary: w.summary,
            severity: w.severity,
            visibility: w.visibility.unwrap_or(Visibility::Public),
            impact: w.impact,
            components: w.components.into_iter().collect(),
            anchor,
            next_word: w.next_word,
            lines,
        })
    }

    fn work(&self, w: MaintenanceWriting) -> Result<Work, String> {
        let anchor = match (w.in_days, w.days_ago) {
            (Some(days), None) => Anchor::DaysAgo(-days),
            (None, Some(days)) => Anchor::DaysAgo(days),
            _ => return Err("one of in_days and days_ago".to_owned()),
        };
        let lines = timeline::read(&w.timeline)?;
        self.check_lines(&lines)?;
        let known = self.component_keys();
        if let Some(key) = w.components.iter().find(|k| !known.contains(&k.as_str())) {
            return Err(format!("component \"{key}\" is not in company.toml"));
        }
        let clock = |text: &str| timeline::clock(text).ok_or_else(|| format!("\"{text}\" is no clock time"));
        Ok(Work {
            key: w.key,
            title: w.title,
            components: w.components,
            anchor,
            window: (clock(&w.from)?, clock(&w.until)?),
            announced: w.announced,
            remind_before_minutes: w.remind_before_minutes,
            lines,
        })
    }

    fn check_lines(&self, lines: &[Line]) -> Result<(), String> {
        lines.iter().filter_map(|l| l.what.who()).try_for_each(|who| self.check_person(who))
    }

    fn check_person(&self, key: &str) -> Result<(), String> {
        if self.people.iter().any(|p| p.key == key) {
            Ok(())
        } else {
            Err(format!("\"{key}\" is not in company.toml"))
        }
    }

    fn check_writing(&self, w: &Writing) -> Result<(), String> {
        if !self.incidents.iter().any(|i| i.key == w.key) {
            return Err("there is no incident of this name".to_owned());
        }
        let people = [&w.front.author].into_iter().chain(&w.front.reviewers);
        people.chain(w.front.action.iter().map(|a| &a.owner)).try_for_each(|who| self.check_person(who))
    }
}

const POSTMORTEMS: &[(&str, &str)] = &embedded!("postmortems/", ".md":
    "address-search-down",
    "bank-group-declined",
    "checkout-down",
    "collection-refused",
    "confirmation-slot",
    "deposit-twice",
    "drivers-signed-out",
    "everything-down",
    "hours-off-by-one",
    "last-stop-hidden",
    "office-signin-refused",
    "payments-a-minute",
    "payouts-41-shops",
    "payouts-late",
    "photos-missing",
    "planner-new-addresses",
    "rounds-over-80",
    "search-empty",
    "security-keys",
    "setup-stuck",
    "signin-mail-late",
    "stock-import-half",
    "stock-lag",
    "tax-reports",
    "texts-busiest-day",
    "texts-twice",
    "two-regions-dark",
    "vouchers-refused",
    "webhooks-40-late",
    "webhooks-certificate",
    "webhooks-more-than-once",
    "wrong-shop-name",
);

//! Lists of subscribers as CSV: out, and in again.

mod wishes;

use super::named;
use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use crate::incident::full_name;
use crate::record;
use amends_courier::channel::Address;
use amends_model::{
    Action, Channel, Component, ComponentId, Endpoint, Origin, Preferences, Resource, Subscriber,
    SubscriberId, SubscriberState, text,
};
use amends_store::{Keyset, component, endpoint, subscriber};
use serde::Serialize;
use serde_json::json;
use std::collections::{HashMap, HashSet};

/// Subscribers written or read with one transaction.
const CHUNK: usize = 500;
/// Lines with errors that are told one by one.
const TOLD: usize = 200;

/// What an import did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = SubscriberImport)]
pub struct ImportReport {
    /// New subscribers.
    pub added: u64,
    /// Addresses that were subscribed already, or stand in the list twice; left as they are.
    pub unchanged: u64,
    /// Addresses whose owner has unsubscribed; not brought back.
    pub left: u64,
    /// Lines that were skipped because the list itself says that they are not confirmed.
    pub not_confirmed: u64,
    /// Lines that could not be read.
    pub wrong: u64,
    /// The first 200 of them.
    pub problems: Vec<Problem>,
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = SubscriberImportProblem)]
pub struct Problem {
    /// Line number in the file, from 1.
    pub line: u64,
    /// What is wrong and what to do.
    pub detail: String,
}

impl ImportReport {
    fn wrong(&mut self, line: u64, detail: impl Into<String>) {
        self.wrong += 1;
        if self.problems.len() < TOLD {
            self.problems.push(Problem { line, detail: detail.into() });
        }
    }
}

/// A line that could be read.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    to: Address,
    /// Who looks after an endpoint; empty when nobody said.
    owner: String,
    components: Vec<ComponentId>,
    preferences: Preferences,
}

impl App {
    /// Reads a list of subscribers (CSV, the form that [`App::export_subscribers`] writes, or one address a line).
    /// They are subscribed at once: whoever imports them says that they asked for it. Bad lines are told with their
    /// number, and the rest goes in. Reading the same list again changes nothing. With `dry_run` it only says what it
    /// would do.
    pub async fn import_subscribers(
        &self,
        caller: &Caller,
        csv: &[u8],
        dry_run: bool,
    ) -> Result<ImportReport, AppError> {
        caller.require(Action::Create, Resource::Subscriber)?;
        let now = self.now();
        let all = component::all(&mut self.read().await?).await?;
        let (rows, mut report) = read(csv, &all, &|to| self.vet(to))?;
        for some in rows.chunks(CHUNK) {
            let mut tx = if dry_run { self.read().await? } else { self.begin().await? };
            let mut known = HashMap::new();
            for channel in Channel::ALL.iter().copied() {
                let on = some.iter().filter(|r| r.to.channel == channel);
                let addresses: Vec<&str> = on.map(|r| r.to.text.as_str()).collect();
                let found = subscriber::known(&mut tx, channel, &addresses).await?;
                known.extend(found.into_iter().map(|(address, state)| ((channel, address), state)));
            }
            let (mut fresh, mut endpoints) = (Vec::new(), Vec::new());
            for row in some {
                match known.get(&(row.to.channel, row.to.text.clone())) {
                    Some(SubscriberState::Unsubscribed) => report.left += 1,
                    Some(SubscriberState::Confirmed) => report.unchanged += 1,
                    Some(SubscriberState::Pending) | None if dry_run => report.added += 1,
                    Some(SubscriberState::Pending) => {
                        let found = subscriber::get_by_address(&mut tx, row.to.channel, &row.to.text).await?;
                        if let Some(mut found) = found {
                            (found.state, found.origin) = (SubscriberState::Confirmed, Origin::Import);
                            (found.confirmed_at, found.updated_at) = (Some(now), now);
                            found.components.clone_from(&row.components);
                            found.preferences.clone_from(&row.preferences);
                            subscriber::update(&mut tx, &found).await?;
                            report.added += 1;
                        }
                    }
                    None => {
                        let id = self.new_id(SubscriberId::from_random);
                        if row.to.channel != Channel::Email {
                            endpoints.push(Endpoint::new(id.clone(), row.owner.clone()));
                        }
                        let known = Subscriber::new(id, row.to.channel, &row.to.text, Origin::Import, now);
                        let (components, preferences) = (row.components.clone(), row.preferences.clone());
                        fresh.push(Subscriber { components, preferences, ..known.confirmed(now) });
                    }
                }
            }
            if !dry_run {
                report.added += subscriber::insert_many(&mut tx, &fresh).await?;
                endpoint::put(&mut tx, &endpoints).await?;
                tx.commit().await?;
            }
        }
        if dry_run {
            return Ok(report);
        }
        let mut tx = self.begin().await?;
        let detail = json!({
            "added": report.added, "unchanged": report.unchanged, "left": report.left,
            "not_confirmed": report.not_confirmed, "wrong": report.wrong,
        });
        record::changed(&mut tx, caller, Action::Create, Resource::Subscriber, "import", detail, now).await?;
        self.commit(tx).await?;
        Ok(report)
    }

    /// All subscribers as CSV, oldest last: address, state, components, origin, created_at, confirmed_at, channel, owner,
    /// and their preferences, which are empty when they are as usual.
    pub async fn export_subscribers(&self, caller: &Caller) -> Result<String, AppError> {
        caller.require(Action::Read, Resource::Subscriber)?;
        let mut tx = self.read().await?;
        let all = component::all_with_archived(&mut tx).await?;
        let mut out = csv::Writer::from_writer(Vec::new());
        let broken = |e: csv::Error| AppError::Internal(e.to_string());
        let columns =
            ["address", "state", "components", "origin", "created_at", "confirmed_at", "channel", "owner"];
        out.write_record(columns.iter().chain(&wishes::COLUMNS)).map_err(broken)?;
        let mut after = Keyset::start();
        loop {
            let some = subscriber::list(&mut tx, &subscriber::Which::default(), &after, CHUNK).await?;
            let Some(last) = some.last() else { break };
            after = Keyset { at: last.created_at, id: last.id.to_string() };
            let ids: Vec<_> =
                some.iter().filter(|s| s.channel != Channel::Email).map(|s| s.id.clone()).collect();
            let endpoints = endpoint::of(&mut tx, &ids).await?;
            for s in &some {
                let owner = endpoints.get(&s.id).map(|e| e.owner.as_str()).unwrap_or_default();
                let names: Vec<String> =
                    all.iter().filter(|c| s.components.contains(&c.id)).map(|c| full_name(&all, c)).collect();
                let confirmed = s.confirmed_at.map(|at| at.to_string()).unwrap_or_default();
                let (created, names) = (s.created_at.to_string(), names.join("; "));
                let row: [&str; 8] = [
                    &s.address,
                    s.state.as_str(),
                    &names,
                    s.origin.as_str(),
                    &created,
                    &confirmed,
                    s.channel.as_str(),
                    owner,
                ];
                let wishes = wishes::written(&s.preferences);
                let row = row.into_iter().chain(wishes.iter().map(String::as_str));
                out.write_record(row.map(harmless)).map_err(broken)?;
            }
        }
        let bytes = out.into_inner().map_err(|e| AppError::Internal(e.to_string()))?;
        String::from_utf8(bytes).map_err(|e| AppError::Internal(e.to_string()))
    }
}

/// Spreadsheets run what begins like a formula; an apostrophe keeps them from it, and is taken off when read again.
fn harmless(field: &str) -> String {
    if field.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{field}") } else { field.to_owned() }
}

/// Columns of a list.
struct Columns {
    address: usize,
    /// Where a list has mail addresses and endpoints side by side, as Statuspage's has.
    endpoint: Option<usize>,
    channel: Option<usize>,
    owner: Option<usize>,
    components: Option<usize>,
    state: Option<usize>,
    wishes: [Option<usize>; 7],
}

/// Reads a list; pure. Every readable row, each address once, and what could not be read.
fn read(
    csv: &[u8],
    all: &[Component],
    vet: &dyn Fn(&Address) -> Result<(), String>,
) -> Result<(Vec<Row>, ImportReport), AppError> {
    let csv = csv.strip_prefix(b"\xef\xbb\xbf").unwrap_or(csv);
    // Spreadsheets in half of Europe write semicolons.
    let first = csv.split(|b| *b == b'\n').next().unwrap_or_default();
    let delimiter = if first.contains(&b';') && !first.contains(&b',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .from_reader(csv);
    let (mut rows, mut report, mut seen) = (Vec::new(), ImportReport::default(), HashSet::new());
    let mut columns = Columns {
        address: 0,
        endpoint: None,
        channel: None,
        owner: None,
        components: Some(1),
        state: None,
        wishes: [None; 7],
    };
    let mut names: HashMap<String, Result<Vec<ComponentId>, String>> = HashMap::new();
    let mut record = csv::ByteRecord::new();
    let mut is_first = true;
    loop {
        let line = reader.position().line();
        match reader.read_byte_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(e) => {
                report.wrong(line, format!("cannot be read: {e}"));
                break;
            }
        }
        let line = record.position().map_or(line, |at| at.line() + empty_lines(csv, at.byte()));
        let field = |n: usize| {
            record.get(n).map(|f| String::from_utf8_lossy(f).trim().to_owned()).unwrap_or_default()
        };
        if std::mem::take(&mut is_first)
            && let Some(found) = header(&record)
        {
            columns = found?;
            continue;
        }
        let mut written = field(columns.address);
        let mut owner = columns.owner.map(field).unwrap_or_default();
        if let Some(posted_to) = columns.endpoint.map(field).filter(|e| !e.is_empty()) {
            owner = std::mem::replace(&mut written, posted_to);
        }
        if written.is_empty() {
            continue;
        }
        if columns.state.map(field).is_some_and(|s| !s.is_empty() && !s.eq_ignore_ascii_case("confirmed")) {
            report.not_confirmed += 1;
            continue;
        }
        let channel = columns.channel.map(field).filter(|c| !c.is_empty());
        let to = match address(channel.as_deref(), &written, &owner, vet) {
            Ok(to) => to,
            Err(why) => {
                report.wrong(line, why);
                continue;
            }
        };
        let wanted = columns.components.map(field).unwrap_or_default();
        let components = names.entry(wanted.clone()).or_insert_with(|| {
            let wanted = wanted.strip_prefix('\'').unwrap_or(&wanted);
            named(all, &wanted.split(';').map(str::to_owned).collect::<Vec<_>>())
        });
        let wished = columns.wishes.map(|column| column.map(field).unwrap_or_default());
        match (components, wishes::read(&wished, to.channel)) {
            (Err(why), _) => report.wrong(line, why.clone()),
            (_, Err(why)) => report.wrong(line, why),
            (Ok(_), _) if !seen.insert(to.clone()) => report.unchanged += 1,
            (Ok(components), Ok(preferences)) => {
                rows.push(Row { to, owner, components: components.clone(), preferences });
            }
        }
    }
    Ok((rows, report))
}

/// The address of a line, checked as the form on the page checks it.
fn address(
    channel: Option<&str>,
    written: &str,
    owner: &str,
    vet: &dyn Fn(&Address) -> Result<(), String>,
) -> Result<Address, String> {
    let written = written.strip_prefix('\'').unwrap_or(written);
    let channel = channel.map(|c| c.to_lowercase().parse::<Channel>()).transpose()?;
    let shown = super::shown(written);
    let to = Address::read(channel, written).map_err(|why| match channel.unwrap_or(Channel::Email) {
        Channel::Email if !written.contains("://") => {
            format!("‘{shown}’ is not a mail address; write it like ada@example.com")
        }
        _ => format!("‘{shown}’ {why}"),
    })?;
    if to.channel != Channel::Email {
        vet(&to).map_err(|why| format!("‘{shown}’ {why}"))?;
        if !owner.is_empty() && text::email("owner", owner).is_err() {
            return Err(format!("‘{}’ is not a mail address of an owner", super::shown(owner)));
        }
    }
    Ok(to)
}

/// The reader steps over empty lines, but counts a row from where they begin.
fn empty_lines(csv: &[u8], from: u64) -> u64 {
    let rest = csv.get(usize::try_from(from).unwrap_or(usize::MAX)..).unwrap_or_default();
    rest.iter().take_while(|b| matches!(b, b'\r' | b'\n')).filter(|b| **b == b'\n').count() as u64
}

/// The columns, if the first line names them; an error if it does, but not the address.
fn header(first: &csv::ByteRecord) -> Option<Result<Columns, AppError>> {
    let words: Vec<String> = first
        .iter()
        .map(|f| String::from_utf8_lossy(f).trim().to_lowercase().replace([' ', '-'], "_"))
        .collect();
    if words.iter().any(|w| w.contains('@')) {
        return None;
    }
    let find = |names: &[&str]| words.iter().position(|w| names.contains(&w.as_str()));
    let posted_to = find(&["endpoint", "webhook", "url"]);
    let Some(address) = find(&["address", "email", "e_mail", "mail", "email_address"]).or(posted_to) else {
        return Some(Err(AppError::field(
            "csv",
            "has no column for the address; name one ‘address’ in the first line, or give one address a line",
        )));
    };
    Some(Ok(Columns {
        address,
        endpoint: posted_to.filter(|at| *at != address),
        channel: find(&["channel", "mode"]),
        owner: find(&["owner", "owner_email"]),
        components: find(&["components", "component"]),
        state: find(&["state", "status"]),
        wishes: std::array::from_fn(|n| words.iter().position(|w| wishes::is_named(n, w))),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn a_component(n: u8, name: &str) -> Component {
        Component {
            id: ComponentId::from_random([n; 12]),
            name: name.into(),
            description: None,
            group_id: None,
            is_group: false,
            position: 1,
            status: amends_model::ComponentStatus::Operational,
            showcase: true,
            only_show_if_degraded: false,
            start_date: None,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            archived: false,
            version: 1,
        }
    }

    fn parts() -> Vec<Component> {
        vec![
            a_component(1, "API"),
            a_component(2, "Sending"),
            a_component(3, "Twice"),
            a_component(4, "twice"),
        ]
    }

    fn addresses(csv: &str) -> (Vec<String>, ImportReport) {
        let (rows, report) = read(csv.as_bytes(), &parts(), &|_| Ok(())).expect("a list");
        (rows.into_iter().map(|r| r.to.text).collect(), report)
    }

    #[test]
    fn lists_are_read_as_people_have_them() {
        for csv in [
            "ada@example.com\nGrace@Example.com\n",
            "address\nada@example.com\ngrace@example.com",
            "\u{feff}Email,Name\r\nada@example.com,Ada\r\n\r\ngrace@example.com,\"Hopper, Grace\"\r\n",
            "name;e-mail\nAda;ada@example.com\nGrace;grace@example.com\n",
            "'ada@example.com\ngrace@example.com\nada@example.com\n",
        ] {
            let (found, report) = addresses(csv);
            assert_eq!(found, ["ada@example.com", "grace@example.com"], "{csv:?}");
            assert_eq!(report.wrong, 0, "{csv:?}");
        }
        assert!(read(b"name,phone\nAda,1\n", &parts(), &|_| Ok(())).is_err());
    }

    #[test]
    fn bad_lines_are_told_with_their_number_and_the_rest_goes_in() {
        let csv = "address,components\nada@example.com,API; sending\nnonsense,\n\ngrace@example.com,Gone\n\
                   x@example.com,Twice\n\"open@example.com,API\n";
        let (rows, report) = read(csv.as_bytes(), &parts(), &|_| Ok(())).expect("a list");
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].components.len(), 2);
        let told: Vec<_> = report.problems.iter().map(|e| (e.line, e.detail.as_str())).collect();
        assert_eq!(told[0], (3, "‘nonsense’ is not a mail address; write it like ada@example.com"));
        assert_eq!(told[1], (5, "there is no component ‘Gone’"));
        assert!(told[2].0 == 6 && told[2].1.starts_with("several components"), "{told:?}");
        assert_eq!(report.wrong, 4);
    }

    #[test]
    fn preferences_are_read_where_they_stand_and_other_columns_are_no_trouble() {
        let csv = "name,address,quiet_hours,favourite colour,Time Zone,planned_work\n\
                   Ada,ada@example.com,22:00-07:00,blue,Europe/Berlin,no\nGrace,grace@example.com,,red,,\n\
                   Bob,bob@example.com,always,,,\n";
        let (rows, report) = read(csv.as_bytes(), &parts(), &|_| Ok(())).expect("a list");
        let words: Vec<_> = rows.iter().map(|r| r.preferences.in_words().join(", ")).collect();
        assert_eq!(words, ["no planned work, not from 22:00 to 07:00 (Europe/Berlin)", ""]);
        assert_eq!((report.wrong, report.problems[0].line), (1, 4), "{:?}", report.problems);
    }

    #[test]
    fn who_is_not_confirmed_in_the_list_is_not_subscribed() {
        let (found, report) =
            addresses("address,state\na@example.com,confirmed\nb@example.com,unsubscribed\nc@example.com,\n");
        assert_eq!((found.len(), report.not_confirmed), (2, 1));
    }

    #[test]
    fn hostile_lists_are_no_trouble() {
        let (found, report) = addresses(&format!("address\n{}", "=cmd|' /C calc'!A0\n".repeat(10_000)));
        assert_eq!((found.len(), report.wrong, report.problems.len()), (0, 10_000, TOLD));
        let junk: Vec<u8> = (0..=255u8).cycle().take(100_000).collect();
        assert!(read(&junk, &parts(), &|_| Ok(())).is_err() || read(&junk, &parts(), &|_| Ok(())).is_ok());
        assert_eq!(harmless("=1+1@example.com"), "'=1+1@example.com");
    }
}

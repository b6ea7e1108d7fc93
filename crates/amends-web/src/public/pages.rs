//! The pages of the status page: a record and an instant in, HTML out.

use super::badge;
use super::desk::Subscription;
use super::feeds::xml;
use super::forms::Said;
use super::markdown;
use super::preferences::Wishes;
use super::sentence::{Piece, sentence};
use super::view::{
    self, ChoiceGroup, IncidentView, Item, MaintenanceView, PastView, Row, State, choices, items,
};
use super::when::When;
use crate::assets::{self, PUBLIC_STYLE};
use amends_app::subscriber::{EndpointHealth, Proof, kind};
use amends_model::incident::Phase;
use amends_model::maintenance::MaintenanceState;
use amends_model::page::PublicRecord;
use amends_model::{Channel, ComponentStatus, Delivery, DeliveryState, Impact};
use askama::Template;
use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan};

/// How many updates of an open incident stand on the page itself; its own page has all.
const UPDATES_ON_PAGE: usize = 5;
/// How long ago the list "Lately" reaches back.
const LATELY: SignedDuration = SignedDuration::from_hours(14 * 24);
const LATELY_LISTED: usize = 8;

/// What a page is rendered from.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// The record.
    pub record: &'a PublicRecord,
    /// Zone and now.
    pub when: When,
    /// Set when the record could not be read anew: the pages then say since when.
    pub stale: bool,
}

impl<'a> Context<'a> {
    /// For this record, at `now`.
    pub fn new(record: &'a PublicRecord, now: jiff::Timestamp, stale: bool) -> Self {
        Context { record, when: When { zone: record.page.zone(), now }, stale }
    }
}

/// What every page has around its content.
pub(super) struct Frame {
    pub(super) lang: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) brand: String,
    pub(super) url: String,
    pub(super) listed: bool,
    pub(super) place: &'static str,
    pub(super) style: &'static str,
    pub(super) script: &'static str,
    pub(super) icon: String,
    pub(super) live: bool,
    pub(super) zone: String,
    pub(super) stale: Option<String>,
    pub(super) updated: Option<String>,
    pub(super) support: Option<String>,
}

pub(super) fn frame(cx: &Context, title: Option<&str>, path: &str, description: &str) -> Frame {
    let page = &cx.record.page;
    let brand = view::brand(cx.record);
    let state = sentence(cx.record, cx.when.now).state;
    Frame {
        lang: markdown::line(&page.language),
        title: title.map_or_else(|| brand.clone(), |t| format!("{} · {brand}", markdown::line(t))),
        description: description.to_owned(),
        brand,
        url: format!("{}{path}", page.url),
        listed: true,
        place: "",
        style: &PUBLIC_STYLE.css,
        script: assets::url("public.js"),
        icon: format!("/icon/{}.svg", state.tone()),
        live: false,
        zone: cx.when.zone_name(),
        stale: cx.stale.then(|| cx.when.stamp(cx.record.read_at)),
        updated: Some(cx.when.stamp(page.updated_at)),
        // An address that is not one of these would be a script or a file: left out.
        support: page.support_url.clone().filter(|u| {
            ["https://", "http://", "mailto:", "tel:"].iter().any(|s| u.to_ascii_lowercase().starts_with(s))
        }),
    }
}

pub(super) fn render(template: &impl Template) -> Vec<u8> {
    // Writing to memory cannot fail, and our templates call nothing that does.
    template.render().unwrap_or_else(|e| format!("<!doctype html><p>{e}")).into_bytes()
}

#[derive(Template)]
#[template(path = "public/index.html")]
struct Index {
    frame: Frame,
    brand: String,
    state: State,
    headline: String,
    detail: String,
    open: Vec<IncidentView>,
    planned: Vec<MaintenanceView>,
    rows: Vec<Row>,
    choices: Vec<ChoiceGroup>,
    ways: Vec<(&'static str, String)>,
    past: Vec<PastView>,
}

/// Where the form of a channel is.
fn form_at(channel: Channel) -> String {
    if channel == Channel::Email { "/subscribe".into() } else { format!("/subscribe/{channel}") }
}

/// The status page.
pub fn index(cx: &Context) -> Vec<u8> {
    let (record, when) = (cx.record, &cx.when);
    let sentence = sentence(record, when.now);
    let state: State = sentence.state.into();
    let title =
        (sentence.state != ComponentStatus::Operational).then(|| format!("{} {}", state.shape, state.word));
    let mut frame = frame(cx, title.as_deref(), "/", &markdown::line(&sentence.plain(when)));
    frame.live = true;
    let mut open: Vec<_> = record.open_incidents().collect();
    open.sort_by_key(|i| std::cmp::Reverse((i.impact, i.started_at)));
    let mut planned: Vec<_> = record.open_maintenances().collect();
    planned.sort_by_key(|m| (m.state == MaintenanceState::Scheduled, m.scheduled_for));
    let over = |item: &Item| match item {
        Item::Incident(i) => i.phase == Phase::Resolved,
        Item::Maintenance(m) => m.state == MaintenanceState::Completed,
    };
    let past = items(record)
        .into_iter()
        .filter(|i| over(i) && when.now.duration_since(i.began()) <= LATELY)
        .take(LATELY_LISTED)
        .map(|i| view::past(i, false, when))
        .collect();
    render(&Index {
        brand: record.page.name.clone(),
        state,
        headline: words(&sentence.headline, when),
        detail: words(&sentence.detail, when),
        open: open.into_iter().map(|i| view::incident(i, UPDATES_ON_PAGE, when)).collect(),
        planned: planned.into_iter().map(|m| view::maintenance(m, when)).collect(),
        rows: view::rows(record, when.today()),
        choices: choices(record, &[]),
        ways: record
            .ways
            .iter()
            .filter(|c| **c != Channel::Email)
            .map(|c| (c.label(), form_at(*c)))
            .collect(),
        past,
        frame,
    })
}

/// Pieces of a sentence as HTML; what people wrote keeps its own direction.
fn words(pieces: &[Piece], when: &When) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Words(words) => xml(words),
        Piece::Told(told) => format!("<bdi>{}</bdi>", xml(told)),
        Piece::Time(at) => when.time(*at),
    };
    pieces.iter().map(piece).collect()
}

#[derive(Template)]
#[template(path = "public/incident.html")]
struct IncidentPage {
    frame: Frame,
    i: IncidentView,
}

#[derive(Template)]
#[template(path = "public/maintenance.html")]
struct MaintenancePage {
    frame: Frame,
    m: MaintenanceView,
}

/// The page of one incident or maintenance.
pub fn item(cx: &Context, item: Item) -> Vec<u8> {
    let path = format!("/incidents/{}", item.id());
    match item {
        Item::Incident(incident) => {
            let said = incident.updates.first().map_or("", |u| u.text.as_str());
            let mut frame = frame(cx, Some(&incident.title), &path, &markdown::excerpt(said, 200));
            frame.updated = Some(cx.when.stamp(item.updated_at()));
            frame.icon = icon_path(match (incident.phase, incident.impact) {
                (Phase::Resolved, _) | (_, Impact::None) => ComponentStatus::Operational,
                (_, impact) => impact.as_status(),
            });
            render(&IncidentPage { frame, i: view::incident(incident, usize::MAX, &cx.when) })
        }
        Item::Maintenance(m) => {
            let said = m.updates.first().map_or("", |u| u.text.as_str());
            let mut frame = frame(cx, Some(&m.title), &path, &markdown::excerpt(said, 200));
            frame.updated = Some(cx.when.stamp(item.updated_at()));
            frame.icon = icon_path(ComponentStatus::UnderMaintenance);
            render(&MaintenancePage { frame, m: view::maintenance(m, &cx.when) })
        }
    }
}

fn icon_path(state: ComponentStatus) -> String {
    format!("/icon/{}.svg", state.tone())
}

#[derive(Template)]
#[template(path = "public/history.html")]
struct HistoryPage {
    frame: Frame,
    month: String,
    past: Vec<PastView>,
    before: Option<(String, String)>,
    after: Option<(String, String)>,
}

/// The first day of the month that `text` names as `2026-11`; none if it is no such month.
pub fn month_of(text: &str) -> Option<Date> {
    let digits = text.len() == 7
        && text.bytes().enumerate().all(|(n, b)| (n == 4) == (b == b'-') && (n == 4 || b.is_ascii_digit()));
    if digits { format!("{text}-01").parse().ok() } else { None }
}

/// The page of one month: `past` newest first; `earlier` says whether anything is older than it.
pub fn history<'i>(
    cx: &Context,
    month: Date,
    past: impl IntoIterator<Item = Item<'i>>,
    earlier: bool,
) -> Vec<u8> {
    let name = |m: Date| m.strftime("%B %Y").to_string();
    let link = |m: Date| (m.strftime("%Y-%m").to_string(), name(m));
    let path = format!("/history/{}", month.strftime("%Y-%m"));
    let title = format!("History, {}", name(month));
    let mut frame = frame(cx, Some(&title), &path, &format!("Incidents and planned work in {}", name(month)));
    frame.place = "history";
    frame.updated = None;
    let this_month = cx.when.today().first_of_month();
    render(&HistoryPage {
        frame,
        month: name(month),
        past: past.into_iter().map(|i| view::past(i, true, &cx.when)).collect(),
        before: month.checked_sub(1.month()).ok().filter(|_| earlier).map(link),
        after: month.checked_add(1.month()).ok().filter(|m| *m <= this_month).map(link),
    })
}

#[derive(Template)]
#[template(path = "public/subscribe.html")]
struct SubscribePage {
    frame: Frame,
    /// The channel's word, for those that are not mail.
    by: Option<By>,
    /// Every way and whether it is this one.
    tabs: Vec<(&'static str, String, bool)>,
    typed: Typed,
    /// What is wrong with the address.
    wrong: Option<String>,
    /// What is wrong with the parts that were chosen.
    gone: Option<String>,
    /// Why it is not done now.
    later: Option<String>,
    some: bool,
    choices: Vec<ChoiceGroup>,
}

/// What the form says about a channel.
struct By {
    word: &'static str,
    /// Kind of the field, and what browsers fill in.
    input: &'static str,
    complete: &'static str,
    button: String,
    asks_for: &'static str,
    example: &'static str,
    hint: &'static str,
    /// Whether somebody's mail address is needed besides.
    owner: bool,
}

/// What was typed into the form.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// The mail address.
    pub email: String,
    /// What is posted to.
    pub endpoint: String,
}

/// What is wrong with it.
#[derive(Debug, Clone, Copy)]
pub enum Wrong<'a> {
    /// With the address.
    Address(&'a str),
    /// With the parts that were chosen.
    Parts(&'a str),
    /// Nothing; it is not done now. In short, and what to do.
    Now(&'a str, &'a str),
}

/// The form to subscribe by a channel; with what was typed and what is wrong with it when it comes back.
pub fn subscribe(
    cx: &Context,
    channel: Channel,
    typed: &Typed,
    chosen: &[String],
    wrong: Option<Wrong<'_>>,
) -> Vec<u8> {
    let path = form_at(channel);
    let mut frame =
        frame(cx, Some("Get updates"), &path, "Get updates by mail, chat, webhook, feed or calendar");
    frame.place = "subscribe";
    let kind = kind(channel);
    let hint = match channel {
        Channel::Email => "",
        Channel::Sms => {
            "We send a code first; nothing else comes until you type it in. Did you answer STOP before? Then send START to the number that wrote to you."
        }
        Channel::Webhook => {
            "Statuspage's body, signed by Standard Webhooks. Nothing is sent before you follow the link in a mail to you."
        }
        Channel::Slack => {
            "Make one in Slack under Apps, Incoming WebHooks. We post a message with a link first; nothing else comes until somebody follows it."
        }
        Channel::Teams => {
            "Make one in Teams with the workflow “Post to a channel when a webhook request is received”. We post a card with a link first; nothing else comes until somebody follows it."
        }
        // They have a page of their own, and none.
        Channel::Webpush | Channel::Websub => "",
        Channel::Discord => {
            "Make one in Discord under the channel's settings, Integrations, Webhooks. We post a message with a link first; nothing else comes until somebody follows it."
        }
    };
    let by = (channel != Channel::Email).then(|| By {
        word: channel.as_str(),
        asks_for: kind.asks_for,
        example: kind.example,
        input: if channel == Channel::Sms { "tel" } else { "url" },
        complete: if channel == Channel::Sms { "tel" } else { "off" },
        button: match channel {
            Channel::Sms => "Send me a code".into(),
            Channel::Webhook => "Send me a confirmation".into(),
            _ => format!("Ask in {}", channel.label()),
        },
        hint,
        owner: kind.proof == Proof::Owner,
    });
    let (mut address, mut gone, mut later) = (None, None, None);
    match wrong {
        Some(Wrong::Address(text)) => address = Some(text.to_owned()),
        Some(Wrong::Parts(text)) => gone = Some(text.to_owned()),
        Some(Wrong::Now(short, text)) => later = Some(format!("{short}. {text}")),
        None => {}
    }
    render(&SubscribePage {
        frame,
        by,
        tabs: tabs(cx, channel),
        typed: typed.clone(),
        some: !chosen.is_empty() || gone.is_some(),
        wrong: address,
        gone,
        later,
        choices: choices(cx.record, chosen),
    })
}

/// Every way and whether it is this one.
fn tabs(cx: &Context, channel: Channel) -> Vec<(&'static str, String, bool)> {
    cx.record.ways.iter().map(|c| (c.label(), form_at(*c), *c == channel)).collect()
}

#[derive(Template)]
#[template(path = "public/push.html")]
struct PushPage {
    frame: Frame,
    script: &'static str,
    key: String,
    tabs: Vec<(&'static str, String, bool)>,
    choices: Vec<ChoiceGroup>,
}

/// The form for this browser; `key` is what it subscribes for.
pub fn push(cx: &Context, key: String) -> Vec<u8> {
    let path = form_at(Channel::Webpush);
    let mut frame = frame(cx, Some("Get updates"), &path, "Get updates as notifications of this browser");
    frame.place = "subscribe";
    let script = assets::url("push.js");
    render(&PushPage {
        frame,
        script,
        key,
        tabs: tabs(cx, Channel::Webpush),
        choices: choices(cx.record, &[]),
    })
}

#[derive(Template)]
#[template(path = "public/manage.html")]
struct ManagePage {
    frame: Frame,
    token: String,
    address: String,
    all: bool,
    said: String,
    wrong: Option<String>,
    choices: Vec<ChoiceGroup>,
    wishes: Wishes,
    endpoint: Option<EndpointView>,
}

/// How an endpoint does.
struct EndpointView {
    label: &'static str,
    /// Whether its messages are signed.
    signed: bool,
    owner: String,
    failing: Option<String>,
    missed: bool,
    messages: Vec<MessageView>,
}

struct MessageView {
    at: String,
    tone: &'static str,
    shape: &'static str,
    word: &'static str,
    said: String,
}

fn message_view(d: Delivery, when: &When) -> MessageView {
    use DeliveryState as S;
    let (tone, shape, word) = match d.state {
        S::Accepted => ("ok", "●", "Taken"),
        S::Held => ("note", "◇", "Held over"),
        S::Digested => ("ok", "●", "In a digest"),
        S::Queued | S::Sending => ("maintenance", "◇", "On its way"),
        S::Deferred => ("degraded", "◐", "Tried again later"),
        S::Refused | S::Bounced => ("partial", "◑", "Not taken"),
        S::Suppressed | S::Cancelled | S::Superseded => ("note", "○", "Not sent"),
    };
    MessageView { at: when.time(d.updated_at), tone, shape, word, said: d.reply.unwrap_or_default() }
}

/// The page on which a subscriber chooses; `chosen` empty means everything. The token is safe in a path.
pub fn manage(
    cx: &Context,
    found: &Subscription,
    chosen: &[String],
    wishes: Wishes,
    health: Option<EndpointHealth>,
    said: Said<'_>,
) -> Vec<u8> {
    let (said, wrong) = match said {
        Said::Done(said) => (said, None),
        Said::Wrong(wrong) => ("", Some(wrong.to_owned())),
    };
    let endpoint = health.map(|h| EndpointView {
        label: found.channel.label(),
        signed: found.channel == Channel::Webhook,
        owner: h.owner,
        failing: h.failing_since.map(|at| cx.when.time(at)),
        missed: h.deliveries.iter().any(|d| d.state == DeliveryState::Refused),
        messages: h.deliveries.into_iter().map(|d| message_view(d, &cx.when)).collect(),
    });
    let mut frame = frame(cx, Some("Your updates"), "/subscribe", "Choose what you hear about");
    frame.listed = false;
    render(&ManagePage {
        frame,
        token: found.token.clone(),
        address: found.address.clone(),
        all: chosen.is_empty() && wrong.is_none(),
        said: said.to_owned(),
        wrong,
        choices: choices(cx.record, chosen),
        wishes,
        endpoint,
    })
}

#[derive(Template)]
#[template(path = "public/secret.html")]
struct SecretPage {
    frame: Frame,
    heading: String,
    line: String,
    secret: String,
    manage: String,
}

/// The page that shows a signing secret, once.
pub fn secret(cx: &Context, heading: &str, line: &str, secret: &str, manage: &str) -> Vec<u8> {
    let mut frame = frame(cx, Some(heading), "/subscribe", "The secret that messages are signed with");
    frame.listed = false;
    render(&SecretPage {
        frame,
        heading: heading.to_owned(),
        line: line.to_owned(),
        secret: secret.to_owned(),
        manage: manage.to_owned(),
    })
}

/// The one thing to do on a page that says something.
pub enum Act {
    /// A button that posts to an address: its words say what it does.
    Post(String, String),
    /// A link to an address.
    Go(String, String),
}

#[derive(Template)]
#[template(path = "public/message.html")]
struct MessagePage {
    frame: Frame,
    heading: String,
    lines: Vec<String>,
    act: Option<Act>,
}

/// A page with a heading, a few sentences and at most one thing to do.
pub fn message(cx: &Context, heading: &str, lines: &[&str], act: Option<Act>) -> Vec<u8> {
    let mut frame = frame(cx, Some(heading), "/", lines.first().unwrap_or(&""));
    frame.listed = false;
    frame.updated = None;
    render(&MessagePage {
        frame,
        heading: heading.to_owned(),
        lines: lines.iter().map(|l| (*l).to_owned()).collect(),
        act,
    })
}

#[derive(Template)]
#[template(path = "public/embed.html")]
struct EmbedPage {
    frame: Frame,
    url: String,
    weight: String,
    paths: Vec<&'static str>,
}

/// How to show this status elsewhere: banner, badge, feeds, API.
pub fn embed(cx: &Context, script: &[u8], paths: Vec<&'static str>) -> Vec<u8> {
    let about = "Banner, badge, feeds, calendar and API of this status page";
    let mut frame = frame(cx, Some("Show this status elsewhere"), "/embed", about);
    frame.updated = None;
    let weight = format!("{:.1}", script.len() as f64 / 1024.0);
    render(&EmbedPage { frame, url: cx.record.page.url.clone(), weight, paths })
}

/// The icons of the tab by path.
pub fn icons() -> Vec<(String, Vec<u8>)> {
    ComponentStatus::ALL.iter().map(|state| (icon_path(*state), badge::icon(*state))).collect()
}

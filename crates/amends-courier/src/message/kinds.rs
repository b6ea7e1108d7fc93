//! From content to the view of it, with the words that each kind needs.

use amends_model::local_time::{show_time, show_with_zone};
use amends_model::{ComponentStatus, Hold, Impact};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::clean::{line, prose, url};
use super::content::{
    ActionDue, Alarm, ComponentNews, Confirm, Content, Digest, EndpointNotice, Invitation, Letter, Listed,
    MaintenanceNews, SignIn, Test, Update,
};
use super::markdown::opening;
use super::view::{State, View};
use super::{Letterhead, SUBJECT, Thread};

/// Everything about a mail that its kind decides.
pub(super) struct Laid {
    /// Without the prefix.
    pub(super) subject: String,
    pub(super) thread: Thread,
    pub(super) view: View,
}

const TITLE: usize = 300;
const NAME: usize = 120;
const OPENING: usize = 140;

pub(super) fn lay_out(head: &Letterhead, content: &Content) -> Laid {
    let mut laid = match content {
        Content::Update(c) => update(head, c),
        Content::Maintenance(c) => maintenance(head, c),
        Content::Letter(c) => letter(c),
        Content::Component(c) => component(head, c),
        Content::Digest(c) => digest(head, c),
        Content::Feed(c) => programs("Feeds changed", &c.url, c.at, head),
        Content::Intent(c) => programs("A wish to be told of feeds", &head.page_url, c.at, head),
        Content::Test(c) => test(head, c),
        Content::Endpoint(c) => endpoint(head, c),
        Content::Confirm(c) => confirm(head, c),
        Content::Action(c) => action(c),
        Content::Alarm(c) => alarm(head, c),
        Content::SignIn(c) => sign_in(head, c),
        Content::Invitation(c) => invitation(head, c),
    };
    laid.subject = line(&laid.subject, SUBJECT);
    laid.view.from = (head.display_name(), url(&head.page_url).into());
    if laid.view.opening.is_empty() {
        laid.view.opening = opening(&laid.view.text, OPENING);
    }
    if laid.view.subscribed {
        laid.view.because = format!("You get this because you asked {} for news.", head.display_name());
    }
    laid
}

fn when(at: Timestamp, zone: &TimeZone) -> String {
    show_with_zone(at, zone)
}

/// `2026-11-20 22:00 UTC to 23:30 UTC`, with the day again when it is another.
fn span(from: Timestamp, until: Timestamp, zone: &TimeZone) -> String {
    let same_day = from.to_zoned(zone.clone()).date() == until.to_zoned(zone.clone()).date();
    let end = if same_day { show_time(until, zone) } else { when(until, zone) };
    format!("{} to {end}", when(from, zone))
}

fn listed(components: &[Listed]) -> Vec<(ComponentStatus, String)> {
    components.iter().map(|c| (c.status, line(&c.name, NAME))).collect()
}

fn first_component(components: &[Listed]) -> String {
    components.first().map_or_else(|| "page".into(), |c| c.id.clone())
}

fn update(head: &Letterhead, c: &Update) -> Laid {
    let shown = c.impact.as_status();
    let (shape, tone, words) = match (c.resolved, c.impact) {
        (true, _) => ("●", "ok", c.phase.clone()),
        // Something is looked into that customers do not feel: not green, for it is not over.
        (false, Impact::None) => ("○", "note", c.phase.clone()),
        (false, _) => (shown.shape(), shown.tone(), format!("{} · {}", c.phase, shown.label())),
    };
    let promise = c.next_update_at.filter(|_| !c.resolved);
    Laid {
        subject: c.title.clone(),
        thread: Thread::of_event(
            "incident",
            &c.incident_id,
            'u',
            &c.update_id,
            first_component(&c.components),
        ),
        view: View {
            state: Some(State { shape, tone, words: line(&words, NAME) }),
            title: line(&c.title, TITLE),
            facts: vec![when(c.at, &head.zone)],
            text: prose(&c.text),
            components: listed(&c.components),
            promises: promise
                .map(|at| format!("Next word by {}.", when(at, &head.zone)))
                .into_iter()
                .collect(),
            button: Some(("Follow it on the status page".into(), url(&c.url).into())),
            subscribed: true,
            ..View::default()
        },
    }
}

fn maintenance(head: &Letterhead, c: &MaintenanceNews) -> Laid {
    let words =
        if c.reminder { "Reminder: maintenance".into() } else { format!("Maintenance · {}", c.state) };
    let shown = ComponentStatus::UnderMaintenance;
    // Where it is planned, people want to know what, not the status that it will have.
    let text = if c.reminder && c.text.trim().is_empty() {
        "This work is about to begin.".into()
    } else {
        prose(&c.text)
    };
    let (kind, id) = if c.reminder { ('r', &c.update_id) } else { ('u', &c.update_id) };
    Laid {
        subject: c.title.clone(),
        thread: Thread::of_event("maintenance", &c.maintenance_id, kind, id, first_component(&c.components)),
        view: View {
            state: Some(State { shape: shown.shape(), tone: shown.tone(), words: line(&words, NAME) }),
            title: line(&c.title, TITLE),
            facts: vec![format!("Planned for {}", span(c.from, c.until, &head.zone))],
            text,
            components: listed(&c.components),
            button: Some(("See it on the status page".into(), url(&c.url).into())),
            subscribed: true,
            ..View::default()
        },
    }
}

fn letter(c: &Letter) -> Laid {
    Laid {
        subject: c.incident_title.clone(),
        thread: Thread::of_event(
            "incident",
            &c.incident_id,
            'p',
            &c.postmortem_id,
            first_component(&c.components),
        ),
        view: View {
            title: line(&c.title, TITLE),
            text: prose(&c.text),
            button: Some(("Read it on the status page".into(), url(&c.url).into())),
            subscribed: true,
            ..View::default()
        },
    }
}

fn component(head: &Letterhead, c: &ComponentNews) -> Laid {
    let name = line(&c.name, NAME);
    Laid {
        subject: format!("{name}: {}", c.to.label()),
        thread: Thread::of_event("component", &c.component_id, 'k', &c.update_id, c.component_id.clone()),
        view: View {
            state: Some(State { shape: c.to.shape(), tone: c.to.tone(), words: c.to.label().to_owned() }),
            title: name,
            facts: vec![format!("{}. Before: {}.", when(c.at, &head.zone), c.from.label())],
            button: Some(("See it on the status page".into(), url(&c.url).into())),
            subscribed: true,
            ..View::default()
        },
    }
}

/// As much of each message is told in a digest.
const TOLD: usize = 400;

fn digest(head: &Letterhead, c: &Digest) -> Laid {
    // Words of others become lines of a Markdown text here: nothing in them may be marks of it.
    let plain = |text: &str| -> String { text.chars().filter(|c| !"*[]`<>\\".contains(*c)).collect() };
    let items = c.items.iter().map(|item| {
        let view = lay_out(head, item).view;
        let state = view.state.map(|s| format!("{} {}", s.shape, s.words));
        let facts = state.into_iter().chain(view.facts).map(|f| plain(&f)).collect::<Vec<_>>().join(" · ");
        let told = plain(&opening(&view.text, TOLD));
        let link = view.button.map(|(words, url)| format!("[{words}]({url})")).unwrap_or_default();
        let parts = [format!("**{}**", plain(&view.title)), facts, told, link];
        parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join("\n\n")
    });
    let text = items.collect::<Vec<_>>().join("\n\n");
    let lead = match c.hold {
        Hold::Cap => "So much was said within an hour that the rest comes together.",
        Hold::Digest | Hold::Quiet => "What was said since you last heard from us, together, as you asked.",
    };
    let title = match c.items.len() {
        1 => "One update".to_owned(),
        count => format!("{count} updates together"),
    };
    Laid {
        subject: title.clone(),
        thread: Thread::alone('g', &c.digest_id),
        view: View {
            opening: c.items.first().map(|i| lay_out(head, i).view.title).unwrap_or_default(),
            title,
            facts: vec![when(c.at, &head.zone)],
            lead: vec![lead.into()],
            text,
            button: Some(("See the status page".into(), url(&c.url).into())),
            subscribed: true,
            ..View::default()
        },
    }
}

/// What programs are told and no person reads; the log shows it.
fn programs(title: &str, link: &str, at: Timestamp, head: &Letterhead) -> Laid {
    Laid {
        subject: title.into(),
        thread: Thread::alone('f', "feeds"),
        view: View {
            title: title.into(),
            facts: vec![when(at, &head.zone)],
            button: Some(("See the status page".into(), url(link).into())),
            because: "For programs that read the feeds.".into(),
            ..View::default()
        },
    }
}

fn test(head: &Letterhead, c: &Test) -> Laid {
    let name = head.display_name();
    let title = format!("Test message from {name}");
    Laid {
        subject: title.clone(),
        thread: Thread::alone('t', &c.subscriber_id),
        view: View {
            title,
            facts: vec![when(c.at, &head.zone)],
            lead: vec!["Nothing has happened. This shows that updates will arrive here.".into()],
            button: Some(("See the status page".into(), url(&c.url).into())),
            because: format!("Sent because a test was asked for at {name}."),
            ..View::default()
        },
    }
}

fn endpoint(head: &Letterhead, c: &EndpointNotice) -> Laid {
    Laid {
        subject: c.title.clone(),
        thread: Thread::threaded("endpoint", &c.subscriber_id, 'e', &c.subscriber_id),
        view: View {
            title: line(&c.title, TITLE),
            facts: vec![when(c.at, &head.zone)],
            text: prose(&c.text),
            button: Some(("Look at it".into(), url(&c.url).into())),
            because: format!(
                "You get this because you gave this address for an endpoint that gets news from {}.",
                head.display_name()
            ),
            ..View::default()
        },
    }
}

/// To the owner of an endpoint that somebody typed in.
fn confirm_endpoint(head: &Letterhead, c: &Confirm, endpoint: &str) -> Laid {
    let name = head.display_name();
    let shown = line(endpoint, NAME);
    let lead = if c.subscribed_already {
        format!("Somebody, probably you, asked {name} to send news to {shown}. It is sent there already.")
    } else {
        format!(
            "Somebody, probably you, asked {name} to send news to {shown}, and gave this address for questions about it."
        )
    };
    let (title, button) = match c.subscribed_already {
        true => ("This endpoint is subscribed already", "See and change it"),
        false => ("Please confirm your endpoint", "Confirm"),
    };
    let mut remarks =
        vec!["If it was not you, do nothing. Nothing is sent without your confirmation.".into()];
    if !c.subscribed_already {
        remarks.insert(
            0,
            format!(
                "The link works until {}. It shows the secret that messages are signed with.",
                when(c.valid_until, &head.zone)
            ),
        );
    }
    Laid {
        subject: title.into(),
        thread: Thread::alone('c', &c.subscriber_id),
        view: View {
            opening: line(&lead, OPENING),
            title: title.into(),
            lead: vec![lead],
            button: Some((button.into(), url(&c.url).into())),
            remarks,
            because: format!("Sent once, because this address was typed into a form of {name}."),
            ..View::default()
        },
    }
}

fn confirm(head: &Letterhead, c: &Confirm) -> Laid {
    if let Some(endpoint) = &c.endpoint {
        return confirm_endpoint(head, c, endpoint);
    }
    let name = head.display_name();
    let because = format!("Sent once, because this address was typed into a form of {name}.");
    let thread = Thread::alone('c', &c.subscriber_id);
    if c.subscribed_already {
        let lead = format!(
            "Somebody, probably you, asked for news from {name} at this address. It gets them already."
        );
        return Laid {
            subject: "You are subscribed already".into(),
            thread,
            view: View {
                opening: line(&lead, OPENING),
                title: "You are subscribed already".into(),
                lead: vec![lead],
                button: Some(("Change what you hear".into(), url(&c.url).into())),
                remarks: vec!["If it was not you, do nothing. Nothing was changed.".into()],
                because,
                ..View::default()
            },
        };
    }
    let about = if c.components.is_empty() {
        String::new()
    } else {
        let names: Vec<_> = c.components.iter().map(|n| line(n, NAME)).collect();
        format!(", about: {}", names.join(", "))
    };
    let lead = format!("Somebody, probably you, asked for news from {name} at this address{about}.");
    Laid {
        subject: "Please confirm your subscription".into(),
        thread,
        view: View {
            opening: line(&lead, OPENING),
            title: "Please confirm your subscription".into(),
            lead: vec![lead],
            button: Some(("Confirm".into(), url(&c.url).into())),
            remarks: vec![
                format!("The link works until {}.", when(c.valid_until, &head.zone)),
                "If it was not you, do nothing. Without your confirmation you will get no further mail."
                    .into(),
            ],
            because,
            ..View::default()
        },
    }
}

fn action(c: &ActionDue) -> Laid {
    let due = line(&c.due, NAME);
    let (words, subject) = match c.days_overdue {
        ..=0 => (format!("Due {due}"), format!("Due {due}: {}", c.title)),
        1 => (format!("Due {due}, one day ago"), format!("Overdue: {}", c.title)),
        days => (format!("Due {due}, {days} days ago"), format!("Overdue: {}", c.title)),
    };
    let (shape, tone) = if c.days_overdue > 0 { ("◐", "degraded") } else { ("◇", "maintenance") };
    Laid {
        subject,
        thread: Thread::threaded("action", &c.action_id, 'a', &c.action_id),
        view: View {
            opening: words.clone(),
            state: Some(State { shape, tone, words }),
            title: line(&c.title, TITLE),
            facts: vec![format!("Promised after: {}", line(&c.incident_title, TITLE))],
            lead: vec!["Is it done? Say so, or choose a day that will hold.".into()],
            button: Some(("Open the action".into(), url(&c.url).into())),
            because: "You get this because you own this action.".into(),
            ..View::default()
        },
    }
}

fn alarm(head: &Letterhead, c: &Alarm) -> Laid {
    Laid {
        subject: c.title.clone(),
        thread: Thread::threaded("alarm", &c.about, 'o', &c.alarm_id),
        view: View {
            title: line(&c.title, TITLE),
            facts: vec![when(c.at, &head.zone)],
            text: prose(&c.text),
            button: Some(("Look at it".into(), url(&c.url).into())),
            because: format!("You get this because you operate {}.", head.display_name()),
            ..View::default()
        },
    }
}

fn sign_in(head: &Letterhead, c: &SignIn) -> Laid {
    Laid {
        subject: "Your link to sign in".into(),
        thread: Thread::alone('s', &c.link_id),
        view: View {
            opening: "This link signs you in once.".into(),
            title: format!("Hello {}", line(&c.name, NAME)),
            lead: vec!["This link signs you in once.".into()],
            button: Some(("Sign in".into(), url(&c.url).into())),
            remarks: vec![
                format!("It works until {}.", when(c.valid_until, &head.zone)),
                "If you did not ask for it, do nothing; nobody was signed in.".into(),
            ],
            because: format!("Sent because a link was asked for at {}.", head.display_name()),
            ..View::default()
        },
    }
}

fn invitation(head: &Letterhead, c: &Invitation) -> Laid {
    let name = head.display_name();
    let by = line(&c.invited_by, NAME);
    Laid {
        subject: format!("{by} invites you to {name}"),
        thread: Thread::alone('i', &c.link_id),
        view: View {
            opening: format!("Choose a password and you are in, as {}.", line(&c.role, NAME)),
            title: format!("{by} invites you to {name}"),
            lead: vec![format!("You will be able to work there as {}.", line(&c.role, NAME))],
            button: Some(("Accept the invitation".into(), url(&c.url).into())),
            remarks: vec![format!("The link works once, until {}.", when(c.valid_until, &head.zone))],
            because: format!("Sent because {by} typed in this address."),
            ..View::default()
        },
    }
}

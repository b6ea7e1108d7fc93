//! Telling the operators that a channel fails or is mended, on ways of their own: never by the channel that it is about while
//! that is broken, and apart from what subscribers get and how much of it.

use amends_model::local_time::{show_duration, show_with_zone};
use amends_model::{BroadcastId, Channel, ChannelHealth};
use amends_store::{StoreError, Tx, broadcast, page};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::engine::Random;
use crate::message::{Alarm, Content, compose};
use crate::plan::{self, To};
use crate::settings::MailSettings;

/// A channel that fails again so soon is not told of again: whoever was told is on it.
const AGAIN: SignedDuration = SignedDuration::from_mins(10);
/// Of failures that lasted at least so long they are told on every way.
const WORTH_TELLING: SignedDuration = SignedDuration::from_mins(2);

/// What is told.
pub(crate) struct News {
    /// What it is about; alarms about the same hang together.
    pub(crate) about: String,
    /// In one line.
    pub(crate) title: &'static str,
    /// Markdown: what happened, what is safe, what to do.
    pub(crate) text: String,
}

/// On which ways it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ways {
    /// On all of them.
    All,
    /// On all but this channel, which does not work or would be too much.
    Without(Channel),
}

/// What alarms about a channel that was stopped, and about its being mended, are called.
pub(crate) fn stopped(channel: Channel) -> String {
    format!("{channel} stopped")
}

/// Tells the operators; answers whether there was anybody to tell.
pub(crate) async fn tell(
    tx: &mut Tx,
    settings: &MailSettings,
    random: &Random,
    news: News,
    ways: Ways,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(page) = page::get(tx).await? else { return Ok(false) };
    let mail = settings.operators.iter().map(|address| (Channel::Email, address.as_str()));
    let others = settings.alarms.iter().map(|a| (a.channel, a.text.as_str()));
    let to: Vec<_> = mail.chain(others).filter(|(c, _)| ways != Ways::Without(*c)).collect();
    let content = Content::Alarm(Alarm {
        about: news.about,
        alarm_id: id(random).to_string(),
        title: news.title.into(),
        text: news.text,
        url: format!("{}/app/subscribers", settings.public_url),
        at: now,
    });
    let subject = compose(&settings.letterhead(&page), &content).subject().to_owned();
    for (channel, address) in &to {
        let to = To { channel: *channel, address, subscriber: None };
        plan::enqueue_to(tx, id(random), &content, &subject, to, now).await?;
    }
    Ok(!to.is_empty())
}

/// Whether they were told of something since then.
pub(crate) async fn was_told(tx: &mut Tx, about: &str, since: Timestamp) -> Result<bool, StoreError> {
    Ok(broadcast::about(tx, about).await?.iter().any(|b| b.created_at >= since))
}

/// Tells them that a channel was stopped, unless they heard so just before.
pub(crate) async fn tell_stopped(
    tx: &mut Tx,
    settings: &MailSettings,
    random: &Random,
    channel: Channel,
    (reason, words, waiting): (&str, &str, u64),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let about = stopped(channel);
    if was_told(tx, &about, now.checked_sub(AGAIN).unwrap_or(now)).await? {
        return Ok(false);
    }
    let (title, what) = match channel {
        Channel::Email => ("Mail to subscribers is held", "Mail to subscribers is held".to_owned()),
        Channel::Sms => ("Text messages are held", "Text messages to subscribers are held".to_owned()),
        other => {
            ("Messages do not get through", format!("Messages on the channel {other} do not get through"))
        }
    };
    let mut text = format!("{what}, because {reason}.");
    if !words.is_empty() {
        text.push_str(&format!(" It said: `{}`", words.replace('`', "'")));
    }
    // Who else is to hear of it is written down while the channel is held.
    let least = if broadcast::is_any_to_plan(tx).await? { "at least " } else { "" };
    text.push_str(&format!(
        "\n\nNothing is lost: {} by itself when it is mended. It is tried again from time to time; `amends doctor` says how it \
         is. The status page and its feeds go on.",
        match waiting {
            1 if least.is_empty() => "one message waits and goes out".into(),
            1 => "what waits (at least one message) goes out".into(),
            n => format!("what waits ({least}{n} messages) goes out"),
        }
    ));
    let news = News { about, title, text };
    tell(tx, settings, random, news, Ways::Without(channel), now).await
}

/// Tells them that a channel that was stopped works again, unless nobody heard that it was and it was short.
pub(crate) async fn tell_mended(
    tx: &mut Tx,
    settings: &MailSettings,
    random: &Random,
    was: &ChannelHealth,
    waiting: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let lasted = now.duration_since(was.since);
    // Whoever heard that it was stopped hears that it goes on; on the channel itself only what lasted.
    let ways = match lasted < WORTH_TELLING {
        true if was_told(tx, &stopped(was.channel), was.since).await? => Ways::Without(was.channel),
        true => return Ok(()),
        false => Ways::All,
    };
    let zone = page::get(tx).await?.map_or(TimeZone::UTC, |page| page.zone());
    let mut text =
        format!("From {}, for {}, {}.", show_with_zone(was.since, &zone), show_duration(lasted), was.reason);
    if !was.detail.is_empty() {
        text.push_str(&format!(" It said: `{}`", was.detail.replace('`', "'")));
    }
    text.push_str(&format!(
        "\n\nNothing was lost. {} going out now.",
        match waiting {
            1 => "One more message that waited is".into(),
            more => format!("{more} more messages that waited are"),
        }
    ));
    let title = match was.channel {
        Channel::Email => "Mail was held and goes out again",
        Channel::Sms => "Text messages were held and go out again",
        _ => "Messages get through again",
    };
    let news = News { about: was.channel.as_str().to_owned(), title, text };
    tell(tx, settings, random, news, ways, now).await?;
    Ok(())
}

fn id(random: &Random) -> BroadcastId {
    let mut id = [0; amends_model::ID_LENGTH];
    random(&mut id);
    BroadcastId::from_random(id)
}

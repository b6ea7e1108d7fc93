//! Text messages, through a gateway of the operator's: one segment where that is possible, a link, and a way to stop.

mod gsm;
mod number;
mod transport;

pub use gsm::{Alphabet, size};
pub(super) use number::is_number;
pub use number::{SmsRules, number};
pub use transport::{Gateway, Template, Twilio, meaning};

use amends_egress::Http;
use amends_model::Channel;
use jiff::Timestamp;
use pulldown_cmark::{Event, Parser, TagEnd};

use super::{Boxed, Budget, Errand, Messenger, Notice, Said};
use crate::judge::Verdict;
use crate::message::{Content, MANAGE, brief, cut};
use transport::Text;

/// As much of a name stands at the beginning of a message.
const NAME: usize = 30;

/// Sends text messages.
pub struct Sms {
    http: Http,
    gateway: Gateway,
    rules: SmsRules,
}

impl Sms {
    /// Through a gateway, within these rules.
    pub fn new(http: Http, gateway: Gateway, rules: SmsRules) -> Self {
        Self { http, gateway, rules }
    }
}

impl Messenger for Sms {
    fn channel(&self) -> Channel {
        Channel::Sms
    }

    fn destination(&self, _address: &str) -> String {
        self.gateway.origin()
    }

    fn body(&self, notice: &Notice) -> String {
        let b = brief(&notice.head, &notice.stored.content);
        let from = cut(&b.from, NAME, |_| 1);
        if let Content::Confirm(c) = &notice.stored.content
            && let Some(code) = &c.code
        {
            // The code first: that is what a locked telephone shows.
            let lead = format!("{code} is your code for text messages from {from}.");
            return gsm::fit(&lead, "Not you? Do nothing, and nothing is sent.", "");
        }
        // Shapes are no letters.
        let state = b.state.trim_start_matches(|c: char| !c.is_alphanumeric());
        let sentence = |text: &str| match text.trim_end().chars().last() {
            Some('.' | '!' | '?') | None => text.trim().to_owned(),
            Some(_) => format!("{}.", text.trim()),
        };
        let lead = format!("{from}: {} {}", sentence(&b.title), sentence(state));
        let link = b.link.as_ref().map(|(_, url)| url.as_str()).unwrap_or_default();
        if !b.subscribed {
            return gsm::fit(&lead, &words(&b.text), link);
        }
        if self.rules.replies {
            return gsm::fit(&lead, &words(&b.text), &format!("{link} STOP to end"));
        }
        // Where nobody hears a STOP, the link to one's own page is in each message, as long as it will be.
        let own = "m".repeat(notice.public_url.len() + OWN_LINK);
        let message = gsm::fit(&lead, &words(&b.text), &format!("{link} Stop: {own}"));
        message.replace(&own, &MANAGE.to_string())
    }

    fn budget(&self) -> Option<Budget> {
        Some(Budget { per_address: self.rules.per_number, in_all: self.rules.in_all })
    }

    fn send<'a>(&'a self, errand: &'a Errand, body: &'a str, now: Timestamp) -> Boxed<'a, Said> {
        Box::pin(async move {
            let d = &errand.delivery;
            // Who subscribed before a country was taken off the list is not written to either.
            if let Err(why) = self.rules.allow(&d.address) {
                return Said::new(Verdict::Refused, format!("the number {why}"));
            }
            let text = Text { to: &d.address, text: body, id: d.id.as_str() };
            self.gateway.send(&self.http, &text, now).await
        })
    }
}

/// `/m/` and a subscriber's token.
const OWN_LINK: usize = 3 + 32;

/// A text in Markdown as plain words.
pub(in crate::channel) fn words(markdown: &str) -> String {
    let mut out = String::new();
    for event in Parser::new(markdown) {
        match event {
            Event::Text(text) | Event::Code(text) => out.push_str(&text),
            Event::SoftBreak | Event::HardBreak => out.push(' '),
            Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item) => out.push(' '),
            _ => {}
        }
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn markdown_is_read_as_words() {
        let text = "We **switched** to [another](https://x.example) `smtp` server.\n\n- Mails\n- Links";
        assert_eq!(words(text), "We switched to another smtp server. Mails Links");
    }
}

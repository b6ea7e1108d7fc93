//! What an installation decides about its mail.

use amends_model::page::Page;
use amends_model::text;

use crate::channel::Address;
use crate::message::Letterhead;

/// From the configuration; the rest of the letterhead is the page's.
#[derive(Debug, Clone, Default)]
pub struct MailSettings {
    /// Public address without a slash at the end.
    pub public_url: String,
    /// Display name in From; by default the page's name with "Status".
    pub from_name: Option<String>,
    /// Address in From; by default `status@` the public host.
    pub from_address: Option<String>,
    /// Where answers go, if not to From.
    pub reply_to: Option<String>,
    /// Where bounces go, if not to From: `b@bounce.acme.example`.
    pub bounces_to: Option<String>,
    /// The mailbox that reads unsubscribe mails; by default `unsub@` the domain of From. Empty for none.
    pub unsubscribe_by_mail: Option<String>,
    /// Host and port of the mail server, to be shown; none when mail goes to the built-in viewer.
    pub server: Option<String>,
    /// Who is told when mail could not be sent for a while and now can again.
    pub operators: Vec<String>,
    /// Where operators are told at once that mail does not go out, besides: chat rooms, a server of their own.
    pub alarms: Vec<Address>,
    /// How many messages each subscriber gets in an hour at most; what is more comes in one digest. None for no limit.
    pub most_an_hour: Option<usize>,
    /// A mailbox of the operators' own that gets a copy of every broadcast, ahead of everybody else.
    pub canary: Option<String>,
}

impl MailSettings {
    /// Host of the public address, without port.
    pub fn public_host(&self) -> &str {
        let rest = self.public_url.split_once("://").map_or(self.public_url.as_str(), |(_, rest)| rest);
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if host.starts_with('[') {
            return "localhost";
        }
        host.split(':').next().unwrap_or_default()
    }

    /// The address in From.
    pub fn sender(&self) -> String {
        self.from_address.clone().unwrap_or_else(|| format!("status@{}", self.public_host()))
    }

    /// The letterhead for a page.
    pub fn letterhead(&self, page: &Page) -> Letterhead {
        let from_address = self.sender();
        let domain = from_address.rsplit_once('@').map_or("localhost", |(_, d)| d);
        let unsubscribe = self.unsubscribe_by_mail.clone().unwrap_or_else(|| format!("unsub@{domain}"));
        Letterhead {
            page_name: page.name.clone(),
            page_url: self.public_url.clone(),
            page_id: page.id.to_string(),
            from_name: self.from_name.clone(),
            reply_to: self.reply_to.clone(),
            bounces_to: self.bounces_to.clone(),
            unsubscribe_by_mail: Some(unsubscribe).filter(|u| !u.is_empty()),
            zone: page.zone(),
            language: page.language.clone(),
            from_address,
        }
    }
}

/// Reads `status@acme.example` or `Acme Status <status@acme.example>`.
///
/// # Errors
/// What is wrong and how to write it.
pub fn parse_from(written: &str) -> Result<(Option<String>, String), String> {
    let (name, address) = match written.trim().strip_suffix('>').and_then(|t| t.rsplit_once('<')) {
        Some((name, address)) => (name.trim().trim_matches('"').trim(), address),
        None => ("", written),
    };
    let address = text::email("from", address)
        .map_err(|_| "write it as status@example.com or Name <status@example.com>".to_owned())?;
    if name.chars().any(text::is_deceptive) {
        return Err("the name holds a character that cannot be seen; type it again".into());
    }
    Ok((Some(name.to_owned()).filter(|n| !n.is_empty()), address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_are_read_as_people_write_them() {
        let name = |n: &str| Some(n.to_owned());
        assert_eq!(parse_from("Status@Acme.example"), Ok((None, "status@acme.example".into())));
        assert_eq!(parse_from("Acme Status <s@a.example>"), Ok((name("Acme Status"), "s@a.example".into())));
        assert_eq!(
            parse_from("\"Acme, Inc.\" <s@a.example>"),
            Ok((name("Acme, Inc."), "s@a.example".into()))
        );
        for wrong in ["", "Acme", "Acme <x>", "a@b", "A\r\nBcc: x <s@a.example>"] {
            assert!(parse_from(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_sender_follows_the_public_address() {
        let of = |url: &str| MailSettings { public_url: url.into(), ..MailSettings::default() }.sender();
        assert_eq!(of("https://status.acme.example"), "status@status.acme.example");
        assert_eq!(of("http://127.0.0.1:8080"), "status@127.0.0.1");
        assert_eq!(of("http://[::1]:8080"), "status@localhost");
    }
}

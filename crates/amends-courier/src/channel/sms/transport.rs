//! The two ways out for text messages: an API in Twilio's shape, and any gateway that takes a request made from a template.

use amends_egress::{Http, Reply, Request, Target, Trust};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::{Serializer, byte_serialize};
use jiff::Timestamp;
use serde_json::Value;

use super::gsm::{Alphabet, size};
use crate::channel::Said;
use crate::channel::http::{Manners, judge};
use crate::judge::Verdict;
use crate::smtp::Secret;

/// What one of our own servers says about us, not about the number.
const MANNERS: Manners = Manners { gone: &[410], broken: &[401, 402, 403, 404] };

/// How text messages leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gateway {
    /// Twilio, or who speaks as it does (SignalWire).
    Twilio(Twilio),
    /// A request made from a template: Kannel and everything else that speaks HTTP.
    Template(Template),
}

/// An account in Twilio's shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twilio {
    /// Address without a slash at the end: `https://api.twilio.com`.
    pub base: String,
    /// Account id, `AC…`.
    pub account: String,
    /// Its token.
    pub token: Secret,
    /// A number, a name, or the id of a messaging service (`MG…`).
    pub from: String,
    /// Where to report what became of a message, without the delivery's id; none when nobody could reach us.
    pub report_to: Option<String>,
}

/// A request with places: `{to}`, `{text}`, `{from}`, `{id}`, `{coding}` (0 for the GSM alphabet, 2 for others) and
/// `{status_url}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The address.
    pub url: Secret,
    /// The body; without one the request is a GET.
    pub body: Option<Secret>,
    /// Header fields.
    pub headers: Vec<(String, Secret)>,
    /// Who writes.
    pub from: String,
    /// Where to report what became of a message, without the delivery's id; none when nobody could reach us.
    pub report_to: Option<String>,
}

/// One message.
pub(super) struct Text<'a> {
    pub(super) to: &'a str,
    pub(super) text: &'a str,
    pub(super) id: &'a str,
}

/// How a value is written where it is put in.
#[derive(Clone, Copy)]
enum As {
    Form,
    Json,
}

impl Gateway {
    /// Whether it can work at all: said at start, not with the first message.
    ///
    /// # Errors
    /// What is wrong and where.
    pub fn check(&self) -> Result<(), String> {
        let sample = Text { to: "+15005550006", text: "x", id: "abcdefgh0123" };
        let (url, _) = self.address(&sample);
        Target::parse(&url).map_err(|e| format!("the address {e}"))?;
        if let Self::Template(t) = self {
            let anywhere = |place: &str| {
                t.url.expose().contains(place) || t.body.as_ref().is_some_and(|b| b.expose().contains(place))
            };
            for place in ["{to}", "{text}"] {
                if !anywhere(place) {
                    return Err(format!("{place} stands neither in the address nor in the body"));
                }
            }
            if t.body.as_ref().is_some_and(|b| b.expose().trim_start().starts_with('{')) {
                let body = t.filled(t.body.as_ref().map_or("", Secret::expose), &sample, As::Json);
                serde_json::from_str::<Value>(&body).map_err(|e| format!("the body is not JSON: {e}"))?;
            }
        }
        Ok(())
    }

    /// What a breaker is about: the gateway itself.
    pub(super) fn origin(&self) -> String {
        let (url, _) = self.address(&Text { to: "", text: "", id: "" });
        crate::channel::http::origin(&url)
    }

    fn address(&self, text: &Text<'_>) -> (String, &'static str) {
        match self {
            Self::Twilio(t) => {
                (format!("{}/2010-04-01/Accounts/{}/Messages.json", t.base, t.account), "POST")
            }
            Self::Template(t) => {
                let method = if t.body.is_some() { "POST" } else { "GET" };
                (t.filled(t.url.expose(), text, As::Form), method)
            }
        }
    }

    /// Hands one message over. Whatever happens is an answer.
    pub(super) async fn send(&self, http: &Http, text: &Text<'_>, now: Timestamp) -> Said {
        let (url, method) = self.address(text);
        let target = match Target::parse(&url) {
            Ok(target) => target,
            Err(e) => return Said::new(Verdict::ChannelFailure, format!("the gateway's address {e}")),
        };
        let (fields, body) = match self {
            Self::Twilio(t) => t.request(text),
            Self::Template(t) => t.request(text),
        };
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        // The operator chose it: it usually is in their own network.
        let request = Request {
            method,
            target: &target,
            trust: Trust::Operator,
            fields: &fields,
            body: body.as_bytes(),
        };
        let mut result = http.send(request).await;
        let mut meant = None;
        if let (Self::Twilio(_), Ok(reply)) = (self, &mut result) {
            meant = read(reply);
        }
        let mut said = judge(result, &target, MANNERS, now);
        said.verdict = meant.unwrap_or(said.verdict);
        said.words = self.without_secrets(said.words);
        said
    }

    /// A gateway may repeat what it was sent.
    fn without_secrets(&self, words: String) -> String {
        let secrets: Vec<String> = match self {
            Self::Twilio(t) => vec![t.token.expose().to_owned(), t.credentials()],
            Self::Template(t) => {
                let of_url =
                    t.url.expose().split(['?', '&', '=', '/']).filter(|p| p.len() >= 6 && !p.contains('{'));
                let of_fields =
                    t.headers.iter().flat_map(|(_, v)| v.expose().split(' ')).filter(|p| p.len() >= 6);
                of_url.chain(of_fields).map(str::to_owned).collect()
            }
        };
        secrets
            .iter()
            .filter(|s| !s.is_empty())
            .fold(words, |words, secret| words.replace(secret.as_str(), "…"))
    }
}

impl Twilio {
    fn credentials(&self) -> String {
        STANDARD.encode(format!("{}:{}", self.account, self.token.expose()))
    }

    fn request(&self, text: &Text<'_>) -> (Vec<(String, String)>, String) {
        let sender =
            if self.from.len() == 34 && self.from.starts_with("MG") { "MessagingServiceSid" } else { "From" };
        let mut form = Serializer::new(String::new());
        form.append_pair("To", text.to).append_pair(sender, &self.from).append_pair("Body", text.text);
        if let Some(report_to) = &self.report_to {
            form.append_pair("StatusCallback", &format!("{report_to}{}", text.id));
        }
        let fields = vec![
            ("Authorization".into(), format!("Basic {}", self.credentials())),
            ("Content-Type".into(), "application/x-www-form-urlencoded".into()),
        ];
        (fields, form.finish())
    }
}

impl Template {
    fn filled(&self, template: &str, text: &Text<'_>, how: As) -> String {
        let write = |value: &str| match how {
            // %20 and not +, which only forms know.
            As::Form => byte_serialize(value.as_bytes()).collect::<String>().replace('+', "%20"),
            As::Json => {
                let quoted = Value::from(value).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            }
        };
        let status = self.report_to.as_ref().map(|to| format!("{to}{}", text.id)).unwrap_or_default();
        let coding = if size(text.text).0 == Alphabet::Gsm { "0" } else { "2" };
        let places = [
            ("{to}", text.to),
            ("{text}", text.text),
            ("{from}", &self.from),
            ("{id}", text.id),
            ("{coding}", coding),
            ("{status_url}", &status),
        ];
        // One pass: what a place is filled with is never looked at again.
        let mut out = String::with_capacity(template.len() + text.text.len() * 3);
        let mut rest = template;
        while let Some(at) = rest.find('{') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            match places.iter().find(|(place, _)| rest.starts_with(place)) {
                Some((place, value)) => {
                    out.push_str(&write(value));
                    rest = &rest[place.len()..];
                }
                None => {
                    out.push('{');
                    rest = &rest[1..];
                }
            }
        }
        out.push_str(rest);
        out
    }

    fn request(&self, text: &Text<'_>) -> (Vec<(String, String)>, String) {
        let mut fields: Vec<(String, String)> =
            self.headers.iter().map(|(n, v)| (n.clone(), v.expose().to_owned())).collect();
        let Some(body) = &self.body else { return (fields, String::new()) };
        let is_json = body.expose().trim_start().starts_with('{');
        if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            let kind = if is_json { "application/json" } else { "application/x-www-form-urlencoded" };
            fields.push(("Content-Type".into(), kind.into()));
        }
        (fields, self.filled(body.expose(), text, if is_json { As::Json } else { As::Form }))
    }
}

/// What Twilio's answer means beyond its status; puts its words where they can be read.
fn read(reply: &mut Reply) -> Option<Verdict> {
    let json: Value = serde_json::from_slice(&reply.body).ok()?;
    let code = json["code"].as_i64().or(json["error_code"].as_i64());
    let word = json["message"].as_str().or(json["error_message"].as_str()).or(json["status"].as_str());
    let words: Vec<String> = code.map(|c| c.to_string()).into_iter().chain(word.map(str::to_owned)).collect();
    reply.body = words.join(" ").into_bytes();
    code.and_then(meaning)
}

/// What an error of Twilio's means; none for what only its status tells.
pub fn meaning(code: i64) -> Option<Verdict> {
    match code {
        // Opted out; not a number; not a mobile one.
        21610 | 21211 | 21214 | 21217 | 21614 | 30005 | 30006 => Some(Verdict::HardBounce),
        // The account: wrong token, suspended, a sender that is not ours, no money.
        20003 | 20005 | 21212 | 21603 | 21606 | 21659 | 21660 | 30002 | 90010 => {
            Some(Verdict::ChannelFailure)
        }
        // Busy.
        14107 | 20429 | 21611 | 30001 | 30003 | 30017 | 30022 => Some(Verdict::TryLater),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(url: &str, body: Option<&str>) -> Template {
        Template {
            url: Secret::new(url),
            body: body.map(Secret::new),
            headers: vec![("X-Key".into(), Secret::new("verysecretkey"))],
            from: "Acme".into(),
            report_to: Some("https://status.acme.example/hooks/sms/k/status/".into()),
        }
    }

    const TEXT: Text<'_> = Text { to: "+491512345678", text: "a \"b\" {to} & c?", id: "abcdefgh0123" };

    #[test]
    fn kannels_address_is_made_from_a_template() {
        let kannel = "http://localhost:13013/cgi-bin/sendsms?username=u&password=p&from={from}&to={to}&text={text}\
                      &charset=UTF-8&coding={coding}&dlr-mask=31&dlr-url={status_url}%3Fstate%3D%25d";
        let gateway = Gateway::Template(template(kannel, None));
        gateway.check().unwrap();
        let (url, method) = gateway.address(&TEXT);
        assert_eq!(method, "GET");
        assert_eq!(
            url,
            "http://localhost:13013/cgi-bin/sendsms?username=u&password=p&from=Acme&to=%2B491512345678\
             &text=a%20%22b%22%20%7Bto%7D%20%26%20c%3F&charset=UTF-8&coding=0&dlr-mask=31\
             &dlr-url=https%3A%2F%2Fstatus.acme.example%2Fhooks%2Fsms%2Fk%2Fstatus%2Fabcdefgh0123%3Fstate%3D%25d"
        );
    }

    #[test]
    fn bodies_are_forms_or_json() {
        let t = template("https://sms.example/send", Some(r#"{"to": "{to}", "text": "{text}"}"#));
        Gateway::Template(t.clone()).check().unwrap();
        let (fields, body) = t.request(&TEXT);
        let json: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((json["to"].as_str(), json["text"].as_str()), (Some(TEXT.to), Some(TEXT.text)));
        assert!(fields.contains(&("Content-Type".into(), "application/json".into())));
        let t = template("https://sms.example/send", Some("to={to}&text={text}"));
        assert!(t.request(&TEXT).1.starts_with("to=%2B49"));
        for (url, body, says) in [
            ("https://sms.example/send?to={to}", None, "{text}"),
            ("nowhere?{to}{text}", None, "https://"),
            ("https://sms.example/send", Some(r#"{"to": "{to}", "text": {text}}"#), "not JSON"),
        ] {
            let why = Gateway::Template(template(url, body)).check().unwrap_err();
            assert!(why.contains(says), "{url}: {why}");
        }
    }

    #[test]
    fn twilios_request_has_its_shape() {
        let mut t = Twilio {
            base: "https://api.twilio.com".into(),
            account: "AC1".into(),
            token: Secret::new("tok"),
            from: "+15005550006".into(),
            report_to: Some("https://s.example/hooks/sms/twilio/status/".into()),
        };
        let (fields, body) = t.request(&TEXT);
        assert_eq!(fields[0].1, format!("Basic {}", STANDARD.encode("AC1:tok")));
        let form: Vec<(String, String)> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let names: Vec<&str> = form.iter().map(|(n, _)| n.as_str()).collect();
        assert_eq!(names, ["To", "From", "Body", "StatusCallback"]);
        assert!(form[3].1.ends_with("/status/abcdefgh0123"));
        t.from = format!("MG{}", "0".repeat(32));
        assert!(t.request(&TEXT).1.contains("MessagingServiceSid=MG"));
    }
}

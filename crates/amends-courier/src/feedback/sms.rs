//! What gateways for text messages report, and what people answer: Twilio's forms with its signature, and the same fields
//! from any other gateway, which shows a secret in the address that it was given.

use aws_lc_rs::hmac;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Untaken;
use crate::channel::sms_meaning;
use crate::judge::Verdict;
use crate::smtp::Secret;

/// The name in our addresses under which Twilio reports.
pub const TWILIO: &str = "twilio";

/// A request of a gateway as it came.
pub struct SmsPost<'a> {
    /// Who it says it is: the part of the address after `/hooks/sms/`.
    pub by: &'a str,
    /// The whole public address that was asked, with its query.
    pub url: &'a str,
    /// The fields of the form.
    pub form: &'a [(String, String)],
    /// The fields of the query.
    pub query: &'a [(String, String)],
    /// `X-Twilio-Signature`.
    pub signature: Option<&'a str>,
    /// `X-Twilio-Webhooks-Signature-Settings`.
    pub signature_settings: Option<&'a str>,
}

/// Who may report.
#[derive(Debug, Clone, Default)]
pub struct SmsDesk {
    /// The account's token, when the gateway is Twilio's kind.
    pub twilio_token: Option<Secret>,
    /// Name and secret of the shared key that Twilio signs with instead, if one was made.
    pub twilio_key: Option<(String, Secret)>,
    /// What any other gateway shows in its addresses.
    pub secret: Option<Secret>,
}

/// What somebody wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyword {
    /// To hear nothing any more.
    Stop,
    /// To hear again.
    Start,
    /// What this is.
    Help,
    /// Anything else.
    Other,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmsFate {
    /// The telephone has it.
    Delivered,
    /// It does not get it.
    Failed,
    /// There is no such telephone.
    Bounced,
    /// Its owner opted out.
    OptedOut,
    /// On its way.
    Underway,
}

impl SmsDesk {
    /// Finds out whether a request is from who it says.
    ///
    /// # Errors
    /// [`Untaken::Unsigned`].
    pub fn check(&self, post: &SmsPost<'_>) -> Result<(), Untaken> {
        if post.by != TWILIO {
            let secret =
                self.secret.as_ref().ok_or(Untaken::Unsigned("no secret is configured for gateways"))?;
            return match super::desk::same(post.by.as_bytes(), secret.expose().as_bytes()) {
                true => Ok(()),
                false => Err(Untaken::Unsigned("the secret in its address is wrong")),
            };
        }
        let token =
            self.twilio_token.as_ref().ok_or(Untaken::Unsigned("no account of Twilio is configured"))?;
        let signature = post.signature.and_then(|s| STANDARD.decode(s.trim()).ok());
        let signature = signature.ok_or(Untaken::Unsigned("X-Twilio-Signature is missing"))?;
        let mut sorted: Vec<_> = post.form.iter().collect();
        sorted.sort();
        sorted.dedup();
        let mut signed = post.url.to_owned();
        for (name, value) in sorted {
            signed.push_str(name);
            signed.push_str(value);
        }
        let key = match post.signature_settings {
            None => hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.expose().as_bytes()),
            Some(settings) => {
                let (name, key) = self
                    .twilio_key
                    .as_ref()
                    .ok_or(Untaken::Unsigned("it is signed with a key that is not configured"))?;
                let has = |part: &str| settings.split(',').any(|p| p.trim() == part);
                if !has(&format!("key={name}")) || !has("algorithm=HMAC_SHA256") {
                    return Err(Untaken::Unsigned(
                        "it is signed with another key or in another way than the configured one",
                    ));
                }
                hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes())
            }
        };
        hmac::verify(&key, signed.as_bytes(), &signature)
            .map_err(|_| Untaken::Unsigned("it does not belong to this token and address"))
    }
}

/// What an answer asks for: the words that carriers everywhere take, whatever their case.
pub fn keyword(text: &str) -> Keyword {
    let word: String = text.trim().trim_end_matches(['.', '!']).to_uppercase();
    match word.as_str() {
        "STOP" | "STOPALL" | "UNSUBSCRIBE" | "CANCEL" | "END" | "QUIT" | "REVOKE" | "OPTOUT" | "STOP ALL" => {
            Keyword::Stop
        }
        "START" | "YES" | "UNSTOP" => Keyword::Start,
        "HELP" | "INFO" => Keyword::Help,
        _ => Keyword::Other,
    }
}

fn field<'a>(fields: &'a [(String, String)], names: &[&str]) -> Option<&'a str> {
    let named =
        |name: &&str| fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.trim());
    names.iter().find_map(named).filter(|v| !v.is_empty())
}

/// The number and the words of an answer, and whether the gateway answered it itself.
///
/// # Errors
/// [`Untaken::Unreadable`], when it has no number.
pub fn read_answer(fields: &[(String, String)]) -> Result<(String, String, bool), Untaken> {
    let from = field(fields, &["From", "sender", "msisdn"]);
    let from = from.ok_or_else(|| Untaken::Unreadable("the field From is missing".into()))?;
    // A + that nobody encoded is a space.
    let from = if from.starts_with('+') { from.to_owned() } else { format!("+{from}") };
    let from = crate::channel::sms_number(&from).map_err(|why| Untaken::Unreadable(format!("From {why}")))?;
    let text = field(fields, &["Body", "text", "message"]).unwrap_or_default();
    Ok((from, text.to_owned(), field(fields, &["OptOutType"]).is_some()))
}

/// What became of a message, and in whose words. Kannel's numbers (1, 2, 4, 8, 16) and SMPP's words are understood, too.
///
/// # Errors
/// [`Untaken::Unreadable`], when it does not say.
pub fn read_status(fields: &[(String, String)]) -> Result<(SmsFate, String), Untaken> {
    let status = field(fields, &["MessageStatus", "SmsStatus", "status", "state", "stat"]);
    let status =
        status.ok_or_else(|| Untaken::Unreadable("the field MessageStatus (or state) is missing".into()))?;
    let code = field(fields, &["ErrorCode", "error_code"]).filter(|c| *c != "0");
    let fate = match status.to_ascii_lowercase().as_str() {
        "delivered" | "read" | "delivrd" | "1" => SmsFate::Delivered,
        "undelivered" | "failed" | "canceled" | "2" | "16" | "undeliv" | "expired" | "deleted"
        | "rejected" | "rejectd" => match code.and_then(|c| c.parse().ok()) {
            Some(21610) => SmsFate::OptedOut,
            Some(code) if sms_meaning(code) == Some(Verdict::HardBounce) => SmsFate::Bounced,
            _ => SmsFate::Failed,
        },
        _ => SmsFate::Underway,
    };
    let code = code.map(|c| format!(", error {c}")).unwrap_or_default();
    let said: String = format!("the gateway reported: {status}{code}")
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect();
    Ok((fate, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";

    fn desk() -> SmsDesk {
        SmsDesk {
            twilio_token: Some(Secret::new("12345")),
            twilio_key: Some(("KY1".into(), Secret::new("shared"))),
            secret: Some(Secret::new("a-long-secret-of-ours")),
        }
    }

    fn form() -> Vec<(String, String)> {
        [
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
        ]
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .to_vec()
    }

    fn post<'a>(by: &'a str, form: &'a [(String, String)], signature: Option<&'a str>) -> SmsPost<'a> {
        SmsPost { by, url: URL, form, query: &[], signature, signature_settings: None }
    }

    /// The example in Twilio's own documentation.
    #[test]
    fn twilios_own_example_is_taken_and_nothing_else() {
        let (desk, mut form) = (desk(), form());
        let signature = Some("RSOYDt4T1cUTdK1PDd93/VVr8B8=");
        form.reverse();
        assert_eq!(desk.check(&post(TWILIO, &form, signature)), Ok(()));
        for (signature, url) in
            [(None, URL), (Some("ASOYDt4T1cUTdK1PDd93/VVr8B8="), URL), (signature, "https://mycompany.com/")]
        {
            assert!(
                desk.check(&SmsPost { url, ..post(TWILIO, &form, signature) }).is_err(),
                "{signature:?} {url}"
            );
        }
        form[0].1.push('0');
        assert!(desk.check(&post(TWILIO, &form, signature)).is_err());
        assert!(SmsDesk::default().check(&post(TWILIO, &form, signature)).is_err());
    }

    #[test]
    fn a_shared_key_signs_by_sha_256() {
        let form = form();
        let mut signed = URL.to_owned();
        for (name, value) in &form {
            signed += &format!("{name}{value}");
        }
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"shared"), signed.as_bytes());
        let signature = STANDARD.encode(tag);
        let with = |settings| SmsPost {
            signature_settings: Some(settings),
            ..post(TWILIO, &form, Some(&signature))
        };
        assert_eq!(desk().check(&with("key=KY1,algorithm=HMAC_SHA256")), Ok(()));
        for wrong in ["key=KY2,algorithm=HMAC_SHA256", "key=KY1,algorithm=HMAC_SHA1", ""] {
            assert!(desk().check(&with(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn other_gateways_show_the_secret() {
        assert_eq!(desk().check(&post("a-long-secret-of-ours", &[], None)), Ok(()));
        assert!(desk().check(&post("a-long-secret-of-theirs", &[], None)).is_err());
        assert!(SmsDesk::default().check(&post("", &[], None)).is_err());
    }

    #[test]
    fn answers_are_read() {
        use Keyword::{Help, Other, Start, Stop};
        let words = [
            (" stop ", Stop),
            ("Unsubscribe", Stop),
            ("STOP.", Stop),
            ("yes", Start),
            ("Info", Help),
            ("", Other),
            ("stop it", Other),
        ];
        for (text, expected) in words {
            assert_eq!(keyword(text), expected, "{text}");
        }
        let fields = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Vec<_>>()
        };
        let read = read_answer(&fields(&[("from", " 491512345678"), ("text", "Stop")])).unwrap();
        assert_eq!(read, ("+491512345678".into(), "Stop".into(), false));
        assert!(read_answer(&fields(&[("text", "Stop")])).is_err());
        for (pairs, expected) in [
            (&[("MessageStatus", "delivered")][..], SmsFate::Delivered),
            (&[("MessageStatus", "undelivered"), ("ErrorCode", "30003")], SmsFate::Failed),
            (&[("MessageStatus", "failed"), ("ErrorCode", "21610")], SmsFate::OptedOut),
            (&[("MessageStatus", "failed"), ("ErrorCode", "30005")], SmsFate::Bounced),
            (&[("MessageStatus", "sent")], SmsFate::Underway),
            (&[("state", "1")], SmsFate::Delivered),
            (&[("state", "16")], SmsFate::Failed),
            (&[("state", "8")], SmsFate::Underway),
            (&[("stat", "UNDELIV")], SmsFate::Failed),
        ] {
            assert_eq!(read_status(&fields(pairs)).unwrap().0, expected, "{pairs:?}");
        }
        assert!(read_status(&[]).is_err());
    }
}

//! Wiring of text messages: from configuration to a gateway and its rules.

use crate::cli::Failure;
use crate::config::Config;
use amends_courier::channel::{Gateway, SmsRules, Template, Twilio};
use amends_courier::feedback::{SmsDesk, TWILIO};
use amends_courier::smtp::Secret;

/// What the configuration decides about text messages, read and checked.
pub struct Phones {
    /// The way out.
    pub gateway: Gateway,
    /// What may be spent, and on whom.
    pub rules: SmsRules,
    /// Who may report.
    pub desk: SmsDesk,
}

/// Most of what may be sent in a day, unless the configuration says otherwise.
const MESSAGES_PER_DAY: u32 = 10_000;
const MESSAGES_PER_NUMBER: u32 = 30;
const CODES_PER_DAY: u32 = 200;
/// A shorter secret could be guessed.
const SECRET: usize = 16;

/// Reads it; none when no gateway is set. What cannot work is said now, not with the first message.
pub fn phones(config: &Config) -> Result<Option<Phones>, Failure> {
    let sms = &config.sms;
    let wrong = |key: &str, why: &str| Failure::usage(format!("sms.{key}: {why}"));
    let secret = sms.secret.as_deref().map(Secret::new);
    if let Some(secret) = &secret {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if secret.expose().len() < SECRET || !secret.expose().bytes().all(plain) {
            return Err(wrong(
                "secret",
                "takes at least 16 letters, digits, - and _, because it stands in addresses",
            ));
        }
    }
    let report_to = |by: &str| {
        // From outside, nothing but https is a way to reach us; a gateway on this machine takes what there is.
        let reachable = by != TWILIO || config.is_https();
        reachable.then(|| format!("{}/hooks/sms/{by}/status/", config.public_url))
    };
    let from = sms.from.clone().unwrap_or_default();
    let gateway = match (&sms.twilio_account, &sms.url) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(wrong("url", "cannot be set together with sms.twilio_account; choose one gateway"));
        }
        (Some(account), None) => {
            let token = sms
                .twilio_token
                .as_deref()
                .ok_or_else(|| wrong("twilio_token", "is missing; it belongs to sms.twilio_account"))?;
            if !account.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
                return Err(wrong("twilio_account", "holds a character that no account id has"));
            }
            let base = sms.twilio_url.as_deref().unwrap_or("https://api.twilio.com");
            Gateway::Twilio(Twilio {
                base: base.trim_end_matches('/').to_owned(),
                account: account.clone(),
                token: Secret::new(token),
                from: from.clone(),
                report_to: report_to(TWILIO),
            })
        }
        (None, Some(url)) => Gateway::Template(Template {
            url: Secret::new(url),
            body: sms.body.as_deref().map(Secret::new),
            headers: headers(&sms.headers).map_err(|why| wrong("headers", &why))?,
            from: from.clone(),
            report_to: secret.as_ref().and_then(|s| report_to(s.expose())),
        }),
    };
    let key = if sms.url.is_some() { "url" } else { "twilio_url" };
    gateway.check().map_err(|why| wrong(key, &why))?;
    if from.is_empty() && sms.twilio_account.is_some() {
        return Err(wrong("from", "is missing: the number that messages come from"));
    }
    let countries = SmsRules::read_countries(&sms.countries).map_err(|why| wrong("countries", &why))?;
    let twilio_key = match sms.twilio_key.as_deref() {
        None => None,
        Some(key) => {
            let (name, secret) =
                key.split_once(':').ok_or_else(|| wrong("twilio_key", "is written as name:secret"))?;
            Some((name.to_owned(), Secret::new(secret)))
        }
    };
    let rules = SmsRules {
        countries,
        codes_per_day: sms.codes_per_day.unwrap_or(CODES_PER_DAY).into(),
        per_number: sms.messages_per_number.unwrap_or(MESSAGES_PER_NUMBER).into(),
        in_all: sms.messages_per_day.unwrap_or(MESSAGES_PER_DAY).into(),
        replies: sms.twilio_account.is_some() || secret.is_some(),
    };
    let twilio_token = sms.twilio_account.as_ref().and(sms.twilio_token.as_deref()).map(Secret::new);
    Ok(Some(Phones { gateway, rules, desk: SmsDesk { twilio_token, twilio_key, secret } }))
}

fn headers(written: &[String]) -> Result<Vec<(String, Secret)>, String> {
    let read = |line: &String| {
        let (name, value) = line.split_once(':')?;
        let token = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let fine = !name.is_empty() && name.bytes().all(token) && !value.chars().any(char::is_control);
        fine.then(|| (name.to_owned(), Secret::new(value.trim())))
    };
    let each =
        written.iter().map(|line| read(line).ok_or_else(|| "each is written as ‘Name: value’".to_owned()));
    each.collect()
}

//! Posting, and what the answer means: the same for every channel that goes by HTTP.

use amends_egress::{Http, HttpError, Reply, Request, Target, Trust};
use jiff::{SignedDuration, Timestamp};

use super::Said;
use crate::judge::Verdict;

/// Most characters of the other side's words that are kept.
const WORDS: usize = 300;

/// What the answers of one kind of server mean, where they differ from everybody else's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manners {
    /// Statuses that say that the address is gone for good.
    pub(super) gone: &'static [u16],
    /// Statuses that are about us and not about the address: a login that is not taken.
    pub(super) broken: &'static [u16],
}

/// The origin of an address (in its one spelling, as addresses are kept), which is what one breaker is about.
pub(super) fn origin(address: &str) -> String {
    let host = address.find("://").map_or(0, |at| at + 3);
    let end = address[host..].find(['/', '?', '#']).map_or(address.len(), |at| host + at);
    address[..end].to_owned()
}

/// Posts a body to an address that a subscriber named.
pub(super) async fn post(
    http: &Http,
    address: &str,
    fields: &[(&str, &str)],
    body: &[u8],
    manners: Manners,
    now: Timestamp,
) -> Said {
    let target = match Target::parse(address) {
        Ok(target) => target,
        Err(e) => return Said::new(Verdict::Refused, format!("the address {e}")),
    };
    let request = Request { method: "POST", target: &target, trust: Trust::Visitor, fields, body };
    judge(http.send(request).await, &target, manners, now)
}

/// Judges an answer, or that there was none.
pub(super) fn judge(
    result: Result<Reply, HttpError>,
    target: &Target,
    manners: Manners,
    now: Timestamp,
) -> Said {
    let reply = match result {
        Ok(reply) => reply,
        Err(error) => {
            use amends_egress::DialError;
            let verdict = match &error {
                // Nobody but the owner of the address can mend that, and asking again is what an attacker wants.
                HttpError::Dial(DialError::Refused(_)) => Verdict::Refused,
                HttpError::Dial(_) => Verdict::TryLater,
                _ => Verdict::Unknown,
            };
            let answered = matches!(verdict, Verdict::Refused);
            return Said { answered, ..Said::new(verdict, error.to_string()) };
        }
    };
    let verdict = match reply.status {
        200..=299 => Verdict::Accepted,
        status if manners.gone.contains(&status) => Verdict::HardBounce,
        status if manners.broken.contains(&status) => Verdict::ChannelFailure,
        408 | 421 | 425 | 429 | 500..=599 => Verdict::TryLater,
        _ => Verdict::Refused,
    };
    let after = reply.retry_after.as_deref().and_then(|text| pause(text, now));
    Said { after, ..Said::new(verdict, words(&reply, target)) }
}

/// `Retry-After`: seconds, or a date.
fn pause(text: &str, now: Timestamp) -> Option<SignedDuration> {
    if let Ok(seconds) = text.trim().parse::<f64>() {
        return (seconds.is_finite() && seconds >= 0.0)
            .then(|| SignedDuration::from_secs(seconds.ceil().min(1e9) as i64));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(at.duration_since(now)).filter(|d| d.is_positive())
}

/// Status and the beginning of what was said. A server may repeat what it was sent, so the address's path, which may be a
/// key, and anything that looks like one of ours is taken out.
fn words(reply: &Reply, target: &Target) -> String {
    let mut out = format!("HTTP {}", reply.status);
    if (300..400).contains(&reply.status) {
        let to = reply.location.as_deref().and_then(|l| Target::parse(l).ok());
        let to = to.map(|t| format!(" to {}", t.host())).unwrap_or_default();
        out.push_str(&format!(
            ": it redirects{to}, which is not followed; give the address that it leads to"
        ));
        return out;
    }
    let text = String::from_utf8_lossy(&reply.body);
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let clean = clean.split_whitespace().map(|word| hidden(word, target)).collect::<Vec<_>>().join(" ");
    if !clean.is_empty() && !clean.starts_with('<') {
        out.push_str(": ");
        out.push_str(&crate::message::cut(&clean, WORDS, |_| 1));
    }
    out
}

fn hidden(word: &str, target: &Target) -> String {
    let secret = ["whsec_", "v1,", "amd", "eyJ"]
        .iter()
        .any(|begin| word.find(begin).is_some_and(|at| word[at..].len() > 24));
    let (path, _) = target.path().split_once('?').unwrap_or((target.path(), ""));
    let parts = target.path().split(['/', '?', '&', '=']).filter(|p| p.len() >= 8);
    let echoes = path.len() > 1 && word.contains(path) || parts.into_iter().any(|part| word.contains(part));
    if secret || echoes { "…".into() } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_those_of_targets() {
        for address in ["https://example.com/hook?a=b", "http://127.0.0.1:8080/", "https://[2001:db8::1]/a"] {
            assert_eq!(origin(address), Target::parse(address).unwrap().origin());
        }
    }

    #[test]
    fn pauses_are_seconds_or_dates() {
        let now: Timestamp = "2026-11-20T15:00:00Z".parse().unwrap();
        assert_eq!(pause("120", now), Some(SignedDuration::from_secs(120)));
        assert_eq!(pause("0.3", now), Some(SignedDuration::from_secs(1)));
        assert_eq!(pause("Fri, 20 Nov 2026 15:01:00 GMT", now), Some(SignedDuration::from_secs(60)));
        for odd in ["soon", "-1", "NaN", "Fri, 20 Nov 2026 14:00:00 GMT", ""] {
            assert_eq!(pause(odd, now), None, "{odd}");
        }
    }

    #[test]
    fn what_a_server_repeats_of_our_secrets_is_not_kept() {
        let target =
            Target::parse("https://hooks.example.com/services/T000/B000/abcdefgh12345678?key=verysecret1")
                .unwrap();
        let reply = |body: &str| Reply {
            status: 500,
            retry_after: None,
            location: None,
            body: body.as_bytes().to_vec(),
            whole: true,
        };
        let said = words(
            &reply(
                "POST /services/T000/B000/abcdefgh12345678?key=verysecret1 failed\r\n\u{0}whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw verysecret1 really",
            ),
            &target,
        );
        assert_eq!(said, "HTTP 500: POST … failed … … really");
        assert_eq!(words(&reply("<html>much</html>"), &target), "HTTP 500", "pages are for browsers");
        assert!(words(&reply(&"日".repeat(9_000)), &target).chars().count() <= WORDS + 10);
    }
}

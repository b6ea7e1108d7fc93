//! The links that are one subscriber's alone. Stateless: an id and a code that only this installation can make, so a
//! link in a mail of last year still unsubscribes, and nothing has to be stored for it.

use std::fmt::Write;

use amends_model::SubscriberId;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

/// Where the confirmation leads: `{public address}/s/{token}`. GET shows, POST confirms.
pub const CONFIRM_PATH: &str = "s";
/// Where a subscriber chooses: `{public address}/m/{token}`.
pub const MANAGE_PATH: &str = "m";
/// Where a subscriber leaves: `{public address}/u/{token}`. GET shows, POST leaves (RFC 8058).
pub const UNSUBSCRIBE_PATH: &str = "u";

/// Bytes of the code: 120 bits, 20 characters.
const CODE: usize = 15;
const ID: usize = amends_model::ID_LENGTH;
/// Characters of the time in a confirmation: minutes since 1970 in base 36.
const TIME: usize = 6;

/// Makes and reads the links.
#[derive(Clone)]
pub struct Links {
    base: String,
    /// With the installation's secret in it.
    keyed: Hmac<Sha256>,
}

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Nobody here made it.
    #[error("this link is not one of ours")]
    Unknown,
    /// It was made too long ago.
    #[error("this link is too old")]
    Expired,
}

impl Links {
    /// `base` is the public address without a slash at the end; `secret` is the installation's, 32 random bytes.
    pub fn new(base: &str, secret: &[u8]) -> Self {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let keyed = Hmac::new_from_slice(secret).expect("any length of key");
        Self { base: base.trim_end_matches('/').to_owned(), keyed }
    }

    fn mac(&self, purpose: &str, what: &[&str]) -> Hmac<Sha256> {
        let mut mac = self.keyed.clone();
        mac.update(purpose.as_bytes());
        mac.update(b":");
        what.iter().for_each(|part| mac.update(part.as_bytes()));
        mac
    }

    fn token(&self, purpose: &str, what: &str) -> String {
        let code = self.mac(purpose, &[what]).finalize().into_bytes();
        let mut token = String::with_capacity(what.len() + CODE * 4 / 3);
        token.push_str(what);
        URL_SAFE_NO_PAD.encode_string(&code[..CODE], &mut token);
        token
    }

    /// What the token stands for, if it is one of ours for this purpose; compared in constant time.
    fn read<'a>(&self, purpose: &str, token: &'a str, length: usize) -> Option<&'a str> {
        let (what, code) = token.split_at_checked(length)?;
        let code = URL_SAFE_NO_PAD.decode(code).ok().filter(|c| c.len() == CODE)?;
        self.mac(purpose, &[what]).verify_truncated_left(&code).ok().map(|()| what)
    }

    /// The token of a subscriber's own pages.
    pub fn subscriber_token(&self, id: &SubscriberId) -> String {
        self.token("subscriber", id.as_str())
    }

    /// Whose pages a token opens.
    ///
    /// # Errors
    /// When it is not one of ours.
    pub fn subscriber(&self, token: &str) -> Result<SubscriberId, TokenError> {
        let id = self.read("subscriber", token, ID).ok_or(TokenError::Unknown)?;
        id.parse().map_err(|_| TokenError::Unknown)
    }

    /// The token that confirms a subscription until `until`.
    pub fn confirm_token(&self, id: &SubscriberId, until: Timestamp) -> String {
        self.token("confirm", &format!("{id}{}", minutes(until)))
    }

    /// Which subscription a token confirms.
    ///
    /// # Errors
    /// When it is not one of ours, or too old.
    pub fn confirmed(&self, token: &str, now: Timestamp) -> Result<SubscriberId, TokenError> {
        let what = self.read("confirm", token, ID + TIME).ok_or(TokenError::Unknown)?;
        let (id, until) = what.split_at(ID);
        // Text of fixed length in base 36 sorts like the number.
        if until < minutes(now).as_str() {
            return Err(TokenError::Expired);
        }
        id.parse().map_err(|_| TokenError::Unknown)
    }

    /// The secret that an endpoint's messages are signed with: 32 bytes that only this installation can make. Nothing is
    /// stored for it; renewing it is counting on.
    pub fn signing_secret(&self, id: &SubscriberId, generation: i64) -> [u8; 32] {
        self.mac("signing secret", &[id.as_str(), ":", &generation.to_string()])
            .finalize()
            .into_bytes()
            .into()
    }

    /// The secret of the key that push services know us by: 32 bytes that only this installation can make. `n` tells it from
    /// others that are needed beside it.
    pub fn push_key(&self, n: u32) -> [u8; 32] {
        self.mac("push key", &[&n.to_string()]).finalize().into_bytes().into()
    }

    /// The code of six digits that belongs to an id: whoever can type it in got the message with it.
    pub fn code(&self, id: &str) -> String {
        let digest = self.mac("code", &[id]).finalize().into_bytes();
        let number = digest.iter().take(8).fold(0u64, |n, byte| n << 8 | u64::from(*byte));
        format!("{:06}", number % 1_000_000)
    }

    /// Address of the page that confirms.
    pub fn confirm_url(&self, token: &str) -> String {
        self.url(CONFIRM_PATH, token)
    }

    /// Address of the page to choose.
    pub fn manage_url(&self, token: &str) -> String {
        self.url(MANAGE_PATH, token)
    }

    /// Address to leave.
    pub fn unsubscribe_url(&self, token: &str) -> String {
        self.url(UNSUBSCRIBE_PATH, token)
    }

    fn url(&self, path: &str, token: &str) -> String {
        [&self.base, "/", path, "/", token].concat()
    }
}

fn minutes(at: Timestamp) -> String {
    let mut n = at.as_second().max(0) / 60;
    let mut digits = [b'0'; TIME];
    for place in digits.iter_mut().rev() {
        *place = b"0123456789abcdefghijklmnopqrstuvwxyz"[(n % 36) as usize];
        n /= 36;
    }
    let mut out = String::with_capacity(TIME);
    for d in digits {
        // Writing to a String cannot fail.
        let _ = write!(out, "{}", d as char);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links() -> Links {
        Links::new("https://status.acme.example/", &[7; 32])
    }

    fn id() -> SubscriberId {
        "abcdefgh0123".parse().unwrap()
    }

    #[test]
    fn a_token_opens_one_subscription_and_cannot_be_made_up() {
        let token = links().subscriber_token(&id());
        assert_eq!(token.len(), 32);
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{token}");
        assert_eq!(links().subscriber(&token), Ok(id()));
        assert_eq!(links().unsubscribe_url(&token), format!("https://status.acme.example/u/{token}"));
        assert_eq!(Links::new("x", &[8; 32]).subscriber(&token), Err(TokenError::Unknown), "another secret");
        for n in 0..token.len() {
            let mut wrong = token.clone().into_bytes();
            wrong[n] = if wrong[n] == b'a' { b'b' } else { b'a' };
            assert!(links().subscriber(std::str::from_utf8(&wrong).unwrap()).is_err(), "place {n}");
        }
        for wrong in ["", "x", "abcdefgh0123", "é".repeat(16).as_str(), &token[..31], &format!("{token}a")] {
            assert_eq!(links().subscriber(wrong), Err(TokenError::Unknown), "{wrong}");
        }
    }

    #[test]
    fn a_code_belongs_to_its_id() {
        let code = links().code("abc");
        assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()), "{code}");
        assert_eq!(code, links().code("abc"));
        assert!(code != links().code("abd") || code != links().code("abe"));
        assert_ne!(Links::new("x", &[8; 32]).code("abc"), code, "another secret");
    }

    #[test]
    fn a_confirmation_ends_and_opens_nothing_else() {
        let until = Timestamp::from_second(1_800_000_000).unwrap();
        let token = links().confirm_token(&id(), until);
        let at = |seconds: i64| Timestamp::from_second(1_800_000_000 + seconds).unwrap();
        assert_eq!(links().confirmed(&token, at(-1)), Ok(id()));
        assert_eq!(links().confirmed(&token, at(60)), Err(TokenError::Expired));
        assert_eq!(links().subscriber(&token), Err(TokenError::Unknown));
        assert_eq!(links().confirmed(&links().subscriber_token(&id()), at(0)), Err(TokenError::Unknown));
    }
}

//! Secrets that people and programs hold: passwords as typed, session cookies, one-time links, API tokens. Only their
//! SHA-256 is stored, and they are found by it, so that nothing is ever compared with a secret byte by byte.

use crate::context::App;
use sha2::{Digest, Sha256};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Random characters of a secret: 30 of base62 are 178 bits.
const RANDOM_CHARACTERS: usize = 30;
const CHECK_CHARACTERS: usize = 6;
/// What a person's or program's API token begins with.
const TOKEN_PREFIX: &str = "amdp_";

/// A secret in clear. Does not show itself in logs or error texts; is given out with [`Secret::expose`] alone.
#[derive(Clone, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = Password)]
pub struct Secret(String);

impl Secret {
    /// Takes what somebody typed or sent.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// The secret itself; for the one place that shows or sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// SHA-256 of it, which is what is stored.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// A new one of 178 random bits, safe in addresses and cookies.
    pub(crate) fn random(app: &App) -> Self {
        Secret(random_base62(app))
    }

    /// A new API token: `amdp_`, 30 random characters and 6 that check them, so that scanners for leaked secrets know it
    /// and a mistyped one is refused without looking.
    pub(crate) fn random_token(app: &App) -> Self {
        let random = random_base62(app);
        Secret(format!("{TOKEN_PREFIX}{random}{}", check_of(&random)))
    }

    /// Whether this has the form of an API token and its check characters are right.
    pub(crate) fn is_token(&self) -> bool {
        self.0.strip_prefix(TOKEN_PREFIX).is_some_and(|rest| {
            rest.len() == RANDOM_CHARACTERS + CHECK_CHARACTERS
                && rest.bytes().all(|b| b.is_ascii_alphanumeric())
                && rest[RANDOM_CHARACTERS..] == check_of(&rest[..RANDOM_CHARACTERS])
        })
    }

    /// Whether this has the form of a session or link secret.
    pub(crate) fn is_random(&self) -> bool {
        self.0.len() == RANDOM_CHARACTERS && self.0.bytes().all(|b| b.is_ascii_alphanumeric())
    }

    /// The first characters of a token, to recognise it by: 6 of the 30 random ones are given away.
    pub(crate) fn token_prefix(&self) -> String {
        self.0.chars().take(TOKEN_PREFIX.len() + 6).collect()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

fn random_base62(app: &App) -> String {
    (0..RANDOM_CHARACTERS)
        .map(|_| {
            // Of 2^64 values, no character is more likely than another by more than 2^-58.
            let n = u64::from_le_bytes(app.random()) % 62;
            BASE62[usize::try_from(n).unwrap_or_default()] as char
        })
        .collect()
}

/// CRC-32 of the text in base62, six characters, most significant first.
fn check_of(text: &str) -> String {
    let mut n = crc32(text.as_bytes());
    let mut check = [b'0'; CHECK_CHARACTERS];
    for place in check.iter_mut().rev() {
        *place = BASE62[usize::try_from(n % 62).unwrap_or_default()];
        n /= 62;
    }
    check.iter().map(|b| *b as char).collect()
}

/// CRC-32 as in ISO 3309 (reflected, polynomial 0x04C11DB7).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| {
                if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_is_crc_32() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        // 0xFFFFFFFF fits into six characters: 62^6 is larger.
        assert_eq!(check_of("").len(), CHECK_CHARACTERS);
    }

    #[test]
    fn a_token_with_one_character_wrong_is_no_token() {
        let random = "0123456789ABCDEFGHIJabcdefghij";
        let right = format!("amdp_{random}{}", check_of(random));
        assert!(Secret::new(right.clone()).is_token());
        for place in 0..right.len() {
            let mut wrong = right.clone().into_bytes();
            wrong[place] = if wrong[place] == b'x' { b'y' } else { b'x' };
            assert!(!Secret::new(String::from_utf8(wrong).expect("ascii")).is_token(), "place {place}");
        }
        for wrong in ["", "amdp_", "amdp_äöü", &right[..right.len() - 1], &format!("{right}0")] {
            assert!(!Secret::new(wrong).is_token(), "{wrong}");
        }
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        let shown = format!("{:?} {:?}", Secret::new("hunter2hunter2"), Some(Secret::new("hunter2")));
        assert!(!shown.contains("hunter"), "{shown}");
    }
}

//! DKIM signatures (RFC 6376, RFC 8463), relaxed/relaxed, with AWS-LC.

use std::borrow::Cow;
use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::rand;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

/// A signing key and the name under which its public half is published.
pub struct Signer {
    domain: String,
    selector: String,
    key: Key,
    random: rand::SystemRandom,
}

enum Key {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

/// No signature field has more bytes: one with RSA-4096 and the longest names has about 1,700.
pub const LONGEST: usize = 2_048;

const NAME: &str = "DKIM-Signature";

/// Characters of the signature on one line: four for each three bytes.
const LINE: usize = 72;

/// Header fields that are signed when present, in this order. Both List-Unsubscribe fields must be in (RFC 8058).
const SIGNED: [&str; 16] = [
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "reply-to",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "auto-submitted",
    "feedback-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
];

/// Fields signed once more than they occur, so that nobody can add a second one on the way.
const SEALED: [&str; 3] = ["from", "to", "subject"];

impl Signer {
    /// Reads a private key: PEM, PKCS#8 (RSA or Ed25519) or PKCS#1 (RSA).
    ///
    /// # Errors
    /// What is wrong with the key, without any of it.
    pub fn from_pem(domain: &str, selector: &str, pem: &str) -> Result<Self, String> {
        let (label, der) = block(pem).ok_or("it is not a PEM file with a private key")?;
        let key = match label {
            "PRIVATE KEY" => match Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der) {
                Ok(key) => Key::Ed25519(key),
                Err(_) => Key::Rsa(Box::new(RsaKeyPair::from_pkcs8(&der).map_err(rejected)?)),
            },
            "RSA PRIVATE KEY" => Key::Rsa(Box::new(RsaKeyPair::from_der(&der).map_err(rejected)?)),
            "ENCRYPTED PRIVATE KEY" => {
                return Err("it is protected by a passphrase; store it without one".into());
            }
            other if other.ends_with("PRIVATE KEY") => {
                return Err("it is not a key that can sign mail; use RSA of 2048 bits or Ed25519".into());
            }
            _ => return Err("it is a PEM file, but not of a private key".into()),
        };
        Ok(Self {
            domain: domain.to_owned(),
            selector: selector.to_owned(),
            key,
            random: rand::SystemRandom::new(),
        })
    }

    /// The domain that the signature speaks for.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The selector under which the public key is published.
    pub fn selector(&self) -> &str {
        &self.selector
    }

    /// The public key as it belongs into the `p=` tag of the DNS record.
    pub fn public_key(&self) -> String {
        match &self.key {
            Key::Ed25519(key) => STANDARD.encode(key.public_key().as_ref()),
            Key::Rsa(key) => STANDARD.encode(subject_public_key(key.public_key().as_ref())),
        }
    }

    fn algorithm(&self) -> &'static str {
        match self.key {
            Key::Rsa(_) => "rsa-sha256",
            Key::Ed25519(_) => "ed25519-sha256",
        }
    }

    /// The `DKIM-Signature` field for a whole message with CRLF line ends, itself ending in CRLF, to stand before it.
    /// `None` when the message has no header or the key cannot sign, which the caller treats as a broken channel.
    pub fn sign(&self, message: &[u8], now: Timestamp) -> Option<String> {
        let split = memchr::memmem::find(message, b"\r\n\r\n")?;
        let mut fields = fields(&message[..split + 2]);
        let body_hash = digest(&SHA256, &relaxed_body(&message[split + 4..]));
        // With room for the signature's own field.
        let mut to_sign = Vec::with_capacity(split + 1_000);
        let mut names = Vec::with_capacity(SIGNED.len() + SEALED.len());
        names.extend(SIGNED.into_iter().filter(|name| put_field(name, &mut fields, &mut to_sign)));
        for name in SEALED {
            put_field(name, &mut fields, &mut to_sign);
            names.push(name);
        }
        let mut out = String::with_capacity(LONGEST);
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "{NAME}: v=1; a={}; c=relaxed/relaxed;\r\n d={}; s={}; t={};\r\n h=",
            self.algorithm(),
            self.domain,
            self.selector,
            now.as_second(),
        );
        put_folded(&names, &mut out);
        out.push_str(";\r\n bh=");
        STANDARD.encode_string(body_hash, &mut out);
        out.push_str(";\r\n b=");
        put_relaxed_field(NAME, &out.as_bytes()[NAME.len() + 1..], &mut to_sign);
        for (n, line) in self.raw(&to_sign)?.chunks(LINE / 4 * 3).enumerate() {
            if n > 0 {
                out.push_str("\r\n ");
            }
            STANDARD.encode_string(line, &mut out);
        }
        out.push_str("\r\n");
        Some(out)
    }

    fn raw(&self, to_sign: &[u8]) -> Option<Vec<u8>> {
        match &self.key {
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &self.random, to_sign, &mut signature).ok()?;
                Some(signature)
            }
            Key::Ed25519(key) => {
                let hash = digest(&SHA256, to_sign);
                Some(key.sign(hash.as_ref()).as_ref().to_vec())
            }
        }
    }
}

fn rejected(e: KeyRejected) -> String {
    match e.to_string().as_str() {
        "TooSmall" => "it is an RSA key of less than 2048 bits; make one of 2048".into(),
        other => format!("it is not a key that can sign mail ({other}); use RSA of 2048 bits or Ed25519"),
    }
}

fn block(pem: &str) -> Option<(&str, Vec<u8>)> {
    let (_, rest) = pem.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let body: String = body.split_ascii_whitespace().collect();
    Some((label, STANDARD.decode(body).ok()?))
}

/// Wraps an RSAPublicKey (RFC 8017) into a SubjectPublicKeyInfo (RFC 5280), the form that DNS records have.
fn subject_public_key(rsa: &[u8]) -> Vec<u8> {
    const RSA_ENCRYPTION: [u8; 15] =
        [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let bits = der(0x03, &[&[0], rsa].concat());
    der(0x30, &[&RSA_ENCRYPTION, bits.as_slice()].concat())
}

fn der(tag: u8, contents: &[u8]) -> Vec<u8> {
    let len = contents.len();
    let mut out = vec![tag];
    if len < 0x80 {
        out.push(len as u8);
    } else {
        let bytes = len.to_be_bytes();
        let digits: Vec<u8> = bytes.into_iter().skip_while(|b| *b == 0).collect();
        out.push(0x80 | digits.len() as u8);
        out.extend(digits);
    }
    out.extend_from_slice(contents);
    out
}

/// Name and raw value (with its folds, without the last line end) of each field.
fn fields(header: &[u8]) -> Vec<(&str, &[u8])> {
    let mut out = Vec::with_capacity(32);
    let mut at = 0;
    while at < header.len() {
        let mut end = at;
        loop {
            end += memchr::memchr(b'\n', &header[end..]).map_or(header.len() - end, |n| n + 1);
            if end >= header.len() || !matches!(header[end], b' ' | b'\t') {
                break;
            }
        }
        let field = &header[at..end];
        if let Some(colon) = memchr::memchr(b':', field)
            && let Ok(name) = std::str::from_utf8(&field[..colon])
        {
            out.push((
                name.trim_end(),
                field[colon + 1..].strip_suffix(b"\r\n").unwrap_or(&field[colon + 1..]),
            ));
        }
        at = end;
    }
    out
}

/// Adds the last field of this name that was not used yet (RFC 6376 §5.4.2) in canonical form; whether there is one.
fn put_field(name: &str, left: &mut Vec<(&str, &[u8])>, out: &mut Vec<u8>) -> bool {
    let Some(at) = left.iter().rposition(|(n, _)| n.eq_ignore_ascii_case(name)) else { return false };
    let (name, value) = left.remove(at);
    put_relaxed_field(name, value, out);
    out.extend_from_slice(b"\r\n");
    true
}

/// RFC 6376 §3.4.2: name in lower case, unfolded, runs of white space as one space, none at the ends.
fn put_relaxed_field(name: &str, value: &[u8], out: &mut Vec<u8>) {
    out.extend(name.trim().bytes().map(|b| b.to_ascii_lowercase()));
    out.push(b':');
    let first = value.iter().position(|b| !is_white(*b)).unwrap_or(value.len());
    let end = value.iter().rposition(|b| !is_white(*b)).map_or(first, |last| last + 1);
    let value = &value[first..end];
    // Most are canonical already; all pairs are looked at, so that this is done for many at once.
    let is_odd = |a, b| is_white(a) & (is_white(b) | (a != b' '));
    if !value.windows(2).fold(false, |found, pair| found | is_odd(pair[0], pair[1])) {
        out.extend_from_slice(value);
        return;
    }
    for (n, word) in value.split(|b| is_white(*b)).filter(|w| !w.is_empty()).enumerate() {
        if n > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
}

fn is_white(b: u8) -> bool {
    (b == b' ') | (b == b'\t') | (b == b'\r') | (b == b'\n')
}

/// RFC 6376 §3.4.4: runs of white space as one space, none at line ends, no empty lines at the end.
fn relaxed_body(body: &[u8]) -> Cow<'_, [u8]> {
    if body.ends_with(b"\r\n") && has_relaxed_lines(body) {
        let mut end = body;
        while let Some(before) = end.strip_suffix(b"\r\n") {
            end = before;
        }
        let line_end = if end.is_empty() { 0 } else { 2 };
        return Cow::Borrowed(&body[..end.len() + line_end]);
    }
    Cow::Owned(relaxed_lines(body))
}

fn relaxed_lines(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 2);
    let mut end = 0;
    for line in body.split_inclusive(|b| *b == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let start = out.len();
        for (n, word) in line.split(|b| matches!(b, b' ' | b'\t')).enumerate() {
            // White space before the first word stays; what is empty after that is more of it.
            if n > 0 && !word.is_empty() {
                out.push(b' ');
            }
            out.extend_from_slice(word);
        }
        let is_empty = out.len() == start;
        out.extend_from_slice(b"\r\n");
        if !is_empty {
            end = out.len();
        }
    }
    out.truncate(end);
    out
}

/// Whether no line needs any change, as in nearly all that we write: it is not gone through byte by byte then.
fn has_relaxed_lines(body: &[u8]) -> bool {
    // All pairs are looked at, whatever is found, so that this is done for many at once.
    !body.windows(2).fold(body.starts_with(b"\n"), |found, pair| {
        let (a, b) = (pair[0], pair[1]);
        found
            | (a == b'\t')
            | ((a == b' ') & ((b == b' ') | (b == b'\t') | (b == b'\r')))
            | ((a != b'\r') & (b == b'\n'))
    })
}

fn put_folded(names: &[&str], out: &mut String) {
    let mut column = 3;
    for (n, name) in names.iter().enumerate() {
        if n > 0 {
            out.push(':');
            column += 1;
        }
        if column + name.len() > 70 {
            out.push_str("\r\n ");
            column = 1;
        }
        out.push_str(name);
        column += name.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8463 appendix A: its message, keys and signatures.
    const MESSAGE: &str = "From: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\n\
        Subject: Is dinner ready?\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n\
        Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\nHi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
    const SEED: &str = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
    const FIELD: &str = " v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n \
        q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n \
        bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=";
    const SIGNATURE: &str =
        "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==";

    fn ed25519() -> Signer {
        let seed = STANDARD.decode(SEED).unwrap();
        let key = Key::Ed25519(Ed25519KeyPair::from_seed_unchecked(&seed).unwrap());
        Signer {
            domain: "football.example.com".into(),
            selector: "brisbane".into(),
            key,
            random: rand::SystemRandom::new(),
        }
    }

    fn signed_fields(head: &str, names: &[&str]) -> Vec<u8> {
        let (mut left, mut out) = (fields(head.as_bytes()), Vec::new());
        for name in names {
            put_field(name, &mut left, &mut out);
        }
        out
    }

    #[test]
    fn fields_become_canonical() {
        for (value, canonical) in [
            ("", ""),
            (" a b", "a b"),
            ("a  b\tc \r\n", "a b c"),
            (" a\r\n b\r\n\tc", "a b c"),
            ("a\tb", "a b"),
            ("\u{c}a", "\u{c}a"),
            (" \r\n ", ""),
        ] {
            let mut out = Vec::new();
            put_relaxed_field("SubJect ", value.as_bytes(), &mut out);
            assert_eq!(str::from_utf8(&out).unwrap(), format!("subject:{canonical}"), "{value:?}");
        }
    }

    #[test]
    fn the_vector_of_rfc_8463_is_reproduced() {
        let (head, body) = MESSAGE.split_once("\r\n\r\n").unwrap();
        let hash = digest(&SHA256, &relaxed_body(body.as_bytes()));
        assert_eq!(STANDARD.encode(hash), "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
        let head = format!("{head}\r\n");
        let names = ["from", "to", "subject", "date", "message-id", "from", "subject", "date"];
        let mut to_sign = signed_fields(&head, &names);
        put_relaxed_field(NAME, FIELD.as_bytes(), &mut to_sign);
        let signer = ed25519();
        assert_eq!(STANDARD.encode(signer.raw(&to_sign).unwrap()), SIGNATURE);
        assert_eq!(signer.public_key(), "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    }

    #[test]
    fn bodies_become_canonical() {
        for (body, canonical) in [
            ("", ""),
            ("\r\n\r\n", ""),
            (" \r\n", ""),
            ("a", "a\r\n"),
            (" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"),
            ("a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n"),
            (" a b\r\n\r\nb\r\n\r\n", " a b\r\n\r\nb\r\n"),
            ("a\tb\r\n", "a b\r\n"),
            ("a  b\r\n", "a b\r\n"),
            ("  a \tb \r\n", " a b\r\n"),
            ("\t\r\na\r\n", "\r\na\r\n"),
            ("a\nb\r\n \r\n", "a\r\nb\r\n"),
        ] {
            assert_eq!(str::from_utf8(&relaxed_body(body.as_bytes())).unwrap(), canonical, "{body:?}");
        }
    }

    #[test]
    fn what_is_taken_as_it_is_is_canonical() {
        let letters = b"a \t\r\n";
        for length in 0..=6 {
            for mut number in 0..letters.len().pow(length) {
                let mut body = Vec::new();
                for _ in 0..length {
                    body.push(letters[number % letters.len()]);
                    number /= letters.len();
                }
                assert_eq!(*relaxed_body(&body), relaxed_lines(&body), "{:?}", str::from_utf8(&body));
            }
        }
    }

    #[test]
    fn a_signature_covers_both_list_unsubscribe_fields_and_seals_from() {
        let message = "From: a@b.c\r\nSubject: x\r\n folded\r\nTo: d@e.f\r\nList-Unsubscribe: <https://x>\r\n\
                       List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nX-Other: y\r\n\r\nbody\r\n";
        let field =
            ed25519().sign(message.as_bytes(), Timestamp::from_second(1_800_000_000).unwrap()).unwrap();
        let flat: String = field.split("\r\n ").collect();
        assert!(
            flat.contains("h=from:to:subject:list-unsubscribe:list-unsubscribe-post:from:to:subject;"),
            "{field}"
        );
        assert!(field.ends_with("\r\n") && field.lines().all(|l| l.len() <= 78), "{field}");
        assert!(ed25519().sign(b"no header", Timestamp::UNIX_EPOCH).is_none());
    }

    #[test]
    fn an_rsa_signature_verifies_with_the_published_key() {
        let signer =
            Signer::from_pem("football.example.com", "s", include_str!("../tests/data/dkim_rsa_2048.pem"))
                .unwrap();
        let field = signer.sign(MESSAGE.as_bytes(), Timestamp::UNIX_EPOCH).unwrap();
        let (unsigned, signature) = field.rsplit_once("b=").unwrap();
        let signature: String = signature.split_ascii_whitespace().collect();
        let head = MESSAGE.split_once("\r\n\r\n").unwrap().0;
        let names = ["from", "to", "subject", "date", "message-id"];
        let mut signed = signed_fields(&format!("{head}\r\n"), &names);
        let unsigned = format!("{}b=", &unsigned["DKIM-Signature:".len()..]);
        put_relaxed_field("DKIM-Signature", unsigned.as_bytes(), &mut signed);
        let spki = STANDARD.decode(signer.public_key()).unwrap();
        aws_lc_rs::signature::UnparsedPublicKey::new(
            &aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256,
            &spki[24..],
        )
        .verify(&signed, &STANDARD.decode(signature).unwrap())
        .unwrap();
    }

    #[test]
    fn keys_are_read_or_refused_in_plain_words() {
        let pkcs8 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().serialize_pem();
        assert_eq!(Signer::from_pem("a.b", "s", &pkcs8).unwrap().algorithm(), "ed25519-sha256");
        let refuse = |pem: &str| Signer::from_pem("a.b", "s", pem).err().unwrap();
        let curve = "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n";
        assert!(refuse(curve).contains("use RSA of 2048 bits or Ed25519"));
        assert!(refuse("hello").contains("not a PEM file"));
        assert!(
            refuse("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----")
                .contains("not of a private key")
        );
        assert!(refuse("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END X").contains("passphrase"));
        assert!(
            refuse("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----").contains("RSA of 2048")
        );
    }
}

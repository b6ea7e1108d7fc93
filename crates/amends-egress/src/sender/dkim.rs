//! DKIM (RFC 6376): the public half of the signing key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Finding, shown, tag, tags};

/// Judges the records at `{selector}._domainkey.{domain}`. `ours` is the public key that belongs to the private key
/// in the configuration, in the form of the record's `p=` tag (base64).
pub fn judge(selector: &str, domain: &str, records: &[String], ours: Option<&str>) -> Vec<Finding> {
    let at = format!("{selector}._domainkey.{domain}");
    let keys: Vec<_> = records.iter().map(|r| tags(r)).filter(|t| tag(t, "p").is_some()).collect();
    let [key] = keys.as_slice() else {
        return vec![if keys.is_empty() {
            Finding::bad(
                format!("There is no DKIM key at {at}: receivers will treat the mail as unsigned."),
                match ours {
                    Some(p) => format!("Publish a TXT record at {at}: \"v=DKIM1; k={}; p={p}\".", kind(p)),
                    None => format!("Publish the public key as a TXT record at {at}."),
                },
            )
        } else {
            Finding::bad(
                format!("There are {} DKIM keys at {at}; receivers pick one at random.", keys.len()),
                "Keep the one that belongs to the signing key.",
            )
        }];
    };
    let mut found = Vec::new();
    let p: String = tag(key, "p").unwrap_or_default().split_ascii_whitespace().collect();
    if p.is_empty() {
        return vec![Finding::bad(
            format!("The DKIM key at {at} is revoked (its p= is empty)."),
            "Publish the current key, or sign with another selector.",
        )];
    }
    let kind = tag(key, "k").unwrap_or("rsa");
    match (kind, STANDARD.decode(&p)) {
        (_, Err(_)) => found.push(Finding::bad(
            format!("The DKIM key at {at} is not readable base64."),
            "Publish it again; long records are often cut when they are pasted.",
        )),
        ("rsa", Ok(der)) => match rsa_bits(&der) {
            None => found.push(Finding::bad(
                format!("The DKIM key at {at} is not a readable RSA key."),
                "Publish it again; long records are often cut when they are pasted.",
            )),
            Some(bits) if bits < 1024 => found.push(Finding::bad(
                format!("The DKIM key at {at} has {bits} bits; receivers ignore keys below 1024."),
                "Make a key of 2048 bits.",
            )),
            Some(bits) if bits < 2048 => found.push(Finding::warning(
                format!("The DKIM key at {at} has {bits} bits."),
                "Make a key of 2048 bits when you can.",
            )),
            Some(bits) => found.push(Finding::good(format!("DKIM key at {at}: RSA, {bits} bits."))),
        },
        ("ed25519", Ok(raw)) if raw.len() == 32 => found.push(Finding::warning(
            format!("The DKIM key at {at} is Ed25519, which large receivers still do not check."),
            "Sign with an RSA key of 2048 bits as well, or instead.",
        )),
        (other, Ok(_)) => found.push(Finding::bad(
            format!("The DKIM key at {at} is of the unknown kind \"{}\".", shown(other)),
            "Publish an RSA key (k=rsa).",
        )),
    }
    if let Some(ours) = ours
        && !same_key(ours, &p)
    {
        found.push(Finding::bad(
            format!("The DKIM key at {at} does not belong to the signing key in the configuration."),
            format!("Publish this one: \"v=DKIM1; k={}; p={ours}\".", self::kind(ours)),
        ));
    }
    if tag(key, "t").is_some_and(|t| t.split(':').any(|flag| flag.trim() == "y")) {
        found.push(Finding::warning(
            format!("The DKIM key at {at} is marked as a test (t=y); receivers may ignore failures and successes alike."),
            "Remove t=y.",
        ));
    }
    found
}

fn kind(p: &str) -> &'static str {
    if STANDARD.decode(p).is_ok_and(|raw| raw.len() == 32) { "ed25519" } else { "rsa" }
}

/// RSA keys are published either bare or wrapped; the modulus is the same.
fn same_key(a: &str, b: &str) -> bool {
    let modulus =
        |p: &str| STANDARD.decode(p).ok().map(|der| rsa_modulus(&der).map_or(der.clone(), <[u8]>::to_vec));
    match (modulus(a), modulus(b)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

fn rsa_bits(der: &[u8]) -> Option<usize> {
    let modulus = rsa_modulus(der)?;
    let first = modulus.first()?;
    Some(modulus.len() * 8 - first.leading_zeros() as usize)
}

/// The modulus without leading zeros, from a SubjectPublicKeyInfo (RFC 5280) or a bare RSAPublicKey (RFC 8017).
fn rsa_modulus(der: &[u8]) -> Option<&[u8]> {
    let (0x30, outer, _) = element(der)? else { return None };
    let (tag, first, rest) = element(outer)?;
    let integer = match tag {
        0x02 => first,
        0x30 => {
            let (0x03, bits, _) = element(rest)? else { return None };
            let (0x30, inner, _) = element(bits.get(1..)?)? else { return None };
            let (0x02, integer, _) = element(inner)? else { return None };
            integer
        }
        _ => return None,
    };
    let start = integer.iter().position(|b| *b != 0)?;
    integer.get(start..)
}

/// One DER element: tag, contents, what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (len, rest) = rest.split_first()?;
    let (len, rest) = if *len < 0x80 {
        (usize::from(*len), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(*len & 0x7f).min(9))?;
        (digits.iter().try_fold(0usize, |n, d| n.checked_mul(256)?.checked_add(usize::from(*d)))?, rest)
    };
    let (contents, rest) = rest.split_at_checked(len)?;
    Some((*tag, contents, rest))
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    /// RFC 8463 appendix A.2.
    const RSA_1024: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/\
        byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB";
    const ED25519: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

    fn judged(record: &str, ours: Option<&str>) -> Vec<Finding> {
        judge("s1", "acme.example", &[record.to_owned()], ours)
    }

    #[test]
    fn each_state_of_a_key_is_named() {
        let cases = [
            ("unrelated", None, Level::Bad, "no DKIM key at s1._domainkey.acme.example"),
            ("v=DKIM1; p=", None, Level::Bad, "revoked"),
            ("v=DKIM1; p=MIGf", None, Level::Bad, "not a readable RSA key"),
            ("v=DKIM1; p=***", None, Level::Bad, "not readable base64"),
            ("v=DKIM1; k=dsa; p=MIGf", None, Level::Bad, "unknown kind \"dsa\""),
            (&format!("v=DKIM1; k=rsa; t=s:y; p={RSA_1024}"), None, Level::Warning, "marked as a test"),
            (&format!("p={RSA_1024}"), Some(RSA_1024), Level::Warning, "has 1024 bits"),
            (&format!("v=DKIM1; k=ed25519; p={ED25519}"), Some(ED25519), Level::Warning, "Ed25519"),
            (&format!("v=DKIM1; k=ed25519; p={ED25519}"), Some(RSA_1024), Level::Bad, "does not belong"),
        ];
        for (record, ours, level, says) in cases {
            let found = judged(record, ours);
            assert!(found.iter().any(|f| f.level == level && f.says.contains(says)), "{record}: {found:?}");
        }
        assert!(!judged(&format!("p={RSA_1024}"), Some(RSA_1024)).iter().any(|f| f.level == Level::Bad));
    }

    #[test]
    fn a_missing_record_is_answered_with_the_one_to_publish() {
        let found = judge("s1", "acme.example", &[], Some(ED25519));
        assert!(found[0].remedy.contains(&format!("\"v=DKIM1; k=ed25519; p={ED25519}\"")), "{found:?}");
    }

    #[test]
    fn a_bare_key_and_a_wrapped_one_are_the_same_key() {
        let der = STANDARD.decode(RSA_1024).unwrap();
        let bare = STANDARD.encode(&der[22..]);
        assert_eq!(rsa_bits(&der[22..]), Some(1024));
        assert!(same_key(RSA_1024, &bare));
    }

    #[test]
    fn hostile_der_is_refused_without_panic() {
        for der in [
            &[0x30u8][..],
            &[0x30, 0xff, 1, 2, 3],
            &[0x30, 0x89, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert_eq!(rsa_bits(der), None);
        }
    }
}

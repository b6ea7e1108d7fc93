//! DMARC (RFC 7489): what the name in From stands for, and whether SPF and DKIM speak for the same name.

use super::{Finding, shown, tag, tags};

/// The names to ask for TXT records, nearest first: the domain itself and then its parents down to two labels.
pub fn names(domain: &str) -> Vec<String> {
    let labels: Vec<&str> = domain.trim_end_matches('.').split('.').collect();
    (0..labels.len().saturating_sub(1)).take(5).map(|i| format!("_dmarc.{}", labels[i..].join("."))).collect()
}

/// The domains that a message will carry.
#[derive(Debug, Clone)]
pub struct Identity<'a> {
    /// Domain of the From address.
    pub from: &'a str,
    /// Domain of the envelope sender, which SPF speaks for.
    pub envelope: &'a str,
    /// Domain of our DKIM signature (`d=`), when we sign ourselves.
    pub signature: Option<&'a str>,
}

/// Judges what was found at each of [`names`], in that order, and whether the identity is aligned with it.
pub fn judge(id: &Identity<'_>, found: &[(String, Vec<String>)]) -> Vec<Finding> {
    let record = found.iter().find_map(|(name, records)| {
        let own: Vec<_> = records.iter().filter(|r| is_dmarc(r)).collect();
        (!own.is_empty()).then_some((name, own))
    });
    let Some((name, records)) = record else {
        return vec![Finding::bad(
            format!("{} has no DMARC record; large receivers refuse bulk mail without one.", id.from),
            format!(
                "Publish a TXT record at _dmarc.{0}: \"v=DMARC1; p=none; rua=mailto:dmarc@{0}\". Tighten p= later.",
                id.from
            ),
        )];
    };
    let [record] = records.as_slice() else {
        return vec![Finding::bad(
            format!("{name} has {} DMARC records; receivers ignore all of them.", records.len()),
            "Keep one.",
        )];
    };
    let parsed = tags(record);
    let at = name.strip_prefix("_dmarc.").unwrap_or(name);
    let inherited = !at.eq_ignore_ascii_case(id.from);
    let policy = if inherited { tag(&parsed, "sp").or_else(|| tag(&parsed, "p")) } else { tag(&parsed, "p") };
    let mut out = Vec::new();
    match policy.map(str::to_ascii_lowercase).as_deref() {
        Some("none") => out.push(Finding::good(format!(
            "DMARC of {at}: p=none. Receivers report, but do not refuse mail that pretends to be yours."
        ))),
        Some(p @ ("quarantine" | "reject")) => out.push(Finding::good(format!("DMARC of {at}: p={p}."))),
        other => out.push(Finding::bad(
            format!(
                "The DMARC record of {at} has no readable policy (p={}).",
                shown(other.unwrap_or("missing"))
            ),
            "Set p=none, p=quarantine or p=reject.",
        )),
    }
    let strict = |tag_name: &str| tag(&parsed, tag_name).is_some_and(|v| v.eq_ignore_ascii_case("s"));
    let spf = aligned(id.from, id.envelope, at, strict("aspf"));
    let dkim = id.signature.map(|d| aligned(id.from, d, at, strict("adkim")));
    match (spf, dkim) {
        (_, Some(true)) | (true, None) => {}
        (true, Some(false)) => out.push(Finding::warning(
            format!(
                "The signature is for {}, which does not stand for {} under DMARC; only SPF does, and forwarding breaks SPF.",
                id.signature.unwrap_or_default(),
                id.from
            ),
            format!("Sign with a key of {}.", id.from),
        )),
        (false, None) => out.push(Finding::note(
            format!(
                "The envelope sender is at {}, which does not stand for {} under DMARC, and Amends does not sign itself.",
                id.envelope, id.from
            ),
            format!("Make sure that the mail server signs with a key of {}, or configure DKIM here.", id.from),
        )),
        (false, Some(false)) => out.push(Finding::bad(
            format!(
                "Neither the envelope sender ({}) nor the signature ({}) stands for {} under DMARC: receivers will \
                 treat the mail as forged.",
                id.envelope,
                id.signature.unwrap_or_default(),
                id.from
            ),
            format!("Sign with a key of {}.", id.from),
        )),
    }
    out
}

fn is_dmarc(record: &str) -> bool {
    let first = record.split(';').next().unwrap_or_default();
    first.split_once('=').is_some_and(|(n, v)| n.trim() == "v" && v.trim() == "DMARC1")
}

/// Whether two domains are the same (strict) or belong together (relaxed). `root` is the name that has the DMARC
/// record: two names beneath it belong together, which needs no list of public suffixes.
fn aligned(from: &str, other: &str, root: &str, strict: bool) -> bool {
    let below = |name: &str, of: &str| {
        let (name, of) = (name.to_ascii_lowercase(), of.to_ascii_lowercase());
        name == of || name.strip_suffix(&of).is_some_and(|rest| rest.ends_with('.'))
    };
    if strict {
        return from.eq_ignore_ascii_case(other);
    }
    below(from, other) || below(other, from) || (below(from, root) && below(other, root))
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    fn at(name: &str, records: &[&str]) -> (String, Vec<String>) {
        (name.into(), records.iter().map(|r| (*r).to_owned()).collect())
    }

    const ID: Identity<'static> = Identity {
        from: "status.acme.example",
        envelope: "bounce.acme.example",
        signature: Some("acme.example"),
    };

    #[test]
    fn the_tree_is_walked_from_the_name_upward() {
        assert_eq!(
            names("status.acme.example"),
            ["_dmarc.status.acme.example", "_dmarc.acme.example"],
            "not down to the top-level domain"
        );
        let found = [
            at("_dmarc.status.acme.example", &["x"]),
            at("_dmarc.acme.example", &["v=DMARC1; p=reject; sp=none"]),
        ];
        let out = judge(&ID, &found);
        assert!(out.len() == 1 && out[0].says.contains("p=none"), "subdomains follow sp=: {out:?}");
    }

    #[test]
    fn each_state_is_named() {
        let cases = [
            (vec![], Level::Bad, "no DMARC record"),
            (
                vec![at("_dmarc.status.acme.example", &["v=DMARC1; p=none", "v=DMARC1; p=none"])],
                Level::Bad,
                "2 DMARC records",
            ),
            (
                vec![at("_dmarc.status.acme.example", &["v=DMARC1; rua=mailto:x@y"])],
                Level::Bad,
                "no readable policy",
            ),
            (vec![at("_dmarc.status.acme.example", &["v=DMARC1; p=none; adkim=s"])], Level::Bad, "Neither"),
            (
                vec![at("_dmarc.acme.example", &["v=DMARC1; p=none; adkim=s"])],
                Level::Warning,
                "only SPF does",
            ),
        ];
        for (found, level, says) in cases {
            let out = judge(&ID, &found);
            assert!(out.iter().any(|f| f.level == level && f.says.contains(says)), "{says}: {out:?}");
        }
    }

    #[test]
    fn alignment_without_a_signature_of_ours_is_the_mail_servers_task() {
        let record = [at("_dmarc.acme.example", &["v=DMARC1; p=reject"])];
        let id = Identity { from: "acme.example", envelope: "vendor.example", signature: None };
        assert!(judge(&id, &record).iter().any(|f| f.level == Level::Note));
        let id = Identity { from: "acme.example", envelope: "mail.acme.example", signature: None };
        assert!(judge(&id, &record).iter().all(|f| f.level == Level::Good));
        assert!(!aligned("acme.example", "notacme.example", "acme.example", false));
    }
}

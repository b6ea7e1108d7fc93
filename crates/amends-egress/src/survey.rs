//! Asks DNS what [`crate::sender`] judges.

use std::collections::BTreeSet;

use crate::dns::Names;
use crate::sender::dmarc::Identity;
use crate::sender::spf::{Answer, Ask, Known};
use crate::sender::{Finding, dkim, dmarc, spf};

/// What will be sent, as far as DNS must agree with it.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Domain of the From address.
    pub from_domain: String,
    /// Domain of the envelope sender.
    pub envelope_domain: String,
    /// Our own signature, if we sign.
    pub signature: Option<Signature>,
}

/// A DKIM key of ours.
#[derive(Debug, Clone)]
pub struct Signature {
    /// `s=`.
    pub selector: String,
    /// `d=`.
    pub domain: String,
    /// The public key as it should stand in `p=` (base64).
    pub public_key: String,
}

/// At most this many questions for one SPF record; a hostile record could ask for ever.
const QUESTIONS: usize = 60;

/// Looks at SPF, DKIM, DMARC and the way back (MX) of one sending identity.
pub async fn look(names: &Names, plan: &Plan) -> Vec<Finding> {
    let mut out = spf_of(names, &plan.envelope_domain).await;
    match &plan.signature {
        Some(s) => match names.txt(&format!("{}._domainkey.{}", s.selector, s.domain)).await {
            Ok(records) => out.extend(dkim::judge(&s.selector, &s.domain, &records, Some(&s.public_key))),
            Err(e) => out.push(silent(&e.to_string())),
        },
        None => out.push(Finding::note(
            "Amends does not sign its mail itself.",
            "Make sure that the mail server adds a DKIM signature, or configure a key here.",
        )),
    }
    let (mut dmarc_found, mut all_answered) = (Vec::new(), true);
    for name in dmarc::names(&plan.from_domain) {
        match names.txt(&name).await {
            Ok(records) => dmarc_found.push((name, records)),
            Err(e) => {
                all_answered = false;
                out.push(silent(&e.to_string()));
            }
        }
    }
    let id = Identity {
        from: &plan.from_domain,
        envelope: &plan.envelope_domain,
        signature: plan.signature.as_ref().map(|s| s.domain.as_str()),
    };
    // A name that did not answer may have a record: that there is none cannot be said then.
    if all_answered || dmarc_found.iter().any(|(_, records)| !records.is_empty()) {
        out.extend(dmarc::judge(&id, &dmarc_found));
    }
    out.extend(way_back(names, &plan.envelope_domain).await);
    out
}

async fn spf_of(names: &Names, domain: &str) -> Vec<Finding> {
    let mut known = Known::new();
    loop {
        match spf::judge(domain, &known) {
            Ok(findings) => return findings,
            Err(asks) => {
                for ask in asks.into_iter().collect::<BTreeSet<_>>() {
                    let answer =
                        if known.len() < QUESTIONS { answer(names, &ask).await } else { Answer::Silence };
                    known.insert(ask, answer);
                }
            }
        }
    }
}

async fn answer(names: &Names, ask: &Ask) -> Answer {
    let answer = match ask {
        Ask::Txt(name) => names.txt(name).await.map(Answer::Txt),
        Ask::Address(name) => names.addresses(name).await.map(|found| Answer::Count(found.len())),
        Ask::Mx(name) => names.mx(name).await.map(|found| Answer::Count(found.len())),
    };
    answer.unwrap_or(Answer::Silence)
}

/// Bounces go to the envelope sender; without a mail exchanger nobody learns of them.
async fn way_back(names: &Names, domain: &str) -> Option<Finding> {
    let nowhere = || {
        Finding::warning(
            format!(
                "{domain} takes no mail, so bounces and answers are lost, and some receivers refuse such senders."
            ),
            format!(
                "Publish an MX record for {domain}, or use an envelope address at a domain that has one."
            ),
        )
    };
    match names.mx(domain).await {
        Ok(mx) if mx.iter().any(|name| name != ".") => None,
        Ok(mx) if mx.is_empty() => match names.addresses(domain).await {
            Ok(found) if found.is_empty() => Some(nowhere()),
            _ => None,
        },
        Ok(_) => Some(nowhere()),
        Err(e) => Some(silent(&e.to_string())),
    }
}

fn silent(why: &str) -> Finding {
    Finding::warning(why.to_owned(), "Check the machine's DNS, then try again.")
}

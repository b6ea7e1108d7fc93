//! SPF (RFC 7208): which servers may send mail with a domain in the envelope.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Finding, shown};

/// A question that must be answered before the record can be judged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ask {
    /// TXT records of a name.
    Txt(String),
    /// A and AAAA records of a name.
    Address(String),
    /// MX records of a name.
    Mx(String),
}

/// What DNS said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To [`Ask::Txt`].
    Txt(Vec<String>),
    /// To the others: how many records there are.
    Count(usize),
    /// DNS did not answer.
    Silence,
}

/// What is known so far.
pub type Known = BTreeMap<Ask, Answer>;

/// Receivers stop after this many look-ups (RFC 7208 §4.6.4), and the whole record counts as broken.
const LOOKUPS: usize = 10;
/// Of which this many may find nothing.
const VOID: usize = 2;

/// Judges the SPF record of `domain` with everything that it includes.
///
/// # Errors
/// The questions that have to be answered (and put into `known`) before it can be judged.
pub fn judge(domain: &str, known: &Known) -> Result<Vec<Finding>, Vec<Ask>> {
    let mut walk =
        Walk { known, asks: Vec::new(), seen: BTreeSet::new(), lookups: 0, void: 0, findings: Vec::new() };
    let end = walk.record(domain, true);
    if !walk.asks.is_empty() {
        return Err(walk.asks);
    }
    let Walk { lookups, void, mut findings, .. } = walk;
    if lookups > LOOKUPS {
        findings.push(Finding::bad(
            format!("The SPF record of {domain} needs {lookups} DNS look-ups; receivers stop at {LOOKUPS}."),
            "Remove includes that are no longer used, or replace some by the addresses that they stand for.",
        ));
    }
    if void > VOID {
        findings.push(Finding::bad(
            format!("The SPF record of {domain} asks for {void} names that do not exist; receivers stop at {VOID}."),
            "Remove the names that lead nowhere.",
        ));
    }
    match end {
        Some(End::Pass) => findings.push(Finding::bad(
            format!("The SPF record of {domain} ends in +all: it lets the whole world send in your name."),
            "End it in -all or ~all.",
        )),
        Some(End::Neutral) => findings.push(Finding::warning(
            format!("The SPF record of {domain} does not say what other servers are; receivers learn little from it."),
            "End it in -all or ~all.",
        )),
        Some(End::Fail) if findings.is_empty() => findings.push(Finding::good(format!(
            "SPF of {domain}: one record, {lookups} of {LOOKUPS} look-ups, other servers are ruled out."
        ))),
        Some(End::Fail) | None => {}
    }
    Ok(findings)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Pass,
    Neutral,
    Fail,
}

struct Walk<'a> {
    known: &'a Known,
    asks: Vec<Ask>,
    seen: BTreeSet<String>,
    lookups: usize,
    void: usize,
    findings: Vec<Finding>,
}

impl Walk<'_> {
    fn ask(&mut self, ask: Ask) -> Option<Answer> {
        let answer = self.known.get(&ask).cloned();
        if answer.is_none() {
            self.asks.push(ask);
        }
        answer
    }

    /// Reads the record of one domain; `None` when it could not be judged (a finding or a question says why).
    fn record(&mut self, domain: &str, top: bool) -> Option<End> {
        if !self.seen.insert(domain.to_ascii_lowercase()) {
            self.findings.push(Finding::bad(
                format!("The SPF record of {} includes itself.", shown(domain)),
                "Remove the include that leads back.",
            ));
            return None;
        }
        // A record that is too deep has failed already; following a hostile one further would cost, not tell.
        if self.lookups > 2 * LOOKUPS {
            return None;
        }
        let records: Vec<String> = match self.ask(Ask::Txt(domain.to_owned()))? {
            Answer::Txt(all) => all.into_iter().filter(|r| is_spf(r)).collect(),
            _ => {
                self.findings.push(Finding::warning(
                    format!("DNS did not answer for {}, so its SPF record could not be read.", shown(domain)),
                    "Try again; if it stays, ask who runs the DNS of that domain.",
                ));
                return None;
            }
        };
        let [record] = records.as_slice() else {
            self.findings.push(match (records.len(), top) {
                (0, true) => Finding::bad(
                    format!("{domain} has no SPF record: receivers cannot tell that your mail server may send for it."),
                    format!(
                        "Publish a TXT record at {domain} such as \"v=spf1 include:… -all\", with the include that \
                         your mail provider gives."
                    ),
                ),
                (0, false) => Finding::bad(
                    format!("The SPF record includes {}, which has none.", shown(domain)),
                    "Correct or remove that include; it makes receivers treat the whole record as broken.",
                ),
                (n, _) => Finding::bad(
                    format!("{} has {n} SPF records; with more than one, receivers ignore all of them.", shown(domain)),
                    "Merge them into one.",
                ),
            });
            return None;
        };
        self.terms(domain, record)
    }

    fn terms(&mut self, domain: &str, record: &str) -> Option<End> {
        let mut redirect = None;
        for term in record.split_ascii_whitespace().skip(1) {
            if let Some((name, target)) = term.split_once('=')
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
            {
                if name.eq_ignore_ascii_case("redirect") {
                    redirect = Some(target.to_owned());
                }
                continue;
            }
            let (end, rest) = match term.as_bytes().first() {
                Some(b'-' | b'~') => (End::Fail, &term[1..]),
                Some(b'?') => (End::Neutral, &term[1..]),
                Some(b'+') => (End::Pass, &term[1..]),
                _ => (End::Pass, term),
            };
            let cut = rest.find([':', '/']).unwrap_or(rest.len());
            let (name, arg) = (rest[..cut].to_ascii_lowercase(), rest[cut..].trim_start_matches(':'));
            let target = match arg.split('/').next() {
                None | Some("") => domain,
                Some(name) => name,
            };
            match name.as_str() {
                "all" => return Some(end),
                "include" => {
                    self.lookups += 1;
                    if !target.contains('%') {
                        self.record(target, false);
                    }
                }
                "a" | "exists" => {
                    self.lookups += 1;
                    self.count(Ask::Address(target.to_owned()));
                }
                "mx" => {
                    self.lookups += 1;
                    self.count(Ask::Mx(target.to_owned()));
                }
                "ptr" => self.lookups += 1,
                "ip4" if network::<Ipv4Addr>(arg, 32) => {}
                "ip6" if network::<Ipv6Addr>(arg, 128) => {}
                _ => {
                    self.findings.push(Finding::bad(
                        format!("The SPF record of {} cannot be read at \"{}\".", shown(domain), shown(term)),
                        "Correct that term; one mistake makes receivers treat the whole record as broken.",
                    ));
                    return None;
                }
            }
        }
        match redirect {
            Some(target) => {
                self.lookups += 1;
                self.record(&target, false)
            }
            None => Some(End::Neutral),
        }
    }

    fn count(&mut self, ask: Ask) {
        let (Ask::Address(name) | Ask::Mx(name) | Ask::Txt(name)) = &ask;
        if !name.contains('%') && self.ask(ask) == Some(Answer::Count(0)) {
            self.void += 1;
        }
    }
}

fn is_spf(record: &str) -> bool {
    record.get(..6).is_some_and(|head| head.eq_ignore_ascii_case("v=spf1"))
        && record.as_bytes().get(6).is_none_or(|b| *b == b' ')
}

fn network<A: std::str::FromStr>(text: &str, longest: u8) -> bool {
    let (address, prefix) = text.split_once('/').unwrap_or((text, ""));
    address.parse::<A>().is_ok() && (prefix.is_empty() || prefix.parse::<u8>().is_ok_and(|p| p <= longest))
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    fn zone(txt: &[(&str, &str)]) -> Known {
        let mut known = Known::new();
        for (name, record) in txt {
            let entry = known.entry(Ask::Txt((*name).into())).or_insert_with(|| Answer::Txt(Vec::new()));
            if let Answer::Txt(all) = entry {
                all.push((*record).into());
            }
        }
        known
    }

    /// Answers every open question with "nothing there" and every address with one record.
    fn settle(mut known: Known) -> Vec<Finding> {
        loop {
            match judge("acme.example", &known) {
                Ok(findings) => return findings,
                Err(asks) => {
                    assert!(!asks.is_empty());
                    for ask in asks {
                        let answer =
                            if matches!(ask, Ask::Txt(_)) { Answer::Txt(vec![]) } else { Answer::Count(1) };
                        known.insert(ask, answer);
                    }
                }
            }
        }
    }

    #[test]
    fn a_sound_record_is_good_and_tells_its_cost() {
        let found = settle(zone(&[
            ("acme.example", "google-site-verification=abc"),
            ("acme.example", "v=spf1 mx a:out.acme.example ip4:192.0.2.0/24 include:spf.vendor.example -all"),
            ("spf.vendor.example", "v=spf1 ip6:2001:db8::/32 ~all"),
        ]));
        assert_eq!(
            found,
            [Finding::good(
                "SPF of acme.example: one record, 3 of 10 look-ups, other servers are ruled out."
            )]
        );
    }

    #[test]
    fn each_way_to_be_broken_is_named() {
        let cases = [
            (zone(&[]), Level::Bad, "has no SPF record"),
            (
                zone(&[("acme.example", "v=spf1 -all"), ("acme.example", "v=spf1 ~all")]),
                Level::Bad,
                "has 2 SPF records",
            ),
            (zone(&[("acme.example", "v=spf1 +all")]), Level::Bad, "the whole world"),
            (zone(&[("acme.example", "v=spf1 ip4:192.0.2.1")]), Level::Warning, "does not say"),
            (zone(&[("acme.example", "v=spf1 ip4:192.0.2.300 -all")]), Level::Bad, "\"ip4:192.0.2.300\""),
            (zone(&[("acme.example", "v=spf1 includes:x.example -all")]), Level::Bad, "cannot be read"),
            (
                zone(&[("acme.example", "v=spf1 include:gone.example -all")]),
                Level::Bad,
                "includes gone.example, which has none",
            ),
            (zone(&[("acme.example", "v=spf1 include:acme.example -all")]), Level::Bad, "includes itself"),
            (zone(&[("acme.example", "v=spf10 -all")]), Level::Bad, "has no SPF record"),
        ];
        for (known, level, says) in cases {
            let found = settle(known);
            assert!(found.iter().any(|f| f.level == level && f.says.contains(says)), "{says}: {found:?}");
            assert!(found.iter().all(|f| f.level == Level::Good || !f.remedy.is_empty()), "{found:?}");
        }
    }

    #[test]
    fn look_ups_are_counted_across_includes_and_redirect() {
        let found = settle(zone(&[
            (
                "acme.example",
                "v=spf1 a:a1.example a:a2.example a:a3.example a:a4.example a:a5.example redirect=b.example",
            ),
            (
                "b.example",
                "v=spf1 mx:m1.example mx:m2.example mx:m3.example mx:m4.example exists:%{i}.x.example -all",
            ),
        ]));
        assert!(found.iter().any(|f| f.says.contains("needs 11 DNS look-ups")), "{found:?}");
    }

    #[test]
    fn names_that_lead_nowhere_are_counted() {
        let mut known = zone(&[("acme.example", "v=spf1 a:x1.example a:x2.example mx:x3.example -all")]);
        for ask in judge("acme.example", &known).unwrap_err() {
            known.insert(ask, Answer::Count(0));
        }
        assert!(judge("acme.example", &known).unwrap()[0].says.contains("3 names that do not exist"));
    }

    #[test]
    fn silence_is_not_taken_for_a_missing_record() {
        let known = Known::from([(Ask::Txt("acme.example".into()), Answer::Silence)]);
        assert_eq!(judge("acme.example", &known).unwrap()[0].level, Level::Warning);
    }
}

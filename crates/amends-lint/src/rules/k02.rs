//! # Regret without anybody in it
//!
//! ‘Any inconvenience caused’, ‘if you were affected’, ‘we regret that some users may have experienced’.
//!
//! ## Why it matters
//!
//! ‘Any’ and ‘if’ say that we do not know whether anybody was hurt. We do know.
//!
//! ## Bad
//!
//! ```text
//! We apologise for any inconvenience caused.
//! ```
//!
//! ## Good
//!
//! ```text
//! We are sorry that we did not send your 500 mails.
//! ```
//!
//! ## Source
//!
//! Common complaint; Travis CI's template.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::prose::first_of_sentences;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("K02", Level::Warning, include_str!("k02.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let found = first_of_sentences(case.phrases(&["passive-regret"]));
    found
        .into_iter()
        .map(|phrase| {
            let words = case.document().slice(phrase.span);
            Finding::at(phrase.clause, format!("‘{words}’ regrets nothing in particular."))
                .instead("Say who is sorry for what: ‘We are sorry that we lost …’.")
        })
        .collect()
}

//! The list of places that a rule does not apply to. It may only become shorter.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Finding;

/// Where the list is kept.
pub const FILE: &str = "crates/xtask/tidy.toml";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exceptions {
    /// For each rule the number of places excepted. Raising it is a decision for the reader of the change to see.
    #[serde(default)]
    most: BTreeMap<String, usize>,
    #[serde(default, rename = "exception")]
    exceptions: Vec<Exception>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    rule: String,
    path: String,
    /// How many findings of the rule there are in this file.
    places: usize,
    reason: String,
}

impl Exceptions {
    /// Reads the list.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| format!("{FILE}: {error}"))
    }

    /// Leaves out the findings that are excepted and adds those about the list itself: an exception that is no longer
    /// needed in full, one without a reason, and a number that does not say how many there are.
    #[must_use]
    pub fn apply(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let excepted = |finding: &Finding| {
            self.exceptions.iter().position(|e| e.rule == finding.rule && e.path == finding.path)
        };
        let mut used = vec![0; self.exceptions.len()];
        let mut left = Vec::new();
        for finding in findings {
            match excepted(&finding) {
                Some(index) => {
                    used[index] += 1;
                    if used[index] > self.exceptions[index].places {
                        left.push(finding);
                    }
                }
                None => left.push(finding),
            }
        }
        let mut say = |message: String| {
            left.push(Finding { rule: "exceptions", path: FILE.to_owned(), line: 0, message });
        };
        let mut counts: BTreeMap<&str, usize> = self.most.keys().map(|rule| (rule.as_str(), 0)).collect();
        for (exception, used) in self.exceptions.iter().zip(used) {
            *counts.entry(&exception.rule).or_default() += exception.places;
            if used < exception.places {
                let what = format!("{} in {}", exception.rule, exception.path);
                say(format!("only {used} of {} places are left: {what}", exception.places));
            }
            if exception.reason.trim().is_empty() {
                say(format!("no reason given: {} in {}", exception.rule, exception.path));
            }
        }
        for (rule, count) in counts {
            let most = self.most.get(rule).copied().unwrap_or(0);
            if count > most {
                say(format!(
                    "{count} exceptions to {rule}, and there may be {most}: mend the new place instead"
                ));
            } else if count < most {
                say(format!(
                    "only {count} exceptions to {rule} are left: lower `most.{rule}` from {most} to {count}"
                ));
            }
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(rule: &'static str, path: &str) -> Finding {
        Finding { rule, path: path.to_owned(), line: 3, message: "m".to_owned() }
    }

    const LIST: &str =
        "[most]\nsql = 1\n[[exception]]\nrule = \"sql\"\npath = \"a.rs\"\nplaces = 1\nreason = \"r\"\n";

    #[test]
    fn an_excepted_place_is_left_out_and_another_is_not() {
        let list = Exceptions::read(LIST).expect("reads");
        let left = list.apply(vec![finding("sql", "a.rs"), finding("sql", "b.rs")]);
        assert_eq!(left, [finding("sql", "b.rs")]);
        let left = list.apply(vec![finding("sql", "a.rs"), finding("sql", "a.rs")]);
        assert_eq!(left, [finding("sql", "a.rs")], "a second place in the same file");
    }

    #[test]
    fn the_list_may_only_shrink() {
        let unused = Exceptions::read(LIST).expect("reads").apply(vec![]);
        assert!(unused[0].message.starts_with("only 0 of 1"), "{unused:?}");
        let more = Exceptions::read(&LIST.replace("sql = 1", "sql = 0")).expect("reads");
        assert!(more.apply(vec![finding("sql", "a.rs")])[0].message.contains("there may be 0"));
        let fewer = Exceptions::read(&LIST.replace("sql = 1", "sql = 2")).expect("reads");
        assert!(fewer.apply(vec![finding("sql", "a.rs")])[0].message.contains("lower"));
    }
}

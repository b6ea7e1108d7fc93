//! The catalogue: one file per rule, registered here.
//!
//! To add a rule: write `src/rules/x99.rs` with its manual at the top (see [`crate::rule`]) and a `RULE`, name it in
//! the list below, and give it samples in `samples/X99/`: each `fires*.md` must be reported, no `clean*.md` may be.
//! A `config.toml` or `record.json` beside them is used for all. Words go to `words/*.txt`.
//!
//! What every rule keeps to: it compares facts and never guesses; the message names the facts that conflict, with
//! the other place as related; `instead` says how to write it. One finding for one thing to mend: many places of the
//! same kind are one finding with related places. A rule that misses something asks [`Case::is_postmortem`] first.
//!
//! [`Case::is_postmortem`]: crate::Case::is_postmortem

use crate::rule::Rule;

macro_rules! rules {
    ($($module:ident)*) => {
        $(mod $module;)*

        /// Every rule, in the order of the catalogue.
        pub static ALL: &[Rule] = &[$($module::RULE),*];
    };
}

rules! {
    // Times.
    t01
    t02
    t03
    t04
    t05
    t06
    t07
    t08
    t09
    t10
    t11
    t12
    t13
    t14
    t15
    t16
    t17
    t18
    t19
    t20
    t21
    t22

    // Impact.
    i01
    i02
    i03
    i04
    i05
    i06
    i07
    i08
    i09
    i10
    i11
    i12
    i13

    // Headings.
    h01
    h02

    // Detection.
    d01
    d02
    d03

    // Causes.
    c01
    c02
    c03
    c04
    c05
    c06
    c07
    c08
    c09
    c10
    c11
    c12

    // Blame.
    b01
    b02
    b03
    b04
    b05
    b06
    b07
    b08

    // Actions.
    a01
    a02
    a03
    a04
    a05
    a06
    a07
    a08
    a09
    a10
    a11
    a12
    a13
    a14
    a15
    a16
    a17
    a18
    a19

    // Customers' letters.
    k01
    k02
    k03
    k04
    k05
    k06
    k07
    k08
    k09

    // Safety.
    s01
    s02
    s03
    s04
    s05

    // Readability.
    r01
    r02
    r03
    r04
    r05
    r06
    r07
    r08

    // Against the record.
    x01
    x02
    x03
    x04
    x05

    // Waivers.
    w01
    w02
    w03
}

/// The rule with this code, in upper or lower case.
pub fn find(code: &str) -> Option<&'static Rule> {
    ALL.iter().find(|rule| rule.code.eq_ignore_ascii_case(code))
}

/// The manual page of a rule in Markdown: its manual with its code in the title and when it applies.
pub fn page(rule: &Rule) -> String {
    let manual = rule.manual();
    let rest = manual.split_once('\n').map_or("", |(_, rest)| rest);
    format!("# {}: {}\n\n{}\n{rest}\n", rule.code, rule.title(), rule.applies())
}

/// The manual as files, by name: one page per rule and a list of them all.
pub fn manual() -> Vec<(String, String)> {
    let mut list = String::from(
        "# Rules of the linter\n\nWritten by `cargo xtask docs` from the rules themselves; `amends explain T08` prints the same.\n\n\
         | rule | level | what is wrong |\n|---|---|---|\n",
    );
    let mut files = Vec::new();
    for rule in ALL {
        list.push_str(&format!(
            "| [{0}]({0}.md) | {1} | {2} |\n",
            rule.code,
            rule.level.as_str(),
            rule.title()
        ));
        files.push((format!("{}.md", rule.code), page(rule)));
    }
    files.push(("README.md".to_owned(), list));
    files
}

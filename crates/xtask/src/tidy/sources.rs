//! Rules that are read off the lines of tracked files.

use super::Finding;
use super::lexer::{Kind, Piece, pieces};

/// The longest that a file written by hand may be, in lines.
const MOST_LINES: usize = 800;
const MOST_LINES_ARCHITECTURE: usize = 300;

/// Paths of somebody's machine and names of download hosts. Written in two parts, so that this file is not a finding.
const FOREIGN: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/fa", "rm/"),
    concat!("/tmp/", "wt"),
    concat!("/tmp/", "bash"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("artif", "actory"),
    concat!(".libr", "ary/"),
    concat!("registry.npm", "js.org"),
    concat!("files.python", "hosted.org"),
    concat!("static.crates", ".io"),
    concat!("index.crates", ".io"),
];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] =
    &["util", "utils", "helper", "helpers", "manager", "managers", "common", "misc", "stuff"];

/// Marks of unfinished work.
const UNFINISHED: &[&str] =
    &[concat!("to", "do!("), concat!("unimpl", "emented!("), concat!("#[ig", "nore"), concat!("db", "g!(")];
const UNFINISHED_COMMENTS: &[&str] = &[concat!("FIX", "ME"), concat!("XX", "X")];

/// A call, the crates that may make it, and the rule with the reason.
const CALLS: &[(&str, &[&str], &str, &str)] = &[
    ("TcpStream::connect", &["amends-egress"], "sockets", "connect through amends-egress"),
    ("UdpSocket::", &["amends-egress"], "sockets", "only amends-egress speaks to the outside"),
    ("UnixStream::connect", &["amends-egress"], "sockets", "connect through amends-egress"),
    ("TcpListener::bind", &["amends-web", "amends"], "sockets", "only the server listens"),
    ("reqwest::", &["amends-egress"], "sockets", "send through amends-egress"),
    ("env::var", &["amends"], "environment", "settings come from the configuration that the binary reads"),
    (
        "env::current_dir",
        &["amends"],
        "environment",
        "paths come from the configuration that the binary reads",
    ),
    ("println!(", &["amends"], "output", "only the binary writes to standard output; use tracing"),
];

/// How an SQL statement starts, and a word that must follow somewhere.
const SQL: &[(&str, &str)] = &[
    ("SELECT ", " FROM "),
    ("INSERT INTO ", "("),
    ("UPDATE ", " SET "),
    ("DELETE FROM ", ""),
    ("CREATE TABLE ", ""),
    ("CREATE INDEX ", ""),
    ("ALTER TABLE ", ""),
    ("DROP TABLE ", ""),
    ("PRAGMA ", ""),
];

/// Looks at one tracked text file. `path` is relative to the root, with `/`.
#[must_use]
pub fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    lengths(path, text, &mut findings);
    foreign_words(path, text, &mut findings);
    names(path, &mut findings);
    if path.ends_with(".rs") {
        rust(path, text, &mut findings);
    }
    if path.ends_with(".html") && path.contains("/templates/") {
        template(path, text, &mut findings);
    }
    if path.ends_with("package-lock.json") {
        lines_with(path, text, "\"resolved\": \"http", &mut findings, "lock", || {
            "the lock file names a download address: set omit-lockfile-registry-resolved=true".to_owned()
        });
    }
    findings
}

fn lines_with(
    path: &str,
    text: &str,
    needle: &str,
    findings: &mut Vec<Finding>,
    rule: &'static str,
    message: impl Fn() -> String,
) {
    for (index, line) in text.lines().enumerate() {
        if line.contains(needle) {
            findings.push(Finding { rule, path: path.to_owned(), line: index + 1, message: message() });
        }
    }
}

fn lengths(path: &str, text: &str, findings: &mut Vec<Finding>) {
    let by_hand =
        [".rs", ".js", ".mjs", ".css", ".html", ".sql", ".sh", ".py"].iter().any(|end| path.ends_with(end))
            && !path.contains("/vendor/");
    let most = if path == "ARCHITECTURE.md" { MOST_LINES_ARCHITECTURE } else { MOST_LINES };
    let lines = text.lines().count();
    if (by_hand || path == "ARCHITECTURE.md") && lines > most {
        findings.push(Finding {
            rule: "length",
            path: path.to_owned(),
            line: most + 1,
            message: format!("{lines} lines; at most {most}: split it by what is inside"),
        });
    }
}

fn foreign_words(path: &str, text: &str, findings: &mut Vec<Finding>) {
    for word in FOREIGN {
        lines_with(path, text, word, findings, "foreign", || {
            format!("`{word}` belongs to a machine or a download host, not to the project")
        });
    }
}

fn names(path: &str, findings: &mut Vec<Finding>) {
    let Some(inside) = path.strip_prefix("crates/") else { return };
    for part in inside.split('/') {
        let name = part.strip_suffix(".rs").unwrap_or(part);
        if EMPTY_NAMES.contains(&name) {
            findings.push(Finding {
                rule: "names",
                path: path.to_owned(),
                line: 0,
                message: format!("`{name}` does not say what is inside"),
            });
        }
    }
}

fn rust(path: &str, text: &str, findings: &mut Vec<Finding>) {
    let room = path.strip_prefix("crates/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let is_tool = super::doors::TOOLS.contains(&room);
    let first_test_line = first_test_line(path, text);
    let mut say = |rule: &'static str, line: usize, message: String| {
        findings.push(Finding { rule, path: path.to_owned(), line, message });
    };
    for (index, line) in text.lines().enumerate() {
        let comment = line.find("//").map_or("", |at| &line[at..]);
        for mark in UNFINISHED_COMMENTS {
            if comment.contains(mark) {
                say("unfinished", index + 1, format!("`{mark}` marks unfinished work"));
            }
        }
    }
    for Piece { kind, line, text } in pieces(text) {
        let in_tests = line >= first_test_line;
        match kind {
            Kind::Code => {
                for mark in UNFINISHED {
                    if text.contains(mark) {
                        say("unfinished", line, format!("`{mark}` marks unfinished work"));
                    }
                }
                if in_tests && !is_tool && text.contains("thread::sleep(") {
                    say("sleep", line, "a test that sleeps hopes; wait for what it needs".to_owned());
                }
                if in_tests || is_tool {
                    continue;
                }
                for (call, rooms, rule, why) in CALLS {
                    if text.contains(call) && !rooms.contains(&room) {
                        say(rule, line, format!("`{call}` in {room}: {why}"));
                    }
                }
                if text.contains("clippy::disallowed_methods") {
                    say("disallowed_methods", line, "a call that only the wiring may make".to_owned());
                }
            }
            Kind::Text => {
                if room != "amends-store" && !in_tests && !is_tool && looks_like_sql(&text) {
                    say("sql", line, "SQL outside amends-store".to_owned());
                }
            }
        }
    }
}

fn looks_like_sql(text: &str) -> bool {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    SQL.iter().any(|(start, word)| {
        // "Select " in a sentence is not SQL: statements are written in capitals here.
        flat.match_indices(start).any(|(at, _)| {
            let begins = flat[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_');
            begins && format!("{} ", &flat[at + start.len() - 1..]).contains(word)
        })
    })
}

/// From this line on a file holds tests: all of it in a `tests` folder, else from the first `#[cfg(test)]` before a module.
fn first_test_line(path: &str, text: &str) -> usize {
    if path.contains("/tests/") || path.contains("/benches/") || path.ends_with("/tests.rs") {
        return 0;
    }
    let lines: Vec<&str> = text.lines().collect();
    lines
        .iter()
        .position(|line| line.trim() == "#[cfg(test)]")
        .filter(|&at| lines[at + 1..].iter().take(3).any(|line| line.trim_start().starts_with("mod ")))
        .map_or(usize::MAX, |at| at + 1)
}

/// The content security policy forbids inline script: a template that has some would silently not work.
fn template(path: &str, text: &str, findings: &mut Vec<Finding>) {
    for (index, line) in text.lines().enumerate() {
        let lower = line.to_ascii_lowercase();
        let inline_script = lower.match_indices("<script").any(|(at, _)| {
            let tag = lower[at..].split('>').next().unwrap_or_default();
            !tag.contains("src=") && !tag.contains("application/ld+json") && lower[at..].contains('>')
        });
        let handler = lower.match_indices(" on").any(|(at, _)| {
            let name = lower[at + 3..].split('=').next().unwrap_or_default();
            lower[at + 3..].contains("=\"")
                && !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_lowercase())
        });
        if inline_script || handler || lower.contains("javascript:") {
            findings.push(Finding {
                rule: "inline_script",
                path: path.to_owned(),
                line: index + 1,
                message: "inline script does not run under the content security policy".to_owned(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<&'static str> {
        check(path, text).into_iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn sql_is_found_outside_the_store_and_nowhere_else() {
        let code = "fn f() { run(\"SELECT id\n   FROM incidents\"); }";
        assert_eq!(rules("crates/amends-app/src/incident.rs", code), ["sql"]);
        assert!(rules("crates/amends-store/src/incident.rs", code).is_empty());
        assert!(rules("crates/amends-app/tests/incident.rs", code).is_empty());
        assert!(rules("crates/amends-app/src/a.rs", "f(\"Select a component from the list\")").is_empty());
        assert!(rules("crates/amends-app/src/a.rs", "// SELECT a FROM b\n").is_empty());
        assert_eq!(rules("crates/amends-app/src/a.rs", "f(r\"UPDATE t SET a = 1\")"), ["sql"]);
    }

    #[test]
    fn a_socket_outside_egress_is_found_unless_it_is_a_tests() {
        let code = "fn f() { TcpStream::connect(a); }";
        assert_eq!(rules("crates/amends-courier/src/smtp.rs", code), ["sockets"]);
        assert!(rules("crates/amends-egress/src/dial.rs", code).is_empty());
        assert!(
            rules("crates/amends-courier/src/a.rs", "#[cfg(test)]\nmod tests {\n TcpStream::connect(a) }")
                .is_empty()
        );
    }

    #[test]
    fn long_files_empty_names_and_foreign_words_are_found() {
        assert_eq!(rules("crates/amends-app/src/a.rs", &"\n".repeat(801)), ["length"]);
        assert!(rules("crates/amends-web/static/vendor/htmx.js", &"\n".repeat(801)).is_empty());
        assert_eq!(rules("crates/amends-app/src/util.rs", ""), ["names"]);
        assert_eq!(rules("docs/a.md", concat!("see /wo", "rk/x")), ["foreign"]);
        assert_eq!(rules("a/package-lock.json", "  \"resolved\": \"https://x\""), ["lock"]);
    }

    #[test]
    fn unfinished_work_is_found() {
        for mark in UNFINISHED {
            assert_eq!(rules("crates/amends-app/src/a.rs", &format!("{mark})")), ["unfinished"], "{mark}");
        }
        assert_eq!(
            rules("crates/amends-app/src/a.rs", &format!("// {}", UNFINISHED_COMMENTS[0])),
            ["unfinished"]
        );
    }

    #[test]
    fn inline_script_in_a_template_is_found() {
        let path = "crates/amends-web/templates/a.html";
        assert_eq!(rules(path, "<script>alert(1)</script>"), ["inline_script"]);
        assert_eq!(rules(path, "<a onclick=\"f()\">"), ["inline_script"]);
        assert!(
            rules(path, "<script src=\"/a.js\" defer></script> turn it on in <b class=\"x\">").is_empty()
        );
    }
}

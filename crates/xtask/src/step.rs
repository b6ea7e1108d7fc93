//! Running one step of a task: its output passes through while it is counted.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How many tests passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: u32,
    pub failed: u32,
    pub skipped: u32,
}

impl Counts {
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// What a step came to.
#[derive(Debug)]
pub struct Outcome {
    pub name: &'static str,
    pub ok: bool,
    pub counts: Counts,
    pub took: Duration,
}

/// Runs `work`, saying its name before and how long it took after. An error is printed and fails the step.
pub fn step(name: &'static str, work: impl FnOnce() -> Result<(bool, Counts), String>) -> Outcome {
    println!("\n== {name}");
    let start = Instant::now();
    let (ok, counts) = work().unwrap_or_else(|message| {
        println!("error: {message}");
        (false, Counts::default())
    });
    let took = start.elapsed();
    println!("== {name}: {} ({})", if ok { "ok" } else { "FAILED" }, spoken(took));
    Outcome { name, ok, counts, took }
}

/// Runs a command without input, passing its output on line by line; whether it succeeded, and the counts that it printed.
///
/// # Errors
/// When it cannot be started.
pub fn run(command: &mut Command) -> Result<(bool, Counts), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{program}: {error}"))?;
    let out = child.stdout.take().expect("piped above");
    let err = child.stderr.take().expect("piped above");
    let mut counts = std::thread::scope(|scope| {
        let errors = scope.spawn(|| pass_on(err, std::io::stdout()));
        let mut counts = pass_on(out, std::io::stdout());
        counts.add(errors.join().expect("passing on lines does not panic"));
        counts
    });
    let status = child.wait().map_err(|error| format!("{program}: {error}"))?;
    if !status.success() && counts.failed == 0 {
        counts.failed = 1;
    }
    Ok((status.success(), counts))
}

fn pass_on(output: impl Read, mut to: impl Write) -> Counts {
    let mut counts = Counts::default();
    for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        let _ = writeln!(to, "{line}");
        counts.add(counted(&line));
    }
    counts
}

/// The counts in one line of output of `cargo test`, nextest or node's test runner; nothing in any other.
fn counted(line: &str) -> Counts {
    // Indented, it is what a failed test printed, which nextest shows again.
    let result = line.starts_with("test result:");
    let line = line.trim();
    let mut counts = Counts::default();
    let words: Vec<&str> = line.split([' ', ',', ';']).filter(|word| !word.is_empty()).collect();
    let summary = line.starts_with("Summary [") || result;
    let before = |what: &str| -> u32 {
        let at = words.iter().position(|word| *word == what);
        at.and_then(|at| words.get(at.checked_sub(1)?)?.parse().ok()).unwrap_or(0)
    };
    if summary {
        counts.passed = before("passed");
        counts.failed = before("failed") + before("timed");
        counts.skipped = before("skipped") + before("ignored");
    } else if let ["\u{2139}" | "#", what, number] = words[..] {
        let number = number.parse().unwrap_or(0);
        match what {
            "pass" => counts.passed = number,
            "fail" | "cancelled" => counts.failed = number,
            "skipped" | "todo" => counts.skipped = number,
            _ => {}
        }
    }
    counts
}

/// A duration as it is said: `0.4 s`, `12 s`, `3 min 5 s`.
#[must_use]
pub fn spoken(duration: Duration) -> String {
    match duration.as_secs() {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        seconds @ 10..60 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summaries_of_the_runners_are_read() {
        let is = |line, passed, failed, skipped| {
            assert_eq!(counted(line), Counts { passed, failed, skipped }, "{line}")
        };
        is("     Summary [   0.052s] 10 tests run: 8 passed (1 slow), 2 failed, 3 skipped", 8, 2, 3);
        is("     Summary [   0.052s] 1 test run: 1 passed, 0 skipped", 1, 0, 0);
        is("     Summary [   9.052s] 2 tests run: 1 passed, 1 timed out, 0 skipped", 1, 1, 0);
        is(
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            3,
            0,
            1,
        );
        is("\u{2139} pass 4", 4, 0, 0);
        is("\u{2139} fail 1", 0, 1, 0);
        is("    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 9 filtered out", 0, 0, 0);
        is("test passed", 0, 0, 0);
        is("running 3 tests", 0, 0, 0);
    }

    #[test]
    fn lines_pass_through_and_are_counted() {
        let mut shown = Vec::new();
        let counts = pass_on(&b"# pass 2\nother\n# fail 1\n"[..], &mut shown);
        assert_eq!(counts, Counts { passed: 2, failed: 1, skipped: 0 });
        assert_eq!(shown, b"# pass 2\nother\n# fail 1\n");
    }

    #[test]
    fn a_command_that_fails_without_a_count_counts_as_one_failure() {
        let (ok, counts) = run(Command::new("sh").args(["-c", "exit 3"])).expect("sh starts");
        assert!(!ok);
        assert_eq!(counts, Counts { passed: 0, failed: 1, skipped: 0 });
    }
}

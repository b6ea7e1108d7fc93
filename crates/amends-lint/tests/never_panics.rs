//! Any text can be read: generated, cut, and mutated ones, in time that grows with their length alone.

#![allow(clippy::unwrap_used)]

use amends_lint::output::{self, Judged};
use amends_lint::{Config, Source, read};
use proptest::prelude::*;

/// Pieces from which texts are made that look like postmortems and go wrong in every way.
const PIECES: &[&str] = &[
    "# ",
    "## Timeline (all times are IST)\n",
    "\n\n",
    "\n",
    "- ",
    "  - ",
    "1. ",
    "> ",
    "| ",
    "|\n|---|---|\n",
    "```md\n",
    "```\n",
    "**",
    "_",
    "`",
    "<!-- ",
    " -->",
    "<div>",
    "</div>",
    "<br>",
    "&nbsp;",
    "---\n",
    "+++\n",
    "title: x\n",
    "date: 2022-11-10\n",
    "11:05 Am ",
    "1: 55 PM",
    "2022-11-10 ",
    "T11:05:00Z",
    " – ",
    "24:00",
    "12:60",
    "November 10th",
    ", 2022",
    "31st of February ",
    "EST",
    "UTC+2",
    "Europe/Berlin",
    "America/",
    "+05:30",
    "noon",
    "Outage begins",
    " restored",
    "not ",
    "approximately ",
    "500 users ",
    "100% of ",
    "1h 50m",
    "half an hour",
    "Why did it fail?",
    "Because ",
    "Action items:",
    "- [x] ",
    "@ada ",
    "owner: ",
    "due: ",
    "caused by ",
    "\u{202f}",
    "\u{feff}",
    "ä",
    "🎉",
    "\u{0}",
    "\r\n",
    "\t",
    "    ",
    "[a](http://x.test)",
    "![i](x)",
    "\\",
    "~",
    "'",
];

fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => proptest::sample::select(PIECES).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => "[ -~]{0,12}",
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_and_every_span_is_inside(text in texts(), path in proptest::option::of("[ -~]{0,24}")) {
        check(&text, path.as_deref());
    }
}

fn check(text: &str, path: Option<&str>) {
    let reading = read(Source { path, text });
    let facts = &reading.facts;
    let spans = facts
        .moments
        .iter()
        .map(|moment| (moment.span, moment.line))
        .chain(facts.milestones.iter().map(|milestone| (milestone.span, milestone.line)))
        .chain(facts.durations.iter().map(|duration| (duration.span, duration.line)))
        .chain(facts.quantities.iter().map(|quantity| (quantity.span, quantity.line)))
        .chain(facts.causes.iter().map(|cause| (cause.span, cause.line)))
        .chain(facts.whys.iter().map(|why| (why.span, why.line)))
        .chain(facts.actions.iter().map(|action| (action.span, action.line)));
    for (span, line) in spans {
        assert!(text.get(span.start..span.end).is_some(), "{span:?} is no place in {text:?}");
        assert!(line >= 1 && line <= reading.document.lines.lines());
    }
    for why in facts.whys.iter().enumerate() {
        assert!(why.1.parent.is_none_or(|parent| parent < why.0));
    }
    let findings = amends_lint::check(&reading, &Config::default(), None);
    for finding in &findings {
        let edits = finding.fix.iter().flat_map(|fix| fix.edits.iter().map(|edit| edit.span));
        for span in finding.related.iter().map(|related| related.span).chain(edits).chain([finding.span]) {
            assert!(text.get(span.start..span.end).is_some(), "{} at {span:?} in {text:?}", finding.rule);
        }
    }
    let judged = Judged { path: "a b.md", reading: &reading, findings: &findings };
    let _ = output::terminal(&judged, false);
    let judged = std::slice::from_ref(&judged);
    for json in [output::json(judged), output::sarif(judged, "0"), output::reading(&[("a", &reading)])] {
        assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
    }
    assert_eq!(output::github(judged).lines().count(), findings.len());
    let _ = amends_lint::fix::apply(text, &findings);
}

#[test]
fn every_cut_and_mutation_of_the_corpus_is_read() {
    let Some(files) = corpus() else { return };
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed >> 33).unwrap_or(0)
    };
    // Files from everywhere in the corpus; what is long is read in part, so that the test stays quick.
    let step = files.len().div_ceil(FILES).max(1);
    for (path, text) in files.iter().step_by(step) {
        let text = head(text, 4_000);
        let cut = head(text, random() % (text.len() + 1)).len();
        check(&text[..cut], Some(path));
        check(&text[cut..], None);
        let mut mutated: Vec<char> = text.chars().collect();
        for _ in 0..20 {
            if mutated.is_empty() {
                break;
            }
            let at = random() % mutated.len();
            match random() % 3 {
                0 => mutated[at] = ['\n', '|', '`', '-', ':', '9', 'ä', '<'][random() % 8],
                1 => drop(mutated.remove(at)),
                _ => mutated.insert(at, [' ', '\n', '*', '#', '>', '0'][random() % 6]),
            }
        }
        check(&mutated.into_iter().collect::<String>(), None);
    }
}

/// How many files of the corpus are cut and mutated; those that are whole are read by the tests of the labels.
const FILES: usize = 32;

/// The first bytes of a text, up to the end of a character.
fn head(text: &str, length: usize) -> &str {
    let mut end = length.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Texts that make a careless reader quadratic. Doubling the text must not much more than double the time.
#[test]
fn time_grows_with_length_alone() {
    let shapes: [(&str, &dyn Fn(usize) -> String); 10] = [
        ("times on one line", &|n| "11:05 ".repeat(n)),
        ("rows", &|n| "- 11:05 the outage begins\n".repeat(n)),
        ("headings", &|n| "## Timeline 2022-11-10 11:05\n\nx\n\n".repeat(n)),
        ("lengths", &|n| "1h 50m ".repeat(n)),
        ("deep lists", &|n| {
            (0..(n / 8).min(2000)).map(|depth| format!("{}- Why?\n", " ".repeat(2 * (depth % 200)))).collect()
        }),
        ("deep quotes", &|n| ">".repeat(n.min(4000)) + " 11:05 x"),
        ("open marks", &|n| "**[`<".repeat(n)),
        ("one word", &|n| "a".repeat(n * 4)),
        ("digits", &|n| "1234567890".repeat(n)),
        ("table", &|n| "| 11:05 | down |\n|---|---|\n".to_owned() + &"| 11:05 | down |\n".repeat(n)),
    ];
    for (name, shape) in shapes {
        // What this thread had of a core, at best: a busy machine does not count.
        let spent = |n: usize| {
            let text = shape(n);
            let one = || {
                let began = core_seconds();
                check(&text, None);
                core_seconds() - began
            };
            (0..2).map(|_| one()).fold(f64::INFINITY, f64::min)
        };
        let (small, large) = (spent(SHORT).max(0.002), spent(4 * SHORT));
        assert!(large < small * 10.0, "{name}: {small:.4} s for one length, {large:.4} s for four");
    }
}

/// How many pieces the short text has; the long one has four times as many, which a quadratic reader needs sixteen
/// times as long for.
const SHORT: usize = 600;

/// What this thread has had of a core; elsewhere than on Linux the time that has passed.
fn core_seconds() -> f64 {
    static BEGAN: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let spent = spent.and_then(|line| line.split(' ').next()?.parse::<f64>().ok());
    spent.map_or_else(|| BEGAN.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}

/// Every Markdown file of the shared corpus, or nothing if it is not there.
fn corpus() -> Option<Vec<(String, String)>> {
    let root = std::env::var_os("AMENDS_SHARED").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        std::path::PathBuf::from,
    );
    let root = root.join("corpus");
    if !root.is_dir() {
        eprintln!("SKIPPED: no corpus at {}", root.display());
        return None;
    }
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                files.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    Some(files)
}

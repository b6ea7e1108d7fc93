#![no_main]

use amends_lint::output::{self, Judged};
use amends_lint::{Config, Source, check, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let reading = read(Source { path: None, text });
    let findings = check(&reading, &Config::default(), None);
    let judged = Judged { path: "a b:c.md", reading: &reading, findings: &findings };
    let _ = output::sarif(std::slice::from_ref(&judged), "0");
});

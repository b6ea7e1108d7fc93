#![no_main]

use amends_lint::{Source, output, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let reading = read(Source { path: Some("2022-11-10-x.md"), text });
    for moment in &reading.facts.moments {
        assert!(text.get(moment.span.start..moment.span.end).is_some());
    }
    let _ = output::reading(&[("x.md", &reading)]);
});

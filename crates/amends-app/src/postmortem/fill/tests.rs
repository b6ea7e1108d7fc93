#![allow(clippy::unwrap_used)]

use super::*;
use crate::markdown;
use crate::postmortem::sample;

fn utc(text: &str) -> String {
    fill(text, &sample::record(), &TimeZone::UTC, Audience::Internal).markdown
}

#[test]
fn facts_come_from_the_record() {
    assert_eq!(
        utc("{{started}} to {{ resolved }}, {{duration}}"),
        "2026-03-10 14:58 UTC to 2026-03-10 17:03 UTC, 2 h 05 min"
    );
    assert_eq!(utc("{{started:date}} {{started:time}}"), "10 March 2026 14:58");
    assert_eq!(utc("{{detected..mitigated}} {{time_to_detect}}"), "55 min 4 min");
    assert_eq!(
        utc("{{title}}: {{components}}, {{number}}"),
        "Users cannot pay \\*at all\\*: Shop - Checkout, INC-42"
    );
    assert_eq!(utc("{{DURATION}}"), "2 h 05 min");
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let there = fill("{{started}}", &sample::record(), &berlin, Audience::Internal).markdown;
    assert_eq!(there, "2026-03-10 15:58 CET");
}

#[test]
fn tables_stand_by_themselves() {
    let text = utc("Before\n{{impact}}\nAfter");
    assert_eq!(
        text,
        "Before\n\nImpact on customers: **major**, for 2 h 05 min.\n\n| Component | At worst |\n|---|---|\n| Shop - Checkout | Partial outage |\n\nAfter"
    );
    let timeline = utc("{{timeline}}");
    for row in [
        "| Time (UTC) | What happened |",
        "| 2026-03-10 14:58 | It began |",
        "| 2026-03-10 15:02 | Alert from pager: 5xx above 2 % \\| rising |",
        "| 2026-03-10 15:03 | Declared as SEV 2 by Ada |",
        "| 2026-03-10 15:10 | Told customers (Investigating): We are looking. (reached 9,412 of 10,000 within 41 s) |",
        "| 2026-03-10 15:20 | Ada: a \\<b\\> \\{\\{started\\}\\} |",
    ] {
        assert!(timeline.contains(row), "{row}\n{timeline}");
    }
    assert!(
        markdown::html(&timeline).contains("<td dir=\"auto\">Alert from pager: 5xx above 2 % | rising</td>")
    );
    assert!(utc("x {{said}} y").contains("x \n\n| Time (UTC) | Phase | What we said |\n|---|---|---|\n| 2026-03-10 15:10 | Investigating | We are looking. |"));
    assert!(
        utc("{{actions}}")
            .contains("| Alert when payments stop | Ada | 2026-04-01 | short | Done: Tried it. |")
    );
    assert!(utc("{{milestones}}").contains("| Detected | 2026-03-10 15:02 | 4 min | alert from pager |"));
}

#[test]
fn what_is_not_understood_is_said_plainly() {
    let told = |text: &str| fill(text, &sample::record(), &TimeZone::UTC, Audience::Internal);
    let filled = told("a\nbä {{strated}} c");
    assert_eq!(filled.markdown, "a\nbä {{strated}} c");
    let problem = &filled.problems[0];
    assert_eq!((problem.line, problem.column, problem.blocking), (2, 4, true));
    assert!(problem.message.contains("did you mean {{started}}"), "{}", problem.message);
    for (text, part) in [
        ("{{nonsense}}", "there is no fact"),
        ("{{title:date}}", "cannot follow"),
        ("{{started:hour}}", "cannot follow"),
        ("{{started..title}}", "two milestones"),
        ("{{started..}}", "there is no fact"),
    ] {
        assert!(told(text).problems[0].message.contains(part), "{text}: {:?}", told(text).problems);
    }
    let mut early = sample::record();
    early.milestones.resolved = None;
    let filled = fill("{{resolved}} {{duration}}", &early, &TimeZone::UTC, Audience::Internal);
    assert_eq!(filled.markdown, "(not known yet) 2 d 0 h so far");
    assert!(!filled.problems[0].blocking && filled.problems.len() == 1);
}

#[test]
fn a_letter_holds_nothing_internal() {
    let letter = |text: &str| fill(text, &sample::record(), &TimeZone::UTC, Audience::Customers);
    for text in [
        "{{timeline}}",
        "{{actions}}",
        "{{severity}}",
        "{{roles}}",
        "{{summary}}",
        "{{detected..resolved}}",
        "{{milestones}}",
    ] {
        let filled = letter(text);
        assert_eq!(filled.markdown, text);
        assert!(filled.problems[0].blocking && filled.problems[0].message.contains("internal"), "{text}");
    }
    for text in ["{{said}}", "{{impact}}", "{{started}}", "{{duration}}", "{{title}}", "{{components}}"] {
        assert!(letter(text).problems.is_empty(), "{text}");
    }
    let mut hidden = sample::record();
    hidden.incident.as_mut().unwrap().visibility = amends_model::Visibility::Internal;
    assert_eq!(fill("{{said}}", &hidden, &TimeZone::UTC, Audience::Customers).markdown, UNKNOWN);
}

#[test]
fn code_escapes_and_other_braces_are_left_alone() {
    for text in [
        "`{{started}}`",
        "```\n{{started}}\n```",
        "    {{started}}",
        "\\{{started}}",
        "{{ 3 of 4 }}",
        "{{}}",
        "{{",
        "{{started",
        "{{star\nted}}",
        "{ {started} }",
        "",
    ] {
        assert_eq!(utc(text), text);
        assert!(check(text, Audience::Internal).is_empty(), "{text}");
    }
    assert_eq!(utc("`a` {{number}} `{{number}}` {{number}}"), "`a` INC-42 `{{number}}` INC-42");
    assert_eq!(utc("{{{number}}}"), "{{{number}}}");
    let foreign = "at {{ site.url }} and `{{ x }}` and {{started}}";
    assert!(check(&disarm(foreign), Audience::Internal).is_empty());
    assert_eq!(markdown::text(&disarm(foreign)), "at {{ site.url }} and {{ x }} and {{started}}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_text_can_be_filled(text in "([a-z {}`\\\\\n|ä>-]|\\{\\{started\\}\\}|\\{\\{timeline\\}\\}|\\{\\{[a-z_.:]{0,9}\\}\\}|```\n){0,40}") {
        let filled = utc(&text);
        proptest::prop_assert!(filled.len() >= text.len().saturating_sub(text.matches("{{").count() * 64));
        proptest::prop_assert!(check(&disarm(&text), Audience::Internal).is_empty(), "{}", disarm(&text));
    }
}

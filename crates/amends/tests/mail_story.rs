//! Story A with the real program, on both engines: "Daily team emails not sent out". The mail server refuses everything;
//! nothing is lost, everybody is told once it is mended, and page, feed and API agree at every step. Then the same with
//! `kill -9` at random moments. `cargo xtask faults` tells the long form.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use amends_testkit::company::{Company, Plan, Rounds};
use std::time::Duration;

const SUBSCRIBERS: usize = 500;

/// On SQLite, and on PostgreSQL where there is one.
fn each(story: impl Fn(&'static str, Plan)) {
    story("sqlite", Plan { subscribers: SUBSCRIBERS, ..Plan::default() });
    if let Some(url) = amends_testkit::postgres::fresh_database() {
        story("postgres", Plan { database: Some(url), subscribers: SUBSCRIBERS, ..Plan::default() });
    }
}

#[test]
fn a_mail_server_that_refuses_everything_costs_time_but_no_message() {
    each(|engine, plan| println!("{engine}: {}", Company::open(&plan).tell_of_the_daily_mails(true)));
}

#[test]
fn a_server_killed_at_random_moments_loses_nothing_and_tells_nobody_twice() {
    each(|engine, plan| {
        let plan = Plan { subscribers: 200, pause: Duration::from_millis(10), ..plan };
        let mut company = Company::open(&plan);
        let rounds = Rounds {
            kills: 4,
            within: Duration::from_millis(700),
            patience: Duration::from_secs(90),
            seed: 2_026,
        };
        let tally = company.kill_rounds(rounds);
        println!("{engine}: {tally}");
        assert_eq!((tally.lost, tally.twice, tally.strange), (0, 0, 0), "{engine}: {tally}");
        assert!(tally.again <= tally.kills * plan.subscribers, "{engine}: {tally}");
    });
}

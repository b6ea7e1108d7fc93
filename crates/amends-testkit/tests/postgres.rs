//! The cluster is what the store's tests stand on, so it is tested too.

use std::process::{Command, Stdio};
use std::time::Duration;

use amends_testkit::postgres::{self, Cluster, Durability};
use amends_testkit::process::{alive, poll};

fn query(url: &str, statement: &str) -> Result<String, String> {
    let output = Command::new(postgres::binaries().expect("installed").join("psql"))
        .args([
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "--quiet",
            "--dbname",
            url,
            "--command",
            statement,
        ])
        .stdin(Stdio::null())
        .output()
        .expect("psql runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[test]
fn every_test_gets_an_empty_database_of_its_own() {
    let (Some(one), Some(two)) = (postgres::fresh_database(), postgres::fresh_database()) else { return };
    assert_ne!(one, two);
    query(&one, "CREATE TABLE t (n int)").expect("created");
    assert!(query(&two, "SELECT * FROM t").expect_err("another database").contains("does not exist"));
    assert_eq!(query(&one, "SHOW timezone").as_deref(), Ok("UTC"));
}

#[test]
fn a_cluster_can_be_stopped_killed_and_started_again() {
    if postgres::skipped() {
        return;
    }
    let mut cluster = Cluster::launch(Durability::Relaxed).expect("starts");
    let url = cluster.fresh_database();
    query(&url, "CREATE TABLE t AS SELECT 42 AS n").expect("created");
    cluster.stop().expect("stops");
    assert!(query(&url, "SELECT n FROM t").expect_err("nobody listens").contains("refused"));
    cluster.start().expect("starts again");
    assert_eq!(query(&url, "SELECT n FROM t").as_deref(), Ok("42"));
    cluster.kill().expect("killed");
    cluster.start().expect("recovers");
    assert_eq!(query(&url, "SELECT n FROM t").as_deref(), Ok("42"));
}

/// Run by the test below in a process of its own: says where the cluster is, then waits to be killed.
#[test]
fn hold_a_cluster_until_killed() {
    if std::env::var_os("AMENDS_TEST_HOLD_CLUSTER").is_none() {
        return;
    }
    let cluster = Cluster::launch(Durability::Relaxed).expect("starts");
    let url = cluster.url("postgres");
    let facts = "SELECT current_setting('data_directory') || ' ' || \
                 split_part(pg_read_file('postmaster.pid'), chr(10), 1)";
    println!("\nHELD {}", query(&url, facts).expect("answers"));
    loop {
        std::thread::park();
    }
}

#[test]
fn a_killed_test_process_leaves_no_server_and_no_folder() {
    use std::io::{BufRead, BufReader};
    if postgres::skipped() {
        return;
    }
    let mut holder = Command::new(std::env::current_exe().expect("known"))
        .args(["--exact", "hold_a_cluster_until_killed", "--nocapture"])
        .env("AMENDS_TEST_HOLD_CLUSTER", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let held = BufReader::new(holder.stdout.take().expect("piped"))
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("HELD ").map(str::to_owned))
        .expect("the holder says where its cluster is");
    let (folder, id) = held.split_once(' ').expect("two words");
    let id: u32 = id.parse().expect("a process id");
    assert!(alive(id));
    holder.kill().expect("killed");
    holder.wait().expect("waited for");
    let gone = || (!alive(id) && !std::path::Path::new(folder).exists()).then_some(());
    assert!(poll(Duration::from_secs(20), gone).is_some(), "process {id} or {folder} is still there");
}

//! The API is what its description says: schemathesis makes requests from the served description, right ones and wrong
//! ones, and looks at every answer.

use std::path::Path;
use std::process::Command;

use amends_testkit::server::{self, Amends, Settings};

use crate::step::{Counts, run};
use crate::{root, setup};

/// For all of it; how much is tried is what varies.
const SECONDS: &str = "80";

/// Starts the server, fills it a little, and lets schemathesis ask.
///
/// # Errors
/// When a part of it cannot be started.
pub fn check() -> Result<(bool, Counts), String> {
    let python = setup::python(&root().join("tests/api/requirements.txt"))?;
    let folder = amends_testkit::folder::temporary();
    let server = start(folder.path())?;
    let token = fill(&server)?;
    let mut schemathesis = Command::new(python.join("bin/schemathesis"));
    // It keeps what it has seen in the folder that it runs in.
    schemathesis
        .current_dir(folder.path())
        .env("HYPOTHESIS_STORAGE_DIRECTORY", folder.path().join("hypothesis"));
    let settings = root().join("tests/api/schemathesis.toml");
    schemathesis.arg("--no-color").arg("--config-file").arg(settings);
    schemathesis.args(["run", &format!("{}/api/v1/openapi.json", server.url()), "--max-time", SECONDS]);
    schemathesis.args(["--header", &format!("Authorization: Bearer {token}")]);
    let (ok, _) = run(&mut schemathesis)?;
    if server.log().contains("panicked") {
        return Err(format!("the server panicked:\n{}", server.log()));
    }
    Ok((ok, Counts { passed: u32::from(ok), failed: u32::from(!ok), skipped: 0 }))
}

fn start(folder: &Path) -> Result<Amends, String> {
    let (data, password) = (folder.join("data"), folder.join("password"));
    std::fs::write(&password, "a long enough word 7\n").map_err(|error| error.to_string())?;
    let (data_text, password) = (data.to_string_lossy(), password.to_string_lossy());
    let who = ["--admin-email", "ada@example.com", "--admin-password-file", &*password];
    let init = server::run(&[&["init", "--data", &*data_text, "--name", "Acme"], &who[..]].concat());
    if !init.status.success() {
        return Err(String::from_utf8_lossy(&init.stderr).into_owned());
    }
    // A budget for people would only be used up.
    let config = "api_requests_per_minute = 100000000\n".to_owned();
    Ok(Amends::start(Settings { data: Some(data), config, ..Settings::default() }))
}

/// Something of each kind, so that there is something to find. Answers the token to ask with.
fn fill(server: &Amends) -> Result<String, String> {
    let data = server.data().to_string_lossy().into_owned();
    let on = |arguments: &[&str]| -> Result<String, String> {
        let output = server.command("", &[arguments, &["--data", &data]].concat());
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
        }
        Err(format!("{}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)))
    };
    on(&["component", "add", "--name", "Checkout"])?;
    on(&["component", "add", "--name", "Daily emails"])?;
    let public =
        ["--public", "--message", "We are looking at why.", "--component", "Checkout=partial_outage"];
    on(&[&["incident", "declare", "--title", "Orders cannot be paid"], &public[..]].concat())?;
    on(&["incident", "declare", "--title", "Backups are late"])?;
    on(&["incident", "note", "INC-2", "The disk is slow."])?;
    let when = ["--from", "+2d", "--until", "+3d", "--message", "Orders may wait for a moment."];
    on(&[&["maintenance", "schedule", "--title", "New disks"], &when[..]].concat())?;
    let token = on(&["token", "create", "--name", "Conformance", "--role", "administrator"])?;
    token.lines().last().map(str::to_owned).ok_or_else(|| "no token was printed".into())
}

//! `cargo xtask shots`: pictures of every screen, light and dark, 320 and 1280 px wide. Whoever changes a screen looks at it.

use std::process::Command;

use crate::{root, setup, target, test};

/// Takes the pictures into `target/shots`; with `readme`, those of the README anew as well. Whether every screen was answered
/// and none is wider than its window.
///
/// # Errors
/// When something that it needs is missing, or the program cannot be built.
pub fn shots(readme: bool) -> Result<bool, String> {
    setup::for_tests()?;
    if !test::build()?.0 {
        return Ok(false);
    }
    let tests = root().join("tests");
    setup::npm(&tests)?;
    let mut node = Command::new("node");
    node.arg("shots/shots.mjs").arg(target()?.join("shots")).current_dir(&tests);
    if readme {
        node.arg(root().join("docs/img"));
    }
    node.env("AMENDS_BIN", test::program()?).env("CHROMIUM", setup::CHROMIUM);
    Ok(node.status().map_err(|error| format!("node: {error}"))?.success())
}

//! What the tests need on this machine, and getting it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Something that a Debian package brings, and how to see that it is there.
struct Need {
    package: &'static str,
    why: &'static str,
    there: fn() -> bool,
}

const FOR_TESTS: &[Need] = &[
    Need {
        package: "postgresql",
        why: "the store's tests run on SQLite and PostgreSQL",
        there: || amends_testkit::postgres::left_out() || amends_testkit::postgres::binaries().is_some(),
    },
    Need { package: "chromium", why: "the browser tests", there: || Path::new(CHROMIUM).exists() },
    Need { package: "nodejs", why: "the browser tests", there: || on_path("node") },
    Need { package: "npm", why: "the browser tests", there: || on_path("npm") },
    Need {
        package: "python3-venv",
        why: "holding the API to its description",
        there: || python_can("import venv, ensurepip"),
    },
    Need { package: "postfix", why: "sending through a real mail server", there: || on_path("postfix") },
    Need {
        package: "kannel",
        why: "sending text messages through a real gateway",
        there: || on_path("bearerbox") && on_path("smsbox"),
    },
    Need {
        package: "kannel-extras",
        why: "the exchange that the gateway sends text messages to",
        there: || Path::new("/usr/lib/kannel/test/fakesmsc").exists(),
    },
    Need { package: "neovim", why: "an editor that speaks the linter's protocol", there: || on_path("nvim") },
];

/// Where Debian puts its browser.
pub const CHROMIUM: &str = "/usr/bin/chromium";

/// Gets everything for the tests.
///
/// # Errors
/// What is missing and how to install it, when this user may not.
pub fn for_tests() -> Result<(), String> {
    packages(FOR_TESTS)
}

const FOR_BENCHES: &[Need] = &[
    Need {
        package: "postgresql",
        why: "measuring on both engines",
        there: || amends_testkit::postgres::left_out() || amends_testkit::postgres::binaries().is_some(),
    },
    Need { package: "wrk", why: "asking for the page again and again", there: || on_path("wrk") },
    Need { package: "nginx", why: "comparing with a server of files", there: || on_path("nginx") },
];

/// Gets everything for the measurements.
///
/// # Errors
/// As [`for_tests`].
pub fn for_benches() -> Result<(), String> {
    packages(FOR_BENCHES)
}

/// Gets what sets the clock of one program.
///
/// # Errors
/// As [`for_tests`].
pub fn for_clocks() -> Result<(), String> {
    packages(&[Need { package: "faketime", why: "clocks that are wrong", there: || on_path("faketime") }])
}

fn packages(needs: &[Need]) -> Result<(), String> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !(need.there)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|need| need.package).collect();
    let reasons: Vec<String> =
        missing.iter().map(|need| format!("  {} for {}", need.package, need.why)).collect();
    let line = format!("apt-get install -y --no-install-recommends {}", names.join(" "));
    if !is_root() {
        return Err(format!("missing on this machine:\n{}\ninstall with: sudo {line}", reasons.join("\n")));
    }
    println!("installing what is missing:\n{}", reasons.join("\n"));
    let _quiet = NoServices::begin()?;
    apt(&["update", "-qq"])?;
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(names);
    apt(&arguments)?;
    match needs.iter().find(|need| !(need.there)()) {
        Some(need) => Err(format!(
            "{} is installed, and what it should bring for {} is not there",
            need.package, need.why
        )),
        None => Ok(()),
    }
}

fn apt(arguments: &[&str]) -> Result<(), String> {
    must(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// While this value lives, installing a package starts no service (Debian's policy-rc.d).
struct NoServices {
    ours: bool,
}

const POLICY: &str = "/usr/sbin/policy-rc.d";

impl NoServices {
    fn begin() -> Result<Self, String> {
        if Path::new(POLICY).exists() {
            return Ok(Self { ours: false });
        }
        use std::os::unix::fs::PermissionsExt;
        let written = std::fs::write(POLICY, "#!/bin/sh\nexit 101\n")
            .and_then(|()| std::fs::set_permissions(POLICY, std::fs::Permissions::from_mode(0o755)));
        written.map_err(|error| format!("{POLICY}: {error}"))?;
        Ok(Self { ours: true })
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.ours {
            let _ = std::fs::remove_file(POLICY);
        }
    }
}

/// Installs the packages of `folder/package-lock.json`, unless that has been done for this very file.
///
/// # Errors
/// When npm fails.
pub fn npm(folder: &Path) -> Result<(), String> {
    let lock = folder.join("package-lock.json");
    once(&lock, &folder.join("node_modules/.installed"), || {
        must(
            Command::new("npm")
                .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                .current_dir(folder),
        )
    })
}

/// Installs what `requirements` lists into a folder of its own below the target folder, named as the one that the list
/// lies in, unless that has been done for this very list, and answers the folder.
///
/// # Errors
/// When pip fails.
pub fn python(requirements: &Path) -> Result<PathBuf, String> {
    let name = requirements.parent().and_then(Path::file_name).unwrap_or_default();
    let folder = crate::target()?.join("python").join(name);
    once(requirements, &folder.join(".installed"), || {
        println!("installing {} into {}", requirements.display(), folder.display());
        must(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        let pip = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"];
        must(Command::new(folder.join("bin/pip")).args(pip).arg(requirements))
    })?;
    Ok(folder)
}

/// Whether python runs this line.
fn python_can(line: &str) -> bool {
    let mut python = Command::new("python3");
    python.args(["-c", line]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    python.status().is_ok_and(|status| status.success())
}

/// Runs `work` unless `stamp` holds the text of `source`, and leaves it there.
fn once(source: &Path, stamp: &Path, work: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let wanted = std::fs::read(source).map_err(|error| format!("{}: {error}", source.display()))?;
    if std::fs::read(stamp).is_ok_and(|done| done == wanted) {
        return Ok(());
    }
    work()?;
    std::fs::write(stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))
}

/// Runs a command that has to succeed.
///
/// # Errors
/// The command and how it ended.
pub fn must(command: &mut Command) -> Result<(), String> {
    let shown = format!("{command:?}").replace('"', "");
    let status = command.stdin(Stdio::null()).status().map_err(|error| format!("{shown}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{shown}: {status}")) }
}

/// Whether a program is found on the path.
#[must_use]
pub fn on_path(program: &str) -> bool {
    // Debian keeps what only administrators run in folders that others do not search.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.any(|folder| folder.join(program).is_file())
}

/// Whether this user may install packages.
#[must_use]
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

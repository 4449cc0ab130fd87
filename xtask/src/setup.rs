//! `cargo xtask setup`: what the other commands need, checked and installed with ordinary clients.
//!
//! Every other command calls [`ensure`] with its own needs; what is there is passed over in well
//! under a second, what is missing is installed at a pinned version after one line that says what,
//! why and how long. What cannot be installed here is a [`SetupError`] that says what to do.

mod chrome;
mod error;
mod node;
pub mod rust;

use anyhow::Result;
use std::time::Instant;

pub use chrome::Chrome;
pub use error::SetupError;

use crate::{project::Project, term};

/// The folders with a `package.json` of their own.
pub const NPM_FOLDERS: [&str; 4] = ["pkg", "www", "tests/e2e", "tests/differential"];

/// Check and install everything that the other commands need
///
/// Installs what is missing: the wasm32 target, rustfmt and clippy, the pinned wasm-bindgen and
/// wasm-pack (compiled from source the first time: some minutes), the npm packages, and on Debian
/// as root also Chromium. The pinned tools go to `rejoin-tools` in cargo's home folder, or to
/// $REJOIN_TOOLS; your own versions of them are left alone. The other commands do this by
/// themselves, each only for what it needs.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask setup                           everything
  cargo xtask setup --no-chrome               all but the browser tests' browser
  CHROME=/opt/chrome cargo xtask setup        with a browser from elsewhere")]
pub struct Args {
    /// Leave out Chrome and chromedriver, which only the browser tests need
    #[arg(long)]
    no_chrome: bool,
}

/// Something a command needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// The wasm32 target, wasm-bindgen and wasm-pack.
    Wasm,
    /// rustfmt and clippy.
    Lint,
    /// cargo-fuzz.
    Fuzz,
    /// Node and the npm packages of one folder.
    Npm(&'static str),
    /// A Chrome and the chromedriver that fits it.
    Chrome,
}

/// The command.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    let mut needs = vec![Need::Lint, Need::Wasm];
    needs.extend(NPM_FOLDERS.map(Need::Npm));
    if !args.no_chrome {
        needs.push(Need::Chrome);
    }
    ensure(project, &needs)
}

/// Sees to it that all of this is there.
///
/// # Errors
/// A [`SetupError`] when something is missing that cannot be installed from here; another error
/// when an installation failed.
pub fn ensure(project: &Project, needs: &[Need]) -> Result<()> {
    let start = Instant::now();
    term::heading("Set-up");
    for need in needs {
        ensure_one(project, *need)?;
    }
    term::note(&format!("all there ({})", term::seconds(start.elapsed())));
    Ok(())
}

/// Sees to one need, without a heading.
///
/// # Errors
/// As [`ensure`].
pub fn ensure_one(project: &Project, need: Need) -> Result<()> {
    match need {
        Need::Wasm => rust::ensure_wasm(project),
        Need::Lint => rust::ensure_lint(project),
        Need::Fuzz => rust::ensure_fuzz(project),
        Need::Npm(folder) => node::ensure_packages(project, folder),
        Need::Chrome => chrome::ensure(project).map(|_| ()),
    }
}

/// Which Chrome the browser tests use.
///
/// # Errors
/// When there is none: [`ensure`] it first.
pub fn chrome(project: &Project) -> Result<Chrome> {
    Ok(chrome::find(project)?)
}

/// The first thing in a text that looks like a version: `wasm-pack 0.15.1` → `[0, 15, 1]`.
fn version_in(text: &str) -> Option<Vec<u32>> {
    text.split(|c: char| c.is_whitespace() || c == 'v')
        .find_map(|word| {
            let numbers: Option<Vec<u32>> = word.split('.').map(|n| n.parse().ok()).collect();
            numbers.filter(|numbers| numbers.len() >= 2)
        })
}

#[cfg(test)]
mod tests {
    use super::version_in;

    #[test]
    fn versions_are_found_in_what_tools_print() {
        assert_eq!(version_in("wasm-pack 0.15.1\n"), Some(vec![0, 15, 1]));
        assert_eq!(
            version_in("wasm-bindgen 0.2.130 (abcdef)"),
            Some(vec![0, 2, 130])
        );
        assert_eq!(version_in("v20.20.2\n"), Some(vec![20, 20, 2]));
        assert_eq!(
            version_in("Chromium 143.0.7499.40 built on Debian GNU/Linux 12"),
            Some(vec![143, 0, 7499, 40])
        );
        assert_eq!(
            version_in("ChromeDriver 143.0.7499.40 (d3ad-refs/branch-heads/7499@{#3})"),
            Some(vec![143, 0, 7499, 40])
        );
        assert_eq!(version_in("command not found"), None);
        assert_eq!(version_in(""), None);
    }
}

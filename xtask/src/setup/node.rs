//! Node, npm and the npm packages.

use anyhow::{Context, Result};
use std::fs;

use super::{SetupError, version_in};
use crate::{project::Project, term};

/// The oldest Node that the package supports and the tests run on.
const MIN_NODE: u32 = 20;

/// The npm packages of one folder, exactly as its lock file says. A folder without a
/// `package.json` needs none.
///
/// A copy of the lock file inside `node_modules` tells what was installed last: if it is the same,
/// nothing is to be done, and it goes with `node_modules` when that is deleted.
pub fn ensure_packages(project: &Project, folder: &'static str) -> Result<()> {
    let dir = project.at(folder);
    if !dir.join("package.json").is_file() {
        return Ok(());
    }
    ensure_node(project)?;
    let lock =
        fs::read(dir.join("package-lock.json")).map_err(|_| SetupError::NoLockFile { folder })?;
    let stamp = dir.join("node_modules/.installed-lock.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    term::note(&format!(
        "installing the npm packages of {folder} from its lock file (some seconds)"
    ));
    project
        .npm(folder)
        .args(["ci", "--no-audit"])
        .run()
        .with_context(|| format!("the npm packages of {folder} could not be installed"))?;
    // A lock file without packages leaves no folder.
    fs::create_dir_all(dir.join("node_modules"))?;
    fs::write(&stamp, lock).with_context(|| format!("could not write {}", stamp.display()))
}

/// node and npm, and node new enough.
pub fn ensure_node(project: &Project) -> Result<(), SetupError> {
    let min = MIN_NODE;
    let found = project
        .cmd("node")
        .arg("--version")
        .ask()
        .ok_or(SetupError::NodeMissing {
            program: "node",
            min,
        })?;
    check_version(&found)?;
    let npm = if cfg!(windows) {
        std::env::var_os("PATH").is_some_and(|path| {
            std::env::split_paths(&path).any(|folder| folder.join("npm.cmd").is_file())
        })
    } else {
        project.which("npm").is_some()
    };
    if !npm {
        return Err(SetupError::NodeMissing {
            program: "npm",
            min,
        });
    }
    Ok(())
}

fn check_version(found: &str) -> Result<(), SetupError> {
    let major = version_in(found).and_then(|version| version.first().copied());
    if major.is_some_and(|major| major >= MIN_NODE) {
        return Ok(());
    }
    Err(SetupError::NodeTooOld {
        found: found.trim().to_owned(),
        min: MIN_NODE,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_nodes_are_named_and_refused() {
        assert_eq!(check_version("v20.0.0\n"), Ok(()));
        assert_eq!(check_version("v24.11.1\n"), Ok(()));
        let error = check_version("v18.20.4\n").unwrap_err();
        assert_eq!(error.code(), "node-too-old");
        assert!(error.to_string().contains("v18.20.4"));
        assert_eq!(
            check_version("nonsense").unwrap_err().code(),
            "node-too-old"
        );
    }
}

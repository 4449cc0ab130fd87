//! What cannot be set up from here, and what to do about it.

use std::path::PathBuf;
use thiserror::Error;

/// A missing thing that the user has to see to.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SetupError {
    /// The toolchain lacks a part, and there is no rustup to add it.
    #[error(
        "the Rust toolchain lacks {part}, and there is no rustup to add it: install the toolchain \
         with rustup, or add {part} with the package manager that installed cargo"
    )]
    NoRustup {
        /// The target or component.
        part: String,
    },
    /// No `node`, or no `npm`.
    #[error("{program} is missing: install Node.js {min} or later (it brings npm)")]
    NodeMissing {
        /// `node` or `npm`.
        program: &'static str,
        /// The oldest major version that will do.
        min: u32,
    },
    /// A `node` that is too old.
    #[error("Node.js {found} is too old: install version {min} or later")]
    NodeTooOld {
        /// What `node --version` says.
        found: String,
        /// The oldest major version that will do.
        min: u32,
    },
    /// A `package.json` without its lock file.
    #[error("{folder}/package-lock.json is missing: run `npm install` in {folder} and commit it")]
    NoLockFile {
        /// The folder, from the project's root.
        folder: &'static str,
    },
    /// `CHROME` or `CHROMEDRIVER` names no file.
    #[error("{variable} is set to {path:?}, but there is no such file")]
    NoSuchBrowser {
        /// The environment variable.
        variable: &'static str,
        /// Its value.
        path: PathBuf,
    },
    /// No Chrome, or no chromedriver.
    #[error("the browser tests need {missing}, and none was found. {advice}")]
    NoChrome {
        /// What was looked for.
        missing: &'static str,
        /// What to install on this system.
        advice: &'static str,
    },
    /// A chromedriver for another Chrome.
    #[error(
        "chromedriver {driver} does not fit Chrome {browser}: install the same major version of \
         both, or name a fitting pair in CHROME and CHROMEDRIVER"
    )]
    ChromeMismatch {
        /// Chrome's version.
        browser: String,
        /// chromedriver's version.
        driver: String,
    },
}

impl SetupError {
    /// A stable name for the kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoRustup { .. } => "no-rustup",
            Self::NodeMissing { .. } => "node-missing",
            Self::NodeTooOld { .. } => "node-too-old",
            Self::NoLockFile { .. } => "no-lock-file",
            Self::NoSuchBrowser { .. } => "no-such-browser",
            Self::NoChrome { .. } => "no-chrome",
            Self::ChromeMismatch { .. } => "chrome-mismatch",
        }
    }
}

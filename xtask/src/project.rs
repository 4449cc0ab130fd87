//! Where the project is and what surrounds it: folders, `PATH`, whether this is CI.

use anyhow::{Context, Result};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::process::Cmd;

/// The clone this xtask was built from, and the surroundings its commands run in.
pub struct Project {
    /// The repository's root: the folder of the root `Cargo.toml`.
    pub root: PathBuf,
    /// `CI=true` (or any other value but empty): no colours, no redrawn progress.
    pub ci: bool,
    /// Where `setup` puts the pinned cargo tools, one folder per tool and version.
    ///
    /// They stay out of cargo's own bin folder, so that a `wasm-bindgen` which another project
    /// of the same user needs is never replaced, and all clones of this project share them.
    pub tools: PathBuf,
    path: OsString,
}

impl Project {
    /// Finds the project from where xtask was built, and sets up the surroundings.
    ///
    /// # Errors
    /// When the clone has been moved since xtask was built, or there is no home folder.
    pub fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("xtask has no parent folder")?
            .to_path_buf();
        anyhow::ensure!(
            root.join("Cargo.toml").is_file(),
            "the project is no longer at {}: run `cargo xtask` from its new place",
            root.display()
        );
        let ci = env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
        if ci {
            console::set_colors_enabled(false);
            console::set_colors_enabled_stderr(false);
        }
        let tools = tools_folder()?;
        let path = env::join_paths(
            crate::setup::rust::TOOLS
                .iter()
                .chain([&crate::setup::rust::FUZZ_TOOL])
                .map(|tool| tool.root(&tools).join("bin"))
                .chain(env::split_paths(&env::var_os("PATH").unwrap_or_default())),
        )
        .context("PATH cannot be extended")?;
        Ok(Self {
            root,
            ci,
            tools,
            path,
        })
    }

    /// A path inside the project.
    pub fn at(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The folder for everything that can be thrown away and is not cargo's (ignored by git).
    pub fn cache(&self) -> PathBuf {
        self.at(".cache")
    }

    /// A program to run in the project's root, with the pinned tools first in its `PATH`.
    pub fn cmd(&self, program: &str) -> Cmd {
        let mut cmd = Cmd::new(program, &self.root, &self.path);
        if self.ci {
            cmd = cmd
                .env("CARGO_TERM_COLOR", "never")
                .env("CARGO_TERM_PROGRESS_WHEN", "never")
                .env("NO_COLOR", "1")
                .env("npm_config_progress", "false")
                .env("npm_config_color", "false");
        }
        cmd
    }

    /// cargo, the one that runs xtask.
    pub fn cargo(&self) -> Cmd {
        self.cmd("cargo")
    }

    /// npm in one of the project's folders.
    pub fn npm(&self, folder: &str) -> Cmd {
        // On Windows npm is a script, and only found with its extension.
        let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
        self.cmd(program)
            .dir(&self.at(folder))
            .env("npm_config_update_notifier", "false")
            .env("npm_config_fund", "false")
    }

    /// The first file of this name in `PATH`, `.exe` added on Windows.
    pub fn which(&self, program: &str) -> Option<PathBuf> {
        let file = format!("{program}{}", env::consts::EXE_SUFFIX);
        env::split_paths(&self.path)
            .map(|folder| folder.join(&file))
            .find(|candidate| candidate.is_file())
    }
}

/// `$REJOIN_TOOLS`, else `rejoin-tools` in cargo's home folder.
fn tools_folder() -> Result<PathBuf> {
    if let Some(folder) = env::var_os("REJOIN_TOOLS").filter(|value| !value.is_empty()) {
        return std::path::absolute(folder).context("REJOIN_TOOLS is no usable path");
    }
    let cargo_home = match env::var_os("CARGO_HOME").filter(|value| !value.is_empty()) {
        Some(folder) => std::path::absolute(folder)?,
        None => env::home_dir()
            .context("there is no home folder: set CARGO_HOME or REJOIN_TOOLS")?
            .join(".cargo"),
    };
    Ok(cargo_home.join("rejoin-tools"))
}

//! The Rust side: the wasm32 target, rustfmt, clippy, and the pinned tools around wasm-bindgen.

use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

use super::{SetupError, version_in};
use crate::{project::Project, term};

/// The target that the browser's half is compiled for.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// A tool that is compiled from crates at a pinned version.
pub struct CargoTool {
    package: &'static str,
    program: &'static str,
    version: [u32; 3],
    /// Whether `--locked` works. The lock file that wasm-bindgen-cli ships names versions that
    /// not every registry still serves, so it is resolved afresh.
    locked: bool,
    why: &'static str,
    how_long: &'static str,
}

/// All of them. The version of wasm-bindgen must be the library's (a test compares them).
pub const TOOLS: [CargoTool; 2] = [
    CargoTool {
        package: "wasm-bindgen-cli",
        program: "wasm-bindgen",
        version: [0, 2, 130],
        locked: false,
        why: "makes the JavaScript side of the wasm and runs the wasm tests",
        how_long: "compiled from source, 1 to 4 minutes, only once",
    },
    CargoTool {
        package: "wasm-pack",
        program: "wasm-pack",
        version: [0, 15, 1],
        locked: true,
        why: "builds the crate to wasm and runs its tests in Node and in Chrome",
        how_long: "compiled from source, 1 to 4 minutes, only once",
    },
];

/// What `cargo xtask fuzz` needs besides; nothing else installs it.
pub const FUZZ_TOOL: CargoTool = CargoTool {
    package: "cargo-fuzz",
    program: "cargo-fuzz",
    version: [0, 13, 2],
    locked: true,
    why: "builds the fuzz targets with libFuzzer and runs them",
    how_long: "compiled from source, 1 to 2 minutes, only once",
};

impl CargoTool {
    fn version(&self) -> String {
        self.version.map(|n| n.to_string()).join(".")
    }

    /// Where it goes below the tools folder.
    pub fn root(&self, tools: &Path) -> PathBuf {
        tools.join(format!("{}-{}", self.package, self.version()))
    }

    fn is_there(&self, project: &Project) -> bool {
        project
            .cmd(self.program)
            .arg("--version")
            .ask()
            .and_then(|text| version_in(&text))
            .is_some_and(|found| found == self.version)
    }

    fn install(&self, project: &Project) -> Result<()> {
        let version = self.version();
        term::note(&format!(
            "installing {} {version}: {} ({})",
            self.package, self.why, self.how_long
        ));
        let root = self.root(&project.tools);
        // Outside the workspace's target folder: other profiles and features, and used only once.
        let build = project.tools.join(format!("build-{}", self.package));
        let mut cmd = project
            .cargo()
            .args(["install", self.package, "--version", &version, "--root"])
            .arg(&root)
            .arg("--force")
            // The tools run for seconds: the time to optimise them would never come back.
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_TARGET_DIR", &build);
        if self.locked {
            cmd = cmd.arg("--locked");
        }
        let outcome = cmd.run();
        if build.exists() {
            fs::remove_dir_all(&build)
                .with_context(|| format!("could not clear {}", build.display()))?;
        }
        outcome?;
        anyhow::ensure!(
            self.is_there(project),
            "{} was installed to {}, but `{} --version` does not answer {version}",
            self.package,
            root.display(),
            self.program
        );
        Ok(())
    }
}

/// The target and the tools that every wasm build needs.
pub fn ensure_wasm(project: &Project) -> Result<()> {
    let sysroot = project
        .cmd("rustc")
        .args(["--print", "sysroot"])
        .quiet()
        .read()?;
    let installed = Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(WASM_TARGET);
    if !installed.exists() {
        term::note(&format!(
            "adding the target {WASM_TARGET}: the engine is compiled to wasm (half a minute)"
        ));
        rustup(project, ["target", "add", WASM_TARGET])?;
    }
    for tool in &TOOLS {
        if !tool.is_there(project) {
            tool.install(project)?;
        }
    }
    Ok(())
}

/// cargo-fuzz.
pub fn ensure_fuzz(project: &Project) -> Result<()> {
    if !FUZZ_TOOL.is_there(project) {
        FUZZ_TOOL.install(project)?;
    }
    Ok(())
}

/// rustfmt and clippy, which `ci` runs.
pub fn ensure_lint(project: &Project) -> Result<()> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        let there = project.cargo().args([subcommand, "--version"]).ask();
        if there.is_none() {
            term::note(&format!(
                "adding the component {component}: `cargo xtask ci` runs it (some seconds)"
            ));
            rustup(project, ["component", "add", component])?;
        }
    }
    Ok(())
}

fn rustup(project: &Project, args: [&str; 3]) -> Result<()> {
    if project.which("rustup").is_none() {
        return Err(SetupError::NoRustup {
            part: args[2].to_owned(),
        }
        .into());
    }
    project.cmd("rustup").args(args).run()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tool and the library speak a private format that changes with every version.
    #[test]
    fn wasm_bindgen_tool_and_library_have_one_version() {
        let lock =
            fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock")).unwrap();
        let package = lock
            .split("[[package]]")
            .find(|package| package.contains("name = \"wasm-bindgen\"\n"))
            .unwrap();
        let version = format!("version = \"{}\"\n", TOOLS[0].version());
        assert!(
            package.contains(&version),
            "{package} should have {version}"
        );
    }

    #[test]
    fn every_version_has_its_own_folder() {
        let tools = Path::new("tools");
        assert_eq!(TOOLS[1].root(tools), tools.join("wasm-pack-0.15.1"));
    }
}

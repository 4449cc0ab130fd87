//! `cargo xtask ci`: what CI runs, for anyone to run before they push.

use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::time::Instant;

use crate::project::Project;
use crate::setup::rust::WASM_TARGET;
use crate::setup::{self, NPM_FOLDERS, Need};
use crate::{build, readme, term};

/// Run what CI runs: format, lints, docs, types, then the README's test command
///
/// All checks are run even when one fails. `.ci/run` is this command.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask ci
  CI=true cargo xtask ci          as CI sees it: no colours, no redrawn progress
  cargo xtask ci --no-test        only the checks before the tests")]
pub struct Args {
    /// Leave out the tests at the end
    #[arg(long)]
    no_test: bool,
}

struct Check {
    name: &'static str,
    why: &'static str,
    run: fn(&Project) -> Result<()>,
}

const CHECKS: [Check; 6] = [
    Check {
        name: "format",
        why: "one format, so that a diff shows only what was meant",
        run: |project| {
            let fmt = project.cargo().args(["fmt", "--all", "--", "--check"]);
            fmt.run()
        },
    },
    Check {
        name: "clippy, native",
        why: "no unwrap, no panic, no unsafe: input from outside must not stop the process",
        run: |project| {
            let clippy = project
                .cargo()
                .args(["clippy", "--workspace", "--all-targets"]);
            clippy.args(["--", "-D", "warnings"]).run()
        },
    },
    Check {
        name: "clippy, wasm32",
        why: "the binding is compiled only for this target: nothing else lints it",
        run: |project| {
            let clippy = project
                .cargo()
                .args(["clippy", "-p", "rejoin", "--lib", "--tests"]);
            let clippy = clippy.args(["--target", WASM_TARGET]);
            clippy.args(["--", "-D", "warnings"]).run()
        },
    },
    Check {
        name: "docs",
        why: "every link in the documentation leads somewhere",
        run: |project| {
            let doc = project.cargo().args(["doc", "--workspace", "--no-deps"]);
            doc.env("RUSTDOCFLAGS", "-D warnings").run()
        },
    },
    Check {
        name: "build",
        why: "the types of the wasm are generated, and the TypeScript needs them",
        run: |project| build::package(project, &build::Args::default()),
    },
    Check {
        name: "types",
        why: "the package and all that uses it here agree with its types",
        run: types,
    },
];

/// The command.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    let mut needs = vec![Need::Lint, Need::Wasm];
    needs.extend(NPM_FOLDERS.map(Need::Npm));
    setup::ensure(project, &needs)?;

    let mut failed = Vec::new();
    for check in &CHECKS {
        term::heading(&format!("Check {}: {}", check.name, check.why));
        let start = Instant::now();
        match (check.run)(project) {
            Ok(()) => term::note(&format!("passed ({})", term::seconds(start.elapsed()))),
            Err(error) => {
                term::error(&error);
                failed.push(check.name);
            }
        }
    }
    if !args.no_test {
        term::heading("The README's test command: what it promises must work");
        if let Err(error) = readme_test(project) {
            term::error(&error);
            failed.push("tests");
        }
    }
    if failed.is_empty() {
        term::heading("Everything passed");
        return Ok(());
    }
    bail!("failed: {}", failed.join(", "))
}

/// The npm script `typecheck` wherever there is one; the package itself must have it.
fn types(project: &Project) -> Result<()> {
    for folder in NPM_FOLDERS {
        let Ok(text) = fs::read_to_string(project.at(folder).join("package.json")) else {
            continue;
        };
        let manifest: serde_json::Value =
            serde_json::from_str(&text).with_context(|| format!("{folder}/package.json"))?;
        let has_script = manifest["scripts"]["typecheck"].is_string();
        ensure!(
            has_script || folder != "pkg",
            "pkg/package.json has no script `typecheck`"
        );
        if has_script {
            project.npm(folder).args(["run", "typecheck"]).run()?;
        }
    }
    Ok(())
}

fn readme_test(project: &Project) -> Result<()> {
    let text = fs::read_to_string(project.at("README.md")).context("README.md")?;
    let words = readme::command(&text, "cargo xtask test")
        .context("README.md gives no command `cargo xtask test` in a fenced block")?;
    project.cmd(&words[0]).args(&words[1..]).run()
}

//! The steps of `cargo xtask test`.

use anyhow::{Result, ensure};
use std::fs;

use super::pack;
use crate::process::Cmd;
use crate::project::Project;
use crate::setup::{self, Need};
use crate::{build, demo, server};

/// One step.
pub struct Step {
    /// What `--only` and `--skip` call it.
    pub name: &'static str,
    /// What it shows, in one line.
    pub what: &'static str,
    /// What must be set up for it.
    pub needs: &'static [Need],
    /// Runs it.
    pub run: fn(&Project) -> Result<()>,
}

/// All of them, the quickest and most telling first.
pub const STEPS: [Step; 9] = [
    Step {
        name: "rust",
        what: "laws, corpus, simulator and server, natively",
        needs: &[],
        run: rust,
    },
    Step {
        name: "xtask",
        what: "these commands themselves",
        needs: &[],
        run: xtask,
    },
    Step {
        name: "wasm-node",
        what: "the engine compiled to wasm, in Node",
        needs: &[Need::Wasm],
        run: wasm_node,
    },
    Step {
        name: "wasm-chrome",
        what: "the engine compiled to wasm, in headless Chrome",
        needs: &[Need::Wasm, Need::Chrome],
        run: wasm_chrome,
    },
    Step {
        name: "build",
        what: "the npm package builds and would be packed whole",
        needs: &[Need::Wasm, Need::Npm("pkg")],
        run: build,
    },
    Step {
        name: "npm",
        what: "the npm package's own tests",
        needs: &[Need::Wasm, Need::Npm("pkg")],
        run: npm,
    },
    Step {
        name: "differential",
        what: "the same ops through the published types",
        needs: &[
            Need::Wasm,
            Need::Npm("pkg"),
            Need::Npm("tests/differential"),
        ],
        run: differential,
    },
    Step {
        name: "pack",
        what: "the packed tarball, installed elsewhere: the README's example and the types",
        needs: &[Need::Wasm, Need::Npm("pkg")],
        run: pack::run,
    },
    Step {
        name: "e2e",
        what: "the demo page, driven in Chrome",
        needs: &[
            Need::Wasm,
            Need::Npm("pkg"),
            Need::Npm("www"),
            Need::Npm("tests/e2e"),
            Need::Chrome,
        ],
        run: e2e,
    },
];

fn rust(project: &Project) -> Result<()> {
    // xtask has its own step: in the test profile it would be compiled a second time, and Windows
    // does not let a running program be replaced.
    project
        .cargo()
        .args(["test", "--workspace", "--exclude", "xtask"])
        .run()
}

fn xtask(project: &Project) -> Result<()> {
    project
        .cargo()
        .args(["test", "-p", "xtask", "--profile", "dev"])
        .run()
}

fn wasm_node(project: &Project) -> Result<()> {
    wasm(project.cmd("wasm-pack").args(["test", "--node"]))
}

fn wasm_chrome(project: &Project) -> Result<()> {
    let chrome = setup::chrome(project)?;
    fs::create_dir_all(project.cache())?;
    let capabilities = project.cache().join("webdriver.json");
    fs::write(&capabilities, chrome.capabilities())?;
    wasm(
        project
            .cmd("wasm-pack")
            .args(["test", "--headless", "--chrome", "--chromedriver"])
            .arg(chrome.driver)
            // The same tests as in Node: without this, those that do not name a browser are skipped.
            .env("WASM_BINDGEN_USE_BROWSER", "1")
            .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", capabilities)
            .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60"),
    )
}

/// Runs wasm-pack's tests and makes sure that there were any.
fn wasm(cmd: Cmd) -> Result<()> {
    let mut passed = 0;
    cmd.args(["--mode", "no-install"])
        // wasm-pack builds once itself, in the dev profile unless told, and then runs cargo test.
        .args([".", "--profile", "test", "--lib", "--test", "*"])
        .env("WASM_BINDGEN_TEST_TIMEOUT", "300")
        .run_seeing(|line| passed += passed_in(line))?;
    ensure!(passed > 0, "no wasm test was run");
    Ok(())
}

/// How many tests a test harness says have passed, if this is the line that says so.
fn passed_in(line: &str) -> usize {
    line.trim()
        .strip_prefix("test result: ok. ")
        .and_then(|rest| rest.split_once(" passed"))
        .and_then(|(count, _)| count.parse().ok())
        .unwrap_or(0)
}

fn build(project: &Project) -> Result<()> {
    build::package(project, &build::Args::default())
}

fn npm(project: &Project) -> Result<()> {
    build(project)?;
    project.npm("pkg").arg("test").run()
}

fn differential(project: &Project) -> Result<()> {
    build(project)?;
    npm_test(project, "tests/differential")?.run()
}

fn e2e(project: &Project) -> Result<()> {
    let chrome = setup::chrome(project)?;
    build(project)?;
    demo::build_page(project)?;
    let server = server::build(project)?;
    npm_test(project, "tests/e2e")?
        .env("CHROME", chrome.browser)
        .env("REJOIN_SERVER", server)
        .env("REJOIN_WWW", project.at("www/dist"))
        .run()
}

fn npm_test(project: &Project, folder: &str) -> Result<Cmd> {
    ensure!(
        project.at(folder).join("package.json").is_file(),
        "{folder}/package.json is missing"
    );
    Ok(project.npm(folder).arg("test"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_harness_line_is_read() {
        let line = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 filtered out";
        assert_eq!(passed_in(line), 12);
        assert_eq!(passed_in("test result: FAILED. 12 passed; 1 failed"), 0);
        assert_eq!(passed_in("no tests to run!"), 0);
    }

    #[test]
    fn names_are_unique() {
        for step in &STEPS {
            assert_eq!(STEPS.iter().filter(|s| s.name == step.name).count(), 1);
        }
    }
}

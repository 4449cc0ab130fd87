//! The step `pack`: what a user of the npm package gets, in an empty project of theirs.
//!
//! The tarball is made and installed as `npm publish` and `npm install` would. Then the README's
//! own example is run with it in Node, and `tests/consumer` uses it as an application would: its
//! `.mjs` are run, each entry point in a process of its own; its `.ts` are type-checked against the
//! types that the package ships.

use anyhow::{Context, Result, ensure};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::project::Project;
use crate::server::{self, Server};
use crate::{build, readme, term};

/// How the comment above a README block begins when the block is a whole program.
const RUNNABLE: &str = "the test `pack` runs this example";
/// The server's address in the examples; they are run against one on a free port.
const ADDRESS: &str = "127.0.0.1:8080";

/// The step.
pub fn run(project: &Project) -> Result<()> {
    build::package(project, &build::Args::default())?;
    let home = install(project)?;
    run_examples(project, &home)?;
    run_consumers(project, &home)?;
    check_types(project, &home)?;
    fs::remove_dir_all(&home).context("could not clear the temporary project")
}

/// Packs, and installs the tarball in a new empty project outside the workspace.
fn install(project: &Project) -> Result<PathBuf> {
    // Outside, so that neither Node nor TypeScript finds anything of ours by walking up.
    let home = std::env::temp_dir().join(format!("rejoin-pack-{}", std::process::id()));
    if home.exists() {
        fs::remove_dir_all(&home)?;
    }
    fs::create_dir_all(&home)?;
    let home = fs::canonicalize(&home)?;
    fs::write(
        home.join("package.json"),
        r#"{ "name": "consumer", "private": true, "type": "module" }"#,
    )?;
    project
        .npm("pkg")
        .args([
            "pack",
            "--ignore-scripts",
            "--loglevel=error",
            "--pack-destination",
        ])
        .arg(&home)
        .run()?;
    let tarball = fs::read_dir(&home)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|ext| ext == "tgz"))
        .context("npm pack made no tarball")?;
    project
        .npm("pkg")
        .dir(&home)
        .args(["install", "--no-audit"])
        .arg(tarball)
        .run()?;
    Ok(home)
}

fn run_examples(project: &Project, home: &Path) -> Result<()> {
    let text = fs::read_to_string(project.at("README.md")).context("README.md")?;
    let examples: Vec<_> = readme::blocks(&text)
        .into_iter()
        .filter(|block| block.comment.is_some_and(|c| c.starts_with(RUNNABLE)))
        .collect();
    ensure!(
        !examples.is_empty(),
        "README.md has no example to run: a block under the comment <!-- {RUNNABLE} -->"
    );
    let program = server::build(project)?;
    let mut server = Server::start(project, &program, server::free_port(18_080)?, ["--memory"])?;
    server.wait(|| false)?;
    for (number, example) in (1..).zip(&examples) {
        ensure!(
            example.text.contains(ADDRESS),
            "README.md, example {number} does not name its server as {ADDRESS}"
        );
        let file = format!("example-{number}.js");
        let address = server.address.to_string();
        fs::write(home.join(&file), example.text.replace(ADDRESS, &address))?;
        project
            .cmd("node")
            // Browsers and Node 22 have a WebSocket; Node 20 has it behind this flag.
            .arg("--experimental-websocket")
            .dir(home)
            .arg(&file)
            .run()
            .with_context(|| format!("README.md, example {number}:\n{}", example.text))?;
    }
    server.stop()?;
    term::note(&format!("README.md: {} run", examples.len()));
    Ok(())
}

fn run_consumers(project: &Project, home: &Path) -> Result<()> {
    for file in copy_consumers(project, home, "mjs")? {
        project.cmd("node").dir(home).arg(&file).run()?;
    }
    Ok(())
}

/// Copies the consumers with this extension into the temporary project, and gives their names.
fn copy_consumers(project: &Project, home: &Path, extension: &str) -> Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(project.at("tests/consumer")).context("tests/consumer")? {
        let path = entry?.path();
        if path.extension().is_some_and(|ext| ext == extension) {
            let name = path.file_name().context("a file without a name")?;
            fs::copy(&path, home.join(name))?;
            names.push(name.to_owned());
        }
    }
    ensure!(
        !names.is_empty(),
        "tests/consumer has no .{extension} files"
    );
    Ok(names)
}

fn check_types(project: &Project, home: &Path) -> Result<()> {
    let files = copy_consumers(project, home, "ts")?;
    let tsc = project.at("pkg/node_modules/typescript/bin/tsc");
    for resolution in ["nodenext", "bundler"] {
        let module = if resolution == "bundler" {
            "esnext"
        } else {
            resolution
        };
        project
            .cmd("node")
            .dir(home)
            .arg(&tsc)
            .args(["--noEmit", "--strict", "--target", "es2022"])
            .args(["--lib", "es2022,dom,dom.iterable", "--types", ""])
            .args(["--module", module, "--moduleResolution", resolution])
            .args(&files)
            .run()?;
    }
    Ok(())
}

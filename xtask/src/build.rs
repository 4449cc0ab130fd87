//! `cargo xtask build`: the wasm, optimised, and the TypeScript: `pkg/` ready for `npm pack`.
//!
//! wasm-pack would download a wasm-opt of its own and write a `package.json` and a `.gitignore`
//! into its output folder; the latter makes `npm pack` leave the wasm out. Both are switched off,
//! and what would be packed is checked at the end.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::project::Project;
use crate::setup::{self, Need};
use crate::{stamp, term};

const WASM: &str = "pkg/generated/rejoin_bg.wasm";
const WASM_INPUTS: [&str; 5] = [
    ".cargo/config.toml",
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "pkg/package-lock.json",
];

/// Measured on the engine: -O3 is as small as -Oz here (brotli), and faster. Which wasm features may
/// be used, wasm-opt reads from the file itself: rustc writes them into it.
const WASM_OPT: [&str; 3] = ["-O3", "--strip-debug", "--strip-producers"];

/// Build the npm package: the wasm and the TypeScript, ready for `npm pack`
///
/// Compiles the engine to wasm (wasm-pack), optimises it (wasm-opt of the npm package binaryen),
/// compiles the TypeScript around it, and checks that `npm pack` would pack all of it. The result
/// is in pkg/generated and pkg/dist. Parts whose inputs have not changed are left as they are.
#[derive(clap::Args, Clone, Default)]
#[command(after_help = "Examples:
  cargo xtask build                 then: cd pkg && npm pack
  cargo xtask build --dev           quick and debuggable: not optimised, with names")]
pub struct Args {
    /// Not optimised, with function names and debug assertions: builds faster, runs slower
    #[arg(long)]
    dev: bool,
    /// Build even when nothing has changed
    #[arg(long)]
    force: bool,
}

/// The command.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    setup::ensure(project, &[Need::Wasm, Need::Npm("pkg")])?;
    package(project, args)
}

/// Builds the package; what it needs must be there.
///
/// # Errors
/// When a part does not build or the package would lack something.
pub fn package(project: &Project, args: &Args) -> Result<()> {
    term::heading("Build the npm package");
    let wasm = build_wasm(project, args)?;
    let typescript = build_typescript(project, args)?;
    if wasm || typescript {
        check_pack(project)?;
    } else {
        term::note("unchanged since the last build");
    }
    Ok(())
}

/// Compiles the engine to `pkg/generated`. Says whether there was anything to do.
fn build_wasm(project: &Project, args: &Args) -> Result<bool> {
    let rustc = project.cmd("rustc").arg("-vV").quiet().read()?;
    let settings = format!("{}{WASM_OPT:?}{rustc}", args.dev);
    let hash = stamp::hash(&project.root, &WASM_INPUTS, &settings)?;
    let stamp_file = project.cache().join("stamps/wasm");
    let outputs =
        ["rejoin_bg.wasm", "rejoin.js", "rejoin.d.ts"].map(|f| project.at("pkg/generated").join(f));
    if !args.force && stamp::is_fresh(&stamp_file, &hash, &outputs) {
        return Ok(false);
    }
    let generated = project.at("pkg/generated");
    if generated.exists() {
        fs::remove_dir_all(&generated).context("could not clear pkg/generated")?;
    }
    let mode = if args.dev { "--dev" } else { "--release" };
    project
        .cmd("wasm-pack")
        .args(["build", mode, "--target", "web", "--mode", "no-install"])
        .args(["--no-opt", "--no-pack", "--no-gitignore"])
        .args(["--out-dir", "pkg/generated", "--out-name", "rejoin"])
        .run()?;
    if !args.dev {
        optimise(project)?;
    }
    stamp::write(&stamp_file, &hash)?;
    Ok(true)
}

fn optimise(project: &Project) -> Result<()> {
    let wasm = project.at(WASM);
    let before = fs::metadata(&wasm)?.len();
    let tool: PathBuf = project.at("pkg/node_modules/binaryen/bin/wasm-opt");
    ensure!(
        tool.is_file(),
        "wasm-opt is missing: pkg/package.json must have the dev dependency `binaryen`"
    );
    let optimised = wasm.with_extension("opt");
    project
        .cmd("node")
        .arg(&tool)
        .args(WASM_OPT)
        .arg(WASM)
        .arg("-o")
        .arg(&optimised)
        .run()?;
    fs::rename(&optimised, &wasm)?;
    let after = fs::metadata(&wasm)?.len();
    term::note(&format!("wasm: {before} bytes, after wasm-opt {after}"));
    Ok(())
}

/// Compiles the TypeScript to `pkg/dist`. Says whether there was anything to do.
fn build_typescript(project: &Project, args: &Args) -> Result<bool> {
    let hash = stamp::hash(&project.root, &["pkg", "pkg/generated"], "")?;
    let stamp_file = project.cache().join("stamps/typescript");
    let outputs = [project.at("pkg/dist")];
    if !args.force && stamp::is_fresh(&stamp_file, &hash, &outputs) {
        return Ok(false);
    }
    project.npm("pkg").args(["run", "build"]).run()?;
    stamp::write(&stamp_file, &hash)?;
    Ok(true)
}

/// The names of the files that `npm pack` would pack.
///
/// # Errors
/// When npm fails or its answer is not understood.
pub fn packed_files(project: &Project) -> Result<BTreeSet<String>> {
    let text = project
        .npm("pkg")
        .args(["pack", "--dry-run", "--json", "--ignore-scripts"])
        .arg("--loglevel=error")
        .quiet()
        .read()?;
    let answer: Value = serde_json::from_str(&text).context("npm pack --json: no JSON")?;
    let files = answer[0]["files"]
        .as_array()
        .context("npm pack --json: no list of files")?;
    Ok(files
        .iter()
        .filter_map(|file| file["path"].as_str().map(str::to_owned))
        .collect())
}

/// Checks that the tarball would hold the wasm, types, and every file the manifest points to.
fn check_pack(project: &Project) -> Result<()> {
    let packed = packed_files(project)?;
    let manifest: Value =
        serde_json::from_str(&fs::read_to_string(project.at("pkg/package.json"))?)
            .context("pkg/package.json")?;
    let missing = missing_from_pack(&manifest, &packed);
    ensure!(
        missing.is_empty(),
        "`npm pack` in pkg/ would leave out {}: see `files` and `exports` in pkg/package.json",
        missing.join(", ")
    );
    term::note(&format!("`npm pack` would pack {} files", packed.len()));
    Ok(())
}

/// What the package must hold and the list lacks.
fn missing_from_pack(manifest: &Value, packed: &BTreeSet<String>) -> Vec<String> {
    let mut wanted = BTreeSet::from([
        WASM.trim_start_matches("pkg/").to_owned(),
        "generated/rejoin.d.ts".to_owned(),
    ]);
    for field in ["exports", "main", "module", "types"] {
        pointed_to(&manifest[field], &mut wanted);
    }
    wanted.retain(|file| !packed.contains(file));
    let mut missing: Vec<String> = wanted.into_iter().collect();
    if !packed
        .iter()
        .any(|f| f.starts_with("dist/") && f.ends_with(".d.ts"))
    {
        missing.push("dist/*.d.ts".to_owned());
    }
    missing
}

/// Collects the file names in a manifest field, however its conditions nest. Patterns are left out.
fn pointed_to(field: &Value, files: &mut BTreeSet<String>) {
    match field {
        Value::String(file) if !file.contains('*') => {
            files.insert(file.trim_start_matches("./").to_owned());
        }
        Value::Object(conditions) => {
            for inner in conditions.values() {
                pointed_to(inner, files);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(files: &[&str]) -> BTreeSet<String> {
        files.iter().map(|&f| f.to_owned()).collect()
    }

    #[test]
    fn a_package_without_its_wasm_or_types_is_noticed() {
        let manifest = json!({
            "exports": {
                ".": { "types": "./dist/index.d.ts", "default": "./dist/index.js" },
                "./data/*": "./data/*.json"
            }
        });
        let whole = [
            "package.json",
            "generated/rejoin_bg.wasm",
            "generated/rejoin.d.ts",
            "dist/index.d.ts",
            "dist/index.js",
        ];
        assert_eq!(missing_from_pack(&manifest, &set(&whole)), [""; 0]);
        assert_eq!(
            missing_from_pack(&manifest, &set(&whole[..1])),
            [
                "dist/index.d.ts",
                "dist/index.js",
                "generated/rejoin.d.ts",
                "generated/rejoin_bg.wasm",
                "dist/*.d.ts"
            ]
        );
        let mut no_wasm = set(&whole);
        no_wasm.remove("generated/rejoin_bg.wasm");
        assert_eq!(
            missing_from_pack(&manifest, &no_wasm),
            ["generated/rejoin_bg.wasm"]
        );
    }
}

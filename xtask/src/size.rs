//! `cargo xtask size`: how much a page downloads for each entry point of the npm package.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::fs;

use crate::project::Project;
use crate::setup::{self, Need};
use crate::{build, term};

/// Follows the imports and compresses: Node has both gzip and brotli.
const SCRIPT: &str = include_str!("size.mjs");

/// Print what the npm package weighs: raw, gzip and brotli bytes
///
/// For each entry point of the package, the files that it loads (its imports, and the wasm), as
/// packed: a bundler's minifier makes the JavaScript smaller still.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask size
  cargo xtask size --budget 150       fail when `rejoin` is over 150 KB, brotli")]
pub struct Args {
    /// Fail when the main entry point is larger than this: KB of 1,000 bytes, brotli
    #[arg(long, value_name = "KB")]
    budget: Option<u64>,
}

/// The command.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    setup::ensure(project, &[Need::Wasm, Need::Npm("pkg")])?;
    build::package(project, &build::Args::default())?;

    term::heading("Size of the npm package");
    let cache = project.cache();
    fs::create_dir_all(&cache)?;
    let script = cache.join("size.mjs");
    fs::write(&script, SCRIPT)?;
    let text = project.cmd("node").arg(&script).arg("pkg").quiet().read()?;
    let entries: Vec<Value> = serde_json::from_str(&text).context("size.mjs: no JSON")?;
    for entry in &entries {
        println!();
        row(&entry["name"], "raw", "gzip", "brotli");
        for file in entry["files"].as_array().into_iter().flatten() {
            sizes(&file["name"], file);
        }
        sizes(&Value::from("together"), &entry["total"]);
    }
    if let Some(budget) = args.budget {
        check(&entries, budget)?;
    }
    Ok(())
}

fn sizes(name: &Value, of: &Value) {
    let number = |key: &str| of[key].as_u64().unwrap_or(0).to_string();
    row(name, &number("raw"), &number("gzip"), &number("brotli"));
}

fn row(name: &Value, raw: &str, gzip: &str, brotli: &str) {
    let name = name.as_str().unwrap_or("?");
    println!("    {name:<36} {raw:>9} {gzip:>9} {brotli:>9}");
}

fn check(entries: &[Value], budget: u64) -> Result<()> {
    let brotli = entries
        .iter()
        .find(|entry| entry["name"] == "rejoin")
        .and_then(|entry| entry["total"]["brotli"].as_u64())
        .context("the package has no main entry point")?;
    if brotli > budget * 1000 {
        bail!("`rejoin` is {brotli} bytes (brotli): over the budget of {budget} KB");
    }
    term::note(&format!("{brotli} bytes (brotli): within {budget} KB"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_budget_is_for_the_main_entry_point() {
        let entries = [
            json!({ "name": "rejoin/inline", "total": { "brotli": 9_000_000 } }),
            json!({ "name": "rejoin", "total": { "brotli": 100_000 } }),
        ];
        assert!(check(&entries, 100).is_ok());
        assert!(check(&entries, 99).is_err());
        assert!(check(&entries[..1], 100_000).is_err());
    }
}

//! `cargo xtask fuzz`: the fuzz targets, guided by coverage, for as long as one likes.
//!
//! `tests/fuzz.rs` runs the same bodies over seeded bytes in every test run. Here libFuzzer looks for
//! bytes that reach new code, and keeps them in `fuzz/corpus`.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::project::Project;
use crate::setup::{self, Need};
use crate::term;

/// Fuzz the wire forms, the algebra and both state machines
///
/// Each target runs for the given time, with what earlier runs found. A finding stops the run, and
/// its bytes are in fuzz/artifacts: run them again with `cargo fuzz run TARGET FILE` in fuzz/.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask fuzz                        every target for a minute
  cargo xtask fuzz --seconds 3600 replica authority
  cargo xtask fuzz --list")]
pub struct Args {
    /// How long each target runs
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u32,
    /// Say which targets there are, and run none
    #[arg(long)]
    list: bool,
    /// Only these targets
    targets: Vec<String>,
}

/// The command.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    let all = targets(project)?;
    if args.list {
        all.iter().for_each(|name| println!("{name}"));
        return Ok(());
    }
    ensure!(args.seconds > 0, "--seconds must be at least 1");
    for name in &args.targets {
        ensure!(
            all.contains(name),
            "there is no fuzz target {name:?}: see `cargo xtask fuzz --list`"
        );
    }
    setup::ensure(project, &[Need::Fuzz])?;
    let chosen = all
        .iter()
        .filter(|name| args.targets.is_empty() || args.targets.contains(name));
    for name in chosen {
        term::heading(&format!("Fuzz {name} for {} s", args.seconds));
        project
            .cargo()
            .dir(&project.at("fuzz"))
            // The engine has no unsafe code for a sanitizer to look into; without one, the coverage that
            // libFuzzer needs is all that is unstable, and the usual compiler gives it.
            .env("RUSTC_BOOTSTRAP", "1")
            .args(["fuzz", "run", "--sanitizer", "none", name, "--"])
            .arg(format!("-max_total_time={}", args.seconds))
            .arg("-print_final_stats=1")
            .run()?;
    }
    Ok(())
}

/// The binaries of `fuzz/Cargo.toml`.
fn targets(project: &Project) -> Result<Vec<String>> {
    let text = project
        .cargo()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .args(["--manifest-path", "fuzz/Cargo.toml"])
        .quiet()
        .read()?;
    let metadata: Value = serde_json::from_str(&text).context("cargo metadata: no JSON")?;
    let names = binaries(&metadata);
    ensure!(!names.is_empty(), "fuzz/Cargo.toml has no targets");
    Ok(names)
}

fn binaries(metadata: &Value) -> Vec<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    list(&metadata["packages"])
        .iter()
        .flat_map(|package| list(&package["targets"]))
        .filter(|target| list(&target["kind"]).iter().any(|kind| kind == "bin"))
        .filter_map(|target| target["name"].as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn targets_are_the_binaries() {
        let metadata = json!({ "packages": [{ "targets": [
            { "name": "rejoin_fuzz", "kind": ["lib"] },
            { "name": "wire", "kind": ["bin"] },
        ]}]});
        assert_eq!(binaries(&metadata), ["wire"]);
    }
}

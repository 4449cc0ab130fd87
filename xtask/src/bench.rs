//! `cargo xtask bench`: the native benchmarks.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::project::Project;
use crate::term;

/// Run the native benchmarks
///
/// Measure on a machine that does nothing else. Each run is compared with the one before it; the
/// results, with plots, are kept in criterion's folder, which is named at the end.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask bench
  cargo xtask bench --quick            less exact, much sooner
  cargo xtask bench transform          only those with this in their name")]
pub struct Args {
    /// Fewer samples: some seconds per benchmark
    #[arg(long)]
    quick: bool,
    /// Only benchmarks whose name contains this
    filter: Option<String>,
}

/// The command.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    let text = project
        .cargo()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .quiet()
        .read()?;
    let metadata: Value = serde_json::from_str(&text).context("cargo metadata: no JSON")?;
    let names = benchmarks(&metadata);
    ensure!(
        !names.is_empty(),
        "there are no benchmarks in the workspace"
    );

    term::heading("Benchmarks");
    // Named one by one: the unit tests' own harness would be run too, and does not know --quick.
    let mut cmd = project.cargo().args(["bench", "--workspace"]);
    for name in &names {
        cmd = cmd.args(["--bench", name]);
    }
    cmd = cmd.arg("--");
    if args.quick {
        cmd = cmd.arg("--quick");
    }
    cmd.args(&args.filter).run()?;
    let target = metadata["target_directory"].as_str().unwrap_or("target");
    term::note(&format!("the results are in {target}/criterion"));
    Ok(())
}

fn benchmarks(metadata: &Value) -> Vec<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    list(&metadata["packages"])
        .iter()
        .flat_map(|package| list(&package["targets"]))
        .filter(|target| list(&target["kind"]).iter().any(|kind| kind == "bench"))
        .filter_map(|target| target["name"].as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_bench_targets_count() {
        let metadata = json!({ "packages": [
            { "targets": [{ "name": "rejoin", "kind": ["cdylib", "rlib"] }] },
            { "targets": [{ "name": "text", "kind": ["bench"] }] }
        ]});
        assert_eq!(benchmarks(&metadata), ["text"]);
        assert!(benchmarks(&json!({})).is_empty());
    }
}

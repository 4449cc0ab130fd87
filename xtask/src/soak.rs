//! `cargo xtask soak`: many more simulated schedules than a test run has time for.
//!
//! The simulator is the integration test `tests/simulator.rs`. It reads `REJOIN_SIM_FROM` and
//! `REJOIN_SIM_SEEDS` and prints a failing seed with its shrunk schedule. Here its binary is built
//! once and run over the range in slices, one process per core.

use anyhow::{Result, bail, ensure};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::num::NonZero;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use crate::project::Project;
use crate::{artifact, term};

/// Simulate many more schedules than the tests do
///
/// Each seed is one schedule of drops, duplicates, delays, partitions, crashes and restarts over
/// several replicas and an authority. A failure prints its seed, which `--from SEED --seeds 1`
/// runs again, and stops the run.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask soak --seeds 100000
  cargo xtask soak --seeds 1 --from 31337      one seed again
  cargo xtask soak --seeds 1000 --exhaustive   and the larger exhaustive laws")]
pub struct Args {
    /// How many schedules
    #[arg(long, value_name = "N")]
    seeds: u64,
    /// The first seed
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    from: u64,
    /// First run the exhaustive laws over their larger worlds, and the long comparisons of the JSON op
    /// with its reference model and with the published type
    #[arg(long)]
    exhaustive: bool,
}

/// How many seeds a process is given at once: short enough for the bar to move.
const SLICE: u64 = 250;

/// The command.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    ensure!(args.seeds > 0, "--seeds must be at least 1");
    let Some(end) = args.from.checked_add(args.seeds) else {
        bail!("--from and --seeds go past the last seed there is");
    };
    if args.exhaustive {
        term::heading("The exhaustive laws over their larger worlds");
        for test in ["text_exhaustive", "json"] {
            project
                .cargo()
                .args(["test", "-p", "rejoin", "--test", test])
                .args(["--", "--ignored", "--nocapture"])
                .run()?;
        }
    }
    term::heading("Build the simulator");
    let build = ["test", "-p", "rejoin", "--test", "simulator", "--no-run"];
    let simulator = artifact::executable(project, &build, "simulator")?;

    term::heading(&format!("Simulate the seeds {} to {}", args.from, end - 1));
    let bar = ProgressBar::new(args.seeds);
    bar.set_style(ProgressStyle::with_template(
        "    {wide_bar} {human_pos}/{human_len} seeds, {per_sec}, {eta} left",
    )?);
    if project.ci {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let start = Instant::now();
    let slices = Mutex::new(slices(args.from, end));
    let failure: Mutex<Option<String>> = Mutex::new(None);
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((from, seeds)) = next(&slices) {
                    let outcome = project
                        .cmd(&simulator.to_string_lossy())
                        .env("REJOIN_SIM_FROM", from.to_string())
                        .env("REJOIN_SIM_SEEDS", seeds.to_string())
                        .capture();
                    let failed = match outcome {
                        Ok((true, output)) if ran_something(&output) => None,
                        Ok((true, output)) => Some(format!("no test was run:\n{output}")),
                        Ok((false, output)) => Some(output),
                        Err(error) => Some(format!("{error:#}")),
                    };
                    if let Some(output) = failed {
                        stop(&slices, &failure, output);
                        return;
                    }
                    bar.inc(seeds);
                }
            });
        }
    });
    bar.finish_and_clear();
    let failure = failure.into_inner().unwrap_or_else(|e| e.into_inner());
    if let Some(output) = failure {
        println!("{output}");
        bail!("a schedule failed: its seed is in the output above");
    }
    term::note(&format!(
        "{} schedules held ({})",
        args.seeds,
        term::seconds(start.elapsed())
    ));
    Ok(())
}

/// The range in slices `(from, count)`, the first one last: they are taken from the end.
fn slices(from: u64, end: u64) -> Vec<(u64, u64)> {
    let mut slices = Vec::new();
    let mut at = from;
    while at < end {
        let seeds = SLICE.min(end - at);
        slices.push((at, seeds));
        at += seeds;
    }
    slices.reverse();
    slices
}

fn next(slices: &Mutex<Vec<(u64, u64)>>) -> Option<(u64, u64)> {
    slices.lock().unwrap_or_else(|e| e.into_inner()).pop()
}

fn stop(slices: &Mutex<Vec<(u64, u64)>>, failure: &Mutex<Option<String>>, output: String) {
    slices.lock().unwrap_or_else(|e| e.into_inner()).clear();
    let mut failure = failure.lock().unwrap_or_else(|e| e.into_inner());
    failure.get_or_insert(output);
}

fn ran_something(output: &str) -> bool {
    output.contains("test result: ok. ") && !output.contains("test result: ok. 0 passed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_cover_the_range_once() {
        for (from, end) in [(0, 1), (7, 7 + SLICE), (3, 3 + 4 * SLICE + 5)] {
            let mut at = from;
            for (start, seeds) in slices(from, end).into_iter().rev() {
                assert_eq!(start, at);
                assert!(seeds > 0 && seeds <= SLICE);
                at += seeds;
            }
            assert_eq!(at, end);
        }
    }

    #[test]
    fn an_empty_run_is_no_success() {
        assert!(ran_something("test result: ok. 1 passed; 0 failed"));
        assert!(!ran_something("test result: ok. 0 passed; 0 failed"));
        assert!(!ran_something(""));
    }
}

//! `cargo xtask test`: every test of the project, as named steps with one summary at the end.
//!
//! A failing step does not stop the others. A step that finds nothing to run has failed: a folder
//! that went missing, or a test harness that quietly skipped everything, must not look like success.

mod pack;
mod steps;

use anyhow::{Result, anyhow, bail, ensure};
use std::time::{Duration, Instant};

use crate::project::Project;
use crate::setup::{self, Need};
use crate::term;
use steps::{STEPS, Step};

/// Run all the tests: Rust, wasm in Node and Chrome, npm package, browser
///
/// Each step is named, timed and counted in the table at the end; the others go on when one fails.
/// `--list` says what there is.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask test
  cargo xtask test --only rust npm
  cargo xtask test --skip wasm-chrome e2e       without a browser")]
pub struct Args {
    /// Only these steps, in their usual order
    #[arg(long, value_name = "NAME", num_args = 1..)]
    only: Vec<String>,
    /// Not these steps
    #[arg(long, value_name = "NAME", num_args = 1..)]
    skip: Vec<String>,
    /// Say which steps there are, and run none
    #[arg(long)]
    list: bool,
}

/// How a step went.
struct Outcome {
    name: &'static str,
    time: Duration,
    error: Option<anyhow::Error>,
}

/// The command.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    if args.list {
        for step in &STEPS {
            println!("{:<13} {}", step.name, step.what);
        }
        return Ok(());
    }
    let steps = select(&args.only, &args.skip)?;
    let needs = needs_of(&steps);
    term::heading("Set-up");
    // A missing browser is no reason to leave the other tests out.
    let lacking: Vec<(Need, String)> = needs
        .into_iter()
        .filter_map(|need| {
            let error = setup::ensure_one(project, need).err()?;
            term::error(&error);
            Some((need, format!("{error:#}")))
        })
        .collect();

    let mut outcomes: Vec<Outcome> = Vec::new();
    for step in steps {
        term::heading(&format!("Test step {}: {}", step.name, step.what));
        let start = Instant::now();
        let error = match lacking.iter().find(|(need, _)| step.needs.contains(need)) {
            Some((_, why)) => Some(anyhow!("not run: {why}")),
            None => (step.run)(project).err(),
        };
        if let Some(error) = &error {
            term::error(error);
        }
        outcomes.push(Outcome {
            name: step.name,
            time: start.elapsed(),
            error,
        });
    }
    summary(&outcomes)
}

fn summary(outcomes: &[Outcome]) -> Result<()> {
    term::heading("Summary");
    for outcome in outcomes {
        let time = term::seconds(outcome.time);
        let (word, why) = match &outcome.error {
            None => ("passed", String::new()),
            Some(error) => ("FAILED", format!("  {error}")),
        };
        println!("    {:<13} {word} {time:>13}{why}", outcome.name);
    }
    let failed = outcomes.iter().filter(|o| o.error.is_some()).count();
    // In exactly this form: it is what a machine reads.
    println!("\n{} passed, {failed} failed", outcomes.len() - failed);
    if failed > 0 {
        bail!("{failed} of {} test steps failed", outcomes.len());
    }
    Ok(())
}

/// The steps that were asked for.
fn select(only: &[String], skip: &[String]) -> Result<Vec<&'static Step>> {
    for name in only.iter().chain(skip) {
        ensure!(
            STEPS.iter().any(|step| step.name == name),
            "there is no test step {name:?}: see `cargo xtask test --list`"
        );
    }
    let steps: Vec<_> = STEPS
        .iter()
        .filter(|step| only.is_empty() || only.iter().any(|name| name == step.name))
        .filter(|step| !skip.iter().any(|name| name == step.name))
        .collect();
    ensure!(!steps.is_empty(), "that leaves no test step to run");
    Ok(steps)
}

fn needs_of(steps: &[&Step]) -> Vec<Need> {
    let mut needs = Vec::new();
    for need in steps.iter().flat_map(|step| step.needs) {
        if !needs.contains(need) {
            needs.push(*need);
        }
    }
    needs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(only: &[&str], skip: &[&str]) -> Vec<&'static str> {
        let own = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>();
        let steps = select(&own(only), &own(skip)).unwrap();
        steps.iter().map(|step| step.name).collect()
    }

    #[test]
    fn steps_are_chosen_by_name_in_their_own_order() {
        assert_eq!(names(&[], &[]).len(), STEPS.len());
        assert_eq!(names(&["npm", "rust"], &[]), ["rust", "npm"]);
        assert_eq!(names(&["npm", "rust"], &["npm"]), ["rust"]);
        assert!(!names(&[], &["e2e"]).contains(&"e2e"));
        assert!(select(&["rusty".to_owned()], &[]).is_err());
        assert!(select(&["rust".to_owned()], &["rust".to_owned()]).is_err());
    }

    #[test]
    fn each_need_is_seen_to_once() {
        let steps = select(&[], &[]).unwrap();
        let needs = needs_of(&steps);
        for need in &needs {
            assert_eq!(needs.iter().filter(|n| *n == need).count(), 1, "{need:?}");
        }
        assert!(needs.contains(&Need::Chrome));
    }
}

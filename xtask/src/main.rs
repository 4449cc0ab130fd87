//! The project's own commands, run as `cargo xtask COMMAND`.
//!
//! One file per command; what they share is in `project` (where things are), `process` (running
//! other programs) and `term` (what the user sees). Every command first makes sure that the tools
//! it needs are there (`setup`), so each one works on a fresh clone.

mod artifact;
mod bench;
mod build;
mod ci;
mod demo;
mod fuzz;
mod process;
mod project;
mod readme;
mod server;
mod setup;
mod size;
mod soak;
mod stamp;
mod term;
mod test;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Set up, build, try, test and measure rejoin.
///
/// Every command installs what it lacks before it starts, so a fresh clone needs only cargo,
/// node (20 or later) and npm. Start with `cargo xtask demo`.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Setup(setup::Args),
    Build(build::Args),
    Demo(demo::Args),
    Test(test::Args),
    Ci(ci::Args),
    Soak(soak::Args),
    Fuzz(fuzz::Args),
    Bench(bench::Args),
    Size(size::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = project::Project::find().and_then(|project| match cli.command {
        Command::Setup(args) => setup::run(&project, &args),
        Command::Build(args) => build::run(&project, &args),
        Command::Demo(args) => demo::run(&project, &args),
        Command::Test(args) => test::run(&project, &args),
        Command::Ci(args) => ci::run(&project, &args),
        Command::Soak(args) => soak::run(&project, &args),
        Command::Fuzz(args) => fuzz::run(&project, &args),
        Command::Bench(args) => bench::run(&project, &args),
        Command::Size(args) => size::run(&project, &args),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            term::error(&error);
            ExitCode::FAILURE
        }
    }
}

//! What the user sees: headings, notes and errors, in one voice.
//!
//! Colours are left out when the output is no terminal, with `NO_COLOR`, and in CI
//! (`Project::find` sees to that). Everything goes to stdout in one order with the output of the
//! programs that are run, except errors.

use console::style;
use std::io::Write;
use std::time::Duration;

/// A heading over the output of one step.
pub fn heading(text: &str) {
    println!("\n{} {}", style("==>").cyan().bold(), style(text).bold());
    flush();
}

/// One line of explanation.
pub fn note(text: &str) {
    println!("    {text}");
    flush();
}

/// A command line that is about to run.
pub fn echo(line: &str) {
    println!("{}", style(format!("    $ {line}")).dim());
    flush();
}

/// An error with its causes, and its stable code where it has one.
pub fn error(error: &anyhow::Error) {
    flush();
    let code = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<crate::setup::SetupError>())
        .map(|cause| format!("[{}]", cause.code()))
        .unwrap_or_default();
    eprintln!("\n{}{code}: {error}", style("error").red().bold());
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
}

/// `1.2 s`, `3 min 05 s`.
pub fn seconds(time: Duration) -> String {
    let whole = time.as_secs();
    if whole >= 60 {
        format!("{} min {:02} s", whole / 60, whole % 60)
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

/// The programs that are run write to the same terminal: hand over before they start.
pub fn flush() {
    // A closed pipe is no reason to stop a build.
    let _ = std::io::stdout().flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_reads_well() {
        assert_eq!(seconds(Duration::from_millis(1240)), "1.2 s");
        assert_eq!(seconds(Duration::from_secs(185)), "3 min 05 s");
    }
}

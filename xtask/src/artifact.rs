//! Building something with cargo and learning where it ended up, wherever the target folder is.

use anyhow::{Context, Result};
use serde_json::Value;
use std::path::PathBuf;

use crate::project::Project;

/// Runs `cargo ARGS`, a `build` or `test --no-run`, and returns the executable of target `name`.
///
/// # Errors
/// When it does not build, or builds no such executable.
pub fn executable(project: &Project, args: &[&str], name: &str) -> Result<PathBuf> {
    let messages = project
        .cargo()
        .args(args)
        .arg("--message-format=json-render-diagnostics")
        .read()?;
    find(&messages, name).with_context(|| format!("cargo built no executable named {name}"))
}

fn find(messages: &str, name: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact")
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_found_among_the_messages() {
        let messages = r#"
            {"reason":"compiler-artifact","target":{"name":"sim"},"executable":null}
            not json
            {"reason":"compiler-artifact","target":{"name":"other"},"executable":"/t/other"}
            {"reason":"compiler-artifact","target":{"name":"sim"},"executable":"/t/sim-1"}
            {"reason":"build-finished","success":true}"#;
        assert_eq!(find(messages, "sim"), Some(PathBuf::from("/t/sim-1")));
        assert_eq!(find(messages, "none"), None);
    }
}

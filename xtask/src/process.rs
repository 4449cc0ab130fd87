//! Running other programs: the command line is shown first, and a failure says which one it was.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::term;

/// A program with its arguments, to be run in one of several ways.
pub struct Cmd {
    command: Command,
    line: String,
    quiet: bool,
}

impl Cmd {
    /// A program to run in `dir` with this `PATH`.
    pub fn new(program: &str, dir: &Path, path: &OsStr) -> Self {
        let mut command = Command::new(program);
        command.current_dir(dir).env("PATH", path);
        // `cargo run` tells xtask about xtask's own package. Passed on, these would make build
        // scripts of other crates believe that something had changed, and rebuild.
        for (name, _) in std::env::vars_os() {
            let own = name
                .to_str()
                .is_some_and(|n| n.starts_with("CARGO_PKG_") || n.starts_with("CARGO_MANIFEST_"));
            if own {
                command.env_remove(name);
            }
        }
        Self {
            command,
            line: program.to_owned(),
            quiet: false,
        }
    }

    /// Adds one argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        let shown = arg.as_ref().to_string_lossy();
        self.line.push(' ');
        if shown.contains(' ') || shown.is_empty() {
            self.line.push_str(&format!("{shown:?}"));
        } else {
            self.line.push_str(&shown);
        }
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    pub fn args<A: AsRef<OsStr>>(self, args: impl IntoIterator<Item = A>) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    /// Sets a variable for this program only.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs in this folder instead of the project's root.
    pub fn dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Does not show the command line (for mere questions such as `--version`).
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    fn announce(&self) {
        if self.quiet {
            term::flush();
        } else {
            term::echo(&self.line);
        }
    }

    /// Runs to the end; output goes to the terminal.
    ///
    /// # Errors
    /// When it cannot be started or does not exit with 0.
    pub fn run(mut self) -> Result<()> {
        self.announce();
        let status = self
            .command
            .status()
            .with_context(|| format!("could not start `{}`", self.line))?;
        if !status.success() {
            bail!("`{}` failed ({status})", self.line);
        }
        Ok(())
    }

    /// Runs to the end and returns what it wrote to stdout; stderr goes to the terminal.
    ///
    /// # Errors
    /// When it cannot be started, does not exit with 0, or does not write UTF-8.
    pub fn read(mut self) -> Result<String> {
        self.announce();
        let output = self
            .command
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("could not start `{}`", self.line))?;
        if !output.status.success() {
            bail!("`{}` failed ({})", self.line, output.status);
        }
        String::from_utf8(output.stdout)
            .with_context(|| format!("`{}` wrote something else than UTF-8", self.line))
    }

    /// What it writes to stdout, or nothing when it is not there or fails: for looking around.
    pub fn ask(mut self) -> Option<String> {
        let output = self
            .command
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs to the end, showing its stdout and giving each line of it to `see` as well.
    ///
    /// # Errors
    /// When it cannot be started or does not exit with 0.
    pub fn run_seeing(mut self, mut see: impl FnMut(&str)) -> Result<()> {
        self.announce();
        let mut child = self
            .command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start `{}`", self.line))?;
        if let Some(stdout) = child.stdout.take() {
            for line in BufReader::new(stdout).split(b'\n') {
                let line = line?;
                let line = String::from_utf8_lossy(&line);
                println!("{line}");
                see(&line);
            }
        }
        let status = child.wait()?;
        if !status.success() {
            bail!("`{}` failed ({status})", self.line);
        }
        Ok(())
    }

    /// Runs to the end and returns whether it succeeded, with all it wrote (stdout, then stderr).
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn capture(mut self) -> Result<(bool, String)> {
        let output = self
            .command
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("could not start `{}`", self.line))?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        Ok((output.status.success(), text))
    }

    /// Starts it in the background, without stdin and, on Unix, out of reach of the terminal's
    /// Ctrl-C: whoever starts it also ends it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(mut self) -> Result<Child> {
        self.announce();
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut self.command, 0);
        self.command
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("could not start `{}`", self.line))
    }
}

//! A Node process that answers JSON lines: the reference model, or the published `ot-json1`.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

use serde_json::Value;

pub struct Peer {
    process: Child,
    input: BufWriter<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Peer {
    /// The executable model of the semantics; it lies beside the project, not in it.
    pub fn model() -> Result<Self, String> {
        let model = beside("json-model/json-model.mjs")?;
        Self::start(&["json-oracle.mjs", &model.to_string_lossy()])
    }

    /// The published implementation, from npm.
    pub fn json1() -> Result<Self, String> {
        if !folder().join("node_modules/ot-json1").is_dir() {
            let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
            let mut ci = Command::new(npm);
            let ci = ci.arg("ci").current_dir(folder()).output();
            let ci = ci.map_err(|error| format!("no npm: {error}"))?;
            if !ci.status.success() {
                return Err(format!("npm ci: {}", String::from_utf8_lossy(&ci.stderr)));
            }
        }
        Self::start(&["json1.mjs"])
    }

    fn start(arguments: &[&str]) -> Result<Self, String> {
        let mut process = Command::new("node")
            .args(arguments)
            .current_dir(folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("no node: {error}"))?;
        let input = BufWriter::new(process.stdin.take().unwrap());
        let output = BufReader::new(process.stdout.take().unwrap());
        Ok(Self {
            process,
            input,
            output,
        })
    }

    /// The answers to all of `calls`, in their order; an error is what the peer threw.
    pub fn ask(&mut self, calls: &[Value]) -> Vec<Result<Value, String>> {
        let Self { input, output, .. } = self;
        thread::scope(|scope| {
            // Apart from the reading: both pipes are small.
            scope.spawn(move || {
                for call in calls {
                    writeln!(input, "{call}").expect("the peer has died: see above");
                }
                input.flush().expect("the peer has died: see above");
            });
            let answers = calls.iter().map(|call| {
                let mut line = String::new();
                output.read_line(&mut line).unwrap();
                assert!(!line.is_empty(), "the peer died on {call}");
                let mut answer: Value = serde_json::from_str(&line).unwrap();
                match answer["error"].take() {
                    Value::Null => Ok(answer["ok"].take()),
                    error => Err(error.as_str().unwrap_or("without words").to_owned()),
                }
            });
            answers.collect()
        })
    }

    pub fn ask_one(&mut self, call: Value) -> Result<Value, String> {
        self.ask(&[call]).remove(0)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It ends at the end of its input too; nothing is lost by not waiting for that.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential")
}

/// A file of the folder of shared material beside the project, where there is one.
pub fn beside(path: &str) -> Result<PathBuf, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared")
        .join(path);
    path.canonicalize()
        .map_err(|_| format!("there is no {}", path.display()))
}

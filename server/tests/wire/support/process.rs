//! The binary.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_rejoin-server");

/// A running server; killed when it is dropped.
pub struct Process {
    pub address: SocketAddr,
    child: Child,
    log: Arc<Mutex<Vec<Value>>>,
    reading: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts it on this directory, with these flags, and waits until it listens.
    pub fn start(data: &Path, flags: &[&str]) -> Self {
        Self::spawn(Command::new(BINARY), data, flags)
    }

    /// As [`start`](Self::start), by a command that ends in running the binary.
    pub fn start_by(mut command: Command, data: &Path, flags: &[&str]) -> Self {
        command.arg(BINARY);
        Self::spawn(command, data, flags)
    }

    fn spawn(mut command: Command, data: &Path, flags: &[&str]) -> Self {
        let mut child = command
            .args(["--listen", "127.0.0.1:0", "--log", "json", "--data"])
            .arg(data)
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log: Arc<Mutex<Vec<Value>>> = Arc::default();
        let written = Arc::clone(&log);
        let reading = thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or_else(|_| line.clone().into());
                written.lock().unwrap().push(line);
            }
        });
        let mut process = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            child,
            log,
            reading: Some(reading),
        };
        process.address = process.listening();
        process
    }

    fn listening(&mut self) -> SocketAddr {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(30) {
            let address = self
                .log()
                .iter()
                .find_map(|line| line["fields"]["address"].as_str()?.parse().ok());
            if let Some(address) = address {
                return address;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("it ended with {status}: {:?}", self.log());
            }
            sleep(Duration::from_millis(10));
        }
        panic!("it does not listen: {:?}", self.log());
    }

    /// What it has logged.
    pub fn log(&self) -> Vec<Value> {
        self.log.lock().unwrap().clone()
    }

    /// The codes of what it has logged.
    pub fn logged_codes(&self) -> Vec<String> {
        let log = self.log();
        let codes = log
            .iter()
            .filter_map(|line| line["fields"]["code"].as_str());
        codes.map(str::to_owned).collect()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, by name.
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for its end.
    pub fn ended(&mut self, within: Duration) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                if let Some(reading) = self.reading.take() {
                    reading.join().unwrap();
                }
                return status;
            }
            assert!(start.elapsed() < within, "it runs on: {:?}", self.log());
            sleep(Duration::from_millis(10));
        }
    }

    /// The memory it has in use, in bytes.
    #[cfg(target_os = "linux")]
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        let kibibytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kibibytes * 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A start that is refused: its exit code, and what it logged as the error.
pub fn start_refused(data: &Path, flags: &[&str]) -> (Option<i32>, Value) {
    let output = Command::new(BINARY)
        .args(["--log", "json", "--data"])
        .arg(data)
        .args(flags)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    let error = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|line| line["level"] == "ERROR");
    (
        output.status.code(),
        error.unwrap_or_else(|| panic!("no error is logged: {log}"))["fields"].clone(),
    )
}

//! `cargo xtask demo`: everything from a fresh clone to the demo page in the browser.

use anyhow::{Context, Result, bail, ensure};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Child;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::project::Project;
use crate::setup::{self, Need};
use crate::{artifact, build, stamp, term};

/// How many ports after the wished one are tried when it is taken.
const PORTS: u16 = 20;
/// How long the server may take to answer after it was started, and to stop after it was told to.
const PATIENCE: Duration = Duration::from_secs(30);

/// Try rejoin: build everything, start the server, open the demo page
///
/// Listens on this machine only (127.0.0.1). Documents are kept in .cache/demo from one run to the
/// next. Ctrl-C stops it.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask demo
  cargo xtask demo --memory --port 9000     nothing kept, another port
  cargo xtask demo --data /tmp/rejoin       the database elsewhere")]
pub struct Args {
    /// The port to listen on; when it is taken, the next free one of the following twenty
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The folder of the database [default: .cache/demo]
    #[arg(long, value_name = "DIR", conflicts_with = "memory")]
    data: Option<PathBuf>,
    /// Keep the documents in memory only
    #[arg(long)]
    memory: bool,
    /// Do not open a browser
    #[arg(long)]
    no_open: bool,
}

/// The command.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    setup::ensure(project, &[Need::Wasm, Need::Npm("pkg"), Need::Npm("www")])?;
    build::package(project, &build::Args::default())?;
    build_page(project)?;
    let server = build_server(project)?;

    term::heading("Start the server");
    let port = free_port(args.port)?;
    if port != args.port {
        term::note(&format!("port {} is taken", args.port));
    }
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut cmd = project
        .cmd(&server.to_string_lossy())
        .arg("--www")
        .arg(project.at("www/dist"))
        .arg("--listen")
        .arg(address.to_string());
    cmd = if args.memory {
        cmd.arg("--memory")
    } else {
        let data = match &args.data {
            Some(dir) => std::path::absolute(dir)?,
            None => project.cache().join("demo"),
        };
        std::fs::create_dir_all(&data)
            .with_context(|| format!("could not create {}", data.display()))?;
        cmd.arg("--data").arg(data)
    };

    // Told before the server starts, so that no Ctrl-C can leave it behind.
    let (stop, stopped) = mpsc::channel();
    ctrlc::set_handler(move || {
        // A second Ctrl-C finds nobody listening any more.
        let _ = stop.send(());
    })
    .context("Ctrl-C cannot be caught")?;
    let mut child = cmd.spawn()?;
    let outcome = serve(&mut child, address, &stopped, args.no_open);
    let ended = end(&mut child);
    outcome?;
    ended
}

/// Builds the demo page to `www/dist`, unless nothing it is made of has changed.
///
/// # Errors
/// When it does not build.
pub fn build_page(project: &Project) -> Result<()> {
    term::heading("Build the demo page");
    let inputs = ["www", "pkg/dist", "pkg/generated", "pkg/package.json"];
    let hash = stamp::hash(&project.root, &inputs, "")?;
    let stamp_file = project.cache().join("stamps/www");
    if stamp::is_fresh(&stamp_file, &hash, &[project.at("www/dist/index.html")]) {
        term::note("unchanged since the last build");
        return Ok(());
    }
    project.npm("www").args(["run", "build"]).run()?;
    stamp::write(&stamp_file, &hash)
}

/// Builds the server and says where it is.
///
/// # Errors
/// When it does not build.
pub fn build_server(project: &Project) -> Result<PathBuf> {
    term::heading("Build the server");
    let args = ["build", "--profile", "server", "-p", "rejoin-server"];
    artifact::executable(project, &args, "rejoin-server")
}

/// The first free port from `wished` on.
///
/// # Errors
/// When none of them is free.
pub fn free_port(wished: u16) -> Result<u16> {
    let last = wished.saturating_add(PORTS);
    (wished..=last)
        .find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok())
        .with_context(|| format!("the ports from {wished} to {last} are all taken"))
}

/// Waits until the server answers, tells the user, and returns when it is to stop.
fn serve(
    child: &mut Child,
    address: SocketAddr,
    stopped: &mpsc::Receiver<()>,
    no_open: bool,
) -> Result<()> {
    let start = Instant::now();
    while !is_healthy(address) {
        if stopped.recv_timeout(Duration::from_millis(50)).is_ok() {
            return Ok(());
        }
        if let Some(status) = child.try_wait()? {
            bail!("the server stopped right after its start ({status})");
        }
        ensure!(
            start.elapsed() < PATIENCE,
            "the server did not answer at http://{address}/healthz within {} s",
            PATIENCE.as_secs()
        );
    }
    let url = format!("http://{address}/");
    term::heading(&format!("The demo is at {url}"));
    term::note("Switch both panes offline, type in both, rejoin. Ctrl-C here stops it.");
    if !no_open && has_display() {
        // Without a browser the address above is all it takes.
        let _ = open::that_detached(&url);
    }
    loop {
        match stopped.recv_timeout(Duration::from_millis(200)) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
            Err(RecvTimeoutError::Timeout) => {
                if let Some(status) = child.try_wait()? {
                    bail!("the server stopped by itself ({status})");
                }
            }
        }
    }
}

/// Whether `GET /healthz` answers 200.
pub fn is_healthy(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_millis(500))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(
            stream,
            "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        Ok(&answer[9..] == b"200")
    };
    ask().unwrap_or(false)
}

/// Lets the server finish what it is doing: SIGINT, and only after a while the harder way.
fn end(child: &mut Child) -> Result<()> {
    if child.try_wait()?.is_some() {
        return Ok(());
    }
    term::heading("Stopping");
    interrupt(child)?;
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait()? {
            ensure!(
                status.success(),
                "the server did not stop cleanly ({status})"
            );
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill()?;
    child.wait()?;
    bail!(
        "the server did not stop within {} s and was killed",
        PATIENCE.as_secs()
    )
}

#[cfg(unix)]
fn interrupt(child: &Child) -> Result<()> {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id())?);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT)?;
    Ok(())
}

#[cfg(not(unix))]
#[allow(
    clippy::unnecessary_wraps,
    reason = "the signature is that of the Unix one"
)]
fn interrupt(_child: &Child) -> Result<()> {
    // On Windows the console has given Ctrl-C to the server as well.
    Ok(())
}

fn has_display() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(windows, target_os = "macos")) || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_passed_over() {
        let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let found = free_port(port).unwrap();
        assert!(found > port && found <= port.saturating_add(PORTS));
    }

    #[test]
    fn health_is_a_200_and_nothing_else() {
        for (answer, healthy) in [
            ("HTTP/1.1 200 OK\r\n\r\nok", true),
            ("HTTP/1.1 503 Service Unavailable\r\n\r\n", false),
            ("nonsense", false),
        ] {
            let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
            let address = listener.local_addr().unwrap();
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            });
            assert_eq!(is_healthy(address), healthy, "{answer}");
            server.join().unwrap();
        }
        let closed = SocketAddr::from(([127, 0, 0, 1], 1));
        assert!(!is_healthy(closed));
    }
}

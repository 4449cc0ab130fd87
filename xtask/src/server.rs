//! The server as a child process: built, started on a free port, waited for, and ended.

use anyhow::{Context, Result, bail, ensure};
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use crate::project::Project;
use crate::{artifact, term};

/// How many ports after the wished one are tried when it is taken.
const PORTS: u16 = 20;
/// How long it may take to answer after it was started, and to stop after it was told to.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server. Dropping it kills it; [`Server::stop`] ends it as a user would.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

/// Builds the server and says where it is.
///
/// # Errors
/// When it does not build.
pub fn build(project: &Project) -> Result<PathBuf> {
    term::heading("Build the server");
    let args = ["build", "--profile", "server", "-p", "rejoin-server"];
    artifact::executable(project, &args, "rejoin-server")
}

/// The first free port of this machine from `wished` on.
///
/// # Errors
/// When none of twenty is free.
pub fn free_port(wished: u16) -> Result<u16> {
    let last = wished.saturating_add(PORTS);
    (wished..=last)
        .find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok())
        .with_context(|| format!("the ports from {wished} to {last} are all taken"))
}

impl Server {
    /// Starts it on this port of this machine. It may not answer yet.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start<A: AsRef<OsStr>>(
        project: &Project,
        program: &Path,
        port: u16,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let child = project
            .cmd(&program.to_string_lossy())
            .args(["--listen", &address.to_string()])
            .args(args)
            .spawn()?;
        Ok(Self { child, address })
    }

    /// Returns true when it answers, false when `give_up` says so first. That is asked every
    /// twentieth of a second.
    ///
    /// # Errors
    /// When it ends by itself, or does not answer in time.
    pub fn wait(&mut self, give_up: impl Fn() -> bool) -> Result<bool> {
        let start = Instant::now();
        while !is_healthy(self.address) {
            if give_up() {
                return Ok(false);
            }
            if let Some(status) = self.ended()? {
                bail!("the server stopped right after its start ({status})");
            }
            ensure!(
                start.elapsed() < PATIENCE,
                "the server did not answer at http://{}/healthz within {} s",
                self.address,
                PATIENCE.as_secs()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(true)
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Lets it finish what it is doing (SIGINT), and kills it only when that takes too long.
    ///
    /// # Errors
    /// When it did not stop cleanly.
    pub fn stop(mut self) -> Result<()> {
        if self.ended()?.is_some() {
            return Ok(());
        }
        interrupt(&self.child)?;
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.ended()? {
                ensure!(
                    status.success(),
                    "the server did not stop cleanly ({status})"
                );
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!(
            "the server did not stop within {} s and was killed",
            PATIENCE.as_secs()
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended long ago, and then there is nothing left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
fn interrupt(child: &Child) -> Result<()> {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id())?);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT)?;
    Ok(())
}

#[cfg(not(unix))]
fn interrupt(_child: &Child) -> Result<()> {
    // On Windows the console has given Ctrl-C to the server as well.
    Ok(())
}

/// Whether `GET /healthz` answers 200.
fn is_healthy(address: SocketAddr) -> bool {
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

//! `cargo xtask demo`: everything from a fresh clone to the demo page in the browser.

use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use crate::project::Project;
use crate::server::{self, Server};
use crate::setup::{self, Need};
use crate::{build, stamp, term};

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
    let program = server::build(project)?;

    term::heading("Start the server");
    let port = server::free_port(args.port)?;
    if port != args.port {
        term::note(&format!("port {} is taken", args.port));
    }
    let server_args = server_args(project, args)?;

    // Caught before the server starts, so that no Ctrl-C can leave it behind.
    let (stop, stopped) = mpsc::channel();
    ctrlc::set_handler(move || {
        // A second Ctrl-C finds nobody listening any more.
        let _ = stop.send(());
    })
    .context("Ctrl-C cannot be caught")?;
    let mut server = Server::start(project, &program, port, server_args)?;
    if server.wait(|| stopped.try_recv().is_ok())? {
        serve(&mut server, &stopped, args.no_open)?;
    }
    term::heading("Stopping");
    server.stop()
}

fn server_args(project: &Project, args: &Args) -> Result<Vec<OsString>> {
    let mut list: Vec<OsString> = vec!["--www".into(), project.at("www/dist").into()];
    if args.memory {
        list.push("--memory".into());
        return Ok(list);
    }
    let data = match &args.data {
        Some(dir) => std::path::absolute(dir)?,
        None => project.cache().join("demo"),
    };
    std::fs::create_dir_all(&data)
        .with_context(|| format!("could not create {}", data.display()))?;
    list.extend(["--data".into(), data.into()]);
    Ok(list)
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

/// Tells the user where it is, and returns when it is to stop.
fn serve(server: &mut Server, stopped: &mpsc::Receiver<()>, no_open: bool) -> Result<()> {
    let url = format!("http://{}/", server.address);
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
                if let Some(status) = server.ended()? {
                    bail!("the server stopped by itself ({status})");
                }
            }
        }
    }
}

fn has_display() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(windows, target_os = "macos")) || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

//! The demo's files: their types, and how long a browser may keep them.

use std::fs;

use crate::support::{Process, request};

const HASHED: &str = "public, max-age=31536000, immutable";

fn page() -> (tempfile::TempDir, Process) {
    let dir = tempfile::tempdir().unwrap();
    let www = dir.path().join("www");
    fs::create_dir_all(www.join("assets")).unwrap();
    for (name, content) in [
        ("index.html", "<!doctype html>"),
        ("icon.svg", "<svg/>"),
        ("assets/main-D3f0.js", "export {}"),
        ("assets/main-D3f0.css", "a {}"),
        ("assets/rejoin_bg-D3f0.wasm", "\0asm"),
    ] {
        fs::write(www.join(name), content).unwrap();
    }
    fs::write(dir.path().join("secret"), "not to be served").unwrap();
    let www = www.to_str().unwrap();
    let server = Process::start(&dir.path().join("data"), &["--www", www]);
    (dir, server)
}

#[test]
fn files_have_their_types_and_say_how_long_they_keep() {
    let (_dir, server) = page();
    for (path, kind, keeps) in [
        ("/", "text/html", "no-cache"),
        ("/index.html", "text/html", "no-cache"),
        ("/icon.svg", "image/svg+xml", "no-cache"),
        ("/assets/main-D3f0.js", "text/javascript", HASHED),
        ("/assets/main-D3f0.css", "text/css", HASHED),
        // Without this type a browser does not compile it while it loads.
        ("/assets/rejoin_bg-D3f0.wasm", "application/wasm", HASHED),
    ] {
        let answer = request(server.address, "GET", path, "");
        assert_eq!(answer.status, 200, "{path}");
        let content_type = answer.header("content-type").unwrap();
        assert_eq!(content_type.split(';').next(), Some(kind), "{path}");
        assert_eq!(answer.header("cache-control"), Some(keeps), "{path}");

        let head = request(server.address, "HEAD", path, "");
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        assert_eq!(
            head.header("content-length"),
            answer.header("content-length")
        );
        assert_eq!(head.header("cache-control"), Some(keeps), "{path}");

        let since = answer.header("last-modified").unwrap();
        let since = format!("if-modified-since: {since}\r\n");
        let again = request(server.address, "GET", path, &since);
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("cache-control"), Some(keeps), "{path}");
    }
}

#[test]
fn what_is_not_there_is_not_kept() {
    let (_dir, server) = page();
    for path in [
        "/nowhere",
        "/assets/gone-D3f0.js",
        "/assets/../../secret",
        "/%2e%2e/secret",
        "/assets/..%2f..%2fsecret",
    ] {
        for method in ["GET", "HEAD"] {
            let answer = request(server.address, method, path, "");
            assert_eq!(answer.status, 404, "{path}");
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        }
    }
    let answer = request(server.address, "POST", "/index.html", "");
    assert_eq!(answer.status, 405);
}

#[test]
fn health_is_told_and_a_plain_request_to_sync_is_refused() {
    let (_dir, server) = page();
    let answer = request(server.address, "GET", "/healthz", "");
    assert_eq!(answer.status, 200);
    assert!(answer.body.starts_with(b"ok\nstore sqlite\n"));
    let answer = request(server.address, "GET", "/sync", "");
    assert!((400..500).contains(&answer.status), "{}", answer.status);
}

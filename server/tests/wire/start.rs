//! A server that cannot start says why and what to do, and touches nothing.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use rejoin_server::store::DATABASE_FILE;
use rusqlite::Connection;

use crate::support::{Peer, Process, start_refused};

/// The database with what it has in its -wal, as a killed server leaves it: 20 ops on one document.
async fn left_behind(dir: &Path) {
    let mut server = Process::start(dir, &[]);
    let (mut peer, _) = Peer::opened(server.address, "a", "ann").await;
    for seq in 1..=20 {
        peer.submit("a", seq, seq - 1, &"x".repeat(1_000)).await;
        peer.hear("committed").await;
    }
    #[cfg(unix)]
    server.signal("KILL");
    #[cfg(not(unix))]
    drop(server);
    #[cfg(unix)]
    server.ended(Duration::from_secs(10));
}

/// The files that hold data, and their content. The -shm is an index that any reader makes anew.
fn content(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = ["", "-wal"]
        .iter()
        .map(|suffix| format!("{DATABASE_FILE}{suffix}"))
        .filter_map(|name| Some((name.clone(), fs::read(dir.join(name)).ok()?)))
        .collect();
    files.sort();
    files
}

/// Starts, is refused with this code and these words, and finds the files as they were.
fn refused(dir: &Path, code: &str, words: &[&str]) {
    let before = content(dir);
    assert!(!before.is_empty());
    // Twice: the first must not make the second succeed.
    for _ in 0..2 {
        let (exit, error) = start_refused(dir, &["--listen", "127.0.0.1:0"]);
        assert_eq!(
            (exit, error["code"].as_str()),
            (Some(1), Some(code)),
            "{error}"
        );
        let message = error["message"].as_str().unwrap();
        for word in words.iter().chain(&[DATABASE_FILE]) {
            assert!(message.contains(word), "{word:?} is not in {message:?}");
        }
        assert!(content(dir) == before, "the files have changed");
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    left_behind(dir.path()).await;
    let file = Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
    let config = rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    file.set_db_config(config, true).unwrap();
    file.pragma_update(None, "user_version", 9).unwrap();
    drop(file);
    assert_eq!(
        content(dir.path()).len(),
        2,
        "there is a -wal to be left alone"
    );
    refused(
        dir.path(),
        "storage-newer",
        &["version 9", "update the server"],
    );
}

#[tokio::test]
async fn a_damaged_database_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    left_behind(dir.path()).await;
    let path = dir.path().join(DATABASE_FILE);
    // Into the file, so that there is something to damage; and some more into the -wal.
    let file = Connection::open(&path).unwrap();
    let config = rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    file.set_db_config(config, true).unwrap();
    file.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); UPDATE documents SET floor = 0;")
        .unwrap();
    drop(file);
    let mut bytes = fs::read(&path).unwrap();
    let second_half = bytes.len() / 2;
    bytes[second_half..].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    assert_eq!(
        content(dir.path()).len(),
        2,
        "there is a -wal to be left alone"
    );
    refused(dir.path(), "storage-corrupt", &["damaged", "backup"]);
}

#[test]
fn what_is_no_database_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(DATABASE_FILE), "Dear diary, ".repeat(500)).unwrap();
    refused(dir.path(), "storage-corrupt", &["no database", "backup"]);
}

#[test]
fn the_database_of_another_program_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
    file.execute_batch("CREATE TABLE recipes (name TEXT)")
        .unwrap();
    drop(file);
    refused(
        dir.path(),
        "storage-foreign",
        &["another program", "--data"],
    );
}

#[tokio::test]
async fn a_directory_or_an_address_in_use_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let server = Process::start(dir.path(), &[]);
    let (exit, error) = start_refused(dir.path(), &["--listen", "127.0.0.1:0"]);
    assert_eq!(
        (exit, error["code"].as_str()),
        (Some(1), Some("storage-in-use")),
        "{error}"
    );
    Peer::opened(server.address, "a", "ann").await;

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let other = tempfile::tempdir().unwrap();
    let (exit, error) = start_refused(other.path(), &["--listen", &address]);
    assert_eq!(
        (exit, error["code"].as_str()),
        (Some(1), Some("cannot-listen")),
        "{error}"
    );
    assert!(error["message"].as_str().unwrap().contains(&address));
}

/// A killed server's -wal is read, and an empty file is a new database.
#[tokio::test]
async fn what_a_killed_server_left_is_taken_up() {
    let dir = tempfile::tempdir().unwrap();
    left_behind(dir.path()).await;
    let server = Process::start(dir.path(), &[]);
    let (_, answer) = Peer::opened(server.address, "a", "bob").await;
    assert_eq!(answer["revision"], 20);

    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(DATABASE_FILE), "").unwrap();
    let server = Process::start(dir.path(), &[]);
    Peer::opened(server.address, "a", "bob").await;
}

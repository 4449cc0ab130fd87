//! A disk without room: nothing is acknowledged, the rest goes on, and room is all it takes.

use std::path::Path;

use rejoin_server::store::DATABASE_FILE;
use rusqlite::Connection;
use serde_json::json;

use crate::support::{Peer, Process, insert, sent};

/// Larger than the room that is left, and smaller than the ballast.
const LARGE: usize = 200_000;
const BALLAST: usize = 400_000;

#[tokio::test]
async fn a_full_database_refuses_and_takes_the_same_submit_once_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    {
        let server = Process::start(dir.path(), &[]);
        make_documents(&server).await;
    }
    let size = put_ballast(dir.path());
    let room = (size + 40_000).to_string();
    let server = Process::start(dir.path(), &["--max-database-bytes", &room]);
    let free = || {
        let file = Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
        file.execute_batch("DROP TABLE ballast").unwrap();
    };
    full_and_free(&server, free).await;
    assert!(server.logged_codes().contains(&"storage-full".to_owned()));
}

/// The same on a disk that is full: a small one of its own, where the system lets us have one.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_refuses_and_takes_the_same_submit_once_there_is_room() {
    use std::process::Command;

    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
        command
    };
    if !unshare()
        .arg("mount -t tmpfs none /tmp")
        .status()
        .is_ok_and(|status| status.success())
    {
        eprintln!(
            "skipped: this system does not let a test mount a disk of its own (unshare, mount)"
        );
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut command = unshare();
    command
        .arg(r#"mount -t tmpfs -o size=1m none "$0" && exec "$@""#)
        .arg(dir.path());
    let server = Process::start_by(command, dir.path(), &[]);
    make_documents(&server).await;
    // The disk as the server sees it.
    let inside = format!("/proc/{}/root{}", server.id(), dir.path().display());
    let ballast = Path::new(&inside).join("ballast");
    assert!(
        !dir.path().join(DATABASE_FILE).exists(),
        "it is not on the small disk"
    );
    // All the room but some, so that small things still fit.
    let mut size = 1 << 20;
    while size > 0 && std::fs::write(&ballast, vec![7; size]).is_err() {
        size -= 16 * 1024;
    }
    std::fs::write(&ballast, vec![7; size - 64 * 1024]).unwrap();
    full_and_free(&server, || std::fs::remove_file(&ballast).unwrap()).await;
    assert!(server.logged_codes().contains(&"storage-full".to_owned()));
}

/// `a` gets more than there is room for, while `b` gets little; then there is room.
async fn full_and_free(server: &Process, free: impl FnOnce()) {
    let (mut ann, answer) = Peer::opened(server.address, "a", "ann").await;
    let (mut bob, _) = Peer::opened(server.address, "b", "bob").await;
    let text = "x".repeat(LARGE);
    ann.submit("a", 1, 0, &text).await;
    let told = ann.hear_code("error", "storage-unavailable").await;
    assert_eq!(told["doc"], "a");
    bob.submit("b", 1, 0, "goes on").await;
    assert_eq!(bob.hear("committed").await["revision"], 1);

    // Again, as a replica does: open says that it never arrived, so it is sent as it was.
    let mut open = json!({
        "type": "open", "doc": "a", "client": "ann", "request": 2, "epoch": answer["epoch"],
        "revision": 0, "seq": 1, "inflight": sent("ann", 1, &insert(&text), 0),
    });
    ann.say(open.clone()).await;
    let answer = ann.hear("ops").await;
    assert_eq!(
        (&answer["fate"], &answer["head"]),
        (&json!("unknown"), &json!(0))
    );
    ann.submit("a", 1, 0, &text).await;
    ann.hear_code("error", "storage-unavailable").await;
    bob.submit("b", 2, 1, "still ").await;
    assert_eq!(bob.hear("committed").await["revision"], 2);

    free();
    open["request"] = 3.into();
    ann.say(open).await;
    assert_eq!(ann.hear("ops").await["fate"], "unknown");
    for _ in 0..2 {
        ann.submit("a", 1, 0, &text).await;
        assert_eq!(ann.hear("committed").await["revision"], 1);
    }
    let (_, now) = Peer::opened(server.address, "a", "eve").await;
    assert_eq!(now["value"].as_str().unwrap().len(), LARGE);
}

async fn make_documents(server: &Process) {
    for doc in ["a", "b"] {
        Peer::opened(server.address, doc, "ann").await;
    }
}

/// Fills the file with what can be taken out again. Gives its size.
fn put_ballast(dir: &Path) -> u64 {
    let file = Connection::open(dir.join(DATABASE_FILE)).unwrap();
    file.execute_batch("CREATE TABLE ballast (bytes BLOB)")
        .unwrap();
    file.execute(
        "INSERT INTO ballast VALUES (zeroblob(?1))",
        [BALLAST as i64],
    )
    .unwrap();
    drop(file);
    std::fs::metadata(dir.join(DATABASE_FILE)).unwrap().len()
}

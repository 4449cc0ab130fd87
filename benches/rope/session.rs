//! An editing session to replay: a recorded one when it is beside the project, else a generated one.

use std::fs::File;
use std::io;
use std::path::Path;

/// A session: edits in order, each on the result of the one before, starting from nothing.
pub struct Session {
    /// Where it comes from.
    pub name: &'static str,
    /// The edits.
    pub edits: Vec<Edit>,
    /// The text after the last edit.
    pub end: String,
}

/// One edit: at an offset, take some out, put some in.
pub struct Edit {
    /// The offset in UTF-16 code units: what an editor in a browser says.
    pub at_utf16: usize,
    /// How many scalars go.
    pub deleted: usize,
    /// What comes.
    pub inserted: String,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trace {
    end_content: String,
    txns: Vec<Txn>,
}

#[derive(serde::Deserialize)]
struct Txn {
    patches: Vec<(usize, usize, String)>,
}

impl Session {
    /// The recorded LaTeX paper, 259,778 edits, or as many generated ones.
    pub fn load() -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../../shared/traces/automerge-paper.json.gz");
        match read(&file) {
            Ok(trace) => {
                let patches = trace.txns.into_iter().flat_map(|txn| txn.patches).collect();
                Self::of("automerge-paper", patches, Some(trace.end_content))
            }
            Err(reason) => {
                eprintln!("no recorded session ({reason}): generating one");
                Self::of("generated", generate(260_000), None)
            }
        }
    }

    /// Adds the UTF-16 offsets. The replay is on a plain vector, slow and simple.
    fn of(
        name: &'static str,
        patches: Vec<(usize, usize, String)>,
        recorded: Option<String>,
    ) -> Self {
        let mut text: Vec<char> = Vec::new();
        let edits = patches.into_iter().map(|(at, deleted, inserted)| {
            let at_utf16 = text[..at].iter().map(|c| c.len_utf16()).sum();
            text.splice(at..at + deleted, inserted.chars());
            Edit {
                at_utf16,
                deleted,
                inserted,
            }
        });
        let edits = edits.collect();
        let end = String::from_iter(text);
        assert!(
            recorded.is_none_or(|recorded| recorded == end),
            "the recorded end is another"
        );
        Self { name, edits, end }
    }
}

fn read(file: &Path) -> io::Result<Trace> {
    let json = flate2::read::GzDecoder::new(File::open(file)?);
    Ok(serde_json::from_reader(io::BufReader::new(json))?)
}

/// Someone typing in runs, now here, now there, deleting now and then.
fn generate(count: usize) -> Vec<(usize, usize, String)> {
    let mut seed: u64 = 1;
    let mut below = |n: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) as usize % n.max(1)
    };
    let (mut len, mut at) = (0, 0);
    let edit = |_| {
        if below(40) == 0 {
            at = below(len + 1);
        }
        if at > 0 && below(4) == 0 {
            at -= 1;
            len -= 1;
            (at, 1, String::new())
        } else {
            let c = if below(200) == 0 {
                '😀'
            } else {
                char::from(b'a' + below(26) as u8)
            };
            at += 1;
            len += 1;
            (at - 1, 0, c.to_string())
        }
    };
    (0..count).map(edit).collect()
}

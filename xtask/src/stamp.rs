//! Skipping work whose inputs have not changed since it last succeeded.
//!
//! A stamp is a file holding a hash over the contents of all inputs. Contents, not times: a fresh
//! checkout or a branch switched back and forth must not cause a rebuild, nor hide one.

use anyhow::{Context, Result};
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};

/// What is made from the inputs and lies among them.
const NOT_INPUTS: [&str; 3] = ["node_modules", "dist", "generated"];

/// A hash over the names and contents of files (folders: all files below them, but not what is
/// made or installed there) and of `settings`.
///
/// Missing inputs count as such, so that adding one later changes the hash.
pub fn hash(root: &Path, inputs: &[&str], settings: &str) -> Result<String> {
    let mut files = Vec::new();
    for input in inputs {
        collect(&root.join(input), &mut files)?;
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    hasher.write(settings.as_bytes());
    for file in files {
        let name = file.strip_prefix(root).unwrap_or(&file);
        hasher.write(name.to_string_lossy().as_bytes());
        let content =
            fs::read(&file).with_context(|| format!("could not read {}", file.display()))?;
        hasher.write_usize(content.len());
        hasher.write(&content);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_dir() {
        let entries =
            fs::read_dir(path).with_context(|| format!("could not list {}", path.display()))?;
        for entry in entries {
            let entry = entry?;
            if !NOT_INPUTS.iter().any(|name| entry.file_name() == *name) {
                collect(&entry.path(), files)?;
            }
        }
    } else if path.is_file() {
        files.push(path.to_path_buf());
    }
    Ok(())
}

/// Whether the stamp says that these inputs have been dealt with and all outputs are still there.
pub fn is_fresh(stamp: &Path, hash: &str, outputs: &[PathBuf]) -> bool {
    fs::read_to_string(stamp).is_ok_and(|old| old == hash) && outputs.iter().all(|out| out.exists())
}

/// Records that the inputs with this hash have been dealt with.
pub fn write(stamp: &Path, hash: &str) -> Result<()> {
    if let Some(folder) = stamp.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(stamp, hash).with_context(|| format!("could not write {}", stamp.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_seen_and_outputs_are_required() {
        let root = std::env::temp_dir().join(format!("rejoin-stamp-{}", std::process::id()));
        fs::create_dir_all(root.join("src/deep")).unwrap();
        fs::write(root.join("src/deep/a"), "one").unwrap();
        let inputs = ["src", "missing"];
        let first = hash(&root, &inputs, "x").unwrap();
        assert_eq!(first, hash(&root, &inputs, "x").unwrap());
        assert_ne!(first, hash(&root, &inputs, "y").unwrap());

        let stamp = root.join("cache/stamp");
        let output = root.join("out");
        write(&stamp, &first).unwrap();
        assert!(is_fresh(&stamp, &first, &[]));
        assert!(!is_fresh(&stamp, &first, std::slice::from_ref(&output)));
        fs::write(&output, "").unwrap();
        assert!(is_fresh(&stamp, &first, &[output]));

        fs::write(root.join("src/deep/a"), "two").unwrap();
        let second = hash(&root, &inputs, "x").unwrap();
        assert_ne!(first, second);
        assert!(!is_fresh(&stamp, &second, &[]));
        fs::write(root.join("missing"), "").unwrap();
        assert_ne!(second, hash(&root, &inputs, "x").unwrap());
        fs::remove_dir_all(root).unwrap();
    }
}

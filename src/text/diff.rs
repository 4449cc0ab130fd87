//! An op from two texts, for editors and snapshots that only give the new one.

use imara_diff::{Algorithm, Diff, Token};

use super::op::TextOp;

impl TextOp {
    /// The op that turns `before` into `after`: small, though not always the smallest.
    ///
    /// The common start and end are kept, and the middle is compared scalar by scalar (Myers'
    /// linear-space algorithm with the cost bound that git uses, no clock: the same texts always give
    /// the same op, everywhere). No scalar is ever split.
    ///
    /// # Laws
    /// *diff leads from one text to the other*: `apply(before, diff(before, after)) = after`.
    ///
    /// # Cost
    /// Linear for a local edit. In the worst case, two long texts with nothing much in common,
    /// O(n √n).
    ///
    /// ```
    /// use rejoin::text::TextOp;
    /// let op = TextOp::diff("one two three", "one 2 three!");
    /// assert_eq!(op, TextOp::builder().retain(4).insert("2").delete(3).retain(6).insert("!").finish());
    /// ```
    pub fn diff(before: &str, after: &str) -> TextOp {
        let prefix = common_prefix(before, after);
        let mut out = TextOp::builder();
        out.retain(before[..prefix].chars().count());
        let (before, after) = (&before[prefix..], &after[prefix..]);
        let suffix = common_suffix(before, after);
        diff_middle(
            &before[..before.len() - suffix],
            &after[..after.len() - suffix],
            &mut out,
        );
        out.finish()
    }
}

fn diff_middle(before: &str, after: &str, out: &mut super::TextOpBuilder) {
    if before.is_empty() || after.is_empty() {
        out.insert(after).delete(before.chars().count());
        return;
    }
    let mut ids = fnv::FnvHashMap::default();
    let mut tokens = |text: &str| -> Vec<Token> {
        let mut id = |c: char| {
            let next = ids.len() as u32;
            Token(*ids.entry(c).or_insert(next))
        };
        text.chars().map(&mut id).collect()
    };
    let (old, new) = (tokens(before), tokens(after));
    let mut diff = Diff::default();
    diff.compute_with(Algorithm::Myers, &old, &new, ids.len() as u32);
    let (mut done, mut rest) = (0, after.chars());
    for hunk in diff.hunks() {
        let kept = hunk.before.start - done;
        out.retain(kept as usize);
        skip(&mut rest, kept as usize);
        let from = rest.as_str();
        skip(&mut rest, hunk.after.len());
        out.insert(&from[..from.len() - rest.as_str().len()]);
        out.delete(hunk.before.len());
        done = hunk.before.end;
    }
}

fn skip(chars: &mut std::str::Chars<'_>, n: usize) {
    if n > 0 {
        chars.nth(n - 1);
    }
}

/// Bytes of the longest common start.
fn common_prefix(a: &str, b: &str) -> usize {
    same_bytes(a.chars().zip(b.chars()))
}

/// Bytes of the longest common end.
fn common_suffix(a: &str, b: &str) -> usize {
    same_bytes(a.chars().rev().zip(b.chars().rev()))
}

fn same_bytes(pairs: impl Iterator<Item = (char, char)>) -> usize {
    pairs
        .take_while(|(a, b)| a == b)
        .map(|(c, _)| c.len_utf8())
        .sum()
}

//! The same ops through rejoin and through the published `ot-text-unicode` (an npm package): apply,
//! compose, transform on both sides, positions, inversion. All inputs are canonical; the published type's
//! answers are read into canonical form (it may leave a delete before an insert), and then all agree.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    reason = "clippy does not see that these are test helpers"
)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use rejoin::text::{Bias, Loose, Side, Text, TextOp};
use rejoin::units::CharOffset;
use serde_json::{Value, json};

const CASES: usize = 2_000;

struct Rng(u64);

impl Rng {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n
    }

    fn text(&mut self, max: usize) -> String {
        let len = self.below(max + 1);
        (0..len)
            .map(|_| ['a', 'b', 'é', '😀', '한'][self.below(5)])
            .collect()
    }

    fn op(&mut self, len: usize) -> TextOp {
        let (mut left, mut op) = (len, TextOp::builder());
        for _ in 0..self.below(8) {
            let n = (1 + self.below(4)).min(left);
            match self.below(3) {
                0 => {
                    op.insert(&self.text(3));
                    continue;
                }
                1 => op.retain(n),
                _ => op.delete(n),
            };
            left -= n;
        }
        op.finish()
    }
}

/// The published type's answers, or why there are none.
fn answers(calls: &[Value]) -> Result<Vec<Value>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential");
    let run = |command: &mut Command| command.current_dir(&folder).stdin(Stdio::null()).output();
    run(Command::new("node").arg("--version")).map_err(|error| format!("no node: {error}"))?;
    if !folder.join("node_modules/ot-text-unicode").is_dir() {
        let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
        let ci = run(Command::new(npm).arg("ci")).map_err(|error| format!("no npm: {error}"))?;
        if !ci.status.success() {
            return Err(format!("npm ci: {}", String::from_utf8_lossy(&ci.stderr)));
        }
    }
    let mut node = Command::new("node")
        .arg("answer.mjs")
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = node.stdin.take().unwrap();
    let lines: String = calls.iter().map(|call| format!("{call}\n")).collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = node.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(
        output.status.success(),
        "the published type threw on a canonical op"
    );
    let output = String::from_utf8(output.stdout).unwrap();
    Ok(output
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect())
}

#[test]
fn the_published_type_agrees() {
    let mut rng = Rng(20_261_122);
    let (mut calls, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..CASES {
        let before = rng.text(12);
        let text = Text::from(before.as_str());
        let (a, b) = (rng.op(text.len_chars()), rng.op(text.len_chars()));
        let mut after = text.clone();
        after.apply(&a).unwrap();
        let then = rng.op(after.len_chars());
        let at = rng.below(text.len_chars() + 1);
        let mut ask = |fn_name: &str, args: Value, expected: Value| {
            calls.push(json!({ "fn": fn_name, "args": args }));
            ours.push(expected);
        };
        ask("apply", json!([before, a]), json!(after.to_string()));
        ask("compose", json!([a, then]), json!(a.compose(&then)));
        ask(
            "transform",
            json!([a, b, "left"]),
            json!(a.transform(&b, Side::Left)),
        );
        ask(
            "transform",
            json!([b, a, "right"]),
            json!(b.transform(&a, Side::Right)),
        );
        let mapped = a.map_position(CharOffset(at), Bias::Before);
        ask("transformPosition", json!([at, a]), json!(mapped));
        ask(
            "invertWithDoc",
            json!([a, before]),
            json!(a.invert(&text).unwrap()),
        );
    }
    let theirs = match answers(&calls) {
        Ok(theirs) => theirs,
        Err(reason) => {
            println!("SKIPPED the comparison with ot-text-unicode: {reason}");
            return;
        }
    };
    assert_eq!(theirs.len(), calls.len());
    let mut tidied = 0;
    for ((call, ours), theirs) in calls.iter().zip(&ours).zip(theirs) {
        let canonical = match serde_json::from_value::<Loose>(theirs.clone()) {
            Ok(Loose(op)) => json!(op),
            Err(_) => theirs.clone(),
        };
        tidied += usize::from(canonical != theirs);
        assert_eq!(&canonical, ours, "{call}");
    }
    println!(
        "{} calls agree; {tidied} answers were put into canonical form first",
        calls.len()
    );
}

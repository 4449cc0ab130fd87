//! Calls recorded from the published `ot-json1`, with what it gave: the engine gives the same, or the
//! line stands in `deliberate.tsv` with the reason.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Map, Value};

use super::engine::{self, Doc, Op, Policy};
use super::laws::{Diamond, LAWS, Made};
use super::peer::beside;
use super::wire::Key;

/// What a line is judged to be.
type Verdict = Result<(), String>;

/// Functions of the published type that the engine does not have in this form.
const ELSEWHERE: [(&str, &str); 1] = [(
    "invert",
    "inverting takes the document: ops need not carry what they remove",
)];

/// The vectors' own encoding of what JSON cannot say. `Ok(None)` is a document that does not exist.
fn decoded(value: &Value) -> Result<Option<Value>, String> {
    let Value::Object(fields) = value else {
        return match value {
            Value::Array(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(present).collect();
                Ok(Some(Value::Array(items?)))
            }
            plain => Ok(Some(plain.clone())),
        };
    };
    let entries: Vec<(String, &Value)> = match fields.get("$").and_then(Value::as_str) {
        None => fields
            .iter()
            .map(|(key, value)| (key.clone(), value))
            .collect(),
        Some("undefined") => return Ok(None),
        Some("num") if fields["v"] == "-0" => return Ok(Some(0.into())),
        Some("obj") => fields["v"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|entry| (entry[0].as_str().unwrap_or_default().to_owned(), &entry[1]))
            .collect(),
        Some(other) => return Err(format!("JSON has no {other} {}", fields["v"])),
    };
    let entries: Result<Map<_, _>, String> = entries
        .into_iter()
        .map(|(key, value)| Ok((key, present(value)?)))
        .collect();
    Ok(Some(Value::Object(entries?)))
}

fn present(value: &Value) -> Result<Value, String> {
    decoded(value)?.ok_or("JSON has no undefined".to_owned())
}

struct Vector {
    function: String,
    args: Vec<Value>,
    /// What the published type gave; `None` when it threw.
    out: Option<Value>,
}

impl Vector {
    fn read(line: &str) -> Self {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let fails = line["error"] == true;
        Self {
            function: line["fn"].as_str().unwrap().to_owned(),
            args: line["args"].as_array().cloned().unwrap_or_default(),
            out: (!fails).then(|| line["out"].take()),
        }
    }

    fn doc(&self, index: usize) -> Result<Doc, String> {
        Doc::try_read(&decoded(&self.args[index])?)
    }

    fn op(&self, index: usize) -> Result<Op, String> {
        Op::read(&present(&self.args[index])?)
    }

    /// The transform that `args` ask for: the op, and the conflicts that the published type knows of.
    fn transformed(&self) -> Result<(Op, Vec<String>), String> {
        let (own, other) = (self.op(0)?, self.op(1)?);
        let (op, resolved) = if self.args[2] == "left" {
            let merged = engine::merge(&own, &other, Policy::JSON1)?;
            (merged.left, merged.resolved)
        } else {
            let merged = engine::merge(&other, &own, Policy::JSON1)?;
            (merged.right, merged.resolved)
        };
        let known = resolved.iter().filter_map(engine::known_to_json1);
        Ok((op, known.map(str::to_owned).collect()))
    }

    /// What the engine gives, in words that can be compared with [`expected`](Self::expected).
    fn ours(&self) -> Result<String, String> {
        match self.function.as_str() {
            "apply" => Ok(self.op(1)?.apply(&self.doc(0)?)?.text()),
            "checkValidOp" => self.op(0).map(|_| "valid".to_owned()),
            "isNoop" => Ok((self.op(0)? == Op::noop()).to_string()),
            "normalize" => Ok(self.op(0)?.text()),
            "compose" => Ok(self.op(0)?.then(&self.op(1)?)?.text()),
            "invertWithDoc" => Ok(self.op(0)?.invert(&self.doc(1)?)?.text()),
            "makeInvertible" => with_removed(&self.op(0)?.knowing(&self.doc(1)?)?.knowing_wire()),
            "transformNoConflict" => Ok(self.transformed()?.0.text()),
            "transform" => match self.transformed()? {
                (op, known) if known.is_empty() => Ok(op.text()),
                (_, known) => Err(format!("{known:?}")),
            },
            "tryTransform" => Ok(match self.transformed()? {
                (op, known) if known.is_empty() => op.text(),
                (_, known) => {
                    let theirs = self.out.as_ref().map(|out| &out["conflict"]["type"]);
                    let named = theirs.and_then(Value::as_u64).and_then(json1_conflict);
                    let found = known.into_iter().find(|kind| named == Some(kind));
                    found.unwrap_or("another conflict".to_owned())
                }
            }),
            "transformPosition" => {
                let path = present(&self.args[0])?;
                let keys = path.as_array().into_iter().flatten().map(Key::read);
                let path: Option<Vec<_>> = keys.collect();
                let mapped = self.op(1)?.map_path(&path.ok_or("no path")?);
                Ok(mapped.map_or("gone".to_owned(), |path| path_text(&path)))
            }
            "tp1" => {
                let doc = self.doc(0)?;
                let left = Made::new(&doc, self.op(1)?)?;
                let right = Made::new(&doc, self.op(2)?)?;
                let diamond = Diamond::new(&doc, &left, &right)?;
                for (name, law) in LAWS {
                    law(&diamond).map_err(|why| format!("{name}: {why}"))?;
                }
                let merged = engine::merge(&left.op, &right.op, Policy::JSON1)?;
                Ok(merged.right.apply(&left.after)?.text())
            }
            other => Err(format!("no function {other}")),
        }
    }

    /// What the published type gave, written as the engine writes it.
    fn expected(&self) -> Result<Option<String>, String> {
        let Some(out) = &self.out else {
            return Ok(None);
        };
        let op = |out: &Value| Op::read(&present(out)?).map(|op| op.text());
        Ok(Some(match self.function.as_str() {
            "apply" | "tp1" => Doc::read(&decoded(out)?).text(),
            "checkValidOp" => "valid".to_owned(),
            "isNoop" => out.to_string(),
            "makeInvertible" => with_removed(&present(out)?)?,
            "transformPosition" => match decoded(out)? {
                None | Some(Value::Null) => "gone".to_owned(),
                Some(path) => path.to_string(),
            },
            "tryTransform" if out["ok"] == true => op(&out["result"])?,
            "tryTransform" => {
                let kind = out["conflict"]["type"].as_u64();
                kind.and_then(json1_conflict).unwrap_or("none").to_owned()
            }
            _ => op(out)?,
        }))
    }

    fn judge(&self) -> Verdict {
        let expected = self
            .expected()
            .map_err(|error| format!("the published answer is refused: {error}"))?;
        match (self.ours(), expected) {
            (Ok(ours), Some(expected)) if ours == expected => Ok(()),
            (Err(_), None) => Ok(()),
            (ours, expected) => Err(format!(
                "{ours:?}, not {}",
                expected.unwrap_or("an error".to_owned())
            )),
        }
    }
}

fn path_text(path: &[Key]) -> String {
    Value::from_iter(path.iter().map(Key::wire)).to_string()
}

/// An op in canonical form, and what its removes hold, by the way to them.
fn with_removed(wire: &Value) -> Result<String, String> {
    fn removed(wire: &Value, mut path: String, found: &mut Vec<String>) {
        for part in wire.as_array().into_iter().flatten() {
            match part {
                Value::Array(_) => removed(part, path.clone(), found),
                Value::Object(component) => {
                    let content = component.get("r");
                    found.extend(content.map(|content| format!("{content} at {path}")));
                }
                key => path = format!("{path}/{key}"),
            }
        }
    }
    let mut found = Vec::new();
    removed(wire, String::new(), &mut found);
    Ok(format!("{} removes {found:?}", Op::read(wire)?.text()))
}

fn json1_conflict(number: u64) -> Option<&'static str> {
    match number {
        1 => Some("RmUnexpectedContent"),
        2 => Some("DropCollision"),
        3 => Some("Blackhole"),
        _ => None,
    }
}

/// The lines that differ on purpose: file and line, and why.
fn deliberate() -> BTreeMap<&'static str, &'static str> {
    let lines = include_str!("deliberate.tsv").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once('\t').unwrap())
        .collect()
}

#[test]
fn the_published_vectors_hold() {
    let mut deliberate = deliberate();
    let mut counts: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    let mut wrong = Vec::new();
    for file in ["json1.jsonl", "json1.gen.jsonl"] {
        let path = match beside(&format!("vectors/{file}")) {
            Ok(path) => path,
            Err(reason) => return println!("SKIPPED the published vectors: {reason}"),
        };
        for (number, line) in fs::read_to_string(path).unwrap().lines().enumerate() {
            let vector = Vector::read(line);
            let [held, differ, skipped] = counts.entry(vector.function.clone()).or_default();
            let elsewhere = ELSEWHERE.iter().any(|(name, _)| *name == vector.function);
            // The type `simple` exists in the published tests only.
            if elsewhere || line.contains(r#""et":"simple""#) {
                *skipped += 1;
                continue;
            }
            let at = format!("{file}:{}", number + 1);
            match (vector.judge(), deliberate.remove(at.as_str())) {
                (Ok(()), None) => *held += 1,
                (Err(_), Some(_)) => *differ += 1,
                (Ok(()), Some(reason)) => wrong.push(format!("{at} holds, though: {reason}")),
                (Err(why), None) => wrong.push(format!("{at} {why}\n    {line}")),
            }
        }
    }
    println!("held, differ on purpose, skipped: {counts:#?}");
    for (name, reason) in ELSEWHERE {
        println!("skipped {name}: {reason}");
    }
    wrong.extend(deliberate.keys().map(|at| format!("{at} is no line")));
    assert!(
        wrong.is_empty(),
        "{} lines:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Where the published type is known to be wrong, the right thing happens.
#[test]
fn the_known_bugs_are_none_here() {
    let path = match beside("vectors/json1.known-bugs.jsonl") {
        Ok(path) => path,
        Err(reason) => return println!("SKIPPED the known bugs: {reason}"),
    };
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for line in fs::read_to_string(path).unwrap().lines() {
        let vector = Vector::read(line);
        *seen.entry(vector.function.clone()).or_default() += 1;
        let outcome = vector.ours();
        match vector.function.as_str() {
            // Both orders; all laws, and so TP1 under every policy.
            "tp1" => {
                let [doc, left, right] = &vector.args[..] else {
                    panic!("{line}")
                };
                let args = vec![doc.clone(), right.clone(), left.clone()];
                let mirrored = Vector { args, ..vector };
                outcome.and_then(|_| mirrored.ours()).unwrap();
            }
            // The key exists like any other.
            "apply" if line.contains("toString") => {
                assert_eq!(outcome.unwrap(), r#"{"toString":1}"#);
            }
            "apply" | "checkValidOp" => drop(outcome.expect_err(line)),
            // A reserved name is refused wherever it stands, and so cannot be lost silently.
            "makeInvertible" => drop(outcome.expect_err(line)),
            other => panic!("{other}"),
        }
    }
    assert!(seen["tp1"] >= 3 && seen.len() >= 4, "{seen:?}");
}

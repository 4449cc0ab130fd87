//! The one place where these tests meet the engine: documents and ops, read from plain JSON and written
//! as such, errors as text. The exhaustive tests hold millions of them, so they stay in the engine's form.

use std::collections::HashMap;
use std::sync::LazyLock;

use rejoin::json::{self as next, ConflictKind, Deed, JsonOp, Key, Part, Winner};
pub use rejoin::json::{Conflict, Loser};
use rejoin::text::Bias;
use rejoin::units::CharOffset;
use serde_json::Value;

use super::wire;

fn told<E: std::fmt::Debug>(error: E) -> String {
    format!("{error:?}")
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doc(Option<next::Value>);

impl Doc {
    pub fn read(doc: &wire::Doc) -> Self {
        Self::try_read(doc).unwrap()
    }

    pub fn try_read(doc: &wire::Doc) -> Result<Self, String> {
        let read = |value: &Value| serde_json::from_value(value.clone()).map_err(told);
        doc.as_ref().map(read).transpose().map(Self)
    }

    pub fn wire(&self) -> wire::Doc {
        self.0
            .as_ref()
            .map(|value| serde_json::to_value(value).unwrap())
    }

    /// Canonical JSON, or `absent`.
    pub fn text(&self) -> String {
        self.0.as_ref().map_or("absent".to_owned(), |value| {
            serde_json::to_string(value).unwrap()
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Op(JsonOp);

impl Op {
    pub fn noop() -> Self {
        Self(JsonOp::noop())
    }

    pub fn read(wire: &Value) -> Result<Self, String> {
        serde_json::from_value(wire.clone()).map(Self).map_err(told)
    }

    pub fn read_text(wire: &str) -> Result<Self, String> {
        serde_json::from_str(wire).map(Self).map_err(told)
    }

    /// The published grammar: no runs, every remove `true`.
    pub fn text(&self) -> String {
        serde_json::to_string(&self.0.plain()).unwrap()
    }

    /// What is sent: the published grammar and runs.
    pub fn compact_text(&self) -> String {
        serde_json::to_string(&self.0).unwrap()
    }

    pub fn wire(&self) -> Value {
        serde_json::to_value(self.0.plain()).unwrap()
    }

    pub fn apply(&self, doc: &Doc) -> Result<Doc, String> {
        let mut after = doc.0.clone();
        self.0.apply(&mut after).map_err(told)?;
        Ok(Doc(after))
    }

    /// This op, then `next`.
    pub fn then(&self, next: &Self) -> Result<Self, String> {
        self.0.compose(&next.0).map(Self).map_err(told)
    }

    /// The op, made at a time.
    pub fn stamped(&self, time: u64) -> Self {
        Self(self.0.stamped(next::EditTime(time)))
    }

    /// Whether it tells when it was made.
    pub fn is_timed(&self) -> bool {
        let sent = self.compact_text();
        sent.contains(r#""pt":"#) || sent.contains(r#""dt":"#)
    }

    pub fn diff(before: &Doc, after: &Doc) -> Self {
        Self(JsonOp::diff(&before.0, &after.0))
    }

    /// What the op does to a document, step by step.
    pub fn steps(&self, before: &Doc) -> Result<Value, String> {
        let steps = self.0.steps(&before.0).map_err(told)?;
        serde_json::to_value(steps).map_err(told)
    }

    /// Where the value at a path goes.
    pub fn map_path(&self, path: &[wire::Key]) -> Option<wire::Path> {
        self.0
            .map_path(&read_path(path))
            .map(|path| wire_path(&path))
    }

    /// Where a position in the text at a path goes; `after` says that it stays after what is inserted there.
    pub fn map_position(
        &self,
        path: &[wire::Key],
        offset: usize,
        after: bool,
    ) -> Option<(wire::Path, usize)> {
        let bias = if after { Bias::After } else { Bias::Before };
        let mapped = self
            .0
            .map_position(&read_path(path), CharOffset(offset), bias);
        mapped.map(|(path, offset)| (wire_path(&path), offset.0))
    }

    pub fn invert(&self, before: &Doc) -> Result<Self, String> {
        self.0.invert(&before.0).map(Self).map_err(told)
    }

    /// The op that knows what it removes.
    pub fn knowing(&self, before: &Doc) -> Result<Self, String> {
        self.0.with_content(&before.0).map(Self).map_err(told)
    }

    /// What the op knows, in the published grammar.
    pub fn knowing_wire(&self) -> Value {
        serde_json::to_value(self.0.plain_with_content()).unwrap()
    }
}

fn read_path(path: &[wire::Key]) -> next::Path {
    let key = |key: &wire::Key| match key {
        wire::Key::Index(index) => Key::Index(u32::try_from(*index).unwrap()),
        wire::Key::Name(name) => Key::from(name.as_str()),
    };
    next::Path(path.iter().map(key).collect())
}

fn wire_path(path: &next::Path) -> wire::Path {
    let key = |key: &Key| match key {
        Key::Index(index) => wire::Key::Index(*index as usize),
        Key::Name(name) => wire::Key::Name(name.as_str().to_owned()),
    };
    path.0.iter().map(key).collect()
}

/// A policy: its name in the corpus and in print, what the reference model calls it, and its rules by path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    pub name: &'static str,
    /// `None`: the model has one rule for a whole document.
    pub model: Option<&'static str>,
    rules: &'static [(&'static str, Winner, bool)],
}

/// The later edit wins; these need ops that tell when they were made.
pub const LATER: [Policy; 2] = [
    Policy {
        name: "lww",
        model: None,
        rules: &[("", Winner::Lww, false)],
    },
    Policy {
        name: "lww+restore",
        model: None,
        rules: &[("", Winner::Lww, true)],
    },
];

/// Every other policy for a whole document, and some by path, of all kinds beside each other.
pub const POLICIES: [Policy; 11] = [
    Policy {
        name: "keep",
        model: Some("left"),
        rules: &[("", Winner::Keep, false)],
    },
    Policy {
        name: "client",
        model: Some("right"),
        rules: &[("", Winner::Client, false)],
    },
    Policy {
        name: "manual",
        model: Some("left"),
        rules: &[("", Winner::Manual, false)],
    },
    Policy::JSON1,
    Policy {
        name: "keep+restore",
        model: Some("left+restore"),
        rules: &[("", Winner::Keep, true)],
    },
    Policy {
        name: "client+restore",
        model: Some("right+restore"),
        rules: &[("", Winner::Client, true)],
    },
    Policy {
        name: "manual+restore",
        model: Some("left+restore"),
        rules: &[("", Winner::Manual, true)],
    },
    Policy {
        name: "json1+restore",
        model: Some("merge+restore"),
        rules: &[("", Winner::Json1, true)],
    },
    Policy {
        name: "client in a, json1 in b",
        model: None,
        rules: &[
            ("/a", Winner::Client, true),
            ("/b", Winner::Json1, false),
            ("", Winner::Keep, true),
        ],
    },
    Policy {
        name: "json1 in every a, client in the first item",
        model: None,
        rules: &[
            ("/*/a", Winner::Json1, true),
            ("/0", Winner::Client, false),
            ("/a/*/*", Winner::Manual, true),
        ],
    },
    Policy {
        name: "client with restore two deep, json1 in c and in the second item",
        model: None,
        rules: &[
            ("/*/*", Winner::Client, true),
            ("/c", Winner::Json1, true),
            ("/1", Winner::Json1, false),
        ],
    },
];

impl Policy {
    pub const JSON1: Self = Self {
        name: "json1",
        model: Some("merge"),
        rules: &[("", Winner::Json1, false)],
    };

    /// Whether some rule lets a remove give way.
    pub fn restores(self) -> bool {
        self.rules.iter().any(|(.., restore)| *restore)
    }

    /// The side that wins by its rank, if one does.
    pub fn favours(self) -> Option<Loser> {
        match self.rules {
            [("", Winner::Keep | Winner::Manual, _)] => Some(Loser::Left),
            [("", Winner::Client, _)] => Some(Loser::Right),
            _ => None,
        }
    }

    /// The engine's policy, read once.
    fn read(self) -> &'static next::Policy {
        static READ: LazyLock<HashMap<&str, next::Policy>> = LazyLock::new(|| {
            let read = |policy: Policy| (policy.name, policy.below("").collect());
            POLICIES.into_iter().chain(LATER).map(read).collect()
        });
        &READ[self.name]
    }

    /// The rules, for the part of a document at a path.
    fn below(self, parent: &str) -> impl Iterator<Item = next::Setting> {
        let setting = move |(path, policy, restore): &(&str, Winner, bool)| next::Setting {
            path: format!("{parent}{path}").parse().unwrap(),
            policy: *policy,
            restore: *restore,
        };
        self.rules.iter().map(setting)
    }
}

/// Both ops transformed, and the conflicts resolved, as the engine reports them in JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    pub left: Op,
    pub right: Op,
    pub resolved: Vec<Conflict>,
}

impl Merged {
    /// The same with the sides swapped, the conflicts aside.
    pub fn mirrored(self) -> Self {
        Self {
            left: self.right,
            right: self.left,
            resolved: self.resolved,
        }
    }
}

pub fn merge(left: &Op, right: &Op, policy: Policy) -> Result<Merged, String> {
    merge_under(left, right, policy.read())
}

/// Merges under a policy for each of the named parts of the document.
pub fn merge_in_parts(left: &Op, right: &Op, parts: [(&str, Policy); 2]) -> Result<Merged, String> {
    let rules = parts.map(|(name, policy)| policy.below(&format!("/{name}")).collect::<Vec<_>>());
    merge_under(left, right, &rules.into_iter().flatten().collect())
}

fn merge_under(left: &Op, right: &Op, policy: &next::Policy) -> Result<Merged, String> {
    let merged = JsonOp::merge(&left.0, &right.0, policy).map_err(told)?;
    Ok(Merged {
        left: Op(merged.left),
        right: Op(merged.right),
        resolved: merged.conflicts,
    })
}

/// Every conflict of the ops as written.
pub fn conflicts(left: &Op, right: &Op) -> Result<Vec<Conflict>, String> {
    JsonOp::conflicts(&left.0, &right.0).map_err(told)
}

/// A conflict as JSON.
pub fn show(conflict: &Conflict) -> String {
    serde_json::to_string(conflict).unwrap()
}

/// Whether these parts of a conflict remove something.
pub fn removes(parts: &[Part]) -> bool {
    parts.iter().any(|part| part.deed == Deed::Remove)
}

/// Whether the conflict only follows from how others were resolved.
pub fn follows(conflict: &Conflict) -> bool {
    matches!(
        conflict.kind,
        ConflictKind::Occupied | ConflictKind::OwnCycle
    )
}

/// A conflict as JSON, once for each item of the runs it concerns.
pub fn each(conflict: &Conflict) -> Vec<Value> {
    let parts = || conflict.left.iter().chain(&conflict.right);
    let count = parts().map(|part| part.count).max().unwrap_or(1);
    let nth = |part: &Part, n: u32| {
        let mut part = part.clone();
        if part.count == count {
            for path in [Some(&mut part.at), part.to.as_mut()].into_iter().flatten() {
                if let Some(Key::Index(index)) = path.0.last_mut() {
                    *index += n;
                }
            }
        }
        Part { count: 1, ..part }
    };
    let nth_of = |parts: &[Part], n| parts.iter().map(|part| nth(part, n)).collect();
    let conflicts = (0..count).map(|n| Conflict {
        left: nth_of(&conflict.left, n),
        right: nth_of(&conflict.right, n),
        ..conflict.clone()
    });
    conflicts
        .map(|conflict| serde_json::to_value(conflict).unwrap())
        .collect()
}

/// What the published type calls the conflict; it is silent about the others.
pub fn known_to_json1(conflict: &Conflict) -> Option<&'static str> {
    let kind = kind(conflict);
    ["RmUnexpectedContent", "DropCollision", "Blackhole"]
        .contains(&kind)
        .then_some(kind)
}

/// The kind of a conflict, as it is written in JSON.
pub fn kind(conflict: &Conflict) -> &'static str {
    match conflict.kind {
        ConflictKind::Blackhole => "Blackhole",
        ConflictKind::DropCollision => "DropCollision",
        ConflictKind::MoveMove => "MoveMove",
        ConflictKind::Occupied => "Occupied",
        ConflictKind::OwnCycle => "OwnCycle",
        ConflictKind::RmMove => "RmMove",
        ConflictKind::RmRescue => "RmRescue",
        ConflictKind::RmUnexpectedContent => "RmUnexpectedContent",
    }
}

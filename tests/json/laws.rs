//! The laws of one op and of two concurrent ones, each a function of its own: the random tests name
//! them, the exhaustive ones run them all.

use std::fmt;

use super::engine::{self, Conflict, Doc, LATER, Loser, Merged, Op, POLICIES, Policy};
use super::model;
use super::wire;
use serde_json::Value;

pub type Outcome = Result<(), String>;
/// A law of two concurrent ops.
pub type Law = fn(&Diamond) -> Outcome;
/// A law of one op on a document.
pub type SingleLaw = fn(&Doc, &Made) -> Outcome;

/// `Err` with what `detail` says, unless `holds`.
fn law(holds: bool, detail: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(detail()) }
}

/// An op, and the document after it.
#[derive(Clone, Debug)]
pub struct Made {
    pub op: Op,
    pub after: Doc,
    /// The op that knows what it removes, as restoring policies need it.
    knowing: Op,
    /// The op that tells when it was made, by one time or by many.
    timed: Op,
}

impl Made {
    pub fn new(doc: &Doc, op: Op) -> Result<Self, String> {
        let timed = op.stamped(5);
        Self::timed(doc, op, timed)
    }

    /// The second op is the first one, and tells when it was made.
    pub fn timed(doc: &Doc, op: Op, timed: Op) -> Result<Self, String> {
        Ok(Self {
            after: op.apply(doc)?,
            knowing: op.knowing(doc)?,
            op,
            timed,
        })
    }

    /// The op as a policy needs it.
    pub fn knowing(&self, policy: Policy) -> &Op {
        if policy.restores() {
            &self.knowing
        } else {
            &self.op
        }
    }

    /// The op that knows what it removes.
    pub fn knowing_always(&self) -> &Op {
        &self.knowing
    }

    /// What the op knows, in the published grammar.
    pub fn knowing_wire(&self) -> Value {
        self.knowing.knowing_wire()
    }
}

/// Two concurrent ops on a document, and what comes of them under every policy.
pub struct Diamond<'a> {
    pub doc: &'a Doc,
    pub left: &'a Made,
    pub right: &'a Made,
    /// The conflicts of the ops as written.
    pub written: Vec<Conflict>,
    /// What each policy makes of the ops; those that make the same ops stand together.
    pub merges: Vec<Merges>,
}

pub struct Merges {
    pub left: Op,
    pub right: Op,
    pub under: Vec<(Policy, Vec<Conflict>)>,
}

impl<'a> Diamond<'a> {
    pub fn new(doc: &'a Doc, left: &'a Made, right: &'a Made) -> Result<Self, String> {
        let written = engine::conflicts(&left.op, &right.op)?;
        let mut merges: Vec<Merges> = Vec::new();
        for policy in POLICIES {
            let Merged {
                left,
                right,
                resolved,
            } = engine::merge(left.knowing(policy), right.knowing(policy), policy)?;
            let same = |merge: &&mut Merges| merge.left == left && merge.right == right;
            match merges.iter_mut().find(same) {
                Some(merge) => merge.under.push((policy, resolved)),
                None => merges.push(Merges {
                    left,
                    right,
                    under: vec![(policy, resolved)],
                }),
            }
        }
        Ok(Self {
            doc,
            left,
            right,
            written,
            merges,
        })
    }

    /// `ops` applied to the document one after the other, under each policy.
    fn under_each(&self, law: impl Fn(&Merges) -> Outcome) -> Outcome {
        self.merges.iter().try_for_each(|merge| {
            law(merge).map_err(|detail| format!("under {}: {detail}", merge.names()))
        })
    }
}

impl Merges {
    fn names(&self) -> String {
        let names: Vec<_> = self.under.iter().map(|(policy, _)| policy.name).collect();
        names.join(", ")
    }
}

/// To be pasted into a test or the corpus.
impl fmt::Display for Diamond<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [doc, left, right] = [self.doc.text(), self.left.op.text(), self.right.op.text()];
        write!(f, r#"{{"doc":{doc},"left":{left},"right":{right}}}"#)
    }
}

/// The laws of a diamond, by name.
pub const LAWS: [(&str, Law); 8] = [
    ("TP1", tp1),
    ("the composed ways are one", composed),
    ("canonical outputs", canonical_outputs),
    ("conflict symmetry", conflict_symmetry),
    ("conflicts are resolved, each once", resolved),
    ("the policy's winner wins", the_winner_wins),
    ("without conflict all policies agree", no_conflict_no_policy),
    ("the later edit wins", the_later_wins),
];

/// `left` then the transformed `right` is `right` then the transformed `left`.
pub fn tp1(diamond: &Diamond) -> Outcome {
    diamond.under_each(|merge| {
        let one = merge.right.apply(&diamond.left.after)?;
        let other = merge.left.apply(&diamond.right.after)?;
        law(one == other, || {
            let (one, other) = (one.text(), other.text());
            let (right, left) = (merge.right.text(), merge.left.text());
            format!("left, then {right}: {one}; right, then {left}: {other}")
        })
    })
}

/// Each way round the diamond, composed, leads to where its two ops lead.
pub fn composed(diamond: &Diamond) -> Outcome {
    diamond.under_each(|merge| {
        for (first, then) in [(diamond.left, &merge.right), (diamond.right, &merge.left)] {
            let both = first.op.then(then)?;
            canonical(&both)?;
            let (expected, got) = (then.apply(&first.after)?, both.apply(diamond.doc)?);
            law(expected == got, || {
                format!(
                    "{} then {} is {}, composed as {} it is {}",
                    first.op.text(),
                    then.text(),
                    expected.text(),
                    both.text(),
                    got.text()
                )
            })?;
        }
        Ok(())
    })
}

/// Every transformed op is valid and canonical.
pub fn canonical_outputs(diamond: &Diamond) -> Outcome {
    diamond.under_each(|merge| {
        canonical(&merge.left)?;
        canonical(&merge.right)
    })
}

/// decode∘encode is the identity, with runs and without; decoding is strict.
pub fn canonical(op: &Op) -> Outcome {
    let (plain, sent) = (op.text(), op.compact_text());
    let read =
        |text: &str| Op::read_text(text).map_err(|error| format!("{text} is refused: {error}"));
    let again = read(&sent)?;
    law(again == *op && again.text() == plain, || {
        format!("{sent} is read as {}", again.compact_text())
    })?;
    if sent == plain {
        return Ok(());
    }
    let again = read(&plain)?;
    law(
        again.text() == plain && (op.is_timed() || again == *op),
        || format!("{plain} is read as {}", again.compact_text()),
    )
}

/// Swapping the sides swaps the columns of the conflicts, and nothing else.
pub fn conflict_symmetry(diamond: &Diamond) -> Outcome {
    let other = engine::conflicts(&diamond.right.op, &diamond.left.op)?;
    let mirrored = other.into_iter().map(|conflict| Conflict {
        left: conflict.right,
        right: conflict.left,
        ..conflict
    });
    let (one, other) = (sorted(diamond.written.clone()), sorted(mirrored));
    law(one == other, || format!("{one:?} mirrored is {other:?}"))
}

fn sorted(conflicts: impl IntoIterator<Item = Conflict>) -> Vec<String> {
    let mut all: Vec<_> = conflicts.into_iter().map(|c| engine::show(&c)).collect();
    all.sort();
    all
}

/// Where there are conflicts some are resolved, each is reported once and has a loser; where there are
/// none, none is.
pub fn resolved(diamond: &Diamond) -> Outcome {
    for (policy, resolved) in diamond.merges.iter().flat_map(|merge| &merge.under) {
        let mut shown = sorted(resolved.iter().cloned());
        let told = format!("under {} {shown:?}", policy.name);
        law(resolved.is_empty() == diamond.written.is_empty(), || {
            format!("{told} of {:?}", sorted(diamond.written.clone()))
        })?;
        law(resolved.iter().all(|c| c.loser.is_some()), || {
            format!("{told}: no loser")
        })?;
        shown.dedup();
        law(shown.len() == resolved.len(), || {
            format!("{told}: one is there twice")
        })?;
    }
    Ok(())
}

/// Whom the policy favours loses only to removes, and under `restore` not even to them.
pub fn the_winner_wins(diamond: &Diamond) -> Outcome {
    for (policy, resolved) in diamond.merges.iter().flat_map(|merge| &merge.under) {
        let Some(winner) = policy.favours() else {
            continue;
        };
        let lost = resolved.iter().find(|conflict| {
            let other = match winner {
                Loser::Left => &conflict.right,
                _ => &conflict.left,
            };
            let to_remove = !policy.restores() && engine::removes(other);
            conflict.loser == Some(winner) && !to_remove && !engine::follows(conflict)
        });
        law(lost.is_none(), || {
            let lost = lost.map(engine::show);
            format!("under {} {winner:?} loses in {lost:?}", policy.name)
        })?;
    }
    Ok(())
}

/// Policies only speak where there is a conflict.
pub fn no_conflict_no_policy(diamond: &Diamond) -> Outcome {
    let agree = diamond.merges.len() == 1 || !diamond.written.is_empty();
    law(agree, || {
        let merges = diamond.merges.iter();
        let told: Vec<_> = merges
            .map(|merge| (merge.names(), merge.left.text(), merge.right.text()))
            .collect();
        format!("{told:?}")
    })
}

/// Under `lww` both ways lead to one document whatever the times; where all of an op has one time it is as
/// under `client` when the right one is later, else as under `keep`.
pub fn the_later_wins(diamond: &Diamond) -> Outcome {
    let [keep, client] = [[0, 4], [1, 5]];
    for (restore, policy) in LATER.into_iter().enumerate() {
        let side = |made: &Made| {
            if policy.restores() {
                made.timed.knowing(diamond.doc)
            } else {
                Ok(made.timed.clone())
            }
        };
        let merged = engine::merge(&side(diamond.left)?, &side(diamond.right)?, policy)?;
        canonical(&merged.left)?;
        canonical(&merged.right)?;
        let one = merged.right.apply(&diamond.left.after)?;
        let other = merged.left.apply(&diamond.right.after)?;
        law(one == other, || {
            let (one, other) = (one.text(), other.text());
            format!("under {}: {one} and {other}", policy.name)
        })?;
        for (times, like) in [([1, 2], client), ([2, 1], keep), ([3, 3], keep)] {
            let like = POLICIES[like[restore]];
            let stamped = |made: &Made, time| made.knowing(policy).stamped(time);
            let (left, right) = (
                stamped(diamond.left, times[0]),
                stamped(diamond.right, times[1]),
            );
            let merged = engine::merge(&left, &right, policy)?;
            let expected = engine::merge(
                diamond.left.knowing(like),
                diamond.right.knowing(like),
                like,
            )?;
            let same = merged.left.text() == expected.left.text()
                && merged.right.text() == expected.right.text()
                && sorted(merged.resolved) == sorted(expected.resolved);
            law(same, || {
                format!(
                    "under {} at {times:?} it is not as under {}",
                    policy.name, like.name
                )
            })?;
        }
    }
    Ok(())
}

/// The laws of one op on a document, by name.
pub const SINGLE_LAWS: [(&str, SingleLaw); 8] = [
    ("apply as the grammar says", as_the_model),
    ("canonical", |_, made| canonical(&made.op)),
    ("invert", invert),
    ("the identity is neutral", neutral),
    ("knowing what is removed changes nothing", knowing),
    ("diff leads from one document to the other", diff),
    ("map_path follows a value", map_path),
    ("map_position commutes with apply", map_position),
];

/// `apply` does what the grammar says, word by word.
pub fn as_the_model(doc: &Doc, made: &Made) -> Outcome {
    let expected = model::apply(&doc.wire(), &made.op.wire())?;
    law(wire::same_doc(&expected, &made.after.wire()), || {
        format!("{}, not {}", made.after.text(), wire::show(&expected))
    })
}

/// The inverse takes the op back, and its own inverse does it again.
pub fn invert(doc: &Doc, made: &Made) -> Outcome {
    let undo = made.op.invert(doc)?;
    canonical(&undo)?;
    let back = undo.apply(&made.after)?;
    law(back == *doc, || {
        format!("{} leads back to {}", undo.text(), back.text())
    })?;
    let redo = undo.invert(&made.after)?;
    let again = redo.apply(doc)?;
    law(again == made.after, || {
        format!("{} leads again to {}", redo.text(), again.text())
    })
}

/// The identity changes nothing in compose and transform.
pub fn neutral(_: &Doc, made: &Made) -> Outcome {
    let (op, noop) = (&made.op, Op::noop());
    law(op.then(&noop)? == *op && noop.then(op)? == *op, || {
        "composed with the identity it is another".to_owned()
    })?;
    for policy in POLICIES {
        for merged in [
            engine::merge(op, &noop, policy)?,
            engine::merge(&noop, op, policy)?.mirrored(),
        ] {
            law(merged.left == *op && merged.right == noop, || {
                format!("over the identity it is {}", merged.left.text())
            })?;
            law(merged.resolved.is_empty(), || "a conflict".to_owned())?;
        }
    }
    Ok(())
}

/// What an op knows of its removes is no part of it; it can be written in the published form.
pub fn knowing(doc: &Doc, made: &Made) -> Outcome {
    let knowing = &made.knowing;
    let same = *knowing == made.op && knowing.text() == made.op.text();
    law(same, || format!("{} knows more", knowing.text()))?;
    let wire = knowing.knowing_wire();
    let read = Op::read(&wire).map_err(|error| format!("{wire} is refused: {error}"))?;
    law(read == made.op, || {
        format!("{wire} is read as {}", read.text())
    })?;
    let after = read.apply(doc)?;
    law(after == made.after, || format!("{wire}: {}", after.text()))
}

/// The difference of two documents leads from one to the other, both ways.
pub fn diff(doc: &Doc, made: &Made) -> Outcome {
    for (before, after) in [(doc, &made.after), (&made.after, doc)] {
        let op = Op::diff(before, after);
        canonical(&op)?;
        let got = op.apply(before)?;
        law(got == *after, || {
            let (before, after) = (before.text(), after.text());
            format!(
                "from {before} to {after}: {} leads to {}",
                op.text(),
                got.text()
            )
        })?;
    }
    law(Op::diff(doc, doc) == Op::noop(), || {
        "from a document to itself".to_owned()
    })
}

/// What stands where nothing else does.
const MARKER: &str = "\u{10ffff}";

/// Where the marker is: its path, and its offset in the text there.
fn marked(doc: &wire::Doc) -> Option<(wire::Path, usize)> {
    wire::paths(doc).into_iter().find_map(|path| {
        let text = wire::at(doc, &path)?.as_str()?;
        let offset = text[..text.find(MARKER)?].chars().count();
        Some((path, offset))
    })
}

/// *The steps, one after the other, make what the op makes.*
pub fn steps(doc: &Doc, made: &Made) -> Outcome {
    let steps = made.op.steps(doc)?;
    let after =
        super::steps::carry_out(&doc.wire(), &steps).map_err(|why| format!("{why}: {steps}"))?;
    law(after == made.after.wire(), || {
        format!("steps {steps} make {}", wire::show(&after))
    })
}

/// A value put in the place of one that the op does not look at is after the op where `map_path` says.
pub fn map_path(doc: &Doc, made: &Made) -> Outcome {
    let doc = doc.wire();
    for path in wire::paths(&doc) {
        // No op looks at these, but takes them as they are.
        if !matches!(wire::at(&doc, &path), Some(Value::Null | Value::Bool(_))) {
            continue;
        }
        let marker = model::apply(&doc, &wire::replace(&path, &MARKER.into()))?;
        let found = marked(&model::apply(&marker, &made.op.wire())?);
        let found = found.map(|(path, _)| path);
        let mapped = made.op.map_path(&path);
        law(found == mapped, || {
            format!("{path:?}: {mapped:?}, not {found:?}")
        })?;
    }
    Ok(())
}

/// A marker planted in a text is after the op where `map_position` says, before or after what the op inserts
/// at its place.
pub fn map_position(doc: &Doc, made: &Made) -> Outcome {
    let wire = doc.wire();
    for path in wire::paths(&wire) {
        let Some(text) = wire::at(&wire, &path).and_then(Value::as_str) else {
            continue;
        };
        for at in 0..=text.chars().count() {
            let keep = (at > 0).then(|| Value::from(at));
            let es: Value = keep.into_iter().chain([MARKER.into()]).collect();
            let plant = Op::read(&wire::edit(&path, serde_json::json!({ "es": es })))?;
            for after in [false, true] {
                let (left, right) = if after {
                    (&made.op, &plant)
                } else {
                    (&plant, &made.op)
                };
                let merged = engine::merge(left, right, POLICIES[0])?;
                let planted = if after { merged.right } else { merged.left };
                let found = marked(&planted.apply(&made.after)?.wire());
                let mapped = made.op.map_position(&path, at, after);
                law(found == mapped, || {
                    format!("{path:?} {at} {after}: {mapped:?}, not {found:?}")
                })?;
            }
        }
    }
    Ok(())
}

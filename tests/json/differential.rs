//! The same diamonds through the engine, through the reference model of the semantics, and through the
//! published `ot-json1`.

use std::collections::BTreeMap;

use proptest::strategy::ValueTree;
use serde_json::{Map, Value, json};

use super::engine::{self, Conflict, Op, POLICIES};
use super::laws::Made;
use super::peer::Peer;
use super::random::{self, Case, DENSE, LARGE, Size};
use super::random_laws::{Built, composed, drawn, runner, shrunk};
use super::wire;

/// How many cases are sent at once.
const BATCH: usize = 250;

fn listed(doc: &wire::Doc) -> Value {
    doc.iter().cloned().collect()
}

/// A call to the peer, and what the engine says to it.
struct Question {
    call: Value,
    ours: Value,
}

/// Asks about everything that a case shows: both ops' last compose, their inverses, the diamond.
fn questions(case: &Case) -> Result<Vec<Question>, String> {
    let built = Built::new(case)?;
    let doc = listed(&case.doc);
    let mut questions = Vec::new();
    for (edits, made) in case.edits().iter().zip([&built.left, &built.right]) {
        if let [before @ .., last] = edits.as_slice() {
            let before = composed(&built.doc, before)?;
            questions.push(Question {
                // The model takes an op for what it says, though it changes nothing.
                call: json!({ "fn": "compose", "first": before.op.wire(), "then": Op::read(last)?.wire() }),
                ours: json!(made.op.text()),
            });
        }
        questions.push(Question {
            call: json!({ "fn": "invert", "op": made.op.wire(), "doc": doc }),
            ours: json!(made.op.invert(&built.doc)?.text()),
        });
    }
    questions.push(diamond(&built, &doc)?);
    Ok(questions)
}

/// The model takes `r: true` for a remove of unknown content. So it cannot restore a removed `true`, which the
/// engine can: there the restoring policies are left out.
fn removes_true(made: &Made) -> bool {
    fn found(wire: &Value) -> bool {
        match wire {
            Value::Array(parts) => parts.iter().any(found),
            Value::Object(component) => component.get("r") == Some(&Value::Bool(true)),
            _ => false,
        }
    }
    found(&made.knowing_wire())
}

fn diamond(built: &Built, doc: &Value) -> Result<Question, String> {
    let Built { left, right, .. } = built;
    let restorable = !removes_true(left) && !removes_true(right);
    let mut under = Map::new();
    for policy in POLICIES {
        let Some(name) = policy.model else { continue };
        if policy.restores() && !restorable {
            continue;
        }
        let merged = engine::merge(&left.knowing(policy), &right.knowing(policy), policy)?;
        let after = merged.right.apply(&left.after)?;
        under.insert(
            name.to_owned(),
            json!({
                "left": merged.left.text(),
                "right": merged.right.text(),
                "doc": after.text(),
                "resolved": plain(&merged.resolved),
            }),
        );
    }
    Ok(Question {
        call: json!({
            "fn": "diamond",
            "doc": doc,
            "left": left.op.wire(),
            "right": right.op.wire(),
            "policies": under.keys().collect::<Vec<_>>(),
        }),
        ours: json!({
            "conflicts": plain(&engine::conflicts(&left.op, &right.op)?),
            "under": under,
        }),
    })
}

/// Conflicts as the model tells them: one for each item of a run. What has no order of its own is sorted.
fn plain(conflicts: &[Conflict]) -> Value {
    ordered(conflicts.iter().flat_map(engine::each).collect())
}

fn ordered(mut conflicts: Vec<Value>) -> Value {
    let sort = |list: &mut Vec<Value>| list.sort_by_cached_key(Value::to_string);
    for conflict in &mut conflicts {
        for side in ["left", "right"] {
            conflict[side].as_array_mut().into_iter().for_each(sort);
        }
    }
    sort(&mut conflicts);
    conflicts.into()
}

fn sorted(mut answer: Value) -> Value {
    let sort = |list: &mut Value| {
        if let Value::Array(conflicts) = list.take() {
            *list = ordered(conflicts);
        }
    };
    if let Value::Object(fields) = &mut answer {
        fields.get_mut("conflicts").into_iter().for_each(sort);
        let under = fields.get_mut("under").and_then(Value::as_object_mut);
        for of_policy in under.into_iter().flat_map(Map::values_mut) {
            sort(&mut of_policy["resolved"]);
        }
    }
    answer
}

/// Where two answers differ, told by the way to it.
fn difference(ours: &Value, theirs: &Value) -> Option<String> {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) if ours.len() == theirs.len() => {
            let differ = |key: &String| {
                let inner = difference(&ours[key], theirs.get(key)?)?;
                Some(format!("{key}: {inner}"))
            };
            match ours.keys().find_map(differ) {
                None if ours.keys().eq(theirs.keys()) => None,
                None => Some("other fields".to_owned()),
                found => found,
            }
        }
        _ if ours == theirs => None,
        _ => Some(format!("engine {ours}, model {theirs}")),
    }
}

fn compare(question: &Question, answer: Result<Value, String>) -> Result<(), String> {
    let told = match answer {
        Ok(theirs) => match difference(&question.ours, &sorted(theirs)) {
            None => return Ok(()),
            Some(difference) => difference,
        },
        Err(error) => format!("the model throws {error}"),
    };
    Err(format!("{told}\n{}", question.call))
}

fn judged(peer: &mut Peer, case: &Case) -> Result<(), String> {
    let questions = questions(case)?;
    let calls: Vec<_> = questions.iter().map(|q| q.call.clone()).collect();
    let answers = peer.ask(&calls);
    questions
        .iter()
        .zip(answers)
        .try_for_each(|(q, a)| compare(q, a))
}

fn the_model_agrees_on(size: Size, cases: u32) {
    let mut peer = match Peer::model() {
        Ok(peer) => peer,
        Err(reason) => return println!("SKIPPED the comparison with the model: {reason}"),
    };
    let (mut runner, seed) = runner(cases);
    let cases = runner.config().cases as usize;
    let strategy = random::case(size);
    let mut conflicts: BTreeMap<usize, usize> = BTreeMap::new();
    for from in (0..cases).step_by(BATCH) {
        let trees: Vec<_> = (from..cases.min(from + BATCH))
            .map(|_| drawn(&mut runner, &strategy))
            .collect();
        let asked: Vec<_> = trees
            .iter()
            .map(|tree| questions(&tree.current()))
            .collect();
        let calls: Vec<_> = asked
            .iter()
            .flatten()
            .flatten()
            .map(|q| q.call.clone())
            .collect();
        let mut answers = peer.ask(&calls).into_iter();
        for (tree, asked) in trees.into_iter().zip(asked) {
            let outcome: Result<(), String> = asked.and_then(|questions| {
                let last = questions.last().map(|q| &q.ours["conflicts"]);
                let count = last.and_then(Value::as_array).map_or(0, Vec::len);
                *conflicts.entry(count.min(3)).or_default() += 1;
                // All answers are taken, also those after a difference.
                let compared: Vec<_> = questions
                    .iter()
                    .map(|question| compare(question, answers.next().unwrap()))
                    .collect();
                compared.into_iter().collect()
            });
            if let Err(why) = outcome {
                let peer = std::cell::RefCell::new(&mut peer);
                let small = shrunk(tree, |case| judged(&mut peer.borrow_mut(), &case).is_err());
                let why_small = judged(&mut peer.borrow_mut(), &small).err();
                panic!("seed {seed}: {}", why_small.unwrap_or(why));
            }
        }
    }
    println!("{cases} pairs agree; by conflicts, the last is three and more: {conflicts:?}");
}

#[test]
fn the_model_agrees() {
    the_model_agrees_on(DENSE, 2_000);
    the_model_agrees_on(LARGE, 100);
}

#[test]
#[ignore = "soak: 200,000 pairs"]
fn soak_the_model_agrees() {
    the_model_agrees_on(DENSE, 200_000);
    the_model_agrees_on(LARGE, 5_000);
}

//! The laws at random, with shrinking: each test is named after its law.
//!
//! The cases are the same in every run. `REJOIN_JSON_SEED=N` makes others, `REJOIN_JSON_CASES=K` makes K
//! times as many; a failure tells its seed and the shrunk case, ready to be pasted.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestCaseError, TestError, TestRng, TestRunner};
use serde_json::Value;

use super::engine::{self, Doc, Op};
use super::laws::{self, Diamond, Law, Made, Outcome, SingleLaw};
use super::random::{self, Case, DENSE, LARGE, Size, Step};
use super::{model, wire};

fn from_env(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

/// A runner for `cases` cases, and the seed it runs from.
pub fn runner(cases: u32) -> (TestRunner, u64) {
    let seed = from_env("REJOIN_JSON_SEED", 1);
    let times = u32::try_from(from_env("REJOIN_JSON_CASES", 1)).unwrap();
    let config = Config {
        cases: cases.saturating_mul(times),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(config.rng_algorithm, &bytes);
    (TestRunner::new_with_rng(config, rng), seed)
}

fn holds<S: Strategy>(cases: u32, strategy: S, law: impl Fn(S::Value) -> Outcome) {
    let (mut runner, seed) = runner(cases);
    let outcome = runner.run(&strategy, |case| law(case).map_err(TestCaseError::fail));
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, _)) => panic!("seed {seed}: {why}"),
        Err(error) => panic!("seed {seed}: {error}"),
    }
}

/// A random case as ops of the engine.
pub struct Built {
    pub doc: Doc,
    pub left: Made,
    pub right: Made,
}

impl Built {
    pub fn new(case: &Case) -> Result<Self, String> {
        let doc = Doc::read(&case.doc);
        let [left, right] = case.edits().map(|edits| composed(&doc, &edits));
        Ok(Self {
            left: left?,
            right: right?,
            doc,
        })
    }
}

/// The edits as one op, each made at a time of its own.
pub fn composed(doc: &Doc, edits: &[Value]) -> Result<Made, String> {
    let (mut op, mut timed) = (Op::noop(), Op::noop());
    for (edit, time) in edits.iter().zip([4, 1, 5, 2, 3].into_iter().cycle()) {
        let told = |op: &Op, error| format!("{} then {edit}: {error}", op.text());
        let edit = Op::read(edit)?;
        timed = timed
            .then(&edit.stamped(time + edits.len() as u64 % 3))
            .map_err(|error| told(&timed, error))?;
        op = op.then(&edit).map_err(|error| told(&op, error))?;
    }
    if timed.text() != op.text() {
        return Err(format!("with times {} is {}", op.text(), timed.text()));
    }
    Made::timed(doc, op.clone(), timed)
        .map_err(|error| format!("{} {}: {error}", doc.text(), op.text()))
}

fn for_diamonds(size: Size, cases: u32, law: Law) {
    holds(cases, random::case(size), |case| {
        let built = Built::new(&case)?;
        let Built { doc, left, right } = &built;
        let diamond = Diamond::new(doc, left, right).map_err(|error| {
            let (doc, left, right) = (doc.text(), left.op.text(), right.op.text());
            format!(r#"{error}: {{"doc":{doc},"left":{left},"right":{right}}}"#)
        })?;
        law(&diamond).map_err(|why| format!("{why}\n{diamond}"))
    });
}

fn for_ops(law: SingleLaw) {
    for (size, cases) in [(DENSE, 1_500), (LARGE, 200)] {
        holds(cases, random::case(size), |case| {
            let Built { doc, left, right } = Built::new(&case)?;
            [left, right].iter().try_for_each(|made| {
                law(&doc, made).map_err(|why| format!("{why}\n{} {}", doc.text(), made.op.text()))
            })
        });
    }
}

#[test]
fn tp1() {
    for_diamonds(DENSE, 3_000, laws::tp1);
    for_diamonds(LARGE, 300, laws::tp1);
}

#[test]
fn the_composed_ways_are_one() {
    for_diamonds(DENSE, 1_500, laws::composed);
    for_diamonds(LARGE, 150, laws::composed);
}

#[test]
fn outputs_are_canonical() {
    for_diamonds(DENSE, 1_500, laws::canonical_outputs);
    for_diamonds(LARGE, 150, laws::canonical_outputs);
}

#[test]
fn swapping_the_sides_swaps_the_columns_of_the_conflicts() {
    for_diamonds(DENSE, 1_500, laws::conflict_symmetry);
    for_diamonds(LARGE, 150, laws::conflict_symmetry);
}

#[test]
fn each_conflict_is_resolved_and_reported_once() {
    for_diamonds(DENSE, 1_500, laws::resolved);
    for_diamonds(LARGE, 150, laws::resolved);
}

#[test]
fn whom_the_policy_favours_wins() {
    for_diamonds(DENSE, 1_500, laws::the_winner_wins);
    for_diamonds(LARGE, 150, laws::the_winner_wins);
}

#[test]
fn without_conflict_all_policies_agree() {
    for_diamonds(DENSE, 1_500, laws::no_conflict_no_policy);
    for_diamonds(LARGE, 150, laws::no_conflict_no_policy);
}

#[test]
fn the_later_edit_wins() {
    for_diamonds(DENSE, 1_500, laws::the_later_wins);
    for_diamonds(LARGE, 150, laws::the_later_wins);
}

#[test]
fn apply_is_as_the_grammar_says() {
    for_ops(laws::as_the_model);
}

#[test]
fn ops_are_canonical_and_decode_after_encode_is_the_identity() {
    for_ops(|_, made| laws::canonical(&made.op));
}

#[test]
fn invert_takes_back() {
    for_ops(laws::invert);
}

#[test]
fn the_identity_is_neutral() {
    for_ops(laws::neutral);
}

#[test]
fn knowing_what_is_removed_changes_nothing() {
    for_ops(laws::knowing);
}

/// What happens in one part of a document is as if that part were the document, under its own rule.
#[test]
fn each_part_has_its_own_policy() {
    let part = || random::case(DENSE);
    let policies = || proptest::sample::select(&engine::POLICIES[..]);
    let strategy = (part(), part(), policies(), policies());
    holds(1_000, strategy, |(a, b, policy_a, policy_b)| {
        let parts = [("a", &a, policy_a), ("b", &b, policy_b)];
        let mut doc = serde_json::Map::new();
        let mut expected = serde_json::Map::new();
        let mut edits = [Vec::new(), Vec::new()];
        for (name, case, policy) in parts {
            let Built {
                doc: alone,
                left,
                right,
            } = Built::new(case)?;
            doc.extend(alone.wire().map(|doc| (name.to_owned(), doc)));
            let merged = engine::merge(left.knowing(policy), right.knowing(policy), policy)?;
            let after = merged.right.apply(&left.after)?.wire();
            expected.extend(after.map(|after| (name.to_owned(), after)));
            for (side, own) in edits.iter_mut().zip(case.edits()) {
                let below =
                    |edit: Value| [Value::from(name)].into_iter().chain(array(edit)).collect();
                side.extend(own.into_iter().map(below));
            }
        }
        let doc = Doc::read(&Some(doc.into()));
        let [left, right] = edits.map(|edits| composed(&doc, &edits));
        let (left, right) = (left?, right?);
        let merged = engine::merge_in_parts(
            left.knowing_always(),
            right.knowing_always(),
            parts.map(|(name, _, policy)| (name, policy)),
        )?;
        let expected = Doc::read(&Some(expected.into()));
        let got = merged.right.apply(&left.after)?;
        let other = merged.left.apply(&right.after)?;
        if got == expected && other == expected {
            return Ok(());
        }
        let (got, other, expected) = (got.text(), other.text(), expected.text());
        let (doc, left, right) = (doc.text(), left.op.text(), right.op.text());
        Err(format!(
            "{} in a, {} in b: {got} and {other}, not {expected}\n{{\"doc\":{doc},\"left\":{left},\"right\":{right}}}",
            policy_a.name, policy_b.name
        ))
    });
}

fn array(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        other => vec![other],
    }
}

#[test]
fn diff_leads_from_one_document_to_the_other() {
    for_ops(laws::diff);
}

#[test]
fn the_steps_one_after_the_other_make_what_the_op_makes() {
    for_ops(laws::steps);
}

#[test]
fn map_path_follows_a_value() {
    for_ops(laws::map_path);
}

#[test]
fn map_position_commutes_with_apply() {
    for_ops(laws::map_position);
}

/// Compose is apply twice, and it does not matter which two of three come first.
#[test]
fn compose_is_apply_twice_and_associative_in_effect() {
    for (size, cases) in [(DENSE, 3_000), (LARGE, 300)] {
        holds(cases, random::sequence(size), |(doc, names, steps)| {
            let [a, b, c] = three(&doc, &names, &steps)?;
            let told = || {
                format!(
                    "{} {} {} {}",
                    wire::show(&doc),
                    a.text(),
                    b.text(),
                    c.text()
                )
            };
            let doc = Doc::read(&doc);
            let expected = c.apply(&b.apply(&a.apply(&doc)?)?)?;
            for all in [a.then(&b)?.then(&c)?, a.then(&b.then(&c)?)?] {
                laws::canonical(&all).map_err(|why| format!("{why}\n{}", told()))?;
                let got = all
                    .apply(&doc)
                    .map_err(|why| format!("{why}\n{}", told()))?;
                if got != expected {
                    let (all, got, expected) = (all.text(), got.text(), expected.text());
                    return Err(format!("{all}: {got}, not {expected}\n{}", told()));
                }
            }
            Ok(())
        });
    }
}

fn three(doc: &wire::Doc, names: &[&str], steps: &[Vec<Step>; 3]) -> Result<[Op; 3], String> {
    let mut doc = doc.clone();
    let mut ops = [Op::noop(), Op::noop(), Op::noop()];
    for (op, steps) in ops.iter_mut().zip(steps) {
        let before = Doc::read(&doc);
        let mut edits = Vec::new();
        for step in steps {
            for edit in step.on(&doc, names) {
                doc = model::apply(&doc, &edit)?;
                edits.push(edit);
            }
        }
        *op = composed(&before, &edits)?.op;
    }
    Ok(ops)
}

/// A case and how it shrinks, for tests that judge many at once.
pub fn drawn<S: Strategy>(runner: &mut TestRunner, strategy: &S) -> S::Tree {
    strategy.new_tree(runner).unwrap()
}

/// The simplest case that still fails.
pub fn shrunk<T: ValueTree>(mut tree: T, fails: impl Fn(T::Value) -> bool) -> T::Value {
    let mut smallest = tree.current();
    for _ in 0..20_000 {
        let failed = fails(tree.current());
        if failed {
            smallest = tree.current();
        }
        let more = if failed {
            tree.simplify()
        } else {
            tree.complicate()
        };
        if !more {
            break;
        }
    }
    smallest
}

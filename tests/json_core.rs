//! What the JSON core has beyond the published type: runs, settings, edit times, what is known of removed values, differences,
//! and where places go. Its laws are checked against the reference model elsewhere.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]
#![cfg(not(target_arch = "wasm32"))]

use proptest::prelude::*;
use rejoin::json::{ConflictKind, EditTime, JsonOp, Key, Loser, Path, Policy, Value, Winner};
use rejoin::text::{Bias, Side};
use rejoin::units::CharOffset;
use serde_json::json;

fn op(wire: serde_json::Value) -> JsonOp {
    let text = wire.to_string();
    serde_json::from_value(wire).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn doc(value: serde_json::Value) -> Option<Value> {
    Some(serde_json::from_value(value).unwrap())
}

fn after(doc: &Option<Value>, ops: &[&JsonOp]) -> Option<Value> {
    let mut doc = doc.clone();
    ops.iter().for_each(|op| op.apply(&mut doc).unwrap());
    doc
}

/// Both ways round the diamond; gives the document at its end.
fn diamond(doc: &Option<Value>, left: &JsonOp, right: &JsonOp, policy: &Policy) -> Option<Value> {
    let merge = JsonOp::merge(left, right, policy).unwrap();
    let end = after(doc, &[left, &merge.right]);
    assert_eq!(end, after(doc, &[right, &merge.left]), "{left} and {right}");
    end
}

#[test]
fn a_run_is_one_component_however_it_comes_about() {
    let removed = op(json!([4, {"r": true, "n": 100}]));
    assert_eq!(removed.component_count(), 1);
    let one_by_one = (0..100).fold(JsonOp::noop(), |all, _| {
        all.compose(&op(json!([4, {"r": true}]))).unwrap()
    });
    assert_eq!(one_by_one, removed);

    let moved = op(json!([[4, {"p": 0, "n": 3}], [20, {"d": 0}]]));
    let plain = op(
        json!([[4, {"p": 0}], [5, {"p": 1}], [6, {"p": 2}], [20, {"d": 0}], [21, {"d": 1}], [22, {"d": 2}]]),
    );
    assert_eq!(plain, moved);
    assert_eq!(plain.to_string(), r#"[[4,{"p":0,"n":3}],[20,{"d":0}]]"#);
    assert_eq!(op(json!(moved.plain())), moved);
    // In another order, or with something below, they are no run.
    for apart in [
        json!([[4, {"p": 0}], [5, {"p": 1}], [20, {"d": 1}], [21, {"d": 0}]]),
        json!([[4, {"p": 0}], [5, {"p": 1}], [20, {"d": 0}], [21, {"d": 1}, "x", {"ena": 1}]]),
        json!([[4, {"p": 0}, "x", {"r": true}], [5, {"p": 1}], [20, {"d": 0}], [21, {"d": 1}]]),
    ] {
        assert_eq!(json!(op(apart.clone())), apart);
    }
}

#[test]
fn a_run_is_cut_only_where_something_sets_its_items_apart() {
    let list = doc(json!((0..40).map(|i| json!({"x": i})).collect::<Vec<_>>()));
    let run = op(json!([[4, {"p": 0, "n": 10}], [29, {"d": 0}]]));
    let keep = Policy::default();
    let edit = op(json!([7, "x", {"ena": 1}]));
    let merge = JsonOp::merge(&run, &edit, &keep).unwrap();
    assert_eq!(
        merge.left, run,
        "an edit below an item sets nothing apart after it is done"
    );
    assert_eq!(merge.right, op(json!([32, "x", {"ena": 1}])));
    let between = op(json!([7, {"i": "new"}]));
    let merge = JsonOp::merge(&run, &between, &keep).unwrap();
    assert_eq!(
        merge.left.to_string(),
        r#"[[4,{"p":0,"n":3}],[8,{"p":1,"n":7}],[30,{"d":0}],[33,{"d":1}]]"#
    );
    for other in [
        edit,
        between,
        op(json!([6, {"r": true, "n": 12}])),
        op(json!([[0, {"d": 0}], [12, {"p": 0, "n": 4}]])),
    ] {
        for winner in [Winner::Keep, Winner::Client, Winner::Json1] {
            diamond(&list, &run, &other, &Policy::new(winner, false));
            diamond(&list, &other, &run, &Policy::new(winner, false));
        }
    }
}

#[test]
fn what_is_no_run_is_refused() {
    for wire in [
        json!([1, {"r": true, "n": 1}]),
        json!([1, {"n": 2}]),
        json!(["a", {"r": true, "n": 2}]),
        json!([1, {"r": true, "n": 2}, "x", {"r": true}]),
        json!([[1, {"r": true, "n": 2}], [2, {"r": true}]]),
        json!([[1, {"p": 0, "n": 2}], [9, {"d": 0}], [10, "x", {"ena": 1}]]),
        json!([[1, {"p": 0, "n": 2}], ["a", {"d": 0}]]),
        json!([2_147_483_640, {"r": true, "n": 9}]),
    ] {
        assert!(
            serde_json::from_value::<JsonOp>(wire.clone()).is_err(),
            "{wire}"
        );
    }
}

#[test]
fn the_first_matching_setting_decides() {
    let settings = json!([
        {"path": "/stock/*", "policy": "client"},
        {"path": "/stock", "policy": "json1", "restore": true},
        {"path": "/cards/*/title", "policy": "manual"},
    ]);
    let policy: Policy = serde_json::from_value(settings.clone()).unwrap();
    assert_eq!(json!(policy), settings);
    let start = doc(json!({"stock": {}, "cards": [{}], "other": {}}));
    let set = |at: &[Key], value: i32| {
        let mut wire: Vec<_> = at.iter().map(|key| json!(key)).collect();
        wire.push(json!({"i": value}));
        op(wire.into())
    };
    for (at, winner, wins) in [
        (vec!["stock".into(), "apples".into()], Winner::Client, 2),
        (
            vec!["cards".into(), 0.into(), "title".into()],
            Winner::Manual,
            1,
        ),
        (
            vec!["cards".into(), 0.into(), "notes".into()],
            Winner::Keep,
            1,
        ),
        (vec!["other".into(), "title".into()], Winner::Keep, 1),
    ] {
        let (left, right) = (set(&at, 1), set(&at, 2));
        let end = diamond(&start, &left, &right, &policy);
        assert_eq!(
            end,
            after(&start, &[if wins == 1 { &left } else { &right }])
        );
        let conflicts = JsonOp::merge(&left, &right, &policy).unwrap().conflicts;
        assert_eq!(conflicts[0].path, Path(at));
        assert_eq!(conflicts[0].rule.winner, winner);
    }
    for wire in [
        json!([{"policy": "never"}]),
        json!([{"path": "a", "policy": "keep"}]),
        json!([{"path": "", "policy": "keep", "x": 1}]),
    ] {
        assert!(
            serde_json::from_value::<Policy>(wire.clone()).is_err(),
            "{wire}"
        );
    }
}

#[test]
fn the_later_edit_wins_and_the_accepted_one_when_that_is_not_known() {
    let start = doc(json!({"a": 0}));
    let lww = Policy::new(Winner::Lww, false);
    let moved = |to: &str| op(json!([["a", {"p": 0}], [to, {"d": 0}]]));
    let (left, right) = (moved("b"), moved("c"));
    let at = |op: &JsonOp, time| op.stamped(EditTime(time));
    for (left, right, wins) in [
        (at(&left, 5), at(&right, 6), "c"),
        (at(&left, 6), at(&right, 5), "b"),
        (at(&left, 5), at(&right, 5), "b"),
        (left.clone(), at(&right, 5), "c"),
        (left.clone(), right.clone(), "b"),
        (at(&left, 5), at(&right, 99).clamped(EditTime(4)), "b"),
    ] {
        assert_eq!(diamond(&start, &left, &right, &lww), doc(json!({wins: 0})));
    }
    // Times are kept by every verb, and when they were given stays.
    let twice = at(&op(json!(["x", {"i": "a"}])), 3)
        .compose(&at(&op(json!(["x", {"es": ["b"]}])), 7))
        .unwrap();
    assert_eq!(twice.to_string(), r#"["x",{"i":"a","es":["b"],"dt":7}]"#);
    assert_eq!(at(&twice, 9), twice);
    let rebased = at(&right, 5)
        .transform(&op(json!(["n", {"i": 1}])), Side::Right, &lww)
        .unwrap();
    assert_eq!(rebased, at(&right, 5));
    // Items that go at different times are no run.
    let early = at(&op(json!([0, {"r": true}])), 1);
    let late = at(&op(json!([0, {"r": true}])), 2);
    assert_eq!(
        early.compose(&late).unwrap().to_string(),
        r#"[[0,{"r":true,"pt":1}],[1,{"r":true,"pt":2}]]"#
    );
    assert_eq!(
        early.compose(&early).unwrap().to_string(),
        r#"[0,{"r":true,"n":2,"pt":1}]"#
    );
}

#[test]
fn a_remove_gives_way_only_if_somebody_knows_what_it_took() {
    let start = doc(json!({"card": {"title": "tea", "votes": 1}}));
    let remove = op(json!(["card", {"r": true}]));
    let edit = op(json!(["card", "title", {"es": ["green "]}]));
    let restore = Policy::new(Winner::Client, true);
    let known = remove.with_content(&start).unwrap();
    assert_eq!(known, remove, "what is known is no part of the op");
    assert_eq!(known.digest(1), remove.digest(1));
    assert_eq!(
        diamond(&start, &known, &edit, &restore),
        doc(json!({"card": {"title": "green tea", "votes": 1}}))
    );
    // Unknown: the remove wins. Held: the judgement is as for known, but what comes back must be at hand.
    assert_eq!(diamond(&start, &remove, &edit, &restore), doc(json!({})));
    let error = JsonOp::merge(&remove.held(), &edit, &restore).unwrap_err();
    assert_eq!(error.code(), "content-unknown");
    // What is read from outside is not believed.
    let told = op(json!(["card", {"r": {"title": "", "votes": 9}}]));
    assert_eq!(diamond(&start, &told, &edit, &restore), doc(json!({})));
}

#[test]
fn each_cycle_is_told() {
    let left = op(json!([["a", {"p": 0}], ["b", "a", {"d": 0}]]));
    let right = op(json!([["a", "b", {"d": 0}], ["b", {"p": 0}]]));
    let start = doc(json!({"a": {}, "b": {}}));
    for (winner, end, loser) in [
        (Winner::Keep, json!({"b": {"a": {}}}), Loser::Right),
        (Winner::Client, json!({"a": {"b": {}}}), Loser::Left),
        (Winner::Json1, json!({}), Loser::Both),
    ] {
        let policy = Policy::new(winner, false);
        assert_eq!(diamond(&start, &left, &right, &policy), doc(end));
        let conflicts = JsonOp::merge(&left, &right, &policy).unwrap().conflicts;
        assert_eq!(
            (conflicts[0].kind, conflicts[0].loser),
            (ConflictKind::Blackhole, Some(loser))
        );
    }
}

/// Each link loses its place because the one after it stays: one conflict a link.
#[test]
fn a_long_chain_of_moves_unwinds() {
    const LINKS: usize = 2_000;
    let key = |i: usize| format!("k{i:05}");
    let link = |i: usize| {
        let mut component = serde_json::Map::new();
        if i < LINKS {
            component.insert("p".into(), json!(i));
        }
        if i > 0 {
            component.insert("d".into(), json!(i - 1));
        }
        json!([key(i), component])
    };
    let chain = op((0..=LINKS).map(link).collect::<Vec<_>>().into());
    let block = op(json!([key(LINKS), {"i": "block"}]));
    let start = doc((0..LINKS)
        .map(|i| (key(i), json!(i)))
        .collect::<serde_json::Map<_, _>>()
        .into());
    assert_eq!(
        diamond(&start, &block, &chain, &Policy::default()),
        after(&start, &[&block])
    );
    let merge = JsonOp::merge(&block, &chain, &Policy::default()).unwrap();
    assert!(merge.right.is_noop());
    assert_eq!(merge.conflicts.len(), LINKS);
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|value| json!(value)),
        (-3..4i64).prop_map(|value| json!(value)),
        Just(json!(0.5)),
        "[ab😀]{0,4}".prop_map(|value| json!(value)),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(|list| json!(list)),
            prop::collection::btree_map("[abc]|id", inner, 0..4).prop_map(|object| json!(object)),
        ]
    })
}

fn document() -> impl Strategy<Value = Option<Value>> {
    prop::option::weighted(
        0.95,
        value().prop_map(|value| serde_json::from_value(value).unwrap()),
    )
}

proptest! {
    #[test]
    fn diff_leads_from_one_document_to_the_other(before in document(), end in document()) {
        let op = JsonOp::diff(&before, &end);
        prop_assert_eq!(&after(&before, &[&op]), &end);
        prop_assert!(JsonOp::diff(&end, &end).is_noop());
        let undo = op.invert(&before).unwrap();
        prop_assert_eq!(after(&end, &[&undo]), before);
        let wire = op.to_string();
        prop_assert_eq!(serde_json::from_str::<JsonOp>(&wire).unwrap(), op);
    }

    /// Differences are ops like others: any two from one document meet.
    #[test]
    fn differences_from_one_document_meet(start in document(), ends in [document(), document()], seed in any::<u8>()) {
        let [left, right] = ends.map(|end| JsonOp::diff(&start, &end).with_content(&start).unwrap());
        let winner = [Winner::Keep, Winner::Client, Winner::Json1, Winner::Lww][seed as usize % 4];
        let policy = Policy::new(winner, seed >= 128);
        let (left, right) = (left.stamped(EditTime(seed.into())), right.stamped(EditTime(60)));
        diamond(&start, &left, &right, &policy);
    }
}

#[test]
fn positions_follow_their_text() {
    let op = op(json!([
        ["done", 0, {"d": 0}, "text", {"es": [1, "--", {"d": 1}]}],
        ["todo", [0, {"i": "new"}], [1, {"p": 0}], [2, {"r": true, "n": 2}]],
    ]));
    let map = |path: Path, offset| op.map_position(&path, CharOffset(offset), Bias::Before);
    let todo = |index: u32| Path(vec!["todo".into(), index.into(), "text".into()]);
    let done = Path(vec!["done".into(), 0.into(), "text".into()]);
    assert_eq!(map(todo(1), 1), Some((done.clone(), CharOffset(1))));
    assert_eq!(map(todo(1), 3), Some((done, CharOffset(4))));
    assert_eq!(map(todo(0), 3), Some((todo(1), CharOffset(3))));
    assert_eq!(map(todo(2), 0), None);
    assert_eq!(map(todo(3), 0), None);
    assert_eq!(map(todo(9), 0), Some((todo(7), CharOffset(0))));
}

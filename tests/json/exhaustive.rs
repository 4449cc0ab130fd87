//! The laws over all pairs of ops of up to three single edits in small worlds, both orders, every
//! policy. The soak tests try all of them, the others a share.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::engine::{Doc, Op};
use super::laws::{Diamond, LAWS, Made, Outcome, SINGLE_LAWS};
use super::world::{WORLDS, World};

/// What was tried, and for each law that failed how often and the shortest case.
#[derive(Default)]
struct Report {
    counts: BTreeMap<&'static str, u64>,
    failures: BTreeMap<&'static str, (u64, String)>,
}

impl Report {
    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn note(&mut self, law: &'static str, outcome: Outcome, case: impl FnOnce() -> String) {
        let Err(detail) = outcome else { return };
        let told = format!("{}\n    {detail}", case());
        let (count, shortest) = self.failures.entry(law).or_default();
        *count += 1;
        if shortest.is_empty() || told.len() < shortest.len() {
            *shortest = told;
        }
    }

    fn add(&mut self, other: Self) {
        for (what, count) in other.counts {
            *self.counts.entry(what).or_default() += count;
        }
        for (law, (count, told)) in other.failures {
            self.note(law, Err(String::new()), || told);
            if let Some((all, _)) = self.failures.get_mut(law) {
                *all += count - 1;
            }
        }
    }

    fn finish(self, what: &str) -> u64 {
        println!("{what}: {:?}", self.counts);
        let failures: Vec<_> = self
            .failures
            .iter()
            .map(|(law, (count, told))| format!("{law} fails {count} times:\n    {told}"))
            .collect();
        assert!(failures.is_empty(), "{what}\n{}", failures.join("\n"));
        self.counts.get("pairs").copied().unwrap_or(0)
    }
}

/// The ops of a world by the number of edits they need, with the laws of one op and of compose checked.
fn made(world: &World, edits: usize, report: &mut Report) -> Vec<Vec<Made>> {
    let doc = Doc::read(&world.doc());
    let levels = world.ops(edits, |doc, first, then, both| {
        report.count("composes");
        let outcome = compose_is_apply_twice(doc, first, then, both);
        report.note("compose", outcome, || {
            format!("{} {} {}", doc.text(), first.text(), then.text())
        });
    });
    let made = |op: Op| {
        report.count("ops");
        let made = Made::new(&doc, op.clone());
        let case = || format!("{} {}", doc.text(), op.text());
        match made {
            Ok(made) => {
                for (name, law) in SINGLE_LAWS {
                    report.note(name, law(&doc, &made), case);
                }
                Some(made)
            }
            Err(error) => {
                report.note("fits", Err(error), case);
                None
            }
        }
    };
    let mut made = made;
    let levels = levels.into_iter();
    levels
        .map(|level| level.into_iter().filter_map(&mut made).collect())
        .collect()
}

fn compose_is_apply_twice(doc: &Doc, first: &Op, then: &Op, both: &Op) -> Outcome {
    let expected = then.apply(&first.apply(doc)?)?;
    let got = both.apply(doc)?;
    if expected == got {
        Ok(())
    } else {
        let (both, got, expected) = (both.text(), got.text(), expected.text());
        Err(format!("{both}: {got}, not {expected}"))
    }
}

fn check(doc: &Doc, left: &Made, right: &Made, report: &mut Report) {
    report.count("pairs");
    let case = || {
        let (left, right) = (left.op.text(), right.op.text());
        format!(r#"{{"doc":{},"left":{left},"right":{right}}}"#, doc.text())
    };
    match Diamond::new(doc, left, right) {
        Ok(diamond) => {
            report.count(match diamond.written.len() {
                0 => "without conflict",
                1 => "with one conflict",
                _ => "with several conflicts",
            });
            for (name, law) in LAWS {
                report.note(name, law(&diamond), case);
            }
        }
        Err(error) => report.note("merge", Err(error), case),
    }
}

/// Runs `work` for each number below `count`, on all cores, and adds up the reports.
fn in_parallel(count: usize, work: impl Fn(usize, &mut Report) + Sync) -> Report {
    let (next, total) = (AtomicUsize::new(0), Mutex::new(Report::default()));
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                let mut report = Report::default();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        break;
                    }
                    work(index, &mut report);
                }
                total.lock().unwrap().add(report);
            });
        }
    });
    total.into_inner().unwrap()
}

/// All ordered pairs of a world's ops of at most `most` edits one, and `least` the other; spread evenly
/// over them no more than `share`, when there are more. Returns how many were tried.
fn pairs(world: &World, (most, least): (usize, usize), share: usize) -> u64 {
    let mut report = Report::default();
    let levels = made(world, most, &mut report);
    let doc = Doc::read(&world.doc());
    let ops: Vec<(usize, &Made)> = levels
        .iter()
        .enumerate()
        .flat_map(|(edits, level)| level.iter().map(move |made| (edits, made)))
        .collect();
    let small = ops.iter().filter(|(edits, _)| *edits <= least).count();
    let stride = (small * (2 * ops.len() - small)).div_ceil(share);
    report.add(in_parallel(ops.len(), |row, report| {
        let (edits, left) = ops[row];
        for (column, &(others, right)) in ops.iter().enumerate() {
            if edits.min(others) <= least && (row + column).is_multiple_of(stride) {
                check(&doc, left, right, report);
            }
        }
    }));
    report.finish(world.name)
}

/// The share of a test run: the pairs of two edits, and some of two and three.
#[test]
fn small_worlds() {
    let of = |world| pairs(world, (2, 2), 4_000) + pairs(world, (3, 2), 2_000);
    let count: u64 = WORLDS.iter().map(of).sum();
    println!("{count} pairs, each under every policy");
}

#[test]
#[ignore = "soak: every pair of up to three edits"]
fn soak_small_worlds() {
    let of = |world| pairs(world, (3, 3), usize::MAX);
    let count: u64 = WORLDS.iter().map(of).sum();
    println!("{count} pairs, each under every policy");
}

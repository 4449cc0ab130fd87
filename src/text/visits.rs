//! Counts cursor steps, so that the tests here prove each verb's growth without a clock.

use std::cell::Cell;

use super::{OpQueue, Side, TextOp};

thread_local!(static VISITS: Cell<u64> = const { Cell::new(0) });

pub(super) fn count() {
    VISITS.set(VISITS.get() + 1);
}

/// The steps that `f` takes, and its result.
fn during<T>(f: impl FnOnce() -> T) -> (u64, T) {
    let before = VISITS.get();
    let result = f();
    (VISITS.get() - before, result)
}

/// xorshift64*: random enough for edits, the same on every machine.
struct Rng(u64);

impl Rng {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n
    }
}

/// `n` random single edits in sequence, on a text of `len` scalars.
fn edits(n: usize, mut len: usize) -> Vec<TextOp> {
    let mut rng = Rng(7);
    let edit = |_| {
        let at = rng.below(len);
        let mut op = TextOp::builder();
        op.retain(at);
        if rng.below(3) == 0 {
            op.delete(1);
            len -= 1;
        } else {
            op.insert("x");
            len += 1;
        }
        op.finish()
    };
    (0..n).map(edit).collect()
}

/// An op with about `n` edits all over the text.
fn scattered(n: usize, seed: u64) -> TextOp {
    let mut rng = Rng(seed);
    let mut op = TextOp::builder();
    for _ in 0..n {
        op.retain(1 + rng.below(5));
        match rng.below(3) {
            0 => op.insert("abc"),
            1 => op.delete(1 + rng.below(4)),
            _ => op.insert("d").delete(1),
        };
    }
    op.finish()
}

#[test]
fn compose_transform_and_map_position_are_linear_in_components() {
    for n in [10, 100, 1_000, 10_000, 100_000] {
        let (a, b) = (scattered(n, 3), scattered(n, 5));
        // Each step of the loop ends a component of one op, and splits at most one of the other.
        let bound = 2 * (a.component_count() + b.component_count()) as u64 + 2;
        let (steps, _) = during(|| a.compose(&b));
        assert!(steps <= bound, "compose: {steps} steps for {bound}");
        let (steps, _) = during(|| a.transform(&b, Side::Left));
        assert!(steps <= bound, "transform: {steps} steps for {bound}");
        let end = crate::units::CharOffset(usize::MAX);
        let (steps, _) = during(|| a.map_position(end, super::Bias::After));
        assert!(
            steps <= a.component_count() as u64 + 1,
            "map_position: {steps} steps"
        );
    }
}

#[test]
fn n_pushes_and_a_compose_are_n_log_n() {
    for n in [1_000, 10_000, 100_000] {
        let ops = edits(n, 2 * n);
        let pushed: usize = ops.iter().map(TextOp::component_count).sum();
        let (steps, composed) = during(|| {
            let mut queue = OpQueue::new();
            for op in ops {
                let Ok(()) = queue.push(op);
            }
            let Ok(all) = queue.take();
            all
        });
        let bound = (4.0 * pushed as f64 * (pushed as f64).log2()) as u64;
        assert!(
            steps <= bound,
            "{steps} steps for {n} edits, allowed {bound}"
        );
        // Not vacuous: the edits are scattered and stay that many components.
        assert!(
            composed.component_count() > n / 2,
            "{} left",
            composed.component_count()
        );
    }
}

#[test]
fn a_heavy_op_among_light_ones_is_not_walked_at_every_push() {
    let (heavy, light) = (scattered(100_000, 3), edits(1_000, 1_000));
    let weight = heavy.component_count() + 2 * light.len();
    for heavy_first in [true, false] {
        let (steps, _) = during(|| {
            let mut queue = OpQueue::new();
            if heavy_first {
                let Ok(()) = queue.push(heavy.clone());
            }
            for op in &light {
                let Ok(()) = queue.push(op.clone());
            }
            if !heavy_first {
                let Ok(()) = queue.push(heavy.clone());
            }
            queue.take()
        });
        let bound = (4.0 * weight as f64 * (weight as f64).log2()) as u64;
        assert!(steps <= bound, "{steps} steps, allowed {bound}");
    }
}

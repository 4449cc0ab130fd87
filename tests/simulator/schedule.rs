//! A schedule is a list of steps that do not know the world they are played in: what a step concerns is
//! picked by its numbers, modulo what is there. So steps can be left out, and the rest still means
//! something: that is how a failure is shrunk.

use std::collections::BTreeMap;
use std::fmt;

use crate::subject::Subject;

macro_rules! kinds {
    ($($kind:ident $weight:literal,)*) => {
        /// What a step does, and how often it is picked.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind { $($kind,)* }

        impl Kind {
            pub const ALL: &[Kind] = &[$(Kind::$kind,)*];
            const WEIGHTS: &[(Kind, u32)] = &[$((Kind::$kind, $weight),)*];
        }
    };
}

kinds! {
    Insert 16,
    Delete 4,
    Burst 1,
    CancelOut 1,
    Json 20,
    Flush 16,
    WriteDone 14,
    Deliver 30,
    DeliverAny 6,
    Duplicate 3,
    Lose 2,
    AppendDone 14,
    AppendFails 1,
    DeviceDisconnects 3,
    ServerDisconnects 2,
    Connect 8,
    Partition 2,
    Heal 2,
    CrashDevice 2,
    CrashServer 1,
    Resync 3,
    Prune 2,
    NewEpoch 1,
    CopyDevice 1,
    Malformed 1,
    Discard 1,
}

/// One step; `a` and `b` pick what it concerns.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub kind: Kind,
    pub a: u32,
    pub b: u32,
}

/// The world's settings, and what happens in it.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub devices: u32,
    /// The authority's window, in ops.
    pub window: u32,
    /// The authority's limit on the text, in scalars.
    pub limit: u32,
    pub subject: Subject,
    pub steps: Vec<Step>,
}

/// What everybody does in every schedule. Of the other kinds each schedule has about half: a fault that is
/// always there (a pruned log, say) hides what happens without it.
const ALWAYS: &[Kind] = &[
    Kind::Insert,
    Kind::Json,
    Kind::Flush,
    Kind::WriteDone,
    Kind::Deliver,
    Kind::AppendDone,
    Kind::Connect,
    Kind::Heal,
];

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

impl Schedule {
    pub fn from_seed(seed: u64) -> Self {
        let mut random = Random(seed);
        let kinds: Vec<(Kind, u32)> = Kind::WEIGHTS
            .iter()
            .copied()
            .filter(|(kind, _)| ALWAYS.contains(kind) || random.below(2) == 0)
            .collect();
        let total: u32 = kinds.iter().map(|(_, weight)| weight).sum();
        let length = 60 + random.below(240);
        Self {
            devices: 2 + random.below(3) as u32,
            window: [2, 5, 1_000][random.below(3) as usize],
            limit: [30, 1_000_000, 1_000_000][random.below(3) as usize],
            subject: Subject(match random.below(2) {
                0 => 0,
                _ => random.below(Subject::COUNT.into()) as u32,
            }),
            steps: (0..length)
                .map(|_| {
                    let mut at = random.below(total.into()) as u32;
                    let picked = kinds.iter().find(|(_, weight)| {
                        let here = at < *weight;
                        at = at.saturating_sub(*weight);
                        here
                    });
                    let kind = picked.map_or(Kind::Deliver, |(kind, _)| *kind);
                    Step {
                        kind,
                        a: random.next() as u32,
                        b: random.next() as u32,
                    }
                })
                .collect(),
        }
    }

    /// The schedule as Rust, to be pasted into `regressions.rs`.
    pub fn as_regression(&self, seed: u64) -> String {
        let Self {
            devices,
            window,
            limit,
            subject: Subject(subject),
            steps,
        } = self;
        let mut text = format!(
            "#[test]\nfn seed_{seed}() {{\n    replay({devices}, {window}, {limit}, {subject}, &[\n"
        );
        for Step { kind, a, b } in steps {
            text += &format!("        ({kind:?}, {a}, {b}),\n");
        }
        text + "    ]);\n}\n"
    }
}

/// How often each kind of step took effect, and each notable thing happened.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    steps: BTreeMap<Kind, u64>,
    things: BTreeMap<&'static str, u64>,
}

/// What must have happened in a large enough run, besides the steps.
const THINGS: &[&str] = &[
    "accepted ops",
    "acks by catch-up",
    "catch-ups from the log",
    "checkpoints",
    "conflicts told",
    "copied ids noticed",
    "edits behind the window",
    "edits fenced at open",
    "edits of which nobody knows",
    "edits refused",
    "known seqs submitted again",
    "messages swallowed by a partition",
    "rebases of pending edits",
    "restarts from storage",
    "snapshots over pending edits",
    "submits on an old connection",
];

impl Counts {
    pub fn step(&mut self, kind: Kind) {
        *self.steps.entry(kind).or_default() += 1;
    }

    pub fn thing(&mut self, thing: &'static str) {
        debug_assert!(THINGS.contains(&thing), "{thing} is not listed");
        *self.things.entry(thing).or_default() += 1;
    }

    pub fn of(&self, kind: &Kind) -> u64 {
        self.steps.get(kind).copied().unwrap_or(0)
    }

    pub fn add(&mut self, more: &Self) {
        for (kind, count) in &more.steps {
            *self.steps.entry(*kind).or_default() += count;
        }
        for (thing, count) in &more.things {
            *self.things.entry(thing).or_default() += count;
        }
    }

    pub fn assert_everything_happened(&self) {
        for thing in THINGS {
            assert!(self.things.contains_key(thing), "{thing}: never happened");
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, count) in &self.steps {
            writeln!(f, "{count:>10} {kind:?}")?;
        }
        for (thing, count) in &self.things {
            writeln!(f, "{count:>10} {thing}")?;
        }
        Ok(())
    }
}

//! Which rope? Each candidate replays a recorded editing session the way rejoin uses its text: the
//! edit comes at a UTF-16 offset, is converted to scalars, and is applied by scalar offset.
//!
//! `cargo bench -p rejoin-bench-rope`. The numbers and what was made of them: `docs/text-ot.md`.

#![allow(missing_docs, reason = "criterion's macros")]

use std::hint::black_box;
use std::ops::Range;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rejoin::text::{Text, TextOp};
use rejoin::units::Utf16Offset;
use rejoin_bench_rope::Session;

trait Rope: Clone {
    const NAME: &'static str;
    fn new() -> Self;
    fn insert(&mut self, at: usize, text: &str);
    fn remove(&mut self, range: Range<usize>);
    fn utf16_to_char(&self, at: usize) -> usize;
    fn text(&self) -> String;
}

impl Rope for jumprope::JumpRope {
    const NAME: &'static str = "jumprope 1.1.2";
    fn new() -> Self {
        Self::new_from_seed(0)
    }
    fn insert(&mut self, at: usize, text: &str) {
        self.insert(at, text);
    }
    fn remove(&mut self, range: Range<usize>) {
        self.remove(range);
    }
    fn utf16_to_char(&self, at: usize) -> usize {
        self.wchars_to_chars(at)
    }
    fn text(&self) -> String {
        self.to_string()
    }
}

impl Rope for ropey1::Rope {
    const NAME: &'static str = "ropey 1.6.1";
    fn new() -> Self {
        Self::new()
    }
    fn insert(&mut self, at: usize, text: &str) {
        self.insert(at, text);
    }
    fn remove(&mut self, range: Range<usize>) {
        self.remove(range);
    }
    fn utf16_to_char(&self, at: usize) -> usize {
        self.utf16_cu_to_char(at)
    }
    fn text(&self) -> String {
        self.to_string()
    }
}

/// Edits by byte, so each scalar offset is converted.
impl Rope for ropey2::Rope {
    const NAME: &'static str = "ropey 2.0.0-beta.1";
    fn new() -> Self {
        Self::new()
    }
    fn insert(&mut self, at: usize, text: &str) {
        let at = self.char_to_byte_idx(at);
        self.insert(at, text);
    }
    fn remove(&mut self, range: Range<usize>) {
        let range = self.char_to_byte_idx(range.start)..self.char_to_byte_idx(range.end);
        self.remove(range);
    }
    fn utf16_to_char(&self, at: usize) -> usize {
        self.byte_to_char_idx(self.utf16_to_byte_idx(at))
    }
    fn text(&self) -> String {
        self.to_string()
    }
}

/// Counts bytes and UTF-16 but no scalars: here every offset is taken for UTF-16, which only works
/// because these sessions have hardly anything outside the BMP. Out of competition.
impl Rope for crop::Rope {
    const NAME: &'static str = "crop 0.4.3 (no scalars)";
    fn new() -> Self {
        Self::new()
    }
    fn insert(&mut self, at: usize, text: &str) {
        let at = self.byte_of_utf16_code_unit(at);
        self.insert(at, text);
    }
    fn remove(&mut self, range: Range<usize>) {
        let bytes =
            self.byte_of_utf16_code_unit(range.start)..self.byte_of_utf16_code_unit(range.end);
        self.delete(bytes);
    }
    fn utf16_to_char(&self, at: usize) -> usize {
        at
    }
    fn text(&self) -> String {
        self.to_string()
    }
}

/// The whole way: an op is built and applied. The others show what of it is the rope.
impl Rope for Text {
    const NAME: &'static str = "rejoin (TextOp on Text)";
    fn new() -> Self {
        Self::new()
    }
    fn insert(&mut self, at: usize, text: &str) {
        let applied = self.apply(&TextOp::builder().retain(at).insert(text).finish());
        assert!(applied.is_ok());
    }
    fn remove(&mut self, range: Range<usize>) {
        let op = TextOp::builder()
            .retain(range.start)
            .delete(range.len())
            .finish();
        assert!(self.apply(&op).is_ok());
    }
    fn utf16_to_char(&self, at: usize) -> usize {
        self.utf16_to_char(Utf16Offset(at)).map_or(0, |at| at.0)
    }
    fn text(&self) -> String {
        self.to_string()
    }
}

fn replay<R: Rope>(session: &Session) -> R {
    let mut rope = R::new();
    for edit in &session.edits {
        let at = rope.utf16_to_char(edit.at_utf16);
        if edit.deleted > 0 {
            rope.remove(at..at + edit.deleted);
        }
        if !edit.inserted.is_empty() {
            rope.insert(at, &edit.inserted);
        }
    }
    rope
}

fn candidate<R: Rope>(criterion: &mut Criterion, session: &Session) {
    let end: R = replay(session);
    assert!(
        end.text() == session.end,
        "{} ends in another text",
        R::NAME
    );

    let mut group = criterion.benchmark_group(format!("replay {}", session.name));
    group.throughput(Throughput::Elements(session.edits.len() as u64));
    group.sample_size(20);
    group.bench_function(R::NAME, |b| b.iter(|| replay::<R>(session)));
    group.finish();

    let mut group = criterion.benchmark_group("clone the end and edit it once");
    group.bench_function(R::NAME, |b| {
        b.iter(|| {
            let mut copy = end.clone();
            copy.insert(black_box(50_000), "x");
            copy
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("UTF-16 offset to scalars");
    group.bench_function(R::NAME, |b| b.iter(|| end.utf16_to_char(black_box(70_001))));
    group.finish();
}

fn ropes(criterion: &mut Criterion) {
    let session = Session::load();
    candidate::<jumprope::JumpRope>(criterion, &session);
    candidate::<ropey1::Rope>(criterion, &session);
    candidate::<ropey2::Rope>(criterion, &session);
    candidate::<crop::Rope>(criterion, &session);
    candidate::<Text>(criterion, &session);
}

criterion_group!(benches, ropes);
criterion_main!(benches);

//! The text op as mathematics has it, for texts of a few characters: for every gap of the text what is
//! put in, for every character whether it is taken out. Independent of the library's own algorithms,
//! and too slow for anything but checking them.

use rejoin::text::{Bias, Component, TextOp};

/// An op on a text of `deleted.len()` characters.
pub struct Model {
    /// What is put in before each character, and at the end.
    inserted: Vec<String>,
    deleted: Vec<bool>,
}

impl Model {
    /// The meaning of `op` on a text of `len` characters.
    pub fn of(op: &TextOp, len: usize) -> Self {
        let mut model = Self {
            inserted: vec![String::new(); len + 1],
            deleted: vec![false; len],
        };
        let mut at = 0;
        for component in op.components() {
            match component {
                Component::Retain(n) => at += n,
                Component::Insert(text) => model.inserted[at].push_str(text),
                Component::Delete(n) => {
                    model.deleted[at..at + n].fill(true);
                    at += n;
                }
            }
        }
        model
    }

    pub fn apply(&self, text: &[char]) -> Vec<char> {
        Self::merge(self, self, text, |mine, _| mine.to_owned())
    }

    /// The text in which both ops took place: deleted is what either deletes, and at each gap stands
    /// what `left` puts in, then what `right` does.
    pub fn merged(left: &Self, right: &Self, text: &[char]) -> Vec<char> {
        Self::merge(left, right, text, |left, right| [left, right].concat())
    }

    fn merge(a: &Self, b: &Self, text: &[char], at_gap: fn(&str, &str) -> String) -> Vec<char> {
        let mut out = Vec::new();
        for gap in 0..=text.len() {
            out.extend(at_gap(&a.inserted[gap], &b.inserted[gap]).chars());
            if gap < text.len() && !a.deleted[gap] && !b.deleted[gap] {
                out.push(text[gap]);
            }
        }
        out
    }

    pub fn map_position(&self, position: usize, bias: Bias) -> usize {
        let inserted = |gap: usize| self.inserted[gap].chars().count();
        let before: usize = (0..position)
            .map(|at| inserted(at) + usize::from(!self.deleted[at]))
            .sum();
        match bias {
            Bias::Before => before,
            Bias::After => before + inserted(position),
        }
    }
}

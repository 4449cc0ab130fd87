//! Policies: who gives way in a conflict.

use super::conflict::{ConflictKind, Loser};
use super::form::Id;
use super::standing::Strike;
use super::universe::Universe;

/// Who gives way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Winner {
    /// The accepted op, `Left`, wins.
    #[default]
    Keep,
    /// The incoming op, `Right`, wins: the last writer by arrival.
    Client,
    /// As `Keep`; the user is asked, with both values.
    Manual,
    /// As the published `json1`: removes win, then `Left`; what loses its place is removed.
    Json1,
}

/// The rule for a conflict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rule {
    /// Who gives way.
    pub winner: Winner,
    /// Whether a remove may give way: what it took comes back. Without, removes win over edits and moves of what they
    /// remove.
    pub restore: bool,
}

/// The rules of a document: a pure function of the conflict, so that both sides of a diamond resolve it alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    rule: Rule,
}

impl Policy {
    /// One rule for all of the document.
    pub fn new(winner: Winner, restore: bool) -> Self {
        Self {
            rule: Rule { winner, restore },
        }
    }
}

impl Policy {
    /// The rule for a conflict about the node.
    pub(super) fn rule(&self, _: &Universe<'_>, _: Id) -> Rule {
        self.rule
    }
}

impl Rule {
    /// What becomes of a move that has lost its place.
    pub(super) fn strike(self) -> Strike {
        match self.winner {
            Winner::Json1 => Strike::Destroy,
            _ => Strike::Stay,
        }
    }

    /// Who gives way; `remover` is the side that removes, in conflicts about a remove.
    pub(super) fn loser(self, kind: ConflictKind, remover: Option<Loser>) -> Loser {
        let loser = match self.winner {
            Winner::Keep | Winner::Manual => Loser::Right,
            Winner::Client => Loser::Left,
            Winner::Json1 if kind == ConflictKind::Blackhole => Loser::Both,
            Winner::Json1 => Loser::Right,
        };
        match remover {
            Some(Loser::Left) if !self.restore => Loser::Right,
            Some(Loser::Right) if !self.restore => Loser::Left,
            _ => loser,
        }
    }
}

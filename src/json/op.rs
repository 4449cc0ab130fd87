//! The op: two halves, the picks over the document before and the drops over the document after.

use std::sync::Arc;

use super::key::{Key, Name};
use super::value::Value;
use crate::text::TextOp;

/// One atomic change of a JSON document: the unit of send, ack and transform.
///
/// An op picks values up, at their places in the document *before* it: to remove them, or to move them. Then it
/// drops values, at their places in the document *after* it: the moved ones, and new ones; and it edits texts and
/// counters in place, wherever they are then. `docs/json-ot.md` has the grammar, the laws and the conflicts.
///
/// **Canonical.** Every op is: what changes nothing is not there, slots are numbered in order, neighbouring items that are
/// removed or moved alike are one run. So two ops are equal exactly when their wire forms are, and every verb
/// returns canonical ops. What an op has learned of the content that it removes is no part of it: equality and digest do
/// not see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JsonOp {
    pub(super) picks: Arc<Branch>,
    pub(super) drops: Arc<Branch>,
}

/// A place in one half of an op, and what is below it. The topmost branch stands above the document; its only child is
/// the root, under [`root_key`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Branch {
    pub(super) mark: Mark,
    /// Only among the drops.
    pub(super) edit: Option<Edit>,
    /// When the user did what is marked or edited here.
    pub(super) time: Option<EditTime>,
    /// Ascending, none empty, none overlapping the next.
    pub(super) kids: Vec<Child>,
}

/// When a user made an edit: milliseconds since 1970, by the clock of their device. Policy [`Winner::Lww`](super::Winner::Lww)
/// goes by it; nothing else does.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct EditTime(pub u64);

/// A child of a container: one value, or a run of `len` neighbouring items, which then have only a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Child {
    pub(super) key: Key,
    pub(super) len: u32,
    pub(super) branch: Branch,
}

/// What happens at a place.
#[derive(Clone, Debug, Default)]
pub(super) enum Mark {
    /// Nothing; the way leads through.
    #[default]
    None,
    /// Half of a move; the other half has the same slot.
    Move(u32),
    /// Among the picks: the values are removed.
    Remove(Content),
    /// Among the drops: a new value.
    Insert(Value),
}

/// What a remove takes away: without what the op moves out of it.
#[derive(Clone, Debug, Default)]
pub(super) enum Content {
    /// Nobody knows: no policy can bring it back.
    #[default]
    Unknown,
    /// Who made the op knows.
    Held,
    /// These, one an item.
    Known(Arc<[Value]>),
}

impl Content {
    pub(super) fn values(&self) -> Option<&[Value]> {
        match self {
            Self::Known(values) => Some(values),
            Self::Unknown | Self::Held => None,
        }
    }

    /// What is known when it is somebody else's, or part of more: that somebody knows.
    pub(super) fn held(may_return: bool) -> Self {
        match may_return {
            true => Self::Held,
            false => Self::Unknown,
        }
    }

    /// Whether a policy may bring it back.
    pub(super) fn may_return(&self) -> bool {
        !matches!(self, Self::Unknown)
    }

    /// The content of a run, and of one that follows it.
    pub(super) fn join(&self, next: &Self) -> Self {
        match (self, next) {
            (Self::Known(all), Self::Known(more)) => {
                Self::Known(all.iter().chain(&**more).cloned().collect())
            }
            _ => Self::held(self.may_return() && next.may_return()),
        }
    }
}

/// A change inside a value that stays the same value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// Of a string.
    Text(TextOp),
    /// To a counter: a safe integer, not 0.
    Add(i64),
}

/// The key of the root in the container above it.
pub(super) fn root_key() -> Key {
    Key::Name(Name::from(""))
}

impl JsonOp {
    /// The op that changes nothing.
    pub fn noop() -> Self {
        Self::default()
    }

    /// An edit of the root string.
    pub fn text(edit: TextOp) -> Self {
        if edit.is_noop() {
            return Self::default();
        }
        let root = Branch {
            edit: Some(Edit::Text(edit)),
            ..Branch::default()
        };
        Self::from_halves(Branch::default(), Branch::above(root))
    }

    /// The op's edit of the root string, when it is nothing else; the noop edits nothing.
    pub fn as_text(&self) -> Option<&TextOp> {
        static NOTHING: std::sync::LazyLock<TextOp> = std::sync::LazyLock::new(TextOp::new);
        if self.is_noop() {
            return Some(&NOTHING);
        }
        match &*self.drops.kids {
            [Child { branch, .. }] if self.picks.kids.is_empty() => match branch {
                Branch {
                    mark: Mark::None,
                    edit: Some(Edit::Text(edit)),
                    kids,
                    time: _,
                } if kids.is_empty() => Some(edit),
                _ => None,
            },
            _ => None,
        }
    }

    /// [`as_text`](Self::as_text) of an op without edit times.
    pub(super) fn as_untimed_text(&self) -> Option<&TextOp> {
        let timed = self
            .drops
            .kids
            .first()
            .is_some_and(|root| root.branch.time.is_some());
        self.as_text().filter(|_| !timed)
    }

    /// Whether this op changes nothing.
    pub fn is_noop(&self) -> bool {
        self.picks.kids.is_empty() && self.drops.kids.is_empty()
    }

    /// How many components the op has: the measure of its cost. A run counts once, a text edit as
    /// [`TextOp::component_count`].
    pub fn component_count(&self) -> usize {
        self.picks.component_count() + self.drops.component_count()
    }

    /// Whether there is an addition in it.
    pub fn adds(&self) -> bool {
        self.drops.adds()
    }

    pub(super) fn from_halves(picks: Branch, drops: Branch) -> Self {
        Self {
            picks: Arc::new(picks),
            drops: Arc::new(drops),
        }
    }
}

impl Branch {
    /// The branch above the document.
    pub(super) fn above(root: Self) -> Self {
        let mut top = Self::default();
        top.push(root_key(), 1, root);
        top
    }

    /// Appends a child, unless it is empty.
    pub(super) fn push(&mut self, key: Key, len: u32, branch: Self) {
        if !branch.is_empty() {
            self.kids.push(Child { key, len, branch });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.is_leaf() && self.mark == Mark::None
    }

    /// Whether there is nothing but a mark.
    pub(super) fn is_leaf(&self) -> bool {
        self.edit.is_none() && self.kids.is_empty()
    }

    pub(super) fn knows_content(&self) -> bool {
        let below = || self.kids.iter().any(|kid| kid.branch.knows_content());
        matches!(self.mark, Mark::Remove(Content::Known(_))) || below()
    }

    fn adds(&self) -> bool {
        let below = || self.kids.iter().any(|kid| kid.branch.adds());
        matches!(self.edit, Some(Edit::Add(_))) || below()
    }

    fn component_count(&self) -> usize {
        let mark = usize::from(self.mark != Mark::None);
        let edit = match &self.edit {
            None => 0,
            Some(Edit::Add(_)) => 1,
            Some(Edit::Text(edit)) => edit.component_count(),
        };
        let below = self.kids.iter().map(|kid| kid.branch.component_count());
        mark + edit + below.sum::<usize>()
    }
}

/// What is known of a remove's content does not count.
impl PartialEq for Mark {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Move(a), Self::Move(b)) => a == b,
            (Self::Remove(_), Self::Remove(_)) => true,
            (Self::Insert(a), Self::Insert(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Mark {}

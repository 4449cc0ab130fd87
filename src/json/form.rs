//! An op rewritten from paths into identities.
//!
//! A form says of each value that the op touches where it was in the *base* document and where the op puts it, in terms
//! that do not depend on what else happens: a container and a key, or a container and a gap between base items. The base is
//! the document before the op ([`Form::of`]), or the one after it, for the op's undoing ([`Form::undoing`]): the same
//! walk with the halves exchanged.

use super::key::{Key, Name};
use super::op::{Branch, Child, Edit, EditTime, JsonOp, Mark};
use super::value::Value;
use crate::Error;

/// A value that a form touches or passes on its way to one.
pub(super) type Id = usize;

/// The container above the document, whose one value is the root.
pub(super) const ABOVE: Id = 0;

#[derive(Debug)]
pub(super) struct Form<'op> {
    pub(super) nodes: Vec<Node<'op>>,
    /// By slot; as many as there are moves.
    moved: Vec<Option<Id>>,
}

#[derive(Debug)]
pub(super) struct Node<'op> {
    /// Where the value is in the base document, or inside the literal that it is part of. A whole literal has
    /// neither.
    pub(super) key: Option<Key>,
    /// The number of neighbouring items, more than 1 in a run.
    pub(super) len: u32,
    /// The value of a literal or of a part of one.
    pub(super) value: Option<&'op Value>,
    /// In the form of an undoing: whether a policy may bring back what the op removed and this brings back.
    pub(super) may_return: bool,
    pub(super) kind: Option<Kind>,
    pub(super) pick: Pick<'op>,
    pub(super) edit: Option<&'op Edit>,
    pub(super) times: Times,
    /// Ascending by key.
    pub(super) kids: Vec<Id>,
    /// What is put into this container, in final order.
    pub(super) drops: Vec<Drop>,
}

/// What a form does with a value at its place in the base document.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Pick<'op> {
    /// It stays.
    #[default]
    None,
    /// It is taken away.
    Removed(Lost<'op>),
    /// It is put elsewhere.
    Moved,
}

/// What is known of what was taken away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Lost<'op> {
    /// One value an item.
    pub(super) values: Option<&'op [Value]>,
    /// Whether a policy may bring it back.
    pub(super) may_return: bool,
}

impl Lost<'_> {
    /// Part of a run.
    pub(super) fn piece(self, skipped: u32, len: u32) -> Self {
        let range = skipped as usize..(skipped + len) as usize;
        Self {
            values: self.values.and_then(|values| values.get(range)),
            ..self
        }
    }
}

/// When the user did what a form does with a node.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    /// When it was picked.
    pub(super) left: Option<EditTime>,
    /// When it was dropped, inserted or edited.
    pub(super) arrived: Option<EditTime>,
}

#[derive(Clone, Debug)]
pub(super) struct Drop {
    pub(super) node: Id,
    pub(super) at: At,
}

/// A place in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum At {
    Name(Name),
    /// In a list: after all items that stay and have an index below `gap`, before all others. The op that put it there
    /// does not tell this gap from the ones up to `hi`: it takes the items between.
    Gap {
        gap: u32,
        hi: u32,
    },
}

/// What a value must be for an op to fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    List,
    Object,
    Text,
    Counter,
}

impl<'op> Form<'op> {
    /// The form of an op over the document before it.
    ///
    /// # Errors
    /// [`Error::MalformedOp`] when no document fits the op.
    pub(super) fn of(op: &'op JsonOp) -> Result<Self, Error> {
        Self::between(&op.picks, &op.drops)
    }

    /// The form, over the document after the op, of what takes it back. The content of what comes back is unknown.
    pub(super) fn undoing(op: &'op JsonOp) -> Result<Self, Error> {
        Self::between(&op.drops, &op.picks)
    }

    /// A form that does nothing.
    pub(super) fn empty() -> Self {
        Self {
            nodes: vec![Node::new(None, 1, None)],
            moved: Vec::new(),
        }
    }

    /// Values leave at the marks of one half, whose paths are those of the base document, and arrive at the marks of the
    /// other.
    fn between(leaving: &'op Branch, arriving: &'op Branch) -> Result<Self, Error> {
        let mut form = Self::empty();
        form.leave(leaving, ABOVE)?;
        form.arrive(arriving, ABOVE)?;
        Ok(form)
    }

    fn add(&mut self, node: Node<'op>) -> Id {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn leave(&mut self, branch: &'op Branch, node: Id) -> Result<(), Error> {
        self.nodes[node].pick = match &branch.mark {
            Mark::None => Pick::None,
            Mark::Move(slot) => {
                let slot = *slot as usize;
                if self.moved.len() <= slot {
                    self.moved.resize(slot + 1, None);
                }
                self.moved[slot] = Some(node);
                Pick::Moved
            }
            Mark::Remove(content) => Pick::Removed(Lost {
                values: content.values(),
                may_return: content.may_return(),
            }),
            Mark::Insert(value) => Pick::Removed(Lost {
                values: Some(std::slice::from_ref(value)),
                may_return: true,
            }),
        };
        self.nodes[node].times.left = branch.time;
        self.set_edit(node, branch)?;
        self.set_container(node, branch)?;
        for kid in &branch.kids {
            let id = self.add(Node::new(Some(kid.key.clone()), kid.len, None));
            self.nodes[node].kids.push(id);
            self.leave(&kid.branch, id)?;
        }
        Ok(())
    }

    fn arrive(&mut self, branch: &'op Branch, node: Id) -> Result<(), Error> {
        self.nodes[node].times.arrived = branch.time;
        self.set_edit(node, branch)?;
        self.set_container(node, branch)?;
        match branch.kids.first().map(|kid| &kid.key) {
            None => Ok(()),
            Some(Key::Index(_)) => self.arrive_in_list(branch, node),
            Some(Key::Name(_)) => self.arrive_in_object(branch, node),
        }
    }

    fn arrive_in_object(&mut self, branch: &'op Branch, node: Id) -> Result<(), Error> {
        let mut new = Vec::new();
        for kid in &branch.kids {
            let Key::Name(name) = &kid.key else { continue };
            let here = self.kid(node, &kid.key);
            let picked = here.is_some_and(|id| self.nodes[id].pick != Pick::None);
            let literal = self.nodes[node].value;
            let id = if kid.branch.mark == Mark::None {
                match here {
                    Some(_) if picked => return misfit("a path leads through a picked value"),
                    Some(id) => id,
                    None => self.passed(node, kid.key.clone(), &mut new)?,
                }
            } else {
                let taken = literal.is_some_and(|value| value.get(&kid.key).is_some());
                if taken || (here.is_some() && !picked) {
                    return misfit("a value is dropped on one that is still there");
                }
                self.drop(kid, node, At::Name(name.clone()))?
            };
            self.arrive(&kid.branch, id)?;
        }
        self.add_kids(node, new);
        Ok(())
    }

    fn arrive_in_list(&mut self, branch: &'op Branch, node: Id) -> Result<(), Error> {
        let literal_len = match self.nodes[node].value {
            Some(Value::List(list)) => list.len(),
            _ => usize::MAX,
        };
        let mut new = Vec::new();
        let mut survivors = Survivors::new(self, node);
        let mut dropped = 0u32;
        for kid in &branch.kids {
            let Key::Index(index) = kid.key else { continue };
            let before = index.saturating_sub(dropped);
            if before as usize > literal_len {
                return misfit("a list index past the end");
            }
            let id = if kid.branch.mark == Mark::None {
                let key = Key::Index(survivors.index(before));
                match self.kid(node, &key) {
                    Some(id) => id,
                    None => self.passed(node, key, &mut new)?,
                }
            } else {
                dropped = dropped.saturating_add(kid.len);
                self.drop(kid, node, survivors.gap(before))?
            };
            self.arrive(&kid.branch, id)?;
        }
        self.add_kids(node, new);
        Ok(())
    }

    /// The node of what arrives at `kid`, noted among the drops of its container.
    fn drop(&mut self, kid: &'op Child, container: Id, at: At) -> Result<Id, Error> {
        let moved = match &kid.branch.mark {
            Mark::Move(slot) => Some(self.moved.get(*slot as usize).copied().flatten()),
            _ => None,
        };
        let node = match (moved, &kid.branch.mark) {
            (Some(Some(node)), _) => node,
            (Some(None), _) => return misfit("a drop without its pick"),
            (None, Mark::Insert(value)) => self.add(Node::new(None, 1, Some(value))),
            (None, mark) => {
                let node = self.add(Node::new(None, kid.len, None));
                self.nodes[node].may_return =
                    matches!(mark, Mark::Remove(content) if content.may_return());
                node
            }
        };
        self.nodes[container].drops.push(Drop { node, at });
        Ok(node)
    }

    /// A new child of `node`, which stays where it is.
    fn passed(&mut self, node: Id, key: Key, new: &mut Vec<Id>) -> Result<Id, Error> {
        let value = match self.nodes[node].value {
            None => None,
            Some(literal) => match literal.get(&key) {
                None => return misfit("an inserted value has no such part"),
                value => value,
            },
        };
        let id = self.add(Node::new(Some(key), 1, value));
        new.push(id);
        Ok(id)
    }

    /// Adds children, which are in order, among the others.
    fn add_kids(&mut self, node: Id, new: Vec<Id>) {
        if !new.is_empty() {
            let mut kids = std::mem::take(&mut self.nodes[node].kids);
            kids.extend(new);
            // Two sorted runs: the stable sort merges them in linear time.
            kids.sort_by(|a, b| self.nodes[*a].key.cmp(&self.nodes[*b].key));
            self.nodes[node].kids = kids;
        }
    }

    /// The child at `key`; not one inside a run.
    fn kid(&self, node: Id, key: &Key) -> Option<Id> {
        let kids = &self.nodes[node].kids;
        let found = kids.binary_search_by(|kid| self.nodes[*kid].key.as_ref().cmp(&Some(key)));
        found.ok().map(|at| kids[at])
    }

    fn set_edit(&mut self, node: Id, branch: &'op Branch) -> Result<(), Error> {
        let Some(edit) = &branch.edit else {
            return Ok(());
        };
        self.nodes[node].set_kind(match edit {
            Edit::Text(_) => Kind::Text,
            Edit::Add(_) => Kind::Counter,
        })?;
        self.nodes[node].edit = Some(edit);
        match self.nodes[node].value {
            Some(literal) => edit.check_fits(literal),
            None => Ok(()),
        }
    }

    fn set_container(&mut self, node: Id, branch: &Branch) -> Result<(), Error> {
        for kid in &branch.kids {
            self.nodes[node].set_kind(match kid.key {
                Key::Index(_) => Kind::List,
                Key::Name(_) => Kind::Object,
            })?;
        }
        Ok(())
    }
}

impl<'op> Node<'op> {
    fn new(key: Option<Key>, len: u32, value: Option<&'op Value>) -> Self {
        Self {
            key,
            len,
            value,
            may_return: false,
            kind: None,
            pick: Pick::None,
            edit: None,
            times: Times::default(),
            kids: Vec::new(),
            drops: Vec::new(),
        }
    }

    /// The index of the first item, in a list.
    pub(super) fn start(&self) -> u32 {
        match self.key {
            Some(Key::Index(start)) => start,
            _ => 0,
        }
    }

    fn set_kind(&mut self, kind: Kind) -> Result<(), Error> {
        if self.value.is_some_and(|literal| !kind.is_of(literal)) {
            return misfit("an inserted value is used as what it is not");
        }
        match self.kind.replace(kind) {
            Some(old) if old != kind => misfit("one value is used as of two kinds"),
            _ => Ok(()),
        }
    }
}

impl Kind {
    /// Whether `value` is of this kind.
    pub(super) fn is_of(self, value: &Value) -> bool {
        match self {
            Self::List => matches!(value, Value::List(_)),
            Self::Object => matches!(value, Value::Object(_)),
            Self::Text => matches!(value, Value::String(_)),
            Self::Counter => matches!(value, Value::Number(_)),
        }
    }
}

/// Counts through the items of a list that a form does not pick, from the first on: questions must ascend.
struct Survivors {
    /// The picked runs, ascending: start and length.
    picked: Vec<(u32, u32)>,
    next: usize,
    /// How many items are picked before the one asked for last.
    gone: u32,
    /// The last answer of `gap`.
    last_gap: Option<(u32, At)>,
}

impl Survivors {
    fn new(form: &Form<'_>, list: Id) -> Self {
        let picked = |&kid: &Id| match &form.nodes[kid] {
            Node {
                key: Some(Key::Index(start)),
                pick: Pick::Moved | Pick::Removed(_),
                len,
                ..
            } => Some((*start, *len)),
            _ => None,
        };
        Self {
            picked: form.nodes[list].kids.iter().filter_map(picked).collect(),
            next: 0,
            gone: 0,
            last_gap: None,
        }
    }

    /// The base index of the survivor with `before` survivors before it.
    fn index(&mut self, before: u32) -> u32 {
        while let Some(&(start, len)) = self.picked.get(self.next) {
            if start > before.saturating_add(self.gone) {
                break;
            }
            self.next += 1;
            self.gone = self.gone.saturating_add(len);
        }
        before.saturating_add(self.gone)
    }

    /// The place that has `before` survivors before it.
    fn gap(&mut self, before: u32) -> At {
        if let Some((_, at)) = self.last_gap.as_ref().filter(|(last, _)| *last == before) {
            return at.clone();
        }
        let gap = match before.checked_sub(1) {
            Some(last) => self.index(last).saturating_add(1),
            None => 0,
        };
        let at = At::Gap {
            gap,
            hi: self.index(before),
        };
        self.last_gap = Some((before, at.clone()));
        at
    }
}

pub(super) fn misfit<T>(reason: &str) -> Result<T, Error> {
    Err(Error::MalformedOp {
        reason: reason.to_owned(),
    })
}

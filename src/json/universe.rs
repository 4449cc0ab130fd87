//! Two forms over one document, in one tree of identities.

use fnv::FnvHashMap;

use super::form::{At, Drop, Form, Id, Kind, Node as FormNode, Pick, Times, misfit};
use super::key::{Key, Path};
use super::op::Edit;
use super::value::Value;
use crate::Error;

pub(super) use super::form::ABOVE;

/// One of the two forms, as an index.
pub(super) type Which = usize;

/// Everything that either form touches. A run is one node, cut where one form sets apart what the other does not: so every
/// node is touched, and every gap stands, as a whole.
#[derive(Debug)]
pub(super) struct Universe<'op> {
    /// Parents before their children.
    pub(super) nodes: Vec<Node<'op>>,
}

#[derive(Debug)]
pub(super) struct Node<'op> {
    /// Where it is in the base document or, for a part of a literal, in the literal.
    pub(super) home: Option<Home>,
    pub(super) len: u32,
    /// A literal, or a part of one.
    pub(super) literal: Option<&'op Value>,
    /// Whether it is what the first op of a sequence removed, and a policy may bring it back.
    pub(super) may_return: bool,
    /// What both forms take it for.
    pub(super) kind: Option<Kind>,
    pub(super) kids: Vec<Id>,
    pub(super) sides: [Touch<'op>; 2],
    /// What each form puts into this container, in that form's order.
    pub(super) drops: [Vec<Id>; 2],
}

#[derive(Clone, Debug)]
pub(super) struct Home {
    pub(super) parent: Id,
    pub(super) key: Key,
}

/// What one form does with a node.
#[derive(Clone, Debug, Default)]
pub(super) struct Touch<'op> {
    pub(super) pick: Pick<'op>,
    /// Where it puts it, if it moves or inserts it.
    pub(super) place: Option<Place>,
    pub(super) edit: Option<&'op Edit>,
    pub(super) times: Times,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) container: Id,
    pub(super) at: At,
}

impl<'op> Universe<'op> {
    /// Both forms in one. Equal literals that both insert at one key become one node, from the top down.
    ///
    /// # Errors
    /// [`Error::MalformedOp`] when no document fits both.
    pub(super) fn unite(left: &Form<'op>, right: &Form<'op>) -> Result<Self, Error> {
        let mut union = Union {
            forms: [left, right],
            nodes: Vec::with_capacity(left.nodes.len() + right.nodes.len()),
            images: [left, right].map(|form| vec![None; form.nodes.len()]),
            rest: Default::default(),
            drops: Vec::new(),
        };
        union.node([Some(ABOVE), Some(ABOVE)], None, None)?;
        Ok(union.finish())
    }

    /// Whether the node is a whole literal: it was nowhere in the base document.
    pub(super) fn is_new(&self, node: Id) -> bool {
        node != ABOVE && self.nodes[node].home.is_none()
    }

    /// The path of the node in the base document; of a literal, or a part of one, that of its container there and its key.
    pub(super) fn path(&self, node: Id) -> Path {
        let mut keys = Vec::new();
        let mut next = Some(node);
        while let Some(node) = next.filter(|node| *node != ABOVE) {
            let node = &self.nodes[node];
            let place = || node.sides.iter().find_map(|touch| touch.place.as_ref());
            let (above, key) = match (&node.home, place()) {
                (Some(home), _) => (home.parent, home.key.clone()),
                (
                    None,
                    Some(Place {
                        container,
                        at: At::Name(name),
                    }),
                ) => (*container, Key::Name(name.clone())),
                (
                    None,
                    Some(Place {
                        container,
                        at: At::Gap { gap, .. },
                    }),
                ) => (*container, Key::Index(*gap)),
                (None, None) => break,
            };
            next = Some(above);
            // The key of the root is that in the container above the document.
            keys.extend((above != ABOVE).then_some(key));
        }
        keys.reverse();
        Path(keys)
    }

    /// The child at `key`; not one inside a run.
    pub(super) fn kid(&self, node: Id, key: &Key) -> Option<Id> {
        let kids = &self.nodes[node].kids;
        let key_of = |kid: &Id| self.nodes[*kid].home.as_ref().map(|home| &home.key);
        let found = kids.binary_search_by(|kid| key_of(kid).cmp(&Some(key)));
        found.ok().map(|at| kids[at])
    }

    /// What the form puts into an object at `key`.
    pub(super) fn dropped_at(&self, object: Id, key: &Key, which: Which) -> Option<Id> {
        let Key::Name(name) = key else { return None };
        let drops = &self.nodes[object].drops[which];
        let name_of = |drop: &Id| match &self.nodes[*drop].sides[which].place {
            Some(Place {
                at: At::Name(name), ..
            }) => Some(name),
            _ => None,
        };
        let found = drops.binary_search_by(|drop| name_of(drop).cmp(&Some(name)));
        found.ok().map(|at| drops[at])
    }

    /// Its container in the base document, or in its literal.
    pub(super) fn parent(&self, node: Id) -> Option<Id> {
        self.nodes[node].home.as_ref().map(|home| home.parent)
    }
}

struct Union<'f, 'op> {
    forms: [&'f Form<'op>; 2],
    nodes: Vec<Node<'op>>,
    /// By form node: its node here; of a run that was cut, the first piece.
    images: [Vec<Option<Id>>; 2],
    /// The other pieces of runs that were cut.
    rest: [FnvHashMap<Id, Vec<Id>>; 2],
    /// Drops as the forms have them: container here, form, drop.
    drops: Vec<(Id, Which, Drop)>,
}

/// Part of a run: where it starts in its list, and how many items of the run come before.
#[derive(Clone, Copy)]
struct Piece {
    start: u32,
    len: u32,
}

impl<'op> Union<'_, 'op> {
    /// A node of one form or of both. `piece` is given for items of a list.
    fn node(
        &mut self,
        from: [Option<Id>; 2],
        parent: Option<Id>,
        piece: Option<Piece>,
    ) -> Result<Id, Error> {
        let forms = self.forms;
        let of = |which: Which| from[which].map(|id| &forms[which].nodes[id]);
        let Some(any) = of(0).or(of(1)) else {
            return misfit("a node of neither form");
        };
        if let (Some(a), Some(b)) = (of(0), of(1))
            && a.kind.is_some()
            && b.kind.is_some()
            && a.kind != b.kind
        {
            return misfit("no document fits both ops: one value is used as of two kinds");
        }
        let id = self.nodes.len();
        let key = match piece {
            Some(piece) => Some(Key::Index(piece.start)),
            None => any.key.clone(),
        };
        self.nodes.push(Node {
            home: parent.zip(key).map(|(parent, key)| Home { parent, key }),
            len: piece.map_or(any.len, |piece| piece.len),
            literal: any.value,
            may_return: any.may_return,
            kind: of(0)
                .and_then(|node| node.kind)
                .or(of(1).and_then(|node| node.kind)),
            kids: Vec::new(),
            sides: [0, 1]
                .map(|which| of(which).map_or_else(Touch::default, |node| touch(node, piece))),
            drops: Default::default(),
        });
        for which in [0, 1] {
            if let Some(image) = from[which] {
                match &mut self.images[which][image] {
                    Some(_) => self.rest[which].entry(image).or_default().push(id),
                    first => *first = Some(id),
                }
            }
        }
        let kids = [0, 1].map(|which| of(which).map_or(&[][..], |node| &node.kids));
        let drops = [0, 1].map(|which| of(which).map_or(&[][..], |node| &node.drops));
        match self.nodes[id].kind {
            Some(Kind::List) => {
                self.items(id, kids, drops)?;
                self.new_items(id, drops)
            }
            _ => {
                self.values(id, kids)?;
                self.new_values(id, drops)
            }
        }?;
        Ok(id)
    }

    /// The children of an object.
    fn values(&mut self, parent: Id, kids: [&[Id]; 2]) -> Result<(), Error> {
        let [mut left, mut right] = kids.map(|kids| kids.iter().copied().peekable());
        let mut united = Vec::with_capacity(kids[0].len().max(kids[1].len()));
        loop {
            let key =
                |which: Which, kid: Option<&Id>| kid.map(|&kid| &self.forms[which].nodes[kid].key);
            let from = match (key(0, left.peek()), key(1, right.peek())) {
                (None, None) => break,
                (Some(a), Some(b)) if a == b => [left.next(), right.next()],
                (Some(a), Some(b)) if a > b => [None, right.next()],
                (None, Some(_)) => [None, right.next()],
                _ => [left.next(), None],
            };
            united.push(self.node(from, Some(parent), None)?);
        }
        self.nodes[parent].kids = united;
        Ok(())
    }

    /// The children of a list, cut at each other's ends and at the gaps of both.
    fn items(&mut self, parent: Id, kids: [&[Id]; 2], drops: [&[Drop]; 2]) -> Result<(), Error> {
        let mut cuts = Cuts::new(drops);
        let forms = self.forms;
        let mut next = [0, 0];
        // Where the rest of each form's next child starts, when its first part is done.
        let mut from = [0, 0];
        let mut united = Vec::with_capacity(kids[0].len().max(kids[1].len()));
        loop {
            let range = |which: Which| {
                let node = &forms[which].nodes[*kids[which].get(next[which])?];
                let start = node.start();
                Some((start.max(from[which]), start.saturating_add(node.len)))
            };
            let ranges = [range(0), range(1)];
            let start = match ranges {
                [None, None] => break,
                [Some((a, _)), Some((b, _))] => a.min(b),
                [Some((a, _)), None] | [None, Some((a, _))] => a,
            };
            let mut end = cuts.after(start);
            for (at, range_end) in ranges.into_iter().flatten() {
                end = end.min(if at > start { at } else { range_end });
            }
            let mut here = [None, None];
            for which in [0, 1] {
                if let Some((at, range_end)) = ranges[which]
                    && at == start
                {
                    here[which] = Some(kids[which][next[which]]);
                    from[which] = end;
                    next[which] += usize::from(end == range_end);
                }
            }
            let len = end - start;
            united.push(self.node(here, Some(parent), Some(Piece { start, len }))?);
        }
        self.nodes[parent].kids = united;
        Ok(())
    }

    fn new_items(&mut self, container: Id, drops: [&[Drop]; 2]) -> Result<(), Error> {
        for which in [0, 1] {
            for drop in drops[which] {
                self.add_drop(container, which, drop);
                self.literal(which, drop)?;
            }
        }
        Ok(())
    }

    /// What is dropped in an object: in both forms ascending by name.
    fn new_values(&mut self, container: Id, drops: [&[Drop]; 2]) -> Result<(), Error> {
        let [mut left, mut right] = drops.map(|drops| drops.iter().peekable());
        loop {
            let name = |drop: Option<&&Drop>| match drop.map(|drop| &drop.at) {
                Some(At::Name(name)) => Some(name.clone()),
                _ => None,
            };
            let (a, b) = match (name(left.peek()), name(right.peek())) {
                (None, None) => break,
                (Some(a), Some(b)) if a == b => (left.next(), right.next()),
                (Some(a), Some(b)) if a > b => (None, right.next()),
                (None, Some(_)) => (None, right.next()),
                _ => (left.next(), None),
            };
            for (which, drop) in [(0, a), (1, b)] {
                if let Some(drop) = drop {
                    self.add_drop(container, which, drop);
                }
            }
            let literal = |which: Which, drop: Option<&Drop>| {
                let node = &self.forms[which].nodes[drop?.node];
                node.value.filter(|_| node.key.is_none())
            };
            match (a, b) {
                (Some(l), Some(r)) if literal(0, a).is_some() && literal(0, a) == literal(1, b) => {
                    self.node([Some(l.node), Some(r.node)], None, None)?;
                }
                _ => {
                    for (which, drop) in [(0, a), (1, b)] {
                        drop.map_or(Ok(()), |drop| self.literal(which, drop))?;
                    }
                }
            }
        }
        Ok(())
    }

    fn add_drop(&mut self, container: Id, which: Which, drop: &Drop) {
        self.drops.push((container, which, drop.clone()));
    }

    /// The node of a literal that only one form inserts.
    fn literal(&mut self, which: Which, drop: &Drop) -> Result<(), Error> {
        if self.forms[which].nodes[drop.node].key.is_none() {
            let mut from = [None, None];
            from[which] = Some(drop.node);
            self.node(from, None, None)?;
        }
        Ok(())
    }

    /// Drops in terms of the nodes here.
    fn finish(mut self) -> Universe<'op> {
        for (container, which, drop) in std::mem::take(&mut self.drops) {
            let first = self.images[which][drop.node];
            let rest = self.rest[which].get(&drop.node);
            let pieces = first.into_iter().chain(rest.into_iter().flatten().copied());
            for piece in pieces {
                self.nodes[container].drops[which].push(piece);
                self.nodes[piece].sides[which].place = Some(Place {
                    container,
                    at: drop.at.clone(),
                });
            }
        }
        Universe { nodes: self.nodes }
    }
}

fn touch<'op>(node: &FormNode<'op>, piece: Option<Piece>) -> Touch<'op> {
    let pick = match (node.pick, piece) {
        (Pick::Removed(lost), Some(piece)) => {
            Pick::Removed(lost.piece(piece.start - node.start(), piece.len))
        }
        (pick, _) => pick,
    };
    Touch {
        pick,
        place: None,
        edit: node.edit,
        times: node.times,
    }
}

/// The gaps of two sorted lists of drops, ascending.
struct Cuts<'f> {
    drops: [&'f [Drop]; 2],
}

impl<'f> Cuts<'f> {
    fn new(drops: [&'f [Drop]; 2]) -> Self {
        Self { drops }
    }

    /// The first gap after `index`; questions must ascend.
    fn after(&mut self, index: u32) -> u32 {
        let mut first = u32::MAX;
        for drops in &mut self.drops {
            while let Some((drop, rest)) = drops.split_first() {
                match drop.at {
                    At::Gap { gap, .. } if gap > index => {
                        first = first.min(gap);
                        break;
                    }
                    _ => *drops = rest,
                }
            }
        }
        first
    }
}

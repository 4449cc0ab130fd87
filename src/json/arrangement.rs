//! Where every node of a universe is in one document.

use super::form::{ABOVE, At, Id, Pick};
use super::key::Key;
use super::universe::{Home, Place, Universe, Which};
use super::value::MAX_DEPTH;
use crate::Error;

/// A document as the places of the universe's nodes in it.
#[derive(Debug)]
pub(super) struct Arrangement {
    places: Vec<Seat>,
    /// By container: what is dropped into it, in order.
    drops: Vec<Vec<Id>>,
    /// By node: its container and its key there, if it is in the document.
    at: Vec<Option<(Id, Key)>>,
    /// By container: the nodes in it, in order.
    children: Vec<Vec<Id>>,
}

/// How a node comes to its place.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Seat {
    /// It is where it is in the base document, or in its literal.
    #[default]
    Home,
    /// It was taken away, or is not inserted.
    Nowhere,
    /// One of the forms put it there.
    Put { by: Which, place: Place },
}

impl Arrangement {
    /// The base document.
    pub(super) fn base(universe: &Universe<'_>) -> Result<Self, Error> {
        let places = (0..universe.nodes.len()).map(|node| match universe.is_new(node) {
            true => Seat::Nowhere,
            false => Seat::Home,
        });
        let drops = vec![Vec::new(); universe.nodes.len()];
        Self::lay_out(universe, places.collect(), drops)
    }

    /// The document after one of the forms.
    pub(super) fn after(universe: &Universe<'_>, which: Which) -> Result<Self, Error> {
        let places = universe.nodes.iter().enumerate().map(|(id, node)| {
            let touch = &node.sides[which];
            match (&touch.place, touch.pick) {
                (Some(place), _) => Seat::Put {
                    by: which,
                    place: place.clone(),
                },
                (None, Pick::None) if !universe.is_new(id) => Seat::Home,
                _ => Seat::Nowhere,
            }
        });
        let drops = universe.nodes.iter().map(|node| node.drops[which].clone());
        Self::lay_out(universe, places.collect(), drops.collect())
    }

    /// A document by the places of its nodes, and for each container what is put into it, in order.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when it nests too deep.
    pub(super) fn lay_out(
        universe: &Universe<'_>,
        places: Vec<Seat>,
        drops: Vec<Vec<Id>>,
    ) -> Result<Self, Error> {
        let len = universe.nodes.len();
        let mut this = Self {
            places,
            drops,
            at: vec![None; len],
            children: vec![Vec::new(); len],
        };
        let mut todo = vec![(ABOVE, 0)];
        while let Some((container, depth)) = todo.pop() {
            if depth > MAX_DEPTH + 1 {
                return Err(Error::TooLarge {
                    what: "the nesting of the document",
                    size: depth - 1,
                    limit: MAX_DEPTH,
                });
            }
            let children = this.children_of(universe, container);
            for (child, key) in &children {
                this.at[*child] = Some((container, key.clone()));
            }
            let children: Vec<Id> = children.into_iter().map(|(child, _)| child).collect();
            todo.extend(children.iter().map(|child| (*child, depth + 1)));
            this.children[container] = children;
        }
        Ok(this)
    }

    /// The nodes in a container with their keys: what stays, and what is dropped, merged.
    fn children_of(&self, universe: &Universe<'_>, container: Id) -> Vec<(Id, Key)> {
        let node = &universe.nodes[container];
        let drops = &self.drops[container];
        let mut merge = Merge {
            universe,
            arrangement: self,
            kids: node.kids.iter().copied().peekable(),
            children: Vec::with_capacity(node.kids.len() + drops.len()),
            gone: 0,
            dropped: 0,
            reached: (0, 0),
        };
        for &drop in drops {
            merge.push_drop(drop);
        }
        merge.push_kids_before(None);
        merge.children
    }

    /// Whether the node is in the document.
    pub(super) fn has(&self, node: Id) -> bool {
        node == ABOVE || self.at[node].is_some()
    }

    /// The node's container and its key there.
    pub(super) fn at(&self, node: Id) -> Option<&(Id, Key)> {
        self.at[node].as_ref()
    }

    /// How the node comes to its place.
    pub(super) fn seat(&self, node: Id) -> &Seat {
        &self.places[node]
    }

    /// Whether the node is where it is in the base document, as seen from its parent there.
    pub(super) fn stays(&self, node: Id) -> bool {
        self.places[node] == Seat::Home
    }

    /// The nodes in a container, in order.
    pub(super) fn children(&self, container: Id) -> &[Id] {
        &self.children[container]
    }
}

/// Merges what stays in a container and what is dropped there.
struct Merge<'a, 'op> {
    universe: &'a Universe<'op>,
    arrangement: &'a Arrangement,
    kids: std::iter::Peekable<std::iter::Copied<std::slice::Iter<'a, Id>>>,
    children: Vec<(Id, Key)>,
    /// How many items are not here any more, up to the last child looked at.
    gone: u32,
    /// How many were dropped so far.
    dropped: u32,
    /// The furthest gap of a drop, and how many items that stay come before it.
    reached: (u32, u32),
}

impl Merge<'_, '_> {
    fn push_drop(&mut self, drop: Id) {
        let Seat::Put { place, .. } = &self.arrangement.places[drop] else {
            return;
        };
        self.push_kids_before(Some(&place.at));
        let key = match &place.at {
            At::Name(name) => Key::Name(name.clone()),
            At::Gap { gap, .. } => {
                // Drops of two ops may tie although their gaps differ: then nothing that stays is between.
                if *gap >= self.reached.0 {
                    self.reached = (*gap, gap.saturating_sub(self.gone));
                }
                Key::Index(self.reached.1.saturating_add(self.dropped))
            }
        };
        self.dropped = self.dropped.saturating_add(self.universe.nodes[drop].len);
        self.children.push((drop, key));
    }

    /// Moves on through the children of the base document.
    fn push_kids_before(&mut self, at: Option<&At>) {
        let universe = self.universe;
        let is_before = |kid: &Id| match (at, universe.nodes[*kid].home.as_ref()) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(At::Gap { gap, .. }), Some(home)) => {
                matches!(&home.key, Key::Index(start) if start < gap)
            }
            (Some(At::Name(name)), Some(home)) => matches!(&home.key, Key::Name(kid) if kid < name),
        };
        while let Some(kid) = self.kids.next_if(is_before) {
            let node = &universe.nodes[kid];
            match &node.home {
                _ if !self.arrangement.stays(kid) => self.gone = self.gone.saturating_add(node.len),
                Some(Home {
                    key: Key::Index(start),
                    ..
                }) => {
                    let index = start.saturating_sub(self.gone).saturating_add(self.dropped);
                    self.children.push((kid, Key::Index(index)));
                }
                Some(Home { key, .. }) => self.children.push((kid, key.clone())),
                None => {}
            }
        }
    }
}

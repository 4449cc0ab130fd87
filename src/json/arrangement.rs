//! Where every node of a universe is in one document.

use super::form::{ABOVE, At, Id, Pick};
use super::key::Key;
use super::universe::{Place, Universe, Which};
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
        let kids = &universe.nodes[container].kids;
        let drops = &self.drops[container];
        let mut children = Vec::with_capacity(kids.len() + drops.len());
        let mut kids = kids.iter().copied().peekable();
        let (mut gone, mut dropped) = (0u32, 0u32);
        let mut push_kid = |kid: Id, dropped: u32, children: &mut Vec<(Id, Key)>| {
            let node = &universe.nodes[kid];
            if self.places[kid] != Seat::Home {
                gone = gone.saturating_add(node.len);
            } else if let Some(home) = &node.home {
                let key = match &home.key {
                    Key::Index(start) => {
                        Key::Index(start.saturating_sub(gone).saturating_add(dropped))
                    }
                    name => name.clone(),
                };
                children.push((kid, key));
            }
            gone
        };
        let mut gone_before = 0;
        for &drop in drops {
            let Seat::Put { place, .. } = &self.places[drop] else {
                continue;
            };
            while let Some(kid) = kids.next_if(|kid| {
                let home = universe.nodes[*kid].home.as_ref();
                home.is_some_and(|home| match (&home.key, &place.at) {
                    (Key::Index(start), At::Gap { gap, .. }) => start < gap,
                    (Key::Name(kid), At::Name(name)) => kid < name,
                    _ => false,
                })
            }) {
                gone_before = push_kid(kid, dropped, &mut children);
            }
            let key = match &place.at {
                At::Gap { gap, .. } => {
                    Key::Index(gap.saturating_sub(gone_before).saturating_add(dropped))
                }
                At::Name(name) => Key::Name(name.clone()),
            };
            dropped = dropped.saturating_add(universe.nodes[drop].len);
            children.push((drop, key));
        }
        for kid in kids {
            push_kid(kid, dropped, &mut children);
        }
        children
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

//! Writing.

use std::fmt;

use fnv::FnvHashMap;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::json::canonical::number;
use crate::json::key::Key;
use crate::json::op::{Branch, Child, Content, Edit, JsonOp, Mark};

/// Writes the canonical form, neighbours that are removed or moved alike as one run, every remove as `r: true`.
///
/// # Laws
/// *decode after encode is the identity*: reading back gives an equal op.
impl Serialize for JsonOp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Writer {
            op: self,
            style: Style::Full,
        }
        .serialize(serializer)
    }
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Full,
    /// What the published grammar has: no edit times.
    Plain,
    PlainWithContent,
}

/// An op that writes itself in the published grammar: without runs and edit times.
#[derive(Clone, Debug)]
pub struct Plain {
    op: JsonOp,
    style: Style,
}

impl JsonOp {
    /// Writes in the published grammar, without runs and edit times; every remove as `r: true`.
    pub fn plain(&self) -> Plain {
        let (mut picks, mut drops) = ((*self.picks).clone(), (*self.drops).clone());
        let mut slots = FnvHashMap::default();
        single(&mut picks, &mut slots);
        single(&mut drops, &mut slots);
        number(&mut picks, &mut drops);
        Plain {
            op: Self::from_halves(picks, drops),
            style: Style::Plain,
        }
    }

    /// Writes in the published grammar; removes carry what they remove, where that is known.
    pub fn plain_with_content(&self) -> Plain {
        Plain {
            style: Style::PlainWithContent,
            ..self.plain()
        }
    }
}

/// An op as storage has it: what it knows of the content that it removes is not lost.
#[derive(Clone, Debug)]
pub enum Stored<'a> {
    /// Nothing is known: as on the wire.
    Wire(&'a JsonOp),
    /// Each remove says what it removes, so there are no runs.
    Content(Plain),
}

impl JsonOp {
    /// Writes as the wire form, or with what is known of the removed content, if anything is.
    pub fn stored(&self) -> Stored<'_> {
        if self.picks.knows_content() {
            Stored::Content(self.plain_with_content())
        } else {
            Stored::Wire(self)
        }
    }
}

impl Serialize for Stored<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Wire(op) => op.serialize(serializer),
            Self::Content(op) => op.serialize(serializer),
        }
    }
}

impl Serialize for Plain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Writer {
            op: &self.op,
            style: self.style,
        }
        .serialize(serializer)
    }
}

/// The wire form.
impl fmt::Display for JsonOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = crate::json::value_wire::to_text(self).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

/// Splits runs. The items of one have slots of their own: numbers by run and place in it.
fn single(branch: &mut Branch, slots: &mut FnvHashMap<(u32, u32), u32>) {
    let kids = std::mem::take(&mut branch.kids);
    for mut kid in kids {
        single(&mut kid.branch, slots);
        for at in 0..kid.len {
            let mut branch_here = kid.branch.clone();
            branch_here.mark = match &kid.branch.mark {
                Mark::Move(slot) => {
                    let next = slots.len() as u32;
                    Mark::Move(*slots.entry((*slot, at)).or_insert(next))
                }
                Mark::Remove(Content::Known(values)) => {
                    Mark::Remove(Content::Known([values[at as usize].clone()].into()))
                }
                mark => mark.clone(),
            };
            let key = match &kid.key {
                Key::Index(start) => Key::Index(start + at),
                name => name.clone(),
            };
            branch.push(key, 1, branch_here);
        }
    }
}

struct Writer<'a> {
    op: &'a JsonOp,
    style: Style,
}

impl Serialize for Writer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let above = zip(&self.op.picks.kids, &self.op.drops.kids);
        let Some(root) = above.first() else {
            return serializer.serialize_unit();
        };
        let mut seq = serializer.serialize_seq(None)?;
        root.write_tail(&mut seq, self.style)?;
        seq.end()
    }
}

/// A place with what both halves do there.
struct Place<'a> {
    key: &'a Key,
    pick: Option<&'a Child>,
    drop: Option<&'a Branch>,
}

/// The children of both halves, merged by key.
fn zip<'a>(picks: &'a [Child], drops: &'a [Child]) -> Vec<Place<'a>> {
    let mut places = Vec::with_capacity(picks.len().max(drops.len()));
    let (mut picks, mut drops) = (picks.iter().peekable(), drops.iter().peekable());
    loop {
        let (pick, drop) = match (picks.peek(), drops.peek()) {
            (None, None) => return places,
            (Some(a), Some(b)) if a.key == b.key => (picks.next(), drops.next()),
            (Some(a), Some(b)) if a.key > b.key => (None, drops.next()),
            (None, Some(_)) => (None, drops.next()),
            _ => (picks.next(), None),
        };
        places.extend(pick.or(drop).map(|kid| Place {
            key: &kid.key,
            pick,
            drop: drop.map(|kid| &kid.branch),
        }));
    }
}

impl Place<'_> {
    /// What follows the key: the component and the children; one child in line, several as lists.
    fn write_tail<S: SerializeSeq>(&self, seq: &mut S, style: Style) -> Result<(), S::Error> {
        let component = Component { place: self, style };
        if !component.is_empty() {
            seq.serialize_element(&component)?;
        }
        let picks = self.pick.map_or(&[][..], |kid| &kid.branch.kids);
        let drops = self.drop.map_or(&[][..], |branch| &branch.kids);
        match &*zip(picks, drops) {
            [only] => {
                seq.serialize_element(only.key)?;
                only.write_tail(seq, style)
            }
            several => several
                .iter()
                .try_for_each(|place| seq.serialize_element(&Descent { place, style })),
        }
    }
}

struct Descent<'a> {
    place: &'a Place<'a>,
    style: Style,
}

impl Serialize for Descent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        seq.serialize_element(self.place.key)?;
        self.place.write_tail(&mut seq, self.style)?;
        seq.end()
    }
}

struct Component<'a> {
    place: &'a Place<'a>,
    style: Style,
}

impl Component<'_> {
    fn pick(&self) -> &Mark {
        self.place.pick.map_or(&Mark::None, |kid| &kid.branch.mark)
    }

    fn drop(&self) -> &Mark {
        self.place.drop.map_or(&Mark::None, |branch| &branch.mark)
    }

    fn edit(&self) -> Option<&Edit> {
        self.place.drop.and_then(|branch| branch.edit.as_ref())
    }

    fn is_empty(&self) -> bool {
        *self.pick() == Mark::None && *self.drop() == Mark::None && self.edit().is_none()
    }
}

impl Serialize for Component<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.pick() {
            Mark::Move(slot) => map.serialize_entry("p", slot)?,
            Mark::Remove(Content::Known(values))
                if self.style == Style::PlainWithContent && values.len() == 1 =>
            {
                map.serialize_entry("r", &values[0])?;
            }
            Mark::Remove(_) => map.serialize_entry("r", &true)?,
            Mark::None | Mark::Insert(_) => {}
        }
        match self.place.pick {
            Some(kid) if kid.len > 1 => map.serialize_entry("n", &kid.len)?,
            _ => {}
        }
        if let (Style::Full, Some(time)) =
            (self.style, self.place.pick.and_then(|kid| kid.branch.time))
        {
            map.serialize_entry("pt", &time)?;
        }
        match self.drop() {
            Mark::Move(slot) => map.serialize_entry("d", slot)?,
            Mark::Insert(value) => map.serialize_entry("i", value)?,
            Mark::None | Mark::Remove(_) => {}
        }
        match self.edit() {
            Some(Edit::Text(edit)) => map.serialize_entry("es", edit)?,
            Some(Edit::Add(addend)) => map.serialize_entry("ena", addend)?,
            None => {}
        }
        if let (Style::Full, Some(time)) =
            (self.style, self.place.drop.and_then(|branch| branch.time))
        {
            map.serialize_entry("dt", &time)?;
        }
        map.end()
    }
}

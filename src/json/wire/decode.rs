//! Reading: the grammar, then whether some document fits, then the canonical form.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::Error;
use crate::json::arrangement::Arrangement;
use crate::json::content::Contents;
use crate::json::form::{Form, Lost, Pick, misfit};
use crate::json::key::{Key, Name};
use crate::json::number::Number;
use crate::json::op::{Branch, Child, Content, Edit, EditTime, JsonOp, Mark};
use crate::json::residual::{Base, Extras, residual};
use crate::json::universe::Universe;
use crate::json::value::{MAX_DEPTH, Value};
use crate::json::value_wire::{ValueSeed, too_deep};
use crate::text::TextOp;

/// Reads the wire form, for any self-describing format (JSON, JavaScript values), into canonical form.
///
/// Refused is what is not in the grammar, and what no document fits: an edit or a drop in what the op removes, one value used as
/// a list and as an object, a drop on a key that is not free, edits and indexes that do not fit an inserted value. Nesting is
/// limited to [`MAX_DEPTH`]. What `r` says of the removed value is not believed, and not kept.
///
/// ```
/// # use rejoin::json::JsonOp;
/// let op: JsonOp = serde_json::from_str(r#"["list",[1,{"r":"b"}],[2,{"r":"c"}]]"#)?;
/// assert_eq!(op.to_string(), r#"["list",1,{"r":true,"n":2}]"#);
/// assert!(serde_json::from_str::<JsonOp>(r#"["x",{"r":true},"y",{"es":["hi"]}]"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
impl<'de> Deserialize<'de> for JsonOp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let WithContent(mut op) = WithContent::deserialize(deserializer)?;
        op.forget_content();
        Ok(op)
    }
}

/// A [`JsonOp`] that believes what `r` says it removes; `r: true` says nothing. For those who made the op themselves.
#[derive(Clone, Debug)]
pub struct WithContent(pub JsonOp);

impl<'de> Deserialize<'de> for WithContent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let descent = deserializer.deserialize_option(OpVisitor)?;
        let op = match descent {
            None => Ok(JsonOp::noop()),
            Some(descent) => descent.into_op(),
        };
        op.map(Self).map_err(de::Error::custom)
    }
}

struct OpVisitor;

impl<'de> Visitor<'de> for OpVisitor {
    type Value = Option<Descent>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an op: null, or a list of keys, components and lists")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        DescentSeed {
            depth: 0,
            top: true,
        }
        .read(seq)
        .map(Some)
    }
}

/// A list of the grammar: the way down, then several ways on.
struct Descent {
    /// At the top first without a key.
    steps: Vec<Step>,
    children: Vec<Descent>,
}

struct Step {
    key: Option<Key>,
    component: Option<Component>,
}

#[derive(Default)]
struct Component {
    pick: Mark,
    run: Option<u32>,
    drop: Mark,
    edit: Option<Edit>,
    pick_time: Option<EditTime>,
    drop_time: Option<EditTime>,
}

/// One element of a descent.
enum Element {
    Key(Key),
    Component(Box<Component>),
    Child(Descent),
}

/// Reads a descent; `depth` is the length of the path to it.
#[derive(Clone, Copy)]
struct DescentSeed {
    depth: usize,
    top: bool,
}

impl DescentSeed {
    fn read<'de, A: SeqAccess<'de>>(self, mut seq: A) -> Result<Descent, A::Error> {
        let Self { mut depth, top } = self;
        let mut descent = Descent {
            steps: Vec::new(),
            children: Vec::new(),
        };
        if top {
            descent.steps.push(Step {
                key: None,
                component: None,
            });
        }
        while let Some(element) = seq.next_element_seed(ElementSeed { depth })? {
            if !descent.children.is_empty() && !matches!(element, Element::Child(_)) {
                return Err(de::Error::custom("only children follow a child"));
            }
            match element {
                Element::Key(key) => {
                    depth += 1;
                    if depth > MAX_DEPTH {
                        return Err(too_deep());
                    }
                    descent.steps.push(Step {
                        key: Some(key),
                        component: None,
                    });
                }
                Element::Component(component) => match descent.steps.last_mut() {
                    Some(
                        step @ Step {
                            component: None, ..
                        },
                    ) => step.component = Some(*component),
                    _ => return Err(de::Error::custom("a component without its key")),
                },
                Element::Child(child) => descent.add(child).map_err(de::Error::custom)?,
            }
        }
        descent.check_end().map_err(de::Error::custom)?;
        Ok(descent)
    }
}

impl Descent {
    fn first_key(&self) -> Option<&Key> {
        self.steps.first().and_then(|step| step.key.as_ref())
    }

    fn add(&mut self, child: Self) -> Result<(), &'static str> {
        if child.first_key().is_none() {
            return Err("a child begins with a key");
        }
        let last = self.children.last().and_then(Self::first_key);
        if last.is_some_and(|last| child.first_key() <= Some(last)) {
            return Err("children ascend by key");
        }
        self.children.push(child);
        Ok(())
    }

    fn check_end(&self) -> Result<(), &'static str> {
        match (self.children.len(), self.steps.last()) {
            (
                0,
                Some(Step {
                    component: Some(_), ..
                }),
            ) => Ok(()),
            (0, _) => Err("a descent ends with a component"),
            (1, _) => Err("an only child is written in line"),
            (_, None) => Err("a descent begins with a key"),
            (_, Some(_)) => Ok(()),
        }
    }

    /// The op, canonical.
    fn into_op(self) -> Result<JsonOp, Error> {
        let (mut picks, mut drops) = (Branch::default(), Branch::default());
        self.split(&mut picks, &mut drops);
        let mut slots = Slots::default();
        slots.picked(&picks)?;
        slots.dropped(&mut drops)?;
        slots.check_complete()?;
        forget_nested(&mut picks);
        normalize(&JsonOp::from_halves(picks, drops))
    }

    /// Adds both halves below what is above this descent.
    fn split(self, picks: &mut Branch, drops: &mut Branch) {
        let (mut pick, mut drop) = (Branch::default(), Branch::default());
        for child in self.children {
            child.split(&mut pick, &mut drop);
        }
        for step in self.steps.into_iter().rev() {
            let mut run = 1;
            if let Some(component) = step.component {
                pick.mark = component.pick;
                drop.mark = component.drop;
                drop.edit = component.edit;
                pick.time = component.pick_time;
                drop.time = component.drop_time;
                run = component.run.unwrap_or(1);
            }
            let key = step.key.unwrap_or_else(crate::json::op::root_key);
            let (mut above_picks, mut above_drops) = (Branch::default(), Branch::default());
            above_picks.push(key.clone(), run, pick);
            above_drops.push(key, 1, drop);
            (pick, drop) = (above_picks, above_drops);
        }
        picks.kids.extend(pick.kids);
        drops.kids.extend(drop.kids);
    }
}

/// The canonical op of the same effect.
pub(in crate::json) fn normalize(op: &JsonOp) -> Result<JsonOp, Error> {
    if let Some(edit) = op.as_untimed_text() {
        return Ok(JsonOp::text(edit.clone()));
    }
    let form = Form::of(op)?;
    let universe = Universe::unite(&form, &Form::empty())?;
    let contents = Contents::taken_by(&universe, 0);
    let mut extras = Extras::default();
    for (id, node) in universe.nodes.iter().enumerate() {
        let edit = node.sides[0].edit.filter(|edit| !edit.is_noop());
        extras.edits.extend(edit.map(|edit| (id, edit.clone())));
        extras.times.insert(id, node.sides[0].times);
        if let Pick::Removed(Lost {
            values: Some(values),
            ..
        }) = node.sides[0].pick
        {
            extras.removed.insert(id, Content::Known(values.into()));
        }
    }
    let from = Arrangement::base(&universe)?;
    let to = Arrangement::after(&universe, 0)?;
    residual(&universe, &from, &to, &contents, Base::Before, extras)
}

/// A remove in what is removed is dropped from the canonical form; the content of the outer one lacks it then.
fn forget_nested(branch: &mut Branch) -> bool {
    let mut removes = false;
    for kid in &mut branch.kids {
        let below = forget_nested(&mut kid.branch);
        match &mut kid.branch.mark {
            Mark::Remove(content) => {
                if below {
                    *content = Content::Unknown;
                }
                removes = true;
            }
            Mark::Move(_) => {}
            _ => removes |= below,
        }
    }
    removes
}

/// The moves of an op, by slot: the length of the run that was picked up, until it is dropped.
#[derive(Default)]
struct Slots {
    runs: fnv::FnvHashMap<u32, u32>,
    count: usize,
}

impl Slots {
    fn picked(&mut self, branch: &Branch) -> Result<(), Error> {
        let mut free = 0;
        for kid in &branch.kids {
            free = after_run(kid, free)?;
            if let Mark::Move(slot) = kid.branch.mark
                && self.runs.insert(slot, kid.len).is_some()
            {
                return misfit("a slot is picked up twice");
            }
            self.picked(&kid.branch)?;
        }
        self.count = self.runs.len();
        Ok(())
    }

    fn dropped(&mut self, branch: &mut Branch) -> Result<(), Error> {
        let mut free = 0;
        for kid in &mut branch.kids {
            if let Mark::Move(slot) = kid.branch.mark {
                match self.runs.remove(&slot) {
                    None => return misfit("a slot is dropped that was not picked up"),
                    Some(len) => kid.len = len,
                }
                if slot as usize >= self.count {
                    return misfit("slots are numbered 0 to n − 1");
                }
            }
            free = after_run(kid, free)?;
            self.dropped(&mut kid.branch)?;
        }
        Ok(())
    }

    fn check_complete(&self) -> Result<(), Error> {
        match self.runs.is_empty() {
            true => Ok(()),
            false => misfit("a slot is picked up and not dropped"),
        }
    }
}

/// The first index after a child, which must not be before `free`; a run has nothing below it.
fn after_run(kid: &Child, free: u32) -> Result<u32, Error> {
    match kid.key {
        Key::Index(start) if start < free => misfit("an item of a run is addressed on its own"),
        Key::Index(start) => {
            if kid.len > 1 && !kid.branch.is_leaf() {
                return misfit("an item of a run is addressed on its own");
            }
            match start.checked_add(kid.len) {
                Some(end) if end <= Key::MAX_INDEX + 1 => Ok(end),
                _ => misfit("a list index out of range"),
            }
        }
        Key::Name(_) if kid.len > 1 => misfit("only items of a list form a run"),
        Key::Name(_) => Ok(0),
    }
}

struct ElementSeed {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for ElementSeed {
    type Value = Element;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Element, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ElementSeed {
    type Value = Element;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key, a component or a list")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Element, E> {
        match name {
            Name::RESERVED => Err(E::custom("the key \"__proto__\" is reserved")),
            name => Ok(Element::Key(Key::from(name))),
        }
    }

    fn visit_u64<E: de::Error>(self, index: u64) -> Result<Element, E> {
        match u32::try_from(index) {
            Ok(index) if index <= Key::MAX_INDEX => Ok(Element::Key(Key::Index(index))),
            _ => Err(E::custom("a list index out of range")),
        }
    }

    fn visit_i64<E: de::Error>(self, index: i64) -> Result<Element, E> {
        match u64::try_from(index) {
            Ok(index) => self.visit_u64(index),
            Err(_) => Err(E::custom("a list index out of range")),
        }
    }

    fn visit_f64<E: de::Error>(self, index: f64) -> Result<Element, E> {
        whole(index).and_then(|index| self.visit_i64(index))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Element, A::Error> {
        let child = DescentSeed {
            depth: self.depth,
            top: false,
        };
        child.read(seq).map(Element::Child)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Element, A::Error> {
        read_component(self.depth, map)
            .map(Box::new)
            .map(Element::Component)
    }
}

/// JavaScript has one kind of number: 5.0 is 5.
fn whole<E: de::Error>(number: f64) -> Result<i64, E> {
    Number::new(number)
        .and_then(Number::as_safe_integer)
        .ok_or_else(|| E::custom("a whole number is needed"))
}

fn read_component<'de, A: MapAccess<'de>>(depth: usize, mut map: A) -> Result<Component, A::Error> {
    let mut component = Component::default();
    let room = MAX_DEPTH - depth.min(MAX_DEPTH);
    let mut embedded = (None, None);
    while let Some(field) = map.next_key::<String>()? {
        let problem = match &*field {
            "p" | "r" if component.pick != Mark::None => Some("two picks in one component"),
            "d" | "i" if component.drop != Mark::None => Some("two drops in one component"),
            "es" | "ena" if component.edit.is_some() => Some("two edits in one component"),
            "n" if component.run.is_some() => Some("a field twice in one component"),
            "pt" if component.pick_time.is_some() => Some("a field twice in one component"),
            "dt" if component.drop_time.is_some() => Some("a field twice in one component"),
            "et" if embedded.0.is_some() => Some("a field twice in one component"),
            "e" if embedded.1.is_some() => Some("a field twice in one component"),
            _ => None,
        };
        if let Some(problem) = problem {
            return Err(de::Error::custom(problem));
        }
        match &*field {
            "p" => component.pick = Mark::Move(map.next_value_seed(Count)?),
            "r" => {
                component.pick = Mark::Remove(match map.next_value_seed(ValueSeed { room })? {
                    Value::Bool(true) => Content::Unknown,
                    value => Content::Known([value].into()),
                });
            }
            "n" => component.run = Some(map.next_value_seed(Count)?),
            "pt" => component.pick_time = Some(map.next_value_seed(Time)?),
            "dt" => component.drop_time = Some(map.next_value_seed(Time)?),
            "d" => component.drop = Mark::Move(map.next_value_seed(Count)?),
            "i" => component.drop = Mark::Insert(map.next_value_seed(ValueSeed { room })?),
            "es" => component.edit = Some(Edit::Text(map.next_value::<TextOp>()?)),
            "ena" => component.edit = Some(Edit::Add(map.next_value_seed(Addend)?)),
            "et" => embedded.0 = Some(map.next_value::<String>()?),
            "e" => embedded.1 = Some(map.next_value::<serde_json::Value>()?),
            _ => {
                map.next_value::<IgnoredAny>()?;
                return Err(de::Error::custom("an unknown field in a component"));
            }
        }
    }
    match embedded {
        (None, None) => {}
        (Some(of), Some(edit)) if component.edit.is_none() => {
            component.edit = Some(embedded_edit(&of, edit)?);
        }
        _ => {
            return Err(de::Error::custom(
                "an embedded type comes with one edit of it",
            ));
        }
    }
    check_component(component).map_err(de::Error::custom)
}

/// The two embedded types, spelled out.
fn embedded_edit<E: de::Error>(of: &str, edit: serde_json::Value) -> Result<Edit, E> {
    match of {
        "text-unicode" => TextOp::deserialize(edit).map(Edit::Text),
        "number" => Addend.deserialize(edit).map(Edit::Add),
        _ => return Err(E::custom("no embedded types but text-unicode and number")),
    }
    .map_err(E::custom)
}

/// Checks what concerns several fields.
fn check_component(mut component: Component) -> Result<Component, &'static str> {
    let edits = component.edit.is_some();
    if component.pick == Mark::None && component.drop == Mark::None && !edits {
        return Err("an empty component");
    }
    if component.pick_time.is_some() && component.pick == Mark::None {
        return Err("the time of a pick without the pick");
    }
    if component.drop_time.is_some() && component.drop == Mark::None && !edits {
        return Err("the time of a drop or an edit without it");
    }
    match (component.run, &mut component.pick) {
        (None, _) => {}
        (Some(_), Mark::None) => return Err("a run without a pick"),
        (Some(0 | 1), _) => return Err("a run has two items or more"),
        (Some(_), Mark::Remove(content)) => *content = Content::Unknown,
        (Some(_), _) => {}
    }
    Ok(component)
}

/// A whole number that fits 32 bits.
struct Count;

impl<'de> DeserializeSeed<'de> for Count {
    type Value = u32;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u32, D::Error> {
        let count = Addend.deserialize(deserializer)?;
        match u32::try_from(count) {
            Ok(count) if count <= Key::MAX_INDEX => Ok(count),
            _ => Err(de::Error::custom("a slot or a count out of range")),
        }
    }
}

/// A time: a safe integer, not negative.
struct Time;

impl<'de> DeserializeSeed<'de> for Time {
    type Value = EditTime;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<EditTime, D::Error> {
        let time = Addend.deserialize(deserializer)?;
        u64::try_from(time)
            .map(EditTime)
            .map_err(|_| de::Error::custom("a negative time"))
    }
}

/// A safe integer.
struct Addend;

impl<'de> DeserializeSeed<'de> for Addend {
    type Value = i64;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<i64, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Addend {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer within ±(2⁵³ − 1)")
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<i64, E> {
        whole(number)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<i64, E> {
        whole(number as f64)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<i64, E> {
        whole(number as f64)
    }
}

impl JsonOp {
    /// Forgets what the op removes.
    fn forget_content(&mut self) {
        fn forget(branch: &mut Branch) {
            if let Mark::Remove(content) = &mut branch.mark {
                *content = Content::Unknown;
            }
            branch
                .kids
                .iter_mut()
                .for_each(|kid| forget(&mut kid.branch));
        }
        if !self.picks.kids.is_empty() {
            forget(std::sync::Arc::make_mut(&mut self.picks));
        }
    }
}

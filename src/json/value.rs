//! Values: JSON, shared where it is equal, with its size at hand.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::key::{Key, Name};
use super::number::Number;
use super::string::Str;
use crate::text::Text;

/// How deep values and paths may nest: a value at the end of `MAX_DEPTH` keys cannot have children. It bounds every
/// recursion of the engine, and keeps each message within what JSON parsers accept.
pub const MAX_DEPTH: usize = 100;

/// A JSON value. A clone shares everything with the original; a change copies the containers on its path.
///
/// Two values are equal when JavaScript would call them deeply equal: the order of keys carries no meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A finite double.
    Number(Number),
    /// A string.
    String(Str),
    /// A list.
    List(List),
    /// An object.
    Object(Object),
}

/// A list of values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List(Arc<Items>);

/// An object: values by name, in UTF-16 code unit order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object(Arc<Entries>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Items {
    /// The sum of what the items take.
    size: usize,
    items: Vec<Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Entries {
    /// The sum of what the entries take.
    size: usize,
    entries: BTreeMap<Name, Value>,
}

impl Value {
    /// What limits are measured in: a string's length in scalars; 1 for `null`, booleans and numbers; for a container 1,
    /// and for each value in it 1, its key's length and its own size. O(1).
    pub fn size(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => 1,
            Self::String(string) => string.len_chars(),
            Self::List(list) => 1 + list.0.size,
            Self::Object(object) => 1 + object.0.size,
        }
    }

    /// How deep the value nests: 0 for all but containers. O(n).
    pub fn height(&self) -> usize {
        let below = match self {
            Self::List(list) => list.iter().map(Self::height).max(),
            Self::Object(object) => object.iter().map(|(_, value)| value.height()).max(),
            _ => return 0,
        };
        1 + below.unwrap_or(0)
    }

    /// The text of a string; `None` for any other value.
    pub fn to_text(&self) -> Option<Text> {
        match self {
            Self::String(string) => Some(string.to_text()),
            _ => None,
        }
    }

    /// The value at `key` of a container.
    pub fn get(&self, key: &Key) -> Option<&Self> {
        match (self, key) {
            (Self::List(list), Key::Index(index)) => list.get(*index),
            (Self::Object(object), Key::Name(name)) => object.get(name),
            _ => None,
        }
    }

    /// Runs `change` on the value at `key`, if there is one.
    pub(super) fn update<T>(
        &mut self,
        key: &Key,
        change: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        let (size, value) = match (self, key) {
            (Self::List(list), Key::Index(index)) => {
                let list = Arc::make_mut(&mut list.0);
                (&mut list.size, list.items.get_mut(*index as usize)?)
            }
            (Self::Object(object), Key::Name(name)) => {
                let object = Arc::make_mut(&mut object.0);
                (&mut object.size, object.entries.get_mut(name)?)
            }
            _ => return None,
        };
        *size -= value.size();
        let result = change(value);
        *size += value.size();
        Some(result)
    }

    /// Takes values out of a container, given by key and, in a list, number of items; ascending. One pass.
    pub(super) fn remove_all(&mut self, values: &[(Key, u32)]) {
        match self {
            Self::List(list) if !values.is_empty() => {
                let run = |(key, len): &(Key, u32)| match key {
                    Key::Index(start) => Some((*start, *len)),
                    Key::Name(_) => None,
                };
                list.take_runs(&values.iter().filter_map(run).collect::<Vec<_>>());
            }
            Self::Object(object) => {
                for (key, _) in values {
                    if let Key::Name(name) = key {
                        object.remove(name);
                    }
                }
            }
            _ => {}
        }
    }
}

impl List {
    /// The number of items.
    pub fn len(&self) -> usize {
        self.0.items.len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.0.items.is_empty()
    }

    /// The item at `index`.
    pub fn get(&self, index: u32) -> Option<&Value> {
        self.0.items.get(index as usize)
    }

    /// The `len` items from `start` on, if there are that many.
    pub(super) fn range(&self, start: u32, len: u32) -> Option<Arc<[Value]>> {
        let end = (start as usize).checked_add(len as usize)?;
        Some(self.0.items.get(start as usize..end)?.into())
    }

    /// The items in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Value> {
        self.0.items.iter()
    }

    /// Puts `items` in the place of the `len` items from `start` on, and gives those; both are cut to the list.
    pub(super) fn splice(
        &mut self,
        start: u32,
        len: u32,
        items: impl IntoIterator<Item = Value>,
    ) -> Vec<Value> {
        let list = Arc::make_mut(&mut self.0);
        let start = (start as usize).min(list.items.len());
        let end = start.saturating_add(len as usize).min(list.items.len());
        let mut added = 0;
        let items = items.into_iter().inspect(|item| added += 1 + item.size());
        let taken: Vec<Value> = list.items.splice(start..end, items).collect();
        list.size += added;
        list.size -= taken.iter().map(|item| 1 + item.size()).sum::<usize>();
        taken
    }
}

impl FromIterator<Value> for List {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        let items: Vec<Value> = items.into_iter().collect();
        let size = items.iter().map(|item| 1 + item.size()).sum();
        Self(Arc::new(Items { size, items }))
    }
}

impl Object {
    /// The number of values.
    pub fn len(&self) -> usize {
        self.0.entries.len()
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.0.entries.is_empty()
    }

    /// The value of `name`.
    pub fn get(&self, name: &Name) -> Option<&Value> {
        self.0.entries.get(name)
    }

    /// Names and values, in canonical order.
    pub fn iter(&self) -> std::collections::btree_map::Iter<'_, Name, Value> {
        self.0.entries.iter()
    }

    /// Sets `name`; gives the value it had.
    pub(super) fn insert(&mut self, name: Name, value: Value) -> Option<Value> {
        let object = Arc::make_mut(&mut self.0);
        object.size += entry_size(&name, &value);
        let old = object.entries.insert(name.clone(), value);
        object.size -= old.as_ref().map_or(0, |old| entry_size(&name, old));
        old
    }

    /// Takes `name` out; gives the value it had.
    pub(super) fn remove(&mut self, name: &Name) -> Option<Value> {
        let object = Arc::make_mut(&mut self.0);
        let old = object.entries.remove(name)?;
        object.size -= entry_size(name, &old);
        Some(old)
    }
}

fn entry_size(name: &Name, value: &Value) -> usize {
    1 + name.as_str().chars().count() + value.size()
}

impl FromIterator<(Name, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (Name, Value)>>(entries: I) -> Self {
        let entries: BTreeMap<Name, Value> = entries.into_iter().collect();
        let size = entries
            .iter()
            .map(|(name, value)| entry_size(name, value))
            .sum();
        Self(Arc::new(Entries { size, entries }))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(Str::from(text))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Number(Number::from(value))
    }
}

/// The value as compact JSON, numbers as JavaScript prints them.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::value_wire::to_text(self)
            .map_err(|_| fmt::Error)
            .and_then(|text| f.write_str(&text))
    }
}

//! Changing a document.

use super::key::{Key, Name};
use super::op::{Branch, Child, Content, JsonOp, Mark};
use super::value::{List, Object, Value};
use crate::Error;

impl JsonOp {
    /// Changes the document; `None` is an absent one. On an error nothing has changed.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] when a value is missing, in the way, or of another kind; [`Error::OpTooLong`] when a text edit
    /// reads past the end; [`Error::UnsafeInteger`] when a counter is no integer, or becomes too large;
    /// [`Error::TooLarge`] when a text becomes too long or the document nests too deep.
    ///
    /// # Cost
    /// Linear in the op and the containers it changes: a container that is shared with another version of
    /// the document is copied, not what is in it.
    ///
    /// ```
    /// # use rejoin::json::{JsonOp, Value};
    /// let mut doc: Option<Value> = serde_json::from_str(r#"{"todo":["milk"],"done":[]}"#)?;
    /// let op: JsonOp = serde_json::from_str(r#"[["done",0,{"d":0}],["todo",0,{"p":0}]]"#)?;
    /// op.apply(&mut doc)?;
    /// assert_eq!(doc.map(|value| value.to_string()).as_deref(), Some(r#"{"done":["milk"],"todo":[]}"#));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn apply(&self, doc: &mut Option<Value>) -> Result<(), Error> {
        let mut above = Value::Object(Object::default());
        if let (Value::Object(above), Some(root)) = (&mut above, doc.take()) {
            above.insert(Name::from(""), root);
        }
        let fits = self.check_fits(&above);
        if fits.is_ok() {
            let mut moved = Vec::new();
            detach(&self.picks, &mut above, &mut moved);
            attach(&self.drops, &mut above, &mut moved);
        }
        if let Value::Object(above) = &mut above {
            *doc = above.remove(&Name::from(""));
        }
        fits
    }

    /// The op with what it removes from `doc`, the document it is made on. Policies that restore need it; the op stays
    /// equal to itself without.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    pub fn with_content(&self, doc: &Option<Value>) -> Result<Self, Error> {
        let above: Object = doc
            .iter()
            .map(|root| (Name::from(""), root.clone()))
            .collect();
        let above = Value::Object(above);
        self.check_fits(&above)?;
        let mut picks = (*self.picks).clone();
        learn(&mut picks, &above);
        Ok(Self {
            picks: picks.into(),
            drops: self.drops.clone(),
        })
    }

    /// The op as one whose removes are known to whoever made it, whatever is known here: so that policies judge here as they
    /// do there. What is known stays.
    #[must_use]
    pub fn held(&self) -> Self {
        fn hold(branch: &mut Branch) {
            if let Mark::Remove(content @ Content::Unknown) = &mut branch.mark {
                *content = Content::Held;
            }
            branch.kids.iter_mut().for_each(|kid| hold(&mut kid.branch));
        }
        let mut picks = (*self.picks).clone();
        hold(&mut picks);
        Self {
            picks: picks.into(),
            drops: self.drops.clone(),
        }
    }

    /// How large the document is after this op, in the unit of [`Value::size`]; an absent one has size 0. An estimate for
    /// an op that does not fit.
    pub fn target_size(&self, doc: &Option<Value>) -> usize {
        let mut after = doc.clone();
        match self.apply(&mut after) {
            Ok(()) => after.map_or(0, |value| value.size()),
            Err(_) => doc.as_ref().map_or(0, Value::size),
        }
    }
}

/// Takes the picks out, the deepest first. The op was checked to fit.
fn detach(branch: &Branch, value: &mut Value, moved: &mut Vec<Vec<Value>>) {
    for kid in &branch.kids {
        if !kid.branch.kids.is_empty() {
            value.update(&kid.key, |value| detach(&kid.branch, value, moved));
        }
    }
    let picked = || {
        branch
            .kids
            .iter()
            .filter(|kid| kid.branch.mark != Mark::None)
    };
    let mut keep = |kid: &Child, values: Vec<Value>| {
        if let Mark::Move(slot) = kid.branch.mark {
            let slot = slot as usize;
            if moved.len() <= slot {
                moved.resize(slot + 1, Vec::new());
            }
            moved[slot] = values;
        }
    };
    match value {
        Value::Object(object) => {
            for kid in picked() {
                if let Key::Name(name) = &kid.key {
                    keep(kid, object.remove(name).into_iter().collect());
                }
            }
        }
        Value::List(list) => {
            let runs: Vec<(u32, u32)> = picked().map(|kid| (start(kid), kid.len)).collect();
            for (kid, values) in picked().zip(list.take_runs(&runs)) {
                keep(kid, values);
            }
        }
        _ => {}
    }
}

/// Puts the drops in and makes the edits, from the top down.
fn attach(branch: &Branch, value: &mut Value, moved: &mut [Vec<Value>]) {
    let mut values = |kid: &Child| match &kid.branch.mark {
        Mark::Move(slot) => moved.get_mut(*slot as usize).map(std::mem::take),
        Mark::Insert(value) => Some(vec![value.clone()]),
        Mark::None | Mark::Remove(_) => None,
    };
    match value {
        Value::Object(object) => {
            for kid in &branch.kids {
                if let (Key::Name(name), Some(mut values)) = (&kid.key, values(kid))
                    && let Some(value) = values.pop()
                {
                    object.insert(name.clone(), value);
                }
            }
        }
        Value::List(list) => {
            let runs = branch
                .kids
                .iter()
                .filter_map(|kid| Some((start(kid), values(kid)?)));
            list.put_runs(runs.collect());
        }
        _ => {}
    }
    for kid in &branch.kids {
        if !kid.branch.is_leaf() {
            value.update(&kid.key, |value| {
                if let Some(edit) = &kid.branch.edit {
                    let edited = edit.apply(value);
                    debug_assert!(edited.is_ok(), "the op was checked to fit");
                }
                attach(&kid.branch, value, moved);
            });
        }
    }
}

fn start(kid: &Child) -> u32 {
    match kid.key {
        Key::Index(start) => start,
        Key::Name(_) => 0,
    }
}

/// Notes at each remove what it removes: what is left when all below it is picked.
fn learn(branch: &mut Branch, value: &Value) {
    for kid in &mut branch.kids {
        if matches!(kid.branch.mark, Mark::Remove(_)) {
            let content = content(kid, value);
            kid.branch.mark = Mark::Remove(content);
        }
        if let Some(value) = value.get(&kid.key) {
            learn(&mut kid.branch, value);
        }
    }
}

fn content(kid: &Child, container: &Value) -> Content {
    let values = match (container, &kid.key) {
        (Value::List(list), Key::Index(start)) if kid.branch.kids.is_empty() => {
            list.range(*start, kid.len)
        }
        _ => container.get(&kid.key).map(|value| {
            let mut value = value.clone();
            detach(&kid.branch, &mut value, &mut Vec::new());
            [value].into()
        }),
    };
    values.map_or(Content::Unknown, Content::Known)
}

impl List {
    /// Takes runs out, given by start and length, ascending and apart. One pass.
    pub(super) fn take_runs(&mut self, runs: &[(u32, u32)]) -> Vec<Vec<Value>> {
        match runs {
            [] => Vec::new(),
            [(start, len)] => vec![self.splice(*start, *len, [])],
            _ => {
                let mut items = self.splice(0, u32::MAX, []).into_iter();
                let mut at = 0;
                let mut kept = Vec::with_capacity(items.len());
                let mut taken = Vec::with_capacity(runs.len());
                for (start, len) in runs {
                    kept.extend(items.by_ref().take(start.saturating_sub(at) as usize));
                    taken.push(items.by_ref().take(*len as usize).collect());
                    at = start + len;
                }
                kept.extend(items);
                self.splice(0, 0, kept);
                taken
            }
        }
    }

    /// Puts runs in, given by where they start when all are in, ascending. One pass.
    fn put_runs(&mut self, mut runs: Vec<(u32, Vec<Value>)>) {
        if runs.len() <= 1 {
            if let Some((start, values)) = runs.pop() {
                self.splice(start, 0, values);
            }
            return;
        }
        let mut items = self.splice(0, u32::MAX, []).into_iter();
        let mut all = Vec::with_capacity(items.len() + runs.len());
        for (start, values) in runs {
            let before = (start as usize).saturating_sub(all.len());
            all.extend(items.by_ref().take(before));
            all.extend(values);
        }
        all.extend(items);
        self.splice(0, 0, all);
    }
}

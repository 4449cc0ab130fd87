//! Whether an op fits a document: asked before anything is changed, so that a refused op changes nothing.

use super::form::Kind;
use super::key::{Key, Path};
use super::op::{Branch, Child, JsonOp, Mark};
use super::value::{List, MAX_DEPTH, Value};
use crate::Error;

impl JsonOp {
    /// Whether the op may be applied to the document: the errors of [`apply`](Self::apply).
    pub(super) fn check_fits(&self, above: &Value) -> Result<(), Error> {
        let mut fit = Fit::default();
        fit.picks(&self.picks, above)?;
        fit.path.clear();
        fit.drops(&self.drops, above, Some(&self.picks))
    }
}

#[derive(Default)]
struct Fit<'a> {
    /// Below the container above the document, whose key comes first.
    path: Vec<Key>,
    /// By slot.
    moved: Vec<Option<Moved<'a>>>,
}

/// A moved value, or the first of a moved run, and the picks below it.
#[derive(Clone, Copy)]
struct Moved<'a> {
    value: &'a Value,
    picks: Option<&'a Branch>,
    depth: usize,
    /// The list of a run, and where it starts there.
    run: Option<(&'a List, u32)>,
}

impl Moved<'_> {
    /// How deep it nests, all of a run of `len` items.
    fn height(&self, len: u32) -> usize {
        let items = self.run.map(|(list, start)| {
            let items = list.iter().skip(start as usize).take(len as usize);
            items.map(Value::height).max().unwrap_or(0)
        });
        items.unwrap_or_else(|| self.value.height())
    }
}

impl<'a> Fit<'a> {
    fn fail<T>(&self, reason: &'static str) -> Result<T, Error> {
        let below = self.path.get(1..).unwrap_or_default();
        Err(Error::DoesNotFit {
            path: Path(below.to_vec()).to_string(),
            reason,
        })
    }

    fn picks(&mut self, branch: &'a Branch, value: &'a Value) -> Result<(), Error> {
        for kid in &branch.kids {
            self.path.push(kid.key.clone());
            let last = match kid.key {
                Key::Index(start) => Key::Index(start.saturating_add(kid.len - 1)),
                Key::Name(_) => kid.key.clone(),
            };
            let (Some(first), Some(_)) = (value.get(&kid.key), value.get(&last)) else {
                return self.fail("there is no such value");
            };
            if let Mark::Move(slot) = kid.branch.mark {
                let slot = slot as usize;
                if self.moved.len() <= slot {
                    self.moved.resize(slot + 1, None);
                }
                self.moved[slot] = Some(Moved {
                    value: first,
                    picks: Some(&kid.branch),
                    depth: self.path.len(),
                    run: match (value, &kid.key) {
                        (Value::List(list), Key::Index(start)) => Some((list, *start)),
                        _ => None,
                    },
                });
            }
            self.picks(&kid.branch, first)?;
            self.path.pop();
        }
        Ok(())
    }

    /// `value` is what will be here, as it was before the op, and `picks` what is picked from it.
    fn drops(
        &mut self,
        branch: &'a Branch,
        value: &'a Value,
        picks: Option<&'a Branch>,
    ) -> Result<(), Error> {
        if let Some(edit) = &branch.edit {
            let path = self.path.len();
            edit.check_fits(value).or_else(|error| match error {
                Error::MalformedOp { .. } => {
                    self.fail("a text or a counter is edited that is none")
                }
                error => Err(error),
            })?;
            debug_assert_eq!(path, self.path.len());
        }
        match (branch.kids.first().map(|kid| &kid.key), value) {
            (None, _) => Ok(()),
            (Some(Key::Index(_)), Value::List(list)) => {
                self.items(branch, list.len(), value, picks)
            }
            (Some(Key::Name(_)), Value::Object(_)) => self.values(branch, value, picks),
            (Some(Key::Index(_)), _) => self.fail(Kind::List.missing()),
            (Some(Key::Name(_)), _) => self.fail(Kind::Object.missing()),
        }
    }

    fn values(
        &mut self,
        branch: &'a Branch,
        object: &'a Value,
        picks: Option<&'a Branch>,
    ) -> Result<(), Error> {
        for kid in &branch.kids {
            self.path.push(kid.key.clone());
            let picks = picks.and_then(|picks| picks.kid(&kid.key));
            let picked = picks.is_some_and(|picks| picks.mark != Mark::None);
            let here = object.get(&kid.key).filter(|_| !picked);
            let (value, picks) = match (self.dropped(kid)?, here) {
                (Some(_), Some(_)) => return self.fail("there is a value already"),
                (None, None) => return self.fail("there is no such value"),
                (Some(moved), None) => (moved.value, moved.picks),
                (None, Some(value)) => (value, picks),
            };
            self.drops(&kid.branch, value, picks)?;
            self.path.pop();
        }
        Ok(())
    }

    fn items(
        &mut self,
        branch: &'a Branch,
        len: usize,
        list: &'a Value,
        picks: Option<&'a Branch>,
    ) -> Result<(), Error> {
        let picks = picks.map_or(&[][..], |picks| &picks.kids);
        let picked = |kid: &&Child| kid.branch.mark != Mark::None;
        let gone: usize = picks
            .iter()
            .filter(picked)
            .map(|kid| kid.len as usize)
            .sum();
        let mut picks = picks.iter().peekable();
        let (mut passed, mut dropped) = (0usize, 0usize);
        for kid in &branch.kids {
            self.path.push(kid.key.clone());
            let Key::Index(index) = kid.key else {
                return self.fail(Kind::Object.missing());
            };
            let before = (index as usize).saturating_sub(dropped);
            if before > len - gone {
                return self.fail("the index is past the end of the list");
            }
            if let Some(moved) = self.dropped(kid)? {
                dropped += kid.len as usize;
                self.drops(&kid.branch, moved.value, moved.picks)?;
            } else {
                // The item with `before` items before it that are not picked.
                while let Some(pick) = picks.next_if(|pick| {
                    pick.start() < before + passed
                        || (picked(pick) && pick.start() == before + passed)
                }) {
                    passed += if picked(&pick) { pick.len as usize } else { 0 };
                }
                let at = before + passed;
                let below = picks.peek().filter(|pick| pick.start() == at);
                let below = below.map(|pick| &pick.branch);
                let key = Key::Index(at as u32);
                match list.get(&key) {
                    None => return self.fail("the index is past the end of the list"),
                    Some(value) => self.drops(&kid.branch, value, below)?,
                }
            }
            self.path.pop();
        }
        Ok(())
    }

    /// What is dropped here, if anything is.
    fn dropped(&self, kid: &'a Child) -> Result<Option<Moved<'a>>, Error> {
        let moved = match &kid.branch.mark {
            Mark::None => return Ok(None),
            Mark::Insert(value) => Moved {
                value,
                picks: None,
                depth: 0,
                run: None,
            },
            Mark::Move(slot) => match self.moved.get(*slot as usize) {
                Some(Some(moved)) => *moved,
                _ => return self.fail("nothing is moved here"),
            },
            Mark::Remove(_) => return self.fail("a remove among the drops"),
        };
        // The document was within the limit: only what comes deeper down can exceed it.
        let depth = self.path.len();
        if depth > moved.depth {
            let size = depth - 1 + moved.height(kid.len);
            if size > MAX_DEPTH {
                return Err(Error::TooLarge {
                    what: "the nesting of the document",
                    size,
                    limit: MAX_DEPTH,
                });
            }
        }
        Ok(Some(moved))
    }
}

impl Branch {
    /// What is below at `key`.
    fn kid(&self, key: &Key) -> Option<&Self> {
        let found = self.kids.binary_search_by(|kid| kid.key.cmp(key));
        found.ok().map(|at| &self.kids[at].branch)
    }
}

impl Child {
    fn start(&self) -> usize {
        match self.key {
            Key::Index(start) => start as usize,
            Key::Name(_) => 0,
        }
    }
}

impl Kind {
    fn missing(self) -> &'static str {
        match self {
            Self::List => "there is no list",
            Self::Object => "there is no object",
            Self::Text => "there is no string",
            Self::Counter => "there is no number",
        }
    }
}

//! Policies: who gives way in a conflict.

use serde::{Deserialize, Deserializer, Serialize, de};

use super::conflict::{ConflictKind, Loser};
use super::key::Path;
use super::op::EditTime;
use super::pattern::Pattern;
use super::standing::Strike;

/// Who wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Winner {
    /// The accepted op, `Left`.
    #[default]
    Keep,
    /// The incoming op, `Right`: the last writer by arrival.
    Client,
    /// As `Keep`; and the user is asked, with both values.
    Manual,
    /// The later edit, by the clocks of those who made it; `Left` when the times are equal or not known.
    Lww,
    /// As the published `json1` has it: removes, then `Left`; what loses its place is removed.
    Json1,
}

/// The rule for a conflict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rule {
    /// Who wins.
    pub winner: Winner,
    /// Whether a remove may give way: what it took comes back. Without, removes win over edits and moves of what they
    /// remove.
    pub restore: bool,
}

/// The rule for a part of the document: `{"path": "/stock/*", "policy": "client", "restore": true}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Which part.
    #[serde(default)]
    pub path: Pattern,
    /// Who wins there.
    pub policy: Winner,
    /// See [`Rule::restore`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restore: bool,
}

/// The rules of a document, as its settings have them: the first whose path matches decides, and where none does,
/// [`Winner::Keep`] without restore. All who resolve a document's conflicts must have the same.
///
/// A conflict is about one value: the one that both move, or that one removes; the edited or inserted one; the one that comes
/// first in a cycle. Its path is that in the document before both ops, an inserted value's that of its container there
/// and its key; the index of an inserted item is that of the first item it may stand before.
///
/// ```
/// # use rejoin::json::{Policy, Winner};
/// let policy: Policy = serde_json::from_str(
///     r#"[{"path":"/stock/*","policy":"client","restore":true},{"path":"","policy":"manual"}]"#,
/// )?;
/// assert_eq!(policy.rule(&["stock".into(), "apples".into()]).winner, Winner::Client);
/// assert_eq!(policy.rule(&["title".into()]).winner, Winner::Manual);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Policy {
    settings: Vec<Setting>,
}

impl Policy {
    /// The most settings that are read.
    pub const MAX_SETTINGS: usize = 1000;

    /// One rule for all of the document.
    pub fn new(policy: Winner, restore: bool) -> Self {
        Self::from_iter([Setting {
            path: Pattern::default(),
            policy,
            restore,
        }])
    }

    /// Whether this is the rule that holds where nothing is set.
    pub fn is_default(&self) -> bool {
        self.settings.is_empty()
    }

    /// Whether any rule brings removed values back: then ops must know what they remove.
    pub fn restores(&self) -> bool {
        self.settings.iter().any(|setting| setting.restore)
    }

    /// The rule for a conflict about the value at `path`.
    pub fn rule(&self, path: &[super::Key]) -> Rule {
        let setting = self
            .settings
            .iter()
            .find(|setting| setting.path.matches(path));
        setting.map_or_else(Rule::default, |setting| Rule {
            winner: setting.policy,
            restore: setting.restore,
        })
    }

    /// As [`rule`](Self::rule), asking for the path only when it matters.
    pub(super) fn rule_at(&self, path: impl FnOnce() -> Path) -> Rule {
        let everywhere = Pattern::default();
        match self.settings.first() {
            None => Rule::default(),
            Some(first) if first.path == everywhere => self.rule(&[]),
            Some(_) => self.rule(&path().0),
        }
    }
}

impl FromIterator<Setting> for Policy {
    fn from_iter<I: IntoIterator<Item = Setting>>(settings: I) -> Self {
        Self {
            settings: settings.into_iter().collect(),
        }
    }
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let settings = Vec::<Setting>::deserialize(deserializer)?;
        if settings.len() > Self::MAX_SETTINGS {
            return Err(de::Error::custom("too many settings"));
        }
        Ok(Self { settings })
    }
}

impl Rule {
    /// What becomes of a move that has lost its place.
    pub(super) fn strike(self) -> Strike {
        match self.winner {
            Winner::Json1 => Strike::Destroy,
            _ => Strike::Stay,
        }
    }

    /// Who gives way; `remover` is the side that removes, in conflicts about a remove; `times` are when each did its part.
    pub(super) fn loser(
        self,
        kind: ConflictKind,
        remover: Option<Loser>,
        times: [Option<EditTime>; 2],
    ) -> Loser {
        let loser = match self.winner {
            Winner::Lww if times[1] > times[0] => Loser::Left,
            Winner::Lww => Loser::Right,
            Winner::Keep | Winner::Manual => Loser::Right,
            Winner::Client => Loser::Left,
            Winner::Json1 if kind == ConflictKind::Blackhole => Loser::Both,
            Winner::Json1 => Loser::Right,
        };
        match remover {
            Some(Loser::Left) if !self.restore => Loser::Right,
            Some(Loser::Right) if !self.restore => Loser::Left,
            _ => loser,
        }
    }
}

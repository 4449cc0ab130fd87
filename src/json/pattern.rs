//! Patterns of paths.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::key::Key;

/// A pattern of paths: a JSON pointer (RFC 6901) in which `*` stands for any one key. It matches the places it names and
/// everything below them; the empty pattern matches everything.
///
/// ```
/// # use rejoin::json::Pattern;
/// let notes: Pattern = "/cards/*/notes".parse()?;
/// assert!(notes.matches(&["cards".into(), 3.into(), "notes".into()]));
/// assert!(!notes.matches(&["cards".into(), 3.into(), "title".into()]));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    /// `None` is any key.
    keys: Vec<Option<String>>,
}

impl Pattern {
    /// Whether the path is one that the pattern names, or below one. The index of an item counts as its decimal digits.
    pub fn matches(&self, path: &[Key]) -> bool {
        let same = |(pattern, key): (&Option<String>, &Key)| match (pattern, key) {
            (None, _) => true,
            (Some(pattern), Key::Name(name)) => pattern == name.as_str(),
            (Some(pattern), Key::Index(index)) => *pattern == index.to_string(),
        };
        self.keys.len() <= path.len() && self.keys.iter().zip(path).all(same)
    }
}

impl std::str::FromStr for Pattern {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('/');
        if parts.next() != Some("") {
            return Err("a path pattern is empty or begins with a slash");
        }
        let key = |part: &str| (part != "*").then(|| part.replace("~1", "/").replace("~0", "~"));
        Ok(Self {
            keys: parts.map(key).collect(),
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.keys.iter().try_for_each(|key| match key {
            None => f.write_str("/*"),
            Some(key) => write!(f, "/{}", key.replace('~', "~0").replace('/', "~1")),
        })
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

//! Names: of documents, of the clients that edit them, and of a document's lives.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::Error;

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:literal, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Checks a name and wraps it.
            ///
            /// # Errors
            /// [`Error::InvalidName`] when it is empty, too long, or has a character that is not allowed.
            pub fn new(name: impl Into<String>) -> Result<Self, Error> {
                let name = name.into();
                let allowed: fn(char) -> bool = $allowed;
                if name.is_empty() || name.len() > $max || !name.chars().all(allowed) {
                    return Err(Error::InvalidName { what: $what, name: name.chars().take(300).collect() });
                }
                Ok(Self(name))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    };
}

name_type! {
    /// Names a document: 1 to 256 bytes, no control characters.
    ///
    /// ```
    /// # use rejoin::id::DocId;
    /// assert_eq!(DocId::new("notes/today")?.as_str(), "notes/today");
    /// assert_eq!(DocId::new("").unwrap_err().code(), "invalid-name");
    /// # Ok::<(), rejoin::Error>(())
    /// ```
    DocId, "document id (1 to 256 bytes, no control characters)", 256, |c| !c.is_control()
}
name_type! {
    /// Names the author of a run of ops: one document's replica in one storage. With the op's `seq` it
    /// identifies an op for ever. 1 to 64 of `[A-Za-z0-9_-]`, chosen at random by the host.
    ClientId, "client id (1 to 64 of A-Z, a-z, 0-9, _ and -)", 64, |c| c.is_ascii_alphanumeric() || c == '-' || c == '_'
}
name_type! {
    /// Names one life of a document. It changes when the document is recreated or restored, so that
    /// revisions of different lives are never mistaken for each other. 1 to 64 of `[A-Za-z0-9_-]`.
    Epoch, "epoch (1 to 64 of A-Z, a-z, 0-9, _ and -)", 64, |c| c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

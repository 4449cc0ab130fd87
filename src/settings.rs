//! What a document is created with, and all who work on it have alike.

use serde::{Deserialize, Serialize};

use crate::count;
use crate::json::{Policy, Value};

/// The settings of one life of a document: they do not change until its epoch does.
///
/// On the wire and in storage, an object; what is left out has its default.
///
/// ```
/// # use rejoin::settings::Settings;
/// let settings: Settings = serde_json::from_str(
///     r#"{"policies":[{"path":"/stock/*","policy":"client"}],"schemaVersion":2}"#,
/// )?;
/// assert_eq!(settings.schema_version, Some(2));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// Who wins in which conflict.
    #[serde(default, skip_serializing_if = "Policy::is_default")]
    pub policies: Policy,
    /// The JSON Schema that the document's value satisfies at every revision. The authority's host compiles it; the
    /// engine does not look into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// The application's number for what its values look like. Who opens the document with another number is told
    /// that an upgrade is needed.
    #[serde(
        default,
        deserialize_with = "count::read_some",
        skip_serializing_if = "Option::is_none"
    )]
    pub schema_version: Option<u64>,
}

impl Settings {
    /// Whether nothing is set.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

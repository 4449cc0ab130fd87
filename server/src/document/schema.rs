//! A document's JSON Schema, compiled.

use std::fmt;

use rejoin::Error;
use rejoin::authority::Check;
use rejoin::json::Value;
use rejoin::settings::Settings;

/// Checks each value that a document is to take.
///
/// Cost: the whole value is checked at each op, so a schema is for documents that are small or rarely edited.
pub(super) struct Schema(jsonschema::Validator);

impl Schema {
    /// The schema in the settings, if there is one.
    ///
    /// # Errors
    /// [`Error::InvalidSettings`] when it is no JSON Schema, or refers to one elsewhere: nothing is fetched.
    pub(super) fn of(settings: &Settings) -> Result<Option<Self>, Error> {
        let invalid = |reason: String| Error::InvalidSettings { reason };
        let Some(schema) = &settings.schema else {
            return Ok(None);
        };
        let schema = serde_json::to_value(schema).map_err(|error| invalid(error.to_string()))?;
        let validator = jsonschema::validator_for(&schema);
        validator
            .map(|validator| Some(Self(validator)))
            .map_err(|error| invalid(error.to_string()))
    }
}

impl Check for Schema {
    fn check(&self, value: Option<&Value>) -> Result<(), Error> {
        let violation = |path: String, reason: String| Error::SchemaViolation { path, reason };
        let Some(value) = value else {
            let reason = "a document with a schema cannot be removed".to_owned();
            return Err(violation(String::new(), reason));
        };
        let value = serde_json::to_value(value)
            .map_err(|error| violation(String::new(), error.to_string()))?;
        self.0.validate(&value).map_err(|error| {
            let path = error.instance_path().to_string();
            violation(path, error.to_string())
        })
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schema")
    }
}

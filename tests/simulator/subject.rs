//! What the devices work on: a text, or a JSON document under some policies, with a text in it.

use rejoin::json::{EditTime, JsonOp, Key, Name, Path, Policy, Value};
use rejoin::settings::Settings;
use serde_json::{Value as Json, json};

/// The policies of JSON documents, one of them a schedule.
const POLICIES: &[&str] = &[
    r#"[]"#,
    r#"[{"path":"","policy":"client"}]"#,
    r#"[{"path":"","policy":"manual"}]"#,
    r#"[{"path":"","policy":"lww"}]"#,
    r#"[{"path":"","policy":"json1"}]"#,
    r#"[{"path":"","policy":"keep","restore":true}]"#,
    r#"[{"path":"","policy":"client","restore":true}]"#,
    r#"[{"path":"","policy":"lww","restore":true}]"#,
    r#"[{"path":"/l/*","policy":"client","restore":true},{"path":"/o/a","policy":"json1"},{"path":"/o","policy":"lww"}]"#,
];

/// 0: a text; else the number of the policies of a JSON document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject(pub u32);

impl Subject {
    pub const COUNT: u32 = POLICIES.len() as u32 + 1;

    pub fn initial(self) -> Value {
        match self.0 {
            0 => Value::from(""),
            _ => read(&json!({"n": 0, "t": "", "l": [], "o": {}})),
        }
    }

    pub fn settings(self) -> Settings {
        let policies = self
            .0
            .checked_sub(1)
            .map(|number| POLICIES[number as usize]);
        Settings {
            policies: policies.map_or_else(Policy::default, |text| {
                serde_json::from_str(text).expect("policies")
            }),
            ..Settings::default()
        }
    }

    /// Where the text is that everybody types in.
    pub fn text(self) -> Path {
        match self.0 {
            0 => Path::default(),
            _ => Path(vec!["t".into()]),
        }
    }

    /// An edit of the rest of a JSON document, as the numbers pick it, made at a time; none where there is nothing of
    /// the kind to do.
    pub fn edit(self, value: Option<&Value>, a: u32, b: u32) -> Option<JsonOp> {
        if self.0 == 0 {
            return None;
        }
        let at = |key: &str| value?.get(&Key::Name(Name::from(key)));
        let Some(Value::List(list)) = at("l") else {
            return None;
        };
        let len = list.len() as u32;
        let name = ["a", "b", "c"][a as usize % 3];
        let held = at("o")?.get(&name.into()).is_some();
        let item = |number: u32| (len > 0).then(|| number % len);
        let op = match b % 12 {
            0 => json!(["n", {"ena": 1 + a % 5}]),
            1 | 2 => json!(["l", a % (len + 1), {"i": {"id": b, "s": ""}}]),
            3 => json!(["l", item(a)?, {"r": true}]),
            4 => {
                let (from, to) = (item(a)?, item(b / 12)?);
                match from.cmp(&to) {
                    std::cmp::Ordering::Less => json!(["l", [from, {"p": 0}], [to, {"d": 0}]]),
                    std::cmp::Ordering::Equal => return None,
                    std::cmp::Ordering::Greater => json!(["l", [to, {"d": 0}], [from, {"p": 0}]]),
                }
            }
            5 if held => json!(["o", name, {"r": true, "i": b}]),
            5 | 6 if !held => json!(["o", name, {"i": {"id": b, "s": "o"}}]),
            6 => json!(["o", name, {"r": true}]),
            7 if !held => json!([["l", item(a)?, {"p": 0}], ["o", name, {"d": 0}]]),
            8 if held => json!([["l", b % (len + 1), {"d": 0}], ["o", name, {"p": 0}]]),
            9 | 10 => {
                let item = item(a)?;
                list.get(item)?.get(&"s".into())?;
                json!(["l", item, "s", {"es": ["x"]}])
            }
            11 => {
                // Into another item: where two do that to each other, there is a cycle.
                let (from, into) = (item(a)?, item(b / 12)?);
                let target = list.get(into)?;
                target.get(&"id".into())?;
                if from == into || target.get(&"sub".into()).is_some() {
                    return None;
                }
                match into - u32::from(into > from) {
                    into if into == from => json!(["l", from, {"p": 0}, "sub", {"d": 0}]),
                    into if into < from => json!(["l", [into, "sub", {"d": 0}], [from, {"p": 0}]]),
                    into => json!(["l", [from, {"p": 0}], [into, "sub", {"d": 0}]]),
                }
            }
            _ => return None,
        };
        let op: JsonOp = read(&op);
        Some(op.stamped(EditTime(u64::from(a % 1_000))))
    }
}

fn read<T: serde::de::DeserializeOwned>(json: &Json) -> T {
    serde_json::from_value(json.clone()).expect("what is written here can be read")
}

/// The text that everybody types in.
pub fn text_of(value: Option<&Value>) -> String {
    let text = match value {
        Some(object @ Value::Object(_)) => object.get(&"t".into()),
        root => root,
    };
    let text = text.and_then(Value::to_text);
    text.map(|text| text.to_string()).unwrap_or_default()
}

//! JSON in: what is read reads back the same, what is not is an error.

use rejoin::client::Stored;
use rejoin::count::MAX_COUNT;
use rejoin::json::{JsonOp, Value};
use rejoin::protocol::{ClientMessage, ServerMessage};
use rejoin::text::{Loose, TextOp};
use serde_json::{from_str, to_string};

use super::bytes::Bytes;

/// Pieces of JSON, in which random bytes would hardly ever spell a message.
const TOKENS: [&str; 64] = [
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    " ",
    "null",
    "true",
    "0",
    "1",
    "2",
    "5",
    "-1",
    "1.5",
    "1e1",
    "2147483647",
    "2147483648",
    "9007199254740991",
    "9007199254740992",
    "18446744073709551615",
    "1e400",
    "\"\"",
    "\"a\"",
    "\"😀\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud83d\"",
    "\"\\u0000\"",
    "{\"d\":",
    "\"d\"",
    "[{\"es\":[",
    "\"es\"",
    "]}]",
    "{\"d\":1}",
    "\"type\":",
    "\"doc\":\"d\"",
    "\"client\":\"c\"",
    "\"request\":",
    "\"epoch\":",
    "\"revision\":",
    "\"seq\":",
    "\"digest\":",
    "\"create\":",
    "\"base\":",
    "\"op\":",
    "\"head\":",
    "\"ops\":",
    "\"fate\":",
    "\"value\":",
    "\"code\":",
    "\"detail\":",
    "\"protocol\":",
    "\"token\":",
    "\"hello\"",
    "\"open\"",
    "\"submit\"",
    "\"close\"",
    "\"ping\"",
    "\"snapshot\"",
    "\"committed\"",
    "\"rejected\"",
    "\"00000000000000ff\"",
    "\"none\"",
    "\"e\"",
];

/// Whole messages, to be spoiled in one place.
const MESSAGES: [&str; 8] = [
    r#"{"type":"hello","protocol":1,"token":"t"}"#,
    r#"{"type":"open","doc":"d","client":"c","request":1,"epoch":null,"revision":0,"seq":1,"inflight":{"client":"c","seq":1,"digest":"00000000000000ff"},"create":"x"}"#,
    r#"{"type":"submit","doc":"d","seq":1,"base":0,"op":[{"es":[1,"x",{"d":2}]}]}"#,
    r#"{"type":"close","doc":"d"}"#,
    r#"{"type":"snapshot","doc":"d","request":1,"epoch":"e","revision":1,"value":"x","fate":"none"}"#,
    r#"{"type":"ops","doc":"d","request":1,"epoch":"e","base":0,"ops":[{"client":"c","seq":1,"op":null}],"head":1,"fate":"unknown"}"#,
    r#"{"type":"committed","doc":"d","revision":1,"client":"c","seq":1}"#,
    r#"{"checkpoint":{"format":1,"doc":"d","client":"c","epoch":null,"revision":0,"value":"","lastSeq":0,"inflight":null,"pending":null,"inbox":[],"nextRejected":1},"entries":[{"type":"edit","op":[{"es":["x"]}]},{"type":"freeze","seq":1},{"type":"unfreeze"}]}"#,
];

/// The bytes as they are, as tokens, and as a message with tokens in the place of a part of it.
fn texts(data: &[u8]) -> Vec<String> {
    let mut texts: Vec<String> = std::str::from_utf8(data)
        .into_iter()
        .map(str::to_owned)
        .collect();
    let token = |byte: &u8| TOKENS[usize::from(*byte) % TOKENS.len()];
    texts.push(data.iter().map(token).collect());
    let mut bytes = Bytes::new(data);
    let message = bytes.pick(&MESSAGES);
    let (from, len) = (bytes.below(message.len()), bytes.below(12));
    let spoilt: String = (0..bytes.below(4)).map(|_| bytes.pick(&TOKENS)).collect();
    let to = (from + len).min(message.len());
    texts.push(format!("{}{spoilt}{}", &message[..from], &message[to..]));
    texts
}

/// Ops and values: read, written and read again.
pub fn wire(data: &[u8]) {
    for text in texts(data) {
        if let Ok(op) = from_str::<TextOp>(&text) {
            let written = to_string(&op).expect("an op can be written");
            assert_eq!(from_str::<TextOp>(&written).expect("what was written"), op);
            // Strict reading is loose reading of less.
            let Loose(loose) = from_str(&text).expect("what is strict is loose");
            assert_eq!(loose, op);
        }
        if let Ok(Loose(op)) = from_str(&text) {
            let written = to_string(&op).expect("an op can be written");
            assert_eq!(from_str::<TextOp>(&written).expect("it is tidy now"), op);
        }
        if let Ok(op) = from_str::<JsonOp>(&text) {
            let written = to_string(&op).expect("an op can be written");
            assert_eq!(from_str::<JsonOp>(&written).expect("what was written"), op);
        }
        if let Ok(value) = from_str::<Value>(&text) {
            let written = to_string(&value).expect("a value can be written");
            assert_eq!(
                from_str::<Value>(&written).expect("what was written"),
                value
            );
        }
        if let Ok(stored) = from_str::<Stored>(&text) {
            let written = to_string(&stored).expect("a state can be written");
            assert_eq!(
                from_str::<Stored>(&written).expect("what was written"),
                stored
            );
        }
    }
}

/// Messages, either way.
pub fn message(data: &[u8]) {
    for text in texts(data) {
        match ClientMessage::decode(&text) {
            Ok(message) => {
                let written = to_string(&message).expect("a message can be written");
                assert_eq!(
                    ClientMessage::decode(&written).expect("what was written"),
                    message
                );
                if let ClientMessage::Submit(submit) = &message {
                    assert!(submit.seq <= MAX_COUNT && submit.base <= MAX_COUNT);
                }
            }
            Err(bad) => {
                // A submit that is to be refused says whose and which.
                assert!(
                    bad.submit
                        .is_none_or(|seq| seq <= MAX_COUNT && bad.doc.is_some())
                );
                let code = if bad.submit.is_some() {
                    "malformed-op"
                } else {
                    "malformed-message"
                };
                assert_eq!(bad.error.code(), code);
            }
        }
        if let Ok(message) = from_str::<ServerMessage>(&text) {
            let written = to_string(&message).expect("a message can be written");
            assert_eq!(
                from_str::<ServerMessage>(&written).expect("what was written"),
                message
            );
        }
    }
}

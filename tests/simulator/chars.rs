//! Every character that anybody types in a schedule is another one, so that each can be accounted for.

use std::collections::{BTreeMap, BTreeSet};

use rejoin::protocol::Sent;

/// What is known of the typed characters: which must be there in the end, once.
#[derive(Default)]
pub struct Chars {
    typed: u32,
    /// Somebody deleted it: it may be gone.
    deleted: BTreeSet<char>,
    /// It was typed just before a crash, and was never saved: it must be gone.
    unsaved: BTreeSet<char>,
    /// It was queued on a device whose storage was copied: it may be there once more for each copy.
    copied: BTreeMap<char, u32>,
    /// It was inflight there: it may be there once more only if it was not accepted as sent then, so that
    /// each copy sent it under another name.
    copied_inflight: Vec<(Sent, String)>,
}

impl Chars {
    /// A character not typed before: CJK, every third one outside the Basic Multilingual Plane.
    pub fn next(&mut self) -> char {
        self.typed += 1;
        char_of(self.typed)
    }

    pub fn delete(&mut self, text: &str) {
        self.deleted.extend(text.chars());
    }

    pub fn lose(&mut self, chars: impl IntoIterator<Item = char>) {
        self.unsaved.extend(chars);
    }

    pub fn copy(&mut self, text: &str) {
        for c in text.chars() {
            *self.copied.entry(c).or_default() += 1;
        }
    }

    pub fn copy_inflight(&mut self, sent: Sent, text: String) {
        self.copied_inflight.push((sent, text));
    }

    pub fn is_typed(c: char) -> bool {
        matches!(u32::from(c), 0x4E00..0x9000 | 0x20000..0x2A000)
    }

    /// `found`: the final document, and the insides of every inbox; `forgotten`: the insides of edits
    /// that may be in the document besides.
    pub fn check(&mut self, found: &str, forgotten: &str, was_accepted: impl Fn(&Sent) -> bool) {
        for (sent, text) in std::mem::take(&mut self.copied_inflight) {
            if !was_accepted(&sent) {
                self.copy(&text);
            }
        }
        let mut count: BTreeMap<char, u32> = BTreeMap::new();
        for c in found.chars() {
            *count.entry(c).or_default() += 1;
        }
        let forgotten: BTreeSet<char> = forgotten.chars().collect();
        for number in 1..=self.typed {
            let c = char_of(number);
            let times = count.get(&c).copied().unwrap_or(0);
            let most = 1 + self.copied.get(&c).copied().unwrap_or(0);
            if self.unsaved.contains(&c) {
                assert!(
                    times == 0,
                    "{c} was never saved, and yet it is there {times} times"
                );
            } else if self.deleted.contains(&c) {
                assert!(times <= most, "{c} is there {times} times");
            } else {
                assert!(
                    times >= 1 || forgotten.contains(&c),
                    "{c} was saved, nobody deleted it, and it is lost"
                );
                assert!(
                    times <= most,
                    "{c} was typed once and is there {times} times"
                );
            }
        }
    }
}

fn char_of(number: u32) -> char {
    let base = if number.is_multiple_of(3) {
        0x20000
    } else {
        0x4E00
    };
    char::from_u32(base + number).expect("assigned ranges")
}

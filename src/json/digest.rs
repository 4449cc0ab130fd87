//! Telling one op from another by 64 bits.

use std::fmt;
use std::hash::Hasher;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::op::JsonOp;

impl JsonOp {
    /// A digest of this op as sent on `base`: FNV-1a (64 bits) over the base in decimal, a colon, and
    /// the op's wire form as compact JSON. It tells a resent op from another op that a copied client id
    /// sent under the same `seq`; it is no defence against forgery.
    pub fn digest(&self, base: u64) -> Digest {
        struct Hashing(fnv::FnvHasher);

        impl std::io::Write for Hashing {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.write(bytes);
                Ok(bytes.len())
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }

        let mut hashing = Hashing(fnv::FnvHasher::default());
        let written = serde_json::to_writer(&mut hashing, &base)
            .and_then(|()| {
                hashing.0.write(b":");
                serde_json::to_writer(&mut hashing, self)
            })
            .is_ok();
        debug_assert!(written, "hashing cannot fail");
        Digest(hashing.0.finish())
    }
}

/// A 64-bit digest of an op; 16 hexadecimal digits on the wire, since JavaScript's numbers stop at 53 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Digest(pub u64);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() != 16 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(de::Error::custom("a digest has 16 hexadecimal digits"));
        }
        u64::from_str_radix(&text, 16)
            .map(Self)
            .map_err(de::Error::custom)
    }
}

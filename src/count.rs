//! Numbers that count on for ever: revisions, seqs, requests, places in the inbox.
//!
//! JavaScript holds integers exactly up to 2⁵³ − 1, and so does whoever reads JSON as it does:
//! that is the largest count there is. A larger one is refused where it comes in (messages by serde,
//! storage by [`check`]), and none is ever made. In between, sums of a count and a number of things in
//! memory cannot overflow a `u64`.

use serde::{Deserialize, Deserializer, de};

use crate::Error;

/// The largest count: 2⁵³ − 1, JavaScript's `Number.MAX_SAFE_INTEGER`.
pub const MAX_COUNT: u64 = (1 << 53) - 1;

/// `count`, if it is one.
///
/// # Errors
/// [`Error::CountTooLarge`] above [`MAX_COUNT`].
pub fn check(what: &'static str, count: u64) -> Result<u64, Error> {
    if count > MAX_COUNT {
        return Err(Error::CountTooLarge { what, count });
    }
    Ok(count)
}

/// The count after `count`.
///
/// # Errors
/// [`Error::CountTooLarge`] after [`MAX_COUNT`]: only hostile input gets a counter there.
pub(crate) fn next(what: &'static str, count: u64) -> Result<u64, Error> {
    check(what, count.saturating_add(1))
}

/// Reads a count: for `#[serde(deserialize_with)]`.
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    check("a count", u64::deserialize(deserializer)?).map_err(de::Error::custom)
}

/// Reads a count or nothing; the field needs `#[serde(default)]` where it may be missing.
pub(crate) fn read_some<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    struct Count(#[serde(deserialize_with = "read")] u64);

    Ok(Option::<Count>::deserialize(deserializer)?.map(|Count(count)| count))
}

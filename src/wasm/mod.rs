//! The JavaScript binding: translation only, one file per exported type.
//!
//! Errors are thrown as plain objects `{code, message, …values}`. Lone surrogates never get here:
//! TypeScript looks for them before a string crosses, since the crossing would make U+FFFD of them.

mod convert;
mod json;
mod replica;
mod text;

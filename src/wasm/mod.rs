//! The JavaScript binding: translation only, one file per exported type.

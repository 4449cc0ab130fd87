//! Plain text: the op, its algebra, and the rope it edits.

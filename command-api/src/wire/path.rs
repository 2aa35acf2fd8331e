//! Paths of fields, written out only where something is wrong with them.

use std::fmt::{self, Display, Formatter};

/// What names a field.
pub(crate) trait Path: Display + Copy {}

impl<P: Display + Copy> Path for P {}

/// A field of what `.0` names.
#[derive(Clone, Copy)]
pub(crate) struct Within<P>(pub(crate) P, pub(crate) &'static str);

impl<P: Path> Display for Within<P> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// An entry of a list.
#[derive(Clone, Copy)]
pub(crate) struct Item(pub(crate) &'static str, pub(crate) usize);

impl Display for Item {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.0, self.1)
    }
}

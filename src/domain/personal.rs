//! Personal data as a type: it never prints itself. `.expose()` is the only way in, and `tests/tidy.rs` lists the
//! files that may call it. Serialisation keeps the value, because sealed aggregates and packages need it; logs never
//! serialise.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A piece of personal data. `Debug` and `Display` are masked; equality and order look at the value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Personal<T = String>(T);

impl<T> Personal<T> {
    /// Wraps a value; from here on it does not print.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for the few places that must show or match it.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Unwraps the value.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl Personal<String> {
    /// Whether nothing was written.
    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }
}

impl From<&str> for Personal<String> {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

impl<T> fmt::Display for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

#[cfg(test)]
mod tests {
    use super::Personal;

    #[test]
    fn personal_data_does_not_print() {
        let name: Personal = "Asha Rao".into();
        assert_eq!(format!("{name} {name:?}"), "[personal] [personal]");
        assert_eq!(name.expose(), "Asha Rao");
    }
}

//! The values of pipeline overrides, which specialise a kernel's arithmetic.

/// An override that a shader file declares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Choice(pub &'static str);

/// Values of overrides. The kernels of a walk share them, and each takes the values of the overrides that its files declare.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Choices(Vec<(String, f64)>);

impl Choices {
    /// Adds a flag.
    pub fn flag(self, Choice(name): Choice, flag: bool) -> Choices {
        self.named(name, f64::from(u8::from(flag)))
    }

    /// Adds a whole number.
    pub fn number(self, Choice(name): Choice, number: usize) -> Choices {
        self.named(name, number as f64)
    }

    /// Adds a value for an override whose name follows from the name of an option or an operand.
    pub fn named(mut self, name: impl Into<String>, value: f64) -> Choices {
        self.add(name, value);
        self
    }

    /// Adds other choices.
    pub fn and(mut self, others: &Choices) -> Choices {
        self.0.extend_from_slice(&others.0);
        self
    }

    pub fn add(&mut self, name: impl Into<String>, value: f64) {
        self.0.push((name.into(), value));
    }

    /// The values of the overrides that are in `declared`.
    pub fn of<'a>(&'a self, declared: &'a [&str]) -> impl Iterator<Item = (&'a str, f64)> {
        let all = self.0.iter().map(|(name, value)| (name.as_str(), *value));
        all.filter(|(name, _)| declared.contains(name))
    }

    /// Removes choices by name, for tests that compare the others.
    #[cfg(test)]
    pub fn without(mut self, left_out: impl Fn(&str) -> bool) -> Choices {
        self.0.retain(|(name, _)| !left_out(name));
        self
    }
}

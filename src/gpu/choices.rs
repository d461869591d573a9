//! The arithmetic that kernels are specialised by: values of their overrides.

/// An override that a shader file declares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Choice(pub &'static str);

/// Values of overrides. A kernel takes those that its files declare: the kernels of a walk share what the call settles.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Choices(Vec<(String, f64)>);

impl Choices {
    /// These, with a flag.
    pub fn flag(self, Choice(name): Choice, flag: bool) -> Choices {
        self.named(name, f64::from(u8::from(flag)))
    }

    /// These, with a number.
    pub fn number(self, Choice(name): Choice, number: usize) -> Choices {
        self.named(name, number as f64)
    }

    /// These, with a value for an override whose name follows from an option's or an operand's.
    pub fn named(mut self, name: impl Into<String>, value: f64) -> Choices {
        self.add(name, value);
        self
    }

    /// These, and others.
    pub fn and(mut self, others: &Choices) -> Choices {
        self.0.extend_from_slice(&others.0);
        self
    }

    pub fn add(&mut self, name: impl Into<String>, value: f64) {
        self.0.push((name.into(), value));
    }

    /// The values of overrides that are declared.
    pub fn of<'a>(&'a self, declared: &'a [&str]) -> impl Iterator<Item = (&'a str, f64)> {
        let all = self.0.iter().map(|(name, value)| (name.as_str(), *value));
        all.filter(|(name, _)| declared.contains(name))
    }

    /// These without some, for tests that compare what is left.
    #[cfg(test)]
    pub fn without(mut self, left_out: impl Fn(&str) -> bool) -> Choices {
        self.0.retain(|(name, _)| !left_out(name));
        self
    }
}

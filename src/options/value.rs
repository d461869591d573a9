//! The values of options, whatever their types, and their texts.

use std::fmt;

/// The value of an option whose type is known only at run time, because it comes from a command line, a file or a header.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value, where an option can be switched off.
    None,
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// One of several names.
    Name(String),
    /// Several numbers.
    Numbers(Vec<f64>),
}

impl Value {
    /// Parses what a program's user writes for an option of this kind, or of an unknown kind. Several numbers stand between
    /// commas, with or without brackets. `none` is a name for an option that takes one of several names, and otherwise means no
    /// value. A text that fits no other value is a name, so that the option itself refuses it.
    ///
    /// ```
    /// use wgloss::header::{Kind, Value};
    ///
    /// assert_eq!(Value::of_text("none", Some(Kind::Choice(&["softmax", "none"]))), Value::Name("none".into()));
    /// assert_eq!(Value::of_text("none", Some(Kind::NumberOrNone)), Value::None);
    /// assert_eq!(Value::of_text("0.1,0.5", Some(Kind::Numbers)), Value::Numbers(vec![0.1, 0.5]));
    /// ```
    pub fn of_text(text: &str, kind: Option<Kind>) -> Value {
        let list = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if kind == Some(Kind::Numbers)
            && let Ok(numbers) = list.split(',').map(|number| number.trim().parse()).collect()
        {
            return Value::Numbers(numbers);
        }
        match text {
            _ if matches!(kind, Some(Kind::Choice(_))) => Value::Name(text.into()),
            "none" => Value::None,
            "true" => Value::Flag(true),
            "false" => Value::Flag(false),
            _ => text.parse().map_or_else(|_| Value::Name(text.into()), Value::Number),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::None => f.write_str("none"),
            // most options are f32: the fewest digits that tell an f32 from its neighbours are printed
            Value::Number(x) if f64::from(*x as f32) == *x => write!(f, "{}", *x as f32),
            Value::Number(x) => write!(f, "{x}"),
            Value::Flag(x) => write!(f, "{x}"),
            Value::Name(x) => f.write_str(x),
            Value::Numbers(x) => write!(f, "{x:?}"),
        }
    }
}

/// The kind of value that an option takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A finite number.
    Number,
    /// A finite number, or none.
    NumberOrNone,
    /// A 32-bit integer.
    Integer,
    /// A 32-bit integer, or none.
    IntegerOrNone,
    /// Yes or no.
    Flag,
    /// One of these names.
    Choice(&'static [&'static str]),
    /// Finite numbers, one or more.
    Numbers,
}

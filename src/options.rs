//! A loss's options: their names, values and ranges, which only the declaration of the loss's struct states.

mod value;

pub use value::{Kind, Value};

use crate::error::{Error, Result};
use std::fmt;

/// The numbers that an option takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// Every finite number.
    Any,
    /// From this number up.
    AtLeast(f64),
    /// Greater than this number by at least the smallest normal f32, because GPUs flush smaller differences to 0.
    Above(f64),
    /// From the first number to the second, both included.
    Within(f64, f64),
    /// From the first number to the second, both left out.
    Between(f64, f64),
}

/// How far a number has to lie above a lower end that the range excludes. GPUs flush smaller numbers to 0.
const LEAST: f64 = f32::MIN_POSITIVE as f64;

impl Range {
    /// Whether a number lies in the range.
    pub fn contains(self, x: f64) -> bool {
        x.is_finite()
            && match self {
                Range::Any => true,
                Range::AtLeast(low) => x >= low,
                Range::Above(low) => x - low >= LEAST,
                Range::Within(low, high) => x >= low && x <= high,
                Range::Between(low, high) => x - low >= LEAST && x < high,
            }
    }
}

#[cfg(feature = "gpu")]
impl Range {
    /// The least and the greatest f32 in the range, for a kernel that compares a number with them.
    pub(crate) fn ends(self) -> [f32; 2] {
        // looks at the neighbours of an end too, since the range may exclude the end, or the end may be no f32
        let least = |low: f64| {
            let near = [low, low + LEAST].map(|x| x as f32);
            let near = near.into_iter().flat_map(|x| [x.next_down(), x, x.next_up()]);
            near.filter(|x| self.contains((*x).into())).fold(f32::MAX, f32::min)
        };
        let greatest = |high: f64| {
            let near = high as f32;
            let near = [near.next_down(), near, near.next_up()].into_iter();
            near.filter(|x| self.contains((*x).into())).fold(f32::MIN, f32::max)
        };
        match self {
            Range::Any => [f32::MIN, f32::MAX],
            Range::AtLeast(low) | Range::Above(low) => [least(low), f32::MAX],
            Range::Within(low, high) | Range::Between(low, high) => [least(low), greatest(high)],
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Range::Any => f.write_str("a finite number"),
            Range::AtLeast(low) => write!(f, "a number ≥ {low}"),
            Range::Above(0.0) => write!(f, "a number > 0 ({:e} at the least)", f32::MIN_POSITIVE),
            Range::Above(low) => write!(f, "a number > {low}"),
            Range::Within(low, high) => write!(f, "a number in [{low}, {high}]"),
            Range::Between(low, high) => write!(f, "a number in ({low}, {high})"),
        }
    }
}

/// One option of a loss.
#[derive(Clone, Debug, PartialEq)]
pub struct OptionSpec {
    /// Its name, PyTorch's where PyTorch has it.
    pub name: &'static str,
    /// The kind of value it takes.
    pub kind: Kind,
    /// The numbers it takes.
    pub range: Range,
    /// The Rust type of its values, such as `f32` or `IouKind`, for programs that write lines of Rust.
    pub rust_type: &'static str,
    /// Its effect, in a sentence or two.
    pub doc: &'static str,
}

impl OptionSpec {
    /// The values that it takes, in words.
    pub fn expected(&self) -> String {
        match self.kind {
            Kind::Number => self.range.to_string(),
            Kind::NumberOrNone => format!("none or {}", self.range),
            Kind::Integer => integer(self.range),
            Kind::IntegerOrNone => format!("none or {}", integer(self.range)),
            Kind::Flag => "true or false".into(),
            Kind::Choice(names) => format!("one of {}", names.join(", ")),
            Kind::Numbers => format!("one or more, each {}", self.range),
        }
    }
}

/// A type that an option can have.
pub trait OptionType: Sized {
    /// The kind of value that it takes.
    const KIND: Kind;
    /// The option's value.
    fn get(&self) -> Value;
    /// The option with this value, or `None` where the value is of another kind.
    fn from_value(value: &Value) -> Option<Self>;
}

impl OptionType for f32 {
    const KIND: Kind = Kind::Number;
    fn get(&self) -> Value {
        Value::Number((*self).into())
    }
    fn from_value(value: &Value) -> Option<f32> {
        match value {
            Value::Number(x) => Some(*x as f32),
            _ => None,
        }
    }
}

impl OptionType for i32 {
    const KIND: Kind = Kind::Integer;
    fn get(&self) -> Value {
        Value::Number((*self).into())
    }
    fn from_value(value: &Value) -> Option<i32> {
        match value {
            Value::Number(x) if x.fract() == 0.0 && (i32::MIN as f64..=i32::MAX as f64).contains(x) => Some(*x as i32),
            _ => None,
        }
    }
}

impl OptionType for bool {
    const KIND: Kind = Kind::Flag;
    fn get(&self) -> Value {
        Value::Flag(*self)
    }
    fn from_value(value: &Value) -> Option<bool> {
        match value {
            Value::Flag(x) => Some(*x),
            _ => None,
        }
    }
}

impl OptionType for Vec<f32> {
    const KIND: Kind = Kind::Numbers;
    fn get(&self) -> Value {
        Value::Numbers(self.iter().map(|&x| x.into()).collect())
    }
    fn from_value(value: &Value) -> Option<Vec<f32>> {
        match value {
            Value::Numbers(x) => Some(x.iter().map(|&x| x as f32).collect()),
            Value::Number(x) => Some(vec![*x as f32]),
            _ => None,
        }
    }
}

macro_rules! or_none {
    ($($type:ty => $kind:ident),*) => {$(
        impl OptionType for Option<$type> {
            const KIND: Kind = Kind::$kind;
            fn get(&self) -> Value {
                self.as_ref().map_or(Value::None, OptionType::get)
            }
            fn from_value(value: &Value) -> Option<Option<$type>> {
                match value {
                    Value::None => Some(None),
                    value => <$type>::from_value(value).map(Some),
                }
            }
        }
    )*};
}

or_none!(f32 => NumberOrNone, i32 => IntegerOrNone);

/// The options of a loss, by name. [`loss!`](crate::loss!) implements it.
pub trait Options {
    /// The options, in the order of the struct's fields.
    fn specs(&self) -> Vec<OptionSpec>;
    /// Their values, in the order of [`specs`](Self::specs).
    fn values(&self) -> Vec<Value>;
    /// Sets the option at this index of [`specs`](Self::specs). Returns false if the value is of another kind.
    fn set_at(&mut self, place: usize, value: &Value) -> bool;
}

/// The options of a term, which a program may name along with a loss's own options.
pub(crate) const TERMS: [&str; 3] = ["reduction", "empty_is_zero", "checked"];

/// Sets an option by name. Its range is not checked here but by [`check`], which also checks structs that were written by hand.
pub(crate) fn set(options: &mut dyn Options, loss: &'static str, name: &str, value: &Value) -> Result<()> {
    let specs = options.specs();
    let Some(place) = specs.iter().position(|spec| spec.name == name) else {
        let known: Vec<_> = specs.iter().map(|spec| spec.name).chain(TERMS).collect();
        return Err(Error::InvalidOption {
            loss,
            option: name.into(),
            value: value.to_string(),
            expected: format!("one of the options {}", known.join(", ")),
        });
    };
    if options.set_at(place, value) { Ok(()) } else { Err(refuse(loss, &specs[place], value)) }
}

/// Refuses the first option that lies outside its range.
pub(crate) fn check(options: &(impl Options + ?Sized), loss: &'static str) -> Result<()> {
    for (spec, value) in options.specs().iter().zip(options.values()) {
        let good = match &value {
            Value::Number(x) => spec.range.contains(*x),
            Value::Numbers(x) => !x.is_empty() && x.iter().all(|&x| spec.range.contains(x)),
            _ => true,
        };
        if !good {
            return Err(refuse(loss, spec, &value));
        }
    }
    Ok(())
}

/// The error for a number outside its range: the value of an option, or a number of the term such as its coefficient.
pub(crate) fn out_of_range(loss: &'static str, name: &str, value: f32, range: Range) -> Error {
    Error::InvalidOption { loss, option: name.into(), value: value.to_string(), expected: range.to_string() }
}

fn refuse(loss: &'static str, spec: &OptionSpec, value: &Value) -> Error {
    Error::InvalidOption { loss, option: spec.name.into(), value: value.to_string(), expected: spec.expected() }
}

fn integer(range: Range) -> String {
    match range {
        Range::Any => "an integer of 32 bits".into(),
        range => format!("an integer: {range}"),
    }
}

/// The type that an option's setter takes: the option's own type, or `impl Into` for an `Option` or a `Vec`, so that a
/// bare number becomes `Some` and an array becomes a `Vec`.
#[doc(hidden)]
#[macro_export]
macro_rules! option_argument {
    ($type:ident) => { $type };
    ($type:ident<$item:ident>) => { impl Into<$type<$item>> };
}

/// The values that an option takes, in words for its documentation, from the type and the range that are given to
/// [`loss!`](crate::loss!). The range is matched as tokens, since an expression cannot be turned into words.
#[doc(hidden)]
#[macro_export]
macro_rules! option_values {
    (bool, $($range:tt)+) => { "`true` or `false`" };
    (Option<$type:ident>, $($range:tt)+) => { concat!("`None`, or ", $crate::option_values!($type, $($range)+)) };
    (Vec<$type:ident>, $($range:tt)+) => { concat!("one or more, each ", $crate::option_values!($type, $($range)+)) };
    (f32, Any) => { "any finite number" };
    (i32, Any) => { "any `i32`" };
    ($choice:ident, Any) => { concat!("a variant of [`", stringify!($choice), "`]") };
    (i32, $($range:tt)+) => { concat!("an integer ", $crate::option_values!(number, $($range)+)) };
    ($number:ident, AtLeast($low:literal)) => { concat!("`", stringify!($low), "` or more") };
    ($number:ident, Above($low:literal)) => { concat!("greater than `", stringify!($low), "`") };
    ($number:ident, Within($low:literal, $high:literal)) => {
        concat!("from `", stringify!($low), "` to `", stringify!($high), "`")
    };
    ($number:ident, Between($low:literal, $high:literal)) => {
        concat!("greater than `", stringify!($low), "` and less than `", stringify!($high), "`")
    };
}

/// An option that is one of several names: an enum whose first variant is the default.
macro_rules! choice {
    ($(#[$doc:meta])* pub enum $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type { $($(#[$variant_doc])* $variant),* }

        impl Default for $type {
            fn default() -> $type {
                [$($type::$variant),*][0]
            }
        }

        impl $crate::options::OptionType for $type {
            const KIND: $crate::options::Kind = $crate::options::Kind::Choice(&[$($name),*]);
            fn get(&self) -> $crate::options::Value {
                $crate::options::Value::Name(match self { $($type::$variant => $name),* }.into())
            }
            fn from_value(value: &$crate::options::Value) -> Option<$type> {
                match value {
                    $($crate::options::Value::Name(name) if name == $name => Some($type::$variant),)*
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use choice;

#[cfg(all(test, feature = "gpu"))]
mod tests {
    use super::Range;

    #[test]
    fn the_ends_of_a_range_lie_in_it_and_their_neighbours_do_not() {
        for range in [
            Range::AtLeast(0.0),
            Range::AtLeast(-0.1),
            Range::AtLeast(0.1),
            Range::Above(0.0),
            Range::Above(-1.0),
            Range::Above(1.0),
            Range::Within(0.0, 1.0),
            Range::Within(-0.1, 0.1),
            Range::Between(0.0, 1.0),
            Range::Between(-1.0, 1.0),
        ] {
            let [lowest, highest] = range.ends();
            let contains = |x: f32| range.contains(x.into());
            assert!(contains(lowest) && contains(highest), "{range:?}: {lowest} to {highest}");
            assert!(!contains(lowest.next_down()), "{range:?}: {lowest} is not the least");
            assert!(highest == f32::MAX || !contains(highest.next_up()), "{range:?}: {highest} is not the greatest");
        }
    }
}

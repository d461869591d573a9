//! How a loss's options reach its kernels. Flags, names and integers become overrides, because they choose the arithmetic.
//! Numbers become parameters, so that another number needs no other pipeline: only whether a number is missing, or small and
//! whole, is an override too.

use crate::gpu::choices::Choices;
use crate::gpu::namespace::override_prefix;
use crate::gpu::shaders::choice;
use crate::leaf::Leaf;
use crate::loss::Loss;
use crate::options::{Kind, Value};

/// The greatest exponent that the shaders' `whole_power` takes.
const MOST_WHOLE: f64 = 4.0;

/// The overrides that a loss's options set: flags; the index of a name; integers; `HAS_*` for an option that may have
/// no value; `WHOLE_*` for a number, −1 unless it is small and whole. A shader declares the overrides that it needs.
pub(super) fn overrides(loss: &dyn Loss) -> Choices {
    let mut choices = Choices::default();
    let prefix = override_prefix(loss);
    for (spec, value) in loss.specs().iter().zip(loss.values()) {
        let name = spec.name.to_uppercase();
        let own = format!("{prefix}{name}");
        match (spec.kind, value) {
            (Kind::Flag, Value::Flag(flag)) => choices.add(own, f64::from(u8::from(flag))),
            (Kind::Choice(names), Value::Name(chosen)) => {
                let place = names.iter().position(|name| **name == chosen).unwrap_or(0);
                choices.add(own, place as f64);
            }
            (Kind::Integer, Value::Number(number)) => choices.add(own, number),
            (Kind::NumberOrNone, value) => {
                choices.add(format!("{prefix}HAS_{name}"), f64::from(u8::from(value != Value::None)));
            }
            (Kind::Number, Value::Number(number)) => {
                let is_whole = number.fract() == 0.0 && (0.0..=MOST_WHOLE).contains(&number);
                choices.add(format!("{prefix}WHOLE_{name}"), if is_whole { number } else { -1.0 });
            }
            _ => {}
        }
    }
    // the walk reads the cap as `option(SOFTCAP)`
    let place = place_of_number(loss, SOFTCAP).filter(|_| loss.leaf().cap().is_some());
    match place {
        Some(place) => choices
            .number(choice::SOFTCAP, place)
            .flag(choice::CAPS_TARGETS, matches!(loss.leaf(), Leaf::Divergence(_) | Leaf::LinearDivergence(_))),
        None => choices,
    }
}

/// The name of the option whose value [`Leaf::cap`] returns.
const SOFTCAP: &str = "softcap";

/// The number options of a loss in the order of its header, for the shader's `option`.
pub(super) fn numbers(loss: &dyn Loss) -> [f32; 16] {
    let values = loss.specs().into_iter().zip(loss.values());
    let numbers = values.filter(|(spec, _)| matches!(spec.kind, Kind::Number | Kind::NumberOrNone));
    let mut out = [0.0; 16];
    for (slot, (_, value)) in out.iter_mut().zip(numbers) {
        *slot = if let Value::Number(x) = value { x as f32 } else { 0.0 };
    }
    out
}

/// The index of a number option in the array of [`numbers`].
pub(crate) fn place_of_number(loss: &dyn Loss, name: &str) -> Option<usize> {
    let specs = loss.specs();
    let mut numbers = specs.iter().filter(|spec| matches!(spec.kind, Kind::Number | Kind::NumberOrNone));
    numbers.position(|spec| spec.name == name)
}

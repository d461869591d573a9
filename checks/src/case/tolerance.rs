//! How far the results of a case may be from the twin's.

use super::{Case, Inputs};
use crate::draw::{Rng, stored_as};
use crate::judge::{self, Room};
use wgloss::custom::{Leaf, Measure};
use wgloss::{Array, DType, Error, Operand, cpu};

/// How many roundings of a number [`Case::room`] allows for.
const ROUNDINGS: f64 = 16.0;

impl Case {
    /// Compares all results of a device with the twin's.
    pub fn judge(&self, inputs: &Inputs<Array>, got: &judge::Given, want: &judge::Given) -> Result<(), String> {
        let times = self.conditioning();
        let judged = got.judge_within(want, times, &Room::default());
        judged.or_else(|why| got.judge_within(want, times, &self.room(inputs).ok_or(why)?))
    }

    /// Room for roundings of f32 that a call magnifies, as by the subtraction of nearly equal sums: how far the twin's answers
    /// move when each number of the inputs moves by a unit in its last place, times `ROUNDINGS`.
    fn room(&self, inputs: &Inputs<Array>) -> Option<Room> {
        let mut rng = Rng::new(self.seed ^ 0x4f);
        let mut moved = |x: f32| match x == 0.0 || !x.is_finite() {
            true => x,
            false => f32::from_bits(if rng.once_in(2) { x.to_bits() + 1 } else { x.to_bits() - 1 }),
        };
        let mut in_f32 = |array: &Array| Ok::<Array, Error>(stored_as(array, DType::F32));
        let inputs = inputs.on(&mut in_f32).ok()?;
        let mut moved = |array: &Array| {
            if !array.dtype().is_float() {
                return Ok::<Array, Error>(array.clone());
            }
            let numbers: Vec<f32> = array.to_f32().into_iter().map(&mut moved).collect();
            Ok(Array::new(&numbers, array.shape())?.with_class_axis(array.class_axis()))
        };
        // an inspection would refuse a mask that is moved, since it is neither 0 nor 1
        let unchecked = Case { checked: false, ..self.clone() };
        let answers = |inputs: &Inputs<Array>| {
            cpu::gradient_list(&unchecked.term(inputs), &self.differentiated(inputs)).map(judge::Given::by_twin)
        };
        let others = (0..3).map(|_| answers(&inputs.on(&mut moved)?)).collect::<Result<Vec<_>, Error>>().ok()?;
        Some(Room::around(&answers(&inputs).ok()?, &others, ROUNDINGS))
    }

    /// The factor of the tolerance for this loss, where its formula magnifies the roundings of f32: the `(1/p)`th power of a sum
    /// has 1/p times the relative error of the sum.
    fn conditioning(&self) -> f64 {
        match self.loss().leaf() {
            Leaf::Vectors(leaf) => match leaf.measure() {
                Measure::Norm { p, .. } => (1.0 / f64::from(p)).max(1.0),
                Measure::Cosine => 1.0,
            },
            // a variance is a difference of means over a window, and a gradient the difference of windows' slopes
            Leaf::Windows(_) => 4.0,
            _ => 1.0,
        }
    }
}

//! Evaluates a call on a device: whole, or in pieces of the batch.

use super::answer::{EvalAnswer, MOST_PRINTED, Number};
use super::call::Call;
use super::inputs::{Cut, Inputs};
use super::totals::{Totals, Values};
use crate::bar::Bar;
use crate::device::{self, Device};
use crate::failure::{self, Failure};
use indicatif::BinaryBytes;
use wgloss::{Array, DType, Error};
use wgloss_cases::Way;

/// The most bytes of operands in a piece, on each device. A twin takes some 100 bytes for each element.
const PIECE: [(Device, u64); 2] = [(Device::Gpu, 256 << 20), (Device::Cpu, 32 << 20)];

/// A call, the device that evaluates it, and how many bytes of operands may be held at once.
pub struct Evaluation {
    pub call: Call,
    pub way: Way,
    pub device: Device,
    pub hold: u64,
}

/// The results that are wanted beside the loss.
#[derive(Default)]
pub struct Wanted<'a> {
    /// The operands to differentiate with respect to.
    pub gradients: Vec<&'a str>,
    /// Whether their gradients are f32, whatever dtypes the operands have.
    pub f32_gradients: bool,
    /// Whether to keep all values of an unreduced loss.
    pub values: bool,
}

impl Evaluation {
    /// Evaluates the call on operands in files.
    pub fn of_files(&self, places: &[(String, String)], wanted: &Wanted<'_>) -> Result<EvalAnswer, Failure> {
        let inputs = Inputs::open(&self.call, places, self.device)?;
        let held = inputs.held();
        let piece = PIECE.iter().find(|(device, _)| *device == self.device).map_or(self.hold, |(_, most)| *most);
        let piece = piece.min(self.hold);
        if held <= piece {
            return self.whole(inputs, wanted);
        }
        let cut = match wanted.gradients.is_empty() {
            true => inputs.cut(&self.call),
            false => Err("gradients are computed for all of a batch".into()),
        };
        match cut {
            Ok(cut) => self.in_pieces(inputs, cut, piece, wanted),
            Err(_) if held <= self.hold => self.whole(inputs, wanted),
            Err(why) => Err(self.too_large(held, &why)),
        }
    }

    fn too_large(&self, held: u64, why: &str) -> Failure {
        let gibibytes = held.div_ceil(1 << 30);
        let (held, hold) = (BinaryBytes(held), BinaryBytes(self.hold));
        Failure::Input(format!(
            "the operands take {held}, more than {hold}, and can't be cut into pieces: {why}; --hold {gibibytes} allows it"
        ))
    }

    /// Evaluates the call on operands in memory.
    pub fn of_arrays(&self, given: Vec<(String, Array)>, wanted: &Wanted<'_>) -> Result<EvalAnswer, Error> {
        let with_f32 = |(name, array): (String, Array)| {
            let is_wanted = wanted.f32_gradients && wanted.gradients.contains(&name.as_str());
            (name, if is_wanted { array.f32_gradient() } else { array })
        };
        let given: Vec<(String, Array)> = given.into_iter().map(with_f32).collect();
        let term = self.call.term(&given)?;
        let of = wanted.gradients.iter().map(|name| {
            let found = given.iter().find(|(given, _)| given == name).map(|(_, array)| array);
            found.ok_or_else(|| Error::InvalidOperand {
                loss: self.call.expression.summands[0].id,
                operand: (*name).into(),
                reason: "is not given, so it has no gradient".into(),
            })
        });
        let evaluated = device::evaluate_sum(&self.way, &term, &of.collect::<Result<Vec<_>, Error>>()?)?;
        let loss = &evaluated.answer.loss;
        let is_reduced = self.call.is_reduced();
        let first = |array: &Array| array.to_f64().first().copied().unwrap_or(f64::NAN);
        // the twins' gradients are f64
        let stored = |gradient: Array| if wanted.f32_gradients { gradient.cast(DType::F32) } else { gradient };
        Ok(EvalAnswer {
            loss: is_reduced.then(|| self.number(first(loss))),
            values: (!is_reduced).then(|| Values::new(loss, wanted.values || loss.len() <= MOST_PRINTED)),
            totals: Totals::new(&self.call, &evaluated.parts),
            gradients: evaluated.answer.gradients.into_iter().map(stored).collect(),
            observed: evaluated.observed,
            pieces: 1,
            held: given.iter().map(|(_, array)| (array.len() * array.dtype().size()) as u64).sum(),
        })
    }

    fn whole(&self, inputs: Inputs, wanted: &Wanted<'_>) -> Result<EvalAnswer, Failure> {
        let bar = Bar::new(inputs.held());
        let given = inputs.whole(&|bytes| bar.add(bytes))?;
        bar.computes();
        self.of_piece(given, 0, &[], wanted)
    }

    /// Evaluates the call on a piece whose operands named in `cut` begin with item `first` of their files.
    fn of_piece(
        &self,
        given: Vec<(String, Array)>,
        first: usize,
        cut: &[String],
        wanted: &Wanted<'_>,
    ) -> Result<EvalAnswer, Failure> {
        let shapes: Vec<(String, Vec<usize>)> =
            given.iter().map(|(name, array)| (name.clone(), array.shape().to_vec())).collect();
        self.of_arrays(given, wanted).map_err(|error| {
            let name = failure::operand(&error).and_then(|(loss, own)| self.call.given(loss, own));
            let Some((name, shape)) = shapes.iter().find(|(known, _)| Some(known) == name.as_ref()) else {
                return Failure::Refused(error);
            };
            let advice = self.call.ignoring(&error);
            let refused = Failure::at(error, shape, if cut.contains(name) { first } else { 0 });
            match advice {
                Some(advice) => refused.advised(advice),
                None => refused,
            }
        })
    }

    /// Evaluates pieces of the batch one after the other, and merges their results.
    fn in_pieces(&self, inputs: Inputs, cut: Cut, piece: u64, wanted: &Wanted<'_>) -> Result<EvalAnswer, Failure> {
        let Cut { item_bytes, whole_bytes, .. } = cut;
        // an item without bytes counts as one byte
        let items = (piece.saturating_sub(whole_bytes) / item_bytes.max(1)).max(1);
        if whole_bytes.saturating_add(item_bytes) > self.hold {
            return Err(self.too_large(whole_bytes.saturating_add(item_bytes), "this is one item of the batch"));
        }
        let bar = Bar::new(inputs.held());
        let items = usize::try_from(items).unwrap_or(usize::MAX).min(cut.items.max(1));
        let (mut all, names): (Option<EvalAnswer>, _) = (None, inputs.names(&cut));
        let pieces = inputs.pieces(&cut, items)?;
        bar.add(whole_bytes);
        for (place, given) in pieces.enumerate() {
            let first = place * items;
            let next = self.of_piece(given?, first, &names, wanted)?;
            bar.add(item_bytes * items.min(cut.items - first) as u64);
            all = Some(match all {
                Some(all) => self.merged(all, next)?,
                None => next,
            });
        }
        all.ok_or_else(|| Failure::Input("there is no piece of the batch".into()))
    }

    /// The answer of two pieces of a batch, or of two evaluations of many.
    pub fn merged(&self, mut all: EvalAnswer, next: EvalAnswer) -> Result<EvalAnswer, Error> {
        all.totals.add(&next.totals);
        for ((_, array), (_, more)) in all.observed.iter_mut().zip(&next.observed) {
            *array = joined(array, more)?;
        }
        all.loss = all.loss.map(|_| self.number(all.totals.loss()));
        if let (Some(values), Some(more)) = (&mut all.values, next.values) {
            values.add(more);
        }
        all.pieces += next.pieces;
        all.held = all.held.max(next.held);
        Ok(all)
    }

    /// Whether the device computes in f32.
    pub fn is_f32(&self) -> bool {
        self.device == Device::Gpu
    }

    /// A number in the device's precision.
    pub fn number(&self, value: f64) -> Number {
        Number { value, is_f32: self.is_f32() }
    }

    /// The loss and the columns beside it, as a row of a table shows them.
    pub fn cells(&self, loss: f64, totals: &Totals) -> Vec<String> {
        let columns = totals.columns().map(|(_, value)| value);
        [loss].into_iter().chain(columns).map(|value| self.number(value).text()).collect()
    }

    /// The loss as an array to write to a file.
    pub fn array(&self, answer: &EvalAnswer) -> Result<Array, Error> {
        let numbers = match (&answer.values, answer.loss) {
            (Some(values), _) => Array::new(values.kept.as_deref().unwrap_or_default(), values.shape.clone()),
            (None, loss) => Array::new(&[loss.map_or(f64::NAN, |loss| loss.value)], []),
        };
        Ok(numbers?.cast(if self.is_f32() { DType::F32 } else { DType::F64 }))
    }
}

/// The items of `array`, followed by those of `more`.
fn joined(array: &Array, more: &Array) -> Result<Array, Error> {
    let mut shape = array.shape().to_vec();
    if let (Some(items), Some(more)) = (shape.first_mut(), more.shape().first()) {
        *items += more;
    }
    // observations are u32 or floats, which are exact in f64
    Ok(Array::new(&[array.to_f64(), more.to_f64()].concat(), shape)?.cast(array.dtype()))
}

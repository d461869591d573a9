//! The operands of a call in their files: opened, read whole, or cut along the first axis.

use super::call::{Call, Known};
use super::warnings;
use crate::device::Device;
use crate::failure::Failure;
use crate::files::{self, Opened};
use wgloss::header::{Axis, Role, Sizes};
use wgloss::{Array, ClassAxis, DType};

/// The operands of a call. Their files are open; only the files' headers have been read.
pub struct Inputs {
    operands: Vec<Operand>,
}

/// An operand in its file.
struct Operand {
    name: String,
    place: String,
    file: Opened,
    /// Whether integers are read as floats.
    as_floats: bool,
    /// The loss that expects probabilities, or 0 and 1, in this operand, if any does. `None` once a warning has said that the
    /// operand holds other integers, so that there is no second warning.
    probabilities_of: Option<&'static str>,
    device: Device,
}

/// How operands are cut along their first axis.
#[derive(Debug)]
pub struct Cut {
    /// The number of items in the batch.
    pub items: usize,
    /// Whether each operand is cut. The others are the same for all pieces.
    is_cut: Vec<bool>,
    /// The bytes of one item in all operands that are cut.
    pub item_bytes: u64,
    /// The bytes of the operands that aren't cut.
    pub whole_bytes: u64,
}

impl Inputs {
    /// Opens the files of a call's operands.
    pub fn open(call: &Call, places: &[(String, String)], device: Device) -> Result<Inputs, Failure> {
        let open = |(name, place): &(String, String)| {
            let file = files::open(place)?;
            let probabilities_of = warnings::taker_of_probabilities(call, name);
            let (name, place) = (name.clone(), place.clone());
            Ok(Operand { name, place, file, as_floats: false, probabilities_of, device })
        };
        let mut operands = places.iter().map(open).collect::<Result<Vec<_>, Failure>>()?;
        let known: Vec<Known<'_>> = operands.iter().map(Operand::known).collect();
        warnings::of_single_classes(call, &known);
        let floats: Vec<bool> = known.iter().map(|operand| call.wants_floats(*operand, &known)).collect();
        operands.iter_mut().zip(floats).for_each(|(operand, floats)| operand.as_floats = floats);
        Ok(Inputs { operands })
    }

    /// The bytes of memory that all operands take once they are read.
    pub fn held(&self) -> u64 {
        self.operands.iter().fold(0, |sum, operand| sum.saturating_add(operand.held(operand.file.shape())))
    }

    /// Reads all operands. Calls `read` with the bytes of each.
    pub fn whole(self, read: &dyn Fn(u64)) -> Result<Vec<(String, Array)>, Failure> {
        let whole = |operand: Operand| {
            let bytes = operand.held(operand.file.shape());
            let array = operand.whole()?;
            read(bytes);
            Ok(array)
        };
        self.operands.into_iter().map(whole).collect()
    }

    /// How the batch is cut; or why it can't be.
    pub fn cut(&self, call: &Call) -> Result<Cut, String> {
        let mut items: Option<usize> = None;
        let mut is_cut: Vec<Option<bool>> = vec![None; self.operands.len()];
        for (summand, loss) in call.losses() {
            let (id, header) = (summand.id, loss.header());
            if !loss.adds_up() || call.rows_from.is_some() {
                return Err(format!("{id} of a batch is no sum over its items"));
            }
            let leader = self.operands.iter().find(|operand| operand.name == summand.given(header.operands[0].name));
            let leader = leader.ok_or_else(|| format!("{id} lacks its operand `{}`", header.operands[0].name))?;
            let [first, rest @ ..] = leader.file.shape() else { return Err(format!("`{}` has no axis", leader.name)) };
            let by_axis = header.operands.iter().any(|spec| matches!(spec.role, Role::Row | Role::Column));
            if by_axis && rest.is_empty() {
                let name = &leader.name;
                return Err(format!(
                    "`{name}` has only its last axis; {id} needs one of the batch before it, as in [N, 1]"
                ));
            }
            let axis = if call.class_axis_last { ClassAxis::Last } else { ClassAxis::Second };
            let grown: Vec<usize> = [&[first.saturating_add(1)], rest].concat();
            for spec in header.operands {
                let Some(place) = self.operands.iter().position(|operand| operand.name == summand.given(spec.name))
                else {
                    continue;
                };
                let file = &self.operands[place].file;
                let shape =
                    |leader: &[usize]| Sizes::new(&*loss, leader, axis, is_dense(file, leader.len())).shape(spec.role);
                let cut = grows(&shape(leader.file.shape()), &shape(&grown));
                let own = file.shape();
                let is_exact = shape(leader.file.shape()).into_iter().eq(own.iter().map(|&length| Axis::Of(length)));
                let cut = match spec.role {
                    // the operand is broadcast; it is cut if its first axis is the batch
                    Role::Weight | Role::Column if !is_exact => {
                        Some(own.len() == leader.file.shape().len() && own.first() == Some(first))
                    }
                    _ => cut,
                };
                let cut = cut.ok_or_else(|| format!("`{}` has no axis of the batch alone", spec.name))?;
                if *is_cut[place].get_or_insert(cut) != cut {
                    return Err(format!("one loss cuts `{}`, another takes all of it", self.operands[place].name));
                }
                let length = file.shape().first().copied().unwrap_or(0);
                if cut && *items.get_or_insert(length) != length {
                    return Err(format!("`{}` has {length} items, others {}", spec.name, items.unwrap_or(0)));
                }
                if cut && !file.can_be_cut() {
                    return Err(format!("{}: is stored column by column", self.operands[place].place));
                }
            }
        }
        let is_cut: Vec<bool> = is_cut.into_iter().map(|cut| cut.unwrap_or(false)).collect();
        let bytes = |of: bool| {
            let operands = self.operands.iter().zip(&is_cut).filter(move |(_, cut)| **cut == of);
            operands.fold(0u64, |sum, (operand, _)| {
                let shape = operand.file.shape();
                sum.saturating_add(operand.held(if of { &shape[1..] } else { shape }))
            })
        };
        Ok(Cut { items: items.unwrap_or(0), item_bytes: bytes(true), whole_bytes: bytes(false), is_cut })
    }

    /// The names of the operands that are cut.
    pub fn names(&self, cut: &Cut) -> Vec<String> {
        let cut = self.operands.iter().zip(&cut.is_cut).filter(|(_, is_cut)| **is_cut);
        cut.map(|(operand, _)| operand.name.clone()).collect()
    }

    /// Cuts the batch into pieces of this many items; the last may have fewer. An empty batch is one empty piece.
    pub fn pieces(self, cut: &Cut, items: usize) -> Result<Pieces, Failure> {
        let mut pieces = Pieces { cut: Vec::new(), whole: Vec::new(), items, left: cut.items.div_ceil(items).max(1) };
        for (operand, is_cut) in self.operands.into_iter().zip(&cut.is_cut) {
            match is_cut {
                true => pieces.cut.push(operand),
                false => pieces.whole.push(operand.whole()?),
            }
        }
        Ok(pieces)
    }
}

/// The pieces of a batch, read one after the other.
pub struct Pieces {
    cut: Vec<Operand>,
    whole: Vec<(String, Array)>,
    items: usize,
    left: usize,
}

impl Iterator for Pieces {
    type Item = Result<Vec<(String, Array)>, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let items = self.items;
        let cut = self.cut.iter_mut().map(|operand| operand.next(items));
        Some(cut.chain(self.whole.iter().cloned().map(Ok)).collect())
    }
}

impl Operand {
    /// The bytes that this shape takes in memory, in the dtype that the operand is read as.
    fn held(&self, shape: &[usize]) -> u64 {
        let size = fitted_type(self.file.dtype(), self.as_floats, self.device).size() as u64;
        shape.iter().fold(size, |bytes, &axis| bytes.saturating_mul(axis as u64))
    }

    /// Reads the whole operand.
    fn whole(mut self) -> Result<(String, Array), Failure> {
        let array = self.file.rest().map_err(|why| Failure::Input(format!("{}: {why}", self.place)))?;
        Ok((self.name.clone(), self.fitted(array)))
    }

    /// Reads the next items of the operand.
    fn next(&mut self, items: usize) -> Result<(String, Array), Failure> {
        let array = self.file.next(items).map_err(|why| Failure::Input(format!("{}: {why}", self.place)))?;
        Ok((self.name.clone(), self.fitted(array)))
    }

    /// The array as the call takes it. Warns of integers that are taken for probabilities, and are none.
    fn fitted(&mut self, array: Array) -> Array {
        if let (true, Some(loss)) = (self.as_floats, self.probabilities_of)
            && let Some(number) = warnings::beyond_binary(&array)
        {
            let Operand { name, place, .. } = self;
            warnings::warn(&format!("{place}: `{name}` holds {number}, and {loss} expects 0 and 1"));
            self.probabilities_of = None;
        }
        fitted(array, self.as_floats, self.device)
    }

    fn known(&self) -> Known<'_> {
        (&self.name, self.file.dtype(), self.file.shape())
    }
}

/// Whether a target has a number for each element of the prediction, rather than a label for each position. It then has as many
/// axes as the prediction.
fn is_dense(file: &Opened, axes: usize) -> bool {
    file.shape().len() == axes
}

/// Whether the first axis of an operand grows with the batch, by its shape and its shape for a batch of one more item. `None`
/// if another axis grows.
fn grows(shape: &[Axis], grown: &[Axis]) -> Option<bool> {
    match (shape, grown) {
        _ if shape == grown => Some(false),
        ([_, rest @ ..], [_, grown @ ..]) if rest == grown => Some(true),
        _ => None,
    }
}

/// The array in a dtype that the call and its device take.
pub fn fitted(array: Array, as_floats: bool, device: Device) -> Array {
    match (array.dtype(), fitted_type(array.dtype(), as_floats, device)) {
        (own, fitted) if own == fitted => array,
        (_, fitted) => array.cast(fitted),
    }
}

/// The dtype that the device takes. f64, and integers that are read as floats, become f32 on a GPU, which takes no f64, and
/// f64 on the CPU.
fn fitted_type(dtype: DType, as_floats: bool, device: Device) -> DType {
    match dtype {
        DType::F32 | DType::F16 | DType::BF16 => dtype,
        _ if dtype != DType::F64 && !as_floats => dtype,
        _ if device == Device::Gpu => DType::F32,
        _ => DType::F64,
    }
}

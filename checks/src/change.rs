//! Changes to the inputs of drawn calls: numbers that are not finite, weights of 0, bad labels, masks of every dtype.

use crate::case::{Case, Door, Floats, Inputs};
use crate::draw::{Rng, label_range, labels_of};
use wgloss::header::{OperandSpec, Role};
use wgloss::{Array, DType, Error, Gpu, Operand};

/// A change to a call's inputs.
#[derive(Clone, Debug)]
pub enum Change {
    Nothing,
    /// A number of an operand becomes `to`. Its place is `at`, from 0 to 1, times the operand's length. With `muted`,
    /// every third weight is 0.
    Number {
        operand: &'static str,
        at: f64,
        to: f32,
        muted: bool,
    },
    /// A label becomes `to`, which is bad. Its place is `at`, from 0 to 1, times the number of labels.
    Label {
        operand: &'static str,
        at: f64,
        to: i64,
    },
    /// Masks, and targets of 0 and 1, are of this dtype.
    Flags(DType),
}

/// The dtypes of labels.
const INTEGERS: [DType; 4] = [DType::U8, DType::I32, DType::U32, DType::I64];

/// Changes nothing.
pub fn nothing(_: &mut Case, _: &mut Rng) -> Option<Change> {
    Some(Change::Nothing)
}

/// A NaN or an infinity; in half of the calls, every third weight is 0 too.
pub fn not_finite(case: &mut Case, rng: &mut Rng) -> Option<Change> {
    case.floats = Floats::All(DType::F32);
    let is_float = |spec: &&OperandSpec| match spec.role {
        Role::Target => case.setting.target.is_float(),
        role => !role.is_integer(),
    };
    let floats: Vec<&OperandSpec> = case.given().filter(is_float).collect();
    let spec = *floats.get(rng.below(floats.len()))?;
    // whether a product with an infinite factor is NaN depends on the order of the factors
    let is_factor = matches!(spec.role, Role::Weight | Role::SampleWeight | Role::PerClass | Role::Target);
    let specials: &[f32] = if is_factor { &[f32::NAN] } else { &[f32::NAN, f32::INFINITY, f32::NEG_INFINITY] };
    let to = specials[rng.below(specials.len())];
    Some(Change::Number { operand: spec.name, at: rng.unit(), to, muted: rng.once_in(2) })
}

/// Labels of every dtype; in half of the calls with a bad label, which the GPU has to find.
pub fn labels(case: &mut Case, rng: &mut Rng) -> Option<Change> {
    let spec = case.given().find(|spec| matches!(spec.role, Role::Target | Role::Labels | Role::Index))?;
    case.setting.target = INTEGERS[rng.below(INTEGERS.len())];
    case.door = [Door::Uploaded, Door::Wrapped, Door::OneBuffer][rng.below(3)];
    let bad = [case.setting.classes() as i64, 255, -1, 1 << 32, i64::MAX];
    let bad: Vec<i64> = bad.into_iter().filter(|&label| holds(case.setting.target, label)).collect();
    Some(match rng.once_in(2) || bad.is_empty() {
        true => Change::Nothing,
        false => Change::Label { operand: spec.name, at: rng.unit(), to: bad[rng.below(bad.len())] },
    })
}

/// Masks of every dtype, and integers in place of float targets of 0 and 1.
pub fn flags(case: &mut Case, rng: &mut Rng) -> Option<Change> {
    let header = case.loss().header();
    let taking: Vec<&OperandSpec> = header.operands.iter().filter(|spec| takes_integers(spec)).collect();
    case.optional.extend(taking.iter().filter(|spec| spec.optional).map(|spec| spec.name));
    case.optional.sort_unstable();
    case.optional.dedup();
    let dtypes = [&INTEGERS[..], &[DType::F32]].concat();
    (!taking.is_empty()).then(|| Change::Flags(dtypes[rng.below(dtypes.len())]))
}

/// A mask with the same zeros as another. Elsewhere it has numbers that a kernel could mistake for 0.
fn mask_of(array: &Array, dtype: DType) -> Array {
    let kept: &[i64] = match dtype {
        DType::U8 => &[1, 128, 255],
        DType::I64 => &[1, 1 << 32, i64::MIN, -256],
        _ => &[1, 1 << 31, -1, 1 << 16],
    };
    let numbers = array.to_f32();
    if dtype.is_float() {
        let kept = [1.0, f32::from_bits(1), -1.0, f32::NAN];
        let numbers = numbers.iter().zip(kept.iter().cycle()).map(|(x, kept)| if *x == 0.0 { *x } else { *kept });
        return of_numbers(array, &numbers.collect::<Vec<_>>());
    }
    let numbers = numbers.iter().zip(kept.iter().cycle()).map(|(x, kept)| if *x == 0.0 { 0 } else { *kept });
    labels_of(&numbers.collect::<Vec<_>>(), dtype, array.shape()).with_class_axis(array.class_axis())
}

fn takes_integers(spec: &OperandSpec) -> bool {
    spec.integers || spec.role == Role::Mask
}

fn holds(dtype: DType, label: i64) -> bool {
    match dtype {
        DType::U8 => (0..256).contains(&label),
        DType::U32 => (0..1 << 32).contains(&label),
        DType::I32 => i32::try_from(label).is_ok(),
        _ => true,
    }
}

/// An array of other numbers, in f32.
fn of_numbers(array: &Array, numbers: &[f32]) -> Array {
    Array::new(numbers, array.shape()).expect("the shape is its own").with_class_axis(array.class_axis())
}

impl Change {
    /// The change in words, after a comma; nothing if nothing changes.
    pub fn describe(&self) -> String {
        match self {
            Change::Nothing => String::new(),
            Change::Number { operand, at, to, muted } => {
                let weights = if *muted { ", weights of 0" } else { "" };
                format!(", {to} at {at:.2} of `{operand}`{weights}")
            }
            Change::Label { operand, at, to } => format!(", {to} at {at:.2} of `{operand}`"),
            Change::Flags(dtype) => format!(", masks and flags of {dtype}"),
        }
    }

    /// Runs the case with its inputs changed. A call that the GPU and the twin refuse alike passes.
    ///
    /// # Errors
    /// A text with the GPU's and the twin's numbers where they differ.
    pub fn run(&self, case: &Case, gpu: &Gpu) -> Result<(), String> {
        let mut inputs = case.inputs();
        let specs: Vec<&OperandSpec> = case.given().collect();
        match self {
            Change::Nothing => {}
            Change::Number { operand, at, to, muted } => {
                let array = inputs.operand(operand);
                if array.is_empty() || !array.dtype().is_float() {
                    return Ok(());
                }
                let mut numbers = array.to_f32();
                let place = place(*at, numbers.len());
                numbers[place] = *to;
                *array = of_numbers(array, &numbers);
                let is_weight =
                    |spec: &&&OperandSpec| matches!(spec.role, Role::Weight | Role::SampleWeight | Role::PerClass);
                for spec in specs.iter().filter(is_weight).filter(|spec| *muted && spec.name != *operand) {
                    let weights = inputs.operand(spec.name);
                    let mut numbers = weights.to_f32();
                    numbers.iter_mut().step_by(3).for_each(|weight| *weight = 0.0);
                    *weights = of_numbers(weights, &numbers);
                }
            }
            Change::Label { operand, at, to } => return bad_label(case, gpu, inputs, operand, *at, *to),
            Change::Flags(dtype) => {
                for spec in specs.into_iter().filter(|spec| takes_integers(spec)) {
                    let array = inputs.operand(spec.name);
                    *array = if spec.role == Role::Mask { mask_of(array, *dtype) } else { array.cast(*dtype) };
                }
            }
        }
        case.run_on(gpu, &inputs)
    }
}

/// A bad label has to be reported by the read, with its place.
fn bad_label(case: &Case, gpu: &Gpu, mut inputs: Inputs<Array>, operand: &str, at: f64, to: i64) -> Result<(), String> {
    let (count, ignored) = label_range(&*case.loss(), case.setting.classes());
    let array = inputs.operand(operand);
    let is_bad = !(0..count as i64).contains(&to) && ignored.is_none_or(|ignored| i64::from(ignored) != to);
    if array.is_empty() || array.dtype().is_float() || !is_bad || !case.is_valid() {
        return Ok(());
    }
    let mut labels: Vec<i64> = array.to_f64().into_iter().map(|label| label as i64).collect();
    let place = place(at, labels.len());
    labels[place] = to;
    *array = labels_of(&labels, case.setting.target, array.shape());
    let given = inputs.on(&mut |array| gpu.upload_array(array)).map_err(|error| error.to_string())?;
    let read = gpu.value(&case.term(&given)).and_then(|outcome| outcome.tensor().read().wait().map(drop));
    match read {
        Err(Error::LabelOutOfRange { position, value, .. }) if (position, value) == (place as u64, to) => Ok(()),
        // the unchanged call may already be too large for a GPU
        Err(Error::TooLarge { .. }) => Ok(()),
        other => Err(format!("the label {to} at {place} gave {other:?}")),
    }
}

fn place(at: f64, length: usize) -> usize {
    ((at * length as f64) as usize).min(length - 1)
}

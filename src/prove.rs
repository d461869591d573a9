//! Proves a caller's own loss: compares the twin's gradients with difference quotients ("slopes") of its value, and the
//! kernel with the twin.

use crate::array::{Array, Data};
use crate::cpu;
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Tensor};
use crate::leaf::Leaf;
use crate::loss::{Loss, OperandSpec};
use crate::random::Random;
use crate::reduction::Reduction;
use crate::role::{Axis, Domain, Role, Sizes};
use crate::shape::{ClassAxis, DType};
use crate::term::{Operand, Term};

/// Shapes of elements: none; one less and one more than a subgroup and a workgroup hold; rows of an odd length; a long one.
const ELEMENTS: &[&[usize]] =
    &[&[0], &[1], &[2], &[63], &[64], &[65], &[255], &[257], &[3, 5, 7], &[2, 4099], &[70_001]];

/// Shapes of sequences: no sequence; empty sequences; lengths around that of a workgroup; lengths that are cut into chunks.
const SEQUENCES: &[&[usize]] = &[&[0, 3], &[3, 0], &[1, 1], &[3, 257], &[5, 64], &[2, 4099], &[2, 4100]];

/// Shapes with classes: no rows; one class; rows that one lane folds, that many lanes fold, and that are cut into
/// chunks; pixels of few classes and of many.
const CLASSES: &[&[usize]] = &[
    &[0, 3],
    &[257, 1],
    &[63, 3],
    &[64, 21],
    &[5, 257],
    &[3, 2049],
    &[2, 8197],
    &[1, 3, 65, 17],
    &[2, 3, 63],
    &[2, 80, 33],
];

/// The ways to give and store a call's operands: whether optional operands are given, the dtype of floats, and the dtype
/// of masks and of targets, which are labels or probabilities.
const WAYS: &[(bool, DType, DType)] = &[
    (false, DType::F32, DType::I32),
    (true, DType::F32, DType::U32),
    (true, DType::F16, DType::U8),
    (false, DType::BF16, DType::I64),
    (true, DType::F32, DType::I64),
    (true, DType::F32, DType::F32),
    (true, DType::F16, DType::F16),
    (false, DType::BF16, DType::BF16),
];

/// How far a GPU's result may lie from the twin's, relative to the greatest entry. It covers the errors of f32
/// arithmetic and of drivers' exp and log.
const RTOL: f64 = 1e-5;

/// The step over which slopes are taken.
const STEP: f64 = 1e-5;
/// How far a gradient may lie from its slopes, relative to the greatest entry, or to 1 if that is less.
const SLOPE_TOLERANCE: f64 = 1e-4;

/// The comparisons that a proof made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The calls in which the GPU agreed with the twin.
    pub calls: usize,
    /// The derivatives in which the twin agreed with the slopes of its value.
    pub slopes: usize,
}

/// Proves a loss of elements, of a softmax or of a sum over classes, with the options that it has, as this crate's own losses
/// are proven: over edge sizes and every reduction, with no optional operand and with all, in f32, f16 and bf16, with labels
/// and masks of every type, with the class axis second and last. Inputs are drawn from the header's domains.
///
/// At a kink a derivative may lie anywhere between the slopes on either side.
///
/// # Errors
/// [`Error::NotProven`] says where two results differ first: the call, what it gave, and what was expected. Otherwise every
/// error of evaluating the loss, such as [`Error::InvalidShader`].
#[cfg(not(target_arch = "wasm32"))]
pub fn prove(gpu: &Gpu, loss: &dyn Loss) -> Result<Proof> {
    pollster::block_on(prove_async(gpu, loss))
}

/// `prove`, for programs in which nothing may block.
///
/// # Errors
/// As `prove`.
pub async fn prove_async(gpu: &Gpu, loss: &dyn Loss) -> Result<Proof> {
    let by_class = match loss.leaf() {
        Leaf::Pointwise(_) if loss.header().of_role(Role::Index).is_none() => false,
        Leaf::Softmax(_) | Leaf::ClassSum(_) => true,
        _ => {
            return Err(not_proven(
                loss,
                "it is not a loss of elements, of a softmax, or of a sum over classes".into(),
            ));
        }
    };
    let sequenced = loss.header().reductions.iter().any(|&reduction| loss.goes_by_sequences(reduction));
    let (shapes, tiny) = match by_class {
        true => (CLASSES, &[&[3, 4][..], &[2, 3, 2]][..]),
        false => (ELEMENTS, &[&[5, 7][..]][..]),
    };
    let of_sequences = SEQUENCES.iter().filter(|_| sequenced);
    // shapes with more than two axes are also tried with the class axis last
    let axes = |shape: &[usize]| match by_class && shape.len() > 2 {
        true => &[ClassAxis::Second, ClassAxis::Last][..],
        false => &[ClassAxis::Second][..],
    };
    let target = loss.header().of_role(Role::Target);
    let ways = || WAYS.iter().filter(|(.., labels)| target.is_some() || !labels.is_float());
    let mut proof = Proof { calls: 0, slopes: 0 };
    for (&shape, axis) in
        shapes.iter().chain(of_sequences).flat_map(|shape| axes(shape).iter().map(move |axis| (shape, *axis)))
    {
        let takes = |reduction: &&Reduction| shape.len() == 2 || !loss.goes_by_sequences(**reduction);
        for &(all, floats, labels) in ways() {
            for &reduction in loss.header().reductions.iter().filter(takes) {
                Call::draw(loss, shape, axis, Way { all, floats, labels }, reduction)?.on_gpu(gpu).await?;
                proof.calls += 1;
            }
        }
    }
    for (&shape, axis) in tiny.iter().flat_map(|shape| axes(shape).iter().map(move |axis| (shape, *axis))) {
        for (all, labels) in [(false, DType::I32), (true, DType::I32), (true, DType::F64)] {
            let way = Way { all, floats: DType::F64, labels };
            proof.slopes += Call::draw(loss, shape, axis, way, Reduction::Sum)?.slopes()?;
        }
    }
    Ok(proof)
}

fn not_proven(loss: &dyn Loss, why: String) -> Error {
    Error::NotProven { loss: loss.header().id, why }
}

/// How a call's operands are given and stored.
#[derive(Clone, Copy)]
struct Way {
    /// Whether the optional operands are given.
    all: bool,
    floats: DType,
    /// The dtype of labels and masks, or of probabilities in the place of labels.
    labels: DType,
}

/// One call of a loss.
struct Call<'a> {
    loss: &'a dyn Loss,
    operands: Vec<(&'static OperandSpec, Array)>,
    way: Way,
    reduction: Reduction,
}

impl<'a> Call<'a> {
    fn draw(loss: &'a dyn Loss, shape: &[usize], axis: ClassAxis, way: Way, reduction: Reduction) -> Result<Call<'a>> {
        // moves the class axis last, with the same number of classes
        let mut shape = shape.to_vec();
        if axis == ClassAxis::Last {
            shape[1..].rotate_left(1);
        }
        let sizes = Sizes::new(loss, &shape, axis, way.labels.is_float());
        let seed = shape.iter().fold(1, |seed: u64, &d| seed.wrapping_mul(31).wrapping_add(d as u64));
        let mut random = Random::new(seed);
        let given = loss.header().operands.iter().filter(|spec| way.all || !spec.optional);
        let operands = given.map(|spec| {
            let length = |axis| if let Axis::Of(length) | Axis::AtMost(length) = axis { length } else { 1 };
            let shape: Vec<usize> = sizes.shape(spec.role).into_iter().map(length).collect();
            let count = shape.iter().product();
            let classes = sizes.shape(Role::PerClass).first().copied().map_or(1, length);
            let array = match spec.role {
                Role::Target | Role::Labels if !way.labels.is_float() || spec.role == Role::Labels => {
                    let labels = (0..count).map(|_| label(loss, classes, way.labels, &mut random));
                    Array::new(&labels.collect::<Vec<i64>>(), shape)?.cast(label_dtype(way.labels))
                }
                role => {
                    let numbers: Vec<f64> = (0..count).map(|_| number(spec.domain, &mut random)).collect();
                    let integers = role == Role::Mask || (spec.integers && spec.domain == Domain::Binary);
                    let dtype = if integers || role == Role::Target { way.labels } else { way.floats };
                    Array::new(&numbers, shape)?.cast(dtype)
                }
            };
            Ok((spec, if spec.role == Role::Classes { array.with_class_axis(axis) } else { array }))
        });
        Ok(Call { loss, operands: operands.collect::<Result<_>>()?, way, reduction })
    }

    fn term<T: Operand>(&self, operands: &[T]) -> Result<Term<T>> {
        let operands = self.operands.iter().map(|(spec, _)| spec.name).zip(operands);
        let options = self.loss.specs().into_iter().map(|spec| spec.name).zip(self.loss.values());
        Ok(Term::from_options((self.loss.header().default)(), options, operands)?.reduce(self.reduction))
    }

    fn arrays(&self) -> Vec<Array> {
        self.operands.iter().map(|(_, array)| array.clone()).collect()
    }

    fn differentiable<'t, T>(&self, operands: &'t [T]) -> Vec<&'t T> {
        let given = self.operands.iter().zip(operands);
        given.filter(|((spec, _), _)| spec.gradient).map(|(_, operand)| operand).collect()
    }

    /// Compares the GPU with the twin.
    async fn on_gpu(&self, gpu: &Gpu) -> Result<()> {
        let arrays = self.arrays();
        let tensors = arrays.iter().map(|array| tensor(gpu, array)).collect::<Result<Vec<_>>>()?;
        let (want, want_gradients) = cpu::gradient_list(&self.term(&arrays)?, &self.differentiable(&arrays))?;
        let (got, got_gradients) = gpu.gradient_list(&self.term(&tensors)?, &self.differentiable(&tensors))?;
        let mut pairs = vec![("the loss".to_string(), got.tensor().read().await?, want.tensor().clone(), DType::F32)];
        let specs = self.operands.iter().filter(|(spec, _)| spec.gradient);
        for ((spec, _), (got, want)) in specs.zip(got_gradients.iter().zip(want_gradients)) {
            pairs.push((format!("the gradient of `{}`", spec.name), got.read().await?, want, got.dtype()));
        }
        for (what, got, want, dtype) in pairs {
            if let Some((place, got, want)) = differs(&got.to_f64(), &want.to_f64(), dtype) {
                let (shape, axis) = (arrays[0].shape(), arrays[0].class_axis);
                let Way { floats, labels, .. } = self.way;
                return Err(not_proven(
                    self.loss,
                    format!(
                        "{shape:?} in {floats}, labels and masks in {labels}, class axis {axis:?}, reduction {:?}: {what} \
                         is {got} at {place} on the GPU, {want} on the CPU",
                        self.reduction
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Compares the twin's gradients with slopes, and returns how many it compared.
    fn slopes(&self) -> Result<usize> {
        let arrays = self.arrays();
        let (_, gradients) = cpu::gradient_list(&self.term(&arrays)?, &self.differentiable(&arrays))?;
        let places = (0..self.operands.len()).filter(|&place| self.operands[place].0.gradient);
        let mut checked = 0;
        for (operand, gradient) in places.zip(gradients) {
            let value = |element: usize, step: f64| {
                let mut moved = arrays.clone();
                let mut numbers = moved[operand].to_f64();
                numbers[element] += step;
                moved[operand] =
                    Array::new(&numbers, moved[operand].shape())?.with_class_axis(moved[operand].class_axis);
                cpu::value(&self.term(&moved)?)?.loss()
            };
            let gradient = gradient.to_f64();
            let greatest = gradient.iter().fold(1.0f64, |most, d| most.max(d.abs()));
            for (element, &got) in gradient.iter().enumerate() {
                let (before, at, after) = (value(element, -STEP)?, value(element, 0.0)?, value(element, STEP)?);
                let sides = [(at - before) / STEP, (after - at) / STEP];
                let room = SLOPE_TOLERANCE * greatest;
                let (low, high) = (sides[0].min(sides[1]) - room, sides[0].max(sides[1]) + room);
                if !(low..=high).contains(&got) {
                    let name = self.operands[operand].0.name;
                    let why =
                        format!("the twin's gradient of `{name}` at {element} is {got}, its slopes are {sides:?}");
                    return Err(not_proven(self.loss, why));
                }
                checked += 1;
            }
        }
        Ok(checked)
    }
}

/// Uploads an array. Labels of 64 bits stay i64, while an ordinary upload narrows them to i32.
fn tensor(gpu: &Gpu, array: &Array) -> Result<Tensor> {
    let Data::I64(labels) = array.data() else { return gpu.upload_array(array) };
    let bytes: &[u8] = bytemuck::cast_slice(labels);
    let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: Some("wgloss labels"),
        size: bytes.len().max(16) as u64,
        usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    gpu.queue().write_buffer(&buffer, 0, bytes);
    gpu.wrap(buffer.slice(..bytes.len() as u64), array.shape(), DType::I64)
}

/// The type of labels: `dtype` itself, or i32 if `dtype` is a float type for probabilities.
fn label_dtype(dtype: DType) -> DType {
    if dtype.is_float() { DType::I32 } else { dtype }
}

/// A random label below `classes`, or sometimes the ignored label if the type can hold it.
fn label(loss: &dyn Loss, classes: usize, dtype: DType, random: &mut Random) -> i64 {
    let ignored = match loss.leaf() {
        Leaf::Softmax(leaf) => Some(leaf.ignore_index()),
        Leaf::ClassSum(leaf) => leaf.ignore_index(),
        _ => None,
    };
    let held = match dtype {
        DType::U8 => 0..=255,
        DType::U32 => 0..=u32::MAX.into(),
        _ => i64::MIN..=i64::MAX,
    };
    let most = (classes.max(1) as i64).min(held.end().saturating_add(1));
    let drawn = ((random.uniform() * most as f64) as i64).min(most - 1);
    let leaves_out = random.uniform() < 0.15;
    ignored.map(i64::from).filter(|ignored| leaves_out && held.contains(ignored)).unwrap_or(drawn)
}

/// The first element in which two lists differ by more than f32 arithmetic and rounding to the stored dtype explain.
fn differs(got: &[f64], want: &[f64], dtype: DType) -> Option<(usize, f64, f64)> {
    let most = want.iter().filter(|w| w.is_finite()).fold(0.0f64, |most, w| most.max(w.abs()));
    // half a unit in the last place; for f16 also half the least subnormal number
    let (stored, least) = match dtype {
        DType::F16 => (2f64.powi(-11), 2f64.powi(-25)),
        DType::BF16 => (2f64.powi(-8), 0.0),
        _ => (0.0, 0.0),
    };
    let good = |g: f64, w: f64| {
        let overflow = dtype == DType::F16 && w.abs() > 65504.0 && g == w.signum() * f64::INFINITY;
        let near = (g - w).abs() <= RTOL * most + stored * w.abs() * (1.0 + RTOL) + least + 1e-30;
        (g.is_nan() && w.is_nan()) || g == w || near || overflow
    };
    let place = got.iter().zip(want).position(|(&g, &w)| !good(g, w));
    place.map(|place| (place, got[place], want[place])).or((got.len() != want.len()).then_some((0, f64::NAN, f64::NAN)))
}

/// A number of a domain. In a continuous domain it lies away from the ends, because slopes are taken on both sides.
fn number(domain: Domain, random: &mut Random) -> f64 {
    let unit = random.uniform();
    match domain {
        Domain::Real => 8.0 * (unit - 0.5),
        Domain::Probability => 0.01 + 0.98 * unit,
        Domain::Binary => f64::from(u8::from(unit < 0.75)),
        Domain::Sign => (unit - 0.5).signum(),
        Domain::Log => -4.0 * unit,
        Domain::LogProbability => -0.1 - 4.0 * unit,
        Domain::Positive | Domain::Corners => 0.1 + 2.0 * unit,
    }
}

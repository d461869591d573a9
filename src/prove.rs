//! Proves a caller's own pointwise loss: the twin's gradients against slopes of its value, and the kernel against the twin.

use crate::array::Array;
use crate::cpu;
use crate::error::Result;
use crate::gpu::Gpu;
use crate::leaf::Leaf;
use crate::loss::{Loss, OperandSpec};
use crate::random::Random;
use crate::reduction::Reduction;
use crate::role::{Axis, Domain, Role, Sizes};
use crate::shape::{ClassAxis, DType};
use crate::term::Term;
use half::{bf16, f16};

/// No elements; one less and one more than a subgroup and a workgroup hold; rows of an odd length; more than a tile.
const SHAPES: &[&[usize]] = &[&[0], &[1], &[2], &[63], &[64], &[65], &[255], &[257], &[3, 5, 7], &[2, 4099], &[70_001]];

/// How far a GPU's result may lie from the twin's, relative to the greatest entry: f32 arithmetic and drivers' exp and log
/// leave this much.
const RTOL: f64 = 1e-5;

/// The step that slopes are taken over.
const STEP: f64 = 1e-5;
/// How far a gradient may lie from its slopes, relative to the greatest entry.
const OF_SLOPE: f64 = 1e-4;

/// The comparisons that a proof made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The calls in which the GPU agreed with the twin.
    pub calls: usize,
    /// The derivatives in which the twin agreed with the slopes of its value.
    pub slopes: usize,
}

/// Proves a pointwise loss with its default options, as this crate's own losses are proven: over edge sizes and every
/// reduction, with no optional operand and with all, in f32, f16 and bf16. Inputs are drawn from the header's domains.
///
/// The inner error is a text about the first difference: the call, what it gave, and what was expected. At a kink a
/// derivative may lie anywhere between the slopes on either side.
///
/// # Errors
/// Every error of evaluating the loss, also [`Error::UnsupportedDtype`](crate::Error::UnsupportedDtype).
#[cfg(not(target_arch = "wasm32"))]
pub fn prove(gpu: &Gpu, loss: &dyn Loss) -> Result<std::result::Result<Proof, String>> {
    pollster::block_on(prove_async(gpu, loss))
}

/// `prove`, for programs in which nothing may block.
///
/// # Errors
/// Every error of evaluating the loss, also [`Error::UnsupportedDtype`](crate::Error::UnsupportedDtype).
pub async fn prove_async(gpu: &Gpu, loss: &dyn Loss) -> Result<std::result::Result<Proof, String>> {
    if !matches!(loss.leaf(), Leaf::Pointwise(_)) || loss.header().player(Role::Index).is_some() {
        return Ok(Err(format!("{} is not a loss of elements", loss.header().id)));
    }
    let mut proof = Proof { calls: 0, slopes: 0 };
    for &shape in SHAPES {
        for (all, dtype) in [(false, DType::F32), (true, DType::F32), (true, DType::F16), (false, DType::BF16)] {
            for &reduction in loss.header().reductions {
                let call = Call::draw(loss, shape, all, dtype, reduction)?;
                if let Err(why) = call.on_gpu(gpu).await? {
                    return Ok(Err(why));
                }
                proof.calls += 1;
            }
        }
    }
    for all in [false, true] {
        match Call::draw(loss, &[5, 7], all, DType::F64, Reduction::Sum)?.slopes()? {
            Ok(slopes) => proof.slopes += slopes,
            Err(why) => return Ok(Err(why)),
        }
    }
    Ok(Ok(proof))
}

/// One call of a loss.
struct Call<'a> {
    loss: &'a dyn Loss,
    operands: Vec<(&'static OperandSpec, Array)>,
    dtype: DType,
    reduction: Reduction,
}

impl<'a> Call<'a> {
    fn draw(loss: &'a dyn Loss, shape: &[usize], all: bool, dtype: DType, reduction: Reduction) -> Result<Call<'a>> {
        let sizes = Sizes::new(loss, shape, ClassAxis::Second, false);
        let seed = shape.iter().fold(1, |seed: u64, &d| seed.wrapping_mul(31).wrapping_add(d as u64));
        let mut random = Random::new(seed);
        let given = loss.header().operands.iter().filter(|spec| all || !spec.optional);
        let operands = given.map(|spec| {
            let length = |axis| if let Axis::Of(length) | Axis::AtMost(length) = axis { length } else { 1 };
            let shape: Vec<usize> = sizes.shape(spec.role).into_iter().map(length).collect();
            let numbers: Vec<f64> = (0..shape.iter().product()).map(|_| number(spec.domain, &mut random)).collect();
            Ok((spec, stored(&numbers, &shape, dtype)?))
        });
        Ok(Call { loss, operands: operands.collect::<Result<_>>()?, dtype, reduction })
    }

    fn term(&self) -> Result<Term<Array>> {
        let operands = self.operands.iter().map(|(spec, array)| (spec.name, array));
        let options = self.loss.specs().into_iter().map(|spec| spec.name).zip(self.loss.values());
        Ok(Term::from_options((self.loss.header().default)(), options, operands)?.reduce(self.reduction))
    }

    fn differentiable(&self) -> Vec<&Array> {
        self.operands.iter().filter(|(spec, _)| spec.gradient).map(|(_, array)| array).collect()
    }

    /// Compares the GPU with the twin.
    async fn on_gpu(&self, gpu: &Gpu) -> Result<std::result::Result<(), String>> {
        let (term, of) = (self.term()?, self.differentiable());
        let (want, want_gradients) = cpu::gradient_list(&term, &of)?;
        let (got, got_gradients) = gpu.gradient_list(&term, &of)?;
        let mut pairs = vec![("the loss".to_string(), got.tensor().read().await?, want.tensor().clone(), DType::F32)];
        for ((spec, _), (got, want)) in
            self.operands.iter().filter(|(spec, _)| spec.gradient).zip(got_gradients.iter().zip(want_gradients))
        {
            pairs.push((format!("the gradient of `{}`", spec.name), got.read().await?, want, got.dtype()));
        }
        for (what, got, want, dtype) in pairs {
            if let Some((place, got, want)) = differs(&got.to_f64(), &want.to_f64(), dtype) {
                let (id, shape) = (self.loss.header().id, self.operands[0].1.shape());
                return Ok(Err(format!(
                    "{id} of {shape:?} in {}, {:?}: {what} is {got} at {place} on the GPU, {want} on the CPU",
                    self.dtype, self.reduction
                )));
            }
        }
        Ok(Ok(()))
    }

    /// Compares the twin's gradients with slopes, and returns how many it compared.
    fn slopes(&self) -> Result<std::result::Result<usize, String>> {
        let (_, gradients) = cpu::gradient_list(&self.term()?, &self.differentiable())?;
        let places = (0..self.operands.len()).filter(|&place| self.operands[place].0.gradient);
        let mut checked = 0;
        for (operand, gradient) in places.zip(gradients) {
            let value = |element: usize, step: f64| {
                let mut operands = self.operands.clone();
                let mut numbers = operands[operand].1.to_f64();
                numbers[element] += step;
                operands[operand].1 = Array::new(&numbers, operands[operand].1.shape())?;
                cpu::value(&Call { operands, ..*self }.term()?)?.loss()
            };
            let gradient = gradient.to_f64();
            let greatest = gradient.iter().fold(1.0f64, |most, d| most.max(d.abs()));
            for (element, &got) in gradient.iter().enumerate() {
                let (before, at, after) = (value(element, -STEP)?, value(element, 0.0)?, value(element, STEP)?);
                let sides = [(at - before) / STEP, (after - at) / STEP];
                let room = OF_SLOPE * greatest;
                let (low, high) = (sides[0].min(sides[1]) - room, sides[0].max(sides[1]) + room);
                if !(low..=high).contains(&got) {
                    let (id, name) = (self.loss.header().id, self.operands[operand].0.name);
                    return Ok(Err(format!(
                        "{id}: the twin's gradient of `{name}` at {element} is {got}, its slopes are {sides:?}"
                    )));
                }
                checked += 1;
            }
        }
        Ok(Ok(checked))
    }
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

/// A number of a domain. It lies away from the domain's ends, because slopes are taken on both sides of it.
fn number(domain: Domain, random: &mut Random) -> f64 {
    let unit = random.uniform();
    match domain {
        Domain::Real => 8.0 * (unit - 0.5),
        Domain::Probability => 0.01 + 0.98 * unit,
        Domain::Binary => f64::from(u8::from(unit < 0.75)),
        Domain::Sign => (unit - 0.5).signum(),
        Domain::Log => -4.0 * unit,
        Domain::Positive | Domain::Corners => 0.1 + 2.0 * unit,
    }
}

/// Numbers in a dtype.
fn stored(numbers: &[f64], shape: &[usize], dtype: DType) -> Result<Array> {
    match dtype {
        DType::F16 => Array::new(&numbers.iter().map(|&x| f16::from_f64(x)).collect::<Vec<_>>(), shape),
        DType::BF16 => Array::new(&numbers.iter().map(|&x| bf16::from_f64(x)).collect::<Vec<_>>(), shape),
        DType::F32 => Array::new(&numbers.iter().map(|&x| x as f32).collect::<Vec<_>>(), shape),
        _ => Array::new(numbers, shape),
    }
}

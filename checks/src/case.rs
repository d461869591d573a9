//! One call of one loss as data: what it asks for, and how its operands reach the GPU. It is run on the GPU, and judged
//! by the CPU twin.

use crate::draw::{FLOATS, Rng, Setting, option_values, stored_as};
use crate::judge::{self, Room};
use crate::pages::Pages;
use wgloss::custom::{Leaf, Measure};
use wgloss::header::{OperandSpec, Value};
use wgloss::{
    Array, ClassAxis, DType, Error, Gpu, Gradient, Loss, Observation, Operand, Outputs, Reduction, Scale, Tensor, Term,
    by_id, cpu,
};

/// How operands reach the GPU.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Door {
    /// Arrays, given to the call itself.
    Host,
    /// Tensors that were uploaded before.
    Uploaded,
    /// Slices of the caller's buffers, one for each tensor.
    Wrapped,
    /// Slices of one buffer of the caller's, outputs among them.
    OneBuffer,
}

/// How a scale is given: an upstream gradient or a denominator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Given {
    Not,
    Number,
    Tensor,
}

/// How floats are stored. A gradient has the dtype of its operand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Floats {
    All(DType),
    /// Each operand in a drawn dtype of its own. Gradients are in f32 where the caller makes the outputs.
    Mixed,
}

/// Whether gradients are wanted, and what is done with them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wanted {
    Nothing,
    Stored,
    Added,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Case {
    pub id: &'static str,
    pub options: Vec<(&'static str, Value)>,
    pub setting: Setting,
    pub floats: Floats,
    pub reduction: Reduction,
    /// The optional operands that are given.
    pub optional: Vec<&'static str>,
    pub upstream: Given,
    pub divide_by: Given,
    /// Whether a mean over nothing is 0.
    pub empty_is_zero: bool,
    /// Whether the numbers of operands are inspected.
    pub checked: bool,
    /// The observations beside the loss.
    pub observations: &'static [Observation],
    /// The term's weight.
    pub weight: f32,
    pub wanted: Wanted,
    pub door: Door,
    pub seed: u64,
}

/// The ingredients of a case.
pub struct Inputs<T> {
    pub operands: Vec<(&'static str, T)>,
    pub upstream: Option<Scale<T>>,
    pub divide_by: Option<Scale<T>>,
}

/// The place of the loss in the caller's tensor of losses, and the length of this tensor.
const SLOT: usize = 3;
const LOG: usize = 5;

/// How many roundings of a number [`Case::room`] allows for.
const ROUNDINGS: f64 = 16.0;

impl Case {
    /// A call that asks for nothing special: tensors, default options, no optional operands, a mean with its gradients.
    pub fn new(id: &'static str, shape: &[usize], target: DType) -> Case {
        Case {
            id,
            options: Vec::new(),
            setting: Setting::new(&*by_id(id).unwrap(), shape, ClassAxis::Second, target),
            floats: Floats::All(DType::F32),
            reduction: Reduction::Mean,
            optional: Vec::new(),
            upstream: Given::Not,
            divide_by: Given::Not,
            empty_is_zero: false,
            checked: false,
            observations: &[],
            weight: 1.0,
            wanted: Wanted::Stored,
            door: Door::Uploaded,
            seed: 1,
        }
    }

    /// The same case with every optional operand.
    pub fn with_all(self) -> Case {
        let optional = by_id(self.id).unwrap().header().operands.iter().filter(|spec| spec.optional);
        Case { optional: optional.map(|spec| spec.name).collect(), ..self }
    }

    /// The same case with another value of an option.
    pub fn option(mut self, name: &'static str, value: Value) -> Case {
        self.options.retain(|(known, _)| *known != name);
        self.options.push((name, value));
        self
    }

    /// The same case under every other value of each option, one at a time.
    pub fn under_other_options(&self) -> Vec<Case> {
        let loss = by_id(self.id).unwrap();
        let options = loss.specs().into_iter().zip(loss.values());
        let others = options.flat_map(|(spec, default)| {
            let values = option_values(&spec, &default).into_iter().filter(move |value| *value != default);
            values.map(move |value| self.clone().option(spec.name, value))
        });
        others.collect()
    }

    /// The loss under the case's options.
    pub fn loss(&self) -> Box<dyn Loss> {
        let mut loss = by_id(self.id).unwrap();
        let specs = loss.specs();
        for (name, value) in &self.options {
            let place = specs.iter().position(|spec| spec.name == *name).unwrap();
            assert!(loss.set_at(place, value), "{} does not take {value:?} as {name}", self.id);
        }
        self.setting.fit(&mut *loss);
        loss
    }

    /// The operands that are given, as the header specifies them.
    pub fn given(&self) -> impl Iterator<Item = &'static OperandSpec> {
        let header = by_id(self.id).unwrap().header();
        header.operands.iter().filter(|spec| !spec.optional || self.optional.contains(&spec.name))
    }

    /// The inputs, always the same for the same case.
    pub fn inputs(&self) -> Inputs<Array> {
        let (loss, mut rng) = (self.loss(), Rng::new(self.seed));
        let operands = self.given().map(|spec| (spec.name, self.setting.draw(&*loss, spec, &mut rng))).collect();
        let mut scale = |given, low: f64, shape: Vec<usize>| {
            let mut draw = || (low + 1.5 * rng.unit()) as f32;
            match given {
                Given::Not => None,
                Given::Number => Some(Scale::Number(draw())),
                Given::Tensor => {
                    let numbers: Vec<f32> = (0..shape.iter().product()).map(|_| draw()).collect();
                    Some(Scale::Tensor(Array::new(&numbers, shape).unwrap()))
                }
            }
        };
        let whole = if self.reduction == Reduction::None { self.setting.values(&*loss) } else { vec![1] };
        let upstream = scale(self.upstream, -0.5, whole);
        let divide_by = scale(self.divide_by, 3.0, vec![]);
        let mut rng = Rng::new(self.seed ^ 0xd7);
        let mut stored = |array: &Array| match self.floats {
            Floats::All(dtype) => Ok::<Array, String>(stored_as(array, dtype)),
            Floats::Mixed => Ok(stored_as(array, FLOATS[rng.below(FLOATS.len())])),
        };
        Inputs { operands, upstream, divide_by }.on(&mut stored).unwrap()
    }

    /// The term of these inputs.
    pub fn term<T: Operand>(&self, inputs: &Inputs<T>) -> Term<T> {
        let operands = inputs.operands.iter().map(|(name, tensor)| (*name, tensor));
        let term = Term::from_options(self.loss(), [], operands).unwrap().reduce(self.reduction);
        let term = if self.empty_is_zero { term.empty_is_zero() } else { term };
        let term = if self.checked { term.checked() } else { term };
        let term = self.observations.iter().fold(term, |term, observation| term.observe(*observation));
        let term = match &inputs.upstream {
            Some(scale) => term.upstream(scale.clone()),
            None => term,
        };
        self.weight
            * match &inputs.divide_by {
                Some(scale) => term.divide_by(scale.clone()),
                None => term,
            }
    }

    /// The operands whose gradients are wanted.
    pub fn differentiated<'a, T>(&self, inputs: &'a Inputs<T>) -> Vec<&'a T> {
        let specs = self.given().filter(|spec| spec.gradient && self.wanted != Wanted::Nothing);
        let tensor = |spec: &OperandSpec| &inputs.operands.iter().find(|(name, _)| *name == spec.name).unwrap().1;
        specs.map(tensor).collect()
    }

    /// Whether the twin evaluates the case without an error.
    pub fn is_valid(&self) -> bool {
        cpu::value(&self.term(&self.inputs())).is_ok()
    }

    /// Runs the case and compares all its results with the twin's.
    pub fn run(&self, gpu: &Gpu) -> Result<(), String> {
        self.run_on(gpu, &self.inputs())
    }

    /// [`run`](Self::run) on other inputs than the case's own.
    pub fn run_on(&self, gpu: &Gpu, inputs: &Inputs<Array>) -> Result<(), String> {
        let Some((got, want)) = self.both(gpu, inputs)? else { return Ok(()) };
        self.judge(inputs, &got, &want)
    }

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

    /// The factor of the tolerance for this loss: the `(1/p)`th power of a sum has 1/p times the relative error of the sum.
    fn conditioning(&self) -> f64 {
        match self.loss().leaf() {
            Leaf::Vectors(leaf) => match leaf.measure() {
                Measure::Norm { p, .. } => (1.0 / f64::from(p)).max(1.0),
                Measure::Cosine => 1.0,
            },
            _ => 1.0,
        }
    }

    /// The results of the GPU and of the twin; `None` where both return the same error.
    pub fn both(&self, gpu: &Gpu, inputs: &Inputs<Array>) -> Result<Option<(judge::Given, judge::Given)>, String> {
        let mut want = cpu::gradient_list(&self.term(inputs), &self.differentiated(inputs));
        let got = match self.door {
            Door::Host => self.call(gpu, &self.term(inputs), &self.differentiated(inputs)),
            Door::Uploaded if self.wanted != Wanted::Added => inputs
                .on(&mut |array| gpu.upload_array(array))
                .and_then(|inputs| self.call(gpu, &self.term(&inputs), &self.differentiated(&inputs))),
            // gradients are added to numbers of their own size, so that rounding does not hide them
            _ => {
                let gradients = want.as_mut().map_or(&mut [][..], |(_, gradients)| gradients);
                self.job(gpu, inputs, gradients)?
            }
        };
        match (want, got) {
            (Ok(want), Ok(got)) => Ok(Some((got, judge::Given::by_twin(want)))),
            (Err(want), Err(got)) if want == got => Ok(None),
            // a shader's loop over the classes of a region is bounded, so a GPU refuses very many classes
            (Ok(_), Err(Error::TooLarge { needed, limit, .. }))
                if matches!(self.loss().leaf(), Leaf::Region(_)) && self.setting.classes() > 8192 && needed > limit =>
            {
                Ok(None)
            }
            (Ok(_), Err(got)) => Err(format!("refused: {got}")),
            (Err(want), Err(got)) => Err(format!("refused as `{got}`, the twin as `{want}`")),
            (Err(want), Ok(_)) => Err(format!("not refused, as the twin does: {want}")),
        }
    }

    /// Evaluates a term of arrays or tensors by the call that makes its outputs itself.
    pub fn call<T: wgloss::ToGpu>(&self, gpu: &Gpu, term: &Term<T>, of: &[&T]) -> Result<judge::Given, Error> {
        let (outcome, gradients) = gpu.gradient_list(term, of)?;
        let reduced = self.reduction != Reduction::None;
        let loss = if reduced { Some(outcome.loss().wait()?.into()) } else { None };
        let gradients = gradients.iter().map(|gradient| gradient.read().wait()).collect::<Result<_, _>>()?;
        let (tensor, parts, observed) =
            (outcome.tensor().read().wait()?, outcome.parts().wait()?, judge::observed(&outcome)?);
        Ok(judge::Given { loss, tensor, parts, gradients, observed })
    }

    /// Evaluates the case by a prepared job, with outputs of the caller's. Where gradients are added to outputs of 16
    /// bits, `want` becomes the sums that these outputs have to hold.
    fn job(
        &self,
        gpu: &Gpu,
        inputs: &Inputs<Array>,
        want: &mut [Array],
    ) -> Result<Result<judge::Given, Error>, String> {
        let reduced = self.reduction != Reduction::None;
        let mut rng = Rng::new(self.seed ^ 0xabcd);
        let mut before = |shape: &[usize], size: f64| {
            let numbers: Vec<f32> = (0..shape.iter().product()).map(|_| (size * rng.normal()) as f32).collect();
            Array::new(&numbers, shape).unwrap()
        };
        let values = self.setting.values(&*self.loss());
        let loss = before(if reduced { &[LOG] } else { &values }, 1.0);
        let of_positions = self.observations.iter().filter_map(|observation| match observation {
            Observation::Predicted => Some(before(&values, 9.0).cast(DType::U32)),
            Observation::LogProb => Some(before(&values, 1.0)),
            _ => None,
        });
        let observed: Vec<Array> = of_positions.collect();
        let sizes = want.iter().map(greatest).chain(std::iter::repeat(1.0));
        let output = |(of, size): (&Array, f64)| {
            let dtype = if self.floats == Floats::Mixed { DType::F32 } else { of.dtype() };
            stored_as(&before(of.shape(), size), dtype)
        };
        let outputs: Vec<Array> = self.differentiated(inputs).into_iter().zip(sizes).map(output).collect();

        let mut pages = Pages::new(gpu, self.door, self.seed);
        let places = inputs.on(&mut |array| Ok::<usize, String>(pages.reserve(array)))?;
        let loss_place = pages.reserve(&loss);
        let output_places: Vec<usize> = outputs.iter().map(|output| pages.reserve(output)).collect();
        let observed_places: Vec<usize> = observed.iter().map(|observed| pages.reserve(observed)).collect();
        pages.fill()?;
        let on_gpu = places.on(&mut |place| Ok::<Tensor, String>(pages.tensor(*place)))?;
        let tensors: Vec<Tensor> = output_places.iter().map(|place| pages.tensor(*place)).collect();
        let gradient = |(of, into): (&Tensor, &Tensor)| Gradient {
            add: self.wanted == Wanted::Added,
            ..Gradient::store(of, into)
        };
        let wanted = Outputs {
            loss: Some(pages.tensor(loss_place)),
            slot: SLOT,
            gradients: self.differentiated(&on_gpu).into_iter().zip(&tensors).map(gradient).collect(),
            observed: observed_places.iter().map(|place| pages.tensor(*place)).collect(),
            ..Outputs::default()
        };
        let job = match gpu.prepare(&self.term(&on_gpu), &wanted) {
            Ok(job) => job,
            Err(error) => return Ok(Err(error)),
        };
        // runs twice, since a run must not depend on what an earlier one left behind; runs once where gradients are added
        let outcome =
            (if self.wanted == Wanted::Added { Ok(job.outcome()) } else { job.run() }).and_then(|_| job.run());
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => return Ok(Err(error)),
        };
        let written: Vec<usize> = [vec![loss_place], output_places, observed_places].concat();
        let after = pages.read(&written)?;
        let (gradients, observed) = after[1..].split_at(outputs.len());
        let (mut gradients, observed) = (gradients.to_vec(), observed.to_vec());
        if self.wanted == Wanted::Added {
            let sum = |a: &Array, sign: f64, b: &Array| {
                let sum: Vec<f64> = a.to_f64().iter().zip(b.to_f64()).map(|(a, b)| a + sign * b).collect();
                Array::new(&sum, a.shape()).unwrap()
            };
            for ((gradient, before), want) in gradients.iter_mut().zip(&outputs).zip(want) {
                match gradient.dtype() {
                    DType::F32 => *gradient = sum(gradient, -1.0, before),
                    _ => *want = sum(want, 1.0, before),
                }
            }
        }
        let tensor = match reduced {
            true => log_entry(&loss, &after[0])?,
            false => after[0].clone(),
        };
        let numbers = || {
            let loss = if reduced { Some(f64::from(outcome.loss().wait()?)) } else { None };
            job.check().wait()?;
            Ok((loss, outcome.parts().wait()?))
        };
        Ok(numbers().map(|(loss, parts)| judge::Given { loss, tensor, parts, gradients, observed }))
    }
}

/// The greatest magnitude of the finite entries of an array.
fn greatest(array: &Array) -> f64 {
    array.to_f64().into_iter().filter(|x| x.is_finite()).fold(0.0, |most, x| most.max(x.abs()))
}

/// The entry at `SLOT` of the caller's tensor of losses. No other entry may have changed.
fn log_entry(before: &Array, after: &Array) -> Result<Array, String> {
    let (before, after) = (before.to_f64(), after.to_f64());
    match (0..LOG).find(|&place| place != SLOT && before[place] != after[place]) {
        Some(place) => Err(format!("slot {place} of the log was written, not {SLOT} alone")),
        None => Ok(Array::new(&[after[SLOT]], []).unwrap()),
    }
}

impl<T> Inputs<T> {
    /// The inputs with each tensor replaced by what `f` returns for it.
    pub fn on<U, E>(&self, f: &mut impl FnMut(&T) -> Result<U, E>) -> Result<Inputs<U>, E> {
        let mut scale = |scale: &Option<Scale<T>>| {
            Ok(match scale {
                None => None,
                Some(Scale::Number(number)) => Some(Scale::Number(*number)),
                Some(Scale::Tensor(tensor)) => Some(Scale::Tensor(f(tensor)?)),
            })
        };
        let (upstream, divide_by) = (scale(&self.upstream)?, scale(&self.divide_by)?);
        let operands = self.operands.iter().map(|(name, tensor)| Ok((*name, f(tensor)?))).collect::<Result<_, E>>()?;
        Ok(Inputs { operands, upstream, divide_by })
    }
}

impl<T> Inputs<T> {
    /// The operand of this name.
    pub fn operand(&mut self, name: &str) -> &mut T {
        &mut self.operands.iter_mut().find(|(given, _)| *given == name).unwrap().1
    }
}

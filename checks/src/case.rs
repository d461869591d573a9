//! One call of one loss as data: what it asks for, its inputs, and how its operands reach the GPU. [`Case::run`] runs it
//! on the GPU, and the CPU twin judges it.

#[path = "case/run.rs"]
mod run;
#[path = "case/tolerance.rs"]
mod tolerance;

use crate::draw::{FLOATS, Rng, Setting, option_values, stored_as};
use wgloss::header::{OperandSpec, Value};
use wgloss::{Array, ClassAxis, DType, Loss, Observation, Operand, Reduction, Scale, Term, by_id, cpu};

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
pub enum ScaleGiven {
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
    pub upstream: ScaleGiven,
    pub divide_by: ScaleGiven,
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
            upstream: ScaleGiven::Not,
            divide_by: ScaleGiven::Not,
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
                ScaleGiven::Not => None,
                ScaleGiven::Number => Some(Scale::Number(draw())),
                ScaleGiven::Tensor => {
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

    /// The operand of this name.
    pub fn operand(&mut self, name: &str) -> &mut T {
        &mut self.operands.iter_mut().find(|(given, _)| *given == name).unwrap().1
    }
}

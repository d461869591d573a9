//! The inputs of the sweep: each loss in each regime, drawn from a seed.

use crate::big::Big;
use crate::common::{Rng, Setting};
use crate::formulas::{Inputs, values};
use wgloss::{Array, ClassAxis, DType, Domain, Leaf, Loss, Operand, Reduction, Role, Term, Value};

/// What the inputs are like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Regime {
    /// As networks give them when training begins.
    Usual,
    /// Logits from 20 to 80 either way, and log-probabilities and probabilities as near to their ends.
    Sure,
    /// Logits spread evenly from −100 to 100.
    Wide,
    /// Operands that are compared differ by a hundred-thousandth.
    Alike,
    /// All numbers that may be anything are beyond a thousand.
    Offset,
    /// All of them are about a hundred-thousandth.
    Tiny,
}

impl Regime {
    pub const ALL: [Regime; 6] =
        [Regime::Usual, Regime::Sure, Regime::Wide, Regime::Alike, Regime::Offset, Regime::Tiny];

    /// A number of a domain in this regime.
    fn number(self, domain: Domain, drawn: f32, rng: &mut Rng) -> f32 {
        let far = (20.0 + 60.0 * rng.unit()) as f32;
        let small = (1e-6 * (0.1 + rng.unit())) as f32;
        match (self, domain) {
            (Regime::Sure, Domain::Real) => far * drawn.signum(),
            (Regime::Sure, Domain::Log) => -far,
            (Regime::Sure, Domain::Probability) => {
                if drawn > 0.5 {
                    1.0 - small
                } else {
                    small
                }
            }
            (Regime::Wide, Domain::Real) => (200.0 * rng.unit() - 100.0) as f32,
            (Regime::Wide, Domain::Log) => (-100.0 * rng.unit()) as f32,
            (Regime::Offset, Domain::Real | Domain::Corners) => 1024.0 + drawn,
            (Regime::Tiny, Domain::Real | Domain::Corners | Domain::Positive) => 1e-5 * drawn,
            (Regime::Tiny, Domain::Probability) => small,
            _ => drawn,
        }
    }
}

/// One loss in one regime, on arrays and in many digits.
pub struct Draw {
    pub term: Term<Array>,
    pub operands: Vec<(&'static str, Array)>,
    /// Whether the values can be had one by one.
    pub has_values: bool,
    /// The operands to differentiate, by name.
    pub of: Vec<(&'static str, Array)>,
    inputs: Inputs,
    id: &'static str,
}

impl Draw {
    pub fn new(loss: &dyn Loss, options: &[(&str, Value)], target: DType, regime: Regime) -> Draw {
        let header = loss.header();
        let shape: &[usize] = match loss.leaf() {
            Leaf::Region(_) | Leaf::Gram(_) => &[2, 3, 4],
            Leaf::Vectors(_) | Leaf::Similarity(_) | Leaf::Linear(_) => &[4, 6],
            Leaf::Boxes(_) => &[8],
            _ => &[3, 5],
        };
        let setting = Setting::new(loss, shape, ClassAxis::Second, target);
        let mut loss = setting.default_of(loss);
        for (name, value) in options {
            let place =
                loss.specs().iter().position(|spec| spec.name == *name).expect("a loss has its variants' options");
            assert!(loss.set_at(place, value), "{}: {name} {value}", header.id);
        }
        let mut rng = Rng::new(7);
        let mut operands: Vec<(&'static str, Array)> = Vec::new();
        for spec in header.operands.iter().filter(|spec| !spec.optional) {
            let mut drawn = setting.draw(&*loss, spec, &mut rng);
            if matches!(loss.leaf(), Leaf::Region(_)) && spec.role == Role::Target && target.is_float() {
                drawn = one_of(&drawn);
            }
            operands.push((
                spec.name,
                match drawn.dtype().is_float() {
                    true => in_regime(regime, spec.role, spec.domain, &drawn, &operands, &mut rng),
                    false => drawn,
                },
            ));
        }
        let options = loss.specs().into_iter().zip(loss.values()).map(|(spec, value)| (spec.name, value)).collect();
        let floats = operands.iter().filter(|(_, array)| array.dtype().is_float());
        let big = |array: &Array| array.to_f64().into_iter().map(Big::from).collect();
        let labels = operands.iter().filter(|(_, array)| !array.dtype().is_float());
        let inputs = Inputs {
            floats: floats.map(|(name, array)| (*name, big(array))).collect(),
            labels: labels
                .map(|(name, array)| (*name, array.to_f64().into_iter().map(|label| label as i64).collect()))
                .collect(),
            options,
            shape: setting.shape.clone(),
        };
        let reduction = [("reduction", Value::Name("sum".into()))];
        let named = operands.iter().map(|(name, array)| (*name, array));
        let term = Term::from_options(loss, reduction, named).unwrap_or_else(|error| panic!("{}: {error}", header.id));
        let differentiable = operands.iter().filter(|(name, _)| header.operand(name).is_some_and(|spec| spec.gradient));
        let (of, has_values) = (differentiable.cloned().collect(), header.reductions.contains(&Reduction::None));
        Draw { term, of, operands, has_values, inputs, id: header.id }
    }

    /// The values, one by one where the loss has them.
    pub fn values(&self) -> Vec<f64> {
        values(self.id, &self.inputs).iter().map(Big::to_f64).collect()
    }

    /// The gradient of the sum with respect to an operand, by central differences; nothing for an element at a kink.
    pub fn gradient(&self, operand: &str) -> Vec<Option<f64>> {
        // the square of the step, and what is lost of the sum over it, are far below what f32 holds
        let step = Big::power_of_two(-140);
        let total = |inputs: &Inputs| values(self.id, inputs).into_iter().sum::<Big>();
        let at = total(&self.inputs);
        let slope = |i: usize| {
            let moved = |by: Big| {
                let mut inputs = self.inputs.clone();
                let element = &mut inputs.floats.get_mut(operand).expect("what is differentiated is given")[i];
                *element = element.clone() + by;
                total(&inputs)
            };
            let (up, down) = (moved(step.clone()), moved(-step.clone()));
            let forward = ((up.clone() - &at) / &step).to_f64();
            let backward = ((at.clone() - &down) / &step).to_f64();
            let slope = ((up - down) / (2.0 * step.clone())).to_f64();
            ((forward - backward).abs() <= 1e-9 * slope.abs().max(1e-300)).then_some(slope)
        };
        (0..self.inputs.floats[operand].len()).map(slope).collect()
    }
}

/// A dense target that has one class at each position: what the others have in common would cancel in its gradients, whatever
/// the arithmetic.
fn one_of(drawn: &Array) -> Array {
    let [n, c, s] = [0, 1, 2].map(|axis| Operand::shape(drawn)[axis]);
    let class = |at: usize| f32::from(u8::from(at / s % c == (at % s + at / (c * s)) % c));
    Array::new(&(0..n * c * s).map(class).collect::<Vec<_>>(), [n, c, s]).expect("the shape is the drawn one's")
}

fn in_regime(
    regime: Regime,
    role: Role,
    domain: Domain,
    drawn: &Array,
    before: &[(&'static str, Array)],
    rng: &mut Rng,
) -> Array {
    let shape = Operand::shape(drawn);
    let alike = before.iter().find(|(_, other)| other.dtype().is_float() && Operand::shape(other) == shape);
    let compared = matches!(domain, Domain::Real | Domain::Log | Domain::Corners) && role != Role::Scale;
    let numbers: Vec<f32> = match alike.filter(|_| regime == Regime::Alike && compared) {
        Some((_, other)) => {
            let near = other.to_f64().into_iter();
            near.map(|x| (x * (1.0 + 1e-5 * (rng.unit() - 0.5)) + 1e-5 * (rng.unit() - 0.5)) as f32).collect()
        }
        // the scale of products stays what it is
        None if matches!(role, Role::Scale | Role::Shift) => drawn.to_f64().iter().map(|&x| x as f32).collect(),
        None => drawn.to_f64().iter().map(|&x| regime.number(domain, x as f32, rng)).collect(),
    };
    Array::new(&numbers, shape).expect("the shape is that of the numbers").with_class_axis(drawn.class_axis())
}

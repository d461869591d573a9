//! Every gradient of every loss is the slope of its value, with inputs, options and layouts drawn from the loss's header.

mod inputs;

use self::inputs::{draw, like, normal};
use crate::chosen::all;
use crate::draw::{Rng, Setting, has, option_values};
use crate::harness::{tests, tests_of};
use crate::samples::{Layouts, samples};
use libtest_mimic::Trial;
use std::collections::BTreeSet;
use wgloss::custom::Leaf;
use wgloss::header::{Role, Value};
use wgloss::{Array, DType, Error, Loss, Reduction, Scale, Term, cpu};

pub fn tests() -> Vec<Trial> {
    let mut tests = tests_of![all(); every_gradient_is_the_slope_of_its_value];
    tests.extend(tests![a_slope_is_told_from_what_is_not_one]);
    tests
}

/// The allowed distance of a gradient from the slope, relative to the operand's greatest slope. The truncation error of the
/// extrapolated difference, `h⁴·f⁗′/480`, is below this for curvatures as strong as in these losses (a region's ratio over
/// a sum of probabilities of 0.01).
const OF_SLOPE: f64 = 1e-6;

/// The allowed distance relative to the value: the value's rounding, 2⁻⁵² in each of some dozen steps, divided by `h`.
const OF_VALUE: f64 = 1e-9;

/// The step `h`, at which the two errors are about equal.
const STEP: f64 = 1e-4;

/// The number of ways to give a scale: not at all, as a number, as a tensor.
const SCALES: usize = 3;

/// How often each pair of levels is drawn.
const ROUNDS: usize = 3;

/// Gradients that are not compared with slopes, since they are none by definition or no step is small enough: loss,
/// operand, option and value.
const NO_SLOPES: &[(&str, &str, &str, &str)] = &[
    // the factor of the aspect ratio is held constant
    ("box_iou", "input", "kind", "ciou"),
    // the powers are held constant
    ("asymmetric", "input", "through_focus", "false"),
    // the ratio is held constant
    ("ppo_policy", "log_probs", "kind", "cispo"),
    // a power below 1 of the distance to the quality bends within any step where the distance is small
    ("quality_focal", "input", "beta", "0.5"),
    // a variance below eps counts as eps, its gradient passed straight through
    ("gaussian_nll", "var", "eps", "0.125"),
    ("gaussian_nll", "var", "eps", "2"),
];

/// The levels of every choice for a call.
struct Choices {
    options: Vec<(&'static str, Vec<Value>)>,
    reductions: &'static [Reduction],
    layouts: Layouts,
    targets: Vec<DType>,
    optional: Vec<&'static str>,
}

impl Choices {
    fn new(loss: &dyn Loss) -> Choices {
        let header = loss.header();
        let options = loss.specs().into_iter().zip(loss.values());
        let labels = [DType::I32, DType::U32, DType::U8, DType::I64];
        let has = |role| has(loss, role);
        let integers = header.operands.iter().any(|spec| spec.role.is_integer());
        let targets = match (has(Role::Target), integers) {
            (true, _) => labels.into_iter().chain([DType::F32]).collect(),
            (_, true) => labels.to_vec(),
            _ => vec![DType::F32],
        };
        Choices {
            options: options.map(|(spec, default)| (spec.name, option_values(&spec, &default))).collect(),
            reductions: header.reductions,
            layouts: samples(loss).tiny,
            targets,
            optional: header.operands.iter().filter(|spec| spec.optional).map(|spec| spec.name).collect(),
        }
    }

    /// The number of levels of each choice.
    fn levels(&self) -> Vec<usize> {
        let options = self.options.iter().map(|(_, values)| values.len());
        let others = [self.reductions.len(), self.layouts.len(), self.targets.len(), SCALES, SCALES];
        options.chain(others).chain(self.optional.iter().map(|_| 2)).collect()
    }

    fn call(&self, loss: &dyn Loss, picks: &[usize], seed: u64) -> Call {
        let (of_options, rest) = picks.split_at(self.options.len());
        let mut loss = (loss.header().default)();
        for (place, ((_, values), &pick)) in self.options.iter().zip(of_options).enumerate() {
            assert!(loss.set_at(place, &values[pick]));
        }
        let &[reduction, layout, target, upstream, divide_by, ref optional @ ..] = rest else { unreachable!() };
        let (shape, axis) = self.layouts[layout];
        let given = self.optional.iter().zip(optional).filter(|(_, given)| **given == 1).map(|(name, _)| *name);
        let optional: Vec<_> = given.collect();
        let setting = Setting::new(&*loss, shape, axis, self.targets[target]);
        setting.fit(&mut *loss);
        Call::draw(loss, setting, self.reductions[reduction], &optional, [upstream, divide_by], seed)
    }
}

/// One call, with its inputs in f64: the twin's own type, so that differences keep their digits.
#[derive(Debug)]
struct Call {
    loss: Box<dyn Loss>,
    options: Vec<(&'static str, Value)>,
    reduction: Reduction,
    operands: Vec<(&'static str, Array)>,
    upstream: Scale<Array>,
    divide_by: Option<Scale<Array>>,
}

impl Call {
    fn draw(
        loss: Box<dyn Loss>,
        setting: Setting,
        reduction: Reduction,
        optional: &[&str],
        [upstream, divide_by]: [usize; 2],
        seed: u64,
    ) -> Call {
        let mut rng = Rng::new(seed);
        let specs = loss.header().operands.iter().filter(|spec| !spec.optional || optional.contains(&spec.name));
        let operands = specs.map(|spec| (spec.name, draw(&*loss, &setting, spec, &mut rng))).collect();
        let whole = if reduction == Reduction::None { setting.values(&*loss) } else { vec![1] };
        let mut scale = |pick: usize, shape: Vec<usize>, low: f64| {
            let numbers: Vec<f64> = (0..shape.iter().product()).map(|_| low + 2.0 * rng.unit()).collect();
            match pick {
                0 => None,
                1 => Some(Scale::Number(low as f32 + 0.75)),
                _ => Some(Scale::Tensor(Array::new(&numbers, shape).unwrap())),
            }
        };
        let upstream = scale(upstream, whole, -0.5).unwrap_or(Scale::Number(1.0));
        let divide_by = scale(divide_by, vec![1], 1.5);
        let options = loss.specs().iter().map(|spec| spec.name).zip(loss.values()).collect();
        Call { loss, options, reduction, operands, upstream, divide_by }
    }

    fn term(&self, operands: &[(&'static str, Array)]) -> Term<Array> {
        let loss = (self.loss.header().default)();
        let operands = operands.iter().map(|(name, array)| (*name, array));
        let term = Term::from_options(loss, self.options.iter().cloned(), operands).unwrap();
        let term = term.reduce(self.reduction).upstream(self.upstream.clone());
        match &self.divide_by {
            Some(scale) => term.divide_by(scale.clone()),
            None => term,
        }
    }

    /// `Σ upstream·loss` after one element of an operand has been moved by `step`.
    fn value(&self, operand: usize, element: usize, step: f64) -> f64 {
        let mut operands = self.operands.clone();
        let (_, array) = &mut operands[operand];
        let mut numbers = array.to_f64();
        numbers[element] += step;
        *array = normal(&*self.loss, &like(array, &numbers));
        let outcome = cpu::value(&self.term(&operands)).unwrap();
        let upstream = match &self.upstream {
            Scale::Number(number) => vec![f64::from(*number)],
            Scale::Tensor(array) => array.to_f64(),
        };
        let values = outcome.tensor().to_f64();
        values.iter().enumerate().map(|(i, v)| upstream[i.min(upstream.len() - 1)] * v).sum()
    }

    /// Compares every gradient with its slopes. Returns false if the call is refused or has nothing to compare.
    fn check(&self) -> Result<bool, String> {
        let specs = self.loss.header().operands;
        let differentiable = |name: &str| specs.iter().any(|spec| spec.name == name && spec.gradient);
        let places: Vec<usize> = (0..self.operands.len()).filter(|&k| differentiable(self.operands[k].0)).collect();
        let of: Vec<&Array> = places.iter().map(|&place| &self.operands[place].1).collect();
        let number = |name: &str| match self.options.iter().find(|(known, _)| *known == name) {
            Some((_, Value::Number(number))) => Some(*number),
            _ => None,
        };
        let smoothed = number("smooth_dr").is_some();
        // a root bends within any step where smoothing moves its argument to 0
        if smoothed && number("smooth_nr") > number("smooth_dr") && number("gamma").is_some_and(|gamma| gamma < 1.0) {
            return Ok(false);
        }
        let gradients = match cpu::gradient_list(&self.term(&self.operands), &of) {
            // with no or too much smoothing, a ratio of regions may be 0/0, or Tversky's the root of a negative number; at
            // the end of a schedule an item may have an infinite weight
            Ok((outcome, _))
                if (smoothed || has(&*self.loss, Role::Table))
                    && outcome.tensor().to_f64().iter().any(|v| !v.is_finite()) =>
            {
                return Ok(false);
            }
            Ok((outcome, gradients)) => {
                self.divide_again(&outcome, &of, &gradients)?;
                gradients
            }
            // such as one channel under a softmax, or a missing sample: the table of refusals tests these
            Err(Error::InvalidOption { .. }) => return Ok(false),
            Err(other) => return Err(other.to_string()),
        };
        for (place, gradient) in places.into_iter().zip(gradients) {
            let name = self.operands[place].0;
            let excepted = |&(loss, operand, option, value): &(&str, &str, &str, &str)| {
                let has = |(name, given): &(&str, Value)| *name == option && given.to_string() == value;
                loss == self.loss.header().id && operand == name && self.options.iter().any(has)
            };
            if NO_SLOPES.iter().any(excepted) {
                continue;
            }
            self.compare(place, &gradient.to_f64())?;
        }
        Ok(true)
    }

    /// Gives the denominators that the outcome reports as `divide_by`. The loss and its gradients have to stay as they are, since
    /// the shards of a batch are divided by denominators that are added up.
    fn divide_again(&self, outcome: &cpu::Outcome, of: &[&Array], gradients: &[Array]) -> Result<(), String> {
        if self.divide_by.is_some() || self.reduction == Reduction::None {
            return Ok(());
        }
        let mut denominators: Vec<f64> = outcome.parts().iter().map(|part| part.denominator).collect();
        if denominators.iter().all(|of| of == &denominators[0]) {
            denominators.truncate(1);
        }
        // a ready-made sum divides all its losses by one number
        if denominators.len() > 1 && matches!(self.loss.leaf(), Leaf::Composite(_)) {
            return Ok(());
        }
        let given = Array::new(&denominators, [denominators.len()]).unwrap();
        let (again, of_again) =
            cpu::gradient_list(&self.term(&self.operands).divide_by(&given), of).map_err(|error| error.to_string())?;
        let pairs = |a: &Array, b: &Array| a.to_f64().into_iter().zip(b.to_f64()).collect::<Vec<_>>();
        let mut numbers = pairs(outcome.tensor(), again.tensor());
        numbers.extend(gradients.iter().zip(&of_again).flat_map(|(a, b)| pairs(a, b)));
        // a quotient and a product with a reciprocal differ in the last digits
        let equal = |&(a, b): &(f64, f64)| (a - b).abs() <= 1e-14 * a.abs() || (a.is_nan() && b.is_nan());
        match numbers.into_iter().find(|pair| !equal(pair)) {
            Some((want, got)) => Err(format!("{want} became {got} when divided by its own {denominators:?}")),
            None => Ok(()),
        }
    }

    fn compare(&self, operand: usize, gradient: &[f64]) -> Result<(), String> {
        let slopes: Vec<Slopes> =
            (0..gradient.len()).map(|element| Slopes::of(&|step| self.value(operand, element, step))).collect();
        let greatest = slopes.iter().fold(0.0, |most: f64, slopes| most.max(slopes.central.abs()));
        for (element, (&got, slopes)) in gradient.iter().zip(&slopes).enumerate() {
            let tolerance = OF_SLOPE * greatest + OF_VALUE * slopes.value.abs().max(1.0);
            if !slopes.hold(got, tolerance) {
                let name = self.operands[operand].0;
                return Err(format!("the gradient of `{name}` at {element} is {got}, {slopes:?}"));
            }
        }
        Ok(())
    }
}

/// The slopes at 0 of a function of a step: two-sided, and one-sided before and after.
#[derive(Debug)]
struct Slopes {
    value: f64,
    central: f64,
    before: f64,
    after: f64,
}

impl Slopes {
    fn of(f: &dyn Fn(f64) -> f64) -> Slopes {
        let value = f(0.0);
        let side = |step: f64| (f(step) - value) / step;
        let [far, near] = [STEP, STEP / 2.0].map(|h| [side(-h), side(h)]);
        // extrapolated to a step of 0: the two-sided error is proportional to the step's square, the one-sided error to the
        // step
        let central = (4.0 * (near[0] + near[1]) - (far[0] + far[1])) / 6.0;
        Slopes { value, central, before: 2.0 * near[0] - far[0], after: 2.0 * near[1] - far[1] }
    }

    /// Whether `got` is the slope, or lies between the one-sided slopes. The latter holds at a kink, and where the slope
    /// itself has a kink, so that the two-sided difference has an error proportional to the step.
    fn hold(&self, got: f64, tolerance: f64) -> bool {
        let (low, high) = (self.before.min(self.after), self.before.max(self.after));
        (got - self.central).abs() <= tolerance || (got >= low - tolerance && got <= high + tolerance)
    }
}

/// Every pair of levels of two choices is drawn, with random levels of the other choices.
fn every_gradient_is_the_slope_of_its_value(loss: &dyn Loss) {
    let choices = Choices::new(loss);
    let levels = choices.levels();
    let (mut rng, mut checked, mut failures) = (Rng::new(1), BTreeSet::new(), Vec::new());
    for a in 0..levels.len() {
        for b in a + 1..levels.len() {
            for (level_a, level_b) in (0..levels[a]).flat_map(|i| (0..levels[b]).map(move |j| (i, j))) {
                for _ in 0..ROUNDS {
                    let mut picks: Vec<usize> = levels.iter().map(|&most| rng.below(most)).collect();
                    (picks[a], picks[b]) = (level_a, level_b);
                    let call = choices.call(loss, &picks, rng.bits());
                    match call.check() {
                        Ok(true) => checked.extend(picks.into_iter().enumerate()),
                        Ok(false) => {}
                        Err(why) => failures.push(format!("{call:?}: {why}")),
                    }
                }
            }
        }
    }
    let id = loss.header().id;
    assert!(failures.is_empty(), "{id}: {} failures, the first: {}", failures.len(), failures[0]);
    for (choice, level) in levels.iter().enumerate().flat_map(|(choice, &most)| (0..most).map(move |k| (choice, k))) {
        assert!(checked.contains(&(choice, level)), "{id}: level {level} of choice {choice} was never let through");
    }
}

/// `Slopes::hold` accepts right slopes and rejects wrong ones, for functions whose slopes are known.
fn a_slope_is_told_from_what_is_not_one() {
    let (smooth, kinked) = (Slopes::of(&|h| (1.0 + h).powi(3)), Slopes::of(&|h| (0.5 * h).max(-2.0 * h)));
    for (slopes, got, holds) in [
        (&smooth, 3.0, true),
        (&smooth, 3.0 + 1e-6, false),
        (&smooth, f64::NAN, false),
        (&kinked, -2.0, true),
        (&kinked, -0.75, true),
        (&kinked, 0.0, true),
        (&kinked, 0.5, true),
        (&kinked, 0.6, false),
        (&kinked, -2.1, false),
    ] {
        assert_eq!(slopes.hold(got, 1e-8), holds, "{got} for {slopes:?}");
    }
}

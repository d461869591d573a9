//! Inputs for which f32 may lose digits: each loss in each regime, drawn from a seed.

use crate::draw::{Rng, Setting};
use crate::samples::samples;
use wgloss::custom::Leaf;
use wgloss::header::{Domain, Role, Value};
use wgloss::{Array, ClassAxis, DType, Gpu, Operand, Reduction, Result, Tensor, Term, cpu};

/// The kind of inputs of a draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Regime {
    /// Numbers of a usual size, as in networks when training begins.
    Usual,
    /// Logits of a magnitude from 20 to 80, log-probabilities from −80 to −20, and probabilities that are nearly 0 or 1.
    Sure,
    /// Logits spread evenly from −100 to 100.
    Wide,
    /// Operands that are compared differ by about a hundred-thousandth.
    Alike,
    /// Real numbers and corners are about a thousand.
    Offset,
    /// Numbers are about a hundred-thousandth, and probabilities about a millionth.
    Tiny,
}

impl Regime {
    pub const ALL: [Regime; 6] =
        [Regime::Usual, Regime::Sure, Regime::Wide, Regime::Alike, Regime::Offset, Regime::Tiny];

    /// A number of a domain in this regime, made from a `drawn` number of the domain.
    fn number(self, domain: Domain, drawn: f32, rng: &mut Rng) -> f32 {
        let far = (20.0 + 60.0 * rng.unit()) as f32;
        let small = (1e-6 * (0.1 + rng.unit())) as f32;
        match (self, domain) {
            (Regime::Sure, Domain::Real) => far * drawn.signum(),
            (Regime::Sure, Domain::Log | Domain::LogProbability) => -far,
            (Regime::Sure, Domain::Probability) => {
                if drawn > 0.5 {
                    1.0 - small
                } else {
                    small
                }
            }
            (Regime::Wide, Domain::Real) => (200.0 * rng.unit() - 100.0) as f32,
            (Regime::Wide, Domain::Log | Domain::LogProbability) => (-100.0 * rng.unit()) as f32,
            (Regime::Offset, Domain::Real | Domain::Corners) => 1024.0 + drawn,
            (Regime::Tiny, Domain::Real | Domain::Corners | Domain::Positive | Domain::LogProbability) => 1e-5 * drawn,
            (Regime::Tiny, Domain::Probability) => small,
            _ => drawn,
        }
    }
}

/// One loss in one regime.
pub struct Draw {
    pub id: &'static str,
    /// The loss with the reduction `sum`.
    pub term: Term<Array>,
    pub operands: Vec<(&'static str, Array)>,
    pub options: Vec<(&'static str, Value)>,
    /// The first operand's shape.
    pub shape: Vec<usize>,
    /// The operands to differentiate, by name.
    pub of: Vec<(&'static str, Array)>,
    /// Whether the loss has the reduction `none`, which returns its values one by one.
    pub has_values: bool,
}

/// A loss under some options, with labels or a dense target.
pub struct Row {
    pub name: String,
    pub id: &'static str,
    pub options: Vec<(&'static str, Value)>,
    pub target: DType,
}

impl Row {
    /// Every loss under the options that change its arithmetic.
    pub fn all() -> Vec<Row> {
        let mut rows = Vec::new();
        for loss in crate::chosen::all() {
            let id = loss.header().id;
            let dense = loss.header().operand("target").is_some_and(|spec| spec.role == Role::Target);
            for options in variants(id) {
                let text = options.iter().map(|(name, value)| format!(", {name} {value}")).collect::<String>();
                if dense {
                    let (name, options) = (format!("{id}{text}, dense target"), options.clone());
                    rows.push(Row { name, id, options, target: DType::F32 });
                }
                rows.push(Row { name: format!("{id}{text}"), id, options, target: DType::I32 });
            }
        }
        rows
    }

    /// The row's inputs in a regime. They are the same for each call.
    pub fn draw(&self, regime: Regime) -> Draw {
        let default = wgloss::by_id(self.id).expect("rows are of losses");
        let header = default.header();
        let setting = Setting::new(&*default, samples(&*default).digits, ClassAxis::Second, self.target);
        let mut loss = setting.default_of(&*default);
        for (name, value) in &self.options {
            let place =
                loss.specs().iter().position(|spec| spec.name == *name).expect("a loss has its variants' options");
            assert!(loss.set_at(place, value), "{}: {name} {value}", header.id);
        }
        let mut rng = Rng::new(7);
        let mut operands: Vec<(&'static str, Array)> = Vec::new();
        for spec in header.operands.iter().filter(|spec| !spec.optional) {
            let mut drawn = setting.draw(&*loss, spec, &mut rng);
            if matches!(loss.leaf(), Leaf::Region(_)) && spec.role == Role::Target && self.target.is_float() {
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
        let reduction = [("reduction", Value::Name("sum".into()))];
        let named = operands.iter().map(|(name, array)| (*name, array));
        let term = Term::from_options(loss, reduction, named).unwrap_or_else(|error| panic!("{}: {error}", header.id));
        let differentiable = operands.iter().filter(|(name, _)| header.operand(name).is_some_and(|spec| spec.gradient));
        let (of, has_values) = (differentiable.cloned().collect(), header.reductions.contains(&Reduction::None));
        Draw { id: self.id, term, operands, options, shape: setting.shape, of, has_values }
    }
}

/// The sets of options under which a loss's arithmetic differs.
fn variants(id: &str) -> Vec<Vec<(&'static str, Value)>> {
    let name = |name: &str| Value::Name(name.into());
    let number = Value::Number;
    match id {
        "box_iou" => {
            let kinds = ["iou", "giou", "diou", "ciou", "eiou", "siou"].map(|kind| vec![("kind", name(kind))]);
            let centred = kinds.clone().map(|kind| [kind, vec![("format", name("cxcywh"))]].concat());
            kinds.into_iter().chain(centred).collect()
        }
        "dice" => vec![
            vec![],
            vec![("activation", name("sigmoid"))],
            vec![("squared_pred", Value::Flag(true))],
            vec![("jaccard", Value::Flag(true))],
            // without smoothing, a score may be as small as the least number of f32, and gradients have the factor 1/score
            vec![("log_loss", Value::Flag(true)), ("smooth_nr", Value::Number(1.0)), ("smooth_dr", Value::Number(1.0))],
            vec![("soft_label", Value::Flag(true))],
        ],
        "tversky" => vec![vec![], vec![("gamma", number(0.75)), ("alpha", number(0.25))]],
        "dice_bce" => vec![vec![], vec![("activation", name("softmax"))]],
        "dice_focal" => vec![vec![], vec![("gamma", number(1.5)), ("alpha", number(0.25))]],
        "generalized_dice" => vec![vec![], vec![("weighting", name("uniform"))]],
        "bce_with_logits" => vec![vec![], vec![("label_smoothing", number(0.125))]],
        "sigmoid_focal" => {
            vec![vec![], vec![("gamma", number(1.5))], vec![("label_smoothing", number(0.125))]]
        }
        "cross_entropy" => vec![
            vec![],
            vec![("label_smoothing", number(0.125)), ("z_loss", number(0.015625))],
            vec![("softcap", number(30.0))],
        ],
        "softmax_focal" => vec![vec![], vec![("softcap", number(30.0))]],
        "distillation" => vec![
            vec![],
            vec![("temperature", number(1e6))],
            vec![("direction", name("reverse"))],
            vec![("direction", name("js"))],
            vec![("direction", name("js")), ("beta", number(0.0625)), ("temperature", number(1e6))],
            vec![("softcap", number(30.0))],
        ],
        "asymmetric" => {
            vec![vec![], vec![("gamma_pos", number(1.5)), ("gamma_neg", number(2.5)), ("clip", number(0.0))]]
        }
        "poly_cross_entropy" => [1.0, -1.0].map(|of| vec![("epsilon", number(of))]).into(),
        "quality_focal" => vec![vec![], vec![("beta", number(1.5))]],
        "dpo" => vec![
            vec![],
            vec![("label_smoothing", number(0.5))],
            vec![("kind", name("hinge"))],
            vec![("kind", name("ipo"))],
        ],
        "ppo_policy" => ["clip", "dual_clip", "cispo", "sequence"].map(|kind| vec![("kind", name(kind))]).into(),
        "adversarial_discriminator" | "adversarial_generator" => {
            ["vanilla", "least_squares", "hinge"].map(|kind| vec![("kind", name(kind))]).into()
        }
        "kl_penalty" => {
            let kinds = ["k1", "k2", "k3"].map(|kind| vec![("kind", name(kind))]);
            kinds.into_iter().chain([vec![("kind", name("k3")), ("clip", number(2.0))]]).collect()
        }
        "vae" => ["mse", "bce_with_logits"].map(|of| vec![("reconstruction", name(of))]).into(),
        "diffusion" => {
            let weightings =
                ["none", "min_snr", "truncated_snr", "soft_min_snr"].map(|of| vec![("weighting", name(of))]);
            let errors = ["huber", "pseudo_huber"].map(|of| vec![("error", name(of))]);
            weightings.into_iter().chain(errors).collect()
        }
        "margin_softmax" => vec![
            vec![],
            vec![("kind", name("arcface")), ("m", number(0.5))],
            vec![("kind", name("arcface")), ("m", number(0.5)), ("label_smoothing", number(0.125))],
        ],
        "info_nce" => [false, true].map(|flag| vec![("symmetric", Value::Flag(flag))]).into(),
        "triplet_hard" => [false, true].map(|flag| vec![("soft", Value::Flag(flag))]).into(),
        "contrastive" => ["euclidean", "cosine"].map(|of| vec![("distance", name(of))]).into(),
        _ => vec![vec![]],
    }
}

/// A device's answer to a draw: the values one by one, or their sum, and the gradients of the sum.
pub type Answer = (Vec<f64>, Vec<Vec<f64>>);

impl Draw {
    fn differentiated(&self) -> Vec<&Array> {
        self.of.iter().map(|(_, array)| array).collect()
    }

    /// The twin's answer.
    pub fn by_twin(&self) -> Result<Answer> {
        let (sum, gradients) = cpu::gradient_list(&self.term, &self.differentiated())?;
        let values = match self.has_values {
            true => cpu::value(&self.term.clone().reduce(Reduction::None))?.tensor().to_f64(),
            false => sum.tensor().to_f64(),
        };
        Ok((values, gradients.iter().map(Array::to_f64).collect()))
    }

    /// A GPU's answer.
    pub fn by_gpu(&self, gpu: &Gpu) -> Result<Answer> {
        let (sum, gradients) = gpu.gradient_list(&self.term, &self.differentiated())?;
        let read = |tensor: &Tensor| Ok(tensor.read().wait()?.to_f64());
        let values = match self.has_values {
            true => read(gpu.value(&self.term.clone().reduce(Reduction::None))?.tensor())?,
            false => read(sum.tensor())?,
        };
        Ok((values, gradients.iter().map(read).collect::<Result<_>>()?))
    }
}

/// The least number whose digits count: below it f32 soon has fewer of them, or none.
pub const LEAST: f64 = 1e-35;

/// The greatest relative error of a number that is allowed.
pub const DIGITS: f64 = 1e-4;

/// The error of a number, relative to the expected number. Where f32 cannot hold the expected number, the error is 0 or
/// infinite. For an expected magnitude below [`LEAST`], it is 0 if the number's magnitude is at most twice `LEAST`. For one beyond
/// the greatest f32, it is 0 if the number is not finite, or right within [`DIGITS`].
pub fn error(got: f64, want: f64) -> f64 {
    let right = |right: bool| if right { 0.0 } else { f64::INFINITY };
    match want.abs() {
        size if size < LEAST => right(got.abs() <= 2.0 * LEAST),
        size if size > f64::from(f32::MAX) => right(!got.is_finite() || (got - want).abs() <= DIGITS * size),
        _ if got.is_nan() => f64::INFINITY,
        size => (got - want).abs() / size,
    }
}

/// Rows in which a GPU's errors exceed [`DIGITS`]: the greatest error that is allowed, and the reason.
pub const LOSES: &[(&str, f64, &str)] = &[
    ("cosine_embedding", 0.25, ALIKE),
    ("cosine_similarity", 0.25, ALIKE),
    ("contrastive, distance cosine", 0.25, ALIKE),
    ("box_iou, kind giou", 20.0, "a corner that moves the loss by its eps alone has a gradient of a hundred-millionth"),
    (
        "dice, log_loss true, smooth_nr 1, smooth_dr 1",
        3e-4,
        "the slopes of a position's classes may be nearly equal, and then a class's gradient is a small part of them",
    ),
    ("dice_bce, activation softmax", 1e-3, "the gradients of the two losses may nearly cancel each other"),
    (
        "cross_entropy, softcap 30, dense target",
        1e-3,
        "a gradient is the difference of two probabilities, of which one has the rounding of its capped logit",
    ),
    (
        "distillation, softcap 30",
        0.5,
        "a student and a teacher that differ by a hundred-thousandth: their capped logits are rounded to f32",
    ),
    (
        "linear_dpo",
        5e-3,
        "tokens of the chosen and of the rejected answer pull a class apart, and may nearly cancel each other",
    ),
    ("linear_distillation", 3e-4, "rows a thousand from 0: the logits of both are rounded to f32"),
    ("info_nce, symmetric false", 0.01, PARALLEL),
    ("info_nce, symmetric true", 0.01, PARALLEL),
    ("siglip", 0.01, PARALLEL),
    ("sup_con", 0.01, PARALLEL),
    ("margin_softmax", 0.01, PARALLEL),
    ("margin_softmax, kind arcface, m 0.5", 0.01, PARALLEL),
    ("margin_softmax, kind arcface, m 0.5, label_smoothing 0.125", 0.01, PARALLEL),
    ("ssim", 1e-3, "the gradient of a pixel is a sum over windows, whose terms may nearly cancel"),
];

const ALIKE: &str = "vectors that differ by a hundred-thousandth: their lengths are rounded to f32";
const PARALLEL: &str = "rows a thousand times as long as they are apart: their cosines are rounded to f32";

/// A one-hot target of floats. With several classes at a position, terms would cancel in the gradients, whatever the
/// arithmetic.
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
    let compared =
        matches!(domain, Domain::Real | Domain::Log | Domain::LogProbability | Domain::Corners) && role != Role::Scale;
    let numbers: Vec<f32> = match alike.filter(|_| regime == Regime::Alike && compared) {
        Some((_, other)) => {
            let near = other.to_f64().into_iter();
            near.map(|x| (x * (1.0 + 1e-5 * (rng.unit() - 0.5)) + 1e-5 * (rng.unit() - 0.5)) as f32).collect()
        }
        // the scale and the shift of products stay as drawn
        None if matches!(role, Role::Scale | Role::Shift) => drawn.to_f64().iter().map(|&x| x as f32).collect(),
        None => drawn.to_f64().iter().map(|&x| regime.number(domain, x as f32, rng)).collect(),
    };
    Array::new(&numbers, shape).expect("the shape is that of the numbers").with_class_axis(drawn.class_axis())
}

//! What a loss is: a header that says everything but the mathematics, and a leaf that is the mathematics.

use crate::options::{Options, choice};
use crate::reduction::Reduction;
use std::fmt;

/// A loss: a struct of its options, with a header and a leaf. [`loss!`](crate::loss!) writes the struct.
pub trait Loss: Options + fmt::Debug + Send + Sync + 'static {
    /// Everything about the loss that is not mathematics.
    fn header(&self) -> &'static Header;
    /// The mathematics, as the family's trait.
    fn leaf(&self) -> Leaf<'_>;
}

/// Everything about a loss that is not mathematics. Checks, tests, benchmarks, the program and the tables of the
/// documentation read it from here.
#[derive(Debug)]
pub struct Header {
    /// The name in snake_case, used in files and on the command line.
    pub id: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// Its operands: the first is the prediction, whose shape the others follow.
    pub operands: &'static [OperandSpec],
    /// The reductions it takes.
    pub reductions: &'static [Reduction],
    /// What a mean divides by.
    pub mean: Denominator,
    /// The leaf's shader.
    pub shader: Source,
    /// A loss with its default options.
    pub default: fn() -> Box<dyn Loss>,
}

impl Header {
    /// The operand of this name.
    pub fn operand(&self, name: &str) -> Option<&'static OperandSpec> {
        self.operands.iter().find(|spec| spec.name == name)
    }

    /// The operands that the family's leaf sees as the components of its vector, in order.
    pub(crate) fn elements(&self) -> impl Iterator<Item = &'static OperandSpec> {
        self.operands.iter().filter(|spec| spec.role == Role::Element)
    }

    /// The operand that plays a role which a loss has once.
    pub(crate) fn player(&self, role: Role) -> Option<&'static OperandSpec> {
        self.operands.iter().find(|spec| spec.role == role)
    }
}

/// A WGSL file, held in the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    /// Its path below `shaders/`, without `.wgsl`.
    pub path: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// The file at this path below `shaders/`.
macro_rules! source {
    ($path:literal) => {
        $crate::loss::Source {
            path: $path,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/", $path, ".wgsl")),
        }
    };
}
pub(crate) use source;

/// One operand of a loss.
#[derive(Debug)]
pub struct OperandSpec {
    /// Its name, PyTorch's where PyTorch has it.
    pub name: &'static str,
    /// What it is to the loss, which settles its shape and dtype.
    pub role: Role,
    /// Whether the loss can do without it.
    pub optional: bool,
    /// Whether the loss has a gradient with respect to it.
    pub gradient: bool,
    /// The values it holds: what tests and benchmarks draw.
    pub domain: Domain,
}

impl OperandSpec {
    /// The optional weight of each value.
    pub const WEIGHT: OperandSpec = OperandSpec::new("weight", Role::Weight).optional().holding(Domain::Positive);
    /// The optional mask of the values.
    pub const MASK: OperandSpec = OperandSpec::new("mask", Role::Mask).optional().holding(Domain::Binary);

    /// An operand that the loss needs, with no gradient, of real numbers.
    pub const fn new(name: &'static str, role: Role) -> OperandSpec {
        OperandSpec { name, role, optional: false, gradient: false, domain: Domain::Real }
    }
    /// The same, differentiable.
    pub const fn differentiable(mut self) -> OperandSpec {
        self.gradient = true;
        self
    }
    /// The same, optional.
    pub const fn optional(mut self) -> OperandSpec {
        self.optional = true;
        self
    }
    /// The same, holding values of this domain.
    pub const fn holding(mut self, domain: Domain) -> OperandSpec {
        self.domain = domain;
        self
    }
}

/// What an operand is to a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A float for each element, of the prediction's shape.
    Element,
    /// A prediction with a class axis, `[N, C, ...]`.
    Classes,
    /// A target with one label a position, or one float for each element of the prediction.
    Target,
    /// A target with one label a position.
    Labels,
    /// A float for each class, `[C]`.
    PerClass,
    /// A float for each value of the unreduced loss: a factor.
    Weight,
    /// A float for each value of the unreduced loss: nonzero keeps, zero leaves out whatever stands there.
    Mask,
    /// An integer for each item, `[N]`, that is looked up in the table.
    Index,
    /// The table, `[T]`.
    Table,
}

/// The values that an operand holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// Any real number.
    Real,
    /// From 0 to 1.
    Probability,
    /// 0 or 1.
    Binary,
    /// Greater than 0.
    Positive,
}

/// What a mean divides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denominator {
    /// The number of values that take part.
    Count,
    /// The sum of their weights; their number where no weights are given.
    Weights,
}

/// The mathematics of a loss, by family.
#[derive(Clone, Copy)]
pub enum Leaf<'a> {
    /// A value for each element.
    Pointwise(&'a dyn Pointwise),
    /// A value for each position, from a softmax over its classes.
    Softmax(&'a dyn Softmax),
    /// A value for each item and class, from sums over positions.
    Region(&'a dyn Region),
}

impl Leaf<'_> {
    /// The name of a part that a mean divides by the count of values, whatever their weights, where there is one.
    pub(crate) fn extra(&self) -> Option<&'static str> {
        if let Leaf::Softmax(leaf) = self { leaf.extra() } else { None }
    }

    /// An optional operand that these options need: its name, and the option's.
    pub(crate) fn needs(&self) -> Option<(&'static str, &'static str)> {
        if let Leaf::Pointwise(leaf) = self { leaf.needs() } else { None }
    }
}

/// A loss that gives a value for each element, from as many as four operands.
pub trait Pointwise {
    /// The loss of an element and its derivatives.
    ///
    /// `v` holds the element of each [`Role::Element`] operand in the header's order, `item` what [`item`](Self::item) gave.
    fn score(&self, v: [f64; 4], item: [f64; 3]) -> ElementScore;

    /// What the leaf needs of an item, from the number that was looked up for it.
    fn item(&self, _looked_up: f64) -> [f64; 3] {
        [0.0; 3]
    }

    /// An optional operand that these options need: its name, and the option's.
    fn needs(&self) -> Option<(&'static str, &'static str)> {
        None
    }
}

/// The loss of an element, and its derivative with respect to each operand.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ElementScore {
    /// The loss.
    pub loss: f64,
    /// Its derivatives, in the operands' order.
    pub d: [f64; 4],
}

/// A loss of a softmax over the classes of a position.
pub trait Softmax {
    /// The label that takes no part.
    fn ignore_index(&self) -> i32;

    /// The share of the loss's weight that a class has whose target probability is `q`, among `classes`; for label
    /// targets every class is asked about with `q` = 0 and the target's own part is the leaf's.
    fn share(&self, q: f64, _classes: usize) -> f64 {
        q
    }

    /// Whether label targets give every class a share: without one, that part of the walk is left out.
    fn spreads(&self) -> bool {
        false
    }

    /// The name of the part that a mean divides by the count of positions, where these options have one.
    fn extra(&self) -> Option<&'static str> {
        None
    }

    /// The loss of a position and its derivatives.
    fn score(&self, position: &SoftmaxStatistics) -> SoftmaxScore;
}

/// What a softmax loss sees of a position, in a form that does not cancel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SoftmaxStatistics {
    /// −log p of the target; 0 where the target is probabilities.
    pub nll: f64,
    /// 1 − p of the target.
    pub miss: f64,
    /// The weight of the target's class; 0 where the target is probabilities.
    pub weight: f64,
    /// Σ share·weight·(−log p) over the classes.
    pub spread: f64,
    /// The log of the sum of the exponentials.
    pub lse: f64,
}

/// The loss of a position, in two parts that a mean may divide differently, and its derivatives.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SoftmaxScore {
    /// The loss.
    pub loss: f64,
    /// Its derivative with respect to −log p of the target.
    pub d_nll: f64,
    /// The part that a mean divides by the count of positions, whatever their weights.
    pub extra: f64,
    /// The derivative of that part with respect to `lse`.
    pub d_lse: f64,
}

/// A loss of sums over regions.
pub trait Region {
    /// What the sums run over.
    fn settings(&self) -> RegionSettings;
    /// The loss of a class and its derivatives.
    fn score(&self, sums: RegionSums) -> RegionScore;
}

choice! {
    /// What makes probabilities of a region loss's predictions.
    pub enum Activation {
        /// A softmax over the classes.
        Softmax = "softmax",
        /// A sigmoid of each element.
        Sigmoid = "sigmoid",
        /// Nothing: the predictions are probabilities.
        None = "none",
    }
}

/// What the sums of a region loss run over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegionSettings {
    /// What makes probabilities of the predictions.
    pub activation: Activation,
    /// Whether class 0 takes part.
    pub include_background: bool,
    /// Whether the sums run over the batch as well.
    pub batch: bool,
    /// Whether probabilities and targets are squared in the sums of each alone.
    pub squared: bool,
    /// The label of positions that take no part.
    pub ignore_index: Option<i32>,
}

/// The sums of one class over its region, of probabilities `p` and targets `t`, each of terms that do not cancel.
///
/// `Σp + Σt` is `2·true_pos + false_pos + false_neg`; with squares these are `Σp²` and `Σt²`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RegionSums {
    /// Σ p·t.
    pub true_pos: f64,
    /// Σ p·(1 − t); with squares Σ (p − t)².
    pub false_pos: f64,
    /// Σ (1 − p)·t; with squares 0.
    pub false_neg: f64,
}

/// The loss of a class, and its derivatives as a function of Σ p·t, Σ p and Σ t.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RegionScore {
    /// The loss.
    pub loss: f64,
    /// With respect to Σ p·t.
    pub d_pt: f64,
    /// With respect to Σ p; with squares to Σ p².
    pub d_p: f64,
}

/// Writes a loss's struct from its documentation, the operands of its `of`, its family, and its options with defaults and
/// ranges.
///
/// A loss of your own needs no more than this crate's have: beside the struct, a static `HEADER`, and the leaf, in Rust as the
/// family's trait and in WGSL.
///
/// ```
/// use wgloss::{Array, Denominator, ElementScore, Header, OperandSpec, Pointwise, Range, Reduction, Role, Source, cpu};
///
/// wgloss::loss! {
///     /// The fourth power of the difference, scaled.
///     pub struct Quartic of (input, target) as Pointwise {
///         /// The factor.
///         pub scale: f32 = 1.0, Range::AtLeast(0.0);
///     }
/// }
///
/// static HEADER: Header = Header {
///     id: "quartic",
///     title: "fourth power of the difference",
///     operands: &[
///         OperandSpec::new("input", Role::Element).differentiable(),
///         OperandSpec::new("target", Role::Element),
///     ],
///     reductions: Reduction::VALUES,
///     mean: Denominator::Count,
///     shader: Source {
///         path: "quartic",
///         text: "
///             const SCALE: u32 = 0u;
///             fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
///                 let d = difference(v.x, v.y);
///                 return ElementScore(option(SCALE) * d * d * d * d, vec4<f32>(4.0 * option(SCALE) * d * d * d, 0.0, 0.0, 0.0));
///             }",
///     },
///     default: || Box::new(Quartic::default()),
/// };
///
/// impl Pointwise for Quartic {
///     fn score(&self, [x, t, ..]: [f64; 4], _: [f64; 3]) -> ElementScore {
///         let (d, scale) = (x - t, f64::from(self.scale));
///         ElementScore { loss: scale * d.powi(4), d: [4.0 * scale * d.powi(3), 0.0, 0.0, 0.0] }
///     }
/// }
///
/// let x = Array::new(&[1.0f32, 3.0], [2])?;
/// let t = Array::new(&[1.0f32, 1.0], [2])?;
/// let (out, [g]) = cpu::gradients(&Quartic { scale: 0.5 }.of(&x, &t), [&x])?;
/// assert_eq!((out.loss()?, g.to_f64()), (4.0, vec![0.0, 8.0]));
/// # #[cfg(feature = "gpu")]
/// # {
/// let (out, [g]) = wgloss::Gpu::new()?.gradients(&Quartic { scale: 0.5 }.of(&x, &t), [&x])?;
/// assert_eq!((out.loss().wait()?, g.read().wait()?.to_f32()), (4.0, vec![0.0, 8.0]));
/// # }
/// # Ok::<(), wgloss::Error>(())
/// ```
#[macro_export]
macro_rules! loss {
    (
        $(#[$doc:meta])*
        pub struct $loss:ident of ($($operand:ident),+) as $family:ident {
            $($(#[doc = $option_doc:literal])* pub $option:ident: $type:ty = $default:expr, $range:expr;)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $loss {
            $($(#[doc = $option_doc])* pub $option: $type,)*
        }

        impl Default for $loss {
            fn default() -> $loss {
                $loss { $($option: $default,)* }
            }
        }

        impl $crate::Options for $loss {
            fn specs(&self) -> Vec<$crate::OptionSpec> {
                vec![$($crate::OptionSpec {
                    name: stringify!($option),
                    kind: <$type as $crate::OptionType>::KIND,
                    range: $range,
                    doc: concat!($($option_doc),*),
                }),*]
            }
            fn values(&self) -> Vec<$crate::Value> {
                vec![$($crate::OptionType::get(&self.$option)),*]
            }
            #[allow(unused_mut, unused_variables, unused_assignments, reason = "a loss may have no option")]
            fn set_at(&mut self, place: usize, value: &$crate::Value) -> bool {
                let mut next = 0;
                $(
                    if place == next {
                        let parsed = <$type as $crate::OptionType>::from_value(value);
                        let known = parsed.is_some();
                        self.$option = parsed.unwrap_or(self.$option.clone());
                        return known;
                    }
                    next += 1;
                )*
                false
            }
        }

        impl $loss {
            /// The loss of these operands, as a term that a context evaluates.
            #[allow(clippy::too_many_arguments, reason = "a loss has as many operands as its mathematics")]
            pub fn of<T: $crate::Operand>(&self, $($operand: &T),+) -> $crate::Term<T> {
                $crate::Term::new(self.clone(), [$((stringify!($operand), $operand)),+])
            }
        }

        impl $crate::Loss for $loss {
            fn header(&self) -> &'static $crate::Header {
                &HEADER
            }
            fn leaf(&self) -> $crate::Leaf<'_> {
                $crate::Leaf::$family(self)
            }
        }
    };
}

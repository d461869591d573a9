//! What a loss is: a header that says everything but the mathematics, and the macro that writes its struct.

use crate::leaf::Leaf;
use crate::options::Options;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};
use std::fmt;

/// A loss: a struct of its options, with a header and a leaf. [`loss!`](crate::loss!) writes the struct.
pub trait Loss: Options + fmt::Debug + Send + Sync + 'static {
    /// Everything about the loss that is not mathematics.
    fn header(&self) -> &'static Header;
    /// The mathematics, as the family's trait.
    fn leaf(&self) -> Leaf<'_>;
}

impl dyn Loss {
    /// Whether another loss is walked as this one is: of one family, over operands of the same roles. What is bound for the
    /// two is then the same, and so is every kernel but for its leaf.
    pub fn walks_as(&self, other: &dyn Loss) -> bool {
        let role = |spec: &OperandSpec| (spec.role, spec.optional, spec.gradient);
        std::mem::discriminant(&self.leaf()) == std::mem::discriminant(&other.leaf())
            && self.header().operands.iter().map(role).eq(other.header().operands.iter().map(role))
    }
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

    /// The operands that a pointwise leaf sees as the components of its vector, in order.
    pub(crate) fn components(&self) -> impl Iterator<Item = &'static OperandSpec> {
        self.operands.iter().filter(|spec| matches!(spec.role, Role::Element | Role::Column | Role::Row))
    }

    /// The operand that plays a role which a loss has once.
    pub(crate) fn player(&self, role: Role) -> Option<&'static OperandSpec> {
        self.operands.iter().find(|spec| spec.role == role)
    }
}

/// A WGSL file, held in the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// The number that a pointwise leaf sees in its place where it is not given.
    pub absent: f32,
}

impl OperandSpec {
    /// The optional weight of each value.
    pub const WEIGHT: OperandSpec = OperandSpec::new("weight", Role::Weight).optional().holding(Domain::Positive);
    /// The optional mask of the values.
    pub const MASK: OperandSpec = OperandSpec::new("mask", Role::Mask).optional().holding(Domain::Binary);

    /// A prediction and its target, element by element, with a weight and a mask: what most losses of regression take.
    pub const PAIRED: [OperandSpec; 4] = [
        OperandSpec::new("input", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Element).differentiable(),
        OperandSpec::WEIGHT,
        OperandSpec::MASK,
    ];

    /// An operand that the loss needs, with no gradient, of real numbers.
    pub const fn new(name: &'static str, role: Role) -> OperandSpec {
        OperandSpec { name, role, optional: false, gradient: false, domain: Domain::Real, absent: 0.0 }
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
    /// The same, optional, a pointwise leaf seeing this number where it is not given.
    pub const fn or(mut self, absent: f32) -> OperandSpec {
        self.absent = absent;
        self.optional()
    }
    /// The same, holding values of this domain.
    pub const fn holding(mut self, domain: Domain) -> OperandSpec {
        self.domain = domain;
        self
    }
}

/// What a mean divides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denominator {
    /// The number of values that take part.
    Count,
    /// The sum of their weights; their number where no weights are given.
    Weights,
}

/// Writes a loss's struct from its documentation, the operands of its `of`, its family, and its options with defaults and
/// ranges.
///
/// A loss of your own needs no more than this crate's have: beside the struct, a static `HEADER`, and the leaf, in Rust as the
/// family's trait and in WGSL.
///
/// Some compilers get wrong, refuse or hardly finish what others take. In a leaf's WGSL,
/// - write `a & b` and `a | b` rather than `a && b` and `a || b`, and `select` rather than `if` with `else` or an early
///   `return`: SwiftShader, which headless browsers run on, takes twice the time for each of these after some twenty;
/// - index no vector by a value that is not constant: DX12's older compiler, FXC, makes NaN of the whole where one component
///   is NaN or infinite. An array may be indexed;
/// - test for NaN with `is_nan`, which looks at the bits: `x != x` is false in Metal and FXC;
/// - multiply with `part_of(share, v)` where a share of 0 must leave nothing of `v`, whatever else it is multiplied by.
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
        ///
        /// Shapes that do not fit, options beyond their ranges, dtypes that are not taken and what is too large are refused of
        /// every loss, as `wgloss::Error` tells.
        #[derive(Clone, Debug, PartialEq)]
        pub struct $loss {
            $(
                $(#[doc = $option_doc])*
                #[doc = concat!("\n\nDefault `", stringify!($default), "`; range `", stringify!($range), "`.")]
                pub $option: $type,
            )*
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
            #[allow(dead_code, reason = "what only sums are made of is never written by hand")]
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

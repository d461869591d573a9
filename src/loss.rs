//! A loss is a header with everything but the mathematics, and a leaf with the mathematics.

use crate::error::Result;
use crate::leaf::Leaf;
use crate::options::{self, Options, Value};
use crate::reduction::Reduction;
use crate::role::{Domain, Role};
use std::fmt;

/// A loss: a struct of its options, with a header and a leaf. [`loss!`](crate::loss!) writes the struct.
pub trait Loss: Options + fmt::Debug + Send + Sync + 'static {
    /// Everything about the loss except its mathematics.
    fn header(&self) -> &'static Header;
    /// The mathematics, as an implementation of the family's trait.
    fn leaf(&self) -> Leaf<'_>;
    /// The loss's documentation, in Markdown. With [`loss!`](crate::loss!), it is the documentation of the struct.
    fn page(&self) -> &'static str {
        ""
    }
}

/// Losses are equal if their headers are the same and their options are equal.
impl PartialEq for dyn Loss {
    fn eq(&self, other: &dyn Loss) -> bool {
        std::ptr::eq(self.header(), other.header()) && self.values() == other.values()
    }
}

impl dyn Loss {
    /// Returns the loss with one option changed. The value's range is not checked.
    ///
    /// # Errors
    /// [`Error::InvalidOption`](crate::Error::InvalidOption) for an option that the loss does not have, or a value of
    /// another kind.
    pub(crate) fn with_option(&self, name: &str, value: &Value) -> Result<Box<dyn Loss>> {
        let header = self.header();
        let mut loss = (header.default)();
        for (place, value) in self.values().iter().enumerate() {
            loss.set_at(place, value);
        }
        options::set(&mut *loss, header.id, name, value)?;
        Ok(loss)
    }

    /// Whether another loss is planned like this one, and has operands with the same roles, of which the same are optional and
    /// have gradients. Both then have the same bindings, and the same kernels except for the leaf.
    pub fn walks_as(&self, other: &dyn Loss) -> bool {
        let role = |spec: &OperandSpec| (spec.role, spec.optional, spec.gradient);
        self.is_planned_as(other)
            && self.header().operands.iter().map(role).eq(other.header().operands.iter().map(role))
    }

    /// Whether one plan serves both losses: they have the same family, the fused losses of both, if any, are of one family,
    /// both or neither have levels, and both or neither take [`Reduction::SequenceMean`].
    pub fn is_planned_as(&self, other: &dyn Loss) -> bool {
        let sequenced = |loss: &dyn Loss| loss.header().reductions.contains(&Reduction::SequenceMean);
        let fused = |loss: &dyn Loss| loss.leaf().fused_loss().map(|fused| fused.loss.leaf().family());
        self.leaf().family() == other.leaf().family()
            && fused(self) == fused(other)
            && self.leaf().levels().is_empty() == other.leaf().levels().is_empty()
            && sequenced(self) == sequenced(other)
    }

    /// Whether the walk goes through the elements sequence by sequence under this reduction.
    pub(crate) fn goes_by_sequences(&self, reduction: Reduction) -> bool {
        reduction == Reduction::SequenceMean || self.leaf().of_sequences()
    }

    /// Whether a batch may be cut along its first axis, so that the sums of the pieces add up to the batch's sum and
    /// their denominators to its denominator. This fails if items are compared with each other, or if a ratio is taken
    /// over all items.
    pub fn adds_up(&self) -> bool {
        match self.leaf() {
            // the items of alignments lie along the second axis, and the rows of a segment may lie anywhere
            Leaf::Similarity(_) | Leaf::Hardest(_) | Leaf::Alignments(_) | Leaf::Segments(_) => false,
            Leaf::Region(leaf) => !leaf.settings().batch,
            _ => true,
        }
    }
}

/// Everything about a loss except its mathematics. Checks, tests, benchmarks, the program and the tables of the documentation
/// read it.
#[derive(Debug)]
pub struct Header {
    /// The name in snake_case, used in files and on the command line.
    pub id: &'static str,
    /// A few words that say what the loss is.
    pub title: &'static str,
    /// The operands. The first is the prediction, which the shapes of the others follow.
    pub operands: &'static [OperandSpec],
    /// The reductions that the loss takes.
    pub reductions: &'static [Reduction],
    /// The denominator of a mean.
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

    /// The operand with this role, for a role that at most one operand of a loss has.
    pub(crate) fn of_role(&self, role: Role) -> Option<&'static OperandSpec> {
        self.operands.iter().find(|spec| spec.role == role)
    }
}

impl dyn Loss + '_ {
    /// The names of the required operands, in order. An option may decide the name of the operand with the role
    /// [`Table`](Role::Table).
    pub fn required(&self) -> impl Iterator<Item = &'static str> {
        let table = self.leaf().table();
        let of =
            move |spec: &OperandSpec| if spec.role == Role::Table { table.unwrap_or(spec.name) } else { spec.name };
        self.header().operands.iter().filter(|spec| !spec.optional).map(of)
    }
}

/// The operand's name for a parameter of the method `of`, which [`loss!`](crate::loss!) writes. They differ only for an
/// operand with the role [`Table`](Role::Table), if an option decides its name.
#[doc(hidden)]
pub fn name_of(loss: &dyn Loss, name: &'static str) -> &'static str {
    let is_table = loss.header().operand(name).is_some_and(|spec| spec.role == Role::Table);
    loss.leaf().table().filter(|_| is_table).unwrap_or(name)
}

/// A WGSL file that is compiled into the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// Its path below `shaders/`, without `.wgsl`. For a loss of your own, the path that errors name.
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
    /// Its role, which decides its shape and dtype.
    pub role: Role,
    /// Whether a call may leave it out.
    pub optional: bool,
    /// Whether the loss has a gradient with respect to it.
    pub gradient: bool,
    /// Whether it may hold integers or `bool` in the place of floats. A [mask](Role::Mask) always may.
    pub integers: bool,
    /// The values it holds. Tests and benchmarks draw from them, and the rules of a checked term follow from them.
    pub domain: Domain,
    /// The name of a flag among the loss's options. If the flag is set, the operand holds the logarithms of its values.
    pub logs_if: Option<&'static str>,
    /// The number that a pointwise leaf gets if a call leaves the operand out.
    pub absent: f32,
}

impl OperandSpec {
    /// The optional weight of each value.
    pub const WEIGHT: OperandSpec = OperandSpec::new("weight", Role::Weight).optional().holding(Domain::Positive);
    /// The optional factor of each value. It also multiplies what the value adds to the denominator of a mean.
    pub const SAMPLE_WEIGHT: OperandSpec =
        OperandSpec::new("sample_weight", Role::SampleWeight).optional().holding(Domain::Positive);
    /// The optional mask of the values.
    pub const MASK: OperandSpec = OperandSpec::new("mask", Role::Mask).optional().holding(Domain::Binary);

    /// A prediction, its target, a weight, a sample weight and a mask, element by element: the operands of most regression
    /// losses.
    pub const PAIRED: [OperandSpec; 5] = [
        OperandSpec::new("input", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Element).differentiable(),
        OperandSpec::WEIGHT,
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ];

    /// A required operand that holds real numbers and has no gradient.
    pub const fn new(name: &'static str, role: Role) -> OperandSpec {
        OperandSpec {
            name,
            role,
            optional: false,
            gradient: false,
            integers: false,
            domain: Domain::Real,
            logs_if: None,
            absent: 0.0,
        }
    }
    /// Gives the operand a gradient.
    pub const fn differentiable(mut self) -> OperandSpec {
        self.gradient = true;
        self
    }
    /// Lets the operand hold integers or `bool` too. The GPU converts them to floats.
    pub const fn or_integers(mut self) -> OperandSpec {
        self.integers = true;
        self
    }
    /// Makes the operand optional.
    pub const fn optional(mut self) -> OperandSpec {
        self.optional = true;
        self
    }
    /// Makes the operand optional. A pointwise leaf gets this number if a call leaves it out.
    pub const fn or(mut self, absent: f32) -> OperandSpec {
        self.absent = absent;
        self.optional()
    }
    /// Names a flag among the loss's options. If the flag is set, the operand holds the logarithms of its values.
    pub const fn or_logs_if(mut self, flag: &'static str) -> OperandSpec {
        self.logs_if = Some(flag);
        self
    }
    /// Says which values the operand holds.
    pub const fn holding(mut self, domain: Domain) -> OperandSpec {
        self.domain = domain;
        self
    }
}

/// The denominator of a mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denominator {
    /// The number of values that take part.
    Count,
    /// The sum of the weights of the values that take part, or their number if no weights are given.
    Weights,
}

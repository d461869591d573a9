//! A loss joined with its operands: what a context evaluates; and sums of these.

mod part;

pub use part::PartOutcome;
pub(crate) use part::{Beside, ClassesFrom, Part, Row, not_reduced, refuse_reduction};

use crate::array::Array;
use crate::error::Result;
use crate::loss::Loss;
use crate::options::{self, Value};
use crate::reduction::Reduction;
use crate::shape::{ClassAxis, DType};
use std::ops::{Add, Mul};
use std::sync::Arc;

/// What a loss can be applied to: an [`Array`] of the host's or a tensor on the GPU.
pub trait Operand: Clone {
    /// The shape, outermost axis first.
    fn shape(&self) -> &[usize];
    /// The element type.
    fn dtype(&self) -> DType;
    /// Where its class axis lies.
    fn class_axis(&self) -> ClassAxis;
    /// The element type of the gradient that a call on a GPU makes: its own, unless f32 was asked for.
    fn gradient_dtype(&self) -> DType {
        self.dtype()
    }
    /// Whether this is the same tensor as another: the same elements in the same place.
    fn is(&self, other: &Self) -> bool;
    /// The elements, where the host holds them.
    fn host(&self) -> Option<&Array> {
        None
    }
}

/// An operand that a term can do without, for [`Term::with`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Extra {
    /// A factor for each value, or for each class.
    Weight,
    /// Nonzero keeps a value; zero leaves it out whatever stands there.
    Mask,
    /// The weight of the positive answers, for each class.
    PosWeight,
    /// The weight of each class, as the focal loss calls it.
    Alpha,
    /// How much better the chosen answer of a pair is rated.
    Margin,
    /// The clean sample of a diffusion loss.
    Sample,
    /// More rows to compare with, which belong together with none.
    Negatives,
    /// What scores are multiplied by.
    LogitScale,
    /// What is added to the products with each class's row.
    Bias,
    /// The rows of a piece of a batch that one operand holds whole.
    Anchors,
}

impl Extra {
    /// The operand's name.
    pub const fn name(self) -> &'static str {
        match self {
            Extra::Weight => "weight",
            Extra::Mask => "mask",
            Extra::PosWeight => "pos_weight",
            Extra::Alpha => "alpha",
            Extra::Margin => "margin",
            Extra::Sample => "sample",
            Extra::Negatives => "negatives",
            Extra::LogitScale => "logit_scale",
            Extra::Bias => "bias",
            Extra::Anchors => "anchors",
        }
    }
}

/// A number that is known now, or a tensor that will hold it when the work runs.
#[derive(Clone, Debug)]
pub enum Scale<T> {
    /// A number.
    Number(f32),
    /// A tensor of one element, or for an unreduced loss's upstream gradient of the loss's shape.
    Tensor(T),
}

impl<T> From<f32> for Scale<T> {
    fn from(number: f32) -> Scale<T> {
        Scale::Number(number)
    }
}

impl<T: Operand> From<&T> for Scale<T> {
    fn from(tensor: &T) -> Scale<T> {
        Scale::Tensor(tensor.clone())
    }
}

/// A loss with its operands, or a weighted sum of several.
///
/// A term is a description: nothing is checked or computed before a context evaluates it. What belongs to every loss is
/// set here; on a sum of terms it is set for each of them.
///
/// ```
/// use wgloss::{Array, Mse, Reduction, cpu};
/// let x = Array::new(&[1.0f32, 2.0], [2])?;
/// let t = Array::new(&[1.0f32, 4.0], [2])?;
/// let term = Mse::default().of(&x, &t).reduce(Reduction::Sum);
/// assert_eq!(cpu::value(&(0.5 * term))?.loss()?, 2.0);
/// # Ok::<(), wgloss::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Term<T> {
    pub(crate) parts: Vec<Part<T>>,
}

impl<T: Operand> Term<T> {
    /// A loss of operands by name, as each loss's own `of` makes it.
    pub fn new<'a>(loss: impl Loss, operands: impl IntoIterator<Item = (&'a str, &'a T)>) -> Term<T>
    where
        T: 'a,
    {
        Term { parts: vec![Part::new(Arc::new(loss), operands)] }
    }

    /// A loss by id, with options and operands by name: what a program makes of a command line or a file.
    ///
    /// The option `reduction` is the term's own. Operands are checked when the term is evaluated.
    ///
    /// # Errors
    /// [`Error::InvalidOption`](crate::Error::InvalidOption) for an option that the loss does not have, or a value of
    /// another kind.
    pub fn from_options<'a>(
        mut loss: Box<dyn Loss>,
        options: impl IntoIterator<Item = (&'a str, Value)>,
        operands: impl IntoIterator<Item = (&'a str, &'a T)>,
    ) -> Result<Term<T>>
    where
        T: 'a,
    {
        let id = loss.header().id;
        let mut reduction = Reduction::default();
        for (name, value) in options {
            if name == "reduction" {
                reduction = options::OptionType::from_value(&value).ok_or_else(|| refuse_reduction(&*loss, &value))?;
            } else {
                options::set(&mut *loss, id, name, &value)?;
            }
        }
        Ok(Term { parts: vec![Part::new(loss.into(), operands)] }.reduce(reduction))
    }

    /// The term with one more operand.
    pub fn with(self, extra: Extra, tensor: &T) -> Term<T> {
        self.each(|part| part.operands.push((extra.name().into(), tensor.clone())))
    }

    /// The term under a reduction; the default is the mean.
    pub fn reduce(self, reduction: Reduction) -> Term<T> {
        self.each(|part| part.reduction = reduction)
    }

    /// The term's gradients scaled by an upstream gradient: a number, a tensor of one element, or for an unreduced loss a
    /// tensor of the loss's shape. The loss itself is not scaled.
    pub fn upstream(self, scale: impl Into<Scale<T>>) -> Term<T> {
        let scale = scale.into();
        self.each(|part| part.upstream = scale.clone())
    }

    /// The sum divided by this instead of by what the reduction says: for gradient accumulation and data parallelism, where
    /// the denominator is that of the whole batch.
    pub fn divide_by(self, denominator: impl Into<Scale<T>>) -> Term<T> {
        let denominator = denominator.into();
        self.each(|part| part.divide_by = Some(denominator.clone()))
    }

    /// The term over a piece of split rows: the prediction holds the classes from `first` on, of `of` in all, and so do class
    /// weights and dense targets; labels are those of the whole row.
    ///
    /// For a softmax whose classes are spread over devices, as those of a vocabulary are. What a piece knows is its
    /// [statistics](crate::cpu::statistics); the loss is known [among](Self::among) those of all.
    pub fn classes_from(self, first: usize, of: usize) -> Term<T> {
        self.each(|part| part.classes_from = Some(ClassesFrom { first, of }))
    }

    /// The term as the whole has it of which it is a piece: `statistics` are those of all pieces, this one's among them, along
    /// a new first axis, as `Gpu::statistics` gives them in f32; on the CPU alone also in f64, as `cpu::statistics` does.
    ///
    /// The loss and its parts are then the whole's, the same on every device, and gradients are those of the piece. The
    /// regions of a Dice loss may be spread over positions, as the tiles of an image are, and where its option `batch` makes a
    /// region of all items also over these; the classes of a softmax see [`classes_from`](Self::classes_from). Of all other
    /// losses, pieces that hold their values whole add up under the whole's [denominator](Self::divide_by).
    /// [`DiceCrossEntropy`](crate::DiceCrossEntropy) is to be taken as the sum of its two.
    pub fn among(self, statistics: &T) -> Term<T> {
        self.each(|part| part.among = Some(statistics.clone()))
    }

    /// The term over a piece of a batch that is its own negatives: over the rows `first..` of the batch, against all of it.
    ///
    /// For the losses of all pairs, of which a shard by itself has other negatives than the whole batch: here each of its
    /// `n` rows has its value among all `N` keys. The first operand of [`InfoNce`](crate::InfoNce) and
    /// [`Siglip`](crate::Siglip) is the piece, `[n, D]`, the second all keys, `[N, D]`, and row `i` belongs together with
    /// key `first + i`; [`SupCon`](crate::SupCon) takes the piece as [`Extra::Anchors`]. `none` is `[n]`. A mean divides by
    /// what the piece counts: under [`divide_by`](Self::divide_by) the whole's denominator the pieces' losses add up to the
    /// whole's, and so do the gradients of the keys, while those of the rows are the whole's piece by piece.
    ///
    /// ```
    /// use wgloss::{Array, InfoNce, cpu};
    /// let queries = Array::new(&[1.0f32, 0.0, 0.6, 0.8, 0.0, 1.0], [3, 2])?;
    /// let keys = Array::new(&[0.8f32, 0.6, 0.0, 1.0, -1.0, 0.0], [3, 2])?;
    /// let (two, last) = (Array::new(&[1.0f32, 0.0, 0.6, 0.8], [2, 2])?, Array::new(&[0.0f32, 1.0], [1, 2])?);
    /// let loss = InfoNce::default();
    /// let whole = cpu::value(&loss.of(&queries, &keys))?.loss()?;
    /// let pieces = (loss.of(&two, &keys).rows_from(0) + loss.of(&last, &keys).rows_from(2)).divide_by(3.0);
    /// assert!((cpu::value(&pieces)?.loss()? - whole).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the term is evaluated, [`Error::InvalidOption`](crate::Error::InvalidOption) for another loss than one of all
    /// pairs, one that is `symmetric` or lacks its anchors, and [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) where
    /// the batch has fewer than `first + n` rows.
    pub fn rows_from(self, first: usize) -> Term<T> {
        self.each(|part| part.rows_from = Some(first))
    }

    /// The term as a part of a ready-made sum, which has its rows in common with another part.
    pub(crate) fn beside(self, beside: Beside) -> Term<T> {
        self.each(|part| part.beside = Some(beside.clone()))
    }

    /// The term with a name of its own in the parts of an outcome.
    pub fn named(self, name: &str) -> Term<T> {
        self.each(|part| part.name = name.into())
    }

    /// The same term of other tensors, which are made one by one: of arrays that are uploaded, say.
    ///
    /// # Errors
    /// The first that `f` gives.
    pub fn map<U>(&self, mut f: impl FnMut(&T) -> Result<U>) -> Result<Term<U>> {
        Ok(Term { parts: self.parts.iter().map(|part| part.map(&mut f)).collect::<Result<_>>()? })
    }

    fn each(mut self, change: impl FnMut(&mut Part<T>)) -> Term<T> {
        self.parts.iter_mut().for_each(change);
        self
    }
}

impl<T> Term<T> {
    /// The id of the loss that refusals of the whole term name: the first one's.
    pub(crate) fn id(&self) -> &'static str {
        self.parts.first().map_or("term", |part| part.loss.header().id)
    }
}

impl<T> Add for Term<T> {
    type Output = Term<T>;
    fn add(mut self, other: Term<T>) -> Term<T> {
        self.parts.extend(other.parts);
        self
    }
}

/// A coefficient multiplies what the term comes to: of a term that is NaN, 0 times it is NaN too. What is to be left out is
/// left out of the sum.
impl<T> Mul<Term<T>> for f32 {
    type Output = Term<T>;
    fn mul(self, mut term: Term<T>) -> Term<T> {
        term.parts.iter_mut().for_each(|part| part.weight *= self);
        term
    }
}

//! A loss with its operands, which a context evaluates; and sums of these.

mod apart;
mod arithmetic;
mod extra;
mod inspect;
#[cfg(feature = "gpu")]
mod kept;
mod observation;
mod observe;
mod operand;
mod optional;
mod part;
mod scale;
mod varying;

pub use extra::Extra;
pub use observation::Observation;
pub(crate) use observation::Observed;
pub use operand::Operand;
pub use part::PartOutcome;
pub(crate) use part::{Beside, ClassesFrom, KeysFrom, OutcomeRow, Part, not_reduced, refuse_reduction};
pub use scale::Scale;
pub(crate) use varying::{COEFFICIENT, Varying};

#[cfg(feature = "gpu")]
use kept::Kept;

use crate::error::Result;
use crate::loss::Loss;
use crate::options::{self, Value};
use crate::reduction::Reduction;
use std::sync::Arc;

/// A loss with its operands, or a weighted sum of several.
///
/// A term is a description: nothing is checked or computed before a context evaluates it. The methods set what every loss
/// has, such as its reduction. On a sum of terms they set it for each term of the sum. Terms are equal if their losses,
/// options, settings and operands are, so that a program can tell whether a job that it prepared fits a new term.
///
/// Terms add up: `a + 0.5 * b`, `a - b`, `-a`, `a / 2`, `a += b`, and `.sum()` over an iterator of terms. A coefficient of
/// `f64` stands on the right: `a * rate`. (If it could also stand on the left, Rust would not know the type of `0.5` in
/// `(0.5 * a).reduce(..)`.)
///
/// ```
/// use wgloss::{Array, Mse, Reduction, cpu};
/// let x = Array::new(&[1.0f32, 2.0], [2])?;
/// let t = Array::new(&[1.0f32, 4.0], [2])?;
/// let term = Mse::default().of(&x, &t).reduce(Reduction::Sum);
/// assert_eq!(cpu::value(&(0.5 * term.clone()))?.loss()?, 2.0);
/// let steps: wgloss::Term<_> = [1.0, 0.5, 0.25].iter().map(|share: &f64| term.clone() * *share).sum();
/// assert_eq!(cpu::value(&steps)?.loss()?, 7.0);
/// # Ok::<(), wgloss::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Term<T> {
    pub(crate) parts: Vec<Part<T>>,
    /// The jobs that a context keeps for the next call.
    #[cfg(feature = "gpu")]
    pub(crate) kept: Kept,
}

impl<T: Operand> Term<T> {
    /// A loss with operands by name, as each loss's own `of` makes it.
    pub fn new<'a>(loss: impl Loss, operands: impl IntoIterator<Item = (&'a str, &'a T)>) -> Term<T>
    where
        T: 'a,
    {
        Term::of_parts(vec![Part::new(Arc::new(loss), operands)])
    }

    /// A loss with options and operands by name, as a program reads them from a command line or a file.
    ///
    /// The options `reduction`, `empty_is_zero` and `checked` set the [reduction](Self::reduce) of the term, what a
    /// [mean over nothing](Self::empty_is_zero) is, and whether [numbers are inspected](Self::checked). Operands are checked when
    /// the term is evaluated.
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
        let (mut reduction, mut empty_is_zero, mut checked) = (Reduction::default(), false, false);
        for (name, value) in options {
            match (name, &value) {
                ("reduction", value) => {
                    reduction =
                        options::OptionType::from_value(value).ok_or_else(|| refuse_reduction(&*loss, value))?;
                }
                ("empty_is_zero", Value::Flag(flag)) => empty_is_zero = *flag,
                ("checked", Value::Flag(flag)) => checked = *flag,
                _ => options::set(&mut *loss, id, name, &value)?,
            }
        }
        Ok(Term::of_parts(vec![Part { empty_is_zero, checked, reduction, ..Part::new(loss.into(), operands) }]))
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

    /// The term with its sum divided by this denominator, under every reduction but [`Reduction::None`], which makes no sum. Gradient
    /// accumulation and data parallelism need it, to divide each shard's sum by the denominator of the whole batch.
    ///
    /// A loss that has several sums, such as [`CrossEntropy`](crate::CrossEntropy) with its z-loss, also takes a tensor with a
    /// denominator for each, in the order of [`cpu::Outcome::parts`](crate::cpu::Outcome::parts).
    pub fn divide_by(self, denominator: impl Into<Scale<T>>) -> Term<T> {
        let denominator = denominator.into();
        self.each(|part| part.divide_by = Some(denominator.clone()))
    }

    /// The term with a mean over nothing of 0 rather than NaN: where all labels are ignored, a mask keeps no value, weights sum
    /// to 0, or the batch is empty, and so the denominator is 0. The gradient is 0 either way. A NaN that takes part stays NaN.
    ///
    /// A batch without a single target then adds nothing to a sum of terms, on the GPU too, without a look at the count:
    ///
    /// ```
    /// use wgloss::{Array, CrossEntropy, cpu};
    /// let logits = Array::new(&[0.5f32, -1.0], [1, 2])?;
    /// let ignored = Array::new(&[-100i32], [1])?;
    /// let term = CrossEntropy::default().of(&logits, &ignored);
    /// assert!(cpu::value(&term)?.loss()?.is_nan());
    /// assert_eq!(cpu::value(&term.empty_is_zero())?.loss()?, 0.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub fn empty_is_zero(self) -> Term<T> {
        self.each(|part| part.empty_is_zero = true)
    }

    /// The term over a shard of the classes: the prediction holds the classes from `first` on, of `of` in all. Class weights
    /// and dense targets hold the same classes; labels are indices among all `of` classes.
    ///
    /// This is for a loss whose classes are sharded over devices, as a vocabulary may be: a softmax, [`Nll`](crate::Nll),
    /// [`LinearCrossEntropy`](crate::LinearCrossEntropy) or [`LinearSoftmaxFocal`](crate::LinearSoftmaxFocal), whose projection and bias
    /// hold the shard's classes, or [`MarginSoftmax`](crate::MarginSoftmax), whose class weights do. Each shard computes its
    /// [statistics](crate::cpu::statistics); the loss needs the statistics of all shards, given by [`among`](Self::among). For an operand
    /// that all shards hold, such as the rows of `LinearCrossEntropy`, each shard returns its share of the gradient: the shares of
    /// all shards add up to the gradient.
    pub fn classes_from(self, first: usize, of: usize) -> Term<T> {
        self.each(|part| part.classes_from = Some(ClassesFrom { first, of }))
    }

    /// Evaluates this shard with the statistics of all shards, this one included, stacked along a new first axis. `Gpu::statistics`
    /// returns them in f32; a term on the CPU also takes them in f64, as `cpu::statistics` returns them.
    ///
    /// The loss and its parts are the whole batch's, the same on every device. The gradients are this shard's.
    ///
    /// The regions of a Dice loss may be sharded over positions, as the tiles of an image are, and where its option `batch` is
    /// set, also over items. For the classes of a softmax see [`classes_from`](Self::classes_from). The shards of all other
    /// losses simply add up, if each holds whole values, under the batch's [denominator](Self::divide_by).
    ///
    /// [`DiceCrossEntropy`](crate::DiceCrossEntropy), [`DiceBce`](crate::DiceBce) and [`DiceFocal`](crate::DiceFocal)
    /// combine both kinds: their first part is the whole batch's on every device, and the sums of their second part add
    /// up, divided by the batch's denominators in `divide_by`.
    pub fn among(self, statistics: &T) -> Term<T> {
        self.each(|part| part.among = Some(statistics.clone()))
    }

    /// The term over a shard of the rows, `first..` of the batch, each compared with the whole batch.
    ///
    /// This is for the losses of all pairs: a shard compared with itself alone would have other negatives than the batch.
    /// The first operand of [`InfoNce`](crate::InfoNce) and [`Siglip`](crate::Siglip) is the shard, `[n, D]`, and the second
    /// operand is all keys, `[N, D]`; row `i` belongs together with key `first + i`. [`SupCon`](crate::SupCon) takes the shard
    /// as [`Extra::Anchors`]. The unreduced loss is `[n]`. A mean divides by the shard's count. With the batch's denominator
    /// in [`divide_by`](Self::divide_by), the losses of all shards add up to the batch's loss, and so do their gradients with
    /// respect to the keys; the gradients with respect to the rows are the batch's, shard by shard.
    ///
    /// ```
    /// use wgloss::{Array, InfoNce, cpu};
    /// let queries = Array::new(&[1.0f32, 0.0, 0.6, 0.8, 0.0, 1.0], [3, 2])?;
    /// let keys = Array::new(&[0.8f32, 0.6, 0.0, 1.0, -1.0, 0.0], [3, 2])?;
    /// let (two, last) = (Array::new(&[1.0f32, 0.0, 0.6, 0.8], [2, 2])?, Array::new(&[0.0f32, 1.0], [1, 2])?);
    /// let loss = InfoNce::default();
    /// let whole = cpu::value(&loss.of(&queries, &keys))?.loss()?;
    /// let shards = (loss.of(&two, &keys).rows_from(0) + loss.of(&last, &keys).rows_from(2)).divide_by(3.0);
    /// assert!((cpu::value(&shards)?.loss()? - whole).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the term is evaluated: [`Error::InvalidOption`](crate::Error::InvalidOption) for a loss that is not of all pairs,
    /// is `symmetric`, or lacks its anchors; [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) where the batch has fewer
    /// than `first + n` rows.
    pub fn rows_from(self, first: usize) -> Term<T> {
        self.each(|part| part.rows_from = Some(first))
    }

    /// The term over a shard of the keys: the second operand holds the keys from `first` on, of `of` in all.
    ///
    /// This is for the losses of all pairs, where no device holds all keys. A device compares its rows with one shard of
    /// keys after the other, as they come to it around a ring. Each call of [`statistics`](crate::cpu::statistics) gives
    /// eight numbers for each row; the loss needs the statistics of all shards of keys, given by [`among`](Self::among).
    /// Then its value is that of all keys, whichever shard of keys it is called with. The gradient with respect to the
    /// keys is the part of it that comes from these rows. The gradient with respect to the rows, or to a scale, is this
    /// shard's share: the shares of all shards add up.
    ///
    /// [`rows_from`](Self::rows_from) says which rows these are; without it they begin at 0. [`SupCon`](crate::SupCon)
    /// takes the rows as [`Extra::Anchors`], and the labels of all keys, `[of]`. Negatives of [`InfoNce`](crate::InfoNce)
    /// are further keys of their shard: give each to one shard alone. For a symmetric loss, add two such losses with a
    /// factor of ½ each, one in each direction.
    ///
    /// ```
    /// use wgloss::{Array, InfoNce, cpu};
    /// let queries = Array::new(&[1.0f32, 0.0, 0.6, 0.8, 0.0, 1.0], [3, 2])?;
    /// let keys = Array::new(&[0.8f32, 0.6, 0.0, 1.0, -1.0, 0.0], [3, 2])?;
    /// let (two, last) = (Array::new(&[0.8f32, 0.6, 0.0, 1.0], [2, 2])?, Array::new(&[-1.0f32, 0.0], [1, 2])?);
    /// let loss = InfoNce::default();
    /// let shards = [loss.of(&queries, &two).keys_from(0, 3), loss.of(&queries, &last).keys_from(2, 3)];
    /// let mut all = Vec::new();
    /// for shard in &shards {
    ///     all.extend(cpu::statistics(shard)?.to_f64());
    /// }
    /// let [first, _] = shards.map(|shard| shard.among(&Array::new(&all, [2, 3, 8]).unwrap()));
    /// let whole = cpu::value(&loss.of(&queries, &keys))?.loss()?;
    /// assert!((cpu::value(&first)?.loss()? - whole).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the term is evaluated, those of [`rows_from`](Self::rows_from); and
    /// [`Error::InvalidOption`](crate::Error::InvalidOption) without the statistics of all shards.
    pub fn keys_from(self, first: usize, of: usize) -> Term<T> {
        self.each(|part| part.keys_from = Some(KeysFrom { first, of }))
    }

    /// The term with a number that `Job::set` may change between the runs of a prepared job: a number option of the loss,
    /// such as `gamma` or `temperature`, or its `coefficient`, which is its factor in the sum of terms. The value that it has
    /// when the job is prepared is the first run's.
    ///
    /// A number that varies gets the kernel for any value. Some losses have a faster kernel for some values of an option,
    /// such as the focal loss for a whole `gamma`, and rounding may differ between the two.
    ///
    /// ```
    /// use wgloss::{Array, SigmoidFocal, cpu};
    /// let (x, t) = (Array::new(&[0.5f32, -1.0], [2])?, Array::new(&[1.0f32, 0.0], [2])?);
    /// let focal = 0.5 * SigmoidFocal::default().of(&x, &t);
    /// // a call that runs once has nothing to set, so that its result is the same
    /// let value = cpu::value(&focal.clone().varying("gamma").varying("coefficient"))?.loss()?;
    /// assert_eq!(value, cpu::value(&focal)?.loss()?);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the term is evaluated: [`Error::InvalidOption`](crate::Error::InvalidOption) for an option that the loss does not
    /// have, that is no number or has no value, that another option fixes, that is an option of a sum of losses, such as
    /// [`Vae`](crate::Vae), or that weights a fused loss; and for a number that is named twice.
    pub fn varying(self, number: &str) -> Term<T> {
        self.each(|part| part.varying.push(Varying { number: number.into(), from: None }))
    }

    /// The term with a number that each run reads from a tensor of one f32: a number option of the loss, or its
    /// `coefficient`. So a program on the GPU may compute it, for a schedule or for KL annealing.
    ///
    /// ```
    /// use wgloss::{Array, Huber, cpu};
    /// let (x, t) = (Array::new(&[0.0f32, 3.0], [2])?, Array::new(&[0.0f32, 0.0], [2])?);
    /// let two = Array::new(&[2.0f32], [])?;
    /// let huber = Huber::default().of(&x, &t).number_from("delta", &two).number_from("coefficient", &two);
    /// assert_eq!(cpu::value(&huber)?.loss()?, 2.0 * (2.0 * (3.0 - 1.0)) / 2.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the term is evaluated, those of [`varying`](Self::varying), and [`Error::ShapeMismatch`](crate::Error::ShapeMismatch)
    /// or [`Error::UnsupportedDtype`](crate::Error::UnsupportedDtype) for a tensor that does not hold one f32. A value out of
    /// range gives [`Error::InvalidOption`](crate::Error::InvalidOption): at once if the host has it, and otherwise as the error
    /// of the next read, with a loss of NaN.
    pub fn number_from(self, number: &str, tensor: &T) -> Term<T> {
        self.each(|part| part.varying.push(Varying { number: number.into(), from: Some(tensor.clone()) }))
    }

    /// The term as a part of a ready-made sum. Its first operand has to begin with the axes that `beside` names.
    pub(crate) fn beside(self, beside: Beside) -> Term<T> {
        self.each(|part| part.beside = Some(beside.clone()))
    }

    /// The term with this name among the parts of an outcome.
    pub fn named(self, name: &str) -> Term<T> {
        self.each(|part| part.name = name.into())
    }

    /// The term with each tensor replaced by what `f` returns for it: an array by its upload, for example.
    ///
    /// # Errors
    /// The first error of `f`.
    pub fn map<U>(&self, mut f: impl FnMut(&T) -> Result<U>) -> Result<Term<U>> {
        Ok(Term::of_parts(self.parts.iter().map(|part| part.map(&mut f)).collect::<Result<_>>()?))
    }

    fn each(mut self, change: impl FnMut(&mut Part<T>)) -> Term<T> {
        self.parts.iter_mut().for_each(change);
        self
    }
}

impl<T> Term<T> {
    pub(crate) fn of_parts(parts: Vec<Part<T>>) -> Term<T> {
        Term {
            parts,
            #[cfg(feature = "gpu")]
            kept: Kept::default(),
        }
    }

    /// Every operand of the term's losses, with the loss that takes it and its name there. An operand that is given in several
    /// places is listed once for each.
    pub fn operands(&self) -> impl Iterator<Item = (&dyn Loss, &str, &T)> {
        self.parts
            .iter()
            .flat_map(|part| part.operands.iter().map(|(name, operand)| (&*part.loss, name.as_str(), operand)))
    }

    /// The id that errors of the whole term name: that of the first loss.
    pub(crate) fn id(&self) -> &'static str {
        self.parts.first().map_or("term", |part| part.loss.header().id)
    }
}

impl<T: PartialEq> PartialEq for Term<T> {
    fn eq(&self, other: &Term<T>) -> bool {
        self.parts == other.parts
    }
}

#[cfg(test)]
mod tests {
    use super::{Extra, Observation, Term};
    use crate::{CrossEntropy, Dice, Reduction};

    /// An operand that equals all operands with the same number.
    #[derive(Clone, Debug, PartialEq)]
    struct Numbered(usize);

    impl super::Operand for Numbered {
        fn shape(&self) -> &[usize] {
            &[]
        }
        fn dtype(&self) -> crate::DType {
            crate::DType::F32
        }
        fn class_axis(&self) -> crate::ClassAxis {
            crate::ClassAxis::Second
        }
        fn is(&self, other: &Numbered) -> bool {
            self == other
        }
    }

    #[test]
    fn terms_are_equal_if_all_that_a_call_reads_is() {
        let [x, t, w] = [0, 1, 2].map(Numbered);
        let of = |ignore_index: i32, x: &Numbered| CrossEntropy { ignore_index, ..CrossEntropy::default() }.of(x, &t);
        let different: Vec<Term<Numbered>> = vec![
            of(7, &x),
            of(8, &x),
            of(7, &w),
            Dice::default().of(&x, &t),
            0.5 * of(7, &x),
            of(7, &x).reduce(Reduction::Sum),
            of(7, &x).named("other"),
            of(7, &x).upstream(2.0),
            of(7, &x).divide_by(2.0),
            of(7, &x).empty_is_zero(),
            of(7, &x).checked(),
            of(7, &x).observe(Observation::Accuracy),
            of(7, &x).with(Extra::Weight, &w),
            of(7, &x).with(Extra::Mask, &w),
            of(7, &x).classes_from(0, 9),
            of(7, &x).rows_from(0),
            of(7, &x).keys_from(0, 9),
            of(7, &x).among(&w),
            of(7, &x).varying("z_loss"),
            of(7, &x).number_from("z_loss", &w),
            of(7, &x) + of(7, &x),
        ];
        for (place, term) in different.iter().enumerate() {
            let equal: Vec<usize> = (0..different.len()).filter(|&other| different[other] == *term).collect();
            assert_eq!(equal, [place], "{term:?}");
        }
        // two losses that were made apart
        assert_eq!(of(7, &x), of(7, &x));
        let places: Vec<_> = different[12].operands().map(|(loss, name, of)| (loss.header().id, name, of.0)).collect();
        let ce = "cross_entropy";
        assert_eq!(places, [(ce, "input", 0), (ce, "target", 1), (ce, "weight", 2)]);
    }
}

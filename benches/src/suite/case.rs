//! A loss at a size, and the least work that it needs.

use wgloss::{Array, DType, Loss, Operand, Result, Term};

/// A loss at a size.
#[derive(Clone)]
pub struct Case {
    /// The loss's id.
    pub loss: &'static str,
    /// The sizes of the batch and of an item's axes.
    pub shape: Vec<usize>,
    /// A word that distinguishes the case from others with the same loss and shape; usually empty.
    pub detail: &'static str,
    /// How its floats and gradients are stored.
    pub dtype: DType,
    /// Makes the problem at given sizes.
    pub make: fn(&[usize]) -> Result<Problem>,
}

impl Case {
    /// The loss, the sizes and the detail, without commas.
    pub fn name(&self) -> String {
        let sizes: Vec<String> = self.shape.iter().map(usize::to_string).collect();
        let words = [self.loss, &sizes.join("x"), self.detail];
        words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// The case with a batch `larger` times larger and `smaller` times smaller. If the batch cannot shrink enough, the
    /// last axis of positions shrinks too.
    pub fn scaled(&self, larger: usize, smaller: usize) -> Case {
        let mut case = self.clone();
        let batch = case.shape[0] * larger;
        case.shape[0] = (batch / smaller).max(1);
        let (rest, axes) = (smaller / batch, case.shape.len());
        if rest > 1 && axes > 2 {
            case.shape[axes - 1] = (case.shape[axes - 1] / rest).max(1);
        }
        case
    }

    /// Its operands and its term.
    pub fn problem(&self) -> Result<Problem> {
        (self.make)(&self.shape)?.stored_as(self.dtype)
    }
}

/// A case's operands as host arrays, and its term.
pub struct Problem {
    /// The operands and their names.
    pub operands: Vec<(&'static str, Array)>,
    /// The names of the operands that a training step differentiates.
    pub of: Vec<&'static str>,
    /// The term.
    pub term: Term<Array>,
    /// The least work.
    pub least: Least,
    /// How often a run with gradients reads each operand.
    reads: usize,
}

/// The least work of the value, and of the value with its gradients.
#[derive(Clone, Copy)]
pub enum Least {
    /// The bytes to move.
    Bytes([f64; 2]),
    /// The operations to do, for cases that arithmetic bounds.
    Flops([f64; 2]),
}

impl Problem {
    /// A problem that reads each operand once and writes each gradient once.
    pub fn new(loss: impl Loss, operands: Vec<(&'static str, Array)>, of: &[&'static str]) -> Problem {
        let term = Term::new(loss, operands.iter().map(|(name, array)| (*name, array)));
        let mut problem = Problem { operands, of: of.to_vec(), term, least: Least::Bytes([0.0; 2]), reads: 1 };
        problem.least = problem.bytes();
        problem
    }

    /// Counts a second read of all operands for the gradients.
    pub fn read_twice(mut self) -> Problem {
        self.reads = 2;
        self.least = self.bytes();
        self
    }

    /// Marks the case as bound by arithmetic, with these numbers of operations.
    pub fn of_flops(mut self, value: f64, with_gradients: f64) -> Problem {
        self.least = Least::Flops([value, with_gradients]);
        self
    }

    /// Casts the floats to `dtype`.
    fn stored_as(mut self, dtype: DType) -> Result<Problem> {
        if dtype == DType::F32 {
            return Ok(self);
        }
        let cast = |array: &Array| if array.dtype().is_float() { array.cast(dtype) } else { array.clone() };
        let stored: Vec<_> = self.operands.iter().map(|(name, array)| (*name, cast(array))).collect();
        self.term = self.term.map(|old| Ok(stored[self.place(old)].1.clone()))?;
        self.operands = stored;
        if matches!(self.least, Least::Bytes(_)) {
            self.least = self.bytes();
        }
        Ok(self)
    }

    fn bytes(&self) -> Least {
        let size = |array: &Array| array.len() * array.dtype().size();
        let all = |arrays: &mut dyn Iterator<Item = &Array>| arrays.map(size).sum::<usize>() as f64;
        let read = all(&mut self.operands.iter().map(|(_, array)| array));
        Least::Bytes([read, self.reads as f64 * read + all(&mut self.differentiated().into_iter())])
    }

    /// The place in `operands` of an array that the term holds.
    ///
    /// # Panics
    /// If none of the operands is this array.
    pub fn place(&self, array: &Array) -> usize {
        self.operands.iter().position(|(_, own)| own.is(array)).unwrap_or_else(|| {
            let losses: Vec<&str> = self.term.operands().map(|(loss, ..)| loss.header().id).collect();
            panic!("the term of {losses:?} holds an array that is none of the case's operands")
        })
    }

    /// The operands that are differentiated.
    pub fn differentiated(&self) -> Vec<&Array> {
        let is_one = |(name, _): &&(&str, Array)| self.of.contains(name);
        self.operands.iter().filter(is_one).map(|(_, array)| array).collect()
    }

    /// The number of elements of the largest operand.
    pub fn largest_operand(&self) -> usize {
        self.operands.iter().map(|(_, array)| array.len()).max().unwrap_or(0)
    }

    /// How many times smaller the batch has to be, so that no operand has more than `elements` elements.
    pub fn smaller_by(&self, elements: usize) -> usize {
        self.largest_operand().div_ceil(elements).max(1).next_power_of_two()
    }
}

impl Least {
    /// The unit of rates.
    pub fn unit(self) -> &'static str {
        match self {
            Least::Bytes(_) => "GB/s",
            Least::Flops(_) => "GFLOP/s",
        }
    }

    /// The rate, in the unit that [`unit`](Self::unit) names, of a run that took `seconds`: of the value, or of the value with
    /// its gradients.
    pub fn rate(self, gradients: bool, seconds: f64) -> f64 {
        let (Least::Bytes(work) | Least::Flops(work)) = self;
        work[usize::from(gradients)] / seconds / 1e9
    }

    /// The rate as a share of a copy's rate; `None` for cases that arithmetic bounds.
    pub fn share(self, gradients: bool, seconds: f64, copy: f64) -> Option<f64> {
        matches!(self, Least::Bytes(_)).then(|| self.rate(gradients, seconds) * 1e9 / copy)
    }
}

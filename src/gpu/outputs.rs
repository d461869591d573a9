//! The outputs of a prepared job, and checks of them.

use crate::error::{Error, Result};
use crate::gpu::observed::ObservedTensor;
use crate::gpu::plan::{IN_PLACE, reads_first};
use crate::gpu::tensor::Tensor;
use crate::shape::DType;
use crate::term::{Operand, Part, Term};

/// The tensors that a prepared job writes.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// The tensor for the loss. A reduced term writes one element of any f32 tensor; otherwise the tensor has the
    /// loss's shape. With `None` the job makes a tensor.
    pub loss: Option<Tensor>,
    /// The element of `loss` that a reduced term writes, for example a slot of your log.
    pub slot: usize,
    /// A u32 tensor of one element that holds the slot, in place of `slot`. Each run of the job increments it, so that one
    /// job fills a log without the host. A slot beyond the end of `loss` is not written.
    pub counter: Option<Tensor>,
    /// The tensor for the sums and denominators of the parts.
    pub parts: Option<PartSums>,
    /// The gradients, each with its own tensor.
    pub gradients: Vec<Gradient>,
    /// The tensors for the observations of each position, in the order of
    /// [`Outcome::observed`](crate::Outcome::observed): u32 for [`Predicted`](crate::Observation::Predicted), f32 for
    /// [`LogProb`](crate::Observation::LogProb), in the shape of the unreduced loss. If there are fewer tensors than
    /// observations, the job makes the others.
    pub observed: Vec<Tensor>,
}

/// A tensor for the sums and denominators of the parts, so that they can be used on the GPU: a denominator as
/// [`Term::divide_by`](crate::Term::divide_by) of the next job, for example.
///
/// The tensor is f32, `[P, 3]`. It has a row for each of [`Outcome::parts`](crate::Outcome::parts), in their order: sum,
/// denominator, and factor in the sum of terms. Observations come last, so that the accuracy of the sum of two losses, of which
/// one observes it, is `[2, 0]` over `[2, 1]` of a tensor of `[3, 3]`. For a log over epochs, add up the batches of an epoch, copy
/// the tensor to the log, and clear the tensor.
#[derive(Clone, Debug)]
pub struct PartSums {
    /// The tensor.
    pub into: Tensor,
    /// Whether sums and denominators are added to what the tensor holds, so that several batches give the sums and
    /// denominators of all batches. The factor is always stored.
    pub add: bool,
}

/// A gradient to compute.
#[derive(Clone, Debug)]
pub struct Gradient {
    /// The operand to differentiate with respect to.
    pub of: Tensor,
    /// The tensor for the gradient. It has the operand's shape, and its dtype or f32.
    pub into: Tensor,
    /// Whether to add the gradient to the tensor, for gradient accumulation. In 16 bits, the sum that a call adds is
    /// rounded once, even if the operand is in several places of the term.
    pub add: bool,
}

impl Gradient {
    /// A gradient that overwrites `into`.
    pub fn store(of: &Tensor, into: &Tensor) -> Gradient {
        Gradient { of: of.clone(), into: into.clone(), add: false }
    }

    /// A gradient that overwrites its operand, for example logits that nothing needs any more.
    ///
    /// The operand has to be in one place of the term, and the prediction of a loss that reads each element before it
    /// writes it: a loss over elements, over a softmax or another fold of at most 2^19 classes, or over regions.
    /// Otherwise the error is [`Error::OverlappingBuffers`].
    pub fn in_place(of: &Tensor) -> Gradient {
        Gradient::store(of, of)
    }

    /// Whether the gradient overwrites its operand.
    pub(super) fn is_in_place(&self) -> bool {
        self.of.is(&self.into)
    }

    /// The operand's name in the term, or `gradients[place]`.
    pub(super) fn name(&self, term: &Term<Tensor>, place: usize) -> String {
        let operands = term.parts.iter().flat_map(|part| &part.operands);
        let named = operands.filter(|(_, operand)| operand.is(&self.of)).map(|(name, _)| name.clone()).next();
        named.unwrap_or_else(|| format!("gradients[{place}]"))
    }

    /// The index, among all tensors that a term reads, of the operand that the gradient may overwrite. `None` if it may
    /// overwrite none.
    fn own_place(&self, term: &Term<Tensor>) -> Option<usize> {
        let good = self.is_in_place() && !self.add;
        let mut before = 0;
        for part in term.parts.iter().filter(|_| good) {
            let leading = part.loss.header().operands[0].name;
            let place = part.operands.iter().position(|(name, operand)| name == leading && operand.is(&self.into));
            if let Some(place) = place.filter(|_| reads_first(part.loss.leaf())) {
                return Some(before + place);
            }
            before += read_by(part).count();
        }
        None
    }

    /// A gradient that is added to `into`.
    pub fn add(of: &Tensor, into: &Tensor) -> Gradient {
        Gradient { add: true, ..Gradient::store(of, into) }
    }
}

impl Outputs {
    /// Refuses outputs with a wrong shape or dtype, and outputs that overlap an operand or each other.
    pub(super) fn check(
        &self,
        term: &Term<Tensor>,
        loss_shape: Option<&[usize]>,
        entries: usize,
        observed: &[ObservedTensor],
    ) -> Result<()> {
        let outputs = self.fitting(term, loss_shape, entries, observed)?;
        for (place, (name, dtype, output)) in outputs.iter().enumerate() {
            let allowed = if *dtype == DType::U32 { [DType::U32; 2] } else { [DType::F32, *dtype] };
            if !allowed.contains(&output.dtype()) {
                let (operand, got) = (name.clone(), output.dtype());
                let expected = match allowed {
                    [one, other] if one == other => one.to_string(),
                    [one, other] => format!("{other} or {one}"),
                };
                return Err(Error::UnsupportedDtype { loss: term.id(), operand, got, expected });
            }
            let others = outputs[..place].iter().map(|(name, _, tensor)| (name.clone(), *tensor));
            // a gradient may only overlap its own operand
            let own = self.gradients.iter().find(|gradient| gradient.into.is(output)).and_then(|of| of.own_place(term));
            let read = read(term).enumerate().filter(|(place, _)| Some(*place) != own).map(|(_, read)| read);
            let rule = self.gradients.iter().any(|gradient| gradient.is_in_place() && gradient.into.is(output));
            apart(name, output, read.chain(others), rule.then_some(IN_PLACE))?;
        }
        Ok(())
    }

    /// The outputs, once their shapes fit: each with its name and the dtype that is allowed besides f32.
    fn fitting(
        &self,
        term: &Term<Tensor>,
        loss_shape: Option<&[usize]>,
        entries: usize,
        observed: &[ObservedTensor],
    ) -> Result<Vec<(String, DType, &Tensor)>> {
        let id = term.id();
        let mismatch = |operand: &str, expected: String, got: &Tensor| {
            Err(Error::ShapeMismatch { loss: id, operand: operand.into(), expected, got: got.shape().to_vec() })
        };
        let mut outputs: Vec<(String, DType, &Tensor)> = Vec::new();
        if let Some(loss) = &self.loss {
            match loss_shape {
                Some(shape) if loss.shape() != shape => return mismatch("loss", format!("{shape:?}"), loss),
                None if self.slot >= loss.len() => {
                    return mismatch("loss", format!("more than {} elements", self.slot), loss);
                }
                _ => outputs.push(("loss".into(), DType::F32, loss)),
            }
        } else if self.slot > 0 && loss_shape.is_none() {
            let expected = format!("a tensor of more than {} elements", self.slot);
            return Err(Error::ShapeMismatch { loss: id, operand: "loss".into(), expected, got: Vec::new() });
        }
        if let Some(PartSums { into, .. }) = &self.parts {
            if into.shape() != [entries, 3] {
                return mismatch("parts", format!("[{entries}, 3]"), into);
            }
            outputs.push(("parts".into(), DType::F32, into));
        }
        if let Some(counter) = &self.counter {
            if loss_shape.is_some() {
                return mismatch("counter", "none, since an unreduced loss has no slots".into(), counter);
            }
            if counter.len() != 1 {
                return mismatch("counter", "[] or [1]".into(), counter);
            }
            outputs.push(("counter".into(), DType::U32, counter));
        }
        for (place, gradient) in self.gradients.iter().enumerate() {
            let name = format!("gradient of {}", gradient.name(term, place));
            if gradient.into.shape() != gradient.of.shape() {
                return mismatch(&name, format!("{:?}", gradient.of.shape()), &gradient.into);
            }
            outputs.push((name, gradient.of.dtype(), &gradient.into));
        }
        if self.observed.len() > observed.len() {
            let (given, known) = (self.observed.len(), observed.len());
            let reason = format!("has {given} tensors, and the term has {known} observations of positions");
            return Err(Error::InvalidOperand { loss: id, operand: "observed".into(), reason });
        }
        for (into, ObservedTensor { name, shape, dtype, .. }) in self.observed.iter().zip(observed) {
            if into.shape() != shape {
                return mismatch(name, format!("{shape:?}"), into);
            }
            outputs.push((name.clone(), *dtype, into));
        }
        Ok(outputs)
    }
}

/// Refuses a tensor for statistics that has a wrong shape or dtype, or overlaps an operand.
pub(super) fn check_statistics(term: &Term<Tensor>, shape: &[usize], into: &Tensor) -> Result<()> {
    let loss = term.id();
    let operand = "statistics".to_string();
    if into.shape() != shape {
        let (expected, got) = (format!("{shape:?}"), into.shape().to_vec());
        return Err(Error::ShapeMismatch { loss, operand, expected, got });
    }
    if into.dtype() != DType::F32 {
        return Err(Error::UnsupportedDtype { loss, operand, got: into.dtype(), expected: "f32".into() });
    }
    apart("statistics", into, read(term), None)
}

/// All of the caller's buffers that a job binds, with their losses and names.
pub(super) fn used<'t>(
    term: &'t Term<Tensor>,
    outputs: &'t Outputs,
    statistics: Option<&'t Tensor>,
) -> Vec<(&'static str, String, &'t wgpu::Buffer)> {
    let id = term.id();
    let operands = term.parts.iter().flat_map(|part| {
        let loss = part.loss.header().id;
        read_by(part).map(move |(name, tensor)| (loss, name, tensor))
    });
    let parts = outputs.parts.iter().map(|parts| ("parts", &parts.into));
    let others = outputs.loss.iter().map(|tensor| ("loss", tensor)).chain(parts);
    let others = others.chain(outputs.counter.iter().map(|tensor| ("counter", tensor)));
    let loss = others.map(|(name, tensor)| (id, name.to_string(), tensor));
    let observed =
        outputs.observed.iter().enumerate().map(|(place, tensor)| (id, format!("observed[{place}]"), tensor));
    let gradients = outputs.gradients.iter().enumerate();
    let gradients =
        gradients.map(|(place, gradient)| (id, format!("gradient of {}", gradient.name(term, place)), &gradient.into));
    let statistics = statistics.into_iter().map(|tensor| (id, "statistics".to_string(), tensor));
    let all = operands.chain(loss).chain(observed).chain(gradients).chain(statistics);
    all.map(|(loss, name, tensor)| (loss, name, &tensor.memory().buffer)).collect()
}

/// All tensors that a term reads, with their names.
fn read(term: &Term<Tensor>) -> impl Iterator<Item = (String, &Tensor)> {
    term.parts.iter().flat_map(read_by)
}

fn read_by<T>(part: &Part<T>) -> impl Iterator<Item = (String, &T)> {
    part.read().map(|(name, tensor)| (name.to_string(), tensor))
}

/// Refuses an output that overlaps one of `others`. If it is exactly one of these tensors, the error states the `rule` that
/// would allow it.
fn apart<'t>(
    name: &str,
    output: &Tensor,
    others: impl Iterator<Item = (String, &'t Tensor)>,
    rule: Option<&'static str>,
) -> Result<()> {
    for (other, tensor) in others {
        if overlap(output, tensor) {
            let rule = rule.filter(|_| tensor.is(output));
            return Err(Error::OverlappingBuffers { output: name.into(), other, rule });
        }
    }
    Ok(())
}

fn overlap(a: &Tensor, b: &Tensor) -> bool {
    let range = |tensor: &Tensor| (tensor.memory().offset, tensor.memory().offset + tensor.bytes());
    let ((a_start, a_end), (b_start, b_end)) = (range(a), range(b));
    a.memory().buffer == b.memory().buffer && a_start < b_end && b_start < a_end
}

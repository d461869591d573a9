//! The calls that evaluate a loss or a term, with a report or without.

use crate::call::{Call, IndexedOperand, Ran, is_turnable};
use crate::device::{Registered, cube_device, registered};
use crate::error::{Error, Result};
use crate::extension::{LossOps, MOST_OPERANDS, Operands, Slot};
use crate::operand::{IntoOperands, Kind, Operand};
use crate::plans::Planned;
use crate::report::Report;
use burn::backend::{Dispatch, DispatchAutodiffContext, TensorMetadata};
use burn::tensor::{StreamId, Tensor};
use std::sync::Arc;
use wgloss::{Reduction, Term};

/// Every loss of wgloss, on tensors of Burn.
///
/// The operands are a tuple in the order of the loss's own `of`. Options, formulas and shapes are on the loss's page.
///
/// ```no_run
/// # use burn::tensor::{Int, Tensor};
/// # fn step(logits: Tensor<4>, labels: Tensor<3, Int>) -> wgloss_burn::Result<()> {
/// use wgloss_burn::{BurnLoss, wgloss::CrossEntropy};
/// let loss = CrossEntropy { ignore_index: 255, ..Default::default() }.loss((logits, labels))?;
/// let gradients = loss.backward();
/// # Ok(())
/// # }
/// ```
pub trait BurnLoss: wgloss::Loss + Clone {
    /// Joins the loss with its operands. The term can be [reduced](Term::reduce), [given extras](Term::with) and added to
    /// others.
    fn term(&self, operands: impl IntoOperands) -> Term<Operand> {
        let loss: &dyn wgloss::Loss = self;
        let mut required = loss.required();
        let operands = operands.into_operands();
        // if there are too many operands, the checks name them `surplus` in their refusal
        Term::new(self.clone(), operands.iter().map(|operand| (required.next().unwrap_or("surplus"), operand)))
    }

    /// The mean of the values, without those that are ignored or masked: a tensor of one element.
    ///
    /// # Errors
    /// Every refusal of [`Error`]. Then nothing is queued.
    fn loss(&self, operands: impl IntoOperands) -> Result<Tensor<1>> {
        self.term(operands).loss()
    }

    /// The loss without reduction.
    ///
    /// # Errors
    /// As [`loss`](Self::loss); [`Error::OtherShape`] if the rank of the loss is not `D`.
    fn losses<const D: usize>(&self, operands: impl IntoOperands) -> Result<Tensor<D>> {
        self.term(operands).reduce(Reduction::None).losses()
    }

    /// The mean, and a report, which finds labels out of range.
    ///
    /// # Errors
    /// As [`loss`](Self::loss).
    fn loss_and_report(&self, operands: impl IntoOperands) -> Result<(Tensor<1>, Report)> {
        self.term(operands).loss_and_report()
    }
}

impl<L: wgloss::Loss + Clone> BurnLoss for L {}

/// A term of tensors of Burn: a loss with its settings, or a sum of losses. One operation computes it.
///
/// ```no_run
/// # use burn::tensor::{Int, Tensor};
/// # fn step(logits: Tensor<4>, labels: Tensor<3, Int>) -> wgloss_burn::Result<()> {
/// use wgloss_burn::{BurnLoss, BurnTerm, wgloss::{CrossEntropy, Dice}};
/// let both = CrossEntropy::default().term((&logits, &labels)) + 0.5 * Dice::default().term((&logits, &labels));
/// let gradients = both.loss()?.backward();
/// # Ok(())
/// # }
/// ```
pub trait BurnTerm {
    /// The loss, a tensor of one element. Gradients flow back to every operand that is tracked.
    ///
    /// # Errors
    /// Every refusal of [`Error`]; [`Error::OtherShape`] if the term is not reduced. Then nothing is queued.
    fn loss(&self) -> Result<Tensor<1>>;

    /// The loss of a term that is not reduced.
    ///
    /// # Errors
    /// As [`loss`](Self::loss); [`Error::OtherShape`] if the term is reduced, or the rank of the loss is not `D`.
    fn losses<const D: usize>(&self) -> Result<Tensor<D>>;

    /// The loss, and a report of its parts, which finds labels out of range.
    ///
    /// # Errors
    /// As [`loss`](Self::loss).
    fn loss_and_report(&self) -> Result<(Tensor<1>, Report)>;
}

impl BurnTerm for Term<Operand> {
    fn loss(&self) -> Result<Tensor<1>> {
        evaluate(self, one_number(checked_shape(self)?)?, None)
    }

    fn losses<const D: usize>(&self) -> Result<Tensor<D>> {
        match checked_shape(self)? {
            shape if shape.is_empty() => Err(Error::OtherShape { loss: shape, call: "loss" }),
            shape if shape.len() != D => Err(Error::OtherShape { loss: shape, call: "losses::<its rank>" }),
            shape => evaluate(self, shape, None),
        }
    }

    fn loss_and_report(&self) -> Result<(Tensor<1>, Report)> {
        let shape = one_number(checked_shape(self)?)?;
        let ran = Arc::default();
        let loss = evaluate(self, shape, Some(Arc::clone(&ran)))?;
        let report = Report { device: loss.device(), stream: StreamId::current(), ran };
        Ok((loss, report))
    }
}

/// The shape of a reduced loss in Burn, which has no tensors of rank 0.
fn one_number(loss: Vec<usize>) -> Result<Vec<usize>> {
    if loss.is_empty() { Ok(vec![1]) } else { Err(Error::OtherShape { loss, call: "losses" }) }
}

/// Checks a term, and returns the shape of its loss.
fn checked_shape(term: &Term<Operand>) -> Result<Vec<usize>> {
    let mut unsupported = None;
    let _ = term.map(|operand| {
        unsupported = unsupported.or(operand.unsupported());
        Ok(())
    });
    if let Some(got) = unsupported {
        return Err(Error::UnsupportedDtype { got });
    }
    if *term != term.clone().upstream(1.0) {
        return Err(Error::OwnUpstream);
    }
    Ok(term.loss_shape()?)
}

/// Returns the loss of a checked term. All refusals that depend on its tensors are made here, since an operation can only
/// panic.
fn evaluate<const D: usize>(term: &Term<Operand>, shape: Vec<usize>, ran: Option<Ran>) -> Result<Tensor<D>> {
    let (operands, places) = Call::places(term)?;
    if operands.len() > MOST_OPERANDS {
        return Err(Error::TooManyOperands { given: operands.len(), most: MOST_OPERANDS });
    }
    let known = together(&operands)?;
    let tracked: Vec<&Operand> = operands.iter().filter(|operand| operand.is_tracked()).collect();
    term.differentiable(&tracked).map_err(constants_are_detached)?;
    let tracked = operands.iter().enumerate().filter(|(_, operand)| operand.is_tracked());
    let tracked = tracked.map(|(index, operand)| IndexedOperand::of(index, operand)).collect();
    let turnable = || operands.iter().map(|operand| is_turnable(term, operand)).collect();
    let Planned { term, turnable, .. } = known.plans.get(&known.gpu, places, tracked, &shape, turnable)?;
    let call = Arc::new(Call { term, turnable, shape, ran });
    let slots = operands.into_iter().map(|operand| match operand.kind {
        Kind::Float => Slot::Float(operand.tensor),
        Kind::Int => Slot::Int(operand.tensor),
        Kind::Bool => Slot::Bool(operand.tensor),
    });
    Ok(Tensor::from_dispatch(<Dispatch as LossOps>::wgloss_value(Operands::new(slots), call)))
}

/// Extends the refusal of a tracked operand that has no gradient by the remedy in Burn: to detach the tensor.
fn constants_are_detached(error: wgloss::Error) -> wgloss::Error {
    match error {
        wgloss::Error::InvalidOperand { loss, operand, reason } => {
            let reason = format!("{reason}; detach it, if it is a constant");
            wgloss::Error::InvalidOperand { loss, operand, reason }
        }
        other => other,
    }
}

/// Returns the device of the tensors. Refuses tensors that are on several devices, or on one that is not registered.
fn together(operands: &[Operand]) -> Result<Arc<Registered>> {
    let mut context = DispatchAutodiffContext::Disabled;
    let mut first = None;
    for operand in operands {
        match (context, operand.tensor.autodiff) {
            (DispatchAutodiffContext::Disabled, other) => context = other,
            (_, DispatchAutodiffContext::Disabled) => {}
            (one, other) if one != other => return Err(Error::SeveralStrategies),
            _ => {}
        }
        let device = TensorMetadata::device(&operand.tensor);
        let device = cube_device(&device)?.clone();
        let first = first.get_or_insert_with(|| device.clone());
        if *first != device {
            return Err(Error::SeveralDevices { first: format!("{first:?}"), other: format!("{device:?}") });
        }
    }
    let device = first.ok_or_else(|| Error::NotRegistered { device: "a term without tensors".into() })?;
    let known = registered(&device)?;
    if device.client().is_capturing() { Err(Error::Capturing) } else { Ok(known) }
}

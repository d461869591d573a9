//! Sums in f32 for 16-bit gradients that several places of a term contribute to, so that each sum is rounded only once; and for
//! an operand whose gradient goes to several outputs, since a walk writes the gradient of an operand once.

use crate::error::Result;
use crate::gpu::outputs::{Gradient, Outputs};
use crate::gpu::plan::Wanted;
use crate::gpu::tensor::Tensor;
use crate::shape::DType;
use crate::term::{Operand, Part, Term};

/// The sums, and the outputs with the sums in place of the gradients that need one.
pub(super) struct Sums {
    pub outputs: Outputs,
    /// For each gradient its sum, if it needs one.
    of: Vec<Option<Tensor>>,
}

impl Sums {
    /// Makes the sums. `empty` makes each of them from the tensor that the sum will be rounded to.
    pub fn new(term: &Term<Tensor>, outputs: &Outputs, empty: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Sums> {
        let mut of: Vec<Option<Tensor>> = Vec::new();
        for (place, gradient) in outputs.gradients.iter().enumerate() {
            let first = first_of(outputs, &gradient.of);
            let places: usize = term.parts.iter().map(|part| places(part, &gradient.of).count()).sum();
            let several = gradient.into.dtype() != DType::F32 && places > 1;
            let again = outputs.gradients[place + 1..].iter().any(|other| other.of.is(&gradient.of));
            of.push(match first < place {
                true => of[first].clone(),
                false => (several || again).then(|| empty(&gradient.into)).transpose()?,
            });
        }
        let into = |(gradient, sum): (&Gradient, &Option<Tensor>)| match sum {
            Some(sum) => Gradient::store(&gradient.of, sum),
            None => gradient.clone(),
        };
        let gradients = outputs.gradients.iter().zip(&of).map(into).collect();
        Ok(Sums { outputs: Outputs { gradients, ..outputs.clone() }, of })
    }

    /// Each sum, with the gradient that it is rounded to.
    pub fn rounded<'a>(&'a self, outputs: &'a Outputs) -> impl Iterator<Item = (&'a Tensor, Wanted)> {
        let sums = outputs.gradients.iter().zip(&self.of).enumerate();
        sums.filter_map(|(output, (gradient, sum))| {
            let dtype = gradient.into.dtype();
            Some((sum.as_ref()?, Wanted { operand: "sum", output, add: gradient.add, dtype, in_place: false }))
        })
    }

    /// The sums themselves, each once.
    pub fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        let of = &self.of;
        of.iter().enumerate().filter_map(move |(place, sum)| {
            let sum = sum.as_ref()?;
            of[..place].iter().flatten().all(|other| !other.is(sum)).then_some(sum)
        })
    }
}

/// The index of the first gradient with respect to `of`. Those after it go through the same sum.
pub(super) fn first_of(outputs: &Outputs, of: &Tensor) -> usize {
    outputs.gradients.iter().take_while(|gradient| !gradient.of.is(of)).count()
}

/// The names of a part's differentiable operands that are the tensor `of`.
pub(super) fn places<'a>(part: &'a Part<Tensor>, of: &'a Tensor) -> impl Iterator<Item = &'static str> + 'a {
    let names = part.operands.iter().filter(|(_, tensor)| tensor.is(of)).map(|(name, _)| name);
    names.filter_map(|name| part.loss.header().operand(name).filter(|spec| spec.gradient)).map(|spec| spec.name)
}

//! Runs a case on the GPU, by the door that the case names, and compares all its results with the twin's.

use super::{Case, Door, Floats, Inputs, Wanted};
use crate::draw::{Rng, stored_as};
use crate::judge;
use crate::pages::Pages;
use wgloss::custom::Leaf;
use wgloss::{Array, DType, Error, Gpu, Gradient, Observation, Outputs, Reduction, Tensor, Term, cpu};

/// The place of the loss in the caller's tensor of losses, and the length of this tensor.
const SLOT: usize = 3;
const LOG: usize = 5;

impl Case {
    /// Runs the case and compares all its results with the twin's.
    pub fn run(&self, gpu: &Gpu) -> Result<(), String> {
        self.run_on(gpu, &self.inputs())
    }

    /// [`run`](Self::run) on other inputs than the case's own.
    pub fn run_on(&self, gpu: &Gpu, inputs: &Inputs<Array>) -> Result<(), String> {
        let Some((got, want)) = self.both(gpu, inputs)? else { return Ok(()) };
        self.judge(inputs, &got, &want)
    }

    /// The results of the GPU and of the twin; `None` where both return the same error.
    pub fn both(&self, gpu: &Gpu, inputs: &Inputs<Array>) -> Result<Option<(judge::Given, judge::Given)>, String> {
        let mut want = cpu::gradient_list(&self.term(inputs), &self.differentiated(inputs));
        let got = match self.door {
            Door::Host => self.call(gpu, &self.term(inputs), &self.differentiated(inputs)),
            Door::Uploaded if self.wanted != Wanted::Added => inputs
                .on(&mut |array| gpu.upload_array(array))
                .and_then(|inputs| self.call(gpu, &self.term(&inputs), &self.differentiated(&inputs))),
            // gradients are added to numbers of their own size, so that rounding does not hide them
            _ => {
                let gradients = want.as_mut().map_or(&mut [][..], |(_, gradients)| gradients);
                self.job(gpu, inputs, gradients)?
            }
        };
        match (want, got) {
            (Ok(want), Ok(got)) => Ok(Some((got, judge::Given::by_twin(want)))),
            (Err(want), Err(got)) if want == got => Ok(None),
            // a shader's loop over the classes of a region is bounded, so a GPU refuses very many classes, before it looks at what
            // operands hold
            (
                Ok(_) | Err(Error::NotFinite { .. } | Error::TargetOutOfRange { .. } | Error::LabelOutOfRange { .. }),
                Err(Error::TooLarge { needed, limit, .. }),
            ) if matches!(self.loss().leaf(), Leaf::Region(_)) && self.setting.classes() > 8192 && needed > limit => {
                Ok(None)
            }
            (Ok(_), Err(got)) => Err(format!("refused: {got}")),
            (Err(want), Err(got)) => Err(format!("refused as `{got}`, the twin as `{want}`")),
            (Err(want), Ok(_)) => Err(format!("not refused, as the twin does: {want}")),
        }
    }

    /// Evaluates a term of arrays or tensors by the call that makes its outputs itself.
    pub fn call<T: wgloss::ToGpu>(&self, gpu: &Gpu, term: &Term<T>, of: &[&T]) -> Result<judge::Given, Error> {
        let (outcome, gradients) = gpu.gradient_list(term, of)?;
        let reduced = self.reduction != Reduction::None;
        let loss = if reduced { Some(outcome.loss().wait()?.into()) } else { None };
        let gradients = gradients.iter().map(|gradient| gradient.read().wait()).collect::<Result<_, _>>()?;
        let (tensor, parts, observed) =
            (outcome.tensor().read().wait()?, outcome.parts().wait()?, judge::observed(&outcome)?);
        Ok(judge::Given { loss, tensor, parts, gradients, observed })
    }

    /// Evaluates the case by a prepared job, with outputs of the caller's. Where gradients are added to outputs of 16
    /// bits, `want` becomes the sums that these outputs have to hold.
    fn job(
        &self,
        gpu: &Gpu,
        inputs: &Inputs<Array>,
        want: &mut [Array],
    ) -> Result<Result<judge::Given, Error>, String> {
        let reduced = self.reduction != Reduction::None;
        let mut rng = Rng::new(self.seed ^ 0xabcd);
        let mut before = |shape: &[usize], size: f64| {
            let numbers: Vec<f32> = (0..shape.iter().product()).map(|_| (size * rng.normal()) as f32).collect();
            Array::new(&numbers, shape).unwrap()
        };
        let values = self.setting.values(&*self.loss());
        let loss = before(if reduced { &[LOG] } else { &values }, 1.0);
        let of_positions = self.observations.iter().filter_map(|observation| match observation {
            Observation::Predicted => Some(before(&values, 9.0).cast(DType::U32)),
            Observation::LogProb => Some(before(&values, 1.0)),
            _ => None,
        });
        let observed: Vec<Array> = of_positions.collect();
        let sizes = want.iter().map(greatest).chain(std::iter::repeat(1.0));
        let output = |(of, size): (&Array, f64)| {
            let dtype = if self.floats == Floats::Mixed { DType::F32 } else { of.dtype() };
            stored_as(&before(of.shape(), size), dtype)
        };
        let outputs: Vec<Array> = self.differentiated(inputs).into_iter().zip(sizes).map(output).collect();

        let mut pages = Pages::new(gpu, self.door, self.seed);
        let places = inputs.on(&mut |array| Ok::<usize, String>(pages.reserve(array)))?;
        let loss_place = pages.reserve(&loss);
        let output_places: Vec<usize> = outputs.iter().map(|output| pages.reserve(output)).collect();
        let observed_places: Vec<usize> = observed.iter().map(|observed| pages.reserve(observed)).collect();
        pages.fill()?;
        let on_gpu = places.on(&mut |place| Ok::<Tensor, String>(pages.tensor(*place)))?;
        let tensors: Vec<Tensor> = output_places.iter().map(|place| pages.tensor(*place)).collect();
        let gradient = |(of, into): (&Tensor, &Tensor)| Gradient {
            add: self.wanted == Wanted::Added,
            ..Gradient::store(of, into)
        };
        let wanted = Outputs {
            loss: Some(pages.tensor(loss_place)),
            slot: SLOT,
            gradients: self.differentiated(&on_gpu).into_iter().zip(&tensors).map(gradient).collect(),
            observed: observed_places.iter().map(|place| pages.tensor(*place)).collect(),
            ..Outputs::default()
        };
        let job = match gpu.prepare(&self.term(&on_gpu), &wanted) {
            Ok(job) => job,
            Err(error) => return Ok(Err(error)),
        };
        // runs twice, since a run must not depend on what an earlier one left behind; runs once where gradients are added
        let outcome =
            (if self.wanted == Wanted::Added { Ok(job.outcome()) } else { job.run() }).and_then(|_| job.run());
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => return Ok(Err(error)),
        };
        let written: Vec<usize> = [vec![loss_place], output_places, observed_places].concat();
        let after = pages.read(&written)?;
        let (gradients, observed) = after[1..].split_at(outputs.len());
        let (mut gradients, observed) = (gradients.to_vec(), observed.to_vec());
        if self.wanted == Wanted::Added {
            let sum = |a: &Array, sign: f64, b: &Array| {
                let sum: Vec<f64> = a.to_f64().iter().zip(b.to_f64()).map(|(a, b)| a + sign * b).collect();
                Array::new(&sum, a.shape()).unwrap()
            };
            for ((gradient, before), want) in gradients.iter_mut().zip(&outputs).zip(want) {
                match gradient.dtype() {
                    DType::F32 => *gradient = sum(gradient, -1.0, before),
                    _ => *want = sum(want, 1.0, before),
                }
            }
        }
        let tensor = match reduced {
            true => log_entry(&loss, &after[0])?,
            false => after[0].clone(),
        };
        let numbers = || {
            let loss = if reduced { Some(f64::from(outcome.loss().wait()?)) } else { None };
            job.check().wait()?;
            Ok((loss, outcome.parts().wait()?))
        };
        Ok(numbers().map(|(loss, parts)| judge::Given { loss, tensor, parts, gradients, observed }))
    }
}

/// The greatest magnitude of the finite entries of an array.
fn greatest(array: &Array) -> f64 {
    array.to_f64().into_iter().filter(|x| x.is_finite()).fold(0.0, |most, x| most.max(x.abs()))
}

/// The entry at `SLOT` of the caller's tensor of losses. No other entry may have changed.
fn log_entry(before: &Array, after: &Array) -> Result<Array, String> {
    let (before, after) = (before.to_f64(), after.to_f64());
    match (0..LOG).find(|&place| place != SLOT && before[place] != after[place]) {
        Some(place) => Err(format!("slot {place} of the log was written, not {SLOT} alone")),
        None => Ok(Array::new(&[after[SLOT]], []).unwrap()),
    }
}

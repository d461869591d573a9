//! The calls that evaluate terms: once, with gradients, or prepared for many times.

use crate::check;
use crate::error::Result;
use crate::gpu::context::Gpu;
use crate::gpu::job::Job;
use crate::gpu::outcome::Outcome;
use crate::gpu::outputs::{Gradient, Outputs};
use crate::gpu::recent;
use crate::gpu::tensor::{Tensor, ToGpu};
use crate::shape::DType;
use crate::term::{Operand, Term};
#[cfg(not(target_arch = "wasm32"))]
use {crate::error::Error, futures_intrusive::channel::shared::oneshot_channel};

impl Gpu {
    /// Refuses tensors of another device, both in the term and in `of`, the operands whose gradients are asked for.
    fn refuse_foreign_inputs<T: ToGpu>(&self, term: &Term<T>, of: &[&T]) -> Result<()> {
        self.refuse_foreign_operands(term)?;
        let place = |(place, of): (usize, &&T)| self.refuse_foreign(term.id(), &format!("of[{place}]"), *of);
        of.iter().enumerate().try_for_each(place)
    }

    /// Computes the value of a term of arrays or tensors, in one submission. Nothing is read back.
    ///
    /// # Errors
    /// Any refusal that [`Error`] lists.
    pub fn value<T: ToGpu>(&self, term: &Term<T>) -> Result<Outcome> {
        self.gradient_list(term, &[]).map(|(outcome, _)| outcome)
    }

    /// Computes the value of a term and its gradients with respect to the operands `of`, in one submission. Nothing is
    /// read back. A gradient has its operand's shape, and its dtype or f32 after [`Tensor::f32_gradient`]. The gradient
    /// of an operand in several places of the term is the sum over these places.
    ///
    /// A term of tensors keeps what was prepared for its last two calls, with the memory of their results. So a call in a loop
    /// with the same term only records and submits. Results are never overwritten while you hold them.
    ///
    /// # Errors
    /// Any refusal that [`Error`] lists, for example of an operand that the term has no gradient for.
    pub fn gradients<T: ToGpu, const N: usize>(&self, term: &Term<T>, of: [&T; N]) -> Result<(Outcome, [Tensor; N])> {
        let (outcome, gradients) = self.gradient_list(term, &of)?;
        Ok((outcome, gradients.try_into().expect("one gradient for each operand")))
    }

    /// [`gradients`](Self::gradients) for a number of operands that is only known at run time.
    ///
    /// # Errors
    /// As [`gradients`](Self::gradients).
    pub fn gradient_list<T: ToGpu>(&self, term: &Term<T>, of: &[&T]) -> Result<(Outcome, Vec<Tensor>)> {
        self.refuse_foreign_inputs(term, of)?;
        if let Some((term, of)) = T::on_gpu(term, of) {
            return recent::evaluate(self, term, &of);
        }
        // checks labels on the host before anything is uploaded
        check::term(term)?;
        check::differentiable(term, of)?;
        let mut on_gpu = self.uploads();
        let term = term.map(&mut on_gpu)?;
        let of = of.iter().map(|operand| on_gpu(operand)).collect::<Result<Vec<_>>>()?;
        recent::evaluate(self, &term, &of.iter().collect::<Vec<_>>())
    }

    /// Returns a function that uploads operands, each only once.
    pub(super) fn uploads<T: ToGpu>(&self) -> impl FnMut(&T) -> Result<Tensor> {
        once_each(|operand: &T| operand.to_gpu(self))
    }

    /// Makes the pipelines for a term's value and its gradients with respect to `of`, so that the first call takes no
    /// longer than the next. Drivers take milliseconds to compile a pipeline, and longer on the web.
    ///
    /// Terms with equal losses, options, dtypes and layouts share pipelines. Their sizes may differ, as long as they
    /// use equal kernels. A [prepared](Self::prepare) job has its pipelines already.
    ///
    /// # Errors
    /// As [`gradients`](Self::gradients).
    pub fn warm_up(&self, term: &Term<Tensor>, of: &[&Tensor]) -> Result<()> {
        self.refuse_foreign_inputs(term, of)?;
        self.prepare(term, &Outputs::default())?;
        recent::prepare(self, term, of).map(drop)
    }

    /// Computes the statistics of a shard, for a batch that is spread over devices, in one submission. Nothing is read
    /// back. They are f32; [`cpu::statistics`](crate::cpu::statistics) explains them. [`Term::among`] takes the
    /// statistics of all shards.
    ///
    /// ```no_run
    /// # use wgloss::{Dice, Error, Gpu, Tensor};
    /// # fn gather(own: &Tensor) -> Result<Tensor, Error> { unimplemented!() }
    /// # fn step(gpu: &Gpu, logits: &Tensor, labels: &Tensor) -> Result<(), Error> {
    /// let dice = Dice { batch: true, ..Dice::default() }.of(logits, labels);
    /// let all = gather(&gpu.statistics(&dice)?)?; // the statistics of all devices, along a new first axis
    /// // the loss is the whole batch's, the gradient this shard's
    /// let (out, [gradient]) = gpu.gradients(&dice.among(&all), [logits])?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Any refusal that [`Error`] lists; [`Error::InvalidOption`] for a loss that is a plain sum over its values, which
    /// needs no statistics.
    pub fn statistics<T: ToGpu>(&self, term: &Term<T>) -> Result<Tensor> {
        self.refuse_foreign_operands(term)?;
        check::statistics(term)?;
        let (job, statistics) = Job::of_statistics(self, &term.map(self.uploads())?, None)?;
        job.run()?;
        Ok(statistics)
    }

    /// Prepares a job that writes the [`statistics`](Self::statistics) of a shard to your tensor. The outcome's tensor
    /// is this tensor, because there is no loss yet.
    ///
    /// # Errors
    /// As [`statistics`](Self::statistics); [`Error::ShapeMismatch`] for a tensor of another shape, and
    /// [`Error::OverlappingBuffers`] for one that overlaps an operand.
    pub fn prepare_statistics(&self, term: &Term<Tensor>, into: &Tensor) -> Result<Job> {
        Job::of_statistics(self, term, Some(into)).map(|(job, _)| job)
    }

    /// [`prepare`](Self::prepare) on another thread, so that the caller's thread is not blocked while a driver compiles.
    /// A browser compiles in the background anyway, so there it is `prepare`.
    ///
    /// ```no_run
    /// # async fn start(gpu: &wgloss::Gpu, term: &wgloss::Term<wgloss::Tensor>) -> Result<(), wgloss::Error> {
    /// let job = gpu.prepare_async(term, &Default::default()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    pub async fn prepare_async(&self, term: &Term<Tensor>, outputs: &Outputs) -> Result<Job> {
        #[cfg(target_arch = "wasm32")]
        return self.prepare(term, outputs);
        #[cfg(not(target_arch = "wasm32"))]
        {
            let (send, receive) = oneshot_channel();
            let (gpu, term, outputs) = (self.clone(), term.clone(), outputs.clone());
            // sending fails if the caller has dropped the future, and then nobody needs the job
            std::thread::spawn(move || drop(send.send(gpu.prepare(&term, &outputs))));
            let gone = || Err(Error::Gpu("the thread that prepared a job has ended".into()));
            receive.receive().await.unwrap_or_else(gone)
        }
    }

    /// The bytes of workspace that a prepared job of this term would hold: memory that its kernels write and you don't see.
    /// Nothing is allocated, and no pipeline is made.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    pub fn workspace(&self, term: &Term<Tensor>, outputs: &Outputs) -> Result<u64> {
        Job::workspace_of(self, term, outputs)
    }

    /// The bytes of [`workspace`](Self::workspace) for a call of [`gradients`](Self::gradients), from the shapes and
    /// dtypes of its operands alone. The operands may be of any kind, and nothing is uploaded. So this tells beforehand
    /// whether the device can do the call.
    ///
    /// ```no_run
    /// # use wgloss::{Array, CrossEntropy, Error, Gpu};
    /// # fn start(gpu: &Gpu, logits: &Array, labels: &Array) -> Result<(), Error> {
    /// let bytes = gpu.workspace_of(&CrossEntropy::default().of(logits, labels), &[logits])?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`gradients`](Self::gradients), except errors that only occur when memory is allocated or kernels run.
    pub fn workspace_of<T: Operand>(&self, term: &Term<T>, of: &[&T]) -> Result<u64> {
        check::term(term)?;
        check::differentiable(term, of)?;
        // a GPU stores f64 as f32
        let stored = |dtype| if dtype == DType::F64 { DType::F32 } else { dtype };
        let mut unbacked = once_each(|operand: &T| self.unbacked(operand.shape(), stored(operand.dtype())));
        let gradients = of.iter().map(|of| {
            let into = self.unbacked(of.shape(), stored(of.gradient_dtype()))?;
            Ok(Gradient::store(&unbacked(of)?, &into))
        });
        let gradients = gradients.collect::<Result<_>>()?;
        self.workspace(&term.map(unbacked)?, &Outputs { gradients, ..Outputs::default() })
    }

    /// Prepares a term: makes pipelines, bind groups and workspace once, for a job that can be recorded many times.
    ///
    /// # Errors
    /// Any refusal that [`Error`] lists; [`Error::OverlappingBuffers`] for an output that overlaps an operand or another
    /// output.
    pub fn prepare(&self, term: &Term<Tensor>, outputs: &Outputs) -> Result<Job> {
        Job::new(self, term, outputs)
    }
}

/// Returns a function that makes the tensor of an operand with `make`, and only once for the same operand.
fn once_each<T: Operand>(make: impl Fn(&T) -> Result<Tensor>) -> impl FnMut(&T) -> Result<Tensor> {
    let mut made: Vec<(T, Tensor)> = Vec::new();
    move |operand| {
        let known = made.iter().find(|(known, _)| known.is(operand)).map(|(_, tensor)| tensor.clone());
        let tensor = match known {
            Some(tensor) => tensor,
            None => {
                let tensor = make(operand)?;
                made.push((operand.clone(), tensor.clone()));
                tensor
            }
        };
        Ok(tensor.with_class_axis(operand.class_axis()))
    }
}

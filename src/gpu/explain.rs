//! Reports which kernels a call would run, without running them.

use crate::error::Result;
use crate::gpu::bind::Binder;
use crate::gpu::context::Gpu;
use crate::gpu::job::Job;
use crate::gpu::outputs::Outputs;
use crate::gpu::tensor::Tensor;
use crate::term::Term;

/// A kernel of a call, as [`Gpu::explain`] reports it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct KernelReport {
    /// The name of its entry point.
    pub entry: &'static str,
    /// The shader files that make up its text, by their paths below `shaders/`. A file comes after the files that it
    /// needs.
    pub files: Vec<&'static str>,
    /// The bindings that it reads and writes.
    pub bindings: Vec<BindingReport>,
    /// The values of its overrides.
    pub overrides: Vec<(String, f64)>,
    /// How many dispatches in a row run it. A long walk is cut into several.
    pub dispatches: usize,
    /// The workgroups of all these dispatches.
    pub workgroups: u64,
    /// Its WGSL text.
    pub text: String,
}

/// A binding of a kernel.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BindingReport {
    /// Its number in group 0.
    pub number: u32,
    /// The name that the shader gives it.
    pub name: &'static str,
    /// Whether the kernel writes to it.
    pub is_written: bool,
    /// The tensor that it is bound to, in the caller's words: an operand, a gradient, the loss, the workspace.
    pub bound: String,
}

impl Gpu {
    /// Returns the kernels that [`prepare`](Self::prepare) makes for a term, in the order in which they would run.
    /// Nothing runs.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), wgloss::Error> {
    /// # let gpu = wgloss::Gpu::new()?;
    /// let (input, target) = (gpu.upload(&[1.0f32, 2.0], [2])?, gpu.upload(&[1.5f32, 2.0], [2])?);
    /// for kernel in gpu.explain(&wgloss::Mse::default().of(&input, &target), &Default::default())? {
    ///     println!("{}: {} workgroups, of {}", kernel.entry, kernel.workgroups, kernel.files.join(", "));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    pub fn explain(&self, term: &Term<Tensor>, outputs: &Outputs) -> Result<Vec<KernelReport>> {
        let mut reports: Vec<KernelReport> = Vec::new();
        let mut keys: Vec<String> = Vec::new();
        Job::explained(self, term, outputs, &mut |binder| report(binder, &mut reports, &mut keys))?;
        Ok(reports)
    }
}

/// Adds the kernels of a part's plan to `reports`. `keys` are the keys of the kernels reported so far.
fn report(binder: &Binder<'_>, reports: &mut Vec<KernelReport>, keys: &mut Vec<String>) {
    let (kernels, of_stages) = binder.kernels();
    for (stage, kernel) in binder.plan.stages.iter().zip(of_stages.iter().map(|place| &kernels[*place])) {
        let key = kernel.key();
        if let (Some(last), true) = (reports.last_mut(), keys.last() == Some(&key)) {
            last.dispatches += 1;
            last.workgroups += stage.groups;
            continue;
        }
        let binding = |binding: &crate::gpu::declared::Declared| BindingReport {
            number: binding.number,
            name: binding.name,
            is_written: binding.is_written(),
            bound: binder.plan.words(stage, binding.name),
        };
        let mut bindings: Vec<BindingReport> = kernel.bindings().iter().map(binding).collect();
        bindings.sort_by_key(|binding| binding.number);
        reports.push(KernelReport {
            entry: kernel.entry(),
            files: kernel.files().iter().map(|file| file.path()).collect(),
            bindings,
            overrides: kernel.overrides().into_iter().map(|(name, value)| (name.to_string(), value)).collect(),
            dispatches: 1,
            workgroups: stage.groups,
            text: kernel.text(),
        });
        keys.push(key);
    }
}

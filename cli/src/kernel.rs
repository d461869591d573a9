//! `wgloss kernel`: prints the kernels of a loss, without a GPU.

mod back_ends;
mod writers;

use crate::eval::asked::option;
use crate::expression::value;
use crate::failure::Failure;
use crate::losses;
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use std::io::Write;
use wgloss::header::{Axis, Role, Sizes, Value};
use wgloss::{Array, ClassAxis, DType, Gpu, Gradient, KernelReport, Outputs, Tensor, Term};

/// The arguments of `wgloss kernel`.
#[derive(Args)]
pub struct Kernel {
    /// The loss's id.
    #[arg(value_parser = losses::Name(losses::ids))]
    loss: String,
    /// The shape of the prediction, such as 8,21,512,512.
    #[arg(long, value_name = "N,N,..", value_delimiter = ',', required = true)]
    shape: Vec<usize>,
    /// The kind of adapter whose kernels are shown. `matrices` is a GPU that multiplies matrices of f16, `small` a GPU
    /// under Direct3D 12, `plain` a GPU with the simplest form of every kernel.
    #[arg(long, default_value = "gpu", value_parser = PossibleValuesParser::new(["gpu", "matrices", "cpu", "small", "plain"]))]
    kind: String,
    /// How floats are stored.
    #[arg(long, value_enum, default_value = "f32")]
    dtype: Floats,
    /// How the target is stored where it may be labels.
    #[arg(long, value_enum, default_value = "i32")]
    target: Target,
    /// An operand to differentiate with respect to.
    #[arg(long = "gradient-of", value_name = "NAME")]
    gradients: Vec<String>,
    /// An optional operand that is given.
    #[arg(long = "with", value_name = "NAME")]
    with: Vec<String>,
    /// An option of the loss, or its `reduction`: none, true, false, a number or a name.
    #[arg(long = "option", value_name = "NAME=VALUE", value_parser = option)]
    options: Vec<(String, String)>,
    /// The length of an axis that the prediction's shape does not settle, such as the classes of a linear layer.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    free_axis: usize,
    /// The class axis of the prediction is its last: NHWC images, `[B, T, V]` token logits.
    #[arg(long)]
    class_axis_last: bool,
    /// Print only the files, bindings, workgroups and overrides, without the text.
    #[arg(long, conflicts_with = "back_end")]
    brief: bool,
    #[command(flatten)]
    back_end: BackEnd,
}

/// The language that the text is printed in, where it is not WGSL.
#[derive(Args)]
#[group(id = "back_end", multiple = false)]
struct BackEnd {
    /// Print the SPIR-V that a Vulkan driver gets, as words of 32 bits.
    #[arg(long)]
    spirv: bool,
    /// Print the HLSL that Direct3D 12 compiles, of shader model 5.1.
    #[arg(long)]
    hlsl: bool,
    /// Print the MSL that Metal compiles, of version 2.0.
    #[arg(long)]
    msl: bool,
}

/// The dtypes of floats.
#[derive(Clone, Copy, ValueEnum)]
enum Floats {
    F32,
    F16,
    Bf16,
}

/// The dtypes of a target.
#[derive(Clone, Copy, ValueEnum)]
enum Target {
    I32,
    U32,
    U8,
    I64,
    /// A float for each element, stored as `--dtype` says.
    Dense,
}

impl Kernel {
    /// Prints the kernels.
    pub fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        let unknown = || Failure::Input(format!("there are no kernels of kind `{}`", self.kind));
        let gpu = Gpu::without_gpu(&self.kind).ok_or_else(unknown)?;
        if self.kind == "matrices" && (self.back_end.hlsl || self.back_end.msl) {
            return Err(Failure::Input(
                "kernels of kind `matrices` are for Vulkan alone: there is SPIR-V of them".into(),
            ));
        }
        let reports = self.explained(&gpu)?;
        for (place, report) in reports.iter().enumerate() {
            self.print(out, place + 1, report)?;
        }
        Ok(())
    }

    fn explained(&self, gpu: &Gpu) -> Result<Vec<KernelReport>, Failure> {
        let loss = losses::named(&self.loss)?;
        let header = loss.header();
        for name in self.with.iter().chain(&self.gradients) {
            if header.operand(name).is_none() {
                let names: Vec<&str> = header.operands.iter().map(|spec| spec.name).collect();
                return Err(Failure::Input(format!("{} has no operand `{name}`, but {}", self.loss, names.join(", "))));
            }
        }
        let axis = if self.class_axis_last { ClassAxis::Last } else { ClassAxis::Second };
        let floats = match self.dtype {
            Floats::F32 => DType::F32,
            Floats::F16 => DType::F16,
            Floats::Bf16 => DType::BF16,
        };
        let target = match self.target {
            Target::I32 => DType::I32,
            Target::U32 => DType::U32,
            Target::U8 => DType::U8,
            Target::I64 => DType::I64,
            Target::Dense => floats,
        };
        let sizes = Sizes::new(&*loss, &self.shape, axis, target.is_float());
        let mut operands: Vec<(&str, Tensor)> = Vec::new();
        for spec in header.operands {
            if spec.optional && !self.with.iter().chain(&self.gradients).any(|name| name == spec.name) {
                continue;
            }
            let length =
                |axis| if let Axis::Of(length) | Axis::AtMost(length) = axis { length } else { self.free_axis };
            let shape: Vec<usize> = sizes.shape(spec.role).into_iter().map(length).collect();
            let is_target = matches!(spec.role, Role::Target) || spec.role.is_integer();
            let tensor = zeros(gpu, shape, if is_target { target } else { floats })?;
            operands.push((spec.name, tensor.with_class_axis(axis)));
        }
        let kind = |name: &str| loss.specs().iter().find(|spec| spec.name == name).map(|spec| spec.kind);
        let options: Vec<(String, Value)> =
            self.options.iter().map(|(name, text)| (name.clone(), value(text, name, kind(name)))).collect();
        let options = options.iter().map(|(name, value)| (name.as_str(), value.clone()));
        let term = Term::from_options(loss, options, operands.iter().map(|(name, tensor)| (*name, tensor)))?;
        let of = |name: &String| operands.iter().find(|(known, _)| known == name).map(|(_, tensor)| tensor);
        let gradients = self.gradients.iter().filter_map(of);
        let gradients = gradients.map(|of| Ok(Gradient::store(of, &gpu.empty_like(of)?)));
        let gradients = gradients.collect::<Result<Vec<_>, Failure>>()?;
        Ok(gpu.explain(&term, &Outputs { gradients, ..Outputs::default() })?)
    }

    fn print(&self, out: &mut impl Write, place: usize, report: &KernelReport) -> Result<(), Failure> {
        let KernelReport { entry, dispatches, workgroups, .. } = report;
        let of = if *dispatches > 1 { format!(" in {dispatches} dispatches") } else { String::new() };
        writeln!(out, "// {place}. {entry}: {workgroups} workgroups{of}")?;
        writeln!(out, "// files: {}", report.files.join(" "))?;
        for binding in &report.bindings {
            let way = if binding.is_written { "writes" } else { "reads" };
            writeln!(out, "// binding {}: `{}` {way} {}", binding.number, binding.name, binding.bound)?;
        }
        let overrides: Vec<String> = report.overrides.iter().map(|(name, value)| format!("{name}={value}")).collect();
        writeln!(out, "// overrides: {}", overrides.join(" "))?;
        if !self.brief {
            writeln!(out, "{}", self.text(report)?)?;
        }
        Ok(writeln!(out)?)
    }

    fn text(&self, report: &KernelReport) -> Result<String, Failure> {
        match self.back_end {
            BackEnd { spirv: true, .. } => back_ends::spirv(report),
            BackEnd { hlsl: true, .. } => back_ends::hlsl(report),
            BackEnd { msl: true, .. } => back_ends::msl(report),
            _ => Ok(report.text.clone()),
        }
    }
}

/// A tensor of this shape and dtype. Its elements do not matter.
fn zeros(gpu: &Gpu, shape: Vec<usize>, dtype: DType) -> Result<Tensor, Failure> {
    let too_many = || Failure::Input(format!("the shape {shape:?} has too many elements"));
    let elements = shape.iter().try_fold(1usize, |all, length| all.checked_mul(*length)).ok_or_else(too_many)?;
    Ok(gpu.upload_array(&Array::new(&vec![0.0f32; elements], shape.clone())?.cast(dtype))?)
}

//! Everything that can go wrong, as one typed error. A refusal names the loss, the operand, what was given and what was
//! expected.

use crate::shape::DType;
use std::fmt;

/// A result whose error is a wgloss [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Why a loss was refused or could not be computed.
///
/// A call is refused before anything is computed or written, in the order option, dtype, shape, label. The exceptions are
/// numbers that lie on the GPU, because only a kernel can check them: labels, lengths and segments, options and coefficients
/// in tensors, and the operands of a [checked](crate::Term::checked) term. The kernel treats a bad label as ignored. Any read
/// of the call's results gives the error.
///
/// A browser reports an allocation, a pipeline or a submission that it refused only after the call has returned. There the
/// next read gives the error, as `Gpu::settled` says.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// An operand's shape does not fit the others.
    ShapeMismatch {
        /// The loss's id.
        loss: &'static str,
        /// The operand whose shape is wrong.
        operand: String,
        /// The shape that it has to have.
        expected: String,
        /// The shape that it has.
        got: Vec<usize>,
    },
    /// A label, timestep, length or segment lies outside `0..count`, and is not the `ignore_index`.
    LabelOutOfRange {
        /// The loss's id.
        loss: &'static str,
        /// The operand that holds it.
        operand: String,
        /// The index of the first bad value in the operand, counted in elements.
        position: u64,
        /// The bad value.
        value: i64,
        /// The number of valid values, which are `0..count`.
        count: u64,
        /// The `ignore_index`, where the loss has one.
        ignored: Option<i32>,
    },
    /// A number in the target or mask of a [checked](crate::Term::checked) term lies outside the range that the operand
    /// may hold.
    TargetOutOfRange {
        /// The loss's id.
        loss: &'static str,
        /// The operand that holds the number.
        operand: String,
        /// The index of the first such number in the operand, counted in elements. If the probabilities of a position do
        /// not add up to 1, the index of this position.
        position: u64,
        /// The number.
        value: String,
        /// The numbers that it may hold.
        expected: String,
    },
    /// A number in an operand of a [checked](crate::Term::checked) term is NaN or infinite, or would be infinite in f32, although it
    /// takes part in the loss.
    NotFinite {
        /// The loss's id.
        loss: &'static str,
        /// The operand that holds the number.
        operand: String,
        /// The index of the first such number in the operand, counted in elements.
        position: u64,
        /// The number.
        value: String,
    },
    /// An option's value lies outside its range, or there is no such option.
    InvalidOption {
        /// The loss's id.
        loss: &'static str,
        /// The option's name.
        option: String,
        /// The value given.
        value: String,
        /// The values it takes.
        expected: String,
    },
    /// An operand is missing, unknown, given twice, or has no gradient.
    InvalidOperand {
        /// The loss's id.
        loss: &'static str,
        /// The operand's name.
        operand: String,
        /// The reason why it is refused.
        reason: String,
    },
    /// An operand's element type is not one that the loss takes.
    UnsupportedDtype {
        /// The loss's id, or the call that refused.
        loss: &'static str,
        /// The operand's name.
        operand: String,
        /// Its element type.
        got: DType,
        /// The element types it may have.
        expected: String,
    },
    /// The call is larger than the library or the device allows.
    ///
    /// An operand or a loss may have at most 4,261,412,863 elements, with axes of length 0 counted as 1. The GPU and the CPU
    /// twin refuse more in the same words. Where `what` says "on the GPU" or "on the CPU", the limit is this device's own, and
    /// another device may take the call. A GPU limits buffers, bindings, workspace and loops; the CPU limits memory
    /// ([`cpu::set_memory_bound`](crate::cpu::set_memory_bound)).
    TooLarge {
        /// The quantity that is too large, and its unit.
        what: String,
        /// How much is needed.
        needed: u64,
        /// How much there can be.
        limit: u64,
    },
    /// An output overlaps an input or another output; or, in a browser, two written bindings share bytes of a buffer.
    OverlappingBuffers {
        /// The output.
        output: String,
        /// The other operand or result that it overlaps.
        other: String,
        /// The rule to follow, for a gradient that overwrites its own operand, or for bindings in a browser.
        rule: Option<&'static str>,
    },
    /// A tensor belongs to another device than the one that was called. One call can't use the buffers of two devices.
    ForeignTensor {
        /// The loss's id, or the call that refused.
        loss: &'static str,
        /// The operand or output.
        operand: String,
    },
    /// A job's results were read before every recorded run had finished: a pass was dropped or not yet submitted, a submission
    /// was refused, or there was no run at all.
    NotRun {
        /// The loss's id.
        loss: &'static str,
        /// How many runs were recorded.
        recorded: u64,
        /// How many runs have finished.
        finished: u64,
    },
    /// The WGSL of the caller's own loss does not compile.
    InvalidShader {
        /// The path that the loss's header gives for its shader.
        path: String,
        /// The compiler's message, with file and line.
        message: String,
    },
    /// `prove` found a difference between a loss's value, its gradients and its shader, or does not support the loss's family.
    NotProven {
        /// The loss's id.
        loss: &'static str,
        /// The first difference: the call, what it gave, and what was expected.
        why: String,
    },
    /// No GPU adapter could be used. The text says what was looked for, what was found, and what to install.
    NoAdapter(String),
    /// The GPU ran out of memory.
    OutOfMemory(String),
    /// The device is gone: unplugged, reset, or destroyed.
    DeviceLost(String),
    /// The GPU did not finish in the time allowed.
    Timeout {
        /// The seconds waited.
        seconds: f32,
    },
    /// The driver or wgpu refused a request of the library. This is a defect of the library: please report it.
    Gpu(String),
}

impl Error {
    /// Turns an error of one loss of a sum into an error of the sum, with the sum's id and the sum's names for the operands.
    pub(crate) fn within(mut self, whole: &'static str, own_name: impl Fn(&str) -> Option<&'static str>) -> Error {
        match &mut self {
            Error::ShapeMismatch { loss, operand, .. }
            | Error::LabelOutOfRange { loss, operand, .. }
            | Error::TargetOutOfRange { loss, operand, .. }
            | Error::NotFinite { loss, operand, .. }
            | Error::InvalidOperand { loss, operand, .. }
            | Error::ForeignTensor { loss, operand }
            | Error::UnsupportedDtype { loss, operand, .. } => {
                *loss = whole;
                if let Some(name) = own_name(operand) {
                    *operand = name.into();
                }
            }
            Error::InvalidOption { loss, .. } | Error::NotRun { loss, .. } => *loss = whole,
            _ => {}
        }
        self
    }

    /// The error's kind as the conformance cases spell it, such as `shape_mismatch`.
    pub fn kind(&self) -> &'static str {
        match self {
            Error::ShapeMismatch { .. } => "shape_mismatch",
            Error::LabelOutOfRange { .. } => "label_out_of_range",
            Error::TargetOutOfRange { .. } => "target_out_of_range",
            Error::NotFinite { .. } => "not_finite",
            Error::InvalidOption { .. } => "invalid_option",
            Error::InvalidOperand { .. } => "invalid_operand",
            Error::UnsupportedDtype { .. } => "unsupported_dtype",
            Error::TooLarge { .. } => "too_large",
            Error::OverlappingBuffers { .. } => "overlapping_buffers",
            Error::ForeignTensor { .. } => "foreign_tensor",
            Error::NotRun { .. } => "not_run",
            Error::InvalidShader { .. } => "invalid_shader",
            Error::NotProven { .. } => "not_proven",
            Error::NoAdapter(_) => "no_adapter",
            Error::OutOfMemory(_) => "out_of_memory",
            Error::DeviceLost(_) => "device_lost",
            Error::Timeout { .. } => "timeout",
            Error::Gpu(_) => "gpu",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::ShapeMismatch { loss, operand, expected, got } => {
                write!(f, "{loss}: `{operand}` has shape {got:?}, expected {expected}")
            }
            Error::LabelOutOfRange { loss, operand, position, value, count, ignored } => {
                write!(f, "{loss}: `{operand}` holds {value} at position {position}, expected 0..{count}")?;
                ignored.map_or(Ok(()), |ignored| write!(f, " or the ignore_index {ignored}"))
            }
            Error::TargetOutOfRange { loss, operand, position, value, expected } => {
                write!(f, "{loss}: `{operand}` holds {value} at position {position}, expected {expected}")
            }
            Error::NotFinite { loss, operand, position, value } => {
                write!(f, "{loss}: `{operand}` holds {value} at position {position}, expected a finite number")
            }
            Error::InvalidOption { loss, option, value, expected } => {
                write!(f, "{loss}: option `{option}` is {value}, expected {expected}")
            }
            Error::InvalidOperand { loss, operand, reason } => write!(f, "{loss}: operand `{operand}` {reason}"),
            Error::UnsupportedDtype { loss, operand, got, expected } => {
                write!(f, "{loss}: `{operand}` holds {got}, expected {expected}")
            }
            Error::TooLarge { what, needed, limit } => write!(f, "{what}: {needed} needed, the limit is {limit}"),
            Error::OverlappingBuffers { output, other, rule } => {
                write!(f, "the output `{output}` overlaps `{other}`")?;
                rule.map_or(Ok(()), |rule| write!(f, ": {rule}"))
            }
            Error::ForeignTensor { loss, operand } => {
                write!(
                    f,
                    "{loss}: `{operand}` belongs to another device; make it on this one, or read it and upload it here"
                )
            }
            Error::NotRun { loss, recorded: 0, .. } => write!(f, "{loss}: the job has not run"),
            Error::NotRun { loss, recorded, finished } => {
                write!(
                    f,
                    "{loss}: {finished} of {recorded} recorded runs have finished; was a pass dropped, or not submitted?"
                )
            }
            Error::InvalidShader { path, message } => write!(f, "the shader `{path}` does not compile: {message}"),
            Error::NotProven { loss, why } => write!(f, "{loss}: not proven: {why}"),
            Error::NoAdapter(message) => write!(f, "no GPU adapter: {message}"),
            Error::OutOfMemory(message) => write!(f, "the GPU is out of memory: {message}"),
            Error::DeviceLost(message) => write!(f, "the GPU device is lost: {message}"),
            Error::Timeout { seconds } => write!(f, "the GPU did not finish within {seconds} s"),
            Error::Gpu(message) => write!(f, "the GPU refused the work: {message}"),
        }
    }
}

impl std::error::Error for Error {}

//! All errors: refusals of wgloss, and those that only tensors of Burn can have.

use burn::tensor::DType;
use std::fmt;

/// A result whose error is an [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Why a loss was refused or could not be computed. All but [`Error::NotComputed`] and a label out of range are refusals,
/// made before anything is queued.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// wgloss refused the loss: an option, an operand, a dtype, a shape, or a size that is too large for the device; or a
    /// [`Report`](crate::Report) found a label out of range.
    Loss(wgloss::Error),
    /// Burn could not make the device. The text is Burn's own.
    NoDevice(String),
    /// The tensors are on a device whose wgpu handles are not known.
    NotRegistered {
        /// The device.
        device: String,
    },
    /// The tensors are on a backend that is not wgpu.
    OtherBackend {
        /// The device.
        device: String,
    },
    /// The tensors are on several devices.
    SeveralDevices {
        /// The device of the first operand.
        first: String,
        /// Another device.
        other: String,
    },
    /// Some tensors belong to an autodiff device with gradient checkpointing, and some to one without.
    SeveralStrategies,
    /// Burn is capturing a graph, which would not contain the loss.
    Capturing,
    /// The term has more tensors than one operation can have.
    TooManyOperands {
        /// The number of tensors of the term.
        given: usize,
        /// The greatest number of tensors that an operation can have.
        most: usize,
    },
    /// wgloss has no kernel for a tensor's element type.
    UnsupportedDtype {
        /// The element type.
        got: DType,
    },
    /// The loss does not have the shape that the call returns.
    OtherShape {
        /// The shape of the loss; `[]` if the loss is reduced.
        loss: Vec<usize>,
        /// The call that returns this shape.
        call: &'static str,
    },
    /// The term sets an upstream gradient. Only `backward` may pass one.
    OwnUpstream,
    /// Burn gave up the work before the loss was computed. The text is Burn's own.
    NotComputed(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Loss(error) => error.fmt(f),
            Error::NoDevice(message) => write!(f, "Burn could not make a wgpu device: {message}"),
            Error::NotRegistered { device } => write!(
                f,
                "the wgpu handles of {device} are not known: make the device by wgloss_burn::init before the first tensor, \
                 or tell its handles to wgloss_burn::register"
            ),
            Error::OtherBackend { device } => {
                write!(
                    f,
                    "{device} is not of Burn's wgpu backend, which these losses need: use a device of wgloss_burn::init"
                )
            }
            Error::SeveralDevices { first, other } => {
                write!(f, "a tensor is on {other}, the first on {first}: move all to one device")
            }
            Error::SeveralStrategies => f.write_str(
                "the tensors are of two autodiff devices, of which one has gradient checkpointing: use one device",
            ),
            Error::Capturing => {
                f.write_str("Burn is capturing a graph, which would not hold the loss: compute the loss outside of it")
            }
            Error::TooManyOperands { given, most } => {
                write!(
                    f,
                    "the term has {given} different tensors, and an operation can have {most}: add two losses instead"
                )
            }
            Error::UnsupportedDtype { got } => {
                write!(f, "a tensor holds {got:?}, expected f32, f16, bf16, i64, i32, u32, u8 or bool")
            }
            Error::OtherShape { loss, call } if loss.is_empty() => {
                write!(f, "the loss is one number: ask for `{call}`, or set the reduction `none`")
            }
            Error::OtherShape { loss, call } => write!(f, "the loss has the shape {loss:?}: ask for `{call}`"),
            Error::OwnUpstream => f.write_str(
                "the term has an upstream gradient of its own: multiply the loss instead, and call backward on that",
            ),
            Error::NotComputed(message) => write!(f, "the loss was not computed: {message}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Loss(error) => Some(error),
            _ => None,
        }
    }
}

impl From<wgloss::Error> for Error {
    fn from(error: wgloss::Error) -> Error {
        Error::Loss(error)
    }
}

//! The description that every loss has: its name, operands and options. It is for programs that list losses or set
//! options by name, and for losses of your own.
//!
//! [`Loss::header`](crate::Loss::header) gives the [`Header`]: a loss's id, its operands with their roles, and the
//! reductions that it takes. The [`Role`] of an operand decides its shape and dtype; [`Sizes`] computes the shape.
//! [`Options`] gives the options of a loss with their kinds, ranges and values, and sets them.
//!
//! ```
//! use wgloss::header::Value;
//! use wgloss::{Array, Term, by_id, cpu};
//!
//! let loss = by_id("smooth_l1").expect("a loss of the library");
//! let operands: Vec<&str> = loss.header().operands.iter().map(|operand| operand.name).collect();
//! assert_eq!(operands, ["input", "target", "weight", "sample_weight", "mask"]);
//! let options: Vec<(&str, Value)> = loss.specs().iter().map(|option| option.name).zip(loss.values()).collect();
//! assert_eq!(options, [("beta", Value::Number(1.0))]);
//!
//! // a call by names, as a program takes it from its user
//! let (x, t) = (Array::new(&[3.0f32], [1])?, Array::new(&[0.0f32], [1])?);
//! let term = Term::from_options(loss, [("beta", Value::Number(2.0))], [("input", &x), ("target", &t)])?;
//! assert_eq!(cpu::value(&term)?.loss()?, 2.0);
//! # Ok::<(), wgloss::Error>(())
//! ```

#[doc(hidden)]
pub use crate::loss::name_of;
pub use crate::loss::{Denominator, Header, OperandSpec, Source};
pub use crate::options::{Kind, OptionSpec, OptionType, Options, Range, Value};
pub use crate::role::{Axis, Domain, Role, Sizes};

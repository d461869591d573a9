//! An operand's meaning to a loss: its role, the values it holds, and its shape in a call.

mod operand;
mod sizes;

pub use operand::{Domain, Role};
pub use sizes::{Axis, Sizes};

#![doc = include_str!("../README.md")]

mod agree;
mod bytes;
mod comm;
mod encode;
mod error;
mod gathered;
mod line;
mod outcome;
mod pairs;
mod plan;
mod ring;
mod spread;

pub use comm::Comm;
pub use error::{Error, Result};
pub use line::Traffic;
pub use outcome::Outcome;
pub use spread::{Spread, SpreadTerm, Spreads};
pub use wgloss;

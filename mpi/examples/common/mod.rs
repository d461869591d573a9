//! What the examples share: random numbers from a seed, and the comparison with one GPU.
#![allow(dead_code, reason = "each example uses its own part of this")]

use std::ops::Range;
use wgloss_mpi::Comm;

/// A generator of roughly normal numbers, the same for the same seed.
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Draw {
        Draw(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn unit(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1u64 << 24) as f32
    }

    pub fn number(&mut self) -> f32 {
        (0..6).map(|_| self.unit()).sum::<f32>() * 1.4 - 4.2
    }

    pub fn numbers(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.number()).collect()
    }

    pub fn below(&mut self, count: usize) -> usize {
        ((self.unit() * count as f32) as usize).min(count - 1)
    }
}

/// This rank's range of `all`. The ranges are equally long, or the first ones are longer by one.
pub fn own(comm: &Comm, all: usize) -> Range<usize> {
    let first = |rank: usize| rank * (all / comm.size()) + rank.min(all % comm.size());
    first(comm.rank())..first(comm.rank() + 1)
}

/// Asserts that numbers equal those of one GPU, up to 1e-5 of the greatest. Returns the greatest difference.
pub fn near(got: &[f32], want: &[f32]) -> f32 {
    assert_eq!(got.len(), want.len());
    let most = want.iter().fold(0.0f32, |most, x| most.max(x.abs()));
    let off = got.iter().zip(want).fold(0.0f32, |off, (got, want)| off.max((got - want).abs()));
    assert!(off <= 1e-5 * most, "off by {off}, and the greatest is {most}");
    off
}

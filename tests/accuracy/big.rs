//! Numbers of 320 bits: enough that differences in a formula keep their digits, and that a finite difference is exact far
//! beyond f64.

use crate::harness::tests;
use astro_float_num::{BigFloat, Consts, RoundingMode, Sign};
use libtest_mimic::Trial;
use std::cell::RefCell;
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

pub fn tests() -> Vec<Trial> {
    tests![numbers_keep_what_f64_loses]
}

const BITS: usize = 320;
const ROUND: RoundingMode = RoundingMode::None;

thread_local! {
    static CONSTS: RefCell<Consts> = RefCell::new(Consts::new().expect("constants fit memory"));
}

fn with_consts(f: impl FnOnce(&mut Consts) -> BigFloat) -> Big {
    Big(CONSTS.with_borrow_mut(f))
}

#[derive(Clone, Debug)]
pub struct Big(BigFloat);

impl Big {
    /// 2 to a power.
    pub fn power_of_two(exponent: i32) -> Big {
        Big::from(2.0).pow(f64::from(exponent))
    }

    pub fn exp(&self) -> Big {
        with_consts(|consts| self.0.exp(BITS, ROUND, consts))
    }

    pub fn ln(&self) -> Big {
        with_consts(|consts| self.0.ln(BITS, ROUND, consts))
    }

    pub fn atan(&self) -> Big {
        with_consts(|consts| self.0.atan(BITS, ROUND, consts))
    }

    pub fn sqrt(&self) -> Big {
        Big(self.0.sqrt(BITS, ROUND))
    }

    pub fn pow(&self, exponent: f64) -> Big {
        match exponent {
            0.0 => Big::from(1.0),
            1.0 => self.clone(),
            2.0 => self.clone() * self.clone(),
            _ => with_consts(|consts| self.0.pow(&Big::from(exponent).0, BITS, ROUND, consts)),
        }
    }

    pub fn abs(&self) -> Big {
        Big(self.0.abs())
    }

    pub fn max(self, other: impl Into<Big>) -> Big {
        let other = other.into();
        if self < other { other } else { self }
    }

    pub fn min(self, other: impl Into<Big>) -> Big {
        let other = other.into();
        if other < self { other } else { self }
    }

    /// The number as an f64, right to its last digit or two.
    pub fn to_f64(&self) -> f64 {
        let Some((words, _, sign, exponent, _)) = self.0.as_raw_parts() else { return f64::NAN };
        let fraction = words.iter().rev().take(2).enumerate();
        let fraction: f64 = fraction.map(|(k, word)| *word as f64 / 2f64.powi(64 * (k as i32 + 1))).sum();
        // the power alone may be too small for an f64, or too large
        let (one, other) = (exponent / 2, exponent - exponent / 2);
        let size = fraction * 2f64.powi(one) * 2f64.powi(other);
        if sign == Sign::Neg { -size } else { size }
    }
}

impl From<f64> for Big {
    fn from(x: f64) -> Big {
        Big(BigFloat::from_f64(x, BITS))
    }
}

impl PartialEq for Big {
    fn eq(&self, other: &Big) -> bool {
        self.0 == other.0
    }
}

impl PartialOrd for Big {
    fn partial_cmp(&self, other: &Big) -> Option<Ordering> {
        self.0.partial_cmp(&other.0)
    }
}

impl PartialEq<f64> for Big {
    fn eq(&self, other: &f64) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd<f64> for Big {
    fn partial_cmp(&self, other: &f64) -> Option<Ordering> {
        self.partial_cmp(&Big::from(*other))
    }
}

macro_rules! arithmetic {
    ($($trait:ident $method:ident)*) => {$(
        impl<T: Into<Big>> $trait<T> for Big {
            type Output = Big;
            fn $method(self, other: T) -> Big {
                Big(self.0.$method(&other.into().0, BITS, ROUND))
            }
        }

        impl $trait<Big> for f64 {
            type Output = Big;
            fn $method(self, other: Big) -> Big {
                Big::from(self).$method(other)
            }
        }
    )*};
}

arithmetic! { Add add Sub sub Mul mul Div div }

impl Neg for Big {
    type Output = Big;
    fn neg(self) -> Big {
        Big(self.0.neg())
    }
}

impl From<&Big> for Big {
    fn from(x: &Big) -> Big {
        x.clone()
    }
}

impl std::iter::Sum for Big {
    fn sum<I: Iterator<Item = Big>>(numbers: I) -> Big {
        numbers.fold(Big::from(0.0), |sum, x| sum + x)
    }
}

fn numbers_keep_what_f64_loses() {
    let tiny = Big::from(-100.0).exp();
    assert_eq!((1.0 - (1.0 - tiny.clone())).to_f64(), tiny.to_f64());
    assert!((tiny.to_f64() / (-100f64).exp() - 1.0).abs() < 1e-15);
    assert_eq!(Big::from(-0.375).to_f64(), -0.375);
    assert_eq!((Big::from(1.0).atan() * 4.0).to_f64(), std::f64::consts::PI);
    let low = Big::from(-1.0);
    assert!(low < 0.5 && low != 0.5);
    assert_eq!(Big::from(2.0).pow(0.5).to_f64(), 2f64.sqrt());
    assert_eq!(Big::from(f64::MAX).to_f64(), f64::MAX);
    let [least, less] = [-1074, -1100].map(|exponent| Big::power_of_two(exponent).to_f64());
    assert_eq!([least, less], [f64::from_bits(1), 0.0]);
}

//! The scale of an axis of losses, and its ticks.

/// The scale of losses, for the vertical axis and for colours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// Linear.
    Linear,
    /// `log(1 + loss)`, which spreads losses near 0; mirrored for negative losses.
    Logarithmic,
}

impl Scale {
    /// The scaled loss.
    pub fn apply(self, value: f64) -> f64 {
        match self {
            Scale::Linear => value,
            Scale::Logarithmic => value.abs().ln_1p().copysign(value),
        }
    }

    /// Round values between the ends, with their labels.
    pub fn ticks(self, [from, to]: [f64; 2]) -> Vec<(f64, String)> {
        let within = |value: f64| from - 1e-9 * (to - from) <= value && value <= to + 1e-9 * (to - from);
        if self == Scale::Logarithmic {
            for mantissas in [&[1.0][..], &[1.0, 2.0, 5.0]] {
                let decades = (0..=38).flat_map(|k| mantissas.iter().map(move |mantissa| mantissa * 10f64.powi(k)));
                let ticks: Vec<f64> = [0.0].into_iter().chain(decades).filter(|&value| within(value)).collect();
                if ticks.len() >= 3 {
                    return ticks.into_iter().map(|value| (value, number(value, 0))).collect();
                }
            }
        }
        let rough = (to - from) / 6.0;
        let decade = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|mantissa| mantissa * decade);
        let step = step.into_iter().find(|step| *step >= 0.9 * rough).unwrap_or(rough);
        // the ends are equal, or so near or far apart that f64 has no steps between them
        if !(step > 0.0 && step.is_finite()) {
            return Vec::new();
        }
        let decimals = (-(step * 1.001).log10().floor()).max(0.0) as usize;
        let steps = |end: f64| (end / step).round() as i64;
        let values = (steps(from)..=steps(to)).map(|k| k as f64 * step).filter(|&value| within(value));
        values.map(|value| (value, number(value, decimals))).collect()
    }
}

/// Formats a number with at most `decimals` decimals, and with a typographic minus. A magnitude of 1e6 or more, or one
/// that would be rounded to 0, is written as one digit and an exponent instead.
pub fn number(value: f64, decimals: usize) -> String {
    let magnitude = value.abs();
    let mut text = if magnitude != 0.0 && (magnitude >= 1e6 || magnitude < 0.5 * 10f64.powi(-(decimals as i32))) {
        format!("{magnitude:.0e}")
    } else {
        format!("{magnitude:.decimals$}")
    };
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    if value < 0.0 { format!("−{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_between_the_ends() {
        let labels =
            |scale: Scale, ends| scale.ticks(ends).into_iter().map(|tick| tick.1).collect::<Vec<_>>().join(" ");
        for (scale, ends, expected) in [
            (Scale::Linear, [-6.0, 6.0], "−6 −4 −2 0 2 4 6"),
            (Scale::Linear, [-1.0, 1.0], "−1 −0.5 0 0.5 1"),
            (Scale::Linear, [0.031, 0.152], "0.04 0.06 0.08 0.1 0.12 0.14"),
            (Scale::Linear, [0.0, 4e7], "0 1e7 2e7 3e7 4e7"),
            (Scale::Linear, [3.0, 3.0], ""),
            (Scale::Linear, [-5e-324, 5e-324], ""),
            (Scale::Linear, [-f64::MAX, f64::MAX], ""),
            (Scale::Logarithmic, [0.0, 2186.0], "0 1 10 100 1000"),
            (Scale::Logarithmic, [0.0004, 2186.0], "1 10 100 1000"),
            (Scale::Logarithmic, [0.077, 9.3], "1 2 5"),
            (Scale::Logarithmic, [0.2, 0.9], "0.2 0.4 0.6 0.8"),
        ] {
            assert_eq!(labels(scale, ends), expected, "{ends:?}");
        }
    }

    #[test]
    fn numbers_are_short() {
        for (value, decimals, text) in [(265.625, 1, "265.6"), (-4.5, 3, "−4.5"), (0.0, 3, "0"), (3e-5, 3, "3e-5")] {
            assert_eq!(number(value, decimals), text);
        }
    }
}

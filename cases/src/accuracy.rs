//! The accuracy of a loss: the worst relative errors of its value and of each gradient over many cases.

use crate::judge::Judged;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// The name of the loss's value beside the names of the gradients.
pub const LOSS: &str = "loss";

/// The worst error of each tensor, relative to the largest finite magnitude expected in it. A gradient has the name of its
/// operand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Accuracy(Vec<(String, f64)>);

impl Accuracy {
    /// Adds the error of a tensor. A tensor without a relative error is left out: all its finite expected numbers are 0.
    pub fn count(&mut self, name: &str, judged: &Judged) {
        let Some(relative) = judged.relative else { return };
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, worst)) => *worst = worst.max(relative),
            None => self.0.push((name.into(), relative)),
        }
    }

    /// Keeps the worse of each tensor's errors here and in other cases.
    pub fn add(&mut self, other: Accuracy) {
        for (name, relative) in other.0 {
            self.count(&name, &Judged { share: 0.0, relative: Some(relative), miss: None });
        }
    }
}

impl Serialize for Accuracy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, relative) in &self.0 {
            let name = if name == LOSS { LOSS.into() } else { format!("gradient of {name}") };
            map.serialize_entry(&name, &short(*relative))?;
        }
        map.end()
    }
}

/// Rounds to three digits. `None` for NaN and infinities, which JSON cannot hold.
pub fn short(x: f64) -> Option<f64> {
    format!("{x:.2e}").parse().ok().filter(|x: &f64| x.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_each_tensor_is_kept() {
        let cases = [
            (LOSS, Some(1.2345e-7)),
            (LOSS, Some(1e-8)),
            ("input", None),
            ("input", Some(f64::INFINITY)),
            ("weight", Some(0.0)),
        ];
        let mut all = Accuracy::default();
        for (name, relative) in cases {
            let mut one = Accuracy::default();
            one.count(name, &Judged { share: 0.5, relative, miss: None });
            all.add(one);
        }
        let text = serde_json::to_string(&all).unwrap();
        assert_eq!(text, r#"{"loss":1.23e-7,"gradient of input":null,"gradient of weight":0.0}"#);
    }
}

//! A loss of elements that is fused with a loss of regions: the value of a position is the sum over its classes.

use super::inputs::Inputs;
use crate::array::Array;
use crate::cpu::walk::{Upstream, Value, Walk};
use crate::leaf::{FusedLoss, Pointwise};
use crate::loss::OperandSpec;
use crate::math::part_of;
use crate::role::Role;
use crate::shape::Classes;
use crate::term::Part;

/// A value for each position, and the derivative of each element that takes part.
pub(super) struct FusedElements {
    classes: Classes,
    values: Vec<Value>,
    d: Vec<Option<f64>>,
}

impl FusedElements {
    pub fn of(part: &Part<Array>, inputs: &Inputs, fused: &FusedLoss, leaf: &dyn Pointwise) -> FusedElements {
        let classes = inputs.classes;
        let x = part.of_role(Role::Classes).map(Array::to_f64).unwrap_or_default();
        let weight = part.of_role(Role::PerClass).map_or_else(|| vec![1.0; classes.c], Array::to_f64);
        let pos_weight = part.of_role(Role::PosWeight).map(Array::to_f64);
        let pos_weight = pos_weight.unwrap_or_else(|| vec![fused.absent().into(); classes.c]);
        let mut values = vec![Value::default(); classes.positions()];
        let mut d = vec![None; classes.positions() * classes.c];
        let first = usize::from(!fused.include_background);
        for (position, value) in values.iter_mut().enumerate() {
            for k in first..classes.c {
                let at = classes.index(position / classes.s, position % classes.s, k);
                if !inputs.kept[at] {
                    continue;
                }
                let v = [x[at], inputs.t[at], pos_weight[k], 0.0];
                let score = leaf.score(v, [0.0; 3]);
                let loss = part_of(weight[k], score.loss);
                // where the loss is unknown, so is its derivative
                let unknown = loss.is_nan() || v.iter().any(|v| v.is_nan());
                value.loss += if unknown { f64::NAN } else { loss };
                value.count += 1.0;
                d[at] = Some(if unknown { f64::NAN } else { part_of(weight[k], score.d[0]) });
            }
            value.weight = value.count;
        }
        FusedElements { classes, values, d }
    }
}

impl Walk for FusedElements {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn gradient(&self, _operand: &OperandSpec, scales: &[Upstream]) -> Vec<f64> {
        let classes = self.classes;
        let mut gradient = vec![0.0; self.d.len()];
        for (position, [scale, _]) in scales.iter().enumerate() {
            for k in 0..classes.c {
                let at = classes.index(position / classes.s, position % classes.s, k);
                gradient[at] = self.d[at].map_or(0.0, |d| scale * d);
            }
        }
        gradient
    }
}

//! A loss whose twin computes nothing. Tests and fuzzing use it in place of a caller's own loss.

use crate::leaf::{
    Activation, Boxes, ClassScore, ClassSeen, ClassSum, Component, Composite, Distances, Divergence, DivergenceScore,
    ElementScore, FusedLoss, Leaf, Measure, Pointwise, Region, RegionScore, RegionSettings, RegionSums, Softmax,
    SoftmaxScore, SoftmaxStatistics, Vectors, VectorsScore,
};
use crate::loss::{Header, Loss};
use crate::options::{Kind, OptionSpec, Options, Range, Value};
use crate::reduction::Reduction;
use std::sync::Arc;

/// A loss of any of the families whose traits it implements below. The function `leaf` chooses the family.
#[derive(Clone, Debug)]
pub(crate) struct StandIn {
    pub header: &'static Header,
    pub leaf: for<'a> fn(&'a StandIn) -> Leaf<'a>,
    /// The names of its options, which are numbers.
    pub numbers: &'static [&'static str],
    /// What [`Pointwise::of_sequences`] returns, if it is a pointwise loss.
    pub of_sequences: bool,
    /// The loss that is fused with it, if it is a region loss.
    pub fused: Option<fn() -> Box<dyn Loss>>,
}

impl Options for StandIn {
    fn specs(&self) -> Vec<OptionSpec> {
        let number = |&name| OptionSpec { name, kind: Kind::Number, range: Range::Any, rust_type: "f32", doc: "" };
        self.numbers.iter().map(number).collect()
    }
    fn values(&self) -> Vec<Value> {
        self.numbers.iter().map(|_| Value::Number(1.0)).collect()
    }
    fn set_at(&mut self, _: usize, _: &Value) -> bool {
        false
    }
}

impl Loss for StandIn {
    fn header(&self) -> &'static Header {
        self.header
    }
    fn leaf(&self) -> Leaf<'_> {
        (self.leaf)(self)
    }
}

impl Pointwise for StandIn {
    fn score(&self, _: [f64; 4], _: [f64; 3]) -> ElementScore {
        ElementScore::default()
    }
    fn of_sequences(&self) -> bool {
        self.of_sequences
    }
}

impl Boxes for StandIn {
    fn score(&self, _: [f64; 4], _: [f64; 4]) -> ElementScore {
        ElementScore::default()
    }
}

impl Softmax for StandIn {
    fn ignore_index(&self) -> i32 {
        -100
    }
    fn spreads(&self) -> bool {
        true
    }
    fn score(&self, _: &SoftmaxStatistics) -> SoftmaxScore {
        SoftmaxScore::default()
    }
}

impl ClassSum for StandIn {
    fn score(&self, _: &ClassSeen) -> ClassScore {
        ClassScore::default()
    }
}

impl Divergence for StandIn {
    fn temperature(&self) -> f64 {
        1.0
    }
    fn score(&self, _: f64) -> DivergenceScore {
        DivergenceScore::default()
    }
}

impl Vectors for StandIn {
    fn measure(&self) -> Measure {
        Measure::Cosine
    }
    fn score(&self, _: &Distances, _: f64) -> VectorsScore {
        VectorsScore::default()
    }
}

impl Region for StandIn {
    fn settings(&self) -> RegionSettings {
        RegionSettings {
            activation: Activation::Softmax,
            include_background: true,
            batch: false,
            squared: false,
            soft: false,
            together: false,
            ignore_index: None,
        }
    }
    fn score(&self, _: RegionSums) -> RegionScore {
        RegionScore::default()
    }
    fn fused_loss(&self) -> Option<FusedLoss> {
        let fused = |fused: fn() -> Box<dyn Loss>| FusedLoss {
            loss: fused(),
            include_background: true,
            counts_classes: false,
            own_name: "own",
            own_weight: 1.0,
            weight: 1.0,
        };
        self.fused.map(fused)
    }
}

impl Composite for StandIn {
    fn components(&self, reduction: Reduction) -> Vec<Component> {
        vec![Component {
            name: "inner",
            loss: Arc::new(self.clone()),
            operands: &[("input", "input")],
            weight: 1.0,
            reduction,
            per_item: false,
        }]
    }
}

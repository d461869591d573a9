//! Checks that a loss's header has the operands that its family's walk reads. The library's own losses pass; a loss of the
//! caller's own may not.

use crate::error::{Error, Result};
use crate::leaf::{Leaf, Pointwise};
use crate::loss::Header;
use crate::role::Role;
use crate::term::Part;

/// The most components of an element, and the most distances of a row: kernels hold them in vectors.
const MOST_COMPONENTS: usize = 4;
const MOST_DISTANCES: usize = 3;

/// Refuses a header without the operands that the family needs.
pub(super) fn check<T>(part: &Part<T>) -> Result<()> {
    let header = part.loss.header();
    let one = |role| (role, 1);
    let needed = match part.loss.leaf() {
        Leaf::Pointwise(leaf) => {
            components(header, leaf)?;
            vec![one(Role::Element)]
        }
        Leaf::Boxes(_) => vec![(Role::Element, 2)],
        Leaf::Softmax(_) | Leaf::ClassSum(_) => vec![one(Role::Classes)],
        Leaf::Divergence(_) => vec![one(Role::Classes), one(Role::Dense)],
        Leaf::Region(leaf) => {
            if leaf.fused_loss().is_some_and(|fused| !matches!(fused.loss.leaf(), Leaf::Softmax(_))) {
                return refuse(header, "has a fused loss that is no loss of a softmax".into());
            }
            vec![one(Role::Classes), one(Role::Target)]
        }
        Leaf::Vectors(leaf) => {
            if !(1..=MOST_DISTANCES).contains(&leaf.pairs().len()) {
                return refuse(header, format!("measures {} distances, expected 1 to 3", leaf.pairs().len()));
            }
            vec![(Role::Element, 1 + leaf.pairs().as_flattened().iter().max().unwrap_or(&0))]
        }
        Leaf::Similarity(_) => vec![one(Role::Rows)],
        Leaf::Linear(_) => vec![one(Role::Rows), one(Role::Projection), one(Role::Labels)],
        Leaf::Gram(_) => vec![(Role::Channels, 2)],
        // each loss of the sum is checked by itself
        Leaf::Composite(_) => return Ok(()),
    };
    if header.operands.first().is_none_or(|first| first.role != needed[0].0) {
        return refuse(header, format!("has to be the first operand, and of `Role::{:?}`", needed[0].0));
    }
    for (role, count) in needed {
        let given = header.operands.iter().filter(|spec| spec.role == role);
        if given.take_while(|spec| !spec.optional).count() < count {
            let lacks = format!("needs {count} of `Role::{role:?}` in the header that are not optional");
            return refuse(header, lacks);
        }
    }
    Ok(())
}

/// Refuses a loss whose elements have more numbers than a leaf sees, and an index without its table.
fn components(header: &'static Header, leaf: &dyn Pointwise) -> Result<()> {
    let count = header.components().count() + usize::from(leaf.columns().is_some());
    if count > MOST_COMPONENTS {
        return refuse(header, format!("has {count} components with the others, of {MOST_COMPONENTS} at most"));
    }
    let required = |role| header.player(role).is_some_and(|spec| !spec.optional);
    let neither = header.player(Role::Index).or(header.player(Role::Table)).is_none();
    match neither || (required(Role::Index) && required(Role::Table)) {
        true => Ok(()),
        false => refuse(header, "needs an index and its table in the header, neither of them optional".into()),
    }
}

fn refuse(header: &'static Header, reason: String) -> Result<()> {
    let operand = header.operands.first().map_or("input", |first| first.name);
    Err(Error::InvalidOperand { loss: header.id, operand: operand.into(), reason })
}

#[cfg(test)]
mod tests {
    use crate::array::Array;
    use crate::cpu;
    use crate::error::Error;
    use crate::leaf::{
        Activation, Distances, FusedLoss, Measure, Region, RegionScore, RegionSettings, RegionSums, Vectors,
        VectorsScore,
    };
    use crate::leaf::{
        Boxes, Component, Composite, Divergence, DivergenceScore, ElementScore, Leaf, Pointwise, Softmax, SoftmaxScore,
        SoftmaxStatistics,
    };
    use crate::loss::{Denominator, Header, Loss, OperandSpec, Source};
    use crate::options::{OptionSpec, Options, Value};
    use crate::reduction::Reduction;
    use crate::role::Role;
    use crate::term::Term;
    use std::sync::Arc;

    /// A caller's own loss, of any family.
    #[derive(Clone, Debug)]
    struct Own {
        header: &'static Header,
        leaf: for<'a> fn(&'a Own) -> Leaf<'a>,
    }

    impl Own {
        fn new(operands: &[(&'static str, Role, bool)], leaf: for<'a> fn(&'a Own) -> Leaf<'a>) -> Own {
            let spec = |&(name, role, optional)| OperandSpec { optional, ..OperandSpec::new(name, role) };
            let header = Header {
                id: "own",
                title: "",
                operands: operands.iter().map(spec).collect::<Vec<_>>().leak(),
                reductions: Reduction::VALUES,
                mean: Denominator::Count,
                shader: Source { path: "own", text: "" },
                default: || unreachable!("nobody asks for the default"),
            };
            Own { header: Box::leak(Box::new(header)), leaf }
        }
    }

    impl Options for Own {
        fn specs(&self) -> Vec<OptionSpec> {
            Vec::new()
        }
        fn values(&self) -> Vec<Value> {
            Vec::new()
        }
        fn set_at(&mut self, _: usize, _: &Value) -> bool {
            false
        }
    }

    impl Loss for Own {
        fn header(&self) -> &'static Header {
            self.header
        }
        fn leaf(&self) -> Leaf<'_> {
            (self.leaf)(self)
        }
    }

    impl Pointwise for Own {
        fn score(&self, _: [f64; 4], _: [f64; 3]) -> ElementScore {
            ElementScore::default()
        }
    }

    impl Boxes for Own {
        fn score(&self, _: [f64; 4], _: [f64; 4]) -> ElementScore {
            ElementScore::default()
        }
    }

    impl Softmax for Own {
        fn ignore_index(&self) -> i32 {
            -1
        }
        fn score(&self, _: &SoftmaxStatistics) -> SoftmaxScore {
            SoftmaxScore::default()
        }
    }

    impl Divergence for Own {
        fn temperature(&self) -> f64 {
            1.0
        }
        fn score(&self, _: f64) -> DivergenceScore {
            DivergenceScore::default()
        }
    }

    impl Vectors for Own {
        fn measure(&self) -> Measure {
            Measure::Cosine
        }
        fn score(&self, _: &Distances, _: f64) -> VectorsScore {
            VectorsScore::default()
        }
    }

    impl Region for Own {
        fn settings(&self) -> RegionSettings {
            RegionSettings {
                activation: Activation::Sigmoid,
                include_background: true,
                batch: false,
                squared: false,
                together: false,
                ignore_index: None,
            }
        }
        fn score(&self, _: RegionSums) -> RegionScore {
            RegionScore::default()
        }
        fn fused_loss(&self) -> Option<FusedLoss> {
            let loss = Box::new(Own::new(&[("input", Role::Element, false)], |own| Leaf::Pointwise(own)));
            Some(FusedLoss { loss, beside: "own", own_weight: 1.0, weight: 1.0 })
        }
    }

    impl Composite for Own {
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

    #[test]
    fn an_own_loss_that_its_family_cannot_walk_is_refused() {
        let x = Array::new(&[0.5f32; 8], [2, 4]).unwrap();
        let (input, target) = (("input", Role::Element, false), ("target", Role::Element, false));
        let more = ["a", "b", "c", "d"].map(|name| (name, Role::Element, true));
        let own = Own::new;
        for (loss, said) in [
            (own(&[], |own| Leaf::Pointwise(own)), "first operand, and of `Role::Element`"),
            (own(&[("input", Role::Classes, false)], |own| Leaf::Pointwise(own)), "of `Role::Element`"),
            (own(&[("input", Role::Element, true)], |own| Leaf::Pointwise(own)), "not optional"),
            (own(&[&[input], &more[..]].concat(), |own| Leaf::Pointwise(own)), "5 components"),
            (own(&[input, ("at", Role::Index, false)], |own| Leaf::Pointwise(own)), "an index and its table"),
            (own(&[input], |own| Leaf::Boxes(own)), "needs 2 of `Role::Element`"),
            (own(&[input], |own| Leaf::Vectors(own)), "needs 2 of `Role::Element`"),
            (own(&[input], |own| Leaf::Softmax(own)), "of `Role::Classes`"),
            (own(&[("input", Role::Classes, false)], |own| Leaf::Divergence(own)), "needs 1 of `Role::Dense`"),
            (own(&[("input", Role::Classes, false), target], |own| Leaf::Region(own)), "has a fused loss"),
            (own(&[("input", Role::Rows, false)], |own| Leaf::Linear(own)), "needs 1 of `Role::Projection`"),
            (own(&[("input", Role::Channels, false)], |own| Leaf::Gram(own)), "needs 2 of `Role::Channels`"),
            (own(&[("input", Role::Part, false)], |own| Leaf::Composite(own)), "a sum of losses"),
        ] {
            let names: Vec<&str> = loss.header.operands.iter().map(|spec| spec.name).collect();
            match cpu::value(&Term::new(loss, names.into_iter().map(|name| (name, &x)))) {
                Err(Error::InvalidOperand { reason, .. }) => {
                    assert!(reason.contains(said), "{reason} does not say {said}")
                }
                other => panic!("{said}: {other:?}"),
            }
        }
    }
}

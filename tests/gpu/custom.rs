//! A caller's own losses: options by name, names that the library uses too, and proofs for each family that has them.

use crate::gpu;
use crate::harness::tests;
use libtest_mimic::Trial;
use wgloss::custom::{ClassScore, ClassSeen, ClassSum, Softmax, SoftmaxScore, SoftmaxStatistics, prove};
use wgloss::header::{Denominator, Domain, Header, OperandSpec, Range, Role, Source};
use wgloss::{CrossEntropy, Loss, MultilabelSoftMargin, PpoKind, PpoPolicy, Reduction};

pub fn tests() -> Vec<Trial> {
    tests![
        a_leaf_reads_every_kind_of_option_by_name,
        a_sum_over_classes_is_proven,
        losses_of_labels_or_probabilities_are_proven,
        a_loss_of_whole_sequences_is_proven,
        a_fault_in_a_shader_is_found,
        a_fault_in_a_gradient_of_the_twin_is_found,
        a_family_without_a_proof_is_refused,
    ]
}

wgloss::loss! {
    /// A power of the cross-entropy, with a z-loss.
    pub struct PowerEntropy of (input, target) as Softmax {
        /// The factor.
        pub scale: f32 = 0.5, Range::AtLeast(0.0);
        /// Whether the loss is squared.
        pub squared: bool = false, Range::Any;
        /// The factor of the z-loss.
        pub z: Option<f32> = None, Range::AtLeast(0.0);
        /// A second factor.
        pub times: i32 = 1, Range::Within(1.0, 4.0);
        /// The shader's fault, to test proofs.
        pub fault: f32 = 0.0, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "power_entropy",
    title: "a power of the cross-entropy",
    operands: &[
        OperandSpec::new("input", Role::Classes).differentiable(),
        OperandSpec::new("target", Role::Labels),
        OperandSpec::new("weight", Role::PerClass).optional().holding(Domain::Positive),
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Weights,
    shader: Source {
        path: "tests/gpu/custom.rs: PowerEntropy",
        // the walk also has a function `fold_merge`, a type `State` and a constant `F32`
        text: "
            const F32: f32 = 2.0;
            struct State { twice: f32 }

            fn fold_merge(state: State) -> f32 {
                return state.twice / F32;
            }

            fn softmax_share(q: f32) -> f32 {
                return q;
            }

            fn softmax_score(s: Statistics) -> SoftmaxScore {
                let scale = fold_merge(State(F32 * option(scale))) * f32(option(times)) * s.weight;
                let z = select(0.0, option(z), has_option(z));
                let loss = select(s.nll, s.nll * s.nll, option(squared));
                let slope = select(1.0, 2.0 * s.nll, option(squared)) + option(fault);
                return SoftmaxScore(scale * loss, scale * slope, z * s.lse * s.lse, 2.0 * z * s.lse);
            }",
    },
    default: || Box::new(PowerEntropy::default()),
};

impl Softmax for PowerEntropy {
    fn ignore_index(&self) -> i32 {
        2
    }
    fn extra(&self) -> Option<&'static str> {
        self.z.map(|_| "z")
    }
    fn score(&self, s: &SoftmaxStatistics) -> SoftmaxScore {
        let scale = f64::from(self.scale) * f64::from(self.times) * s.weight;
        let z = self.z.map_or(0.0, f64::from);
        let (loss, slope) = if self.squared { (s.nll * s.nll, 2.0 * s.nll) } else { (s.nll, 1.0) };
        SoftmaxScore { loss: scale * loss, d_nll: scale * slope, extra: z * s.lse * s.lse, d_lse: 2.0 * z * s.lse }
    }
}

fn a_leaf_reads_every_kind_of_option_by_name() {
    for loss in [PowerEntropy::new().scale(2.0), PowerEntropy::new().squared(true).z(0.25).times(3)] {
        prove(gpu(), &loss).unwrap();
    }
}

/// A sum over classes: squared hinges, by how much another class comes too near to the label's.
mod near {
    use super::*;

    wgloss::loss! {
        /// Squared hinges.
        pub struct Near of (input, target) as ClassSum {
            /// How far the label's class has to lead.
            pub margin: f32 = 1.5, Range::Any;
            /// The twin's fault, to test proofs.
            pub fault: f32 = 0.0, Range::Any;
        }
    }

    static HEADER: Header = Header {
        id: "near",
        title: "squared hinges",
        operands: &[
            OperandSpec::new("input", Role::Classes).differentiable(),
            OperandSpec::new("target", Role::Labels),
            OperandSpec::MASK,
        ],
        reductions: Reduction::VALUES,
        mean: Denominator::Count,
        shader: Source {
            path: "tests/gpu/custom.rs: Near",
            text: "
                fn class_score(seen: Class, label_class: LabelClass) -> ClassScore {
                    let short = max(0.0, option(margin) + difference(seen.x, label_class.x));
                    let d = select(2.0 * short + option(fault), 0.0, seen.hit);
                    return ClassScore(select(short * short, 0.0, seen.hit), d, -d);
                }",
        },
        default: || Box::new(Near::default()),
    };

    impl ClassSum for Near {
        fn score(&self, class: &ClassSeen) -> ClassScore {
            let short = (f64::from(self.margin) + class.x - class.x_label).max(0.0);
            let d = 2.0 * short + f64::from(self.fault);
            if class.hit { ClassScore::default() } else { ClassScore { loss: short * short, d, d_label: -d } }
        }
    }
}

fn a_sum_over_classes_is_proven() {
    let proof = prove(gpu(), &near::Near::new()).unwrap();
    assert!(proof.calls > 100 && proof.slopes > 50, "{proof:?}");
}

/// Their targets may be probabilities too.
fn losses_of_labels_or_probabilities_are_proven() {
    prove(gpu(), &CrossEntropy::new().label_smoothing(0.1)).unwrap();
    prove(gpu(), &MultilabelSoftMargin::new()).unwrap();
}

fn a_loss_of_whole_sequences_is_proven() {
    prove(gpu(), &PpoPolicy::new().kind(PpoKind::Sequence)).unwrap();
}

fn a_fault_in_a_shader_is_found() {
    let refused = prove(gpu(), &PowerEntropy::new().fault(0.01)).unwrap_err();
    assert_eq!(refused.kind(), "not_proven");
    assert!(refused.to_string().contains("the gradient of `input`"), "{refused}");
}

fn a_fault_in_a_gradient_of_the_twin_is_found() {
    // twin and shader agree on the wrong gradient
    let refused = prove(gpu(), &near::Near::new().fault(0.01)).unwrap_err().to_string();
    assert!(refused.contains("its slopes are"), "{refused}");
}

fn a_family_without_a_proof_is_refused() {
    let loss: Box<dyn Loss> = wgloss::by_id("dice").unwrap();
    assert_eq!(prove(gpu(), &*loss).unwrap_err().kind(), "not_proven");
}

//! The drop-in modules give the same values and gradients as Burn's own, wherever Burn's are right.

use crate::autodiff;
use crate::draw::{Rng, number};
use crate::harness::tests;
use crate::on_burn::numbers;
use burn::nn::loss as theirs;
use burn::tensor::{Int, Tensor, TensorData};
use libtest_mimic::Trial;
use theirs::Reduction;
use wgloss::header::Domain;
use wgloss_burn::nn::loss as ours;

pub fn tests() -> Vec<Trial> {
    tests![
        cross_entropy,
        binary_cross_entropy,
        losses_of_elements,
        losses_of_likelihoods,
        losses_of_margins,
        losses_of_vectors,
        a_module_panics_where_its_try_gives_an_error
    ]
}

/// Operands of equal shape, each with numbers from its domain.
fn drawn<const N: usize>(shape: &[usize], domains: [Domain; N]) -> [TensorData; N] {
    let mut rng = Rng::new(7);
    let count = shape.iter().product();
    domains.map(|domain| {
        let numbers: Vec<f32> = (0..count).map(|_| number(domain, &mut rng)).collect();
        TensorData::new(numbers, shape.to_vec())
    })
}

/// Compares the values, and the gradients with respect to the first `tracked` operands.
#[track_caller]
fn agree<const N: usize, const D: usize, const E: usize>(
    what: &str,
    data: &[TensorData; N],
    tracked: usize,
    ours: impl Fn([Tensor<D>; N]) -> Tensor<E>,
    theirs: impl Fn([Tensor<D>; N]) -> Tensor<E>,
) {
    let run = |loss: &dyn Fn([Tensor<D>; N]) -> Tensor<E>| {
        let mut place = 0;
        let leaves = data.clone().map(|data| {
            place += 1;
            let leaf = Tensor::<D>::from_data(data, &autodiff());
            if place <= tracked { leaf.require_grad() } else { leaf }
        });
        let loss = loss(leaves.clone());
        // a different upstream gradient for each value
        let factors: Vec<f32> = (0..loss.shape().num_elements()).map(|place| 1.5 - 0.25 * place as f32).collect();
        let factors = Tensor::<E>::from_data(TensorData::new(factors, loss.shape()), &autodiff());
        let gradients = (loss.clone() * factors).sum().backward();
        let gradients = leaves[..tracked].iter().map(|leaf| numbers(leaf.grad(&gradients).expect("it is tracked")));
        std::iter::once(numbers(loss)).chain(gradients).collect::<Vec<_>>()
    };
    for (place, (ours, theirs)) in run(&ours).iter().zip(run(&theirs)).enumerate() {
        let name = if place == 0 { "the loss".into() } else { format!("the gradient of operand {place}") };
        for (ours, theirs) in ours.iter().zip(&theirs) {
            let near = (ours - theirs).abs() <= 2e-5 * (1.0 + theirs.abs());
            assert!(near || (ours.is_nan() && theirs.is_nan()), "{what}: {name} is {ours}, Burn's {theirs}");
        }
        assert_eq!(ours.len(), theirs.len(), "{what}: {name}");
    }
}

const REDUCTIONS: [Reduction; 3] = [Reduction::Mean, Reduction::Sum, Reduction::Auto];

/// Compares a module of elements with every reduction and with none.
macro_rules! agree_on {
    ($what:expr, $data:expr, $tracked:expr, [$($operand:ident),+], $ours:expr, $theirs:expr) => {
        for reduction in REDUCTIONS {
            agree::<_, 2, 1>(
                &format!("{} {reduction:?}", $what),
                $data,
                $tracked,
                |[$($operand),+]| $ours.forward($($operand,)+ reduction.clone()),
                |[$($operand),+]| $theirs.forward($($operand,)+ reduction.clone()),
            );
        }
        agree::<_, 2, 2>(
            $what,
            $data,
            $tracked,
            |[$($operand),+]| $ours.forward_no_reduction($($operand),+),
            |[$($operand),+]| $theirs.forward_no_reduction($($operand),+),
        );
    };
}

fn losses_of_elements() {
    let data = &drawn(&[6, 5], [Domain::Real, Domain::Real]);
    agree_on!("mse", data, 2, [x, t], ours::MseLoss::new(), theirs::MseLoss::new());
    for delta in [0.3, 1.0] {
        let (ours, theirs) = (ours::HuberLossConfig::new(delta).init(), theirs::HuberLossConfig::new(delta).init());
        agree_on!("huber", data, 2, [x, t], ours, theirs);
        agree::<_, 2, 2>(
            "residuals",
            data,
            1,
            |[x, _]| ours.forward_residuals(x),
            |[x, _]| theirs.forward_residuals(x),
        );
    }
    for p in [1.0, 2.0, 3.0] {
        let (ours, theirs) = (ours::LpLossConfig::new(p).init(), theirs::LpLossConfig::new(p).init());
        agree_on!("lp", data, 2, [x, t], ours, theirs);
        let (o, t) = (&ours, &theirs);
        let means = [0usize];
        agree::<_, 2, 2>(
            "lp means",
            data,
            2,
            |[x, y]| o.forward_reduce_dims(x, y, &means),
            |[x, y]| t.forward_reduce_dims(x, y, &means),
        );
    }
    let ours = ours::SmoothL1LossConfig::new().with_beta(0.5).init();
    let theirs = theirs::SmoothL1LossConfig::new().with_beta(0.5).init();
    agree::<_, 2, 2>("smooth l1", data, 2, |[x, t]| ours.forward(x, t), |[x, t]| theirs.forward(x, t));
    for reduction in REDUCTIONS {
        agree::<_, 2, 1>(
            "smooth l1",
            data,
            2,
            |[x, t]| ours.forward_with_reduction(x, t, reduction.clone()),
            |[x, t]| theirs.forward_with_reduction(x, t, reduction.clone()),
        );
    }
}

fn losses_of_likelihoods() {
    let data = &drawn(&[6, 5], [Domain::Real, Domain::Real, Domain::Positive]);
    for full in [false, true] {
        let ours = ours::GaussianNLLLossConfig::new().with_full(full).init();
        let theirs = theirs::GaussianNLLLossConfig::new().with_full(full).init();
        agree_on!("gaussian", data, 1, [x, t, v], ours, theirs);
    }
    let counts = &drawn(&[6, 5], [Domain::Positive, Domain::Positive]);
    for (log_input, full) in [(true, false), (true, true), (false, false), (false, true)] {
        let ours = ours::PoissonNllLossConfig::new().with_log_input(log_input).with_full(full).init();
        let theirs = theirs::PoissonNllLossConfig::new().with_log_input(log_input).with_full(full).init();
        agree_on!("poisson", counts, 1, [x, t], ours, theirs);
    }
    for log_target in [false, true] {
        let of_targets = if log_target { Domain::Log } else { Domain::Probability };
        let data = &drawn(&[6, 5], [Domain::Log, of_targets]);
        let ours = ours::KLDivLossConfig::new().with_log_target(log_target).init();
        let theirs = theirs::KLDivLossConfig::new().with_log_target(log_target).init();
        agree_on!("kl", data, 1, [x, t], ours, theirs);
        agree::<_, 2, 1>(
            "kl of the batch",
            data,
            1,
            |[x, t]| ours.forward(x, t, Reduction::BatchMean),
            |[x, t]| theirs.forward(x, t, Reduction::BatchMean),
        );
    }
}

fn losses_of_margins() {
    let data = &drawn(&[6, 5], [Domain::Real, Domain::Sign]);
    agree_on!("soft margin", data, 1, [x, t], ours::SoftMarginLoss::new(), theirs::SoftMarginLoss::new());
    let ours = ours::HingeEmbeddingLossConfig::new().with_margin(0.7).init();
    let theirs = theirs::HingeEmbeddingLossConfig::new().with_margin(0.7).init();
    agree_on!("hinge embedding", data, 1, [x, t], ours, theirs);
    let data = &drawn(&[6, 5], [Domain::Real, Domain::Real, Domain::Sign]);
    let ours = ours::MarginRankingLossConfig::new().with_margin(0.4).init();
    let theirs = theirs::MarginRankingLossConfig::new().with_margin(0.4).init();
    agree_on!("margin ranking", data, 2, [x, y, t], ours, theirs);
    let scores = &drawn(&[6, 5], [Domain::Real]);
    let labels = || labels([0, 4, 2, 2, 1, 3]);
    for p in [1, 2] {
        let ours = ours::MultiMarginLossConfig::new().with_margin(0.6).with_p(p).init();
        let theirs = theirs::MultiMarginLossConfig::new().with_margin(0.6).with_p(p).init();
        for reduction in REDUCTIONS {
            agree::<_, 2, 1>(
                "multi margin",
                scores,
                1,
                |[x]| ours.forward(x, labels(), reduction.clone()),
                |[x]| theirs.forward(x, labels(), reduction.clone()),
            );
        }
        let (o, t) = (&ours, &theirs);
        let none = "multi margin of rows";
        agree::<_, 2, 1>(
            none,
            scores,
            1,
            |[x]| o.forward_no_reduction(x, labels()),
            |[x]| t.forward_no_reduction(x, labels()),
        );
    }
}

fn labels<const N: usize>(labels: [i32; N]) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(labels.to_vec(), [N]), &autodiff())
}

fn losses_of_vectors() {
    let data = &drawn(&[6, 5], [Domain::Real, Domain::Real, Domain::Real]);
    for p in [1.0, 2.0, 3.0] {
        let ours = ours::TripletMarginLossConfig::new().with_margin(0.5).with_p(p).init();
        let theirs = theirs::TripletMarginLossConfig::new().with_margin(0.5).with_p(p).init();
        for reduction in REDUCTIONS {
            agree::<_, 2, 1>(
                &format!("triplet {p}"),
                data,
                3,
                |[a, p, n]| ours.forward(a, p, n, reduction.clone()),
                |[a, p, n]| theirs.forward(a, p, n, reduction.clone()),
            );
        }
        let (o, t) = (&ours, &theirs);
        agree::<_, 2, 1>(
            "triplet of rows",
            data,
            3,
            |[a, p, n]| o.forward_no_reduction(a, p, n),
            |[a, p, n]| t.forward_no_reduction(a, p, n),
        );
    }
    let pairs = &drawn(&[6, 5], [Domain::Real, Domain::Real]);
    let target = || labels([1, -1, -1, 1, 1, -1]);
    for reduction in REDUCTIONS {
        let config = ours::CosineEmbeddingLossConfig::new().with_margin(0.1);
        let ours = config.with_reduction(reduction.clone()).init();
        let config = theirs::CosineEmbeddingLossConfig::new().with_margin(0.1);
        let theirs = config.with_reduction(reduction.clone()).init();
        agree::<_, 2, 1>(
            "cosine",
            pairs,
            2,
            |[a, b]| ours.forward(a, b, target()),
            |[a, b]| theirs.forward(a, b, target()),
        );
        let (o, t) = (&ours, &theirs);
        agree::<_, 2, 1>(
            "cosines",
            pairs,
            2,
            |[a, b]| o.forward_no_reduction(a, b, target()),
            |[a, b]| t.forward_no_reduction(a, b, target()),
        );
    }
}

fn cross_entropy() {
    let device = &autodiff();
    let logits = &drawn(&[6, 5], [Domain::Real]);
    let softmax = |x: Tensor<2>| burn::tensor::activation::softmax(x, 1);
    let weights = Some(vec![0.5, 1.0, 2.0, 0.25, 3.0]);
    for pad_tokens in [None, Some(vec![2]), Some(vec![2, 4])] {
        for weights in [None, weights.clone()] {
            for smoothing in [None, Some(0.0), Some(0.3)] {
                for logits_in in [true, false] {
                    let ours = ours::CrossEntropyLossConfig::new()
                        .with_pad_tokens(pad_tokens.clone())
                        .with_weights(weights.clone())
                        .with_smoothing(smoothing)
                        .with_logits(logits_in)
                        .init(device);
                    let theirs = theirs::CrossEntropyLossConfig::new()
                        .with_pad_tokens(pad_tokens.clone())
                        .with_weights(weights.clone())
                        .with_smoothing(smoothing)
                        .with_logits(logits_in)
                        .init(device);
                    let input = |x| if logits_in { x } else { softmax(x) };
                    let labels = || labels([0, 4, 2, 2, 1, 3]);
                    agree::<_, 2, 1>(
                        &format!("cross-entropy {pad_tokens:?} {weights:?} {smoothing:?} {logits_in}"),
                        logits,
                        1,
                        |[x]| ours.forward(input(x), labels()),
                        |[x]| theirs.forward(input(x), labels()),
                    );
                }
            }
        }
    }
}

fn binary_cross_entropy() {
    let device = &autodiff();
    let answers = [0, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 0];
    let sigmoid = burn::tensor::activation::sigmoid::<1>;
    for weights in [false, true] {
        for smoothing in [None, Some(0.2)] {
            for logits_in in [true, false] {
                let config = |classes: usize| {
                    let weights = weights.then(|| (1..=classes).map(|k| k as f32 / 2.0).collect::<Vec<_>>());
                    let ours = ours::BinaryCrossEntropyLossConfig::new()
                        .with_weights(weights.clone())
                        .with_smoothing(smoothing)
                        .with_logits(logits_in)
                        .init(device);
                    let theirs = theirs::BinaryCrossEntropyLossConfig::new()
                        .with_weights(weights)
                        .with_smoothing(smoothing)
                        .with_logits(logits_in)
                        .init(device);
                    (ours, theirs)
                };
                let input = |x| if logits_in { x } else { sigmoid(x) };
                let data = &drawn(&[12], [Domain::Real]);
                let what = &format!("binary cross-entropy {weights} {smoothing:?} {logits_in}");
                let (ours, theirs) = config(2);
                agree::<_, 1, 1>(
                    what,
                    data,
                    1,
                    |[x]| ours.forward(input(x), labels(answers)),
                    |[x]| theirs.forward(input(x), labels(answers)),
                );
                let (ours, theirs) = config(4);
                agree::<_, 1, 1>(
                    what,
                    data,
                    1,
                    |[x]| ours.forward(input(x).reshape([3, 4]), labels(answers).reshape([3, 4])),
                    |[x]| theirs.forward(input(x).reshape([3, 4]), labels(answers).reshape([3, 4])),
                );
            }
        }
    }
}

fn a_module_panics_where_its_try_gives_an_error() {
    let device = &autodiff();
    let x = || Tensor::<2>::zeros([6, 5], device);
    let loss = ours::MseLoss::new();
    let error = loss.try_forward(x(), x().transpose(), Reduction::Mean).unwrap_err();
    let panicked = std::panic::catch_unwind(|| loss.forward(x(), x().transpose(), Reduction::Mean)).unwrap_err();
    assert_eq!(*panicked.downcast::<String>().unwrap(), error.to_string());
    let unsupported = loss.try_forward(x(), x(), Reduction::BatchMean).unwrap_err();
    assert_eq!(unsupported.to_string(), "mse: option `reduction` is batch_mean, expected one of mean, sum, none");
    let loss = ours::CrossEntropyLossConfig::new().init(device);
    assert!(loss.try_forward(x(), labels([0, 1])).is_err());
}
